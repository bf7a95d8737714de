//! Starts what is kept of conversations.

use super::setup;
use crate::clock::NodeClock;
use crate::config::Config;
use crate::engine::Inputs;
use crate::error::NodeError;
use crate::keeping::{self, KeepSettings, Keeping, KeepingThreads, Report};
use carillon_media::Relay;
use carillon_media::recording::{Format, RecorderEvent};
use std::sync::Arc;

/// Starts the recorder, the keeper and the quality desk.
pub(super) fn start(
    config: &Config,
    clock: &NodeClock,
    relay: Relay,
    inputs: Inputs,
) -> Result<(Keeping, KeepingThreads), NodeError> {
    let settings = KeepSettings {
        root: config.node.data_dir.join("recordings"),
        format: Format::Wav,
        keys: None,
    };
    keeping::start(
        settings,
        clock,
        setup::instants(clock),
        relay,
        inputs,
        Box::new(|report| reported(&report)),
        Arc::new(told),
    )
}

fn reported(report: &Report) {
    let about = &report.about;
    let verdict = report.verdict.as_ref();
    tracing::debug!(
        call = %about.call, campaign = about.campaign_name, campaign_id = %about.campaign,
        agent = %about.agent, began = %report.began, quality = ?report.quality,
        review_share = about.review_share, verdict = verdict.map(|v| v.verdict.as_str()),
        features = ?verdict.map(|v| &v.features), "the call's report"
    );
}

fn told(event: RecorderEvent) {
    match event {
        RecorderEvent::Opened { id, path, .. } => {
            tracing::info!(recording = %id, path = %path.display(), "recording opened");
        }
        RecorderEvent::Closed(summary) => {
            tracing::info!(
                recording = %summary.id, path = %summary.path.display(),
                length_ms = summary.length_ms, lost_ms = summary.lost_ms, "recording closed"
            );
        }
        RecorderEvent::NotOpened { id, error }
        | RecorderEvent::Broken { id, error }
        | RecorderEvent::NotConverted { id, error } => {
            tracing::error!(recording = %id, %error, code = error.code(), remedy = error.remedy(), "recording");
        }
        RecorderEvent::Losing(true) => {
            tracing::error!("the disk does not keep up: audio is missing from recordings");
        }
        RecorderEvent::Losing(false) => tracing::info!("recordings are whole again"),
    }
}
