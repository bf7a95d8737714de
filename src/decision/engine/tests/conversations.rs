//! Conversations: hold, and customers passed on to colleagues and queues.

use super::*;
use crate::agent::BreakReason;
use crate::call::{EndedBy, Outcome};
use crate::conversation::{ConsultStep, TalkStep, TransferKind, TransferTo};

pub(super) const ONE: AgentId = AgentId(1);
pub(super) const TWO: AgentId = AgentId(2);

/// A conversation of agent 1; agents 2 to `agents` are ready.
pub(super) fn talking(agents: u32) -> (Floor, CallId) {
    talking_in(campaign(Mode::Progressive), agents)
}

pub(super) fn talking_in(config: CampaignConfig, agents: u32) -> (Floor, CallId) {
    let mut floor = Floor::with(config, 1);
    let call = floor.dialed(1)[0];
    floor.rings(call);
    floor.news(call, Progress::Answered);
    floor.news(call, Progress::Bridged);
    for n in 2..=agents {
        floor.agent(n, LineKind::NailedUp, &[]);
    }
    floor.orders.clear();
    (floor, call)
}

pub(super) fn hold(floor: &mut Floor, on: bool) {
    floor.tell(Input::AgentHold { agent: ONE, on });
}

pub(super) fn transfer(floor: &mut Floor, to: TransferTo, kind: TransferKind) {
    let agent = ONE;
    floor.tell(Input::AgentTransfer { agent, to, kind });
}

pub(super) fn step(floor: &mut Floor, step: ConsultStep) {
    floor.tell(Input::AgentConsult { agent: ONE, step });
}

pub(super) fn to_two(floor: &mut Floor, kind: TransferKind) {
    transfer(floor, TransferTo::Agent(TWO), kind);
}

#[test]
fn a_plain_conversation_needs_no_audio_orders() {
    let (mut floor, call) = talking(1);
    floor.pass(20.0);
    floor.tell(Input::AgentHangUp { agent: ONE });
    floor.news(call, Progress::HungUp);
    assert_eq!(floor.plans(), Vec::<String>::new());
}

#[test]
fn hold_plays_music_and_its_time_is_summed() {
    let (mut floor, call) = talking(1);
    floor.pass(5.0);
    hold(&mut floor, true);
    assert_eq!(floor.plans(), ["c1:~ a1:"]);
    hold(&mut floor, true);
    floor.pass(10.0);
    hold(&mut floor, false);
    assert_eq!(floor.plans(), ["c1:a1 a1:c1"], "asked twice, ordered once");
    floor.pass(5.0);
    hold(&mut floor, true);
    floor.orders.clear();
    floor.pass(2.5);
    floor.tell(Input::AgentHangUp { agent: ONE });
    assert_eq!(floor.plans(), [""], "the end undoes what is not a bridge");
    floor.news(call, Progress::HungUp);
    let record = floor.records().remove(0);
    assert_eq!((record.hold_ms, record.talk_ms), (12_500, Some(22_500)));
    assert_eq!(record.ended_by, Some(EndedBy::Agent));
}

#[test]
fn orders_outside_a_conversation_are_refused_aloud() {
    let mut floor = Floor::open(Mode::Progressive, 2);
    hold(&mut floor, true);
    to_two(&mut floor, TransferKind::Blind);
    step(&mut floor, ConsultStep::Join);
    floor.tell(Input::AgentDropMessage { agent: ONE });
    let agent = ONE;
    floor.tell(Input::AgentRecording { agent, pause: true });
    assert_eq!(floor.refusals(), ["not_talking"; 5]);
}

