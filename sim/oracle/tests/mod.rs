//! Every oracle can fail: forged commands and forged world truth, one script for each.

mod script;

use super::*;
use carillon_decision::agent::{AgentProfile, BreakReason, LineKind};
use carillon_decision::call::{Cause, Outcome};
use carillon_decision::conversation::{AudioPlan, Hears, pair};
use carillon_decision::event::{LeadUpdate, Originate, Progress};
use carillon_decision::id::SnapshotId;
use carillon_decision::lead::LeadStatus;
use script::*;

#[test]
fn a_good_day_breaks_nothing() {
    let found = seen(|s| {
        s.dial(1, 0);
        s.dial(2, 1);
        s.person(1);
        s.bridge(1, 1);
        s.pass(40.0);
        s.news(1, Progress::HungUp);
        s.record(1, 0, Outcome::Connected);
        s.fails(2, Cause::Busy);
        s.record(2, 1, Outcome::Unanswered(Cause::Busy));
        s.hear(Input::AgentReady { agent: AgentId(1) });
        s.pass(10_000.0);
        s.dial(3, 1);
        s.person(3);
        s.bridge(3, 1);
    });
    assert_eq!(found, Vec::<&str>::new());
}

#[test]
fn permit() {
    let stale = seen(|s| {
        let order = s.order(1, 0);
        s.pass(60.0);
        s.watch(Command::Originate(Box::new(order)));
    });
    assert_eq!(stale, ["permit"]);
    let of_another = seen(|s| {
        let other = s.leads[1].id;
        s.dial_with(|order| order.lead = other);
    });
    assert_eq!(of_another, ["permit"]);
}

#[test]
fn hours() {
    // Midnight in New York: the campaign's hours end at none, the law's at nine in the evening.
    let law = seen(|s| {
        s.pass(8.0 * 3600.0);
        s.dial(1, 0);
    });
    assert_eq!(law, ["hours"]);
    let house = seen(|s| {
        let (mut campaign, _) = s.oracle.campaigns[&CampaignId(1)].clone();
        let span = "09:00-15:59".parse().unwrap();
        campaign.compliance.hours = Some(carillon_decision::compliance::WeekHours::daily(&[span]));
        s.hear(Input::Campaign(Box::new(campaign)));
        s.dial(1, 0);
    });
    assert_eq!(house, ["hours"]);
}

#[test]
fn do_not_call() {
    assert_eq!(seen(|s| s.dial(1, 3)), ["do-not-call"]);
    let entered = seen(|s| {
        let numbers = vec![number(0)];
        let (list, snapshot) = ("internal".into(), SnapshotId(2));
        s.hear(Input::Listed {
            list,
            numbers,
            snapshot,
        });
        s.dial(1, 0);
    });
    assert_eq!(entered, ["do-not-call"]);
    // Whoever pressed the key must not be called again, entered on a list or not.
    let opted_out = seen(|s| {
        s.dial(1, 0);
        s.person(1);
        s.watch(Command::PlayMessage {
            call: CallId(1),
            prompt: "sorry".into(),
        });
        s.news(1, Progress::OptOut);
        s.news(1, Progress::HungUp);
        s.record(1, 0, Outcome::Abandoned);
        // Another day, when nothing else speaks against it.
        s.pass(73.0 * 3600.0);
        s.dial(2, 0);
    });
    assert_eq!(opted_out, ["do-not-call"]);
}

#[test]
fn lease() {
    let twice = seen(|s| {
        let lead = s.leads[0].id;
        for _ in 0..2 {
            let update = LeadUpdate {
                status: LeadStatus::Due,
                next_at: None,
                callback: None,
                refusal: None,
                why: String::new(),
            };
            let campaign = CampaignId(1);
            s.watch(Command::LeadDone {
                campaign,
                lead,
                update,
            });
        }
        s.dial(1, 0);
    });
    assert_eq!(twice, ["lease"]);
}

#[test]
fn lead_twice() {
    let found = seen(|s| {
        s.dial(1, 0);
        s.dial(2, 0);
    });
    assert_eq!(found, ["lead-twice"]);
}

#[test]
fn reached() {
    let found = seen(|s| {
        s.dial(1, 0);
        s.person(1);
        s.bridge(1, 1);
        s.news(1, Progress::HungUp);
        s.record(1, 0, Outcome::Connected);
        s.pass(10_000.0);
        s.dial(2, 0);
    });
    assert_eq!(found, ["reached"]);
}

