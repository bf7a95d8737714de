//! Attempts, records, the ledger.

use super::Open;
use super::make::{
    CAMPAIGN, NOW, OTHER, attempt, import, later, new_lead, number, record, unanswered,
};
use carillon_decision::call::{CallRecord, Cause, Direction, EndedBy, Outcome};
use carillon_decision::id::{AgentId, CallId, LeadId};
use carillon_decision::ledger::{LedgerState, QUARTER_MS, Tally};
use carillon_decision::time::Wall;
use carillon_store::{Attempt, CallEntry, CallFilter, NOTE_CHARS_MAX, Store, StoreError};

const NO_ANSWER: Outcome = Outcome::Unanswered(Cause::NoAnswer);

pub async fn an_attempt_is_open_until_its_record(open: &Open) {
    let store = open("attempt").await;
    let id = import(&*store, "l", vec![new_lead(1)]).await[0];
    let one = attempt(5, id, number(1), NOW);
    store.begin_attempt(one.clone()).await.unwrap();
    store
        .begin_attempt(attempt(6, id, number(1), later(1)))
        .await
        .unwrap();
    let again = store.begin_attempt(one.clone()).await;
    assert_eq!(
        again,
        Err(StoreError::Duplicate {
            what: "attempt of call",
            id: 5
        })
    );
    drop(store);
    let store = open("attempt").await;
    let unfinished = store.unfinished_attempts().await.unwrap();
    assert_eq!(unfinished.len(), 2);
    assert_eq!(unfinished[0].attempt, one);
    store
        .finish_call(unanswered(5, id, number(1), NOW, NO_ANSWER))
        .await
        .unwrap();
    let left = store.unfinished_attempts().await.unwrap();
    assert_eq!(
        left.iter().map(|a| a.attempt.call).collect::<Vec<_>>(),
        [CallId(6)]
    );
    let entry = store.call(CallId(5)).await.unwrap();
    assert_eq!(entry.sip_call_id.as_deref(), Some("call-5@carillon"));
    assert!(!entry.settled);
}

pub async fn a_record_comes_back_equal(open: &Open) {
    let store = open("record").await;
    for (i, outcome) in Outcome::ALL.into_iter().enumerate() {
        let call = i as u64 + 1;
        let ended = [EndedBy::Customer, EndedBy::Agent, EndedBy::System][i % 3];
        let outbound = CallRecord {
            ended_by: Some(ended),
            late_answer: i % 2 == 0,
            ..record(call, LeadId(1), number(1), NOW, outcome)
        };
        store.finish_call(outbound.clone()).await.unwrap();
        assert_eq!(store.call(CallId(call)).await.unwrap().record, outbound);
    }
    let inbound = CallRecord {
        lead: None,
        direction: Direction::Inbound,
        number: None,
        follows: None,
        decision: None,
        permit: None,
        ..unanswered(99, LeadId(1), number(1), NOW, Outcome::InboundLost)
    };
    store.finish_call(inbound.clone()).await.unwrap();
    assert_eq!(store.call(CallId(99)).await.unwrap().record, inbound);
    // With an attempt the permit is stored there, once, and still comes back.
    store
        .begin_attempt(attempt(100, LeadId(1), number(1), NOW))
        .await
        .unwrap();
    let proven = record(100, LeadId(1), number(1), NOW, Outcome::Connected);
    store.finish_call(proven.clone()).await.unwrap();
    assert_eq!(store.call(CallId(100)).await.unwrap().record, proven);
}

pub async fn a_call_has_one_record(open: &Open) {
    let store = open("record-once").await;
    let id = import(&*store, "l", vec![new_lead(1)]).await[0];
    let first = record(5, id, number(1), NOW, Outcome::Connected);
    store.finish_call(first.clone()).await.unwrap();
    let second = store
        .finish_call(CallRecord {
            total_ms: 1,
            ..first.clone()
        })
        .await;
    assert_eq!(
        second,
        Err(StoreError::Duplicate {
            what: "record of call",
            id: 5
        })
    );
    assert_eq!(store.call(CallId(5)).await.unwrap().record, first);
    assert_eq!(
        store.lead(id).await.unwrap().attempts,
        1,
        "the second changed nothing"
    );
    let unknown = store.call(CallId(6)).await;
    assert_eq!(
        unknown,
        Err(StoreError::NotFound {
            what: "record of call",
            id: 6
        })
    );
}

