//! Capture files in pcapng (draft-ietf-opsawg-pcapng): what Wireshark, tshark and sngrep open.
//! Only four kinds of blocks are needed, so they are written here.

use super::frame::Framer;
use super::mask::masked;
use super::message::Captured;
use carillon_api::port::Sight;
use carillon_sip::TransportKind;

const SECTION_HEADER: u32 = 0x0A0D_0D0A;
const INTERFACE: u32 = 1;
const STATISTICS: u32 = 5;
const PACKET: u32 = 6;
const BYTE_ORDER: u32 = 0x1A2B_3C4D;
const LINK_ETHERNET: u16 = 1;

const END_OF_OPTIONS: u16 = 0;
const COMMENT: u16 = 1;
const IF_NAME: u16 = 2;
const USER_APPLICATION: u16 = 4;
const IF_DROPPED: u16 = 5;

/// Writes a capture file piece by piece; every piece is whole blocks. Times are µs since 1970,
/// the resolution readers assume.
#[derive(Debug)]
pub(crate) struct CaptureFile {
    framer: Framer,
    sight: Sight,
}

impl CaptureFile {
    /// A file for readers of that sight.
    pub(crate) fn new(sight: Sight) -> Self {
        Self {
            framer: Framer::default(),
            sight,
        }
    }

    /// What a file begins with.
    pub(crate) fn begin(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut section = Vec::new();
        section.extend(BYTE_ORDER.to_le_bytes());
        section.extend(1_u16.to_le_bytes());
        section.extend(0_u16.to_le_bytes());
        // Length of the section: not known.
        section.extend(u64::MAX.to_le_bytes());
        let program = concat!("Carillon ", env!("CARGO_PKG_VERSION"));
        option(&mut section, USER_APPLICATION, program.as_bytes());
        if self.sight == Sight::Masked {
            let told = "telephone numbers and keys pressed are masked";
            option(&mut section, COMMENT, told.as_bytes());
        }
        option(&mut section, END_OF_OPTIONS, b"");
        block(&mut out, SECTION_HEADER, &section);
        let mut interface = Vec::new();
        interface.extend(LINK_ETHERNET.to_le_bytes());
        interface.extend(0_u16.to_le_bytes());
        // No limit to the octets of a packet.
        interface.extend(0_u32.to_le_bytes());
        option(&mut interface, IF_NAME, b"sip");
        option(&mut interface, END_OF_OPTIONS, b"");
        block(&mut out, INTERFACE, &interface);
        out
    }

    /// Adds a message.
    pub(crate) fn add(&mut self, message: &Captured, out: &mut Vec<u8>) {
        let octets = masked(&message.bytes, self.sight);
        let tls = message.peer.transport == TransportKind::Tls;
        for packet in self.framer.packets(message, &octets) {
            let mut body = Vec::with_capacity(packet.len() + 128);
            body.extend(0_u32.to_le_bytes());
            let at = u64::try_from(message.at_us).unwrap_or(0);
            // The upper half comes first.
            body.extend(((at >> 32) as u32).to_le_bytes());
            body.extend((at as u32).to_le_bytes());
            let length = u32::try_from(packet.len()).unwrap_or(u32::MAX);
            body.extend(length.to_le_bytes());
            body.extend(length.to_le_bytes());
            body.extend(&packet);
            pad(&mut body);
            if tls {
                let told = format!("TLS, shown decrypted; the peer is {}", message.peer);
                option(&mut body, COMMENT, told.as_bytes());
                option(&mut body, END_OF_OPTIONS, b"");
            }
            block(out, PACKET, &body);
        }
    }

    /// What a file may end with: how many messages are missing in it. `at_us` is now.
    pub(crate) fn end(&self, at_us: i64, dropped: u64, out: &mut Vec<u8>) {
        let mut body = Vec::new();
        body.extend(0_u32.to_le_bytes());
        let at = u64::try_from(at_us).unwrap_or(0);
        body.extend(((at >> 32) as u32).to_le_bytes());
        body.extend((at as u32).to_le_bytes());
        option(&mut body, IF_DROPPED, &dropped.to_le_bytes());
        option(&mut body, END_OF_OPTIONS, b"");
        block(out, STATISTICS, &body);
    }
}

/// Blocks and options begin at multiples of four octets.
fn pad(out: &mut Vec<u8>) {
    out.resize(out.len().next_multiple_of(4), 0);
}

fn block(out: &mut Vec<u8>, kind: u32, body: &[u8]) {
    // Bodies hold one packet of at most 64 KiB and short options.
    let length = u32::try_from(body.len() + 12).unwrap_or(u32::MAX);
    out.extend(kind.to_le_bytes());
    out.extend(length.to_le_bytes());
    out.extend(body);
    out.extend(length.to_le_bytes());
}

