//! `carillon demo`: a whole floor on loopback with nothing to configure.
//!
//! Our own carrier with its callees, agents' phones and a node, joined by real SIP and RTP.
//! Campaign, callees and agents follow `sim/scenarios/demo.toml`, as the simulated demo does:
//! a live run must fall inside what the simulation foretells (`carillon sim demo --against`).

mod error;
mod floor;
mod lists;
mod report;
mod screen;
mod settings;

pub use error::DemoError;
pub use floor::Demo;
pub use report::{CarrierView, DemoReport};
pub use screen::Show;
pub use settings::{config_text, live_config, scenario};

use crate::call_rows::{Stretch, export};
use carillon_decision::pacing::Mode;
use carillon_live::NodeClock;
use carillon_store::{SqliteOptions, SqliteStore, UpkeepStore};
use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// What a demo is asked for.
#[derive(Clone, Debug)]
pub struct DemoOptions {
    /// Simulated agents, at least 1.
    pub agents: u32,
    /// End after this long from the first moment of dialing; `None`: on a signal.
    pub run_for: Option<Duration>,
    /// Seed of the engine, of callees and of agents. Signalling and audio take real time, so
    /// two runs of one seed meet the same people and differ in detail.
    pub seed: u64,
    /// Port of the wallboard on 127.0.0.1, 0 for any; the next free one when it is taken.
    /// `None`: no wallboard.
    pub page_port: Option<u16>,
    /// Directory that keeps database and journal. `None`: a temporary one, removed at the end.
    pub keep: Option<PathBuf>,
    /// File that takes the calls as CSV at the end ([`run`] alone writes it).
    pub calls: Option<PathBuf>,
    /// How many lines are dialed.
    pub mode: Mode,
    /// What is shown while it runs.
    pub show: Show,
}

impl Default for DemoOptions {
    fn default() -> Self {
        Self {
            agents: 10,
            run_for: None,
            seed: 1,
            page_port: Some(8080),
            keep: None,
            calls: None,
            mode: Mode::default(),
            show: Show::Nothing,
        }
    }
}

/// Longest wait at the end for conversations to end by themselves.
const DRAIN: Duration = Duration::from_secs(5);

/// Runs a demo from start to end: until its time is over, SIGINT, SIGTERM, or a supervisor's
/// stop. Another signal ends it without waiting for conversations.
///
/// # Errors
/// [`DemoError`]; nothing is left running then.
pub async fn run(options: DemoOptions) -> Result<DemoReport, DemoError> {
    let (run_for, show) = (options.run_for, options.show);
    // Made first: a file that cannot be written is told before a quarter of an hour has passed.
    let calls = options.calls.clone().map(open_file).transpose()?;
    let mut demo = Demo::start(options).await?;
    demo.open().await?;
    tokio::select! {
        () = demo.last_for(run_for) => {}
        () = screen::show(&demo, show) => {}
        _ = demo.node().stop_asked() => {}
        () = signalled() => {}
    }
    screen::closing(show);
    let kept = demo.keep();
    let report = demo.finish(DRAIN, signalled()).await;
    if let Some((file, name)) = calls {
        write_calls(&kept, file, &name).await?;
    }
    Ok(report)
}

fn open_file(path: PathBuf) -> Result<(File, String), DemoError> {
    let name = path.display().to_string();
    let failed = |error| DemoError::Setting(format!("--calls {name}: {error}"));
    let file = File::create(&path).map_err(failed)?;
    Ok((file, name))
}

/// Every call of the demo that has ended.
async fn write_calls(kept: &floor::Kept, file: File, name: &str) -> Result<(), DemoError> {
    let store = SqliteStore::open(SqliteOptions::new(&kept.database)).await?;
    let stretch = Stretch {
        from: kept.began,
        to: NodeClock::start().now().wall + Duration::from_secs(1),
        campaign: None,
    };
    let written = export(
        &store,
        stretch,
        |_| kept.wrap_up_limit,
        BufWriter::new(file),
        name,
    )
    .await;
    store.close().await?;
    written
        .map(|_| ())
        .map_err(|error| DemoError::Setting(format!("--calls: {error}")))
}

/// Returns at the next SIGINT or SIGTERM.
async fn signalled() {
    let (term, interrupt) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    );
    match (term, interrupt) {
        (Ok(mut term), Ok(mut interrupt)) => {
            tokio::select! {
                _ = term.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
        (term, interrupt) => {
            // There is still `--for` and the wallboard.
            tracing::error!(?term, ?interrupt, "cannot listen for signals");
            std::future::pending().await
        }
    }
}
