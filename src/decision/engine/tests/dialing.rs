//! What is dialed, when, on which trunk, and what becomes of leads.

use super::*;
use crate::call::Outcome;
use crate::event::Alert;
use crate::lead::{LeadStatus, PastAttempt};
use crate::pacing::Promise;

#[test]
fn progressive_dials_one_line_per_idle_agent() {
    let mut floor = Floor::open(Mode::Progressive, 3);
    assert_eq!(floor.dialed(10).len(), 3);
    floor.pass(5.0);
    assert_eq!(floor.originated(), []);
}

#[test]
fn a_ratio_and_its_change_while_running() {
    let mut floor = Floor::open(Mode::ManualRatio { ratio: 2.0 }, 2);
    assert_eq!(floor.dialed(20).len(), 4);
    let mode = Dial::Mode(Mode::ManualRatio { ratio: 3.0 });
    floor.tell(Input::Adjust {
        campaign: CAMPAIGN,
        dial: mode,
    });
    assert_eq!(floor.originated().len(), 2);
    floor.tell(Input::Adjust {
        campaign: CAMPAIGN,
        dial: Dial::Running(false),
    });
    floor.offer(vec![]);
    assert_eq!(floor.originated(), []);
}

#[test]
fn among_many_agents_a_change_waits_for_the_next_look_unless_it_presses() {
    let promise = Promise::Probabilistic;
    let mut floor = Floor::open(Mode::Predictive { promise }, 60);
    let mut wide = trunk(1, 0);
    (wide.channels, wide.calls_per_second) = (1000, 1000.0);
    floor.tell(Input::Trunk(Box::new(wide)));
    // The floor was looked at in this instant, when the campaign was started.
    assert_eq!(floor.dialed(900), []);
    floor.pass(0.25);
    floor.offer(vec![]);
    let calls = floor.originated();
    assert!(calls.len() >= 60, "{}", calls.len());
    // A quarter of a second must pass even while things happen.
    floor.pass(0.01);
    for call in &calls[..30] {
        floor.fails(*call, Cause::Busy);
    }
    assert_eq!(floor.originated(), []);
    floor.pass(0.24);
    floor.fails(calls[30], Cause::Busy);
    assert!(floor.originated().len() >= 20);
    // What somebody orders holds at once.
    floor.fails(calls[31], Cause::Busy);
    floor.tell(Input::Adjust {
        campaign: CAMPAIGN,
        dial: Dial::Mode(Mode::ManualRatio { ratio: 5.0 }),
    });
    assert!(floor.originated().len() >= 60);
}

#[test]
fn every_decision_says_what_bound_it() {
    let mut floor = Floor::open(Mode::Progressive, 2);
    floor.dialed(10);
    floor.orders.clear();
    floor.pass(3.0);
    let status = floor.engine.status(floor.now);
    assert_eq!(status.campaigns[0].binding, "agents");
    assert!(
        status.campaigns[0].reason.contains("idle"),
        "{}",
        status.campaigns[0].reason
    );
}

#[test]
fn a_lead_outside_hours_goes_back_with_its_next_allowed_time() {
    let mut floor = Floor::open(Mode::Progressive, 1);
    let mut lead = floor.lead();
    lead.zone = Some("Asia/Tokyo".into());
    floor.offer(vec![lead]);
    let (_, update) = floor.leads_done().remove(0);
    let refusal = update.refusal.unwrap();
    assert_eq!(refusal.code.name(), "outside_hours");
    assert_eq!(refusal.zone.as_deref(), Some("Asia/Tokyo"));
    // 18:00Z is 03:00 in Tokyo; 08:00 there is five hours later.
    assert_eq!(
        update.next_at,
        Some(floor.now.wall + Duration::from_secs(5 * 3600))
    );
    let status = floor.engine.status(floor.now);
    assert_eq!(
        (status.campaigns[0].binding.as_str(), update.status),
        ("hours", LeadStatus::Due)
    );
    assert_eq!(status.campaigns[0].totals.refused["outside_hours"], 1);
}

