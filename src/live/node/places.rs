//! Where trunks and agents' phones are when the node starts, and the look-ups that go on.

use crate::config::{AgentPhone, Config};
use crate::error::NodeError;
use crate::locate::{LocateError, Locator, LocatorConfig, Query, Reach, Target, TtlLimits};
use crate::switch::{Notice, Places, TrunkLine};
use carillon_decision::id::TrunkId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{Notify, mpsc};

/// A locator for what a configuration lets this node speak.
pub(super) fn locator(config: &Config) -> Locator {
    Locator::new(LocatorConfig {
        servers: config.sip.dns.clone(),
        reach: Reach::of(&config.sip),
        limits: TtlLimits::default(),
    })
}

/// Queries of agents' phones with host names.
fn phones(config: &Config) -> BTreeSet<Query> {
    let of = |agent: &crate::config::AgentSettings| match &agent.phone {
        AgentPhone::Uri(uri) => Query::of_uri(uri).filter(|q| q.address().is_none()),
        AgentPhone::Registered(_) => None,
    };
    config.agents.iter().filter_map(of).collect()
}

/// Looks every name up once, all at the same time.
pub(super) async fn find_all(
    config: &Config,
    locator: &Locator,
) -> BTreeMap<Query, Result<Vec<Target>, LocateError>> {
    let trunks = config.trunks.iter().map(|t| t.query.clone());
    let wanted: BTreeSet<Query> = trunks.chain(phones(config)).collect();
    let mut searches = tokio::task::JoinSet::new();
    for query in wanted {
        let locator = locator.clone();
        searches.spawn(async move {
            let found = locator.locate(&query).await.map(|l| l.targets);
            (query, found)
        });
    }
    searches.join_all().await.into_iter().collect()
}

/// The trunks, where they were found.
///
/// # Errors
/// A trunk that cannot be met as configured: DNS denies it, or no listener speaks what it needs.
/// While DNS is silent the node starts all the same; the trunk is down until it is found.
pub(super) fn trunks(
    now: Instant,
    config: &Config,
    found: &BTreeMap<Query, Result<Vec<Target>, LocateError>>,
) -> Result<BTreeMap<TrunkId, TrunkLine>, NodeError> {
    let mut lines = BTreeMap::new();
    for settings in &config.trunks {
        let result = found
            .get(&settings.query)
            .cloned()
            .unwrap_or(Ok(Vec::new()));
        if let Err(error) = result.as_ref()
            && !error.is_silence()
        {
            return Err(NodeError::Name {
                what: "host of trunk",
                name: settings.engine.name.clone(),
                remedy: error.to_string(),
            });
        }
        let line = TrunkLine::new(now, settings.clone(), &result);
        lines.insert(settings.engine.id, line);
    }
    Ok(lines)
}

/// What the switch knows of names besides its trunks.
pub(super) fn places(
    config: &Config,
    locator: &Locator,
    found: &BTreeMap<Query, Result<Vec<Target>, LocateError>>,
) -> Places {
    let phones = phones(config);
    let of_phones = found.iter().filter(|(query, _)| phones.contains(query));
    let named = found.keys().filter(|query| query.address().is_none());
    Places {
        again: named
            .map(|q| (q.clone(), Arc::new(Notify::new())))
            .collect(),
        phones: of_phones.map(|(q, r)| (q.clone(), r.clone())).collect(),
        reach: Some(locator.reach().clone()),
        policy: super::setup::policy(config),
    }
}

/// Keeps every name fresh for as long as the switch listens.
pub(super) fn watch(locator: &Locator, places: &Places, to: &mpsc::Sender<Notice>) {
    for (query, again) in &places.again {
        let watch = locator.clone().watch(
            query.clone(),
            to.clone(),
            Notice::Located,
            Arc::clone(again),
        );
        tokio::spawn(watch);
    }
}
