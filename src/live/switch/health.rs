//! Whether trunks answer: OPTIONS to each target, registrations where carriers want them.

use super::{Switch, Timer};
use carillon_decision::Input;
use carillon_decision::id::TrunkId;
use carillon_decision::routing::TrunkHealth;
use carillon_sip::{Peer, RequestKey};
use std::time::{Duration, Instant};

/// How trunks are asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HealthRules {
    /// Time between two OPTIONS to a target of a trunk.
    pub(crate) interval: Duration,
    /// Unanswered ones in a row after which it is down.
    pub(crate) lost_max: u32,
}

impl Switch {
    /// Asks every trunk for the first time and starts registrations.
    pub(super) fn start_health(&mut self, now: Instant) {
        let ids: Vec<TrunkId> = self.trunks.keys().copied().collect();
        for id in ids {
            self.register(now, id);
            let asks = self.trunks.get(&id).is_some_and(|t| t.settings.options);
            if asks {
                self.options_due(now, id);
            } else {
                self.report_health(id);
            }
        }
    }

    /// Starts the registration of a trunk that wants one and has none, where it can.
    pub(super) fn register(&mut self, now: Instant, id: TrunkId) {
        let Some(trunk) = self.trunks.get_mut(&id) else {
            return;
        };
        if trunk.health.registration.is_some() {
            return;
        }
        let hop = trunk.pool.pick(now, &mut self.chance);
        let Some((hop, register)) = hop.and_then(|hop| Some((hop, trunk.register(hop)?))) else {
            return;
        };
        match self.endpoint.register(now, register) {
            Ok(key) => {
                trunk.health.registration = Some((key, hop));
                self.by_request.insert(key, (id, hop));
            }
            Err(error) => {
                trunk.health.unregistered = Some(error.to_string());
                self.report_health(id);
            }
        }
    }

    /// Time to ask a trunk's targets again; what is unanswered by now is lost.
    pub(super) fn options_due(&mut self, now: Instant, id: TrunkId) {
        let rules = self.rules;
        let Some(trunk) = self.trunks.get_mut(&id) else {
            return;
        };
        let peers = trunk.pool.peers();
        for peer in &peers {
            if let Some(spot) = trunk.pool.spot_mut(*peer) {
                if spot.asked.is_some() {
                    spot.lost = spot.lost.saturating_add(1);
                }
                // The text is told once, when it goes down.
                let was_down = matches!(spot.answers, Some(Err(_)));
                if spot.lost >= rules.lost_max && !was_down {
                    let silent = (rules.interval * spot.lost).as_secs();
                    let silence = || format!("no answer to OPTIONS for {silent} s");
                    spot.answers = Some(Err(spot.line.clone().unwrap_or_else(silence)));
                }
            }
        }
        // It may have moved.
        if matches!(trunk.pool.health(), Some(Err(_))) || trunk.lost.is_some() {
            self.look_again(id);
        }
        for peer in peers {
            self.ask(now, id, peer);
        }
        self.set_timer(now + rules.interval, Timer::Options(id));
        self.report_health(id);
    }

    /// Asks one target.
    pub(super) fn ask(&mut self, now: Instant, id: TrunkId, peer: Peer) {
        let Some(trunk) = self.trunks.get_mut(&id) else {
            return;
        };
        let uri = trunk.options_uri();
        match self.endpoint.options(now, &uri, peer) {
            Ok(key) => {
                if let Some(spot) = trunk.pool.spot_mut(peer) {
                    spot.asked = Some(key);
                }
                self.by_request.insert(key, (id, peer));
            }
            Err(error) => {
                tracing::warn!(trunk = trunk.settings.engine.name, %peer, %error, "no OPTIONS sent")
            }
        }
    }

