//! Pages and API of a node.

use super::setup;
use crate::clock::NodeClock;
use crate::config::Config;
use crate::floor_port::FloorPort;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::watch;

/// Where pages are served, by which task, and how it is ended.
type Pages = (
    Option<SocketAddr>,
    Option<tokio::task::JoinHandle<()>>,
    watch::Sender<bool>,
);

/// Starts serving, where a listener is given.
pub(super) fn serve(
    listener: Option<tokio::net::TcpListener>,
    config: &Config,
    clock: &NodeClock,
    floor: &Arc<FloorPort>,
) -> Pages {
    let (close_pages, mut closed) = watch::channel(false);
    let Some(listener) = listener else {
        return (None, None, close_pages);
    };
    let address = listener.local_addr().unwrap_or(config.web.bind);
    let clock = clock.clone();
    // Without a configured token nobody can change anything: the drawn one is never shown.
    let token = match &config.web.supervisor_token {
        Some(token) => token.expose().to_owned(),
        None => setup::entropy::<16>()
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect(),
    };
    let mut settings = carillon_api::ApiConfig::new(
        address,
        token,
        Arc::new(move || clock.now()),
        Arc::new(setup::entropy::<32>),
    );
    settings.hosts.clone_from(&config.web.hosts);
    settings.https = config.web.https;
    settings.streams_max = config.web.streams_max;
    let floor = Arc::clone(floor);
    let shutdown = async move {
        // An error means that the handle is gone: the same.
        let _ = closed.wait_for(|&closed| closed).await;
    };
    let pages = tokio::spawn(async move {
        if let Err(error) = carillon_api::serve(listener, floor, settings, shutdown).await {
            tracing::error!(%error, "pages have stopped");
        }
    });
    (Some(address), Some(pages), close_pages)
}
