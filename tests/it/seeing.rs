//! Seeing packets: a call's messages as a ladder, in files that tshark and sngrep read, and at
//! a Homer collector.

use crate::support::node::{TestNode, config};
use crate::support::peer::Peer;
use carillon_api::port::{Sight, TraceFilter, TraceKey, TraceView};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const LEAD: &str = "+12125550123";
const AGENT_HZ: f32 = 440.0;

/// The node of one finished conversation: INVITE, ringing, answer, BYE from the callee.
async fn conversation(peer: &Peer, text: &str) -> (TestNode, carillon_decision::id::CallId) {
    let node = TestNode::start(text).await;
    node.leads(&[LEAD]).await;
    node.board("the trunk up", |b| b.floor.trunks[0].up).await;
    let agent = node.agent();
    node.tell(carillon_decision::event::Input::AgentLogin { agent })
        .await;
    let call = tokio::task::block_in_place(|| peer.called("ana"));
    peer.answer(&call, AGENT_HZ);
    node.agent_is("break").await;
    node.tell(carillon_decision::event::Input::AgentReady { agent })
        .await;
    node.agent_is("ready").await;
    node.run(true).await;
    let call = tokio::task::block_in_place(|| peer.called(LEAD));
    peer.ring(&call);
    let callee = peer.answer(&call, 0.0);
    node.agent_is("talking").await;
    peer.hang_up(callee);
    let record = node.records(1).await.remove(0);
    (node, record.call)
}

