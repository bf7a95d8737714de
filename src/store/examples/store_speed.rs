//! Measures the SQLite store on this machine: `cargo run --release -p carillon-store --example
//! store_speed [DIRECTORY]`. Prints one line per figure.
#![allow(clippy::print_stdout, clippy::disallowed_methods)] // a measuring program reads the clock

#[path = "../tests/contract/make.rs"]
#[allow(dead_code)]
mod make;

use carillon_store::{CallStore, LeadStore, NewLead, SqliteOptions, SqliteStore, UpkeepStore};
use make::{CAMPAIGN, MINUTE, NOW, attempt, into, new_lead, number};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const LEADS: u64 = 1_000_000;
const CALLERS: u64 = 500;
const ATTEMPTS: u64 = 30_000;

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// A million leads in five lists, one in ten waiting, each with a number and a card.
async fn fill(path: &Path) -> Outcome {
    let mut conn: SqliteConnection = SqliteConnectOptions::new().filename(path).connect().await?;
    for sql in [
        "BEGIN",
        "INSERT INTO list (id, campaign, name) VALUES
             (1, 1, 'a'), (2, 1, 'b'), (3, 1, 'c'), (4, 1, 'd'), (5, 1, 'e')",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
         INSERT INTO lead (id, campaign, list, import_key, content, queue, priority, rank,
             last_attempt, next_at)
         SELECT i, 1, 1 + i % 5, 'v:' || i, i, i % 10 = 0, (i * 7919) % 5, (i * 104729) % 100,
             (i * 31) % 1000, CASE WHEN i % 10 = 0 THEN 9e12 END FROM n",
        "INSERT INTO lead_card (lead, vendor_lead_code, first_name) SELECT id, id, 'Ada' FROM lead",
        "INSERT INTO lead_number (lead, position, number) SELECT id, 0, 12000000000 + id FROM lead",
        "COMMIT",
    ] {
        sqlx::query(sql).execute(&mut conn).await?;
    }
    Ok(())
}

async fn leases(store: &SqliteStore) -> Outcome {
    store.release_leases("speed").await?;
    let mut times = Vec::new();
    for _ in 0..50 {
        let start = Instant::now();
        let leased = store.lease_leads(CAMPAIGN, NOW, 200, MINUTE * 60).await?;
        times.push(start.elapsed());
        assert_eq!(leased.leads.len(), 200);
    }
    times.sort_unstable();
    println!(
        "lease of 200 leads out of {LEADS}: median {:?}, longest {:?}",
        times[25], times[49]
    );
    let start = Instant::now();
    let lists = store.lists(CAMPAIGN).await?;
    println!(
        "counts of {} lists by status: {:?}",
        lists.len(),
        start.elapsed()
    );
    Ok(())
}

async fn attempts(store: &Arc<SqliteStore>) -> Outcome {
    let next = Arc::new(AtomicU64::new(store.next_call_id().await?.0));
    let last = next.load(Ordering::Relaxed) + ATTEMPTS;
    let mut callers = JoinSet::new();
    let start = Instant::now();
    for _ in 0..CALLERS {
        let (store, next) = (Arc::clone(store), Arc::clone(&next));
        callers.spawn(async move {
            let mut longest = Duration::ZERO;
            loop {
                let call = next.fetch_add(1, Ordering::Relaxed);
                if call >= last {
                    return longest;
                }
                let started = Instant::now();
                let lead = carillon_decision::id::LeadId(call);
                store
                    .begin_attempt(attempt(call, lead, number(1), NOW))
                    .await
                    .expect("stored");
                longest = longest.max(started.elapsed());
            }
        });
    }
    let longest = callers
        .join_all()
        .await
        .into_iter()
        .max()
        .unwrap_or_default();
    let rate = ATTEMPTS as f64 / start.elapsed().as_secs_f64();
    println!("attempts from {CALLERS} callers: {rate:.0}/s, longest wait {longest:?}");
    let start = Instant::now();
    let lead = carillon_decision::id::LeadId(1);
    store
        .begin_attempt(attempt(last + 1, lead, number(1), NOW))
        .await?;
    println!("one attempt alone: {:?}", start.elapsed());
    Ok(())
}

async fn imports(store: &SqliteStore) -> Outcome {
    let start = Instant::now();
    for batch in 0..20 {
        let leads: Vec<NewLead> = (0..500).map(|i| new_lead(batch * 500 + i)).collect();
        store.import_leads(into("new"), leads).await?;
    }
    println!(
        "import: {:.0} leads/s",
        10_000.0 / start.elapsed().as_secs_f64()
    );
    Ok(())
}

#[tokio::main]
async fn main() -> Outcome {
    let home = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let path = Path::new(&home).join("store-speed.db");
    // Without the pause between commits, which would hide what a lease itself costs.
    let eager = SqliteOptions {
        commit_every: Duration::ZERO,
        ..SqliteOptions::new(&path)
    };
    let store = SqliteStore::open(eager).await?;
    fill(&path).await?;
    leases(&store).await?;
    store.close().await?;
    let store = Arc::new(SqliteStore::open(SqliteOptions::new(&path)).await?);
    attempts(&store).await?;
    imports(&store).await?;
    store.close().await?;
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.clone().into_os_string();
        name.push(suffix);
        drop(std::fs::remove_file(name));
    }
    Ok(())
}
