//! Reports.

use super::Open;
use super::make::{CAMPAIGN, HOUR, NOW, OTHER, later, number, record, unanswered};
use carillon_decision::agent::{AgentState, BreakReason};
use carillon_decision::call::{CallRecord, Cause, Direction, Outcome};
use carillon_decision::id::{AgentId, CallId, LeadId};
use carillon_decision::status::TimeSplit;
use carillon_decision::time::Wall;
use carillon_store::{AgentChange, HourRow};

pub async fn figures_match_the_records(open: &Open) {
    let store = open("report").await;
    let call = |i: u64, outcome| record(i, LeadId(i), number(i), later(i), outcome);
    let failed = |i: u64, cause| {
        unanswered(
            i,
            LeadId(i),
            number(i),
            later(i),
            Outcome::Unanswered(cause),
        )
    };
    let calls = [
        CallRecord {
            talk_ms: Some(10_000),
            ..call(1, Outcome::Connected)
        },
        CallRecord {
            talk_ms: Some(30_000),
            ..call(2, Outcome::Connected)
        },
        CallRecord {
            talk_ms: None,
            ..call(3, Outcome::Abandoned)
        },
        CallRecord {
            talk_ms: None,
            wait_ms: None,
            ..call(4, Outcome::Machine)
        },
        failed(5, Cause::Busy),
        failed(6, Cause::NotSent),
        CallRecord {
            direction: Direction::Inbound,
            talk_ms: None,
            ..call(7, Outcome::InboundLost)
        },
        CallRecord {
            campaign: OTHER,
            ..call(8, Outcome::Connected)
        },
        CallRecord {
            started: NOW + HOUR,
            ..failed(9, Cause::NoAnswer)
        },
        CallRecord {
            started: NOW + HOUR * 2,
            ..failed(10, Cause::NoAnswer)
        },
        CallRecord {
            started: Wall(NOW.0 - 1),
            ..failed(11, Cause::NoAnswer)
        },
    ];
    for call in calls {
        store.finish_call(call).await.unwrap();
    }
    let report = store
        .report(NOW, NOW + HOUR * 2, Some(CAMPAIGN))
        .await
        .unwrap();
    assert_eq!((report.placed, report.inbound), (6, 1));
    assert_eq!((report.answered, report.answered_human), (4, 3));
    assert_eq!((report.connected, report.abandoned), (2, 1));
    assert_eq!(report.abandonment, 1.0 / 3.0);
    assert_eq!(report.answer_seizure_ratio, 4.0 / 6.0);
    assert_eq!(report.connect_rate, 0.5);
    assert_eq!(report.outcomes["not_sent"], 1);
    assert_eq!(report.outcomes.values().sum::<u64>(), 7);
    assert_eq!(
        (
            report.talk_ms.count,
            report.talk_ms.mean,
            report.talk_ms.max
        ),
        (2, 20_000.0, 30_000)
    );
    assert_eq!(report.wait_ms.count, 3);
    let hour = |start, placed, answered_human, connected, abandoned| HourRow {
        start,
        placed,
        answered_human,
        connected,
        abandoned,
    };
    assert_eq!(
        report.hours,
        [hour(NOW, 5, 3, 2, 1), hour(NOW + HOUR, 1, 0, 0, 0)]
    );
    let all = store.report(Wall(0), Wall(i64::MAX), None).await.unwrap();
    assert_eq!(all.placed, 9);
    let nothing = store.report(Wall(0), Wall(1), None).await.unwrap();
    assert_eq!((nothing.placed, nothing.abandonment), (0, 0.0));
}

pub async fn agents_time_is_split_by_state(open: &Open) {
    let store = open("agents").await;
    let call = CallId(1);
    let states = [
        (Wall(NOW.0 - 60_000), AgentState::Connecting),
        (Wall(NOW.0 - 50_000), AgentState::Ready),
        (later(10), AgentState::Reserved(call)),
        (later(11), AgentState::Talking(call)),
        (later(51), AgentState::WrapUp(call)),
        (later(71), AgentState::Break(BreakReason::Requested)),
        (later(100), AgentState::LoggedOut),
    ];
    let mut from = AgentState::LoggedOut;
    for (at, to) in states {
        store
            .record_agent_change(AgentChange {
                agent: AgentId(3),
                from,
                to,
                at,
            })
            .await
            .unwrap();
        from = to;
    }
    let late = AgentChange {
        agent: AgentId(4),
        from: AgentState::Connecting,
        to: AgentState::Ready,
        at: later(90),
    };
    store.record_agent_change(late).await.unwrap();
    let report = store.report(NOW, later(120), None).await.unwrap();
    let [three, four] = &report.agents[..] else {
        panic!("{:?}", report.agents)
    };
    let split = TimeSplit {
        ready_s: 10.0,
        reserved_s: 1.0,
        talk_s: 40.0,
        wrap_s: 20.0,
        break_s: 29.0,
    };
    assert_eq!(
        (three.agent, three.times, three.occupancy),
        (AgentId(3), split, 0.6)
    );
    assert_eq!((four.times.ready_s, four.occupancy), (30.0, 0.0));
}
