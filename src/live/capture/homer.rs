//! Messages to Homer, by a task of its own: the switch only puts them into a bounded queue.

use super::hep::{Agent, packet};
use super::mask::masked;
use super::message::Routes;
use super::settings::HomerSettings;
use super::{Capture, Captured, Tap};
use crate::config::Config;
use carillon_api::port::Sight;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::Instant;

/// How often the queue is emptied. It holds 16,384 messages: enough for 300,000 a second.
const EVERY: Duration = Duration::from_millis(50);
/// How often the collector's name is looked up again.
const LOOK_UP_EVERY: Duration = Duration::from_secs(300);
/// How soon after a look-up that failed.
const LOOK_UP_AGAIN: Duration = Duration::from_secs(5);

/// The task that sends every message from now on to the collector, if one is configured; it
/// ends when it is aborted.
pub(crate) fn homer(
    capture: &Capture,
    config: &Config,
) -> Option<impl Future<Output = ()> + Send + use<>> {
    let (settings, key) = (&config.capture, config.capture.auth_key.as_ref());
    let settings = HomerSettings {
        host: settings.homer.clone()?,
        capture_id: settings.capture_id,
        auth_key: key.map_or_else(String::new, |key| key.expose().to_owned()),
        masked: settings.homer_masked,
        node: config.node.name.clone(),
    };
    let tap = capture.tap()?;
    Some(run_homer(capture.clone(), settings, tap))
}

/// See [`homer`].
async fn run_homer(capture: Capture, settings: HomerSettings, tap: Tap) {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut line: Option<UdpSocket> = None;
    let mut routes = Routes::default();
    let mut look_up_at = Instant::now();
    loop {
        tick.tick().await;
        if Instant::now() >= look_up_at {
            let found = connected(&settings).await;
            look_up_at = Instant::now() + found.as_ref().map_or(LOOK_UP_AGAIN, |_| LOOK_UP_EVERY);
            match found {
                Ok(socket) => line = Some(socket),
                Err(error) => {
                    let (host, port) = &settings.host;
                    tracing::warn!(%error, "Homer at {host}:{port} cannot be reached; see [capture] homer");
                }
            }
        }
        for message in tap.messages.try_iter() {
            let sent = match &line {
                Some(socket) => send(socket, &message, &mut routes, &settings).await,
                None => false,
            };
            let counters = capture.counters();
            match sent {
                true => counters.homer_sent.add(1),
                false => counters.homer_dropped.add(1),
            }
        }
    }
}

async fn connected(settings: &HomerSettings) -> std::io::Result<UdpSocket> {
    let (host, port) = &settings.host;
    let mut found = tokio::net::lookup_host((host.as_str(), *port)).await?;
    let address = found.next().ok_or_else(|| {
        std::io::Error::new(std::io::ErrorKind::NotFound, "the name has no address")
    })?;
    let any: SocketAddr = match address {
        SocketAddr::V4(_) => SocketAddr::from(([0, 0, 0, 0], 0)),
        SocketAddr::V6(_) => SocketAddr::from(([0_u16; 8], 0)),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(address).await?;
    Ok(socket)
}

/// Whether the system took it. What is no SIP is nothing for Homer.
async fn send(
    socket: &UdpSocket,
    message: &Captured,
    routes: &mut Routes,
    settings: &HomerSettings,
) -> bool {
    let sight = match settings.masked {
        true => Sight::Masked,
        false => Sight::Whole,
    };
    let agent = Agent {
        capture_id: settings.capture_id,
        auth_key: &settings.auth_key,
        node: &settings.node,
    };
    let ends = routes.ends(message);
    let Some(packet) = packet(message, ends, &masked(&message.bytes, sight), agent) else {
        return false;
    };
    match socket.send(&packet).await {
        Ok(_) => true,
        // Of an earlier packet: nobody listened there. This one was not sent, the next may be.
        Err(error) => {
            tracing::debug!(%error, "Homer");
            false
        }
    }
}