pub async fn a_crashed_attempt_is_settled_once(open: &Open) {
    let store = open("settle").await;
    let id = import(&*store, "l", vec![new_lead(1)]).await[0];
    store
        .begin_attempt(attempt(5, id, number(1), NOW))
        .await
        .unwrap();
    let cancelled = Outcome::Unanswered(Cause::Cancelled);
    assert!(store.settle_attempt(CallId(5), cancelled).await.unwrap());
    assert!(
        !store
            .settle_attempt(CallId(5), Outcome::Connected)
            .await
            .unwrap()
    );
    let entry = store.call(CallId(5)).await.unwrap();
    assert!(entry.settled);
    assert_eq!(
        (entry.record.outcome, entry.record.started),
        (cancelled, NOW)
    );
    assert_eq!(
        entry.record.permit,
        Some(attempt(5, id, number(1), NOW).permit)
    );
    assert_eq!(store.unfinished_attempts().await.unwrap(), []);
    assert_eq!(store.lead(id).await.unwrap().attempts, 1);
    assert!(store.settle_attempt(CallId(6), NO_ANSWER).await.is_err());
}

pub async fn a_destination_called_for_a_conversation_is_no_attempt_on_anyone(open: &Open) {
    let store = open("transfer").await;
    let id = import(&*store, "l", vec![new_lead(1)]).await[0];
    let of_conversation = |call| Attempt {
        lead: None,
        decision: None,
        follows: Some(CallId(1)),
        ..attempt(call, id, number(1), NOW)
    };
    store.begin_attempt(of_conversation(5)).await.unwrap();
    let transfer = CallRecord {
        direction: Direction::Transfer,
        follows: Some(CallId(1)),
        decision: None,
        ..record(5, id, number(1), NOW, Outcome::Connected)
    };
    store.finish_call(transfer.clone()).await.unwrap();
    let read = store.call(CallId(5)).await.unwrap().record;
    assert_eq!(read.direction, Direction::Transfer);
    assert_eq!(read.permit, transfer.permit, "the attempt keeps it");
    // One that a crash left open is settled as what it was.
    store.begin_attempt(of_conversation(6)).await.unwrap();
    let open_now = store.unfinished_attempts().await.unwrap();
    assert_eq!(open_now[0].attempt, of_conversation(6));
    assert!(store.settle_attempt(CallId(6), NO_ANSWER).await.unwrap());
    let settled = store.call(CallId(6)).await.unwrap().record;
    assert_eq!(
        (settled.direction, settled.lead, settled.follows),
        (Direction::Transfer, None, Some(CallId(1)))
    );
    let only = |direction| CallFilter {
        direction: Some(direction),
        ..CallFilter::default()
    };
    let transfers = store.calls(only(Direction::Transfer), 10).await.unwrap();
    assert_eq!(transfers.len(), 2);
    assert!(
        store
            .calls(only(Direction::Outbound), 10)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        store
            .calls(only(Direction::Inbound), 10)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(store.lead(id).await.unwrap().attempts, 0);
    let ledger = store.ledger(CAMPAIGN, Wall(0)).await.unwrap();
    assert!(
        ledger.quarters.is_empty(),
        "no customer was connected by it"
    );
    let report = store.report(Wall(0), later(100), None).await.unwrap();
    assert_eq!((report.placed, report.inbound), (0, 0));
}

pub async fn trunk_trouble_costs_no_attempt(open: &Open) {
    let store = open("trunk-trouble").await;
    let id = import(&*store, "l", vec![new_lead(1)]).await[0];
    for (call, cause) in [
        (1, Cause::Congestion),
        (2, Cause::NotSent),
        (3, Cause::Busy),
    ] {
        let outcome = Outcome::Unanswered(cause);
        store
            .finish_call(unanswered(call, id, number(1), later(call), outcome))
            .await
            .unwrap();
    }
    let lead = store.lead(id).await.unwrap();
    assert_eq!((lead.attempts, lead.last_attempt), (1, Some(later(3))));
}

pub async fn dispositions_come_in_either_order(open: &Open) {
    let store = open("disposition").await;
    let call = |i| record(i, LeadId(1), number(1), NOW, Outcome::Connected);
    store.set_disposition(CallId(1), "SALE").await.unwrap();
    store.finish_call(call(1)).await.unwrap();
    store.finish_call(call(2)).await.unwrap();
    store.set_disposition(CallId(2), "NI").await.unwrap();
    store.set_disposition(CallId(2), "CALLBK").await.unwrap();
    let said = store.calls(CallFilter::default(), 9).await.unwrap();
    let said: Vec<_> = said.iter().map(|c| c.disposition.as_deref()).collect();
    assert_eq!(said, [Some("CALLBK"), Some("SALE")]);
}

pub async fn a_note_is_kept_with_its_call_and_lead(open: &Open) {
    let store = open("note").await;
    let id = import(&*store, "l", vec![new_lead(1)]).await[0];
    let call = |i| record(i, id, number(1), later(i), Outcome::Connected);
    // Two bytes each: characters are counted.
    let long = "ü".repeat(NOTE_CHARS_MAX);
    store
        .set_note(CallId(1), "before its record")
        .await
        .unwrap();
    store.finish_call(call(1)).await.unwrap();
    store.finish_call(call(2)).await.unwrap();
    store.set_note(CallId(2), "first words").await.unwrap();
    store.set_note(CallId(2), &long).await.unwrap();
    store.set_disposition(CallId(2), "CALLBK").await.unwrap();
    store.finish_call(call(3)).await.unwrap();
    store.set_note(CallId(3), "taken back").await.unwrap();
    store.set_note(CallId(3), "").await.unwrap();
    let refused = store.set_note(CallId(3), &format!("{long}x")).await;
    assert!(
        matches!(refused, Err(StoreError::TooLarge { given: 2_001, .. })),
        "{refused:?}"
    );
    let said = |entry: &CallEntry| (entry.disposition.clone(), entry.note.clone());
    let expected = [
        (None, None),
        (Some("CALLBK".to_owned()), Some(long)),
        (None, Some("before its record".to_owned())),
    ];
    let found = store.calls(CallFilter::default(), 9).await.unwrap();
    assert_eq!(found.iter().map(said).collect::<Vec<_>>(), expected);
    let history = store.lead(id).await.unwrap().history;
    assert_eq!(history.iter().map(said).collect::<Vec<_>>(), expected);
    let one = store.call(CallId(2)).await.unwrap();
    assert_eq!(said(&one), expected[1]);
}

pub async fn call_ids_never_come_back(open: &Open) {
    let store = open("call-ids").await;
    let first = store.next_call_id().await.unwrap();
    assert!(first > CallId(0));
    store.close().await.unwrap();
    let store = open("call-ids").await;
    let second = store.next_call_id().await.unwrap();
    assert!(
        second.0 > first.0 + 1_000,
        "ids of calls that left no row stay unused"
    );
    let far = second.0 + 1_000_000;
    store
        .begin_attempt(attempt(far, LeadId(1), number(1), NOW))
        .await
        .unwrap();
    assert!(store.next_call_id().await.unwrap().0 > far);
}

async fn matches(store: &dyn Store, filter: CallFilter) -> Vec<u64> {
    let calls = store.calls(filter, 10).await.unwrap();
    calls.iter().map(|c| c.record.call.0).collect()
}

pub async fn filters_narrow_and_newest_come_first(open: &Open) {
    let store = open("filter").await;
    let call = |i: u64| record(i, LeadId(i), number(i), later(i), Outcome::Connected);
    let calls = [
        call(1),
        CallRecord {
            campaign: OTHER,
            ..call(2)
        },
        CallRecord {
            agent: Some(AgentId(7)),
            ..call(3)
        },
        CallRecord {
            direction: Direction::Inbound,
            ..call(4)
        },
        CallRecord {
            outcome: Outcome::Abandoned,
            ..call(5)
        },
    ];
    for call in calls {
        store.finish_call(call).await.unwrap();
    }
    let any = CallFilter::default();
    assert_eq!(matches(&*store, any.clone()).await, [5, 4, 3, 2, 1]);
    assert_eq!(store.calls(any.clone(), 2).await.unwrap().len(), 2);
    let cases = [
        (
            CallFilter {
                campaign: Some(OTHER),
                ..any.clone()
            },
            vec![2],
        ),
        (
            CallFilter {
                agent: Some(AgentId(7)),
                ..any.clone()
            },
            vec![3],
        ),
        (
            CallFilter {
                lead: Some(LeadId(1)),
                ..any.clone()
            },
            vec![1],
        ),
        (
            CallFilter {
                number: Some(number(2)),
                ..any.clone()
            },
            vec![2],
        ),
        (
            CallFilter {
                outcome: Some(Outcome::Abandoned),
                ..any.clone()
            },
            vec![5],
        ),
        (
            CallFilter {
                direction: Some(Direction::Inbound),
                ..any.clone()
            },
            vec![4],
        ),
        (
            CallFilter {
                from: Some(later(2)),
                to: Some(later(4)),
                ..any.clone()
            },
            vec![3, 2],
        ),
        (
            CallFilter {
                trunk: Some(carillon_decision::id::TrunkId(9)),
                ..any
            },
            vec![],
        ),
    ];
    for (filter, expected) in cases {
        assert_eq!(
            matches(&*store, filter.clone()).await,
            expected,
            "{filter:?}"
        );
    }
}

pub async fn the_ledger_counts_by_quarter_of_answer(open: &Open) {
    let store = open("ledger").await;
    let empty = store.ledger(CAMPAIGN, NOW).await.unwrap();
    assert_eq!(
        empty,
        LedgerState {
            since: NOW,
            ..LedgerState::default()
        }
    );
    let quarter = NOW.0 / QUARTER_MS;
    let at = |quarters: i64, ms: i64| Wall(NOW.0 + quarters * QUARTER_MS + ms);
    let call = |i, at, outcome| record(i, LeadId(1), number(1), at, outcome);
    let calls = [
        // Placed in the quarter before, answered at its very end, and 8 s into the next.
        call(1, at(0, -8_001), Outcome::Connected),
        call(2, at(0, -8_000), Outcome::Abandoned),
        call(3, at(0, 0), Outcome::Connected),
        call(4, at(3, 0), Outcome::Abandoned),
        call(5, at(0, 0), Outcome::Machine),
        CallRecord {
            direction: Direction::Inbound,
            ..call(6, at(0, 0), Outcome::Connected)
        },
        CallRecord {
            campaign: OTHER,
            ..call(7, at(0, 0), Outcome::Connected)
        },
    ];
    for call in calls {
        store.finish_call(call).await.unwrap();
    }
    let tally = |answered, abandoned| Tally {
        answered,
        abandoned,
    };
    let ledger = store.ledger(CAMPAIGN, Wall(0)).await.unwrap();
    assert_eq!(ledger.since, at(0, -8_001), "the campaign's first call");
    let expected = [
        (quarter - 1, tally(1, 0)),
        (quarter, tally(2, 1)),
        (quarter + 3, tally(1, 1)),
    ];
    assert_eq!(ledger.quarters, expected.into());
    let recent = store.ledger(CAMPAIGN, NOW).await.unwrap();
    assert_eq!(recent.quarters, expected[1..].iter().copied().collect());
}
