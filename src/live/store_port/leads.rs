//! Leads: leased when the engine asks, kept leased while it has them.

use crate::clock::NodeClock;
use crate::engine::Inputs;
use carillon_decision::Input;
use carillon_decision::id::{CampaignId, LeadId};
use carillon_store::{Store, StoreError};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;

/// Wishes that may wait: one per campaign is outstanding at a time.
pub(crate) const LEADS_MAX: usize = 1_024;
/// A lease: renewed long before it ends, and short enough that a crashed node's leads are
/// free again soon.
const LEASE_FOR: Duration = Duration::from_secs(600);
const RENEW_EVERY: Duration = Duration::from_secs(120);
/// Pause before a store in trouble is asked again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The engine wants leads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LeadsWanted {
    pub(crate) campaign: CampaignId,
    pub(crate) count: u32,
}

/// Leads the engine has now: only their leases are kept alive.
#[derive(Clone, Debug, Default)]
pub(crate) struct HeldLeads {
    leads: Arc<Mutex<BTreeSet<LeadId>>>,
    /// Held from a lease to its leads' arrival in the engine's queue.
    leasing: Arc<tokio::sync::Mutex<()>>,
}

impl HeldLeads {
    fn add(&self, leads: impl Iterator<Item = LeadId>) {
        self.lock().extend(leads);
    }

    /// Waits until no lease is on its way, and keeps new ones back as long as the guard lives.
    pub(crate) async fn settled(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.leasing.lock().await
    }

    /// The engine is done with a lead.
    pub(crate) fn remove(&self, lead: LeadId) {
        self.lock().remove(&lead);
    }

    /// By id.
    pub(crate) fn list(&self) -> Vec<LeadId> {
        self.lock().iter().copied().collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeSet<LeadId>> {
        // Each change is one call on the set: a panic elsewhere leaves it whole.
        self.leads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers every wish, until the engine is gone. A store in trouble is asked again: the
/// engine waits for exactly one answer per wish.
pub(crate) async fn run_leads(
    store: Arc<dyn Store>,
    clock: NodeClock,
    mut wishes: mpsc::Receiver<LeadsWanted>,
    inputs: Inputs,
    held: HeldLeads,
) {
    while let Some(wish) = wishes.recv().await {
        let (store, clock, inputs) = (Arc::clone(&store), clock.clone(), inputs.clone());
        let held = held.clone();
        tokio::spawn(async move {
            loop {
                let settling = held.settled().await;
                let now = clock.now().wall;
                let leased = store
                    .lease_leads(wish.campaign, now, wish.count, LEASE_FOR)
                    .await;
                let input = match leased {
                    Ok(leased) => {
                        held.add(leased.leads.iter().map(|l| l.id));
                        Input::LeadsOffered {
                            campaign: wish.campaign,
                            leads: leased.leads,
                            exhausted: leased.exhausted,
                        }
                    }
                    Err(error @ (StoreError::Fenced { .. } | StoreError::NoOwner)) => {
                        tracing::error!(%error, code = error.code(), "this node lost its leads");
                        fenced(&error)
                    }
                    Err(error @ StoreError::Closed { .. }) => {
                        tracing::debug!(%error, "no leads: stopping");
                        return;
                    }
                    Err(error) => {
                        tracing::warn!(%error, code = error.code(), campaign = %wish.campaign, "no leads");
                        drop(settling);
                        tokio::time::sleep(RETRY_AFTER).await;
                        continue;
                    }
                };
                if let Err(error) = inputs.send(input).await {
                    tracing::warn!(%error, "leads not handed over: their lease frees them");
                }
                drop(settling);
                return;
            }
        });
    }
}

fn fenced(error: &StoreError) -> Input {
    Input::StoreHealth {
        writable: false,
        reason: format!("{error}: {}", error.remedy()),
    }
}

/// Keeps the leases of the leads at hand alive.
pub(crate) async fn run_renewal(
    store: Arc<dyn Store>,
    clock: NodeClock,
    held: HeldLeads,
    inputs: Inputs,
) {
    let mut ticks = tokio::time::interval(RENEW_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match store
            .renew_leases(held.list(), clock.now().wall + LEASE_FOR)
            .await
        {
            Ok(leases) => tracing::debug!(leases, "leases renewed"),
            Err(error @ StoreError::Fenced { .. }) => {
                tracing::error!(%error, remedy = error.remedy(), "dialing stops");
                let _ = inputs.send(fenced(&error)).await;
                return;
            }
            Err(error) => tracing::warn!(%error, "leases not renewed"),
        }
    }
}
