//! Conversations passed on to outside destinations.

use super::conversations::*;
use super::*;
use crate::call::{Direction, Outcome};
use crate::conversation::{ConsultStep, Destination, TransferKind, TransferTo};

fn config() -> CampaignConfig {
    let mut config = campaign(Mode::Progressive);
    config.conversation.destinations = vec![
        Destination {
            name: "claims".into(),
            number: E164::new(12_125_550_190).unwrap(),
        },
        Destination {
            name: "hotline".into(),
            number: E164::new(19_005_550_123).unwrap(),
        },
    ];
    config
}

/// Passes the customer on; answers the outside call.
fn call_out(floor: &mut Floor, kind: TransferKind) -> CallId {
    transfer(floor, TransferTo::Destination("claims".into()), kind);
    let orders = std::mem::take(&mut floor.orders);
    let out = orders.iter().find_map(|c| match c {
        Command::CallOut(order) => {
            assert!(order.permit.is_valid_at(floor.now.wall));
            assert_eq!(order.permit.number().digits(), 12_125_550_190);
            Some(order.call)
        }
        _ => None,
    });
    floor.orders = orders
        .into_iter()
        .filter(|c| matches!(c, Command::Audio(_)))
        .collect();
    out.unwrap()
}

/// An outside destination on the line with agent 1, the customer on music.
fn consulting() -> (Floor, CallId, CallId) {
    let (mut floor, call) = talking_in(config(), 1);
    let out = call_out(&mut floor, TransferKind::Attended);
    floor.rings(out);
    floor.news(out, Progress::Answered);
    floor.orders.clear();
    (floor, call, out)
}

#[test]
fn a_blind_transfer_outside_frees_the_agent_and_ends_with_either_side() {
    for customer_first in [true, false] {
        let (mut floor, call) = talking_in(config(), 1);
        floor.pass(10.0);
        let out = call_out(&mut floor, TransferKind::Blind);
        assert_eq!(floor.plans(), ["c1:~"]);
        assert_eq!(
            (floor.state(1), floor.channels()),
            (AgentState::WrapUp(call), 2)
        );
        floor.rings(out);
        floor.pass(4.0);
        floor.news(out, Progress::Answered);
        assert_eq!(floor.plans(), ["c1:c2 c2:c1"]);
        floor.pass(60.0);
        let (first, second) = if customer_first {
            (call, out)
        } else {
            (out, call)
        };
        floor.news(first, Progress::HungUp);
        assert_eq!(floor.hang_ups(), [second]);
        let first_record = floor.engine.calls.len();
        assert_eq!(first_record, 1);
        floor.news(second, Progress::HungUp);
        assert_eq!((floor.channels(), floor.engine.is_quiet()), (0, true));
        let done = floor.engine.status(floor.now).campaigns[0]
            .totals
            .outcomes
            .clone();
        assert_eq!(
            done.get("connected"),
            Some(&1),
            "the customer's call alone counts"
        );
    }
}

#[test]
fn both_calls_leave_a_record_each() {
    let (mut floor, call, out) = consulting();
    floor.pass(7.0);
    step(&mut floor, ConsultStep::Complete);
    floor.pass(20.0);
    floor.orders.clear();
    floor.news(out, Progress::HungUp);
    floor.news(call, Progress::HungUp);
    let records = floor.records();
    let (outside, customer) = (&records[0], &records[1]);
    assert_eq!(
        (outside.call, outside.direction),
        (out, Direction::Transfer)
    );
    assert_eq!((outside.follows, outside.lead), (Some(call), None));
    assert_eq!(
        (outside.outcome, outside.talk_ms),
        (Outcome::Connected, Some(27_000))
    );
    assert_eq!(
        outside.permit.as_ref().unwrap().rules[0].rule,
        "destination"
    );
    assert_eq!((customer.agent, customer.hold_ms), (Some(ONE), 7_000));
    assert_eq!(customer.talk_ms, Some(7_000), "the agent's time");
    assert_eq!(floor.today(), (1, 0));
}

