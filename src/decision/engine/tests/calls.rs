//! Calls from ring to record.

use super::*;
use crate::call::{Direction, EndedBy, Outcome};
use crate::lead::LeadStatus;

const RATIO_2: Mode = Mode::ManualRatio { ratio: 2.0 };

#[test]
fn an_answered_person_is_joined_at_once_with_the_longest_idle_agent() {
    let mut floor = Floor::open(Mode::Progressive, 1);
    floor.pass(5.0);
    floor.agent(2, LineKind::NailedUp, &[]);
    let call = floor.dialed(1)[0];
    floor.rings(call);
    floor.pass(8.0);
    floor.news(call, Progress::Answered);
    assert_eq!(floor.bridges(), [(call, AgentId(1))]);
    floor.news(call, Progress::Bridged);
    assert_eq!(floor.state(1), AgentState::Talking(call));
    floor.pass(30.0);
    floor.news(call, Progress::HungUp);
    let orders = std::mem::take(&mut floor.orders);
    let record = orders
        .iter()
        .find_map(|c| match c {
            Command::Record(record) => Some(record),
            _ => None,
        })
        .unwrap();
    assert_eq!(record.outcome, Outcome::Connected);
    assert_eq!(
        (record.agent, record.ended_by),
        (Some(AgentId(1)), Some(EndedBy::Customer))
    );
    assert_eq!(
        (record.talk_ms, record.ring_ms, record.wait_ms),
        (Some(30_000), Some(8_000), Some(0))
    );
    assert!(record.permit.is_some() && record.decision.is_some());
    let done = orders.iter().any(
        |c| matches!(c, Command::LeadDone { update, .. } if update.status == LeadStatus::Completed),
    );
    assert!(done, "the lead is completed");
    assert_eq!(
        (floor.state(1), floor.channels()),
        (AgentState::WrapUp(call), 0)
    );
    assert_eq!(floor.today(), (1, 0));
}

#[test]
fn without_an_agent_in_two_seconds_the_message_plays_and_the_ledger_says_so() {
    let mut floor = Floor::open(RATIO_2, 1);
    let calls = floor.dialed(2);
    for call in &calls {
        floor.rings(*call);
        floor.news(*call, Progress::Answered);
    }
    assert_eq!(floor.bridges().len(), 1);
    floor.news(calls[0], Progress::Bridged);
    floor.pass(1.999);
    assert_eq!(floor.messages(), []);
    floor.pass(0.001);
    assert_eq!(floor.messages(), [calls[1]]);
    assert_eq!(floor.today(), (2, 1));
    floor.news(calls[1], Progress::MessageEnded);
    assert_eq!(floor.hang_ups(), [calls[1]]);
    floor.news(calls[1], Progress::HungUp);
    let record = floor.records().remove(0);
    assert_eq!(
        (record.outcome, record.wait_ms),
        (Outcome::Abandoned, Some(2000))
    );
    assert_eq!(floor.today(), (2, 1), "counted once");
}

#[test]
fn an_agent_who_becomes_ready_in_time_takes_the_waiting_person() {
    let mut floor = Floor::open(RATIO_2, 1);
    let calls = floor.dialed(2);
    for call in &calls {
        floor.rings(*call);
        floor.news(*call, Progress::Answered);
    }
    floor.news(calls[0], Progress::Bridged);
    floor.pass(1.0);
    floor.news(calls[0], Progress::HungUp);
    floor.orders.clear();
    floor.tell(Input::AgentReady { agent: AgentId(1) });
    assert_eq!(floor.bridges(), [(calls[1], AgentId(1))]);
}

#[test]
fn the_clock_runs_from_the_end_of_the_greeting() {
    let mut config = campaign(RATIO_2);
    config.screening = Screening::Fast;
    let mut floor = Floor::with(config, 1);
    let calls = floor.dialed(2);
    for call in &calls {
        floor.rings(*call);
        floor.news(*call, Progress::Answered);
        floor.news(*call, Progress::SpeechStarted);
    }
    floor.pass(1.2);
    assert_eq!(
        floor.bridges(),
        [],
        "nobody is joined before it is known who answered"
    );
    floor.person(calls[0], 400);
    floor.person(calls[1], 400);
    floor.orders.clear();
    floor.pass(1.599);
    assert_eq!(floor.messages(), []);
    floor.pass(0.001);
    assert_eq!(floor.messages(), [calls[1]]);
}

