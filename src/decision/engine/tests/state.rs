//! Snapshots, and any order of inputs.

use super::*;
use proptest::prelude::*;

/// Any news at all about any of the first calls, agents and trunks, likely or not.
fn any_input() -> impl Strategy<Value = (u16, Input)> {
    let call = || (1u64..12).prop_map(CallId);
    let agent = || (1u32..4).prop_map(AgentId);
    let cause = prop::sample::select(vec![
        Cause::Busy,
        Cause::NoAnswer,
        Cause::Disconnected,
        Cause::Congestion,
        Cause::TrunkFailure,
        Cause::NotSent,
    ]);
    let progress = prop_oneof![
        Just(Progress::Sent),
        Just(Progress::Ringing),
        Just(Progress::EarlyMedia),
        Just(Progress::Answered),
        Just(Progress::SpeechStarted),
        Just(Progress::Verdict {
            who: AmdVerdict::Person,
            greeting_ended: Duration::from_millis(400)
        }),
        Just(Progress::Verdict {
            who: AmdVerdict::Machine,
            greeting_ended: Duration::ZERO
        }),
        cause.prop_map(|cause| Progress::Failed {
            cause,
            retry_after: None
        }),
        Just(Progress::HungUp),
        Just(Progress::Bridged),
        Just(Progress::BridgeFailed),
        Just(Progress::MessageEnded),
        Just(Progress::OptOut),
    ];
    let input = prop_oneof![
        10 => (call(), progress).prop_map(|(call, progress)| Input::Progress { call, progress }),
        1 => call().prop_map(|call| Input::ExtraAnswer { call, leg: 5 }),
        1 => agent().prop_map(|agent| Input::AgentReady { agent }),
        1 => agent().prop_map(|agent| Input::AgentHangUp { agent }),
        1 => agent().prop_map(|agent| Input::AgentLogin { agent }),
        1 => (agent(), any::<bool>()).prop_map(|(agent, up)| Input::AgentLine { agent, up }),
        1 => (agent(), any::<bool>()).prop_map(|(agent, now)| Input::AgentLogout { agent, now }),
        1 => any::<bool>().prop_map(|on| Input::Adjust { campaign: CAMPAIGN, dial: Dial::Running(on) }),
        1 => Just(Input::Inbound { leg: 3, from: None, to: E164::new(12_125_550_199).unwrap(), trunk: TrunkId(1) }),
        2 => Just(Input::Tick),
    ];
    (0u16..9000, input)
}

fn play(floor: &mut Floor, script: &[(u16, Input)]) {
    for (wait_ms, input) in script {
        floor.pass(f64::from(*wait_ms) / 1000.0);
        let leads = (0..2).map(|_| floor.lead()).collect();
        floor.offer(leads);
        floor.tell(input.clone());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Debug builds assert every invariant after every input: no agent in two calls, no lead
    /// in two calls, channels in use equal to calls.
    #[test]
    fn no_order_of_inputs_breaks_an_invariant(script in prop::collection::vec(any_input(), 1..60)) {
        let mut floor = Floor::open(Mode::ManualRatio { ratio: 2.0 }, 2);
        floor.agent(3, LineKind::RingFirst, &[]);
        play(&mut floor, &script);
        // Every call ends once its far end is silent for good, and leaves nothing behind.
        floor.tell(Input::Adjust { campaign: CAMPAIGN, dial: Dial::Running(false) });
        for n in 1..=3 {
            floor.tell(Input::AgentLogout { agent: AgentId(n), now: true });
        }
        floor.pass(400.0);
        prop_assert!(floor.engine.is_quiet(), "{:?}", floor.engine.calls.values().map(|c| c.phase).collect::<Vec<_>>());
        prop_assert_eq!(floor.channels(), 0);
        let mut placed = floor.take(|c| match c {
            Command::Originate(o) => Some((o.call, 0)),
            Command::Adopt { call, .. } | Command::AnswerInbound { call, .. } => Some((*call, 0)),
            Command::Record(r) => Some((r.call, 1)),
            _ => None,
        });
        placed.sort_unstable();
        let calls: Vec<CallId> = placed.iter().filter(|p| p.1 == 0).map(|p| p.0).collect();
        let records: Vec<CallId> = placed.iter().filter(|p| p.1 == 1).map(|p| p.0).collect();
        prop_assert_eq!(calls, records, "one record per call");
    }

    /// A restored engine goes on exactly as the one it was taken from.
    #[test]
    fn a_snapshot_goes_on_identically(script in prop::collection::vec(any_input(), 2..40), cut in 0usize..40) {
        let cut = cut.min(script.len());
        let mut floor = Floor::open(Mode::default(), 2);
        play(&mut floor, &script[..cut]);
        let bytes = floor.engine.snapshot().unwrap();
        let mut twin = Floor {
            engine: Engine::restore(&bytes).unwrap(),
            now: floor.now,
            orders: Vec::new(),
            next_lead: floor.next_lead,
        };
        floor.orders.clear();
        play(&mut floor, &script[cut..]);
        play(&mut twin, &script[cut..]);
        let text = |f: &Floor| f.orders.iter().map(|c| format!("{c:?}")).collect::<Vec<_>>();
        prop_assert_eq!(text(&floor), text(&twin));
        prop_assert_eq!(floor.engine.snapshot().unwrap(), twin.engine.snapshot().unwrap());
    }
}

#[test]
fn a_snapshot_with_waiting_commands_is_refused() {
    let mut engine = Engine::new(EngineConfig::default());
    engine.handle(
        Now::default(),
        Input::Campaign(Box::new(campaign(Mode::Progressive))),
    );
    engine.handle(
        Now::default(),
        Input::StoreHealth {
            writable: false,
            reason: "full".into(),
        },
    );
    assert!(matches!(
        engine.snapshot(),
        Err(SnapshotError::Undrained(1))
    ));
}