#[test]
fn a_number_listed_while_its_lead_waits_is_not_dialed() {
    let mut floor = Floor::open(Mode::Progressive, 1);
    let first = floor.dialed(1)[0];
    let lead = floor.lead();
    let number = lead.numbers[0].number;
    floor.offer(vec![lead]);
    floor.tell(Input::Listed {
        list: "internal".into(),
        numbers: vec![number],
        snapshot: SnapshotId(2),
    });
    floor.orders.clear();
    floor.fails(first, Cause::Busy);
    let orders = std::mem::take(&mut floor.orders);
    assert!(!orders.iter().any(|c| matches!(c, Command::Originate(_))));
    assert!(orders.iter().any(|c| matches!(
        c,
        Command::LeadDone { update, .. } if update.status == LeadStatus::DoNotCall
    )));
}

#[test]
fn trunk_trouble_before_ringing_goes_to_the_next_trunk() {
    let mut floor = Floor::open(Mode::Progressive, 1);
    floor.tell(Input::Trunk(Box::new(trunk(2, 1))));
    floor.tell(Input::TrunkHealth {
        trunk: TrunkId(2),
        health: TrunkHealth::Up,
    });
    let call = floor.dialed(1)[0];
    floor.news(call, Progress::Sent);
    floor.fails(call, Cause::Congestion);
    let again = floor.take(|c| match c {
        Command::Originate(o) => Some((o.trunk, o.follows)),
        _ => None,
    });
    assert_eq!(again, [(TrunkId(2), Some(call))]);
    assert_eq!(floor.channels(), 1);
}

#[test]
fn one_dead_or_full_trunk_never_holds_up_the_others() {
    for dead in [true, false] {
        let mut floor = Floor::open(Mode::Progressive, 2);
        let mut british = trunk(1, 0);
        british.prefixes = vec!["44".into()];
        british.channels = u32::from(dead);
        floor.tell(Input::Trunk(Box::new(british)));
        let mut american = trunk(2, 0);
        american.prefixes = vec!["1".into()];
        floor.tell(Input::Trunk(Box::new(american)));
        floor.tell(Input::TrunkHealth {
            trunk: TrunkId(2),
            health: TrunkHealth::Up,
        });
        if dead {
            let health = TrunkHealth::Down("silent".into());
            floor.tell(Input::TrunkHealth {
                trunk: TrunkId(1),
                health,
            });
        }
        let mut first = floor.lead();
        first.priority = 9;
        first.numbers[0].number = E164::new(442_079_460_123).unwrap();
        let (second, third) = (floor.lead(), floor.lead());
        floor.orders.clear();
        floor.offer(vec![first, second, third]);
        let orders = std::mem::take(&mut floor.orders);
        let placed = orders
            .iter()
            .filter(|c| matches!(c, Command::Originate(o) if o.trunk == TrunkId(2)));
        assert_eq!(placed.count(), 2);
        let back = orders.iter().any(|c| matches!(
            c,
            Command::LeadDone { lead, update, .. } if *lead == LeadId(1) && update.why.contains("down")
        ));
        assert_eq!(
            back, dead,
            "a lead whose trunks are down goes back, one whose trunk is full waits"
        );
    }
}

#[test]
fn after_ringing_was_heard_never_another_trunk() {
    let mut floor = Floor::open(Mode::Progressive, 1);
    floor.tell(Input::Trunk(Box::new(trunk(2, 1))));
    floor.tell(Input::TrunkHealth {
        trunk: TrunkId(2),
        health: TrunkHealth::Up,
    });
    let call = floor.dialed(1)[0];
    floor.rings(call);
    floor.fails(call, Cause::Congestion);
    let orders = std::mem::take(&mut floor.orders);
    assert!(!orders.iter().any(|c| matches!(c, Command::Originate(_))));
    let back = orders.iter().find_map(|c| match c {
        Command::LeadDone { update, .. } => Some(update.clone()),
        _ => None,
    });
    assert_eq!(back.unwrap().why, "congestion");
}

