//! A running demo: carrier, phones and node.

use super::report::{DemoReport, times};
use super::settings::{config_text, live_config, scenario, users};
use super::{DemoError, DemoOptions, lists};
use carillon_api::port::{Action, BoardStatus};
use carillon_carrier::{
    Carrier, CarrierHandle, CarrierOptions, Phones, PhonesHandle, PhonesOptions,
};
use carillon_decision::Input;
use carillon_decision::agent::AgentState;
use carillon_decision::campaign::Dial;
use carillon_decision::status::TimeSplit;
use carillon_decision::time::{Mono, Wall};
use carillon_live::{Node, NodeClock, NodeHandle, NodeOptions};
use carillon_sim::Scenario;
use carillon_store::{SqliteOptions, SqliteStore, Store};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Agents and trunk must be ready by then.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// Wallboard ports tried before any free one is taken.
const PORTS_TRIED: u16 = 20;
/// The carrier may need a moment to see the last BYE.
const CARRIER_QUIET: Duration = Duration::from_secs(3);

/// A running demo.
pub struct Demo {
    options: DemoOptions,
    scenario: Scenario,
    clock: NodeClock,
    carrier: CarrierHandle,
    phones: PhonesHandle,
    node: NodeHandle,
    token: String,
    began: OnceLock<(Mono, TimeSplit)>,
    database: PathBuf,
    started: Wall,
    /// Removed with its content when the demo ends.
    directory: Option<tempfile::TempDir>,
}

/// What is left of a demo until it is dropped.
pub(super) struct Kept {
    pub database: PathBuf,
    /// When the demo was started.
    pub began: Wall,
    /// The campaign's.
    pub wrap_up_limit: Option<Duration>,
    _directory: Option<tempfile::TempDir>,
}