/// Fields of each packet as tshark reads them.
fn tshark(file: &Path, more: &[&str], fields: &[&str]) -> Vec<Vec<String>> {
    let mut command = Command::new("tshark");
    command
        .arg("-r")
        .arg(file)
        .args(more)
        .args(["-T", "fields"]);
    fields.iter().for_each(|field| {
        command.args(["-e", field]);
    });
    let output = command.output().expect("tshark runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let row = |line: &str| line.split('\t').map(str::to_owned).collect();
    text.lines().map(row).collect()
}

/// `INVITE`, or the status.
fn start(row: &[String]) -> &str {
    if row[1].is_empty() { &row[2] } else { &row[1] }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_drawn_and_its_file_opens_in_tshark_and_sngrep() {
    let peer = Peer::start(61);
    let (node, call) = conversation(&peer, &config(peer.address, "")).await;
    let floor = node.node.floor();
    let view = TraceView {
        full: true,
        sight: Sight::Masked,
    };
    let trace = floor.trace(TraceKey::Call(call), view).await.unwrap();
    let labels: Vec<&str> = trace.messages.iter().map(|m| m.label.as_str()).collect();
    let mut expected = ["INVITE", "180", "200", "ACK", "BYE", "200"].iter();
    let mut wanted = expected.next();
    for label in &labels {
        if wanted.is_some_and(|w| label.starts_with(w)) {
            wanted = expected.next();
        }
    }
    assert_eq!(wanted, None, "in this order: {labels:?}");
    assert_eq!(trace.cause.as_deref(), Some("connected"));
    assert_eq!(trace.ended_by.as_deref(), Some("customer"));
    assert_eq!(trace.peers[0].name.as_deref(), Some("carrier"));
    assert!(
        trace
            .summary
            .ended
            .as_ref()
            .unwrap()
            .starts_with("BYE from 127.0.0.1")
    );
    let invite = &trace.messages[0];
    assert!(
        invite.sdp.as_ref().unwrap().starts_with("PCM"),
        "{invite:?}"
    );
    let all: String = trace
        .messages
        .iter()
        .filter_map(|m| m.text.as_deref())
        .collect();
    assert!(
        !all.contains("2125550123") && all.contains("+1212***0123"),
        "{all}"
    );

    let file = node.directory.path().join("call.pcapng");
    let octets = floor
        .trace_file(TraceKey::Call(call), Sight::Numbers)
        .await
        .unwrap();
    std::fs::write(&file, octets).unwrap();
    let fields = [
        "sip.Call-ID",
        "sip.Method",
        "sip.Status-Code",
        "_ws.malformed",
        "udp.checksum.status",
        "ip.checksum.status",
        "sip.r-uri.user",
    ];
    let checked = [
        "-o",
        "udp.check_checksum:TRUE",
        "-o",
        "ip.check_checksum:TRUE",
    ];
    let rows = tshark(&file, &checked, &fields);
    assert_eq!(rows.len(), trace.messages.len());
    for (row, message) in rows.iter().zip(&trace.messages) {
        assert_eq!(row[0], trace.summary.call_id);
        assert!(message.label.starts_with(start(row)), "{row:?} {message:?}");
        assert_eq!(
            (row[3].as_str(), row[4].as_str(), row[5].as_str()),
            ("", "1", "1"),
            "{row:?}"
        );
    }
    assert_eq!(rows[0][6], LEAD);

    let copy = node.directory.path().join("sngrep.pcap");
    let output = Command::new("sngrep")
        .args(["-r", "-N", "-c", "-I"])
        .arg(&file)
        .arg("-O")
        .arg(&copy)
        .env("TERM", "xterm")
        .output()
        .expect("sngrep runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let again = tshark(&copy, &[], &fields[..3]);
    let starts =
        |rows: &[Vec<String>]| rows.iter().map(|r| start(r).to_owned()).collect::<Vec<_>>();
    assert_eq!(starts(&again), starts(&rows), "sngrep read every message");
    node.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_found_by_number_agent_and_call_id() {
    let peer = Peer::start(62);
    let (node, call) = conversation(&peer, &config(peer.address, "")).await;
    let floor = node.node.floor();
    let view = TraceView::default();
    let listed = floor
        .traces(TraceFilter {
            limit: 10,
            ..TraceFilter::default()
        })
        .await
        .unwrap();
    let ours = listed.iter().find(|t| t.call == Some(call.0)).unwrap();
    assert_eq!(
        (ours.kind.as_str(), ours.to.as_str()),
        ("outbound", "+1212***0123")
    );
    assert!(
        listed
            .iter()
            .any(|t| t.agent.as_deref() == Some("ana") && t.kind == "agent")
    );
    assert!(listed.iter().all(|t| t.method == "INVITE"), "{listed:?}");
    for key in ["number:+1 212 555 0123", &format!("id:{}", ours.call_id)] {
        let found = floor.trace(key.parse().unwrap(), view).await.unwrap();
        assert_eq!(found.summary.call, Some(call.0), "{key}");
    }
    let line = floor
        .trace("agent:ana".parse().unwrap(), view)
        .await
        .unwrap();
    assert_eq!(line.summary.agent.as_deref(), Some("ana"));
    assert_eq!((line.summary.ended, line.cause), (None, None));
    let filter = TraceFilter {
        all: true,
        limit: 100,
        ..TraceFilter::default()
    };
    let all = floor.traces(filter).await.unwrap();
    assert!(
        all.iter()
            .any(|t| t.method == "OPTIONS" && t.kind == "other"),
        "{all:?}"
    );
    let unknown = floor
        .trace("number:+442079460018".parse().unwrap(), view)
        .await;
    assert_eq!(unknown.unwrap_err().code, "API-404");
    let whole = TraceView {
        sight: Sight::Whole,
        ..view
    };
    let refused = floor.trace(TraceKey::Call(call), whole).await.unwrap_err();
    assert_eq!(
        refused.code, "LIVE-CAPTURE",
        "card data needs [capture] unmasked"
    );
    node.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_capture_holds_every_message_that_passes() {
    let peer = Peer::start(63);
    let node = TestNode::start(&config(peer.address, "")).await;
    let floor = node.node.floor();
    let mut pieces = floor
        .capture(Sight::Masked, Duration::from_secs(2))
        .await
        .unwrap();
    // The trunk is asked for its health every few seconds; a test call is more to see.
    let number = "+12125550177";
    let asked = tokio::spawn({
        let floor = node.node.floor();
        let test = carillon_api::port::Action::TrunkTest {
            name: "carrier".to_owned(),
            number: number.parse().unwrap(),
        };
        async move { floor.act(test).await }
    });
    let call = tokio::task::block_in_place(|| peer.called(number));
    peer.reject(&call, 486);
    asked.await.unwrap().unwrap();
    let mut octets = Vec::new();
    let patience = crate::support::PATIENCE;
    while let Some(piece) = tokio::time::timeout(patience, pieces.recv())
        .await
        .expect("it ends")
    {
        octets.extend(piece);
    }
    let file = node.directory.path().join("live.pcapng");
    std::fs::write(&file, octets).unwrap();
    let rows = tshark(
        &file,
        &["-Y", "sip.CSeq.method == INVITE || sip.CSeq.method == ACK"],
        &["sip.Call-ID", "sip.Method", "sip.Status-Code"],
    );
    let starts: Vec<&str> = rows.iter().map(|r| start(r)).collect();
    assert!(
        starts.starts_with(&["INVITE"]) && starts.contains(&"486") && starts.ends_with(&["ACK"]),
        "{starts:?}"
    );
    let metrics = floor.extra_metrics();
    let figure = |name: &str| metrics.iter().find(|m| m.name == name).unwrap().value;
    assert!(figure("carillon_capture_messages_total") >= 4.0);
    assert_eq!(figure("carillon_capture_tap_dropped_total"), 0.0);
    node.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn homer_gets_every_message_as_hep3() {
    let homer = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    homer
        .set_read_timeout(Some(crate::support::PATIENCE))
        .unwrap();
    let peer = Peer::start(64);
    let text = format!(
        "{}\n[capture]\nhomer = \"udp:{}\"\ncapture_id = 77\nauth_key = \"s3cret\"\n",
        config(peer.address, ""),
        homer.local_addr().unwrap()
    );
    let (node, call) = conversation(&peer, &text).await;
    let view = TraceView::default();
    let trace = node
        .node
        .floor()
        .trace(TraceKey::Call(call), view)
        .await
        .unwrap();
    let mut packets = Vec::new();
    let mut of_call = 0;
    while of_call < trace.messages.len() {
        let mut buffer = vec![0; 65_536];
        let length = tokio::task::block_in_place(|| homer.recv(&mut buffer)).expect("a packet");
        buffer.truncate(length);
        let text = String::from_utf8_lossy(&buffer).into_owned();
        assert!(!text.contains("2125550123"), "numbers are masked: {text}");
        of_call += usize::from(text.contains(&trace.summary.call_id));
        packets.push(buffer);
    }
    let read: Vec<BTreeMap<u16, Vec<u8>>> = packets.iter().map(|p| chunks(p)).collect();
    let ours: Vec<_> = read
        .iter()
        .filter(|c| c[&0x11] == trace.summary.call_id.as_bytes())
        .collect();
    assert_eq!(ours.len(), trace.messages.len());
    for (chunk, message) in ours.iter().zip(&trace.messages) {
        let payload = std::str::from_utf8(&chunk[&0x0f]).unwrap();
        let first = payload.lines().next().unwrap();
        let label = match message.label.starts_with(|c: char| c.is_ascii_digit()) {
            true => format!("SIP/2.0 {}", message.label),
            false => format!("{} sip:", message.label),
        };
        assert!(first.starts_with(&label), "{first} {message:?}");
        assert!(payload.contains(&format!("Call-ID: {}\r\n", trace.summary.call_id)));
        let (sip, far) = (node.sip().port(), peer.address.port());
        let ports = if message.sent { [sip, far] } else { [far, sip] };
        let expected: [(u16, Vec<u8>); 9] = [
            (0x01, vec![2]),
            (0x02, vec![17]),
            (0x03, vec![127, 0, 0, 1]),
            (0x04, vec![127, 0, 0, 1]),
            (0x07, ports[0].to_be_bytes().to_vec()),
            (0x08, ports[1].to_be_bytes().to_vec()),
            (0x0b, vec![1]),
            (0x0c, 77_u32.to_be_bytes().to_vec()),
            (0x0e, b"s3cret".to_vec()),
        ];
        for (kind, value) in expected {
            assert_eq!(chunk[&kind], value, "chunk {kind:#06x} of {first}");
        }
        let four = |kind: u16| {
            i64::from(u32::from_be_bytes(
                chunk[&kind].as_slice().try_into().unwrap(),
            ))
        };
        let at = jiff::Timestamp::from_microsecond(four(0x09) * 1_000_000 + four(0x0a)).unwrap();
        assert_eq!(format!("{at:.6}"), message.at);
    }
    node.node.stop().await;
}

/// The chunks of a HEP3 packet by their type, read as the specification says: vendor, type and
/// length (of the whole chunk) of two octets each, then the value.
fn chunks(packet: &[u8]) -> BTreeMap<u16, Vec<u8>> {
    let two = |at: usize| u16::from_be_bytes([packet[at], packet[at + 1]]);
    assert_eq!(&packet[..4], b"HEP3");
    assert_eq!(usize::from(two(4)), packet.len());
    let (mut at, mut found) = (6, BTreeMap::new());
    while at < packet.len() {
        let length = usize::from(two(at + 4));
        assert_eq!(two(at), 0, "a generic chunk");
        assert!(length >= 6 && at + length <= packet.len());
        let before = found.insert(two(at + 2), packet[at + 6..at + length].to_vec());
        assert_eq!(before, None, "each chunk once");
        at += length;
    }
    found
}
