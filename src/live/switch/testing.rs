//! A switch without a network, for unit tests.

use super::health::HealthRules;
use super::{Ladders, Places, Prompts, Setup, Switch};
use crate::clock::NodeClock;
use crate::engine::{Message, News, queue};
use crate::wire::{Wire, WireLimits};
use carillon_media::{Relay, RelayConfig};
use carillon_sip::{Endpoint, EndpointConfig};
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// The switch, and what it tells the engine.
pub(super) fn switch() -> (Switch, crossbeam_channel::Receiver<Message>) {
    let clock = NodeClock::start();
    let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let instants = clock.clone();
    let config = RelayConfig::new(loopback, Arc::new(move || instants.instant()), 1);
    let (relay, _) = Relay::start(config).expect("the relay starts");
    let (inputs, messages) = queue();
    let local = SocketAddr::new(loopback, 5060);
    let setup = Setup {
        clock,
        endpoint: Endpoint::new(EndpointConfig::new(local, [1; 32])),
        realm: "test".to_owned(),
        relay,
        prompts: Prompts::default(),
        trunks: Default::default(),
        agents: Vec::new(),
        campaigns: Vec::new(),
        detection: Default::default(),
        news: News::new(inputs),
        attempts: mpsc::channel(1).0,
        ladders: Ladders::default(),
        vitals: Arc::default(),
        health: HealthRules {
            interval: Duration::from_secs(5),
            lost_max: 2,
        },
        dry_run: false,
        token: 1,
        chance: StdRng::seed_from_u64(1),
        places: Places::default(),
        keeping: None,
    };
    let wire = Wire::deaf(WireLimits::default(), Arc::default());
    (Switch::new(setup, wire), messages)
}