impl std::fmt::Debug for Demo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Demo")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Demo {
    /// Starts everything and waits until every agent is ready; nobody is called yet. Must be
    /// called inside a multi-threaded tokio runtime.
    ///
    /// # Errors
    /// [`DemoError`]; nothing is left running then.
    pub async fn start(options: DemoOptions) -> Result<Self, DemoError> {
        let scenario = scenario(options.agents)?.with_mode(options.mode);
        let (path, directory) = directory(&options)?;
        let clock = NodeClock::start();
        let started = clock.now().wall;
        let carrier = Carrier::start(CarrierOptions::new(scenario.callees, options.seed))?;
        let users = users(options.agents)?;
        let token = carillon_carrier::fresh_secret()?;
        let mut wanted = options.clone();
        wanted.page_port = options.page_port.map(free_port);
        let text = config_text(&scenario, &wanted, &users, carrier.address(), &token);
        let config = live_config(&path, &text, &scenario)?;
        let realm = config.sip.realm.clone();

        let database = config.store.path.clone();
        let store = SqliteStore::open(SqliteOptions::new(&database)).await?;
        lists::fill(&store, &scenario, options.seed, clock.now().wall).await?;
        let node_options = NodeOptions {
            web: options.page_port.is_some(),
            journal: options.keep.is_some().then(|| path.join("journal")),
            paused: true,
            ..NodeOptions::default()
        };
        let store: Arc<dyn Store> = Arc::new(store);
        let node = Node::start_with(config, node_options, store).await?;
        let mut phones = PhonesOptions::new(
            node.addresses().sip,
            users,
            scenario.agents_law,
            options.seed,
        );
        phones.realm = realm;
        let phones = match Phones::start(phones) {
            Ok(phones) => phones,
            Err(error) => {
                node.stop().await;
                return Err(error.into());
            }
        };
        let demo = Self {
            options,
            scenario,
            clock,
            carrier,
            phones,
            node,
            token,
            began: OnceLock::new(),
            database,
            started,
            directory,
        };
        match demo.ready().await {
            Ok(()) => Ok(demo),
            Err(error) => {
                demo.finish(Duration::ZERO, std::future::ready(())).await;
                Err(error)
            }
        }
    }

    async fn ready(&self) -> Result<(), DemoError> {
        let mut status = self.node.status();
        let all = status.wait_for(|board| missing(board).is_none());
        if tokio::time::timeout(READY_WITHIN, all)
            .await
            .is_ok_and(|s| s.is_ok())
        {
            return Ok(());
        }
        let what = missing(&self.status()).unwrap_or_else(|| "the node has stopped".into());
        Err(DemoError::NotReady {
            seconds: READY_WITHIN.as_secs(),
            what,
        })
    }

    /// Lets the campaign dial.
    ///
    /// # Errors
    /// [`DemoError::NotReady`] when the campaign refuses.
    pub async fn open(&self) -> Result<(), DemoError> {
        let action = Action::Campaign {
            name: carillon_sim::floor::campaign(&self.scenario).name,
            dials: vec![Dial::Running(true)],
        };
        // The first opening counts.
        let _ = self
            .began
            .set((self.clock.now().mono, times(&self.status().floor)));
        match self.node.floor().act(action).await {
            Ok(_) => Ok(()),
            Err(error) => Err(DemoError::Setting(format!(
                "the campaign does not start: {error:?}"
            ))),
        }
    }

    /// Returns when the demo has dialed for this long; never, if no length is given.
    pub async fn last_for(&self, length: Option<Duration>) {
        match length {
            Some(length) => tokio::time::sleep(length.saturating_sub(self.ran())).await,
            None => std::future::pending().await,
        }
    }

    /// How long it has dialed.
    pub fn ran(&self) -> Duration {
        let began = self
            .began
            .get()
            .map_or(self.clock.now().mono, |(at, _)| *at);
        self.clock.now().mono.since(began)
    }

    /// The floor as of now, at most a second old.
    pub fn status(&self) -> Arc<BoardStatus> {
        self.node.status().borrow().clone()
    }

    /// The node.
    pub fn node(&self) -> &NodeHandle {
        &self.node
    }

    /// The carrier.
    pub fn carrier(&self) -> &CarrierHandle {
        &self.carrier
    }

    /// The agents' phones.
    pub fn phones(&self) -> &PhonesHandle {
        &self.phones
    }

    /// Keeps the database beyond the end of the demo.
    pub(super) fn keep(&mut self) -> Kept {
        Kept {
            database: self.database.clone(),
            began: self.started,
            wrap_up_limit: carillon_sim::floor::campaign(&self.scenario).wrap_up_limit,
            _directory: self.directory.take(),
        }
    }

    /// What it was asked for.
    pub fn options(&self) -> &DemoOptions {
        &self.options
    }

    /// Token that every change on the wallboard must carry.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Ends the demo: stops dialing, waits up to `drain` or until `hurry` is ready for
    /// conversations to end, hangs up the rest, stops every part, and reports the figures of
    /// the moment of asking.
    pub async fn finish(self, drain: Duration, hurry: impl Future<Output = ()>) -> DemoReport {
        let mut report = DemoReport {
            agents: self.options.agents,
            seed: self.options.seed,
            seconds: self.ran().as_secs_f64(),
            ..DemoReport::default()
        };
        let before = self
            .began
            .get()
            .map(|(_, times)| *times)
            .unwrap_or_default();
        let board = self.fresh_status().await;
        report.take(&board, &before, &self.node.vitals());
        tokio::select! {
            drained = self.node.drain(drain) => if let Err(error) = drained {
                tracing::warn!(%error, code = error.code(), "no gentle end");
            },
            () = hurry => {}
        }
        self.node.stop().await;
        let mut seen = self.carrier.watch();
        // Past it, the figures show the ghosts.
        let _ = tokio::time::timeout(CARRIER_QUIET, seen.wait_for(|s| s.up == 0)).await;
        self.phones.stop().await;
        report.carrier = (&self.carrier.stop().await).into();
        report
    }

    /// The floor after everything that has happened until now.
    async fn fresh_status(&self) -> Arc<BoardStatus> {
        let mut status = self.node.status();
        status.mark_unchanged();
        // Any input makes the engine show the floor anew; without one it does so within 1 s.
        let _ = self.node.inputs().send(Input::Tick).await;
        let _ = tokio::time::timeout(Duration::from_secs(2), status.changed()).await;
        self.status()
    }
}

/// What is not ready yet, in words.
fn missing(board: &BoardStatus) -> Option<String> {
    let floor = &board.floor;
    if let Some(trunk) = floor.trunks.iter().find(|t| !t.up) {
        return Some(format!("the carrier does not answer ({})", trunk.reason));
    }
    let waiting = floor
        .agents
        .iter()
        .filter(|a| a.state != AgentState::Ready)
        .count();
    match (waiting, floor.agents.len()) {
        (_, 0) => Some("the node shows no agents".into()),
        (0, _) => None,
        (waiting, all) => Some(format!("{waiting} of {all} agents are not ready")),
    }
}

fn directory(options: &DemoOptions) -> Result<(PathBuf, Option<tempfile::TempDir>), DemoError> {
    match &options.keep {
        Some(path) => {
            std::fs::create_dir_all(path).map_err(DemoError::Directory)?;
            Ok((path.clone(), None))
        }
        None => {
            let made = tempfile::Builder::new().prefix("carillon-demo-").tempdir();
            let made = made.map_err(DemoError::Directory)?;
            Ok((made.path().to_owned(), Some(made)))
        }
    }
}

/// The first free port from this one on, or 0 for any.
fn free_port(first: u16) -> u16 {
    if first == 0 {
        return 0;
    }
    let free = |port: &u16| {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, *port));
        std::net::TcpListener::bind(address).is_ok()
    };
    (first..=first.saturating_add(PORTS_TRIED))
        .find(free)
        .unwrap_or(0)
}