#[test]
fn silence_after_the_answer_is_a_person_before_the_deadline() {
    let mut config = campaign(Mode::Progressive);
    config.screening = Screening::Fast;
    let mut floor = Floor::with(config, 1);
    let call = floor.dialed(1)[0];
    floor.rings(call);
    floor.news(call, Progress::Answered);
    floor.pass(1.699);
    assert_eq!(floor.bridges(), []);
    floor.pass(0.001);
    assert_eq!(floor.bridges(), [(call, AgentId(1))]);
}

#[test]
fn machines_are_hung_up_without_an_agent() {
    let mut config = campaign(Mode::Progressive);
    config.screening = Screening::Fast;
    let mut floor = Floor::with(config, 1);
    let call = floor.dialed(1)[0];
    floor.rings(call);
    floor.news(call, Progress::Answered);
    floor.news(
        call,
        Progress::Verdict {
            who: AmdVerdict::Machine,
            greeting_ended: Duration::ZERO,
        },
    );
    assert_eq!(floor.hang_ups(), [call]);
    floor.news(call, Progress::HungUp);
    assert_eq!(floor.records()[0].outcome, Outcome::Machine);
    assert_eq!((floor.state(1), floor.today()), (AgentState::Ready, (0, 0)));
}

#[test]
fn ring_time_out_counts_from_the_first_ringing_sign() {
    let mut floor = Floor::open(Mode::Progressive, 1);
    let call = floor.dialed(1)[0];
    floor.news(call, Progress::Sent);
    floor.pass(10.0);
    floor.news(call, Progress::Ringing);
    floor.pass(24.9);
    assert_eq!(floor.hang_ups(), []);
    floor.pass(0.2);
    assert_eq!(floor.hang_ups(), [call]);
    floor.fails(call, Cause::NoAnswer);
    let record = floor.records().remove(0);
    assert_eq!(record.outcome, Outcome::Unanswered(Cause::NoAnswer));
    assert_eq!((record.pdd_ms, floor.channels()), (Some(10_000), 0));
}

#[test]
fn a_200_that_crosses_our_cancel_is_a_person_on_the_line() {
    for free in [true, false] {
        let mut floor = Floor::open(Mode::Progressive, 1);
        let call = floor.dialed(1)[0];
        floor.rings(call);
        floor.pass(25.1);
        assert_eq!(floor.hang_ups(), [call]);
        if !free {
            floor.tell(Input::AgentBreak {
                agent: AgentId(1),
                reason: crate::agent::BreakReason::Requested,
            });
        }
        floor.news(call, Progress::Answered);
        if free {
            assert_eq!(floor.bridges(), [(call, AgentId(1))]);
            floor.news(call, Progress::Bridged);
            assert_eq!(floor.today(), (1, 0));
        } else {
            floor.pass(2.0);
            assert_eq!(floor.messages(), [call]);
            assert_eq!(floor.today(), (1, 1));
        }
        floor.news(call, Progress::HungUp);
        let record = floor.records().remove(0);
        assert!(record.late_answer && record.outcome.human_answered());
    }
}

#[test]
fn a_second_200_is_a_call_of_its_own() {
    let mut floor = Floor::open(Mode::Progressive, 2);
    let call = floor.dialed(1)[0];
    floor.rings(call);
    floor.news(call, Progress::Answered);
    floor.news(call, Progress::Bridged);
    floor.orders.clear();
    floor.tell(Input::ExtraAnswer { call, leg: 77 });
    let orders = std::mem::take(&mut floor.orders);
    let adopted = orders.iter().find_map(|c| match c {
        Command::Adopt {
            call: new,
            original,
            leg,
            ..
        } => Some((*new, *original, *leg)),
        _ => None,
    });
    let (second, original, leg) = adopted.unwrap();
    assert_eq!((original, leg), (call, 77));
    assert!(orders.iter().any(
        |c| matches!(c, Command::Bridge { call, agent } if *call == second && *agent == AgentId(2))
    ));
    assert_eq!(floor.channels(), 2);
    floor.news(second, Progress::Bridged);
    floor.news(second, Progress::HungUp);
    floor.news(call, Progress::HungUp);
    assert_eq!(floor.records().len(), 2);
    assert_eq!((floor.channels(), floor.today()), (0, (2, 0)));
}

