//! Whether trunks answer: OPTIONS to each, registrations where carriers want them.

use super::{Notice, Switch, Timer};
use carillon_decision::Input;
use carillon_decision::id::TrunkId;
use carillon_decision::routing::TrunkHealth;
use carillon_sip::RequestKey;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How trunks are asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HealthRules {
    /// Time between two OPTIONS to a trunk.
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
            let Some(trunk) = self.trunks.get_mut(&id) else {
                continue;
            };
            if trunk.settings.options {
                self.options_due(now, id);
            } else {
                trunk.health.answers = Some(Ok(()));
                self.report_health(id);
            }
        }
    }

    fn register(&mut self, now: Instant, id: TrunkId) {
        let Some(trunk) = self.trunks.get_mut(&id) else {
            return;
        };
        let Some(register) = trunk.register() else {
            return;
        };
        match self.endpoint.register(now, register) {
            Ok(key) => {
                trunk.health.registration = Some(key);
                self.by_request.insert(key, id);
            }
            Err(error) => {
                trunk.health.unregistered = Some(error.to_string());
                self.report_health(id);
            }
        }
    }

    /// Time to ask a trunk again; what is unanswered by now is lost.
    pub(super) fn options_due(&mut self, now: Instant, id: TrunkId) {
        let rules = self.rules;
        let Some(trunk) = self.trunks.get_mut(&id) else {
            return;
        };
        if trunk.health.asked.is_some() {
            trunk.health.lost = trunk.health.lost.saturating_add(1);
        }
        if trunk.health.lost >= rules.lost_max {
            let silent = rules.interval * trunk.health.lost;
            let why = match &trunk.health.line {
                Some(line) => line.clone(),
                None => format!("no answer to OPTIONS for {} s", silent.as_secs()),
            };
            // The text is told once, when it goes down.
            if !matches!(trunk.health.answers, Some(Err(_))) {
                trunk.health.answers = Some(Err(why));
            }
            self.look_up(id);
        }
        let Some(trunk) = self.trunks.get_mut(&id) else {
            return;
        };
        let uri = trunk.options_uri();
        match self.endpoint.options(now, &uri, trunk.hop()) {
            Ok(key) => {
                trunk.health.asked = Some(key);
                self.by_request.insert(key, id);
            }
            Err(error) => {
                tracing::warn!(trunk = trunk.settings.engine.name, %error, "no OPTIONS sent")
            }
        }
        self.set_timer(now + rules.interval, Timer::Options(id));
        self.report_health(id);
    }

    /// An answer to OPTIONS, or the end of the wait for one.
    pub(super) fn options_reply(&mut self, key: RequestKey, code: u16, timed_out: bool) {
        let Some(id) = self.by_request.remove(&key) else {
            return;
        };
        let Some(trunk) = self.trunks.get_mut(&id).filter(|_| !timed_out) else {
            return;
        };
        trunk.health.asked = None;
        trunk.health.lost = 0;
        let accepted = trunk.settings.profile.options_accept.accepts(code);
        trunk.health.answers = Some(match accepted {
            true => Ok(()),
            false => Err(format!("it answers OPTIONS with {code}")),
        });
        self.report_health(id);
    }

    pub(super) fn registered(&mut self, key: RequestKey) {
        self.registration(key, None);
    }

    pub(super) fn registration_failed(&mut self, key: RequestKey, code: u16, phrase: &str) {
        self.registration(key, Some(format!("registration refused: {code} {phrase}")));
    }

    fn registration(&mut self, key: RequestKey, trouble: Option<String>) {
        let Some(id) = self.by_request.get(&key).copied() else {
            return;
        };
        if let Some(trunk) = self.trunks.get_mut(&id) {
            trunk.health.unregistered = trouble;
            self.report_health(id);
        }
    }

    /// Tells the engine when a trunk's health changed. Nothing is told before the first answer:
    /// a trunk starts down.
    fn report_health(&mut self, id: TrunkId) {
        let Some(trunk) = self.trunks.get_mut(&id) else {
            return;
        };
        let health = match (&trunk.health.unregistered, &trunk.health.answers) {
            (Some(why), _) => Err(why.clone()),
            (None, Some(answers)) => answers.clone(),
            (None, None) => return,
        };
        if trunk.health.reported.as_ref() == Some(&health) {
            return;
        }
        trunk.health.reported = Some(health.clone());
        let name = &trunk.settings.engine.name;
        let health = match health {
            Ok(()) => {
                tracing::info!(trunk = name, "trunk is up");
                TrunkHealth::Up
            }
            Err(why) => {
                tracing::warn!(trunk = name, why, "trunk is down");
                TrunkHealth::Down(why)
            }
        };
        self.news.tell(Input::TrunkHealth { trunk: id, health });
    }

    /// Looks the trunk's host name up again: it may have moved.
    fn look_up(&self, id: TrunkId) {
        let Some(trunk) = self.trunks.get(&id) else {
            return;
        };
        if trunk.settings.host.parse::<std::net::IpAddr>().is_ok() {
            return;
        }
        let (host, port) = (trunk.settings.host.clone(), trunk.settings.port);
        let letters = self.letters.clone();
        let v4 = trunk.address.is_ipv4();
        tokio::spawn(async move {
            let Ok(mut found) = tokio::net::lookup_host((host, port)).await else {
                return;
            };
            if let Some(address) = found.find(|a| a.is_ipv4() == v4) {
                let _ = letters.send(Notice::Resolved { trunk: id, address }).await;
            }
        });
    }

    pub(super) fn resolved(&mut self, id: TrunkId, address: SocketAddr) {
        let Some(trunk) = self.trunks.get_mut(&id).filter(|t| t.address != address) else {
            return;
        };
        tracing::info!(trunk = trunk.settings.engine.name, old = %trunk.address, new = %address, "trunk moved");
        trunk.address = address;
        let (name, hop) = (trunk.settings.engine.name.clone(), trunk.hop());
        self.path_moved(&name, hop);
        let mut policy = self.endpoint.config().policy.clone();
        policy.sources.push(super::trunks::source_of(address));
        self.endpoint.set_policy(policy);
    }

    /// Ends the registrations we keep.
    pub(super) fn unregister_all(&mut self, now: Instant) {
        let keys: Vec<RequestKey> = self
            .trunks
            .values_mut()
            .filter_map(|t| t.health.registration.take())
            .collect();
        for key in keys {
            self.endpoint.unregister(now, key);
        }
    }
}
