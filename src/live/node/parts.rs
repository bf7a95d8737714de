//! Sockets and what hangs on them.

use super::{NodeOptions, places, setup};
use crate::clock::NodeClock;
use crate::config::Config;
use crate::error::NodeError;
use crate::locate::Locator;
use crate::switch::{self, Prompts};
use crate::wire::{WireCounters, WireSetup};
use carillon_decision::id::TrunkId;
use carillon_media::{MediaEvent, Relay};
use carillon_sip::{Endpoint, TransportKind};
use crossbeam_channel::Receiver;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

/// Sockets and what hangs on them, made before any thread starts.
pub(super) struct Parts {
    /// Every SIP socket, ports resolved.
    pub(super) sip: Vec<(TransportKind, SocketAddr)>,
    pub(super) wire: WireSetup,
    pub(super) endpoint: Endpoint,
    pub(super) relay: Relay,
    pub(super) media: Receiver<MediaEvent>,
    pub(super) prompts: Prompts,
    pub(super) trunks: BTreeMap<TrunkId, switch::TrunkLine>,
    pub(super) locator: Locator,
    pub(super) places: switch::Places,
    pub(super) web: Option<tokio::net::TcpListener>,
}

impl Parts {
    pub(super) async fn new(
        config: &Config,
        options: &NodeOptions,
        clock: &NodeClock,
        counters: Arc<WireCounters>,
    ) -> Result<Self, NodeError> {
        let locator = places::locator(config);
        let found = places::find_all(config, &locator).await;
        let trunks = places::trunks(clock.instant(), config, &found)?;
        let places = places::places(config, &locator, &found);
        let bound = setup::sip_sockets(&config.sip)?;
        let sip = bound.locals().map_err(|source| NodeError::Start {
            what: "the SIP sockets",
            source,
        })?;
        let endpoint = Endpoint::new(setup::endpoint(config, &sip, &trunks));
        let wire = setup::wire(config, bound, &trunks, counters)?;
        let wanted = config.campaigns.iter().flat_map(|c| &c.prompts);
        let prompts = Prompts::load(wanted.map(|p| (p.name.as_str(), p.file.as_deref())))?;
        let relay = setup::relay(config, setup::instants(clock), &trunks);
        let (relay, media) = Relay::start(relay).map_err(|e| NodeError::Media(e.to_string()))?;
        let web = match options.web {
            true => Some(listen(config.web.bind).await?),
            false => None,
        };
        Ok(Self {
            sip,
            wire,
            endpoint,
            relay,
            media,
            prompts,
            trunks,
            locator,
            places,
            web,
        })
    }
}

async fn listen(address: SocketAddr) -> Result<tokio::net::TcpListener, NodeError> {
    tokio::net::TcpListener::bind(address)
        .await
        .map_err(|source| NodeError::Bind {
            what: "pages",
            address,
            source,
        })
}