    /// An answer to OPTIONS, or the end of the wait for one.
    pub(super) fn options_reply(&mut self, key: RequestKey, code: u16, timed_out: bool) {
        let Some((id, peer)) = self.by_request.remove(&key) else {
            return;
        };
        let Some(trunk) = self.trunks.get_mut(&id).filter(|_| !timed_out) else {
            return;
        };
        let accepted = trunk.settings.profile.options_accept.accepts(code);
        let name = &trunk.settings.engine.name;
        let Some(spot) = trunk.pool.spot_mut(peer) else {
            return;
        };
        spot.asked = None;
        spot.lost = 0;
        let answers = match accepted {
            true => Ok(()),
            false => Err(format!("it answers OPTIONS with {code}")),
        };
        if spot.answers.as_ref().is_some_and(|old| *old != answers) {
            let why = answers.as_ref().err();
            tracing::info!(trunk = name, %peer, why, "a target of the trunk changed");
        }
        spot.answers = Some(answers);
        self.report_health(id);
    }

    pub(super) fn registered(&mut self, key: RequestKey, service_route: Vec<String>) {
        let id = self.by_request.get(&key).map(|(id, _)| *id);
        if let Some(trunk) = id.and_then(|id| self.trunks.get_mut(&id)) {
            trunk.health.service_route = service_route;
        }
        self.registration(key, None);
    }

    /// A registration does not stand. One that nobody answers, or that is refused for the moment
    /// (503), goes to another target of the trunk, if one is usable (RFC 3263 §4.3); else it is
    /// tried again where it was.
    pub(super) fn registration_failed(
        &mut self,
        now: Instant,
        key: RequestKey,
        (code, phrase): (u16, &str),
        timed_out: bool,
    ) {
        let trouble = format!("registration refused: {code} {phrase}");
        self.registration(key, Some(trouble));
        let Some((id, peer)) = self.by_request.get(&key).copied() else {
            return;
        };
        let Some(trunk) = self.trunks.get_mut(&id) else {
            return;
        };
        let kept = trunk.health.registration == Some((key, peer));
        let elsewhere = trunk.pool.next(now, &[peer], &mut self.chance);
        if kept && (timed_out || code == 503) && elsewhere.is_some() {
            trunk
                .pool
                .failed(now, peer, super::pool_trouble(timed_out, None));
            self.move_registration(now, id);
        }
    }

    /// Ends the registration where it is and starts it at another target.
    pub(super) fn move_registration(&mut self, now: Instant, id: TrunkId) {
        let Some(trunk) = self.trunks.get_mut(&id) else {
            return;
        };
        if let Some((key, _)) = trunk.health.registration.take() {
            self.by_request.remove(&key);
            self.endpoint.unregister(now, key);
        }
        self.register(now, id);
    }

    fn registration(&mut self, key: RequestKey, trouble: Option<String>) {
        let Some((id, _)) = self.by_request.get(&key).copied() else {
            return;
        };
        if let Some(trunk) = self.trunks.get_mut(&id) {
            trunk.health.unregistered = trouble;
            self.report_health(id);
        }
    }

    /// Tells the engine when a trunk's health changed. Nothing is told before the first answer:
    /// a trunk starts down.
    pub(super) fn report_health(&mut self, id: TrunkId) {
        let Some(trunk) = self.trunks.get_mut(&id) else {
            return;
        };
        let health = match (&trunk.lost, &trunk.health.unregistered, trunk.pool.health()) {
            (Some(why), _, _) | (None, Some(why), _) => Err(why.clone()),
            (None, None, Some(answers)) => answers,
            (None, None, None) => return,
        };
        if trunk.health.reported.as_ref() == Some(&health) {
            return;
        }
        trunk.health.reported = Some(health.clone());
        let name = &trunk.settings.engine.name;
        let health = match health {
            Ok(()) => {
                tracing::info!(trunk = name, "trunk is up");
                if trunk.settings.tls.as_ref().is_some_and(|tls| !tls.verify) {
                    tracing::warn!(
                        trunk = name,
                        "INSECURE: nobody checked that it is the trunk"
                    );
                }
                TrunkHealth::Up
            }
            Err(why) => {
                tracing::warn!(trunk = name, why, "trunk is down");
                TrunkHealth::Down(why)
            }
        };
        self.news.tell(Input::TrunkHealth { trunk: id, health });
    }

    /// Ends the registrations we keep.
    pub(super) fn unregister_all(&mut self, now: Instant) {
        let keys: Vec<RequestKey> = self
            .trunks
            .values_mut()
            .filter_map(|t| Some(t.health.registration.take()?.0))
            .collect();
        for key in keys {
            self.endpoint.unregister(now, key);
        }
    }
}
