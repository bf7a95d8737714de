//! Starts what is kept of conversations.

use super::setup;
use crate::clock::NodeClock;
use crate::config::Config;
use crate::engine::Inputs;
use crate::error::NodeError;
use crate::keeping::{self, Gauges, KeepParts, Keeping, KeepingThreads, Report, VerdictNote};
use crate::quality::{Measured, record};
use crate::recording::{Archive, recover_open};
use crate::store_port::{RecordJob, Records};
use carillon_media::Relay;
use carillon_store::{QualityRecord, Store};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Repairs what a crash left of recordings, then starts the recorder and the quality desk.
pub(super) async fn start(
    config: &Config,
    clock: &NodeClock,
    store: &Arc<dyn Store>,
    relay: Relay,
    inputs: Inputs,
    records: Records,
    gauges: Arc<Gauges>,
) -> Result<(Keeping, KeepingThreads, Archive), NodeError> {
    let archive = Archive::open(&config.recording).map_err(|e| NodeError::Media(e.to_string()))?;
    let repaired = recover_open(&archive, &**store).await;
    let repaired = repaired.map_err(super::recovery::store_error("repairing recordings"))?;
    if repaired > 0 {
        tracing::warn!(repaired, "recordings that an earlier run left open");
    }
    let ended = Arc::clone(&gauges);
    let parts = KeepParts {
        config: &config.recording,
        archive: &archive,
        store: Arc::clone(store),
        clock,
        instants: setup::instants(clock),
        relay,
        inputs,
        gauges,
        reports: Box::new(move |report| {
            let stored = stored(report);
            ended.measured(stored.campaign, !stored.problems.is_empty());
            records.put(RecordJob::Quality(Box::new(stored)));
        }),
    };
    let (keeping, threads) = keeping::start(parts).await?;
    Ok((keeping, threads, archive))
}

/// What is stored of a call, with what the verdict on who answered rests on.
fn stored(report: Report) -> QualityRecord {
    let about = report.about;
    let measured = Measured {
        call: about.call,
        at: report.began,
        campaign: about.campaign,
        campaign_name: &about.campaign_name,
        agent: Some(about.agent),
        speaks_within: about.speaks_within,
        review_share: about.review_share,
    };
    let mut stored = record(&measured, *report.quality);
    if let Some(verdict) = report.verdict {
        stored.report = with_verdict(&stored.report, &verdict);
    }
    stored
}

fn with_verdict(report: &str, verdict: &VerdictNote) -> String {
    let mut all: Map<String, Value> = serde_json::from_str(report).unwrap_or_default();
    let features = verdict
        .features
        .iter()
        .map(|(name, n)| ((*name).to_owned(), json!(n)));
    let features: Map<String, Value> = features.collect();
    let answered = json!({ "verdict": verdict.verdict, "features": features });
    all.insert("answered_by".to_owned(), answered);
    Value::Object(all).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_stands_beside_the_report_with_every_number_it_rests_on() {
        let verdict = VerdictNote {
            verdict: "person".to_owned(),
            features: vec![("words", 1.0), ("silence_ms", 400.0)],
        };
        let text = with_verdict(r#"{"problems":[]}"#, &verdict);
        let read: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["answered_by"]["features"]["silence_ms"], 400.0);
        assert_eq!(read["answered_by"]["verdict"], "person");
        assert!(read["problems"].as_array().unwrap().is_empty());
    }
}
