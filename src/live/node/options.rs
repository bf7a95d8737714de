//! What a node is started with, and the figures it shows of itself.

use carillon_sip::TransportKind;
use serde::Serialize;
use std::net::SocketAddr;
use std::path::PathBuf;

/// What the caller adds to the configuration.
#[derive(Clone, Debug)]
pub struct NodeOptions {
    /// Decide and record, but let no INVITE leave, whatever the configuration says.
    pub dry_run: bool,
    /// Serve pages, API and metrics on `[web] bind`.
    pub web: bool,
    /// Journal every input to this directory; `None` keeps no journal.
    pub journal: Option<PathBuf>,
    /// Leave every campaign paused, whatever `autostart` says.
    pub paused: bool,
}

impl Default for NodeOptions {
    fn default() -> Self {
        Self {
            dry_run: false,
            web: true,
            journal: None,
            paused: false,
        }
    }
}

/// Where a node listens, ports resolved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Addresses {
    /// The first SIP socket: UDP, and TCP on the same port, unless `[sip] transports` leaves one
    /// out.
    pub sip: SocketAddr,
    /// Every SIP socket: `udp`, `tcp` or `tls`, and its address.
    pub sip_all: Vec<(String, SocketAddr)>,
    /// Pages and API; `None` when they are not served.
    pub web: Option<SocketAddr>,
}

impl Addresses {
    /// At least one SIP socket.
    pub(super) fn new(sip: &[(TransportKind, SocketAddr)], web: Option<SocketAddr>) -> Self {
        let named = |(kind, at): &(TransportKind, SocketAddr)| (kind.param().to_owned(), *at);
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        Self {
            sip: sip.first().map_or(nowhere, |(_, address)| *address),
            sip_all: sip.iter().map(named).collect(),
            web,
        }
    }

    /// URL of the wallboard.
    pub fn web_url(&self) -> Option<String> {
        self.web.map(|address| format!("http://{address}/"))
    }
}

/// Figures of the node itself, besides the floor's.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Vitals {
    /// Bridges made.
    pub bridges: u64,
    /// Median time from the packet that told a person (or the 200 OK; or from the moment the
    /// agent was free, where that came later) to both hearing each other, ms.
    pub bridge_ms_p50: f64,
    /// 99th percentile of it, ms.
    pub bridge_ms_p99: f64,
    /// Attempts written before their INVITE.
    pub attempts_stored: u64,
    /// Originations that were not sent (store, stale permit, dry run).
    pub not_sent: u64,
    /// Inputs the engine has handled.
    pub inputs: u64,
    /// Inputs that wait for the engine now.
    pub inputs_waiting: usize,
    /// Writes that wait for the store now.
    pub records_waiting: usize,
    /// Writes the store never got because its queue was full.
    pub records_dropped: u64,
    /// Calls from agents' phones to anything but the login number, refused.
    pub refused_agent_calls: u64,
    /// Calls from trunks to none of our caller IDs, refused.
    pub refused_inbound: u64,
    /// Wall clock jumps seen.
    pub wall_jumps: u64,
    /// SIP datagrams the system did not take; retransmission makes up for them.
    pub datagrams_unsent: u64,
}

/// How a stop went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StopReport {
    /// Calls that were still up and were ended.
    pub calls_ended: usize,
    /// Calls whose end the far side did not confirm in time.
    pub unconfirmed: usize,
}
