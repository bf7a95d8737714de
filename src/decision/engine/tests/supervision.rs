//! Supervisors: listening, whispering, joining, and never being given a call.

use super::conversations::*;
use super::*;
use crate::conversation::{ConsultStep, SuperviseMode, TalkStep, TransferKind, TransferTo};

const BOSS: AgentId = AgentId(9);

/// A supervisor on the floor, logged in unless their phone is to ring first.
fn boss(floor: &mut Floor, line: LineKind, role: Role) {
    floor.tell(Input::Agent(Box::new(AgentProfile {
        id: BOSS,
        name: "boss".into(),
        skills: Default::default(),
        campaigns: vec![],
        line,
        role,
    })));
    if line == LineKind::NailedUp {
        floor.tell(Input::AgentLogin { agent: BOSS });
        floor.tell(Input::AgentLine {
            agent: BOSS,
            up: true,
        });
    }
    floor.orders.clear();
}

fn supervise(floor: &mut Floor, agent: AgentId, mode: Option<SuperviseMode>) {
    floor.tell(Input::Supervise {
        supervisor: BOSS,
        agent,
        mode,
    });
}

#[test]
fn modes_change_who_hears_the_supervisor() {
    let (mut floor, _) = talking(1);
    boss(&mut floor, LineKind::NailedUp, Role::Supervisor);
    supervise(&mut floor, ONE, Some(SuperviseMode::Listen));
    assert_eq!(floor.plans(), ["c1:a1 a1:c1 a9:c1+a1"]);
    supervise(&mut floor, ONE, Some(SuperviseMode::Listen));
    assert_eq!(floor.plans(), Vec::<String>::new(), "nothing new");
    supervise(&mut floor, ONE, Some(SuperviseMode::Whisper));
    assert_eq!(floor.plans(), ["c1:a1 a1:c1+a9 a9:c1+a1"]);
    supervise(&mut floor, ONE, Some(SuperviseMode::Barge));
    assert_eq!(floor.plans(), ["c1:a1+a9 a1:c1+a9 a9:c1+a1"]);
    supervise(&mut floor, ONE, None);
    assert_eq!(floor.plans(), ["c1:a1 a1:c1"]);
}

#[test]
fn listening_follows_the_agent_from_call_to_call_and_into_the_records() {
    let mut floor = Floor::open(Mode::Progressive, 1);
    boss(&mut floor, LineKind::NailedUp, Role::Supervisor);
    supervise(&mut floor, ONE, Some(SuperviseMode::Listen));
    assert_eq!(floor.plans(), Vec::<String>::new(), "nobody to hear yet");
    for _ in 0..2 {
        let call = floor.dialed(1)[0];
        floor.rings(call);
        floor.news(call, Progress::Answered);
        floor.news(call, Progress::Bridged);
        assert_eq!(
            floor.plans(),
            [format!("c{call}:a1 a1:c{call} a9:c{call}+a1")]
        );
        floor.news(call, Progress::HungUp);
        let orders = std::mem::take(&mut floor.orders);
        let record = orders.iter().find_map(|c| match c {
            Command::Record(record) => Some(record),
            _ => None,
        });
        let told = TalkStep::Supervised {
            by: BOSS,
            agent: ONE,
            mode: Some(SuperviseMode::Listen),
        };
        assert_eq!(record.unwrap().events[0].what, told);
        floor.tell(Input::AgentReady { agent: ONE });
    }
}

#[test]
fn a_parked_customer_and_a_consultation_are_heard_as_the_agent_hears_them() {
    let (mut floor, _) = talking(2);
    boss(&mut floor, LineKind::NailedUp, Role::Supervisor);
    supervise(&mut floor, ONE, Some(SuperviseMode::Whisper));
    hold(&mut floor, true);
    floor.orders.clear();
    let to = TransferTo::Agent(TWO);
    transfer(&mut floor, to, TransferKind::Attended);
    assert_eq!(floor.plans(), ["c1:~ a1:a2+a9 a2:a1 a9:a1+a2"]);
    step(&mut floor, ConsultStep::Complete);
    assert_eq!(
        floor.plans(),
        ["c1:a2 a2:c1"],
        "the colleague is not watched"
    );
}

