//! Others on the same machine and the same network: a second start, a program that locks the
//! database, strangers and noise on the SIP port, agents who all leave.

use crate::support::node::{TestNode, config};
use crate::support::peer::{Line, Peer};
use carillon_api::port::Action;
use carillon_decision::call::Outcome;
use carillon_decision::event::Input;
use carillon_live::NodeError;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, UdpSocket};
use std::process::{Child, Command, Stdio};

const FIRST: &str = "+12125550123";
const SECOND: &str = "+12125550124";
const AGENT_HZ: f32 = 440.0;

/// A node with these leads, its trunk up and its agent ready.
async fn floor(peer: &Peer, text: &str, leads: &[&str]) -> (TestNode, Line) {
    let node = TestNode::start(text).await;
    node.leads(leads).await;
    node.board("the trunk up", |b| b.floor.trunks[0].up).await;
    let agent = node.agent();
    node.tell(Input::AgentLogin { agent }).await;
    let call = tokio::task::block_in_place(|| peer.called("ana"));
    let desk = peer.answer(&call, AGENT_HZ);
    node.agent_is("break").await;
    node.tell(Input::AgentReady { agent }).await;
    node.agent_is("ready").await;
    (node, desk)
}

/// Waits for a call to any lead, answers it and waits for the agent.
async fn conversation(peer: &Peer, node: &TestNode) -> Line {
    let call = tokio::task::block_in_place(|| peer.called_any());
    let callee = peer.answer(&call, 1_000.0);
    node.agent_is("talking").await;
    callee
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_that_finds_the_port_taken_leaves_the_running_node_its_calls() {
    let peer = Peer::start(51);
    let text = config(peer.address, "");
    let (node, _desk) = floor(&peer, &text, &[FIRST, SECOND]).await;
    node.run(true).await;
    let callee = conversation(&peer, &node).await;

    let taken = text.replace(
        "[sip]\n        bind = \"127.0.0.1:0\"",
        &format!("[sip]\n        bind = \"{}\"", node.sip()),
    );
    assert_ne!(taken, text);
    let second = TestNode::try_start_in(&node.directory, &taken).await;
    assert!(
        matches!(second, Err(NodeError::Bind { .. })),
        "{:?}",
        second.err()
    );

    let open = node.node.store().unfinished_attempts().await.unwrap();
    assert_eq!(open.len(), 1, "the call that is up was not settled");
    peer.hang_up(callee);
    let record = node.records(1).await.remove(0);
    assert_eq!(record.outcome, Outcome::Connected);
    let agent = node.agent();
    node.tell(Input::AgentReady { agent }).await;
    // Whoever lost the leads could not store another attempt.
    let callee = conversation(&peer, &node).await;
    peer.hang_up(callee);
    node.records(2).await;
    node.node.stop().await;
}

/// Another program that holds the database for itself, as a careless shell does.
struct Locker(Child);

impl Locker {
    fn lock(node: &TestNode) -> Self {
        let mut child = Command::new("sqlite3")
            .arg(node.directory.path().join("carillon.db"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("sqlite3 is installed");
        Self::say(&mut child, "BEGIN EXCLUSIVE;\nSELECT 'locked';\n");
        let mut line = String::new();
        let said = child.stdout.take().expect("its output is read");
        BufReader::new(said)
            .read_line(&mut line)
            .expect("it answers");
        assert_eq!(line, "locked\n");
        Self(child)
    }

    fn say(child: &mut Child, text: &str) {
        let input = child.stdin.as_mut().expect("its input is written");
        input.write_all(text.as_bytes()).expect("it reads");
    }

    fn unlock(mut self) {
        Self::say(&mut self.0, "COMMIT;\n");
        drop(self.0.stdin.take());
        assert!(self.0.wait().expect("it ends").success());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_database_stops_dialing_until_it_is_free_and_costs_nobody_anything() {
    let peer = Peer::start(52);
    let (node, _desk) = floor(&peer, &config(peer.address, ""), &[FIRST, SECOND]).await;
    node.run(true).await;
    let callee = conversation(&peer, &node).await;

    let locker = tokio::task::block_in_place(|| Locker::lock(&node));
    peer.hang_up(callee);
    node.agent_is("wrap_up").await;
    let agent = node.agent();
    node.tell(Input::AgentReady { agent }).await;
    let board = node
        .board("the trouble, and nothing dialed for it", |b| {
            b.floor.store_trouble.is_some() && b.floor.campaigns[0].binding == "store"
        })
        .await;
    let trouble = board.floor.store_trouble.unwrap();
    assert!(trouble.contains("locked"), "{trouble}");
    assert!(board.floor.calls.is_empty(), "{:?}", board.floor.calls);
    let records = node.node.store().calls(Default::default(), 10).await;
    assert!(records.unwrap().is_empty(), "nothing can be written");

    tokio::task::block_in_place(|| locker.unlock());
    node.board("the trouble over", |b| b.floor.store_trouble.is_none())
        .await;
    let kept = node.records(1).await;
    let first = kept
        .iter()
        .find(|r| r.outcome == Outcome::Connected)
        .expect("the record of the first call was kept");
    let waits = node.node.store().find_leads(SECOND).await.unwrap()[0];
    let other = match first.lead == Some(waits) {
        true => node.node.store().find_leads(FIRST).await.unwrap()[0],
        false => waits,
    };
    let other = node.node.store().lead(other).await.unwrap();
    assert_eq!(
        other.attempts, 0,
        "an attempt that never left costs nothing"
    );
    node.node.stop().await;
}

fn metric(node: &TestNode, name: &str) -> f64 {
    let all = node.node.floor().extra_metrics();
    let found = all.iter().find(|m| m.name == name);
    found.unwrap_or_else(|| panic!("no metric {name}")).value
}

fn request(method: &str, n: usize, from: u16) -> String {
    format!(
        "{method} sip:+442071838750@127.0.0.1 SIP/2.0\r\n\
         Via: SIP/2.0/UDP 127.0.0.1:{from};branch=z9hG4bK{method}{n}\r\n\
         From: <sip:ana@127.0.0.1>;tag=f{n}\r\nTo: <sip:ana@127.0.0.1>\r\n\
         Call-ID: {method}{n}@stranger\r\nCSeq: 1 {method}\r\nMax-Forwards: 70\r\n\
         Contact: <sip:ana@127.0.0.1:{from}>\r\nContent-Length: 0\r\n\r\n"
    )
}

/// A few thousand datagrams nobody should send: noise, pieces of messages, calls and
/// registrations of strangers, headers of 50,000 octets.
fn flood(node: &TestNode) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let from = socket.local_addr().expect("it is bound").port();
    let long = format!("X-Long: {}\r\nContent-Length", "a".repeat(50_000));
    for n in 0..3_000_usize {
        let invite = request("INVITE", n, from);
        let bytes = match n % 6 {
            0 => (0..n % 1_200).map(|i| (i * n % 251) as u8).collect(),
            1 => invite.into_bytes(),
            2 => request("REGISTER", n, from).into_bytes(),
            3 => invite.as_bytes()[..n % 200].to_vec(),
            4 => invite.replace("Content-Length", &long).into_bytes(),
            _ => request("BYE", n, from).into_bytes(),
        };
        // A full buffer loses datagrams, as a network does.
        let _ = socket.send_to(&bytes, node.sip());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_and_noise_are_counted_and_disturb_no_conversation() {
    let peer = Peer::start(53);
    let (node, _desk) = floor(&peer, &config(peer.address, ""), &[FIRST, SECOND]).await;
    node.run(true).await;
    let callee = conversation(&peer, &node).await;
    let calls = node.node.status().borrow().floor.calls.len();

    tokio::task::block_in_place(|| flood(&node));
    // What is said to the node after the flood is heard after it.
    tokio::task::block_in_place(|| peer.wait_to_hear(callee, AGENT_HZ));
    let board = node
        .board("the flood counted", |_| {
            metric(&node, "carillon_sip_malformed_total") > 0.0
                && metric(&node, "carillon_sip_rate_limited_total") > 0.0
                && metric(&node, "carillon_sip_strangers_refused_total") > 0.0
        })
        .await;
    assert_eq!(board.floor.calls.len(), calls, "no stranger got a call");
    assert!(
        board.floor.trunks[0].up,
        "the trunk is known apart from them"
    );
    let agent = node.agent();
    node.tell(Input::AgentHangUp { agent }).await;
    tokio::task::block_in_place(|| peer.ended(callee.leg));
    node.tell(Input::AgentReady { agent }).await;
    let callee = conversation(&peer, &node).await;
    peer.hang_up(callee);
    node.records(2).await;
    node.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_last_agent_leaves_nobody_is_dialed_and_who_answers_hears_the_message() {
    let peer = Peer::start(54);
    let text = config(peer.address, "ratio = 2.0").replace("\"progressive\"", "\"manual\"");
    let leads = [FIRST, SECOND, "+12125550125", "+12125550126"];
    let (node, desk) = floor(&peer, &text, &leads).await;
    node.run(true).await;
    let first = tokio::task::block_in_place(|| peer.called_any());
    let second = tokio::task::block_in_place(|| peer.called_any());
    peer.ring(&first);
    peer.ring(&second);
    node.board("both ring", |b| {
        b.floor
            .calls
            .iter()
            .filter(|c| c.phase == "ringing")
            .count()
            == 2
    })
    .await;

    peer.hang_up(desk);
    node.board("nobody left to talk", |b| {
        b.floor.campaigns[0].binding == "no_agents"
    })
    .await;
    peer.answer(&first, 0.0);
    node.board("the message", |b| {
        b.floor.calls.iter().any(|c| c.phase == "message")
    })
    .await;
    peer.reject(&second, 486);
    let records = node.records(2).await;
    let mut outcomes: Vec<_> = records.iter().map(|r| r.outcome.name()).collect();
    outcomes.sort_unstable();
    assert_eq!(outcomes, ["abandoned", "busy"]);
    let placed = node.node.status().borrow().floor.campaigns[0].totals.placed;
    assert_eq!(placed, 2, "two leads were left, and stay so");
    node.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_switched_off_is_dialed_no_more_and_its_conversation_goes_on() {
    let peer = Peer::start(55);
    let (node, _desk) = floor(&peer, &config(peer.address, ""), &[FIRST, SECOND]).await;
    node.run(true).await;
    let callee = conversation(&peer, &node).await;
    node.board("the other lead at hand", |b| {
        b.floor.campaigns[0].hopper == 1
    })
    .await;

    let off = Action::List {
        id: "test".to_owned(),
        active: false,
    };
    node.node.floor().act(off).await.unwrap();
    node.board("no lead at hand", |b| b.floor.campaigns[0].hopper == 0)
        .await;
    node.agent_is("talking").await;
    peer.hang_up(callee);
    node.records(1).await;
    let agent = node.agent();
    node.tell(Input::AgentReady { agent }).await;
    let board = node
        .board("nobody left to dial", |b| {
            b.floor.campaigns[0].list_empty && b.floor.agents[0].state_name == "ready"
        })
        .await;
    assert_eq!(board.floor.campaigns[0].totals.placed, 1);
    assert!(board.floor.calls.is_empty(), "{:?}", board.floor.calls);
    node.node.stop().await;
}
