//! What the store tells by itself: do-not-call entries of others, and whether it takes writes.

use super::records::Records;
use crate::engine::Inputs;
use carillon_decision::Input;
use carillon_decision::id::SnapshotId;
use carillon_decision::number::E164;
use carillon_store::{DncChange, Store};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How soon a new entry on a list reaches leads that wait in the hopper.
const FEED_EVERY: Duration = Duration::from_secs(1);
/// Entries fetched at once; a large import takes several turns.
const FEED_MOST: u32 = 10_000;
/// How often the record queue is looked at.
const HEALTH_EVERY: Duration = Duration::from_millis(500);

/// Tells the engine of every number that joins a list.
pub(crate) async fn run_dnc_feed(store: Arc<dyn Store>, from: SnapshotId, inputs: Inputs) {
    let mut known = from;
    let mut ticks = tokio::time::interval(FEED_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        loop {
            let changes = match store.dnc_changes_since(known, FEED_MOST).await {
                Ok(changes) => changes,
                Err(error) => {
                    tracing::warn!(%error, code = error.code(), "do-not-call changes not read");
                    break;
                }
            };
            let Some(last) = changes.last().map(|c| c.snapshot) else {
                break;
            };
            if !tell(&inputs, changes).await {
                // Offered again in a second, from the same point.
                break;
            }
            known = last;
        }
    }
}

async fn tell(inputs: &Inputs, changes: Vec<DncChange>) -> bool {
    for (list, (numbers, snapshot)) in by_list(changes) {
        let listed = Input::Listed {
            list,
            numbers,
            snapshot,
        };
        if let Err(error) = inputs.send(listed).await {
            tracing::warn!(%error, "do-not-call changes not handed over");
            return false;
        }
    }
    true
}

fn by_list(changes: Vec<DncChange>) -> BTreeMap<String, (Vec<E164>, SnapshotId)> {
    let mut lists: BTreeMap<String, (Vec<E164>, SnapshotId)> = BTreeMap::new();
    for change in changes {
        let (numbers, snapshot) = lists.entry(change.list).or_default();
        numbers.push(change.number);
        *snapshot = change.snapshot.max(*snapshot);
    }
    lists
}

/// Tells the engine when the store stops taking writes, or falls far behind, and when it is
/// well again.
pub(crate) async fn run_health(store: Arc<dyn Store>, records: Records, inputs: Inputs) {
    let mut health = store.health();
    let mut told: Option<String> = None;
    loop {
        let now = health.borrow_and_update().clone();
        let trouble = match now.writable {
            false => Some(now.reason),
            true if records.is_behind(told.is_some()) => {
                Some("the store cannot keep up with the records".to_owned())
            }
            true => None,
        };
        if trouble.is_some() != told.is_some() {
            let reason = trouble.clone().unwrap_or_default();
            match &trouble {
                Some(reason) => tracing::error!(reason, "the store is in trouble: dialing stops"),
                None => tracing::info!("the store takes writes again"),
            }
            let sent = inputs
                .send(Input::StoreHealth {
                    writable: trouble.is_none(),
                    reason,
                })
                .await;
            if sent.is_ok() {
                told = trouble;
            }
        }
        tokio::select! {
            changed = health.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(HEALTH_EVERY) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_told_list_by_list_with_the_latest_state() {
        let change = |list: &str, number: u64, snapshot| DncChange {
            list: list.to_owned(),
            number: E164::new(number).unwrap(),
            snapshot: SnapshotId(snapshot),
        };
        let lists = by_list(vec![
            change("national", 12025550123, 3),
            change("internal", 12025550124, 4),
            change("national", 12025550125, 5),
        ]);
        assert_eq!(lists["national"].0.len(), 2);
        assert_eq!(lists["national"].1, SnapshotId(5));
        assert_eq!(lists["internal"].1, SnapshotId(4));
    }
}
