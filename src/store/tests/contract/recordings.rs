//! Recordings: from open to deleted.

use super::Open;
use super::make::{CAMPAIGN, NOW, OTHER, later, number, record};
use carillon_decision::call::Outcome;
use carillon_decision::id::{AgentId, CallId, LeadId};
use carillon_decision::time::Wall;
use carillon_store::{
    NewRecording, RecordingEnd, RecordingFilter, RecordingState, Store, StoreError,
};

fn begun(id: u64, started: Wall) -> NewRecording {
    NewRecording {
        id,
        call: CallId(100 + id),
        campaign: Some(if id.is_multiple_of(2) {
            OTHER
        } else {
            CAMPAIGN
        }),
        agent: Some(AgentId(id as u32 % 3)),
        lead: Some(LeadId(7)),
        started,
        format: "pcm16".to_owned(),
        path: format!("2026/{id}.wav"),
        class: "standard".to_owned(),
        keep_until: Some(later(1_000 + id)),
        consent: "announced".to_owned(),
    }
}

fn ended(id: u64) -> RecordingEnd {
    RecordingEnd {
        id,
        state: RecordingState::Finished,
        format: "flac".to_owned(),
        path: format!("2026/{id}.flac"),
        length_ms: 61_000,
        octets: 1_234_567,
        sha256: "ab".repeat(32),
        chain: "cd".repeat(32),
        key_id: Some("0123".to_owned()),
        lost_ms: 40,
        paused: vec![(1_000, 2_500), (9_000, 9_100)],
        why: String::new(),
    }
}

async fn ids(store: &dyn Store, filter: RecordingFilter) -> Vec<u64> {
    let found = store.recordings(filter, 100).await.unwrap();
    found.iter().map(|entry| entry.begun.id).collect()
}

pub async fn a_recording_is_open_until_it_ends(open: &Open) {
    let store = open("recording").await;
    store.begin_recording(begun(1, NOW)).await.unwrap();
    let entry = store.recording(1).await.unwrap();
    assert_eq!(entry.state, RecordingState::Open);
    assert_eq!(entry.begun, begun(1, NOW));
    assert_eq!(
        store.begin_recording(begun(1, NOW)).await,
        Err(StoreError::Duplicate {
            what: "recording",
            id: 1
        })
    );
    store.finish_recording(ended(1)).await.unwrap();
    store.close().await.unwrap();
    let store = open("recording").await;
    let entry = store.recording(1).await.unwrap();
    let end = ended(1);
    assert_eq!(
        (entry.state, entry.length_ms, entry.octets, entry.lost_ms),
        (RecordingState::Finished, 61_000, 1_234_567, 40)
    );
    assert_eq!((entry.sha256, entry.chain), (end.sha256, end.chain));
    assert_eq!((entry.key_id, entry.paused), (end.key_id, end.paused));
    assert_eq!(
        (entry.begun.path, entry.begun.format),
        (end.path, end.format)
    );
    assert_eq!(
        store.finish_recording(ended(9)).await,
        Err(StoreError::NotFound {
            what: "recording",
            id: 9
        })
    );
}

pub async fn recordings_are_found_by_what_people_know(open: &Open) {
    let store = open("recording-filter").await;
    for id in 1..=6 {
        store.begin_recording(begun(id, later(id))).await.unwrap();
    }
    store.finish_recording(ended(4)).await.unwrap();
    let all = RecordingFilter::default;
    assert_eq!(ids(&*store, all()).await, [6, 5, 4, 3, 2, 1]);
    let call = Some(CallId(103));
    assert_eq!(ids(&*store, RecordingFilter { call, ..all() }).await, [3]);
    let campaign = Some(OTHER);
    assert_eq!(
        ids(&*store, RecordingFilter { campaign, ..all() }).await,
        [6, 4, 2]
    );
    let agent = Some(AgentId(1));
    assert_eq!(
        ids(&*store, RecordingFilter { agent, ..all() }).await,
        [4, 1]
    );
    let lead = Some(LeadId(7));
    assert_eq!(
        ids(&*store, RecordingFilter { lead, ..all() }).await.len(),
        6
    );
    let lead = Some(LeadId(8));
    assert_eq!(
        ids(&*store, RecordingFilter { lead, ..all() }).await,
        [] as [u64; 0]
    );
    // By the call's own number, once its record is there.
    let ended = record(105, LeadId(7), number(1), NOW, Outcome::Connected);
    store.finish_call(ended).await.unwrap();
    for (asked, found) in [(1, &[5][..]), (2, &[])] {
        let number = Some(number(asked));
        assert_eq!(
            ids(&*store, RecordingFilter { number, ..all() }).await,
            found
        );
    }
    let state = Some(RecordingState::Finished);
    assert_eq!(ids(&*store, RecordingFilter { state, ..all() }).await, [4]);
    let (from, to) = (Some(later(2)), Some(later(5)));
    assert_eq!(
        ids(&*store, RecordingFilter { from, to, ..all() }).await,
        [4, 3, 2]
    );
    let before = Some(3);
    assert_eq!(
        ids(&*store, RecordingFilter { before, ..all() }).await,
        [2, 1]
    );
    assert_eq!(store.recordings(all(), 2).await.unwrap().len(), 2);
}

