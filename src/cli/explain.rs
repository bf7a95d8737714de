//! `carillon explain`: why, from the running node where there is one, else from the database.

use super::args::ExplainCommand;
use super::error::CliError;
use super::lists::find;
use super::mark;
use super::offline::{block_on, closing, name_of, now, open};
use super::out::{Out, Tone};
use carillon_api::port::{Explanation, Verdict};
use carillon_decision::id::{CallId, DecisionId};
use carillon_live::config::Config;
use carillon_live::explain;
use carillon_store::{CallStore, LogStore, NameKind};

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
                    explain::call(&store.call(CallId(*call)).await?, None)
                }
                ExplainCommand::Decision { decision } => {
                    explain::decision(&store.decision(DecisionId(*decision)).await?)
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
    if let Some(at) = &explanation.next_at {
        out.line(format!("\nthis may change by itself at {at}"));
    }
}
