//! The commands that start whole machines: one function each, between the arguments and the
//! crates that do the work.

use super::args::{DemoArgs, ServeArgs};
use super::check::Finding;
use super::error::CliError;
use super::offline::block_on;
use super::out::Out;
use carillon_live::config::{Config, LogFormat};
use carillon_live::{Node, NodeError, NodeHandle, NodeOptions};
use std::io::IsTerminal;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

impl From<NodeError> for CliError {
    fn from(error: NodeError) -> Self {
        Self::Failed(format!("{}: {error}", error.code()))
    }
}

/// INTEGRATOR: `carillon demo`. Starts `carillon_carrier` and a node on loopback, prints a live
/// summary, ends on Ctrl-C or after `--for` with the report.
pub fn demo(args: &DemoArgs, out: &Out) -> Result<(), CliError> {
    let _ = (args, out);
    Err(CliError::Failed(
        "`demo` is not part of this build yet; see the status table in README.md".to_owned(),
    ))
}

/// INTEGRATOR: `carillon check` on the trunks: whether each answers OPTIONS, one finding a trunk.
pub fn check_trunks(config: &Config) -> Vec<Finding> {
    let silent = |trunk: &carillon_live::config::TrunkSettings| {
        Finding::warning(
            &format!("trunk {}", trunk.engine.name),
            format!("{}:{} was not asked", trunk.host, trunk.port),
            format!(
                "with the node running: carillon trunk test {} --number +…",
                trunk.engine.name
            ),
        )
    };
    config.trunks.iter().map(silent).collect()
}

/// `carillon serve`: runs until SIGTERM or SIGINT (drain; a second one ends at once) or until a
/// supervisor asks for a stop.
pub fn serve(config: Config, args: &ServeArgs, out: &Out) -> Result<(), CliError> {
    log_to_stderr(&config)?;
    for note in &config.notes {
        tracing::warn!(file = %config.source.display(), "{note}");
    }
    let options = NodeOptions {
        dry_run: args.dry_run || config.node.dry_run,
        journal: Some(config.node.data_dir.join("journal")),
        ..NodeOptions::default()
    };
    block_on(async {
        let limit = config.node.drain_limit;
        let node = Node::start(config, options).await?;
        out.document(node.addresses());
        out.line(format!("SIP on udp {}", node.addresses().sip));
        if let Some(url) = node.addresses().web_url() {
            out.line(format!("wallboard on {url}"));
        }
        out.line("Ctrl-C or SIGTERM lets conversations end first; twice ends at once");
        until_stopped(&node, limit, out).await?;
        let report = node.stop().await;
        out.line(format!("stopped; {} calls were ended", report.calls_ended));
        Ok(())
    })
}

/// Waits for a reason to stop, and drains unless it shall be at once.
async fn until_stopped(
    node: &NodeHandle,
    limit: std::time::Duration,
    out: &Out,
) -> Result<(), CliError> {
    let failed =
        |error: std::io::Error| CliError::Failed(format!("cannot listen for signals: {error}"));
    let mut term = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let at_once = tokio::select! {
        _ = term.recv() => false,
        _ = interrupt.recv() => false,
        now = node.stop_asked() => now,
    };
    if at_once {
        return Ok(());
    }
    out.line(format!(
        "no new calls; waiting up to {} s for conversations to end",
        limit.as_secs()
    ));
    tokio::select! {
        left = node.drain(limit) => { left?; }
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Log lines to standard error, as `[node] log` and `log_format` say.
fn log_to_stderr(config: &Config) -> Result<(), CliError> {
    let filter = EnvFilter::try_new(&config.node.log).map_err(|error| {
        CliError::Usage(format!(
            "{}: node.log: `{}` is no log filter ({error}); write error, warn, info, debug or trace, or \
             info,carillon_sip=debug",
            config.source.display(),
            config.node.log
        ))
    })?;
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(!plain && std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let set = match config.node.log_format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    set.map_err(|error| CliError::Failed(format!("cannot start logging: {error}")))
}
