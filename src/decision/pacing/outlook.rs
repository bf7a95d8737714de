//! The forecast between two looks at the whole floor.
//!
//! On a large floor something happens every few milliseconds, and it changes one agent or one
//! call among hundreds. The forecast by moments is a sum over agents and calls: what changed is
//! taken out and put in, and what has merely aged waits for the next look.

use serde::{Deserialize, Serialize};

use super::answer_law::AnswerLaw;
use super::forecast::{Forecast, Standing};
use super::tables::HorizonTables;
use super::view::{Change, FloorCounts};

/// Longest time between two looks at every agent and call.
const LOOK_EVERY_S: f64 = 1.0;
/// Least time between two decisions on what to hang up.
const CANCEL_EVERY_S: f64 = 0.25;

/// What is known from the last look, and brought up to date since.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Outlook {
    /// When every agent and call was last looked at.
    looked_s: Option<f64>,
    /// When it was last decided what to hang up.
    cancelled_s: Option<f64>,
    standing: Option<Standing>,
}

impl Outlook {
    /// Whether it is time to decide what to hang up.
    pub fn may_cancel(&mut self, now_s: f64) -> bool {
        let due = is_due(self.cancelled_s, now_s, CANCEL_EVERY_S);
        if due {
            self.cancelled_s = Some(now_s);
        }
        due
    }

    /// Every agent and call was looked at.
    pub fn looked(&mut self, now_s: f64, standing: Option<Standing>) {
        self.looked_s = Some(now_s);
        self.standing = standing;
    }

    /// The forecast now, brought up to date with what changed; `None` when it is time to look at
    /// the whole floor again.
    pub fn forecast(
        &mut self,
        now_s: f64,
        counts: &FloorCounts,
        changes: &[Change],
        tables: &HorizonTables,
        law: &AnswerLaw,
    ) -> Option<Forecast> {
        if is_due(self.looked_s, now_s, LOOK_EVERY_S) {
            return None;
        }
        let standing = self.standing.as_mut()?;
        for change in changes {
            match change {
                Change::Agent { before, after } => {
                    for (view, gone) in [(before, true), (after, false)] {
                        let free = view.as_ref().and_then(|view| tables.free_within(view));
                        if let Some(free) = free {
                            standing.agent(&free, gone);
                        }
                    }
                }
                Change::Dialed(call) => standing.call(&tables.answers_within(call, law), false),
                Change::Over(call) => standing.call(&tables.answers_within(call, law), true),
            }
        }
        Some(standing.with_idle(counts.uncommitted()))
    }
}

/// A clock that went back is a reason to act as well.
fn is_due(last_s: Option<f64>, now_s: f64, every_s: f64) -> bool {
    last_s.is_none_or(|last_s| !(0.0..every_s).contains(&(now_s - last_s)))
}
