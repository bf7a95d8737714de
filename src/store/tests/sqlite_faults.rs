//! A database that is locked, full, shared, closed: nothing lost, nothing half done.

mod contract;

use carillon_decision::agent::AgentState;
use carillon_decision::call::{Cause, Outcome};
use carillon_decision::id::{AgentId, CallId};
use carillon_decision::lead::LeadStatus;
use carillon_store::{
    AgentChange, CallStore, DncStore, LeadStore, LogStore, SqliteOptions, SqliteStore, StoreError,
    UpkeepStore,
};
use contract::make::{
    CAMPAIGN, HOUR, NOW, attempt, import, into, later, new_lead, number, record, unanswered, update,
};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

const BUSY: Outcome = Outcome::Unanswered(Cause::Busy);

/// A directory, the database in it, and options under which a lock is noticed soon.
fn place() -> (tempfile::TempDir, PathBuf, SqliteOptions) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.db");
    let options = SqliteOptions {
        busy_timeout: Duration::from_millis(20),
        ..SqliteOptions::new(&path)
    };
    (dir, path, options)
}

/// Another program on the same file.
async fn stranger(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new()
        .filename(path)
        .connect()
        .await
        .unwrap()
}

async fn run(conn: &mut SqliteConnection, sql: &'static str) {
    sqlx::query(sql).execute(conn).await.unwrap();
}

async fn writable(store: &SqliteStore, wanted: bool) -> String {
    let mut health = store.health();
    let health = health
        .wait_for(|health| health.writable == wanted)
        .await
        .unwrap();
    health.reason.clone()
}

fn is_kept<T>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Kept { .. }))
}

