//! What look-ups find: targets of trunks and of agents' phones, and who may send to us.

use super::{Switch, Timer};
use crate::locate::{GONE_AFTER, LocateError, Query, Sighting, Target, fixed};
use crate::wire::Path;
use carillon_decision::id::TrunkId;
use carillon_sip::{Peer, Policy};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Notify;

/// Names that are looked up, and what is known of those that are no trunk's.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// Asks for a look before a name's time is over.
    pub(crate) again: BTreeMap<Query, Arc<Notify>>,
    /// Where agents' phones with host names are.
    pub(crate) phones: BTreeMap<Query, Result<Vec<Target>, LocateError>>,
    /// What our listeners speak, for addresses.
    pub(crate) reach: Option<crate::locate::Reach>,
    /// Who may send besides the trunks.
    pub(crate) policy: Policy,
}

impl Switch {
    /// A look-up found something else than the one before.
    pub(super) fn located(&mut self, now: Instant, sighting: &Sighting) {
        if let Some(phone) = self.places.phones.get_mut(&sighting.query) {
            phone.clone_from(&sighting.result);
        }
        let of_query = |id: &TrunkId| {
            self.trunks
                .get(id)
                .is_some_and(|t| t.settings.query == sighting.query)
        };
        let ids: Vec<TrunkId> = self.trunks.keys().copied().filter(of_query).collect();
        for id in ids {
            self.trunk_located(now, id, &sighting.result);
        }
    }

    fn trunk_located(
        &mut self,
        now: Instant,
        id: TrunkId,
        found: &Result<Vec<Target>, LocateError>,
    ) {
        let Some(trunk) = self.trunks.get_mut(&id) else {
            return;
        };
        let before = trunk.pool.peers();
        let changed = trunk.found(now, found);
        let (asks, peers) = (trunk.settings.options, trunk.pool.peers());
        let homeless = |(_, at): &(_, Peer)| !peers.contains(at);
        let moves = trunk.health.registration.as_ref().is_some_and(homeless);
        let name = trunk.settings.engine.name.clone();
        if let Some(path) = self.wire.path(&name).filter(|p| p.peers != peers) {
            let path = Path {
                peers: peers.clone(),
                ..path.clone()
            };
            self.wire.set_path(path);
        }
        if changed {
            self.set_timer(now + GONE_AFTER, Timer::Gone(id));
            self.admit_trunks();
        }
        for peer in peers.iter().filter(|p| asks && !before.contains(p)) {
            self.ask(now, id, *peer);
        }
        // A registration at a place that left DNS moves, unless there is nowhere to go.
        if moves && !peers.is_empty() {
            self.move_registration(now, id);
        } else {
            self.register(now, id);
        }
        self.report_health(id);
    }

    /// Lets in the addresses of all trunks' targets, and those that left DNS lately.
    pub(super) fn admit_trunks(&mut self) {
        let mut policy = self.places.policy.clone();
        let sources = self.trunks.values().flat_map(|t| t.pool.sources());
        policy.sources.extend(sources.map(super::trunks::source_of));
        self.endpoint.set_policy(policy);
    }

    /// Addresses that left DNS long ago are strangers from now on.
    pub(super) fn forget_gone(&mut self, now: Instant, id: TrunkId) {
        let trunk = self.trunks.get_mut(&id);
        if trunk.is_some_and(|t| t.pool.forget_gone(now)) {
            self.admit_trunks();
        }
    }

    /// Asks for a look-up of a trunk's name although its records still stand: it may have moved.
    pub(super) fn look_again(&self, id: TrunkId) {
        let query = self.trunks.get(&id).map(|t| &t.settings.query);
        if let Some(again) = query.and_then(|q| self.places.again.get(q)) {
            again.notify_one();
        }
    }

    /// Where a phone's URI leads.
    pub(super) fn phone_at(&mut self, uri: &str) -> Result<Peer, String> {
        let query = Query::of_uri(uri).ok_or_else(|| format!("`{uri}` is no SIP URI"))?;
        let at_address = self.places.reach.as_ref().and_then(|r| fixed(&query, r));
        match at_address {
            Some(Ok(target)) => return Ok(target.peer),
            Some(Err(error)) => return Err(error.to_string()),
            None => {}
        }
        match self.places.phones.get(&query) {
            Some(Ok(targets)) => crate::locate::draw(targets, &mut self.chance)
                .map(|t| t.peer)
                .ok_or_else(|| format!("`{uri}` leads nowhere")),
            Some(Err(error)) => Err(error.to_string()),
            None => Err(format!("`{uri}` was not looked up yet")),
        }
    }
}
