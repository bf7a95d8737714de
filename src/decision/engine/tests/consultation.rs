//! Colleagues who are asked first.

use super::conversations::*;
use super::*;
use crate::agent::BreakReason;
use crate::conversation::{ConsultStep, TransferKind, TransferTo};

#[test]
fn a_consultation_completes_joins_and_cancels() {
    let (mut floor, call) = talking(2);
    to_two(&mut floor, TransferKind::Attended);
    assert_eq!(floor.plans(), ["c1:~ a1:a2 a2:a1"]);
    assert_eq!(floor.state(2), AgentState::Talking(call), "not for others");
    floor.pass(6.0);
    step(&mut floor, ConsultStep::Join);
    assert_eq!(floor.plans(), ["c1:a1+a2 a1:c1+a2 a2:c1+a1"]);
    floor.pass(4.0);
    step(&mut floor, ConsultStep::Complete);
    assert_eq!(floor.plans(), ["c1:a2 a2:c1"]);
    assert_eq!(floor.state(1), AgentState::WrapUp(call));
    assert_eq!(floor.state(2), AgentState::Talking(call));
    floor.pass(10.0);
    floor.tell(Input::AgentHangUp { agent: TWO });
    floor.news(call, Progress::HungUp);
    let record = floor.records().remove(0);
    assert_eq!((record.agent, record.hold_ms), (Some(TWO), 6_000));
    assert_eq!(record.talk_ms, Some(20_000));
    assert_eq!(floor.state(2), AgentState::WrapUp(call));
}

#[test]
fn a_cancelled_consultation_gives_everybody_back() {
    let (mut floor, call) = talking(2);
    hold(&mut floor, true);
    floor.orders.clear();
    to_two(&mut floor, TransferKind::Attended);
    hold(&mut floor, false);
    assert_eq!(floor.refusals(), ["wrong_moment"], "the customer is parked");
    to_two(&mut floor, TransferKind::Attended);
    assert_eq!(floor.refusals(), ["wrong_moment"]);
    step(&mut floor, ConsultStep::Cancel);
    assert_eq!(floor.plans(), ["c1:a1 a1:c1"]);
    assert_eq!(floor.state(1), AgentState::Talking(call));
    assert_eq!(
        floor.state(2),
        AgentState::Ready,
        "no wrap-up for a question"
    );
}

#[test]
fn the_one_consulted_has_no_say_over_the_customer() {
    let (mut floor, call) = talking(2);
    to_two(&mut floor, TransferKind::Attended);
    floor.tell(Input::AgentHold {
        agent: TWO,
        on: true,
    });
    let to = TransferTo::Campaign(CAMPAIGN);
    let kind = TransferKind::Blind;
    let agent = TWO;
    floor.tell(Input::AgentTransfer { agent, to, kind });
    assert_eq!(floor.refusals(), ["wrong_moment"; 2]);
    floor.tell(Input::AgentHangUp { agent: TWO });
    assert_eq!(floor.plans(), ["c1:a1 a1:c1"]);
    assert_eq!(floor.state(2), AgentState::Ready);
    assert_eq!(floor.state(1), AgentState::Talking(call));
    assert_eq!(floor.hang_ups(), []);
}

#[test]
fn the_customer_who_hangs_up_in_a_consultation_frees_both() {
    for joined in [false, true] {
        let (mut floor, call) = talking(2);
        to_two(&mut floor, TransferKind::Attended);
        if joined {
            step(&mut floor, ConsultStep::Join);
        }
        floor.orders.clear();
        floor.news(call, Progress::HungUp);
        assert_eq!(floor.plans(), [""]);
        assert_eq!(floor.state(1), AgentState::WrapUp(call));
        let second = if joined {
            AgentState::WrapUp(call)
        } else {
            AgentState::Ready
        };
        assert_eq!(floor.state(2), second);
    }
}

#[test]
fn an_agent_lost_in_a_consultation_leaves_the_customer_to_the_colleague() {
    for logout in [false, true] {
        let (mut floor, call) = talking(2);
        to_two(&mut floor, TransferKind::Attended);
        floor.orders.clear();
        if logout {
            floor.tell(Input::AgentLogout {
                agent: ONE,
                now: true,
            });
        } else {
            floor.tell(Input::AgentLine {
                agent: ONE,
                up: false,
            });
        }
        assert_eq!(floor.plans(), ["c1:a2 a2:c1"]);
        assert_eq!(floor.messages(), []);
        floor.pass(5.0);
        floor.news(call, Progress::HungUp);
        assert_eq!(floor.records()[0].agent, Some(TWO));
    }
}

#[test]
fn a_colleague_lost_in_a_consultation_leaves_the_customer_to_the_agent() {
    let (mut floor, call) = talking(2);
    to_two(&mut floor, TransferKind::Attended);
    floor.orders.clear();
    floor.tell(Input::AgentLine {
        agent: TWO,
        up: false,
    });
    assert_eq!(floor.plans(), ["c1:a1 a1:c1"]);
    assert_eq!(floor.state(1), AgentState::Talking(call));
    assert_eq!(floor.state(2), AgentState::Break(BreakReason::LineLost));
}
