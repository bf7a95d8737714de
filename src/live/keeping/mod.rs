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
mod gauges;
mod start;

pub(crate) use desk::{Job, Report, VerdictNote};
pub(crate) use gauges::{Gauges, Kept};
pub(crate) use start::{KeepParts, KeepingThreads, start};

use crate::clock::NodeClock;
use crate::recording::{BeginRecording, Recordings};
use carillon_decision::id::{AgentId, CallId, CampaignId, LeadId};
use carillon_media::LegId;
use carillon_media::quality::conversation::{ConversationSettings, Mark};
use carillon_media::tap::Tap;
use crossbeam_channel::Sender;
use std::time::{Duration, Instant};

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
    pub(crate) campaign: Option<(CampaignId, String)>,
    pub(crate) agent: Option<(AgentId, String)>,
    pub(crate) lead: Option<LeadId>,
    pub(crate) class: String,
    pub(crate) consent: String,
}

/// The switch's handle.
#[derive(Clone, Debug)]
pub(crate) struct Keeping {
    clock: NodeClock,
    jobs: Sender<Job>,
    recordings: Recordings,
}

impl Keeping {
    /// The tap to put on a customer's leg.
    pub(crate) fn tap(&self, call: CallId) -> Tap {
        self.recordings.tap(call.0)
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

    /// Begins a recording of a tapped call.
    pub(crate) fn record(&self, now: Instant, about: RecordingAbout) {
        let at = (now, self.clock.now().wall);
        // The tap is on the leg already.
        self.recordings.begin(BeginRecording {
            tap: Some(about.call.0),
            call: about.call,
            campaign: about.campaign,
            agent: about.agent,
            lead: about.lead,
            class: about.class,
            consent: about.consent,
            at,
        });
    }

    /// The recordings of all calls.
    pub(crate) fn recordings(&self) -> &Recordings {
        &self.recordings
    }
}
