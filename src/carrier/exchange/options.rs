//! What a carrier is started with.

use crate::error::CarrierError;
use carillon_sim::{CalleeLaw, Fate};
use carillon_sip::{Codec, Network};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// How a carrier is started.
#[derive(Clone, Debug)]
pub struct CarrierOptions {
    /// SIP address; port 0 takes any free one. RTP takes any free port of the same address.
    /// Default `127.0.0.1:0`.
    pub bind: SocketAddr,
    /// Who may call. Default loopback.
    pub callers: Vec<Network>,
    /// What callees do.
    pub law: CalleeLaw,
    /// Seed of what they do: the n-th call gets `law.fate(seed, n)`, n from 0.
    pub seed: u64,
    /// Fates of the first calls, before the law's; for tests and drills. A call that takes
    /// one still has its number.
    pub script: Vec<Fate>,
    /// Factor on every time before an answer or a failure, more than 0. Default 1: real time.
    pub ring_scale: f64,
    /// Most calls at once; more are answered 503. Default 1,000.
    pub channels: usize,
    /// Codecs callees speak, of those the caller offers in the caller's order. Default PCMU
    /// and PCMA.
    pub codecs: Vec<Codec>,
}

impl CarrierOptions {
    /// A carrier on loopback for callees of this law.
    pub fn new(law: CalleeLaw, seed: u64) -> Self {
        Self {
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            callers: vec![Network {
                address: IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)),
                prefix: 8,
                port: None,
            }],
            law,
            seed,
            script: Vec::new(),
            ring_scale: 1.0,
            channels: 1_000,
            codecs: vec![Codec::Pcmu, Codec::Pcma],
        }
    }

    pub(super) fn check(&self) -> Result<(), CarrierError> {
        let bad = |setting, problem: String| Err(CarrierError::Setting { setting, problem });
        if !(self.ring_scale > 0.0 && self.ring_scale.is_finite()) {
            return bad(
                "ring_scale",
                format!("{} is no factor; give a number above 0", self.ring_scale),
            );
        }
        if self.codecs.is_empty() {
            return bad("codecs", "none; give PCMU, PCMA or both".into());
        }
        if self.channels == 0 {
            return bad("channels", "0 takes no call; give at least 1".into());
        }
        Ok(())
    }
}
