//! The order of a start: store, names, sockets, recovery, ledgers, threads, pages.

use super::handle::{Ends, NodeHandle};
use super::pages::serve;
use super::parts::Parts;
use super::recovery::{self, store_error};
use super::{Addresses, NodeOptions, setup};
use crate::capture;
use crate::clock::NodeClock;
use crate::config::Config;
use crate::engine::{Board, EngineThread, Inputs, Message, Names, News, Outlets, Tap, queue};
use crate::error::NodeError;
use crate::floor_port::FloorPort;
use crate::recording::{Archive, run_retention};
use crate::store_port::{
    ATTEMPTS_MAX, AttemptJob, HeldLeads, LEADS_MAX, LeadsWanted, RecordJob, Records, records_queue,
    run_attempts, run_dnc_feed, run_health, run_leads, run_records, run_renewal,
};
use crate::switch::{self, AgentSetup, AudioRules, HealthRules, Ladders, Notice, Places, Prompts};
use crate::vitals::VitalCounters;
use carillon_api::port::BoardStatus;
use carillon_decision::agent::LineKind;
use carillon_decision::id::{CallId, DecisionId, SnapshotId, TrunkId};
use carillon_decision::{Command, Engine, EngineConfig};
use carillon_media::Relay;
use carillon_sip::Endpoint;
use carillon_store::{SqliteOptions, SqliteStore, Store};
use crossbeam_channel::Receiver;
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::collections::BTreeMap;
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
    /// [`NodeError`], with its cause and what to do about it. All but an engine that does not
    /// take in the configuration shows before any thread runs.
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
        // The sockets first: where another process holds them, a node of this configuration runs,
        // and its open calls and leads are its own.
        let vitals = Arc::new(VitalCounters::default());
        let counters = Arc::clone(&vitals.wire);
        let parts = Parts::new(&config, &options, &clock, counters).await?;
        let sip = parts.sip.clone();
        let wall = clock.now().wall;
        let recovered = recovery::recover(&*store, &config.node.name).await?;
        let first = recovery::first_inputs(&config, &*store, wall, options.paused).await?;
        let engine = engine_config(&config, &*store).await?;
        let lists = store.dnc_snapshot().await;
        let lists = lists.map_err(store_error("reading do-not-call lists"))?;
        let tap = Tap::start(options.journal.as_deref(), engine, &clock)?;

        let (inputs, messages) = queue();
        for input in first {
            inputs.send(input).await?;
        }
        let (records, jobs) = records_queue(Arc::clone(&vitals));
        let (notices_to, notices) = mpsc::channel(NOTICES_MAX);
        let ladders = Ladders::of(&config, &sip);
        let started = Started {
            config,
            options,
            clock,
            store,
            engine,
            inputs,
            vitals,
            ladders,
            records,
            notices: notices_to,
            lists,
        };
        let queues = Queues {
            messages,
            notices,
            jobs,
        };
        let mut handle = started.run(parts, queues, tap).await?;
        handle.recovered = recovered;
        for (transport, address) in &sip {
            tracing::info!(transport = transport.param(), %address, "SIP is listening");
        }
        tracing::info!("node started");
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

/// What the threads and tasks share.
struct Started {
    config: Arc<Config>,
    options: NodeOptions,
    clock: NodeClock,
    store: Arc<dyn Store>,
    engine: EngineConfig,
    inputs: Inputs,
    vitals: Arc<VitalCounters>,
    ladders: Ladders,
    records: Records,
    notices: mpsc::Sender<Notice>,
    /// State of the do-not-call lists before the first lease.
    lists: SnapshotId,
}

/// The ends of the queues that are handed out once.
struct Queues {
    messages: Receiver<Message>,
    notices: mpsc::Receiver<Notice>,
    jobs: mpsc::Receiver<RecordJob>,
}

