//! The commands that start whole machines: one function each, between the arguments and the
//! crates that do the work.

use super::args::{DemoArgs, ServeArgs};
use super::error::CliError;
use super::logging;
use super::offline::block_on;
use super::out::Out;
use crate::demo::{DemoOptions, Show};
use carillon_live::config::Config;
use carillon_live::{Node, NodeError, NodeHandle, NodeOptions};
use std::io::IsTerminal;
use tokio::signal::unix::{SignalKind, signal};

impl From<NodeError> for CliError {
    fn from(error: NodeError) -> Self {
        Self::Failed(format!("{}: {error}", error.code()))
    }
}

/// `carillon demo`: runs until Ctrl-C or for as long as asked, then reports.
pub fn demo(args: &DemoArgs, out: &Out) -> Result<(), CliError> {
    let show = match (out.json, std::io::stdout().is_terminal()) {
        (true, _) => Show::Nothing,
        (false, true) => Show::Block,
        (false, false) => Show::Lines,
    };
    let options = DemoOptions {
        agents: args.agents,
        run_for: args.run_for,
        seed: args.seed,
        page_port: (!args.no_page).then_some(args.page_port),
        keep: args.keep.clone(),
        calls: args.calls.clone(),
        mode: args.mode,
        show,
    };
    logging::if_asked();
    block_on(async {
        let run = crate::demo::run(options).await;
        let report = run.map_err(|error| CliError::Failed(error.to_string()))?;
        out.document(&report);
        out.line(report.text().trim_end());
        Ok(())
    })
}

/// `carillon serve`: runs until SIGTERM or SIGINT (drain; a second one ends at once) or until a
/// supervisor asks for a stop.
pub fn serve(config: Config, args: &ServeArgs, out: &Out) -> Result<(), CliError> {
    logging::to_stderr(&config)?;
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
        for (transport, address) in &node.addresses().sip_all {
            out.line(format!("SIP on {transport} {address}"));
        }
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