#[test]
fn a_consultation_outside_is_heard_from_its_early_media_on() {
    let (mut floor, call) = talking_in(config(), 1);
    let out = call_out(&mut floor, TransferKind::Attended);
    assert_eq!(floor.plans(), ["c1:~ a1:"]);
    floor.news(out, Progress::Sent);
    floor.news(out, Progress::EarlyMedia);
    assert_eq!(floor.plans(), ["c1:~ a1:c2 c2:"]);
    step(&mut floor, ConsultStep::Join);
    assert_eq!(floor.refusals(), ["wrong_moment"], "nobody has answered");
    floor.news(out, Progress::Answered);
    assert_eq!(floor.plans(), ["c1:~ a1:c2 c2:a1"]);
    step(&mut floor, ConsultStep::Join);
    assert_eq!(floor.plans(), ["c1:c2+a1 a1:c1+c2 c2:c1+a1"]);
    step(&mut floor, ConsultStep::Cancel);
    assert_eq!(floor.plans(), ["c1:a1 a1:c1"]);
    floor.news(out, Progress::HungUp);
    assert_eq!(floor.state(1), AgentState::Talking(call));
    assert_eq!(floor.channels(), 1);
}

#[test]
fn a_consultation_cancelled_while_it_rings_ends_the_outside_call() {
    let (mut floor, _) = talking_in(config(), 1);
    let out = call_out(&mut floor, TransferKind::Attended);
    floor.rings(out);
    step(&mut floor, ConsultStep::Cancel);
    assert_eq!(floor.hang_ups(), [out]);
    // The answer crosses our CANCEL: it is ended again, and nobody hears it.
    floor.news(out, Progress::Answered);
    assert_eq!(floor.hang_ups(), [out]);
    assert_eq!(floor.plans(), Vec::<String>::new());
    floor.news(out, Progress::HungUp);
    let record = floor.records().remove(0);
    assert!(record.late_answer);
    assert_eq!(record.outcome, Outcome::Unanswered(Cause::Cancelled));
}

#[test]
fn completing_while_it_rings_leaves_the_customer_with_music_until_the_answer() {
    let (mut floor, call) = talking_in(config(), 1);
    let out = call_out(&mut floor, TransferKind::Attended);
    floor.rings(out);
    floor.orders.clear();
    step(&mut floor, ConsultStep::Complete);
    assert_eq!(floor.plans(), ["c1:~"]);
    assert_eq!(floor.state(1), AgentState::WrapUp(call));
    floor.news(out, Progress::Answered);
    assert_eq!(floor.plans(), ["c1:c2 c2:c1"]);
}

#[test]
fn a_destination_nobody_answers_brings_the_customer_back_to_the_agent_who_knows_them() {
    let (mut floor, call) = talking_in(config(), 1);
    let out = call_out(&mut floor, TransferKind::Blind);
    floor.agent(2, LineKind::NailedUp, &[]);
    floor.rings(out);
    floor.orders.clear();
    floor.pass(20.0);
    floor.tell(Input::AgentReady { agent: ONE });
    floor.tell(Input::AgentBreak {
        agent: TWO,
        reason: crate::agent::BreakReason::Requested,
    });
    floor.orders.clear();
    floor.pass(5.0);
    let orders = std::mem::take(&mut floor.orders);
    assert!(
        orders
            .iter()
            .any(|c| matches!(c, Command::HangUp { call } if *call == out))
    );
    let joined = orders.iter().find_map(|c| match c {
        Command::Bridge { call, agent } => Some((*call, *agent)),
        _ => None,
    });
    assert_eq!(joined, Some((call, ONE)));
    floor.fails(out, Cause::NoAnswer);
    assert_eq!(
        floor.records()[0].outcome,
        Outcome::Unanswered(Cause::NoAnswer)
    );
}

#[test]
fn an_attended_destination_that_is_busy_gives_the_customer_back_and_says_why() {
    let (mut floor, call) = talking_in(config(), 1);
    let out = call_out(&mut floor, TransferKind::Attended);
    floor.orders.clear();
    floor.fails(out, Cause::Busy);
    let orders = std::mem::take(&mut floor.orders);
    let why = orders.iter().find_map(|c| match c {
        Command::Refused {
            agent: ONE,
            code,
            why,
        } => Some((code.name(), why.clone())),
        _ => None,
    });
    let (code, why) = why.unwrap();
    assert_eq!((code, why.contains("busy")), ("outside_failed", true));
    assert_eq!(floor.state(1), AgentState::Talking(call));
    let call = &floor.engine.calls[&call];
    assert!(!call.talk.is_parked() && call.talk.third.is_none());
}

