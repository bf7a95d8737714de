//! Damaged requests and responses within a dialog: nothing panics, nothing stays.

use proptest::prelude::*;

use carillon_sip::Event;

use crate::harness::*;
use crate::{last_request, talking_to_raw, within};

const KINDS: [(&str, &str, &[u8]); 8] = [
    ("REFER", "Refer-To: <sip:200@192.0.2.9?Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2>\r\nRefer-Sub: false\r\n", b""),
    ("NOTIFY", "Event: refer;id=2\r\nSubscription-State: active;expires=60\r\n", b"SIP/2.0 180 Ringing\r\n"),
    ("PRACK", "RAck: 1 1 INVITE\r\n", b""),
    ("UPDATE", "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\nMin-SE: 90\r\n", b""),
    ("INVITE", "Supported: timer\r\nSession-Expires: 90;refresher=uas\r\nAllow: UPDATE\r\n", b"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0 8 101\r\na=sendonly\r\n"),
    ("ACK", "", b""),
    ("INFO", "", b"Signal=5\r\n"),
    ("BYE", "Reason: Q.850;cause=16\r\n", b""),
];

/// Overwrites, cuts and inserts, all by number.
fn mutate(mut bytes: Vec<u8>, edits: &[(usize, usize, u8, u8)]) -> Vec<u8> {
    for (at, len, value, kind) in edits {
        let at = at % (bytes.len() + 1);
        let end = (at + len).min(bytes.len());
        match kind % 4 {
            0 => drop(bytes.drain(at..end)),
            1 => bytes.insert(at, *value),
            2 => bytes[at..end].fill(*value),
            _ => bytes.truncate(at.max(1)),
        }
    }
    bytes
}

type Edits = Vec<(usize, usize, u8, u8)>;

fn edits() -> impl Strategy<Value = Edits> {
    prop::collection::vec((0usize..700, 0usize..30, any::<u8>(), any::<u8>()), 0..3)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn requests_and_responses_within_a_dialog(
        requests in prop::collection::vec((0usize..KINDS.len(), edits()), 1..6),
        codes in prop::collection::vec((100u16..700, edits()), 0..5),
        wishes in prop::collection::vec(0u8..4, 0..5),
    ) {
        let mut net = Net::with_raw();
        let extra = "Allow: UPDATE\r\nSession-Expires: 90;refresher=uac\r\n";
        let (a, invite) = talking_to_raw(&mut net, extra);
        let mut codes = codes.into_iter();
        for (n, (kind, edits)) in requests.iter().enumerate() {
            match wishes.get(n) {
                Some(0) => drop(net.at(A, |e, now| e.hold(now, a, n % 2 == 0))),
                Some(1) => drop(net.at(A, |e, now| e.refer(now, a, "sip:2@192.0.2.9", None))),
                Some(2) => drop(net.at(A, |e, now| e.refer_accept(now, a))),
                _ => {}
            }
            let (method, head, body) = KINDS[*kind];
            let request = within(&invite, method, 10 + n as u32, head, body);
            net.raw(RAW, A, mutate(request, edits));
            net.run(30);
            if let Some((code, edits)) = codes.next() {
                let ours = ["INVITE", "REFER", "UPDATE"].into_iter().rev();
                let start = ours.filter(|m| net.sent_by(A, m) > 0).nth(usize::from(code) % 2);
                let asked = last_request(&net, start.unwrap_or("INVITE"));
                let head = format!("{RAW_CONTACT}Min-SE: 95\r\nRetry-After: 1\r\nSession-Expires: 90;refresher=uac\r\nRequire: 100rel\r\nRSeq: 1\r\n");
                let response = respond(&asked, &format!("{code} x"), "", &head, &sdp(RAW, 6000));
                net.raw(RAW, A, mutate(response, &edits));
                net.run(30);
            }
        }
        net.run(100_000);
        // A damaged tag makes another answer of it: a leg of its own.
        for leg in net.answered(A) {
            net.at(A, |e, now| e.bye(now, leg, None));
        }
        net.run(400_000);
        net.assert_idle(A);
        let ends = net.count(A, |e| matches!(e, Event::Ended { leg, .. } if *leg == a));
        prop_assert_eq!(ends, 1);
        let asked = net.count(A, |e| matches!(e, Event::ReferEnded { leg, .. } if *leg == a));
        prop_assert!(asked <= wishes.iter().filter(|w| **w == 1).count());
    }
}