#[test]
fn attempts_and_gap() {
    let too_many = seen(|s| {
        for call in 1..=4 {
            s.rings_out(call, 0);
            s.pass(3700.0);
        }
    });
    assert_eq!(too_many, ["attempts"]);
    let too_soon = seen(|s| {
        s.rings_out(1, 0);
        s.pass(3599.0);
        s.dial(2, 0);
    });
    assert_eq!(too_soon, ["gap"]);
    // An attempt that its trunk failed costs neither.
    let failed_over = seen(|s| {
        s.dial(1, 0);
        s.fails(1, Cause::Congestion);
        s.watch(Command::Record(Box::new(record(
            1,
            s.leads[0].id,
            Outcome::Unanswered(Cause::Congestion),
            AFTERNOON,
        ))));
        let mut order = s.order(2, 0);
        order.follows = Some(CallId(1));
        s.watch(Command::Originate(Box::new(order)));
    });
    assert_eq!(failed_over, Vec::<&str>::new());
}

#[test]
fn channels_and_call_rate() {
    let full = seen(|s| {
        let mut config = s.oracle.trunks[&TrunkId(1)].config.clone();
        config.channels = 1;
        s.hear(Input::Trunk(Box::new(config)));
        s.dial(1, 0);
        s.pass(0.5);
        s.dial(2, 1);
    });
    assert_eq!(full, ["channels"]);
    let fast = seen(|s| {
        let mut config = s.oracle.trunks[&TrunkId(1)].config.clone();
        config.calls_per_second = 2.0;
        s.hear(Input::Trunk(Box::new(config)));
        for call in 0..3 {
            s.dial(1 + call, call as usize);
            s.pass(0.49);
        }
    });
    assert_eq!(fast, ["call-rate"]);
}

#[test]
fn trunk() {
    assert_eq!(
        seen(|s| s.dial_with(|order| order.trunk = TrunkId(9))),
        ["trunk"]
    );
    assert_eq!(
        seen(|s| s.dial_with(|order| order.trunk = TrunkId(2))),
        ["trunk"]
    );
    let down = seen(|s| {
        let health = TrunkHealth::Down("silent".into());
        let trunk = TrunkId(1);
        s.hear(Input::TrunkHealth { trunk, health });
        s.dial(1, 0);
    });
    assert_eq!(down, ["trunk"]);
}

#[test]
fn paused_and_caller_id() {
    let paused = seen(|s| {
        s.running(false);
        s.dial(1, 0);
    });
    assert_eq!(paused, ["paused"]);
    let draining = seen(|s| {
        s.hear(Input::Drain { on: true });
        s.dial(1, 0);
    });
    assert_eq!(draining, ["paused"]);
    let strange = |order: &mut Originate| order.caller_id = number(77);
    assert_eq!(seen(|s| s.dial_with(strange)), ["caller-id"]);
}

/// Two people who wait, and what is done with them.
fn two_waiting(tell: impl FnOnce(&mut Script)) -> Vec<&'static str> {
    seen(|s| {
        for call in [1, 2] {
            s.dial(call, call as usize - 1);
            s.person(call);
        }
        tell(s);
        for call in [1, 2] {
            s.news(call, Progress::HungUp);
            s.watch(Command::HangUp { call: CallId(call) });
        }
        s.oracle.calls.clear();
    })
}

#[test]
fn agent_twice() {
    let bridged = two_waiting(|s| {
        s.bridge(1, 1);
        s.bridge(2, 1);
    });
    assert_eq!(bridged, ["agent-twice"]);
    let by_plans = two_waiting(|s| {
        s.watch(Command::Audio(pair(CallId(1), AgentId(1))));
        s.watch(Command::Audio(pair(CallId(2), AgentId(1))));
    });
    assert_eq!(by_plans, ["agent-twice"]);
}

#[test]
fn agent_away() {
    let agent = AgentId(1);
    let asked: [Input; 3] = [
        Input::AgentBreak {
            agent,
            reason: BreakReason::Requested,
        },
        Input::AgentLogout { agent, now: false },
        Input::AgentLine { agent, up: false },
    ];
    for input in asked {
        let what = format!("{input:?}");
        let found = two_waiting(|s| {
            s.hear(input);
            s.bridge(1, 1);
        });
        assert_eq!(found, ["agent-away"], "{what}");
    }
    let in_wrap_up = two_waiting(|s| {
        s.bridge(1, 1);
        s.news(1, Progress::HungUp);
        s.record(1, 0, Outcome::Connected);
        s.bridge(2, 1);
    });
    assert_eq!(in_wrap_up, ["agent-away"]);
    let ready_again = two_waiting(|s| {
        s.bridge(1, 1);
        s.news(1, Progress::HungUp);
        s.record(1, 0, Outcome::Connected);
        s.hear(Input::AgentReady { agent });
        s.bridge(2, 1);
    });
    assert_eq!(ready_again, Vec::<&str>::new());
}