pub async fn an_expired_recording_goes_and_its_row_stays(open: &Open) {
    let store = open("recording-expiry").await;
    for id in 1..=4 {
        let mut new = begun(id, NOW);
        new.keep_until = new.keep_until.filter(|_| id != 3);
        store.begin_recording(new).await.unwrap();
    }
    for id in [1, 2, 3] {
        store.finish_recording(ended(id)).await.unwrap();
    }
    let expired = async |at| -> Vec<u64> {
        let found = store.expired_recordings(at, 10).await.unwrap();
        found.iter().map(|entry| entry.begun.id).collect()
    };
    assert_eq!(expired(later(1_000)).await, [] as [u64; 0]);
    assert_eq!(expired(later(1_001)).await, [1]);
    // The third is kept for ever, the fourth is open.
    assert_eq!(expired(later(9_999)).await, [1, 2]);
    assert!(
        store
            .delete_recording(1, later(2_000), "expired")
            .await
            .unwrap()
    );
    assert!(
        !store
            .delete_recording(1, later(2_001), "again")
            .await
            .unwrap()
    );
    assert!(
        !store
            .delete_recording(4, later(2_001), "open")
            .await
            .unwrap()
    );
    // Its file could not be removed: it is named until it could.
    assert_eq!(expired(NOW).await, [1]);
    store.recording_file_gone(1).await.unwrap();
    assert_eq!(expired(later(9_999)).await, [2]);
    let entry = store.recording(1).await.unwrap();
    assert_eq!(
        (entry.state, entry.deleted),
        (RecordingState::Deleted, Some(later(2_000)))
    );
    assert_eq!((entry.why.as_str(), entry.sha256.len()), ("expired", 64));
    // A late word of the recorder does not bring it back.
    store.finish_recording(ended(1)).await.unwrap();
    assert_eq!(
        store.recording(1).await.unwrap().state,
        RecordingState::Deleted
    );
    assert!(
        store.recording_file_gone(2).await.is_err(),
        "it is not deleted"
    );
}

pub async fn a_held_recording_is_not_deleted(open: &Open) {
    let store = open("recording-hold").await;
    store.begin_recording(begun(1, NOW)).await.unwrap();
    store.finish_recording(ended(1)).await.unwrap();
    let hold = Some("ann: case 7");
    assert!(store.hold_recording(1, hold).await.unwrap());
    assert!(!store.hold_recording(1, hold).await.unwrap());
    assert_eq!(
        store.expired_recordings(later(9_999), 10).await.unwrap(),
        []
    );
    assert!(
        !store
            .delete_recording(1, later(9_999), "expired")
            .await
            .unwrap()
    );
    assert_eq!(store.recording(1).await.unwrap().hold.as_deref(), hold);
    assert!(store.hold_recording(1, None).await.unwrap());
    assert!(
        store
            .delete_recording(1, later(9_999), "expired")
            .await
            .unwrap()
    );
    assert_eq!(
        store.hold_recording(1, hold).await,
        Err(StoreError::NotFound {
            what: "recording",
            id: 1
        })
    );
}

pub async fn recording_ids_never_come_back(open: &Open) {
    let store = open("recording-ids").await;
    let first = store.next_recording_id().await.unwrap();
    let used = first + 70_000;
    store.begin_recording(begun(used, NOW)).await.unwrap();
    let second = store.next_recording_id().await.unwrap();
    assert!(second > used);
    assert!(store.next_recording_id().await.unwrap() > second);
}
