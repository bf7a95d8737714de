//! The demo: audio both ways, a report that adds up, a wallboard wherever there is room.

use carillon::demo::{Demo, DemoOptions, DemoReport};
use carillon_carrier::{Heard, tones};
use carillon_sim::{Fate, LiveDay, Scenario};
use std::future::pending;
use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

/// Longer than the first conversation takes on a slow machine.
const PATIENCE: Duration = Duration::from_secs(120);

async fn demo(agents: u32, page_port: Option<u16>) -> Demo {
    let options = DemoOptions {
        agents,
        page_port,
        seed: talkative(),
        ..DemoOptions::default()
    };
    let demo = Demo::start(options).await.expect("the demo starts");
    demo.open().await.expect("the campaign runs");
    demo
}

/// A seed whose first callee is a person who answers soon and talks for a while.
pub fn talkative() -> u64 {
    let law = Scenario::demo().callees;
    let first = |seed: &u64| match law.fate(*seed, 0) {
        Fate::Human { ring_s, talk_s, .. } => ring_s < 5.0 && talk_s > 20.0,
        _ => false,
    };
    (1..).find(first).expect("one in a few hundred")
}

/// Whether a test tone of the known level is heard, and no other.
fn is_one_tone(heard: &Heard, hz: f32) -> bool {
    let clean = heard
        .tones
        .iter()
        .all(|(other, db)| *other == hz || *db < tones::LEVEL_DB - 25.0);
    clean && (heard.tone_db(hz) - tones::LEVEL_DB).abs() < 1.0
}

/// An agent and a callee who hear each other: (agent's place, call's number, what the agent
/// hears, what the callee hears).
async fn conversation(demo: &Demo) -> (usize, u64, Heard, Heard) {
    let mut phones = demo.phones().watch();
    loop {
        phones
            .wait_for(|s| s.talking > 0)
            .await
            .expect("the phones run");
        for agent in 0..demo.options().agents as usize {
            let Some(at_agent) = demo.phones().tone_levels(agent).await else {
                continue;
            };
            let placed = demo.carrier().stats().placed;
            let speaks = |number: &u64| is_one_tone(&at_agent, tones::of_call(*number));
            for number in (0..placed).filter(speaks) {
                let at_callee = demo.carrier().tone_levels(number).await;
                if let Some(at_callee) =
                    at_callee.filter(|h| is_one_tone(h, tones::of_agent(agent)))
                {
                    return (agent, number, at_agent, at_callee);
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tone_put_in_at_either_end_of_a_conversation_is_measured_at_the_other() {
    let demo = demo(4, None).await;
    let found = tokio::time::timeout(PATIENCE, conversation(&demo)).await;
    let (agent, number, at_agent, at_callee) = found.expect("somebody talks to an agent");
    let (from_callee, from_agent) = (tones::of_call(number), tones::of_agent(agent));
    eprintln!(
        "call {number}: {from_callee} Hz at {:.1} dB reaches agent {agent} at {:.1} dB; \
         {from_agent} Hz at {:.1} dB reaches the callee at {:.1} dB",
        tones::LEVEL_DB,
        at_agent.tone_db(from_callee),
        tones::LEVEL_DB,
        at_callee.tone_db(from_agent),
    );
    let report = demo.finish(Duration::ZERO, pending()).await;
    assert!(report.connected > 0, "{report:?}");
    assert_adds_up(&report);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_dies_in_a_conversation_is_noticed_and_the_customer_hears_the_message() {
    let demo = demo(4, None).await;
    let found = tokio::time::timeout(PATIENCE, conversation(&demo)).await;
    let (agent, number, ..) = found.expect("somebody talks to an agent");
    demo.phones().unplug(agent).await.expect("the phones run");
    let mut status = demo.node().status();
    let noticed = status.wait_for(|board| {
        let lost = board.floor.agents.get(agent).is_some_and(|a| !a.line_up);
        lost && board.floor.calls.iter().any(|call| call.phase == "message")
    });
    let noticed = tokio::time::timeout(PATIENCE, noticed).await;
    assert!(
        noticed.is_ok_and(|s| s.is_ok()),
        "{:?}",
        demo.status().floor
    );
    // The agent's tone is gone; speech takes its place.
    let heard = demo
        .carrier()
        .tone_levels(number)
        .await
        .expect("the customer is on the line");
    assert!(!is_one_tone(&heard, tones::of_agent(agent)), "{heard:?}");
    assert_eq!(
        demo.finish(Duration::ZERO, pending())
            .await
            .carrier
            .ghost_calls,
        0
    );
}

fn assert_adds_up(report: &DemoReport) {
    let carrier = &report.carrier;
    assert_eq!(carrier.ghost_calls, 0, "{report:?}");
    // The floor is shown a moment before the carrier is asked.
    assert!(
        carrier.placed >= report.placed && report.placed > 0,
        "{report:?}"
    );
    assert_eq!(
        carrier.placed,
        carrier.fates.values().sum::<u64>(),
        "{report:?}"
    );
    assert!(
        report.outcomes.values().sum::<u64>() <= report.placed,
        "{report:?}"
    );
    assert!(
        report.connected + report.abandoned <= report.answered_human,
        "{report:?}"
    );
    assert!((0.0..=1.0).contains(&report.utilisation), "{report:?}");
    assert!(
        carrier.connected >= report.connected.saturating_sub(1),
        "{report:?}"
    );
}

#[test]
fn a_short_demo_prints_one_json_object_that_adds_up() {
    let output = Command::new(env!("CARGO_BIN_EXE_carillon"))
        .args(["demo", "--for", "20s", "--json", "--no-page", "--seed", "7"])
        .output()
        .expect("the program runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let report: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("one JSON object");
    let day: LiveDay =
        serde_json::from_value(report.clone()).expect("what the simulation compares");
    assert_eq!((day.agents, day.mode.as_str()), (10, "predictive"));
    assert!((20.0..26.0).contains(&day.seconds), "{report}");
    let number = |key: &str| {
        report[key]
            .as_f64()
            .unwrap_or_else(|| panic!("no {key} in {report}"))
    };
    assert_eq!(number("seed"), 7.0);
    assert!(number("placed") >= 10.0, "{report}");
    assert!(
        number("connected") + number("abandoned") <= number("answered_human"),
        "{report}"
    );
    for key in ["abandonment", "utilisation"] {
        assert!((0.0..=1.0).contains(&number(key)), "{key} in {report}");
    }
    for key in ["idle_seconds_per_call", "bridge_ms_p99"] {
        assert!(number(key) >= 0.0, "{key} in {report}");
    }
    assert!(
        report["refused"].is_object() && report["outcomes"].is_object(),
        "{report}"
    );
    let carrier = &report["carrier"];
    assert_eq!(carrier["ghost_calls"], 0, "{report}");
    assert!(
        carrier["placed"].as_f64() >= report["placed"].as_f64(),
        "{report}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wallboard_takes_the_next_port_when_its_own_is_taken() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let port = taken.local_addr().expect("a bound socket").port();
    let demo = demo(1, Some(port)).await;
    let url = demo.node().addresses().web_url().expect("a wallboard");
    assert_ne!(demo.node().addresses().web.map(|a| a.port()), Some(port));
    let page =
        tokio::task::spawn_blocking(move || ureq::get(url).call().map(|r| r.status().as_u16()));
    assert_eq!(page.await.expect("no panic").expect("an answer"), 200);
    let report = demo.finish(Duration::ZERO, pending()).await;
    assert_eq!((report.agents, report.carrier.ghost_calls), (1, 0));
}
