//! What a pacing decision sees of the floor: plain values that the engine fills in.

use serde::{Deserialize, Serialize};

/// One campaign's floor at the moment of a decision.
#[derive(Clone, Copy, Debug)]
pub struct FloorView<'a> {
    /// Every agent logged in for the campaign except those on a break.
    pub agents: &'a [AgentView],
    /// Every call placed and not yet handed to an agent, abandoned or ended.
    /// [`Pace::cancel`](super::Pace::cancel) holds indices into this slice.
    pub calls: &'a [CallView],
    /// People who have answered and wait for an agent now. They are not in `calls`.
    pub waiting: u32,
    /// The campaign's abandonment ledger in the window of its cap.
    pub window: WindowView,
    /// Resources and permissions that bound the decision from outside.
    pub limits: Limits,
    /// Seconds a call must ring before it may be given up, counted from the first sign of ringing
    /// (US 16 CFR 310.4(b)(4)(ii): 15 s or four rings).
    pub ring_minimum_s: f64,
    /// Seconds after which a ringing call is given up, counted from the INVITE.
    pub ring_timeout_s: f64,
    /// Seconds an answered person may wait for an agent before the call counts as abandoned
    /// (2 s by US, UK and Canadian rules).
    pub hold_s: f64,
}

/// What one agent is doing. Times are seconds since the state began.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum AgentView {
    /// Ready for a call.
    Idle {
        /// Seconds since the agent became ready.
        idle_s: f64,
    },
    /// Being connected to a person; counts as a conversation that begins now.
    Reserved,
    /// In conversation.
    Talking {
        /// Seconds of conversation so far.
        elapsed_s: f64,
    },
    /// Finishing the record of a call.
    WrapUp {
        /// Seconds of wrap-up so far.
        elapsed_s: f64,
        /// Seconds after which wrap-up is ended for the agent, if it is limited.
        limit_s: Option<f64>,
    },
    /// Busy, and on a break or logged out afterwards: no supply.
    Leaving,
}

/// One call in flight.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallView {
    /// Seconds since the INVITE was sent.
    pub elapsed_s: f64,
    /// Seconds since the first sign of ringing, if there was one.
    pub ringing_s: Option<f64>,
    /// Score of this lead: the probability (0–1) that a person answers, known before dialing.
    /// It is calibrated against what scored calls did. `None` takes the campaign's own estimate.
    pub p_human: Option<f64>,
    /// The call was answered and it is not yet decided whether by a person.
    pub screening: Option<Screening>,
    /// Whether pacing may hang the call up (false for promised callbacks, for instance).
    pub cancelable: bool,
}

impl CallView {
    /// A cancelable call without a score, `elapsed_s` after its INVITE, ringing for `ringing_s`.
    #[must_use]
    pub fn ringing(elapsed_s: f64, ringing_s: Option<f64>) -> Self {
        Self {
            elapsed_s,
            ringing_s,
            p_human: None,
            screening: None,
            cancelable: true,
        }
    }
}

/// What changed on the floor since the decision before, for [`Pacer::glance`](super::Pacer::glance).
/// Times are as of the change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// An agent left one state for another.
    Agent {
        /// The state that ended; `None` for one who comes.
        before: Option<AgentView>,
        /// The state that began; `None` for one who goes.
        after: Option<AgentView>,
    },
    /// A call was dialed.
    Dialed(CallView),
    /// A call is no longer in flight, or proved to have nobody on the line who waits.
    Over(CallView),
}

/// An answered call whose answering party is being told apart (answering-machine detection).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Screening {
    /// Seconds since the answer.
    pub elapsed_s: f64,
    /// Probability (0–1) that it is a person, as far as known. `None` takes the campaign's
    /// estimate of people among answers.
    pub p_human: Option<f64>,
}

/// Seconds that a recent rate of answers must be of.
const RECENT_LEAST_S: f64 = 600.0;