#[test]
fn trunk_trouble_takes_the_destination_to_the_next_trunk() {
    let (mut floor, call) = talking_in(config(), 1);
    floor.tell(Input::Trunk(Box::new(trunk(2, 1))));
    floor.tell(Input::TrunkHealth {
        trunk: TrunkId(2),
        health: TrunkHealth::Up,
    });
    let out = call_out(&mut floor, TransferKind::Attended);
    floor.orders.clear();
    floor.fails(out, Cause::TrunkFailure);
    let orders = std::mem::take(&mut floor.orders);
    let next = orders.iter().find_map(|c| match c {
        Command::CallOut(order) => Some((order.call, order.trunk)),
        _ => None,
    });
    let (next, trunk) = next.unwrap();
    assert_eq!(trunk, TrunkId(2));
    assert!(!orders.iter().any(|c| matches!(c, Command::Refused { .. })));
    floor.news(next, Progress::Answered);
    assert_eq!(floor.plans(), [format!("c1:~ a1:c{next} c{next}:a1")]);
    assert_eq!(
        (floor.channels(), floor.state(1)),
        (2, AgentState::Talking(call))
    );
}

#[test]
fn only_destinations_of_the_campaign_with_ordinary_numbers_are_called() {
    let (mut floor, _) = talking_in(config(), 1);
    for (name, code) in [("hotline", "not_allowed"), ("mum", "unknown_target")] {
        let to = TransferTo::Destination(name.into());
        transfer(&mut floor, to, TransferKind::Attended);
        assert_eq!(floor.refusals(), [code]);
    }
    assert_eq!(floor.channels(), 1);
    let health = TrunkHealth::Down("no answer".into());
    floor.tell(Input::TrunkHealth {
        trunk: TrunkId(1),
        health,
    });
    floor.orders.clear();
    let to = TransferTo::Destination("claims".into());
    transfer(&mut floor, to, TransferKind::Attended);
    assert_eq!(floor.refusals(), ["outside_failed"]);
}

#[test]
fn an_agent_lost_while_consulting_outside_leaves_the_two_together() {
    let (mut floor, call, out) = consulting();
    floor.tell(Input::AgentLine {
        agent: ONE,
        up: false,
    });
    assert_eq!(floor.plans(), [format!("c1:c{out} c{out}:c1")]);
    floor.news(call, Progress::HungUp);
    assert_eq!(floor.hang_ups(), [out]);
}

#[test]
fn an_agent_lost_while_the_destination_rings_leaves_the_customer_with_music() {
    let (mut floor, _) = talking_in(config(), 1);
    let out = call_out(&mut floor, TransferKind::Attended);
    floor.rings(out);
    floor.orders.clear();
    floor.tell(Input::AgentLine {
        agent: ONE,
        up: false,
    });
    assert_eq!(floor.plans(), ["c1:~"]);
    assert_eq!((floor.messages(), floor.channels()), (vec![], 2));
}

#[test]
fn the_customer_who_hangs_up_takes_the_outside_call_along() {
    let (mut floor, call, out) = consulting();
    floor.news(call, Progress::HungUp);
    assert_eq!(floor.hang_ups(), [out]);
    assert_eq!(floor.state(1), AgentState::WrapUp(call));
    floor.news(out, Progress::HungUp);
    assert_eq!(floor.channels(), 0);
}

#[test]
fn a_conversation_nobody_of_the_house_is_in_ends_after_four_hours() {
    let (mut floor, call, out) = consulting();
    floor.tell(Input::Adjust {
        campaign: CAMPAIGN,
        dial: Dial::Running(false),
    });
    step(&mut floor, ConsultStep::Complete);
    floor.orders.clear();
    floor.pass(4.0 * 3600.0 - 1.0);
    assert_eq!(floor.hang_ups(), []);
    floor.pass(1.0);
    assert_eq!(floor.hang_ups(), [out, call]);
}

#[test]
fn a_second_answer_of_a_destination_is_ended_at_once() {
    let (mut floor, _, out) = consulting();
    floor.tell(Input::ExtraAnswer { call: out, leg: 9 });
    let orders = std::mem::take(&mut floor.orders);
    let adopted = orders.iter().find_map(|c| match c {
        Command::Adopt { call, leg: 9, .. } => Some(*call),
        _ => None,
    });
    let adopted = adopted.unwrap();
    assert!(
        orders
            .iter()
            .any(|c| matches!(c, Command::HangUp { call } if *call == adopted))
    );
    floor.news(adopted, Progress::HungUp);
    assert_eq!(floor.records()[0].direction, Direction::Transfer);
}
