//! Trunks: what they take, how fast, and whose they are.

use super::Oracle;
use super::calls::Watched;
use carillon_decision::id::{CallId, CampaignId, TrunkId};
use carillon_decision::routing::TrunkConfig;
use carillon_decision::time::Mono;
use std::collections::VecDeque;
use std::time::Duration;

/// What the oracle knows of a trunk.
#[derive(Debug)]
pub(super) struct TrunkTruth {
    pub(super) config: TrunkConfig,
    pub(super) up: bool,
    pub(super) open: u32,
    pub(super) sent: VecDeque<Mono>,
}

impl Oracle {
    pub(super) fn trunk_known(&mut self, config: &TrunkConfig) {
        let fresh = || TrunkTruth {
            config: config.clone(),
            up: false,
            open: 0,
            sent: VecDeque::new(),
        };
        self.trunks.entry(config.id).or_insert_with(fresh).config = config.clone();
    }

    /// A new call leaves on a trunk.
    pub(super) fn on_trunk(&mut self, call: CallId, campaign: CampaignId, id: TrunkId) {
        let now = self.now.mono;
        let Some(trunk) = self.trunks.get_mut(&id) else {
            return self.breach(
                "trunk",
                format!("call {call} on trunk {id}, which nobody knows"),
            );
        };
        let groups = self.campaigns.get(&campaign).map(|(c, _)| &c.trunk_groups);
        let open = groups.is_none_or(|g| g.is_empty() || g.contains(&trunk.config.group));
        let (up, rate) = (trunk.up, trunk.config.calls_per_second);
        // So many in a second; of slow trunks one in several.
        let most = rate.ceil().max(1.0);
        let window = Duration::from_secs_f64((1.0 / rate).max(1.0));
        while trunk
            .sent
            .front()
            .is_some_and(|at| now.since(*at) >= window)
        {
            trunk.sent.pop_front();
        }
        trunk.sent.push_back(now);
        let sent = trunk.sent.len();
        if sent as f64 > most {
            let what = format!(
                "{sent} new calls within {} s on trunk {id}, which takes {rate} a second",
                window.as_secs_f64()
            );
            self.breach("call-rate", what);
        }
        if !up {
            self.breach("trunk", format!("call {call} on trunk {id}, which is down"));
        }
        if !open {
            self.breach(
                "trunk",
                format!("call {call} on trunk {id}, which is not the campaign's"),
            );
        }
    }

    /// A call is out, on one channel of its trunk.
    pub(super) fn placed(&mut self, call: CallId, watched: Watched) {
        if !self.used.insert(call) {
            self.breach("engine", format!("call {call} was placed twice"));
        }
        if let Some(trunk) = watched.trunk.and_then(|id| self.trunks.get_mut(&id)) {
            trunk.open += 1;
            let (open, most, id) = (trunk.open, trunk.config.channels, trunk.config.id);
            if open > most {
                self.breach(
                    "channels",
                    format!("{open} calls on trunk {id} of {most} channels"),
                );
            }
        }
        self.calls.insert(call, watched);
    }
}
