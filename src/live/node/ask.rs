//! Asks a trunk over TCP or TLS whether it is there, without a node: for `carillon check`.

use super::setup;
use crate::clock::NodeClock;
use crate::config::{Config, TrunkSettings};
use crate::error::NodeError;
use crate::locate::Target;
use crate::switch::TrunkLine;
use crate::wire::{Arrival, Bound, Wanted, Wire};
use carillon_sip::{Endpoint, Event, Peer};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a trunk said to OPTIONS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A final status.
    Status(u16),
    /// Nothing in time.
    Silent,
    /// No connection; why, with what to do.
    NoConnection(String),
}

/// Sends OPTIONS to a target of `trunk` and waits up to `within`.
/// Certificates are checked as the node would.
///
/// # Errors
/// [`NodeError`] where no socket can be had or certificates cannot be used.
pub async fn ask_trunk(
    config: &Config,
    trunk: &TrunkSettings,
    target: Peer,
    within: Duration,
) -> Result<Asked, NodeError> {
    let failed = |source| NodeError::Start {
        what: "the question to the trunk",
        source,
    };
    let mut config = config.clone();
    // What a running node listens on is not needed to ask.
    config.sip.tls = None;
    let any = SocketAddr::new(config.sip.bind[0].ip(), 0);
    let bound = Bound::new(&Wanted {
        plain: vec![any],
        udp: true,
        ..Wanted::default()
    })?;
    let locals = bound.locals().map_err(failed)?;
    let clock = NodeClock::start();
    let there = Ok(vec![Target::fixed(target)]);
    let line = TrunkLine::new(clock.instant(), trunk.clone(), &there);
    let uri = line.options_uri();
    let trunks = BTreeMap::from([(trunk.engine.id, line)]);
    let mut endpoint = Endpoint::new(setup::endpoint(&config, &locals, &trunks));
    let setup = setup::wire(&config, bound, &trunks, Arc::default())?;
    let mut wire = Wire::start(setup).map_err(failed)?;
    if endpoint.options(clock.instant(), &uri, target).is_err() {
        return Ok(Asked::NoConnection(format!("\"{uri}\" cannot be asked")));
    }
    let answer = tokio::time::timeout(within, exchange(&mut endpoint, &mut wire, &clock)).await;
    wire.close(Duration::from_millis(200)).await;
    Ok(answer.unwrap_or(Asked::Silent))
}

async fn exchange(endpoint: &mut Endpoint, wire: &mut Wire, clock: &NodeClock) -> Asked {
    let mut buffer = vec![0; 65_536];
    loop {
        while let Some(transmit) = endpoint.poll_transmit() {
            wire.send(transmit);
        }
        while let Some(event) = endpoint.poll_event() {
            match event {
                Event::OptionsReply {
                    timed_out: true, ..
                } => return Asked::Silent,
                Event::OptionsReply { code, .. } => return Asked::Status(code),
                _ => {}
            }
        }
        let wake: Instant = endpoint
            .next_timeout()
            .unwrap_or_else(|| clock.instant() + Duration::from_secs(1));
        tokio::select! {
            arrival = wire.next(&mut buffer) => match arrival {
                Arrival::Datagram(from, length) => {
                    endpoint.receive(clock.instant(), from, &buffer[..length]);
                }
                Arrival::Message(from, bytes) => endpoint.receive(clock.instant(), from, &bytes),
                Arrival::Lost(lost) => return Asked::NoConnection(lost.why),
                Arrival::Open(_) => {}
            },
            () = tokio::time::sleep_until(wake.into()) => endpoint.handle_timeout(clock.instant()),
        }
    }
}