fn option(out: &mut Vec<u8>, code: u16, value: &[u8]) {
    out.extend(code.to_le_bytes());
    out.extend(u16::try_from(value.len()).unwrap_or(0).to_le_bytes());
    out.extend(value);
    pad(out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_sip::Peer;
    use std::net::SocketAddr;
    use std::process::Command;

    fn message(at_us: i64, sent: bool, local: &str, peer: Peer, octets: &[u8]) -> Captured {
        Captured {
            at_us,
            sent,
            local: local.parse().unwrap(),
            peer,
            bytes: octets.into(),
        }
    }

    fn invite(call_id: &str, body: usize) -> Vec<u8> {
        format!(
            "INVITE sip:1001@h SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bKa\r\nFrom: <sip:a@h>;tag=a\r\n\
             To: <sip:1001@h>\r\nCall-ID: {call_id}\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n\
             Content-Type: text/plain\r\nContent-Length: {body}\r\n\r\n{}",
            "x".repeat(body)
        )
        .into_bytes()
    }

    fn trying(call_id: &str) -> Vec<u8> {
        format!(
            "SIP/2.0 100 Trying\r\nVia: SIP/2.0/TCP h;branch=z9hG4bKa\r\nFrom: <sip:a@h>;tag=a\r\n\
             To: <sip:1001@h>\r\nCall-ID: {call_id}\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
        )
        .into_bytes()
    }

    /// Each transport and family, a message longer than a segment among them, as tshark reads
    /// them.
    #[test]
    fn tshark_reads_every_transport_and_family_with_right_checksums() {
        let address = |text: &str| -> SocketAddr { text.parse().unwrap() };
        let v4 = address("192.0.2.1:5060");
        let v6 = address("[2001:db8::1]:5060");
        let tls = address("192.0.2.1:5061");
        let messages = [
            message(
                1_700_000_000_123_456,
                true,
                "192.0.2.9:5060",
                Peer::udp(v4),
                &invite("udp4", 10),
            ),
            message(
                1_700_000_000_223_456,
                false,
                "192.0.2.9:5060",
                Peer::udp(v4),
                &trying("udp4"),
            ),
            message(
                1_700_000_001_000_000,
                true,
                "[2001:db8::9]:5060",
                Peer::udp(v6),
                &invite("udp6", 11),
            ),
            message(
                1_700_000_002_000_000,
                true,
                "192.0.2.9:5060",
                Peer::tcp(v4),
                &invite("tcp4", 70_000),
            ),
            message(
                1_700_000_003_000_000,
                false,
                "192.0.2.9:5060",
                Peer::tcp(v4),
                &trying("tcp4"),
            ),
            message(
                1_700_000_004_000_000,
                true,
                "192.0.2.9:5060",
                Peer::tcp(v4),
                &invite("tcp4-2", 5),
            ),
            message(
                1_700_000_005_000_000,
                true,
                "[2001:db8::9]:5060",
                Peer::tcp(v6),
                &invite("tcp6", 5),
            ),
            message(
                1_700_000_006_000_000,
                true,
                "192.0.2.9:5061",
                Peer::tls(tls),
                &invite("tls", 5),
            ),
        ];
        let mut file = CaptureFile::new(Sight::Numbers);
        let mut out = file.begin();
        messages.iter().for_each(|m| file.add(m, &mut out));
        file.end(1_700_000_007_000_000, 3, &mut out);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("all.pcapng");
        std::fs::write(&path, out).unwrap();
        let fields = [
            "sip.Call-ID",
            "sip.Method",
            "sip.Status-Code",
            "frame.time_epoch",
            "_ws.malformed",
            "udp.checksum.status",
            "tcp.checksum.status",
            "ip.checksum.status",
            "tcp.analysis.flags",
            "frame.comment",
        ];
        let mut command = Command::new("tshark");
        command
            .arg("-r")
            .arg(&path)
            .args(["-Y", "sip", "-T", "fields"]);
        for layer in ["udp", "tcp", "ip"] {
            command.args(["-o", &format!("{layer}.check_checksum:TRUE")]);
        }
        fields.iter().for_each(|field| {
            command.args(["-e", field]);
        });
        let output = command.output().expect("tshark runs (Debian: tshark)");
        let text = String::from_utf8(output.stdout).unwrap();
        let rows: Vec<Vec<&str>> = text
            .lines()
            .map(|line| line.split('\t').collect())
            .collect();
        let seen: Vec<(&str, &str, &str)> = rows
            .iter()
            .map(|r| (r[0], if r[1].is_empty() { r[2] } else { r[1] }, r[3]))
            .collect();
        assert_eq!(
            seen,
            [
                ("udp4", "INVITE", "1700000000.123456000"),
                ("udp4", "100", "1700000000.223456000"),
                ("udp6", "INVITE", "1700000001.000000000"),
                ("tcp4", "INVITE", "1700000002.000000000"),
                ("tcp4", "100", "1700000003.000000000"),
                ("tcp4-2", "INVITE", "1700000004.000000000"),
                ("tcp6", "INVITE", "1700000005.000000000"),
                ("tls", "INVITE", "1700000006.000000000"),
            ]
        );
        for row in &rows {
            assert_eq!(row[4], "", "{row:?}");
            assert!(
                row[5..8].iter().all(|status| matches!(*status, "" | "1")),
                "{row:?}"
            );
            assert_eq!(row[8], "", "no gap, no repetition: {row:?}");
        }
        assert_eq!(
            rows[7][9],
            "TLS, shown decrypted; the peer is tls:192.0.2.1:5061"
        );
    }
}