#[test]
fn skill() {
    let unskilled = two_waiting(|s| {
        s.agent(1, 2);
        s.bridge(1, 1);
    });
    assert_eq!(unskilled, ["skill"]);
    let elsewhere = two_waiting(|s| {
        s.hear(Input::Agent(Box::new(AgentProfile {
            id: AgentId(1),
            name: "a1".into(),
            skills: BTreeMap::from([("loans".into(), 9)]),
            campaigns: vec![CampaignId(7)],
            line: LineKind::NailedUp,
            role: Default::default(),
        })));
        s.bridge(1, 1);
    });
    assert_eq!(elsewhere, ["skill"]);
}

#[test]
fn ringing() {
    let hang_up = |s: &mut Script, after: f64| {
        s.dial(1, 0);
        s.news(1, Progress::Ringing);
        s.pass(after);
        s.watch(Command::HangUp { call: CallId(1) });
    };
    assert_eq!(seen(|s| hang_up(s, 14.9)), ["ringing"]);
    assert_eq!(seen(|s| hang_up(s, 15.0)), Vec::<&str>::new());
    let unheard = seen(|s| {
        s.dial(1, 0);
        s.pass(20.0);
        s.watch(Command::HangUp { call: CallId(1) });
    });
    assert_eq!(unheard, ["ringing"]);
}

#[test]
fn waiting() {
    let forgotten = seen(|s| {
        s.dial(1, 0);
        s.person(1);
        s.pass(2.001);
        s.bridge(1, 1);
    });
    // Late is late, though an agent came in the end.
    assert_eq!(forgotten, ["waiting"]);
    let hung_up_on = seen(|s| {
        s.dial(1, 0);
        s.person(1);
        s.watch(Command::HangUp { call: CallId(1) });
    });
    assert_eq!(hung_up_on, ["waiting"]);
    let unheard_caller = seen(|s| {
        s.hear(Input::Inbound {
            leg: 5,
            from: None,
            to: crate::whole::setup::caller_id(0),
            trunk: TrunkId(1),
        });
    });
    assert_eq!(unheard_caller, ["waiting"]);
}

#[test]
fn one_record_that_tells_the_truth() {
    let none = seen(|s| {
        s.dial(1, 0);
        s.fails(1, Cause::Busy);
    });
    assert_eq!(none, ["record"]);
    let two = seen(|s| {
        s.rings_out(1, 0);
        s.watch(Command::Record(Box::new(record(
            1,
            s.leads[0].id,
            Outcome::Unanswered(Cause::NoAnswer),
            AFTERNOON,
        ))));
    });
    assert_eq!(two, ["record"]);
    // An abandoned person recorded as a machine would improve the abandonment rate.
    let hidden = seen(|s| {
        s.dial(1, 0);
        s.person(1);
        s.news(1, Progress::HungUp);
        s.record(1, 0, Outcome::Machine);
    });
    assert_eq!(hidden, ["record"]);
    let invented = seen(|s| {
        s.dial(1, 0);
        s.fails(1, Cause::Busy);
        s.record(1, 0, Outcome::Connected);
    });
    assert_eq!(invented, ["record"]);
    let of_another = seen(|s| {
        s.dial(1, 0);
        s.fails(1, Cause::Busy);
        s.record(1, 1, Outcome::Unanswered(Cause::Busy));
    });
    assert_eq!(of_another, ["record"]);
}

#[test]
fn the_engines_own_sense() {
    let id_twice = seen(|s| {
        s.dial(1, 0);
        s.dial(1, 1);
    });
    assert_eq!(id_twice, ["engine"]);
    let said_so = seen(|s| s.watch(Command::Alert(Alert::InvariantBroken("queue".into()))));
    assert_eq!(said_so, ["engine"]);
    let hearing = |heard: Party| {
        two_waiting(|s| {
            s.watch(Command::Audio(AudioPlan {
                call: CallId(1),
                parties: vec![Hears {
                    who: Party::Agent(AgentId(1)),
                    hears: vec![heard],
                    music: None,
                }],
            }));
        })
    };
    assert_eq!(hearing(Party::Agent(AgentId(1))), ["engine"]);
    assert_eq!(hearing(Party::Agent(AgentId(2))), ["engine"]);
}
