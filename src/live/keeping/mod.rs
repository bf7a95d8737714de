//! What is kept of conversations: how they sounded, and their recordings.
//!
//! ```text
//!  relay ── taps ──► keeper thread ──► recorder ──► writers ── disk
//!                         └─────────► quality ──┐
//!  switch ── bridges, holds, ends ──► desk ─────┴──► reports ── store
//!                                                └──► alarms ── engine
//! ```
//!
//! **The switch never waits here.** Counting a leg's packets asks the relay's threads, so the
//! desk's thread does it; a leg that is counted to its end is closed by that thread too.

mod desk;
mod start;

pub(crate) use desk::{Job, Report, VerdictNote};
pub(crate) use start::{KeepSettings, KeepingThreads, start};

use crate::clock::NodeClock;
use carillon_decision::id::{AgentId, CallId, CampaignId};
use carillon_media::LegId;
use carillon_media::quality::conversation::{ConversationSettings, Mark};
use carillon_media::recording::{Format, Recorder, RecordingId, RecordingOrder};
use carillon_media::tap::{Tap, TapEvent};
use crossbeam_channel::Sender;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Recordings of one call that can be told apart.
const RECORDINGS_MAX: u64 = 256;

/// Whose conversation it is.
#[derive(Clone, Debug)]
pub(crate) struct About {
    pub(crate) call: CallId,
    pub(crate) campaign: CampaignId,
    pub(crate) campaign_name: String,
    pub(crate) agent: AgentId,
    /// The agent is to speak within this of the bridge.
    pub(crate) speaks_within: Option<Duration>,
    /// Share of the campaign's conversations drawn for review.
    pub(crate) review_share: f64,
}

/// What a recording is to say of itself.
#[derive(Clone, Debug)]
pub(crate) struct RecordingAbout {
    pub(crate) call: CallId,
    /// Which recording of the call, from 1.
    pub(crate) nth: u64,
    pub(crate) words: BTreeMap<String, String>,
}

/// The switch's handle.
#[derive(Clone, Debug)]
pub(crate) struct Keeping {
    clock: NodeClock,
    taps: Sender<TapEvent>,
    jobs: Sender<Job>,
    recorder: Recorder,
    format: Format,
}

impl Keeping {
    /// The tap to put on a customer's leg.
    pub(crate) fn tap(&self, call: CallId) -> Tap {
        Tap {
            tap: call.0,
            events: self.taps.clone(),
        }
    }

    /// A conversation begins: follow it.
    pub(crate) fn follow(&self, now: Instant, about: About) {
        let settings = ConversationSettings {
            agent_speaks_within_ms: about.speaks_within.map(|d| d.as_millis() as u64),
            ..ConversationSettings::default()
        };
        self.job(Job::Follow {
            at: now,
            wall: self.clock.now().wall,
            settings,
            about: Box::new(about),
        });
    }

    /// Something happened around a conversation. `legs` are the customer's and the agent's, where
    /// they hear each other from now on.
    pub(crate) fn mark(
        &self,
        now: Instant,
        call: CallId,
        mark: Mark,
        legs: Option<(LegId, LegId)>,
    ) {
        self.job(Job::Mark {
            call,
            at: now,
            mark,
            legs,
        });
    }

    /// A followed call is over: its leg is counted a last time and closed. `false` when it has
    /// to be closed otherwise.
    pub(crate) fn end(
        &self,
        now: Instant,
        call: CallId,
        leg: LegId,
        verdict: Option<VerdictNote>,
    ) -> bool {
        self.job(Job::End {
            call,
            at: now,
            leg,
            verdict,
        })
    }

    fn job(&self, job: Job) -> bool {
        let sent = self.jobs.try_send(job);
        if let Err(error) = &sent {
            tracing::warn!(%error, "the quality of a call is not followed: too much waits");
        }
        sent.is_ok()
    }

    /// Begins a recording of a tapped call; gives its number.
    pub(crate) fn record(&self, now: Instant, about: RecordingAbout) -> RecordingId {
        let wall = self.clock.now().wall;
        let id = RecordingId(about.call.0 * RECORDINGS_MAX + about.nth % RECORDINGS_MAX);
        let day = wall.timestamp().strftime("%Y/%m/%d").to_string();
        self.recorder.start(RecordingOrder {
            id,
            tap: about.call.0,
            at: now,
            started_ms: wall.0,
            stem: PathBuf::from(format!("{day}/{}-{}", about.call.0, about.nth)),
            format: self.format,
            about: about.words,
        });
        id
    }

    /// The recorder of every recording.
    pub(crate) fn recorder(&self) -> &Recorder {
        &self.recorder
    }
}
