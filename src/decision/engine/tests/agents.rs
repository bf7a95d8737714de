//! Agents' states.

use super::*;
use crate::agent::BreakReason;
use crate::event::Alert;
use crate::lead::{Callback, LeadStatus};

fn talking(floor: &mut Floor) -> CallId {
    let call = floor.dialed(1)[0];
    floor.rings(call);
    floor.news(call, Progress::Answered);
    floor.news(call, Progress::Bridged);
    floor.orders.clear();
    call
}

#[test]
fn wrap_up_ends_by_its_limit() {
    let mut floor = Floor::open(Mode::Progressive, 1);
    let call = talking(&mut floor);
    floor.news(call, Progress::HungUp);
    floor.pass(29.9);
    assert_eq!(floor.state(1), AgentState::WrapUp(call));
    floor.pass(0.1);
    assert_eq!(floor.state(1), AgentState::Ready);
}

#[test]
fn a_break_asked_for_in_a_call_begins_after_wrap_up() {
    let mut floor = Floor::open(Mode::Progressive, 1);
    let call = talking(&mut floor);
    floor.tell(Input::AgentBreak {
        agent: AgentId(1),
        reason: BreakReason::Requested,
    });
    assert_eq!(floor.state(1), AgentState::Talking(call));
    floor.news(call, Progress::HungUp);
    floor.pass(30.0);
    assert_eq!(floor.state(1), AgentState::Break(BreakReason::Requested));
}

#[test]
fn a_phone_lost_in_mid_call_leaves_the_customer_with_the_message() {
    let mut floor = Floor::open(Mode::Progressive, 1);
    let call = talking(&mut floor);
    floor.tell(Input::AgentLine {
        agent: AgentId(1),
        up: false,
    });
    assert_eq!(floor.state(1), AgentState::Break(BreakReason::LineLost));
    let orders = std::mem::take(&mut floor.orders);
    assert!(
        orders
            .iter()
            .any(|c| matches!(c, Command::PlayMessage { call: c, .. } if *c == call))
    );
    assert!(
        orders
            .iter()
            .any(|c| matches!(c, Command::Alert(Alert::AgentLineLost(_))))
    );
    floor.news(call, Progress::MessageEnded);
    floor.news(call, Progress::HungUp);
    assert_eq!(floor.records()[0].outcome, crate::call::Outcome::Connected);
}

#[test]
fn an_agent_who_was_leaving_is_out_when_the_line_is_lost() {
    let mut floor = Floor::open(Mode::Progressive, 1);
    talking(&mut floor);
    floor.tell(Input::AgentLogout {
        agent: AgentId(1),
        now: false,
    });
    floor.tell(Input::AgentLine {
        agent: AgentId(1),
        up: false,
    });
    assert_eq!(floor.state(1), AgentState::LoggedOut);
}

#[test]
fn a_failed_bridge_gives_the_person_to_the_next_agent() {
    let mut floor = Floor::open(Mode::Progressive, 2);
    let call = floor.dialed(1)[0];
    floor.rings(call);
    floor.news(call, Progress::Answered);
    assert_eq!(floor.bridges(), [(call, AgentId(1))]);
    floor.news(call, Progress::BridgeFailed);
    assert_eq!(floor.bridges(), [(call, AgentId(2))]);
    assert_eq!(floor.state(1), AgentState::Break(BreakReason::LineLost));
}

#[test]
fn a_phone_that_rings_first_is_rung_before_its_customer_is_dialed() {
    let mut floor = Floor::open(Mode::ManualRatio { ratio: 1.0 }, 0);
    floor.agent(1, LineKind::RingFirst, &[]);
    floor.orders.clear();
    assert_eq!(
        floor.dialed(1),
        [],
        "no customer is dialed while the phone rings"
    );
    assert_eq!(floor.state(1), AgentState::Connecting);
    floor.tell(Input::AgentLine {
        agent: AgentId(1),
        up: true,
    });
    assert_eq!(floor.originated().len(), 1);
}

#[test]
fn a_missed_call_puts_the_agent_on_a_break() {
    let mut floor = Floor::open(Mode::ManualRatio { ratio: 1.0 }, 0);
    floor.agent(1, LineKind::RingFirst, &[]);
    floor.dialed(1);
    floor.pass(20.0);
    assert_eq!(floor.state(1), AgentState::Break(BreakReason::MissedCall));
}

#[test]
fn modes_that_dial_ahead_refuse_phones_that_ring_first() {
    for mode in [
        Mode::default(),
        Mode::Progressive,
        Mode::ManualRatio { ratio: 1.5 },
    ] {
        let mut floor = Floor::open(mode, 0);
        floor.agent(1, LineKind::RingFirst, &[]);
        assert_eq!(floor.dialed(3), []);
        let status = floor.engine.status(floor.now);
        assert_eq!(status.campaigns[0].binding, "no_agents");
    }
}

