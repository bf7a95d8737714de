//! Snapshots, and any order of inputs.

use super::*;
use crate::call::{Direction, Phase};
use crate::conversation::{
    Announcement, Consent, ConsultStep, Destination, MachineRule, SuperviseMode, TransferKind,
    TransferTo,
};
use proptest::prelude::*;

/// One step of a script.
#[derive(Clone, Debug)]
enum Step {
    /// Anything at all, likely or not.
    Any(Input),
    /// What usually comes next for one of the calls there are, or an agent becomes ready: else
    /// few scripts would ever get as far as a conversation.
    Usual(usize),
}

/// Scripts of up to `most` steps, with the time before each in milliseconds.
fn scripts(most: usize) -> impl Strategy<Value = Vec<(u16, Step)>> {
    let usual = (0u16..3000, any::<prop::sample::Index>())
        .prop_map(|(wait, which)| (wait, Step::Usual(which.index(1000))));
    let any = any_input().prop_map(|(wait, input)| (wait, Step::Any(input)));
    prop::collection::vec(prop_oneof![3 => usual, 2 => any], 2..most)
}

/// What usually comes next, by where a call stands.
fn usual(floor: &Floor, which: usize) -> Input {
    let agent = AgentId(1 + (which % 3) as u32);
    let calls: Vec<_> = floor.engine.calls.values().collect();
    let Some(call) = calls.get(which % (calls.len() + 1)) else {
        let up = floor.engine.agents[&agent].line_up;
        return match floor.engine.agents[&agent].state {
            AgentState::LoggedOut => Input::AgentLogin { agent },
            AgentState::Connecting => Input::AgentLine { agent, up: true },
            _ if !up => Input::AgentLine { agent, up: true },
            _ => Input::AgentReady { agent },
        };
    };
    let greeting_ended = Duration::from_millis(300);
    let progress = match call.phase {
        Phase::Dialing => Progress::Ringing,
        Phase::Ringing => Progress::Answered,
        Phase::Screening => Progress::Verdict {
            who: if which.is_multiple_of(4) {
                AmdVerdict::Machine
            } else {
                AmdVerdict::Person
            },
            greeting_ended,
        },
        Phase::Machine => Progress::MachineListens,
        Phase::Waiting => Progress::EarlyMedia,
        Phase::Bridging => Progress::Bridged,
        Phase::Talking if which.is_multiple_of(7) => Progress::HungUp,
        Phase::Talking => Progress::AnnouncementEnded,
        Phase::Message => Progress::MessageEnded,
        Phase::Ending => Progress::HungUp,
    };
    Input::Progress {
        call: call.id,
        progress,
    }
}

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
        Just(Progress::GreetingEnded {
            ago: Duration::from_millis(300)
        }),
        Just(Progress::MachineListens),
        Just(Progress::AnnouncementEnded),
    ];
    let target = prop_oneof![
        3 => agent().prop_map(TransferTo::Agent),
        1 => (1u32..3).prop_map(|c| TransferTo::Campaign(CampaignId(c))),
        3 => Just(TransferTo::Destination("claims".into())),
    ];
    let kind = prop::sample::select(vec![TransferKind::Blind, TransferKind::Attended]);
    let step = prop::sample::select(vec![
        ConsultStep::Complete,
        ConsultStep::Join,
        ConsultStep::Cancel,
    ]);
    let mode = prop::sample::select(vec![
        None,
        Some(SuperviseMode::Listen),
        Some(SuperviseMode::Whisper),
        Some(SuperviseMode::Barge),
    ]);
    let talk = prop_oneof![
        1 => (agent(), any::<bool>()).prop_map(|(agent, on)| Input::AgentHold { agent, on }),
        4 => (agent(), target, kind)
            .prop_map(|(agent, to, kind)| Input::AgentTransfer { agent, to, kind }),
        3 => (agent(), step).prop_map(|(agent, step)| Input::AgentConsult { agent, step }),
        1 => agent().prop_map(|agent| Input::AgentDropMessage { agent }),
        1 => (agent(), any::<bool>())
            .prop_map(|(agent, pause)| Input::AgentRecording { agent, pause }),
        2 => (4u32..6, agent(), mode).prop_map(|(supervisor, agent, mode)| Input::Supervise {
            supervisor: AgentId(supervisor),
            agent,
            mode,
        }),
        1 => (call(), any::<bool>()).prop_map(|(call, on)| Input::Recording { call, on }),
        1 => (4u32..6, any::<bool>())
            .prop_map(|(agent, up)| Input::AgentLine { agent: AgentId(agent), up }),
    ];
    let input = prop_oneof![
        16 => talk,
        6 => (call(), progress).prop_map(|(call, progress)| Input::Progress { call, progress }),
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
    (0u16..4000, input)
}

