//! What the wire tells of connections, and what that means for trunks.

use super::Switch;
use crate::wire::{Lost, Path};
use carillon_sip::Peer;
use std::time::Instant;

impl Switch {
    /// A connection is gone, or could not be had: what waits on it fails, and the trunk's
    /// health says why.
    pub(super) fn line_lost(&mut self, now: Instant, lost: &Lost) {
        if lost.is_trouble {
            self.line_trouble(lost.peer, Some(&lost.why));
        }
        if lost.asked {
            self.endpoint.unreachable(now, lost.peer);
        } else {
            self.endpoint.flow_gone(now, lost.peer);
        }
    }

    /// A connection of ours is open.
    pub(super) fn line_open(&mut self, peer: Peer) {
        self.line_trouble(peer, None);
    }

    /// Keeps what is known of the connections to a trunk. Told once: the same trouble again, as
    /// at every OPTIONS to a trunk that is away, is not logged again.
    fn line_trouble(&mut self, peer: Peer, why: Option<&str>) {
        let mut trunks = self.trunks.values_mut();
        let Some(trunk) = trunks.find(|t| t.hop() == peer) else {
            return;
        };
        let name = &trunk.settings.engine.name;
        match why {
            Some(why) if trunk.health.line.as_deref() != Some(why) => {
                tracing::warn!(trunk = name, %peer, why, "no connection to the trunk");
            }
            None if trunk.health.line.is_some() => {
                tracing::info!(trunk = name, %peer, "connected to the trunk again");
            }
            _ => {}
        }
        trunk.health.line = why.map(str::to_owned);
    }

    /// A trunk moved: its connections are opened, and trusted, at its new address.
    pub(super) fn path_moved(&mut self, trunk: &str, peer: Peer) {
        if let Some(path) = self.wire.path(trunk) {
            let path = Path {
                peers: vec![peer],
                ..path.clone()
            };
            self.wire.set_path(path);
        }
    }
}