#[test]
fn skills_decide_who_is_joined_and_no_skill_means_no_dial() {
    let mut floor = Floor::open(Mode::Progressive, 1);
    floor.agent(2, LineKind::NailedUp, &[("spanish", 5)]);
    let need = |level| crate::routing::Need {
        skill: "spanish".into(),
        level,
        drop_after: None,
    };
    let mut easy = floor.lead();
    easy.needs = vec![need(3)];
    let mut hard = floor.lead();
    hard.needs = vec![need(9)];
    floor.offer(vec![hard, easy]);
    let orders = std::mem::take(&mut floor.orders);
    let deferred = orders.iter().find_map(|c| match c {
        Command::LeadDone { update, .. } => Some(update.why.clone()),
        _ => None,
    });
    assert!(deferred.unwrap().contains("spanish (level 9)"));
    let call = orders.iter().find_map(|c| match c {
        Command::Originate(order) => Some(order.call),
        _ => None,
    });
    let call = call.unwrap();
    floor.rings(call);
    floor.news(call, Progress::Answered);
    assert_eq!(floor.bridges(), [(call, AgentId(2))]);
}

#[test]
fn the_disposition_settles_the_lead() {
    let mut floor = Floor::open(Mode::Progressive, 1);
    let call = talking(&mut floor);
    floor.news(call, Progress::HungUp);
    floor.orders.clear();
    let at = floor.now.wall + Duration::from_secs(3600);
    floor.tell(Input::AgentDisposition {
        agent: AgentId(1),
        call,
        disposition: "CALLBK".into(),
        callback: Some(Callback {
            at,
            agent: Some(AgentId(1)),
        }),
        ready: true,
    });
    let (_, update) = floor.leads_done().remove(0);
    assert_eq!(
        (update.status, update.next_at),
        (LeadStatus::Callback, Some(at))
    );
    assert_eq!(floor.state(1), AgentState::Ready);
}

#[test]
fn a_disposition_that_settles_nothing_keeps_the_lead_for_another_day() {
    let mut floor = Floor::open(Mode::Progressive, 1);
    let call = talking(&mut floor);
    floor.news(call, Progress::HungUp);
    floor.orders.clear();
    floor.tell(Input::AgentDisposition {
        agent: AgentId(1),
        call,
        disposition: "CALLBK".into(),
        callback: None,
        ready: true,
    });
    let (_, update) = floor.leads_done().remove(0);
    let tomorrow = floor.now.wall + Duration::from_secs(86_400);
    assert_eq!(
        (update.status, update.next_at),
        (LeadStatus::Due, Some(tomorrow))
    );
}

#[test]
fn a_disposition_in_the_call_ends_it_and_outlives_its_end() {
    let mut floor = Floor::open(Mode::Progressive, 1);
    let call = talking(&mut floor);
    floor.tell(Input::AgentDisposition {
        agent: AgentId(1),
        call,
        disposition: "DNCC".into(),
        callback: None,
        ready: false,
    });
    let orders = std::mem::take(&mut floor.orders);
    assert!(
        orders
            .iter()
            .any(|c| matches!(c, Command::HangUp { call: c } if *c == call))
    );
    assert!(
        orders
            .iter()
            .any(|c| matches!(c, Command::EnterDoNotCall { .. }))
    );
    floor.news(call, Progress::HungUp);
    assert_eq!(
        floor.leads_done(),
        [],
        "the end of the call does not overwrite the disposition"
    );
}

#[test]
fn when_all_agents_leave_dialing_stops_and_long_ringing_calls_end() {
    let mut floor = Floor::open(Mode::ManualRatio { ratio: 3.0 }, 1);
    let calls = floor.dialed(3);
    floor.rings(calls[0]);
    floor.pass(16.0);
    floor.rings(calls[1]);
    floor.rings(calls[2]);
    floor.orders.clear();
    floor.tell(Input::AgentLogout {
        agent: AgentId(1),
        now: false,
    });
    assert_eq!(floor.hang_ups(), [calls[0]]);
    floor.offer(
        (0..5)
            .map(|_| Floor::open(Mode::Progressive, 0).lead())
            .collect(),
    );
    assert_eq!(floor.originated(), []);
    floor.news(calls[1], Progress::Answered);
    floor.pass(2.0);
    assert_eq!(floor.messages(), [calls[1]]);
    floor.pass(14.0);
    assert_eq!(floor.hang_ups(), [calls[2]], "past its legal minimum");
}
