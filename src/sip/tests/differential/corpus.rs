//! The messages that are compared.

use std::fs;
use std::path::Path;

const SDP: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n\
    m=audio 6000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n";

fn ordinary(start: &str, lines: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("{start}\r\n{lines}Content-Length: {length}\r\n\r\n{body}").into_bytes()
}

const LINES: &str = "Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKa1;rport\r\nMax-Forwards: 70\r\n\
    From: \"Example\" <sip:+12025550100@192.0.2.9>;tag=f1\r\nTo: <sip:+12025550143@192.0.2.1>\r\n\
    Call-ID: c1@192.0.2.9\r\n";

fn regular() -> Vec<(String, Vec<u8>)> {
    let with = |method: &str| format!("{LINES}CSeq: 1 {method}\r\nContact: <sip:a@192.0.2.9>\r\n");
    let request = |method: &str, uri: &str, body: &str| {
        ordinary(&format!("{method} {uri} SIP/2.0"), &with(method), body)
    };
    let uri = "sip:+12025550143@192.0.2.1:5060";
    let tagged = with("INVITE").replace("192.0.2.1>", "192.0.2.1>;tag=t1");
    let utf8 = with("OPTIONS").replace("\"Example\"", "\"Пример\"");
    let octets = with("OPTIONS").replace("\"Example\"", "\"?\"").into_bytes();
    let octets: Vec<u8> = octets
        .iter()
        .map(|b| if *b == b'?' { 0xff } else { *b })
        .collect();
    let odd = [
        &b"OPTIONS sip:a@192.0.2.1 SIP/2.0\r\n"[..],
        &octets,
        b"\r\n",
    ]
    .concat();
    let list = [
        ("invite", request("INVITE", uri, SDP)),
        ("register", request("REGISTER", "sip:192.0.2.1", "")),
        ("bye", request("BYE", uri, "")),
        ("cancel", request("CANCEL", uri, "")),
        ("tel", request("INVITE", "tel:+12025550143", SDP)),
        ("ipv6", request("OPTIONS", "sip:a@[2001:db8::1]:5070", "")),
        ("escapes", request("INVITE", "sip:%239%23123@192.0.2.1", SDP)),
        ("unknown-method", request("FETCH", uri, "")),
        ("utf8", ordinary("OPTIONS sip:a@192.0.2.1 SIP/2.0", &utf8, "")),
        ("not-utf8", odd),
        ("ok", ordinary("SIP/2.0 200 OK", &tagged, SDP)),
        ("ringing", ordinary("SIP/2.0 180 Ringing", &tagged, "")),
        ("busy", ordinary("SIP/2.0 486 Busy Here", &tagged, "")),
        (
            "compact",
            format!("INVITE {uri} SIP/2.0\r\nv: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKa\r\nf: <sip:a@192.0.2.9>;tag=1\r\nt: <sip:b@192.0.2.1>\r\ni: c2\r\nCSeq: 2 INVITE\r\nm: <sip:a@192.0.2.9>\r\nc: application/sdp\r\nl: {}\r\n\r\n{SDP}", SDP.len()).into_bytes(),
        ),
        (
            "no-length",
            format!("INVITE {uri} SIP/2.0\r\n{}Content-Type: application/sdp\r\n\r\n{SDP}", with("INVITE")).into_bytes(),
        ),
    ];
    list.into_iter().map(|(n, b)| (n.to_owned(), b)).collect()
}

fn torture() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/torture/messages");
    let mut found: Vec<(String, Vec<u8>)> = fs::read_dir(folder)
        .unwrap()
        .map(|f| f.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "sip"))
        .map(|p| {
            let name = p.file_stem().unwrap().to_string_lossy().into_owned();
            (name, fs::read(&p).unwrap())
        })
        .collect();
    found.sort();
    found
}

/// A small generator of its own, so that the same run is the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % n as u64).unwrap()
    }
}

fn mutate(dice: &mut Dice, seed: &[u8]) -> Vec<u8> {
    const PIECES: [&[u8]; 10] = [
        b"\r\n", b" ", b";", b",", b"<", b">", b"\"", b":", b"%23", b"\xff",
    ];
    let mut bytes = seed.to_vec();
    for _ in 0..=dice.below(3) {
        let at = dice.below(bytes.len() + 1);
        let end = (at + dice.below(24)).min(bytes.len());
        match dice.below(4) {
            0 => drop(bytes.drain(at..end)),
            1 => {
                let piece = PIECES[dice.below(PIECES.len())];
                bytes.splice(at..at, piece.iter().copied());
            }
            2 => {
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            _ => bytes.truncate(at.max(1)),
        }
        if bytes.is_empty() {
            bytes.push(b'x');
        }
    }
    bytes
}

/// Everything, mutations last.
pub fn messages(mutations: usize) -> Vec<(String, Vec<u8>)> {
    let mut all = torture();
    all.extend(regular());
    let seeds = all.len();
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for n in 0..mutations {
        let (name, seed) = &all[dice.below(seeds)];
        let mutated = (format!("{name}~{n}"), mutate(&mut dice, &seed.clone()));
        all.push(mutated);
    }
    all
}