#[test]
fn refused_credentials_take_the_trunk_down_and_cost_no_attempt() {
    let mut floor = Floor::open(Mode::Progressive, 1);
    let call = floor.dialed(1)[0];
    floor.fails(call, Cause::TrunkAuth);
    let orders = std::mem::take(&mut floor.orders);
    assert!(
        orders
            .iter()
            .any(|c| matches!(c, Command::Alert(Alert::TrunkAuth(TrunkId(1)))))
    );
    let record = orders.iter().find_map(|c| match c {
        Command::Record(r) => Some(r.outcome),
        _ => None,
    });
    assert!(!record.unwrap().counts_as_attempt());
    floor.offer(vec![]);
    let trunk = &floor.engine.status(floor.now).trunks[0];
    assert!(
        !trunk.up && trunk.reason.contains("credentials"),
        "{}",
        trunk.reason
    );
    floor.pass(61.0);
    assert!(
        floor.engine.status(floor.now).trunks[0].up,
        "it is tried again after a minute"
    );
}

#[test]
fn a_silent_trunk_stops_dialing_and_resumes_by_itself() {
    let mut floor = Floor::open(Mode::Progressive, 1);
    let down = TrunkHealth::Down("no answer to OPTIONS".into());
    floor.tell(Input::TrunkHealth {
        trunk: TrunkId(1),
        health: down,
    });
    assert_eq!(floor.dialed(2), []);
    assert_eq!(
        floor.engine.status(floor.now).campaigns[0].binding,
        "trunks_down"
    );
    floor.tell(Input::TrunkHealth {
        trunk: TrunkId(1),
        health: TrunkHealth::Up,
    });
    assert_eq!(floor.originated().len(), 1);
}

#[test]
fn a_store_that_refuses_writes_stops_dialing() {
    let mut floor = Floor::open(Mode::Progressive, 1);
    floor.tell(Input::StoreHealth {
        writable: false,
        reason: "disk full".into(),
    });
    assert_eq!(floor.dialed(2), []);
    let status = floor.engine.status(floor.now);
    assert_eq!(status.store_trouble.as_deref(), Some("disk full"));
    assert_eq!(status.campaigns[0].binding, "store");
    floor.tell(Input::StoreHealth {
        writable: true,
        reason: String::new(),
    });
    assert_eq!(floor.originated().len(), 1);
}

#[test]
fn a_number_is_retired_only_after_a_second_disconnected() {
    let mut floor = Floor::open(Mode::Progressive, 1);
    let gone = Outcome::Unanswered(Cause::Disconnected);
    for confirmed in [false, true] {
        let mut lead = floor.lead();
        let number = lead.numbers[0].number;
        if confirmed {
            let at = Wall(floor.now.wall.0 - 2 * Wall::DAY_MS);
            lead.facts.history.push(PastAttempt {
                at,
                number,
                outcome: gone,
            });
        }
        floor.offer(vec![lead]);
        let call = floor.originated()[0];
        floor.fails(call, Cause::Disconnected);
        let orders = std::mem::take(&mut floor.orders);
        let retired = orders
            .iter()
            .any(|c| matches!(c, Command::RetireNumber { .. }));
        assert_eq!(retired, confirmed);
        let status = orders.iter().find_map(|c| match c {
            Command::LeadDone { update, .. } => Some(update.status),
            _ => None,
        });
        let expected = if confirmed {
            LeadStatus::Unreachable
        } else {
            LeadStatus::Due
        };
        assert_eq!(status, Some(expected));
    }
}

#[test]
fn calls_per_second_bound_the_pace() {
    let mut floor = Floor::open(Mode::Progressive, 5);
    let mut slow = trunk(1, 0);
    slow.calls_per_second = 1.0;
    floor.tell(Input::Trunk(Box::new(slow)));
    assert_eq!(floor.dialed(10).len(), 1);
    assert_eq!(
        floor.engine.status(floor.now).campaigns[0].binding,
        "calls_per_second"
    );
    floor.pass(4.1);
    assert_eq!(floor.originated().len(), 4);
}

#[test]
fn pausing_gives_leads_back_and_lets_calls_go_on() {
    let mut floor = Floor::open(Mode::Progressive, 1);
    let call = floor.dialed(3)[0];
    floor.rings(call);
    floor.orders.clear();
    floor.tell(Input::Adjust {
        campaign: CAMPAIGN,
        dial: Dial::Running(false),
    });
    assert_eq!(floor.leads_done().len(), 2);
    floor.news(call, Progress::Answered);
    assert_eq!(floor.bridges().len(), 1);
}
