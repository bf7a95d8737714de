//! The order of a start: store, names, ledgers, sockets, threads, pages.

use super::handle::{Ends, NodeHandle};
use super::recovery::{self, store_error};
use super::{Addresses, NodeOptions, setup};
use crate::clock::NodeClock;
use crate::config::Config;
use crate::engine::{Board, EngineThread, Inputs, Message, Names, News, Outlets, Tap, queue};
use crate::error::NodeError;
use crate::floor_port::FloorPort;
use crate::store_port::{
    ATTEMPTS_MAX, HeldLeads, LEADS_MAX, records_queue, run_attempts, run_dnc_feed, run_health,
    run_leads, run_records, run_renewal,
};
use crate::switch::{self, AgentSetup, HealthRules, Ladders, Notice, Prompts};
use crate::vitals::VitalCounters;
use carillon_api::port::BoardStatus;
use carillon_decision::id::{CallId, DecisionId};
use carillon_decision::{Command, Engine, EngineConfig};
use carillon_media::{MediaEvent, Relay};
use carillon_sip::Endpoint;
use carillon_store::{SqliteOptions, SqliteStore, Store};
use crossbeam_channel::Receiver;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// Commands that may wait for the switch; beyond it the engine waits.
const ORDERS_MAX: usize = 16_384;
/// Notices that may wait for the switch.
const NOTICES_MAX: usize = 4_096;
/// The engine takes in a configuration in milliseconds.
const FIRST_BOARD_WITHIN: std::time::Duration = std::time::Duration::from_secs(10);

/// Starts nodes.
#[derive(Debug)]
pub struct Node;

impl Node {
    /// Starts a node on its configuration. Must be called inside a multi-threaded tokio
    /// runtime, which carries the store's tasks and the pages; signalling, audio and the
    /// engine have threads of their own.
    ///
    /// # Errors
    /// [`NodeError`]; nothing of the node is left running then.
    pub async fn start(config: Config, options: NodeOptions) -> Result<NodeHandle, NodeError> {
        let directory = config.node.data_dir.clone();
        std::fs::create_dir_all(&directory).map_err(|e| NodeError::Store {
            step: "making the data directory",
            cause: format!("{}: {e}", directory.display()),
        })?;
        let opened = SqliteStore::open(SqliteOptions::new(&config.store.path)).await;
        let store: Arc<dyn Store> = Arc::new(opened.map_err(store_error("opening the store"))?);
        Self::start_with(config, options, store).await
    }

    /// The same on a store that is open already, which the node closes when it stops.
    ///
    /// # Errors
    /// As [`Node::start`].
    pub async fn start_with(
        mut config: Config,
        options: NodeOptions,
        store: Arc<dyn Store>,
    ) -> Result<NodeHandle, NodeError> {
        let clock = NodeClock::start();
        config
            .bind_ids(&*store)
            .await
            .map_err(store_error("reading names"))?;
        let config = Arc::new(config);
        let wall = clock.now().wall;
        let recovered = recovery::recover(&*store, &config.node.name).await?;
        let first = recovery::first_inputs(&config, &*store, wall, options.paused).await?;
        let engine = engine_config(&config, &*store).await?;
        let tap = Tap::start(options.journal.as_deref(), engine, &clock)?;

        let parts = Parts::new(&config, &options, &clock).await?;
        let sip = parts.sip;
        let (inputs, messages) = queue();
        for input in first {
            inputs.send(input).await?;
        }
        let started = Started {
            config,
            options,
            clock,
            store,
            engine,
            inputs,
            tap,
        };
        let mut handle = started.run(parts, messages).await?;
        handle.recovered = recovered;
        tracing::info!(%sip, "node started");
        Ok(handle)
    }
}

async fn engine_config(config: &Config, store: &dyn Store) -> Result<EngineConfig, NodeError> {
    let first_call: CallId = store
        .next_call_id()
        .await
        .map_err(store_error("reading call ids"))?;
    let first_decision: DecisionId = store
        .next_decision_id()
        .await
        .map_err(store_error("reading decision ids"))?;
    let drawn = || u64::from_le_bytes(setup::entropy());
    Ok(EngineConfig {
        seed: config.node.seed.unwrap_or_else(drawn),
        first_call,
        first_decision,
    })
}

/// Sockets and what hangs on them, made before any thread starts.
struct Parts {
    sip: SocketAddr,
    socket: std::net::UdpSocket,
    endpoint: Endpoint,
    relay: Relay,
    media: Receiver<MediaEvent>,
    prompts: Prompts,
    trunks: std::collections::BTreeMap<carillon_decision::id::TrunkId, switch::TrunkLine>,
    web: Option<tokio::net::TcpListener>,
}