impl Started {
    async fn run(self, parts: Parts, queues: Queues, tap: Tap) -> Result<NodeHandle, NodeError> {
        let (orders_to, orders) = mpsc::channel::<Command>(ORDERS_MAX);
        let (attempts_to, attempts) = mpsc::channel(ATTEMPTS_MAX);
        let (leads_to, leads) = mpsc::channel(LEADS_MAX);
        let (status_to, status) = watch::channel(Arc::new(BoardStatus::default()));
        let held = HeldLeads::default();

        let Parts {
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
        } = parts;
        super::places::watch(&locator, &places, &self.notices);
        let inputs = self.inputs.clone();
        let (keeping, kept, archive) = super::keep::start(
            &self.config,
            &self.clock,
            &self.store,
            relay.clone(),
            inputs,
            self.records.clone(),
            Arc::clone(&self.vitals.gauges),
        )
        .await?;
        let setup = switch::Setup {
            attempts: attempts_to,
            places,
            keeping: Some(keeping),
            ..self.switch_setup(endpoint, relay, prompts, trunks)
        };
        let (stop_to, stop_asked) = watch::channel(None);
        let stop = stop_to.clone();
        // The handle may be gone: then nobody is left to stop.
        let on_failure = Box::new(move || {
            let _ = stop.send(Some(true));
        });
        let ears = switch::Ears {
            wire,
            orders,
            notices: queues.notices,
            media,
            on_failure,
        };
        let switch = switch::spawn(setup, ears)?;
        let outlets = Outlets {
            held: held.clone(),
            switch: orders_to,
            notices: self.notices.clone(),
            leads: leads_to,
            records: self.records.clone(),
        };
        let engine = self
            .engine_thread(queues.messages, outlets, tap, status_to)
            .spawn()?;
        first_board(&self.config, status.clone()).await?;

        let mut feeds = self.spawn_feeds(attempts, leads, held.clone());
        let retention = run_retention(archive.clone(), Arc::clone(&self.store), self.clock.clone());
        feeds.push(tokio::spawn(retention));
        let writer = run_records(
            Arc::clone(&self.store),
            queues.jobs,
            Arc::clone(&self.vitals),
        );
        let writer = tokio::spawn(writer);
        let floor = Arc::new(self.floor_port(status, stop_to, held, archive));
        let (web, pages, close_pages) = serve(web, &self.config, &self.clock, &floor);
        let ends = Ends {
            switch,
            engine,
            kept,
            feeds,
            writer,
            pages,
            close_pages,
        };
        let addresses = Addresses::new(&sip, web);
        Ok(NodeHandle::new(
            addresses,
            self.inputs,
            self.store,
            self.notices,
            floor,
            self.vitals,
            stop_asked,
            ends,
        ))
    }

    fn dry_run(&self) -> bool {
        self.options.dry_run || self.config.node.dry_run
    }

    /// Everything the switch is built from, with an attempts queue that leads nowhere yet.
    fn switch_setup(
        &self,
        endpoint: Endpoint,
        relay: Relay,
        prompts: Prompts,
        trunks: BTreeMap<TrunkId, switch::TrunkLine>,
    ) -> switch::Setup {
        switch::Setup {
            clock: self.clock.clone(),
            endpoint,
            realm: self.config.sip.realm.clone(),
            relay,
            prompts,
            trunks,
            agents: agents(&self.config),
            campaigns: self.config.campaigns(),
            detection: self.config.detection(),
            news: News::new(self.inputs.clone()),
            attempts: mpsc::channel(1).0,
            ladders: self.ladders.clone(),
            vitals: Arc::clone(&self.vitals),
            health: HealthRules {
                interval: self.config.sip.options_interval,
                lost_max: self.config.sip.options_lost_max,
            },
            dry_run: self.dry_run(),
            token: u64::from_le_bytes(setup::entropy()),
            chance: StdRng::from_seed(setup::entropy()),
            places: Places::default(),
            keeping: None,
        }
    }

    fn engine_thread(
        &self,
        messages: Receiver<Message>,
        outlets: Outlets,
        tap: Tap,
        status: watch::Sender<Arc<BoardStatus>>,
    ) -> EngineThread {
        EngineThread {
            engine: Engine::new(self.engine),
            clock: self.clock.clone(),
            messages,
            outlets,
            tap,
            board: Board::new(names(&self.config), self.dry_run()),
            status,
            vitals: Arc::clone(&self.vitals),
        }
    }

    fn spawn_feeds(
        &self,
        attempts: mpsc::Receiver<AttemptJob>,
        leads: mpsc::Receiver<LeadsWanted>,
        held: HeldLeads,
    ) -> Vec<tokio::task::JoinHandle<()>> {
        let store = || Arc::clone(&self.store);
        let (clock, inputs) = (|| self.clock.clone(), || self.inputs.clone());
        let homer = capture::homer(self.ladders.capture(), &self.config);
        let mut feeds = vec![
            tokio::spawn(run_attempts(
                store(),
                clock(),
                attempts,
                self.notices.clone(),
            )),
            tokio::spawn(run_leads(store(), clock(), leads, inputs(), held.clone())),
            tokio::spawn(run_renewal(store(), clock(), held, inputs())),
            tokio::spawn(run_dnc_feed(store(), self.lists, inputs())),
            tokio::spawn(run_health(store(), self.records.clone(), inputs())),
        ];
        feeds.extend(homer.map(tokio::spawn));
        feeds
    }

    fn floor_port(
        &self,
        status: watch::Receiver<Arc<BoardStatus>>,
        stop: watch::Sender<Option<bool>>,
        held: HeldLeads,
        archive: Archive,
    ) -> FloorPort {
        FloorPort::new(
            Arc::clone(&self.config),
            self.clock.clone(),
            Arc::clone(&self.store),
            self.inputs.clone(),
            self.notices.clone(),
            status,
            self.ladders.clone(),
            Arc::clone(&self.vitals),
            stop,
            held,
            archive,
        )
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

fn agents(config: &Config) -> Vec<AgentSetup> {
    let setup = |a: &crate::config::AgentSettings| AgentSetup {
        id: a.engine.id,
        name: a.engine.name.clone(),
        phone: a.phone.clone(),
        role: a.engine.role,
        kept: a.engine.line == LineKind::NailedUp,
        audio: AudioRules {
            codecs: a.codecs.iter().map(|codec| codec.codec()).collect(),
            srtp: a.srtp.policy(),
        },
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