fn is_unwritable<T>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Unwritable { .. }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_database_refuses_attempts_and_loses_no_record() {
    let (_dir, path, options) = place();
    let store = SqliteStore::open(options).await.unwrap();
    let id = import(&store, "l", vec![new_lead(1)]).await[0];
    let mut other = stranger(&path).await;
    run(&mut other, "BEGIN IMMEDIATE").await;

    let refused = store.begin_attempt(attempt(1, id, number(1), NOW)).await;
    assert!(is_unwritable(&refused), "{refused:?}");
    assert!(writable(&store, false).await.contains("locked"));
    assert!(is_kept(
        &store
            .finish_call(record(1, id, number(1), NOW, Outcome::Connected))
            .await
    ));
    let due = update(LeadStatus::Due, Some(later(60)));
    assert!(is_kept(&store.finish_lead(CAMPAIGN, id, due, NOW).await));
    let done = update(LeadStatus::Completed, None);
    assert!(is_kept(
        &store.finish_lead(CAMPAIGN, id, done, later(1)).await
    ));
    let (from, to) = (AgentState::Ready, AgentState::Talking(CallId(1)));
    let change = AgentChange {
        agent: AgentId(1),
        from,
        to,
        at: NOW,
    };
    assert!(is_kept(&store.record_agent_change(change).await));
    assert!(is_kept(&store.dnc_add("internal", number(1), NOW).await));
    assert!(is_unwritable(
        &store.import_leads(into("l"), vec![new_lead(2)]).await
    ));
    assert!(is_unwritable(
        &store.begin_attempt(attempt(2, id, number(1), NOW)).await
    ));
    // Reading goes on, and shows what is durable only.
    assert_eq!(store.lead(id).await.unwrap().status, LeadStatus::Due);
    assert!(store.call(CallId(1)).await.is_err());

    run(&mut other, "ROLLBACK").await;
    assert_eq!(writable(&store, true).await, "");
    let lead = store.lead(id).await.unwrap();
    assert_eq!(
        (lead.status, lead.attempts),
        (LeadStatus::Completed, 1),
        "in order"
    );
    assert!(store.call(CallId(1)).await.is_ok());
    assert_eq!(store.dnc_check(number(1)).await.unwrap().len(), 1);
    assert_eq!(
        store
            .report(NOW, NOW + HOUR, None)
            .await
            .unwrap()
            .agents
            .len(),
        1
    );
    assert_eq!(
        store.unfinished_attempts().await.unwrap(),
        [],
        "refused attempts left nothing"
    );
    store
        .begin_attempt(attempt(3, id, number(1), NOW))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_leaves_no_half_batch_and_recovers() {
    let (_dir, path, options) = place();
    let store = SqliteStore::open(SqliteOptions {
        pages_max: Some(400),
        ..options
    })
    .await
    .unwrap();
    let id = import(&store, "l", vec![new_lead(1)]).await[0];
    let mut batches = 0;
    let refused = loop {
        let numbers = (0..5_000).map(|i| number(batches * 5_000 + i)).collect();
        match store.dnc_import("national", numbers, NOW).await {
            Ok(_) => batches += 1,
            Err(error) => break error,
        }
    };
    assert!(is_unwritable::<()>(&Err(refused)));
    assert!(writable(&store, false).await.contains("full"));
    assert!(batches > 0);
    assert_eq!(store.dnc_lists().await.unwrap()[0].numbers, batches * 5_000);
    assert_eq!(store.dnc_snapshot().await.unwrap().0, batches * 5_000);
    assert!(is_kept(
        &store
            .finish_call(record(1, id, number(1), NOW, Outcome::Connected))
            .await
    ));
    assert!(is_unwritable(
        &store.begin_attempt(attempt(2, id, number(1), NOW)).await
    ));

    let mut other = stranger(&path).await;
    run(&mut other, "DELETE FROM dnc_entry").await;
    writable(&store, true).await;
    assert!(store.call(CallId(1)).await.is_ok());
    store
        .begin_attempt(attempt(2, id, number(1), NOW))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn past_its_limit_callers_wait_instead_of_being_kept() {
    let (_dir, path, options) = place();
    let store = SqliteStore::open(SqliteOptions {
        kept_max: 2,
        ..options
    })
    .await
    .unwrap();
    let id = import(&store, "l", vec![new_lead(1)]).await[0];
    let mut other = stranger(&path).await;
    run(&mut other, "BEGIN IMMEDIATE").await;
    for call in [1, 2] {
        assert!(is_kept(
            &store
                .finish_call(unanswered(call, id, number(1), NOW, BUSY))
                .await
        ));
    }
    let mut third = store.finish_call(unanswered(3, id, number(1), NOW, BUSY));
    // Polled once: it is in its lane.
    tokio::select! {
        biased;
        result = &mut third => panic!("it must wait: {result:?}"),
        () = std::future::ready(()) => {}
    }
    run(&mut other, "ROLLBACK").await;
    assert_eq!(third.await, Ok(()), "written, not kept");
    let lead = store.lead(id).await.unwrap();
    assert_eq!(lead.attempts, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_writes_what_waits_and_tells_what_it_could_not() {
    let (_dir, path, options) = place();
    let store = Arc::new(SqliteStore::open(options.clone()).await.unwrap());
    let id = import(&*store, "l", vec![new_lead(1)]).await[0];
    let mut waiting = JoinSet::new();
    for call in 1..=300 {
        let store = Arc::clone(&store);
        waiting.spawn(async move {
            store
                .begin_attempt(attempt(call, id, number(1), NOW))
                .await
                .is_ok()
        });
    }
    let first = waiting.join_next().await.unwrap().unwrap();
    store.close().await.unwrap();
    let durable = waiting
        .join_all()
        .await
        .into_iter()
        .filter(|ok| *ok)
        .count()
        + usize::from(first);
    let late = store.begin_attempt(attempt(999, id, number(1), NOW)).await;
    assert_eq!(late, Err(StoreError::Closed { unwritten: 0 }));

    let store = SqliteStore::open(options).await.unwrap();
    assert_eq!(store.unfinished_attempts().await.unwrap().len(), durable);
    let mut other = stranger(&path).await;
    run(&mut other, "BEGIN IMMEDIATE").await;
    assert!(is_kept(
        &store
            .finish_call(unanswered(1, id, number(1), NOW, BUSY))
            .await
    ));
    assert_eq!(
        store.close().await,
        Err(StoreError::Closed { unwritten: 1 })
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_programs_write_to_one_file() {
    let (_dir, path, _) = place();
    let floor = Arc::new(SqliteStore::open(SqliteOptions::new(&path)).await.unwrap());
    let cli = Arc::new(SqliteStore::open(SqliteOptions::new(&path)).await.unwrap());
    let id = import(&*floor, "l", vec![new_lead(1)]).await[0];
    let mut tasks = JoinSet::new();
    for batch in 0..10 {
        let cli = Arc::clone(&cli);
        tasks.spawn(async move {
            let leads = (0..200).map(|i| new_lead(10 + batch * 200 + i)).collect();
            cli.import_leads(into("l"), leads).await.map(drop)
        });
    }
    for call in 1..=200 {
        let floor = Arc::clone(&floor);
        tasks.spawn(async move { floor.begin_attempt(attempt(call, id, number(1), NOW)).await });
    }
    for result in tasks.join_all().await {
        assert_eq!(result, Ok(()));
    }
    assert_eq!(floor.lists(CAMPAIGN).await.unwrap()[0].leads, 2_001);
    assert_eq!(cli.unfinished_attempts().await.unwrap().len(), 200);
    assert!(floor.health().borrow().writable);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_whole_and_never_overwrites() {
    let (dir, _path, options) = place();
    let store = SqliteStore::open(options.clone()).await.unwrap();
    let id = import(&store, "l", vec![new_lead(1)]).await[0];
    store
        .begin_attempt(attempt(1, id, number(1), NOW))
        .await
        .unwrap();
    let target = dir.path().join("backup.db");
    store.backup(&target).await.unwrap();
    assert_eq!(
        store.backup(&target).await,
        Err(StoreError::TargetExists(target.clone()))
    );
    let copy = SqliteStore::open(SqliteOptions {
        path: target,
        ..options
    })
    .await
    .unwrap();
    assert_eq!(
        copy.unfinished_attempts().await.unwrap(),
        store.unfinished_attempts().await.unwrap()
    );
    assert_eq!(copy.lead(id).await.unwrap(), store.lead(id).await.unwrap());
    assert!(
        copy.check()
            .await
            .unwrap()
            .items
            .iter()
            .filter(|i| i.name != "disk")
            .all(|i| i.ok)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_finds_a_lock_and_rows_that_point_nowhere() {
    let (_dir, path, options) = place();
    let store = SqliteStore::open(options).await.unwrap();
    let check = store.check().await.unwrap();
    assert!(check.size_bytes > 0 && check.free_bytes > 0);
    let bad = |check: &carillon_store::CheckReport| -> Vec<String> {
        let bad = check.items.iter().filter(|i| !i.ok && i.name != "disk");
        bad.inspect(|i| assert!(!i.remedy.is_empty()))
            .map(|i| i.name.clone())
            .collect()
    };
    assert_eq!(bad(&check), [""; 0]);
    let durability = check.items.iter().find(|i| i.name == "durability");
    assert_eq!(durability.unwrap().found, "journal mode wal, synchronous 2");
    let mut other = stranger(&path).await;
    run(&mut other, "PRAGMA foreign_keys = OFF").await;
    run(
        &mut other,
        "INSERT INTO lead_number (lead, position, number) VALUES (77, 0, 5)",
    )
    .await;
    run(&mut other, "BEGIN IMMEDIATE").await;
    assert_eq!(
        bad(&store.check().await.unwrap()),
        ["foreign_keys", "write"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_a_newer_version_is_refused() {
    let (_dir, path, options) = place();
    SqliteStore::open(options.clone())
        .await
        .unwrap()
        .close()
        .await
        .unwrap();
    let mut other = stranger(&path).await;
    run(
        &mut other,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'later', 1, x'00', 1)",
    )
    .await;
    let refused = SqliteStore::open(options).await.err();
    assert!(
        matches!(refused, Some(StoreError::Open { .. })),
        "{refused:?}"
    );
}