/// The abandonment ledger of the window that the cap is about (day, 24 h, 30 days …).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WindowView {
    /// People who answered in the window: connected + abandoned (the legal denominator).
    pub answered: u64,
    /// People among them whom no agent took in time.
    pub abandoned: u64,
    /// Answers expected in the whole window, those so far included. 0 if not known (the
    /// window is then taken as half over; [`WindowView::over`] projects).
    pub projected: f64,
}

impl WindowView {
    /// A ledger whose window has run for `elapsed_s` seconds of dialing and has `remaining_s` to
    /// come: projects the rate of answers so far, or that of late (`recent`: answers and seconds)
    /// where it is lower, so that the budget is never counted on answers that stay away.
    #[must_use]
    pub fn over(
        answered: u64,
        abandoned: u64,
        elapsed_s: f64,
        remaining_s: f64,
        recent: (u64, f64),
    ) -> Self {
        let so_far = answered as f64;
        // A window's first minute is too short to tell.
        let rate = so_far / elapsed_s.max(60.0);
        let (late, span_s) = recent;
        let rate = if span_s >= RECENT_LEAST_S {
            rate.min(late as f64 / span_s)
        } else {
            rate
        };
        Self {
            answered,
            abandoned,
            projected: so_far + rate * remaining_s.max(0.0),
        }
    }

    /// Abandoned ÷ answered, 0 before the first answer.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        if self.answered == 0 {
            0.0
        } else {
            self.abandoned as f64 / self.answered as f64
        }
    }
}

/// Bounds from outside pacing. The default bounds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Trunk channels that could take a call of this campaign now.
    pub trunk_channels_free: u32,
    /// Calls the trunks' calls-per-second budgets allow at this instant.
    pub cps_tokens: u32,
    /// Leads that could be dialed now (permits would be granted).
    pub leads_dialable: u32,
    /// Within the campaign's calling hours.
    pub in_hours: bool,
    /// The campaign is paused or draining.
    pub paused: bool,
    /// The store accepts attempts; without it nothing may be dialed.
    pub store_ok: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            trunk_channels_free: u32::MAX,
            cps_tokens: u32::MAX,
            leads_dialable: u32::MAX,
            in_hours: true,
            paused: false,
            store_ok: true,
        }
    }
}

/// Counts taken from a [`FloorView`] once per decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FloorCounts {
    /// Agents ready for a call.
    pub idle: u32,
    /// Agents reserved, talking or in wrap-up who will take further calls.
    pub busy: u32,
    /// Of these, agents in wrap-up.
    pub wrapping: u32,
    /// Agents who will take no further call.
    pub leaving: u32,
    /// Calls in flight, screened ones included.
    pub in_flight: u32,
    /// People waiting for an agent.
    pub waiting: u32,
}

impl FloorCounts {
    /// Counts the view.
    #[must_use]
    pub fn of(view: &FloorView<'_>) -> Self {
        let mut counts = Self {
            in_flight: u32::try_from(view.calls.len()).unwrap_or(u32::MAX),
            waiting: view.waiting,
            ..Self::default()
        };
        for agent in view.agents {
            match agent {
                AgentView::Idle { .. } => counts.idle += 1,
                AgentView::Leaving => counts.leaving += 1,
                AgentView::Reserved | AgentView::Talking { .. } => counts.busy += 1,
                AgentView::WrapUp { .. } => {
                    counts.busy += 1;
                    counts.wrapping += 1;
                }
            }
        }
        counts
    }

    /// Agents who will take calls: idle + busy.
    #[must_use]
    pub fn serving(&self) -> u32 {
        self.idle + self.busy
    }

    /// Agents in conversation, or about to be.
    #[must_use]
    pub fn talking(&self) -> u32 {
        self.busy.saturating_sub(self.wrapping)
    }

    /// Idle agents left after the people waiting now; negative when more wait than are idle.
    #[must_use]
    pub fn uncommitted(&self) -> i64 {
        i64::from(self.idle) - i64::from(self.waiting)
    }

    /// Lines of a strict 1:1 policy: uncommitted idle agents without a call in flight for them.
    #[must_use]
    pub fn one_to_one(&self) -> u32 {
        u32::try_from(self.uncommitted() - i64::from(self.in_flight)).unwrap_or(0)
    }
}