/// Orders in conversations go to somebody who is in one, if anybody is.
fn aimed(floor: &Floor, mut input: Input) -> Input {
    let talks = |a: &&AgentId| matches!(floor.engine.agents[a].state, AgentState::Talking(_));
    let talking: Vec<AgentId> = floor.engine.agents.keys().filter(talks).copied().collect();
    let now = floor.now.mono.0 as usize;
    if let Input::AgentHold { agent, .. }
    | Input::AgentTransfer { agent, .. }
    | Input::AgentConsult { agent, .. }
    | Input::AgentDropMessage { agent }
    | Input::AgentRecording { agent, .. }
    | Input::Supervise { agent, .. } = &mut input
        && let Some(busy) = talking.get(now % talking.len().max(1))
    {
        *agent = *busy;
    }
    input
}

/// Every kind of conversation is possible.
fn rich() -> CampaignConfig {
    let mut config = campaign(Mode::ManualRatio { ratio: 2.0 });
    let rules = &mut config.conversation;
    rules.destinations = vec![Destination {
        name: "claims".into(),
        number: E164::new(12_125_550_190).unwrap(),
    }];
    rules.machine = MachineRule::LeaveMessage {
        prompt: "call us".into(),
    };
    rules.announcement = Some(Announcement {
        prompt: "bank".into(),
    });
    rules.recording.share = 0.5;
    rules.recording.consent = Consent::Announce {
        prompt: "recorded".into(),
    };
    config
}

/// Two agents, one whose phone rings first, and two supervisors.
fn crew(config: CampaignConfig) -> Floor {
    let mut floor = Floor::with(config, 2);
    floor.agent(3, LineKind::RingFirst, &[]);
    for (n, line) in [(4, LineKind::NailedUp), (5, LineKind::RingFirst)] {
        floor.tell(Input::Agent(Box::new(AgentProfile {
            id: AgentId(n),
            name: format!("boss{n}"),
            skills: Default::default(),
            campaigns: vec![],
            line,
            role: Role::Supervisor,
        })));
    }
    floor
}

fn play(floor: &mut Floor, script: &[(u16, Step)]) {
    for (wait_ms, step) in script {
        floor.pass(f64::from(*wait_ms) / 1000.0);
        let leads = (0..2).map(|_| floor.lead()).collect();
        floor.offer(leads);
        let input = match step {
            Step::Any(input) => aimed(floor, input.clone()),
            Step::Usual(which) => usual(floor, *which),
        };
        floor.tell(input);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    /// Debug builds assert every invariant after every input: no agent in two calls, no lead
    /// in two calls, channels in use equal to calls.
    #[test]
    fn no_order_of_inputs_breaks_an_invariant(
        script in scripts(90),
        screening in prop::sample::select(vec![Screening::Off, Screening::Fast, Screening::Careful]),
    ) {
        let mut config = rich();
        config.screening = screening;
        let mut floor = crew(config);
        play(&mut floor, &script);
        // Every call ends once its far end is silent for good, and leaves nothing behind.
        floor.tell(Input::Adjust { campaign: CAMPAIGN, dial: Dial::Running(false) });
        for n in 1..=5 {
            floor.tell(Input::AgentLogout { agent: AgentId(n), now: true });
        }
        // Customers whom agents left to outside destinations talk until one of the two hangs up.
        floor.pass(40.0);
        let outside: Vec<CallId> = floor
            .engine
            .calls
            .values()
            .filter(|c| c.phase == Phase::Talking && c.direction == Direction::Transfer)
            .map(|c| c.id)
            .collect();
        for call in outside {
            floor.news(call, Progress::HungUp);
        }
        floor.pass(400.0);
        prop_assert!(floor.engine.is_quiet(), "{:?}", floor.engine.calls.values().map(|c| c.phase).collect::<Vec<_>>());
        prop_assert_eq!(floor.channels(), 0);
        let mut placed = floor.take(|c| match c {
            Command::Originate(o) => Some((o.call, 0)),
            Command::CallOut(o) => Some((o.call, 0)),
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
    fn a_snapshot_goes_on_identically(script in scripts(60), cut in 0usize..40) {
        let cut = cut.min(script.len());
        let mut config = rich();
        config.tuning.mode = Mode::default();
        let mut floor = crew(config);
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