#[test]
fn targets_nobody_can_reach_are_refused_and_the_customer_stays() {
    let (mut floor, call) = talking(3);
    floor.tell(Input::AgentBreak {
        agent: TWO,
        reason: BreakReason::Requested,
    });
    for (to, kind, code) in [
        (
            TransferTo::Agent(TWO),
            TransferKind::Blind,
            "target_unavailable",
        ),
        (
            TransferTo::Agent(TWO),
            TransferKind::Attended,
            "target_unavailable",
        ),
        (
            TransferTo::Agent(ONE),
            TransferKind::Blind,
            "unknown_target",
        ),
        (
            TransferTo::Agent(AgentId(77)),
            TransferKind::Blind,
            "unknown_target",
        ),
        (
            TransferTo::Campaign(CampaignId(9)),
            TransferKind::Blind,
            "unknown_target",
        ),
        (
            TransferTo::Campaign(CAMPAIGN),
            TransferKind::Attended,
            "not_allowed",
        ),
        (
            TransferTo::Destination("x".into()),
            TransferKind::Blind,
            "unknown_target",
        ),
    ] {
        transfer(&mut floor, to.clone(), kind);
        assert_eq!(floor.refusals(), [code], "{to:?}");
        assert_eq!(floor.state(1), AgentState::Talking(call));
    }
}

#[test]
fn a_blind_transfer_to_an_idle_colleague_bridges_again() {
    let (mut floor, call) = talking(2);
    floor.pass(30.0);
    to_two(&mut floor, TransferKind::Blind);
    let orders = std::mem::take(&mut floor.orders);
    let at = |what: fn(&Command) -> bool| orders.iter().position(what).unwrap();
    let music = at(|c| matches!(c, Command::Audio(_)));
    let bridge = at(|c| matches!(c, Command::Bridge { agent: TWO, .. }));
    assert!(music < bridge);
    assert_eq!(floor.state(1), AgentState::WrapUp(call));
    floor.pass(0.2);
    floor.news(call, Progress::Bridged);
    assert_eq!(
        floor.plans(),
        Vec::<String>::new(),
        "the bridge is the plan"
    );
    floor.pass(20.0);
    floor.news(call, Progress::HungUp);
    assert_eq!(floor.state(2), AgentState::WrapUp(call));
    let record = floor.records().remove(0);
    assert_eq!(
        (record.agent, record.outcome),
        (Some(TWO), Outcome::Connected)
    );
    assert_eq!(record.talk_ms, Some(50_000), "both agents, not the wait");
    let by_one = matches!(record.events[0].what, TalkStep::Transfer { by: ONE, .. });
    let two_has_it = record.events[1].what == TalkStep::Agent { agent: TWO };
    assert!(by_one && two_has_it, "{:?}", record.events);
    assert_eq!(floor.today(), (1, 0), "one answer, whoever talked");
}

#[test]
fn a_transfer_to_a_busy_colleague_waits_for_them_then_for_anybody() {
    for back_in_time in [true, false] {
        let mut config = campaign(Mode::Progressive);
        config.inbound = InboundRule::Message {
            prompt: "closed".into(),
        };
        let (mut floor, call) = talking_in(config, 2);
        // Agent 2 gets a conversation of their own.
        let other = floor.dialed(1)[0];
        floor.rings(other);
        floor.news(other, Progress::Answered);
        floor.news(other, Progress::Bridged);
        floor.orders.clear();
        to_two(&mut floor, TransferKind::Blind);
        assert_eq!(floor.plans(), ["c1:~"]);
        floor.agent(3, LineKind::NailedUp, &[]);
        floor.pass(29.0);
        assert_eq!(floor.bridges(), [], "agent 3 is idle, and not asked for");
        if back_in_time {
            floor.news(other, Progress::HungUp);
            floor.tell(Input::AgentReady { agent: TWO });
            assert_eq!(floor.bridges(), [(call, TWO)]);
        } else {
            floor.pass(1.0);
            assert_eq!(floor.bridges(), [(call, AgentId(3))]);
        }
        assert_eq!(floor.today().1, 0);
    }
}

#[test]
fn whoever_prefers_an_agent_who_leaves_gets_the_next_one() {
    let (mut floor, call) = talking(1);
    floor.agent(2, LineKind::NailedUp, &[]);
    let other = floor.dialed(1)[0];
    floor.rings(other);
    floor.news(other, Progress::Answered);
    floor.news(other, Progress::Bridged);
    to_two(&mut floor, TransferKind::Blind);
    floor.agent(3, LineKind::NailedUp, &[]);
    floor.orders.clear();
    floor.pass(3.0);
    let agent = TWO;
    floor.tell(Input::AgentLogout { agent, now: true });
    assert_eq!(floor.bridges(), [(call, AgentId(3))]);
}