impl Parts {
    async fn new(
        config: &Config,
        options: &NodeOptions,
        clock: &NodeClock,
    ) -> Result<Self, NodeError> {
        let trunks = setup::resolve(&config.trunks, config.sip.bind.is_ipv4()).await?;
        let socket = setup::sip_socket(config.sip.bind)?;
        let sip = socket.local_addr().map_err(|source| NodeError::Bind {
            what: "SIP over UDP",
            address: config.sip.bind,
            source,
        })?;
        let endpoint = Endpoint::new(setup::endpoint(config, sip, &trunks));
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
            socket,
            endpoint,
            relay,
            media,
            prompts,
            trunks,
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

/// What the threads and tasks share.
struct Started {
    config: Arc<Config>,
    options: NodeOptions,
    clock: NodeClock,
    store: Arc<dyn Store>,
    engine: EngineConfig,
    inputs: Inputs,
    tap: Tap,
}

impl Started {
    async fn run(self, parts: Parts, messages: Receiver<Message>) -> Result<NodeHandle, NodeError> {
        let vitals = Arc::new(VitalCounters::default());
        let ladders = Ladders::default();
        let dry_run = self.options.dry_run || self.config.node.dry_run;
        let (orders_to, orders) = mpsc::channel::<Command>(ORDERS_MAX);
        let (notices_to, notices) = mpsc::channel::<Notice>(NOTICES_MAX);
        let (attempts_to, attempts) = mpsc::channel(ATTEMPTS_MAX);
        let (leads_to, leads) = mpsc::channel(LEADS_MAX);
        let (records, jobs) = records_queue(Arc::clone(&vitals));
        let (status_to, status) = watch::channel(Arc::new(BoardStatus::default()));

        let setup = switch::Setup {
            clock: self.clock.clone(),
            endpoint: parts.endpoint,
            realm: self.config.sip.realm.clone(),
            relay: parts.relay,
            prompts: parts.prompts,
            trunks: parts.trunks,
            agents: agents(&self.config),
            campaigns: self.config.campaigns(),
            news: News::new(self.inputs.clone()),
            attempts: attempts_to,
            ladders: ladders.clone(),
            vitals: Arc::clone(&vitals),
            health: HealthRules {
                interval: self.config.sip.options_interval,
                lost_max: self.config.sip.options_lost_max,
            },
            dry_run,
            token: u64::from_le_bytes(setup::entropy()),
            letters: notices_to.clone(),
        };
        let ears = switch::Ears {
            socket: parts.socket,
            orders,
            notices,
            media: parts.media,
        };
        let switch = switch::spawn(setup, ears)?;
        let held = HeldLeads::default();
        let outlets = Outlets {
            held: held.clone(),
            switch: orders_to,
            notices: notices_to.clone(),
            leads: leads_to,
            records: records.clone(),
        };
        let engine = EngineThread {
            engine: Engine::new(self.engine),
            clock: self.clock.clone(),
            messages,
            outlets,
            tap: self.tap,
            board: Board::new(names(&self.config), dry_run),
            status: status_to,
            vitals: Arc::clone(&vitals),
        };
        let engine = engine.spawn()?;
        first_board(&self.config, status.clone()).await?;

        let snapshot = self
            .store
            .dnc_snapshot()
            .await
            .map_err(store_error("reading do-not-call lists"))?;
        let (store, inputs) = (&self.store, &self.inputs);
        let feeds = vec![
            tokio::spawn(run_attempts(
                Arc::clone(store),
                self.clock.clone(),
                attempts,
                notices_to.clone(),
            )),
            tokio::spawn(run_leads(
                Arc::clone(store),
                self.clock.clone(),
                leads,
                inputs.clone(),
                held.clone(),
            )),
            tokio::spawn(run_renewal(
                Arc::clone(store),
                self.clock.clone(),
                held,
                inputs.clone(),
            )),
            tokio::spawn(run_dnc_feed(Arc::clone(store), snapshot, inputs.clone())),
            tokio::spawn(run_health(Arc::clone(store), records, inputs.clone())),
        ];
        let writer = tokio::spawn(run_records(Arc::clone(store), jobs, Arc::clone(&vitals)));

        let (stop_to, stop_asked) = watch::channel(None);
        let floor = Arc::new(FloorPort::new(
            Arc::clone(&self.config),
            self.clock.clone(),
            Arc::clone(store),
            self.inputs.clone(),
            notices_to.clone(),
            status,
            ladders,
            Arc::clone(&vitals),
            stop_to,
        ));
        let (web, pages, close_pages) = serve(parts.web, &self.config, &self.clock, &floor);
        let ends = Ends {
            switch,
            engine,
            feeds,
            writer,
            pages,
            close_pages,
        };
        let addresses = Addresses {
            sip: parts.sip,
            web,
        };
        Ok(NodeHandle::new(
            addresses,
            self.inputs,
            self.store,
            notices_to,
            floor,
            vitals,
            stop_asked,
            ends,
        ))
    }
}

/// Waits until the engine has taken in the configuration: who holds the handle sees a whole
/// floor.
async fn first_board(
    config: &Config,
    mut status: watch::Receiver<Arc<BoardStatus>>,
) -> Result<(), NodeError> {
    let whole = |board: &Arc<BoardStatus>| {
        let floor = &board.floor;
        floor.agents.len() == config.agents.len()
            && floor.trunks.len() == config.trunks.len()
            && floor.campaigns.len() == config.campaigns.len()
    };
    match tokio::time::timeout(FIRST_BOARD_WITHIN, status.wait_for(whole)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(_)) => Err(NodeError::Stopped),
        Err(_) => Err(NodeError::Busy(
            "the engine did not take in the configuration in time",
        )),
    }
}

type Pages = (
    Option<SocketAddr>,
    Option<tokio::task::JoinHandle<()>>,
    watch::Sender<bool>,
);

fn serve(
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
    let settings = carillon_api::ApiConfig::new(
        address,
        token,
        Arc::new(move || clock.now()),
        Arc::new(setup::entropy::<32>),
    );
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

fn agents(config: &Config) -> Vec<AgentSetup> {
    let setup = |a: &crate::config::AgentSettings| AgentSetup {
        id: a.engine.id,
        phone: a.phone.clone(),
    };
    config.agents.iter().map(setup).collect()
}

fn names(config: &Config) -> Names {
    Names {
        agents: config
            .agents
            .iter()
            .map(|a| (a.engine.id, a.display_name.clone()))
            .collect(),
        trunks: config
            .trunks
            .iter()
            .map(|t| (t.engine.id, t.engine.name.clone()))
            .collect(),
    }
}