#[test]
fn hanging_up_while_waiting_counts_as_abandoned() {
    let mut floor = Floor::open(RATIO_2, 1);
    let calls = floor.dialed(2);
    for call in &calls {
        floor.rings(*call);
        floor.news(*call, Progress::Answered);
    }
    floor.news(calls[0], Progress::Bridged);
    floor.pass(0.5);
    floor.news(calls[1], Progress::HungUp);
    assert_eq!(floor.records()[0].outcome, Outcome::Abandoned);
    assert_eq!(floor.today(), (2, 1));
}

#[test]
fn the_opt_out_key_enters_do_not_call_and_closes_the_lead() {
    let mut floor = Floor::open(RATIO_2, 1);
    let calls = floor.dialed(2);
    for call in &calls {
        floor.rings(*call);
        floor.news(*call, Progress::Answered);
    }
    floor.news(calls[0], Progress::Bridged);
    floor.pass(2.0);
    floor.news(calls[1], Progress::OptOut);
    let entered = floor.take(|c| match c {
        Command::EnterDoNotCall { number, .. } => Some(*number),
        _ => None,
    });
    assert_eq!(entered, [E164::new(12_125_550_102).unwrap()]);
    floor.news(calls[1], Progress::HungUp);
    assert_eq!(floor.leads_done()[0].1.status, LeadStatus::DoNotCall);
}

#[test]
fn inbound_waits_for_an_agent_then_hears_the_message() {
    let mut floor = Floor::open(Mode::Progressive, 1);
    let ours = E164::new(12_125_550_199).unwrap();
    let from = E164::new(12_125_550_105);
    floor.tell(Input::Inbound {
        leg: 1,
        from,
        to: ours,
        trunk: TrunkId(1),
    });
    let bridged = floor.bridges();
    assert_eq!(bridged.len(), 1);
    floor.news(bridged[0].0, Progress::Bridged);
    floor.tell(Input::Inbound {
        leg: 2,
        from,
        to: ours,
        trunk: TrunkId(1),
    });
    floor.orders.clear();
    floor.pass(20.0);
    let waiting = floor.messages();
    assert_eq!(waiting.len(), 1);
    floor.news(waiting[0], Progress::MessageEnded);
    floor.news(waiting[0], Progress::HungUp);
    let record = floor.records().remove(0);
    assert_eq!(
        (record.outcome, record.direction),
        (Outcome::InboundMessage, Direction::Inbound)
    );
    assert_eq!(
        floor.today(),
        (0, 0),
        "inbound never enters the abandonment ledger"
    );
}

#[test]
fn a_need_that_falls_away_frees_a_caller_of_a_paused_campaign() {
    let mut config = campaign(Mode::Progressive);
    let drop_after = Some(Duration::from_secs(5));
    config.needs = vec![crate::routing::Need {
        skill: "spanish".into(),
        level: 1,
        drop_after,
    }];
    let mut floor = Floor::with(config, 1);
    floor.tell(Input::Adjust {
        campaign: CAMPAIGN,
        dial: Dial::Running(false),
    });
    floor.pass(3.0);
    let ours = E164::new(12_125_550_199).unwrap();
    floor.tell(Input::Inbound {
        leg: 1,
        from: None,
        to: ours,
        trunk: TrunkId(1),
    });
    floor.pass(4.9);
    assert_eq!(floor.bridges(), []);
    floor.pass(0.6);
    assert_eq!(floor.bridges().len(), 1);
}

#[test]
fn a_stranger_number_is_refused() {
    let mut floor = Floor::open(Mode::Progressive, 1);
    floor.orders.clear();
    floor.tell(Input::Inbound {
        leg: 9,
        from: None,
        to: E164::new(442_079_460_000).unwrap(),
        trunk: TrunkId(1),
    });
    let refused = floor.take(|c| matches!(c, Command::RejectInbound { leg: 9 }).then_some(()));
    assert_eq!(refused.len(), 1);
}
