//! What an earlier run left behind, put in order before anything is dialed.

use crate::config::Config;
use crate::error::NodeError;
use carillon_decision::call::{Cause, Outcome};
use carillon_decision::event::Input;
use carillon_decision::time::Wall;
use carillon_store::{Store, StoreError};
use serde::Serialize;
use std::time::Duration;

/// Abandonment is judged over 30 days; a day more for the zones.
const LEDGER_DAYS: Duration = Duration::from_secs(31 * 86_400);

/// What was found at start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Recovered {
    /// Attempts whose outcome was never learnt. Each counts as an attempt on the person, and
    /// none is dialed again at once.
    pub attempts: u64,
    /// Leads an earlier run held, free again.
    pub leads: u64,
}

pub(super) fn store_error(step: &'static str) -> impl Fn(StoreError) -> NodeError {
    move |error| NodeError::Store {
        step,
        cause: format!("{error} ({}): {}", error.code(), error.remedy()),
    }
}

/// Settles what a crash left open and takes over the leases.
pub(super) async fn recover(store: &dyn Store, owner: &str) -> Result<Recovered, NodeError> {
    let open = store
        .unfinished_attempts()
        .await
        .map_err(store_error("reading unfinished attempts"))?;
    let mut found = Recovered::default();
    for open in open {
        let attempt = &open.attempt;
        tracing::warn!(
            call = %attempt.call, lead = attempt.lead.map(|l| l.0), number = %attempt.number.masked(),
            sip_call_id = attempt.sip_call_id, placed = %attempt.placed,
            "an attempt of an earlier run has no outcome: it is settled as cancelled"
        );
        let outcome = Outcome::Unanswered(Cause::Cancelled);
        let settled = store.settle_attempt(attempt.call, outcome).await;
        found.attempts +=
            u64::from(settled.map_err(store_error("settling an unfinished attempt"))?);
    }
    let takeover = store
        .release_leases(owner)
        .await
        .map_err(store_error("taking over leases"))?;
    found.leads = takeover.released;
    if found != Recovered::default() {
        tracing::warn!(
            attempts = found.attempts,
            leads = found.leads,
            "an earlier run ended without stopping"
        );
    }
    Ok(found)
}

/// Everything the engine must know before its first call, in order.
pub(super) async fn first_inputs(
    config: &Config,
    store: &dyn Store,
    now: Wall,
    paused: bool,
) -> Result<Vec<Input>, NodeError> {
    use carillon_decision::campaign::Dial;
    let mut inputs = Vec::new();
    let health = store.health().borrow().clone();
    inputs.push(Input::StoreHealth {
        writable: health.writable,
        reason: health.reason,
    });
    inputs.extend(
        config
            .trunks()
            .into_iter()
            .map(|t| Input::Trunk(Box::new(t))),
    );
    inputs.extend(
        config
            .agents()
            .into_iter()
            .map(|a| Input::Agent(Box::new(a))),
    );
    for settings in &config.campaigns {
        let campaign = settings.engine.id;
        inputs.push(Input::Campaign(Box::new(settings.engine.clone())));
        let ledger = store.ledger(campaign, now - LEDGER_DAYS).await;
        let ledger = ledger.map_err(store_error("reading the abandonment ledger"))?;
        inputs.push(Input::LedgerRestored { campaign, ledger });
        if settings.autostart && !paused {
            inputs.push(Input::Adjust {
                campaign,
                dial: Dial::Running(true),
            });
        }
    }
    Ok(inputs)
}
