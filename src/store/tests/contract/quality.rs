//! Quality of calls, and reviews.

use super::Open;
use super::make::{CAMPAIGN, NOW, OTHER, later};
use carillon_decision::id::{AgentId, CallId};
use carillon_store::{
    CallReview, NOTE_CHARS_MAX, QualityFilter, QualityRecord, ReviewState, ReviewTally, Store,
    StoreError,
};

fn measured(call: u64) -> QualityRecord {
    QualityRecord {
        call: CallId(call),
        at: later(call),
        campaign: CAMPAIGN,
        agent: Some(AgentId(6)),
        mos_customer: Some(4.31),
        mos_agent: Some(2.87),
        problems: vec!["dead_air".to_owned(), "agent_late".to_owned()],
        drawn: true,
        report: format!("{{\"call\":{call}}}"),
    }
}

fn review(score: u8) -> CallReview {
    CallReview {
        reviewer: "Ines".to_owned(),
        at: later(9_000),
        score,
        note: "named the bank at once".to_owned(),
    }
}

async fn store(store: &dyn Store, records: impl IntoIterator<Item = QualityRecord>) {
    for record in records {
        store.record_quality(record).await.unwrap();
    }
}

async fn calls(store: &dyn Store, filter: QualityFilter, limit: u32) -> Vec<u64> {
    let found = store.quality_calls(filter, limit).await.unwrap();
    found.iter().map(|entry| entry.record.call.0).collect()
}

pub async fn a_measured_call_comes_back_equal(open: &Open) {
    let db = open("quality").await;
    let bare = QualityRecord {
        agent: None,
        mos_customer: None,
        mos_agent: None,
        problems: vec![],
        drawn: false,
        ..measured(2)
    };
    store(&*db, [measured(1), bare.clone()]).await;
    let again = db.record_quality(measured(1)).await;
    assert_eq!(
        again,
        Err(StoreError::Duplicate {
            what: "quality of call",
            id: 1
        })
    );
    drop(db);
    let db = open("quality").await;
    let one = db.quality(CallId(1)).await.unwrap();
    assert_eq!((one.record, one.review), (measured(1), None));
    assert_eq!(db.quality(CallId(2)).await.unwrap().record, bare);
    let none = db.quality(CallId(3)).await.unwrap_err();
    assert_eq!(none.code(), "store_not_found");
}

pub async fn filters_narrow_and_pages_follow(open: &Open) {
    let db = open("quality-filters").await;
    let changed = |call, change: fn(&mut QualityRecord)| {
        let mut record = measured(call);
        change(&mut record);
        record
    };
    store(
        &*db,
        [
            measured(1),
            changed(2, |r| r.campaign = OTHER),
            changed(3, |r| r.agent = Some(AgentId(7))),
            changed(4, |r| r.problems.clear()),
            changed(5, |r| r.problems = vec!["very_dead_air".to_owned()]),
        ],
    )
    .await;
    let all = QualityFilter::default;
    let cases = [
        (all(), vec![5, 4, 3, 2, 1]),
        (
            QualityFilter {
                campaign: Some(OTHER),
                ..all()
            },
            vec![2],
        ),
        (
            QualityFilter {
                agent: Some(AgentId(7)),
                ..all()
            },
            vec![3],
        ),
        (
            QualityFilter {
                with_problems: true,
                ..all()
            },
            vec![5, 3, 2, 1],
        ),
        // A name that holds another is not the other.
        (
            QualityFilter {
                problem: Some("dead_air".to_owned()),
                ..all()
            },
            vec![3, 2, 1],
        ),
        (
            QualityFilter {
                from: Some(later(2)),
                to: Some(later(4)),
                ..all()
            },
            vec![3, 2],
        ),
        (
            QualityFilter {
                before: Some(CallId(4)),
                ..all()
            },
            vec![3, 2, 1],
        ),
    ];
    for (filter, found) in cases {
        assert_eq!(calls(&*db, filter.clone(), 10).await, found, "{filter:?}");
    }
    assert_eq!(calls(&*db, all(), 2).await, [5, 4]);
}

pub async fn reviews_wait_oldest_first_and_are_replaced(open: &Open) {
    let db = open("reviews").await;
    let undrawn = QualityRecord {
        drawn: false,
        ..measured(2)
    };
    store(&*db, [measured(3), measured(1), undrawn]).await;
    let waiting = QualityFilter {
        review: Some(ReviewState::Waiting),
        ..QualityFilter::default()
    };
    let done = QualityFilter {
        review: Some(ReviewState::Done),
        ..QualityFilter::default()
    };
    assert_eq!(calls(&*db, waiting.clone(), 10).await, [1, 3]);
    // A call nobody drew may be reviewed too.
    for call in [1, 2] {
        db.review_call(CallId(call), review(60)).await.unwrap();
    }
    db.review_call(CallId(1), review(85)).await.unwrap();
    assert_eq!(calls(&*db, waiting, 10).await, [3]);
    assert_eq!(calls(&*db, done, 10).await, [2, 1]);
    let entry = db.quality(CallId(1)).await.unwrap();
    assert_eq!(entry.review, Some(review(85)));
    let unknown = db.review_call(CallId(9), review(50)).await.unwrap_err();
    assert_eq!(unknown.code(), "store_not_found");
    let too_much = [
        CallReview {
            note: "x".repeat(NOTE_CHARS_MAX + 1),
            ..review(50)
        },
        review(101),
        CallReview {
            reviewer: "x".repeat(101),
            ..review(50)
        },
    ];
    for wrong in too_much {
        let refused = db.review_call(CallId(3), wrong).await.unwrap_err();
        assert_eq!(refused.code(), "store_too_large");
    }
    assert_eq!(db.quality(CallId(3)).await.unwrap().review, None);
}

pub async fn reviews_are_tallied_by_agent(open: &Open) {
    let db = open("tally").await;
    let of = |call, agent, drawn, problems: &[&str]| QualityRecord {
        agent: Some(AgentId(agent)),
        drawn,
        problems: problems.iter().map(|p| (*p).to_owned()).collect(),
        ..measured(call)
    };
    store(
        &*db,
        [
            of(1, 6, true, &["dead_air"]),
            of(2, 6, true, &[]),
            of(3, 6, false, &[]),
            of(4, 7, false, &[]),
        ],
    )
    .await;
    db.review_call(CallId(1), review(70)).await.unwrap();
    db.review_call(CallId(3), review(80)).await.unwrap();
    let tally = db.review_tally(NOW, later(100), None).await.unwrap();
    let ann = ReviewTally {
        agent: Some(AgentId(6)),
        calls: 3,
        with_problems: 1,
        drawn: 2,
        reviewed: 2,
        waiting: 1,
        score_mean: Some(75.0),
    };
    let bob = ReviewTally {
        agent: Some(AgentId(7)),
        calls: 1,
        ..ReviewTally::default()
    };
    assert_eq!(tally, [ann, bob]);
    let none = db.review_tally(NOW, later(100), Some(OTHER)).await.unwrap();
    assert_eq!(none, []);
    let early = db.review_tally(NOW, later(2), None).await.unwrap();
    assert_eq!((early.len(), early[0].calls), (1, 1));
}
