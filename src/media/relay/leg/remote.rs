//! Who is at the other end of a leg, and in what codec.

use std::time::Instant;

use super::super::outgoing::Target;
use super::super::secure::Opener;
use super::{EdgeDecoder, Leg, Remote, edge, outgoing};
use crate::codec::Codec;
use crate::relay::far_ear::FarEar;

impl Leg {
    pub(super) fn set_remote(&mut self, now: Instant, remote: Remote) {
        let moved = !on_hold(&remote) && self.lock.announce(remote.address);
        if moved {
            self.far_ear = FarEar::default();
            self.rest = None;
        }
        if !remote.receive {
            self.unheard = None;
        } else if moved {
            self.unheard = Some(self.unheard_from(now));
        }
        if remote.receive {
            self.quiet_since.get_or_insert(now);
        } else {
            self.quiet_since = None;
            self.silent = false;
            self.rest = None;
        }
        self.remote = Some(remote);
        self.set_codec(remote.codec);
        Opener::follow(&mut self.opener, remote.keys.as_ref());
        let ticks = 8 * remote.codec.ticks_per_sample();
        let reports = !on_hold(&remote);
        self.control.start(now, reports.then_some(f64::from(ticks)));
        self.aim();
        self.tune();
    }

    fn set_codec(&mut self, codec: Codec) {
        let decoder = self.edge.take().filter(|edge| edge.codec() == codec);
        self.edge = match codec.law() {
            Some(_) => None,
            None => Some(decoder.unwrap_or_else(|| EdgeDecoder::new(codec))),
        };
    }

    /// Points the sending half at where the far end is now.
    pub(super) fn aim(&mut self) {
        let remote = self.remote.filter(|remote| remote.send && !on_hold(remote));
        let target = remote.map(|remote| Target {
            address: self.lock.locked().unwrap_or(remote.address),
            law: remote.codec.law().unwrap_or(edge::INNER),
            codec: remote.codec,
            opus: remote.opus,
            payload_type: remote.payload_type,
            dtmf_payload_type: remote.dtmf_payload_type,
            dtmf_clock_hz: remote.dtmf_clock_hz,
            comfort_payload_type: remote.comfort_payload_type,
            rtcp: remote.rtcp,
            rtcp_mux: remote.rtcp_mux,
            keys: remote.keys,
        });
        self.generator.set_remote(remote.as_ref());
        outgoing::lock(&self.out).set_target(target);
    }
}

/// The old way to say hold (RFC 3264 section 8.4): no address to send to.
pub(super) fn on_hold(remote: &Remote) -> bool {
    remote.address.ip().is_unspecified() || remote.address.port() == 0
}
