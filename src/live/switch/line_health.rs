//! What the wire tells of connections, and what that means for trunks.

use super::Switch;
use crate::wire::Lost;
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
        let found = trunks.find_map(|t| Some((&t.settings.engine.name, t.pool.spot_mut(peer)?)));
        let Some((name, spot)) = found else {
            return;
        };
        match why {
            Some(why) if spot.line.as_deref() != Some(why) => {
                tracing::warn!(trunk = name, %peer, why, "no connection to the trunk");
            }
            None if spot.line.is_some() => {
                tracing::info!(trunk = name, %peer, "connected to the trunk again");
            }
            _ => {}
        }
        spot.line = why.map(str::to_owned);
    }
}