#[test]
fn a_queue_takes_the_longest_waiting_and_no_abandon_is_counted() {
    let (mut floor, call) = talking(1);
    transfer(
        &mut floor,
        TransferTo::Campaign(CAMPAIGN),
        TransferKind::Blind,
    );
    floor.pass(1.0);
    floor.tell(Input::Inbound {
        leg: 1,
        from: None,
        to: E164::new(12_125_550_199).unwrap(),
        trunk: TrunkId(1),
    });
    floor.agent(2, LineKind::NailedUp, &[]);
    assert_eq!(
        floor.bridges(),
        [(call, TWO)],
        "waited longer than the caller"
    );
    // In vain: the message of the queue, after its longest wait, and still no abandon.
    let (mut floor, call) = talking(1);
    transfer(
        &mut floor,
        TransferTo::Campaign(CAMPAIGN),
        TransferKind::Blind,
    );
    floor.orders.clear();
    floor.tell(Input::AgentBreak {
        agent: ONE,
        reason: BreakReason::Requested,
    });
    floor.pass(20.0);
    let said = floor.take(|c| match c {
        Command::PlayMessage { call, prompt } => Some((*call, prompt.clone())),
        _ => None,
    });
    assert_eq!(said, [(call, "closed".to_owned())]);
    floor.news(call, Progress::MessageEnded);
    floor.news(call, Progress::HungUp);
    assert_eq!(floor.records()[0].outcome, Outcome::Connected);
    assert_eq!(floor.today(), (1, 0));
}

#[test]
fn a_customer_who_hangs_up_in_the_queue_after_a_transfer_was_connected() {
    let (mut floor, call) = talking(1);
    transfer(
        &mut floor,
        TransferTo::Campaign(CAMPAIGN),
        TransferKind::Blind,
    );
    floor.pass(5.0);
    floor.news(call, Progress::HungUp);
    let record = floor.records().remove(0);
    assert_eq!(
        (record.outcome, record.wait_ms),
        (Outcome::Connected, Some(0))
    );
    assert_eq!((floor.today(), floor.channels()), ((1, 0), 0));
}

#[test]
fn a_second_bridge_that_fails_keeps_the_music_and_the_place_in_the_queue() {
    let (mut floor, call) = talking(3);
    to_two(&mut floor, TransferKind::Blind);
    floor.orders.clear();
    floor.news(call, Progress::BridgeFailed);
    let orders = std::mem::take(&mut floor.orders);
    assert!(orders.iter().all(|c| !matches!(c, Command::Audio(_))));
    let next = orders.iter().find_map(|c| match c {
        Command::Bridge { agent, .. } => Some(*agent),
        _ => None,
    });
    assert_eq!(next, Some(AgentId(3)), "agent 2 is off duty now");
}

#[test]
fn a_colleague_whose_phone_rings_first_is_rung_for_the_transfer() {
    let (mut floor, call) = talking(1);
    floor.agent(2, LineKind::RingFirst, &[]);
    floor.orders.clear();
    to_two(&mut floor, TransferKind::Blind);
    assert_eq!(floor.state(2), AgentState::Connecting);
    floor.orders.clear();
    floor.tell(Input::AgentLine {
        agent: TWO,
        up: true,
    });
    assert_eq!(floor.bridges(), [(call, TWO)]);
}

#[test]
fn hearing_trouble_becomes_an_alert_that_names_the_agent() {
    use crate::event::Alert;
    let (mut floor, call) = talking(1);
    let problem = "nothing is heard of the customer".to_owned();
    floor.tell(Input::Heard { call, problem });
    let told = floor.take(|c| match c {
        Command::Alert(Alert::Conversation { call, agent, .. }) => Some((*call, *agent)),
        _ => None,
    });
    assert_eq!(told, [(call, Some(ONE))]);
}
