//! `carillon explain`: why, from the database; a call's SIP messages from the running node.

use super::args::ExplainCommand;
use super::error::CliError;
use super::http::Node;
use super::lists::find;
use super::mark;
use super::offline::{block_on, closing, name_of, now, open};
use super::out::{Out, Tone};
use carillon_api::port::{ExplainStep, Explanation, Verdict};
use carillon_decision::id::{CallId, DecisionId};
use carillon_live::config::Config;
use carillon_live::explain;
use carillon_store::{CallEntry, CallStore, LogStore, NameKind, SqliteStore, StoreError};

/// Topic of the steps that are SIP messages.
const SIP: &str = "SIP";

/// Prints an explanation.
pub fn explain(command: &ExplainCommand, mut config: Config, out: &Out) -> Result<(), CliError> {
    let explanation = block_on(async {
        let store = open(&config).await?;
        let work = async {
            Ok(match command {
                ExplainCommand::Lead { lead } => {
                    let details = find(&store, lead).await?;
                    config.bind_ids(&store).await?;
                    let campaign = config
                        .campaigns
                        .iter()
                        .find(|c| c.engine.id == details.campaign);
                    let Some(campaign) = campaign else {
                        let name = name_of(&store, NameKind::Campaign, details.campaign.0).await?;
                        return Err(CliError::Failed(format!(
                            "lead {} belongs to campaign `{name}`, which {} no longer names",
                            details.id,
                            config.source.display()
                        )));
                    };
                    explain::lead(&details, &campaign.engine, now())
                }
                ExplainCommand::Call { call } => {
                    let entry = recorded(&store, CallId(*call)).await?;
                    config.bind_ids(&store).await?;
                    let mut told = explain::call(&entry, None, &config);
                    let node = Node::of(&config);
                    let id = *call;
                    // Asked off the runtime: the client blocks.
                    let asked = tokio::task::block_in_place(|| {
                        node.get::<Explanation>(&format!("/api/calls/{id}/explain"))
                    });
                    add_messages(&mut told, asked);
                    told
                }
                ExplainCommand::Decision { decision } => {
                    let decision = store.decision(DecisionId(*decision)).await?;
                    config.bind_ids(&store).await?;
                    explain::decision(&decision, &config)
                }
            })
        };
        let work = work.await;
        closing(&store, work).await
    })?;
    out.document(&explanation);
    show(&explanation, out);
    Ok(())
}

/// The record of a call; one that goes on has none yet.
async fn recorded(store: &SqliteStore, call: CallId) -> Result<CallEntry, CliError> {
    match store.call(call).await {
        Err(StoreError::NotFound { .. })
            if store
                .unfinished_attempts()
                .await?
                .iter()
                .any(|open| open.attempt.call == call) =>
        {
            Err(CliError::Failed(format!(
                "call {call} goes on: it is explained once it has ended"
            )))
        }
        found => Ok(found?),
    }
}

/// Adds the call's SIP messages, which only a running node remembers, and those of its latest
/// calls alone.
fn add_messages(told: &mut Explanation, node: Result<Explanation, CliError>) {
    let without = |why: String| ExplainStep {
        topic: SIP.to_owned(),
        verdict: Verdict::Fact,
        detail: why,
    };
    match node {
        Ok(known) => {
            let before = told.steps.len();
            told.steps
                .extend(known.steps.into_iter().filter(|step| step.topic == SIP));
            if told.steps.len() == before {
                told.steps.push(without(
                    "the node no longer remembers the messages of this call".to_owned(),
                ));
            }
        }
        Err(CliError::NoNode(_)) => told.steps.push(without(
            "a running node knows the messages of its latest calls; none runs".to_owned(),
        )),
        Err(error) => told.steps.push(without(format!(
            "the node does not tell the messages: {error}"
        ))),
    }
}

fn show(explanation: &Explanation, out: &Out) {
    out.line(format!(
        "{}: {}\n",
        explanation.subject, explanation.summary
    ));
    let width = explanation
        .steps
        .iter()
        .map(|s| s.topic.chars().count())
        .max()
        .unwrap_or(0);
    for step in &explanation.steps {
        let tone = match step.verdict {
            Verdict::Pass => Tone::Good,
            Verdict::Stop => Tone::Bad,
            Verdict::Fact => Tone::Plain,
        };
        out.line(format!(
            "{} {:width$}  {}",
            mark(out, tone),
            step.topic,
            step.detail
        ));
    }
    let past = |at: &String| {
        at.parse::<jiff::Timestamp>()
            .is_ok_and(|at| at.as_millisecond() <= now().0)
    };
    if let Some(at) = explanation.next_at.as_ref().filter(|at| !past(at)) {
        out.line(format!("\nthis may change by itself at {at}"));
    }
}