#[test]
fn a_phone_that_rings_first_is_rung_for_listening_and_hung_up_after_it() {
    let (mut floor, _) = talking(1);
    boss(&mut floor, LineKind::RingFirst, Role::Supervisor);
    supervise(&mut floor, ONE, Some(SuperviseMode::Barge));
    let rung = floor.take(|c| match c {
        Command::RingAgent { agent } => Some(*agent),
        _ => None,
    });
    assert_eq!(rung, [BOSS]);
    floor.tell(Input::AgentLine {
        agent: BOSS,
        up: true,
    });
    assert_eq!(floor.plans(), ["c1:a1+a9 a1:c1+a9 a9:c1+a1"]);
    supervise(&mut floor, ONE, None);
    let orders = std::mem::take(&mut floor.orders);
    assert!(
        orders
            .iter()
            .any(|c| matches!(c, Command::DropAgentLine { agent: BOSS }))
    );
    assert!(orders.iter().any(|c| matches!(c, Command::Audio(_))));
}

#[test]
fn a_supervisors_lost_line_or_phone_that_is_not_taken_ends_it() {
    let (mut floor, _) = talking(1);
    boss(&mut floor, LineKind::NailedUp, Role::Supervisor);
    supervise(&mut floor, ONE, Some(SuperviseMode::Barge));
    floor.orders.clear();
    floor.tell(Input::AgentLine {
        agent: BOSS,
        up: false,
    });
    assert_eq!(floor.plans(), ["c1:a1 a1:c1"]);
    floor.tell(Input::AgentLine {
        agent: BOSS,
        up: true,
    });
    assert_eq!(
        floor.plans(),
        Vec::<String>::new(),
        "asked for anew or not at all"
    );
    let (mut floor, _) = talking(1);
    boss(&mut floor, LineKind::RingFirst, Role::Supervisor);
    supervise(&mut floor, ONE, Some(SuperviseMode::Listen));
    floor.pass(20.0);
    assert!(floor.engine.supervision.is_empty());
}

#[test]
fn supervisors_are_given_no_calls_and_count_as_nobody() {
    let mut floor = Floor::open(Mode::Progressive, 0);
    boss(&mut floor, LineKind::NailedUp, Role::Supervisor);
    floor.tell(Input::AgentReady { agent: BOSS });
    assert_eq!(floor.refusals(), ["not_allowed"]);
    assert_eq!(floor.dialed(3), [], "nobody is on duty");
    let ours = E164::new(12_125_550_199).unwrap();
    let trunk = TrunkId(1);
    floor.tell(Input::Inbound {
        leg: 1,
        from: None,
        to: ours,
        trunk,
    });
    floor.pass(5.0);
    assert_eq!(floor.bridges(), []);
    let (mut floor, _) = talking(1);
    boss(&mut floor, LineKind::NailedUp, Role::Supervisor);
    let to = TransferTo::Agent(BOSS);
    transfer(&mut floor, to, TransferKind::Attended);
    assert_eq!(floor.refusals(), ["not_allowed"]);
}

#[test]
fn an_agent_made_supervisor_while_ready_takes_no_more_calls() {
    let mut floor = Floor::open(Mode::Progressive, 0);
    boss(&mut floor, LineKind::NailedUp, Role::Agent);
    floor.tell(Input::AgentReady { agent: BOSS });
    assert_eq!(floor.state(9), AgentState::Ready);
    boss(&mut floor, LineKind::NailedUp, Role::Supervisor);
    assert!(matches!(floor.state(9), AgentState::Break(_)));
    assert_eq!(floor.dialed(1), []);
}

#[test]
fn only_supervisors_listen_and_only_to_agents() {
    let (mut floor, _) = talking(2);
    boss(&mut floor, LineKind::NailedUp, Role::Supervisor);
    let mode = Some(SuperviseMode::Listen);
    supervise(&mut floor, BOSS, mode);
    assert_eq!(floor.refusals(), ["unknown_target"]);
    supervise(&mut floor, AgentId(50), mode);
    assert_eq!(floor.refusals(), ["unknown_target"]);
    floor.tell(Input::Supervise {
        supervisor: TWO,
        agent: ONE,
        mode,
    });
    assert_eq!(floor.refusals(), ["not_allowed"]);
}
