//! A process that is killed while it writes: everything it was told is durable is there, and
//! no batch is there by half.

mod contract;

use carillon_store::{CallStore, LeadStore, NewLead, SqliteOptions, SqliteStore, UpkeepStore};
use contract::make::{CAMPAIGN, NOW, attempt, into, new_lead, number};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

/// Tells the child where its database is.
const PATH: &str = "CARILLON_STORE_CRASH_TEST";
const BATCH: u64 = 100;

/// A line for the parent.
fn tell(line: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "{line}").unwrap();
}

async fn import_for_ever(store: &SqliteStore) {
    for batch in 0.. {
        let leads: Vec<NewLead> = (0..BATCH).map(|i| new_lead(batch * BATCH + i)).collect();
        store.import_leads(into("l"), leads).await.unwrap();
        tell(&format!("batch {batch}"));
    }
}

async fn dial_for_ever(store: &SqliteStore) {
    for call in 1.. {
        let lead = carillon_decision::id::LeadId(1);
        store
            .begin_attempt(attempt(call, lead, number(1), NOW))
            .await
            .unwrap();
        tell(&format!("attempt {call}"));
    }
}

/// Not a test by itself: what the killed process runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by `a_killed_process_leaves_whole_batches`"]
async fn child_writes_until_killed() {
    let Ok(path) = std::env::var(PATH) else {
        return;
    };
    let store = SqliteStore::open(SqliteOptions::new(path)).await.unwrap();
    tokio::join!(import_for_ever(&store), dial_for_ever(&store));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_process_leaves_whole_batches() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.db");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "child_writes_until_killed",
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        .env(PATH, &path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let (mut batches, mut attempts) = (0, 0);
    let mut note = |line: String| {
        if line.ends_with(|c: char| c.is_ascii_digit()) {
            batches += u64::from(line.contains("batch "));
            attempts += u64::from(line.contains("attempt "));
        }
        batches >= 3 && attempts >= 60
    };
    assert!(lines.any(&mut note), "the child writes both");
    child.kill().unwrap();
    child.wait().unwrap();
    for line in lines {
        note(line);
    }

    let store = SqliteStore::open(SqliteOptions::new(&path)).await.unwrap();
    let leads = store.lists(CAMPAIGN).await.unwrap()[0].leads;
    assert_eq!(leads % BATCH, 0, "a batch by half");
    assert!(
        leads >= batches * BATCH,
        "{leads} leads of {batches} batches"
    );
    let open = store.unfinished_attempts().await.unwrap();
    let calls: Vec<u64> = open.iter().map(|open| open.attempt.call.0).collect();
    assert!(
        calls.len() as u64 >= attempts,
        "{} of {attempts}",
        calls.len()
    );
    assert!(
        calls.iter().copied().eq(1..=calls.len() as u64),
        "without a gap"
    );
    let check = store.check().await.unwrap();
    assert!(
        check
            .items
            .iter()
            .filter(|item| item.name != "disk")
            .all(|item| item.ok)
    );
}
