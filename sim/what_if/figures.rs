//! What is compared: totals of a day, recorded or lived again, taken in the same way.

use crate::report::Band;
use carillon_decision::call::{AmdVerdict, Direction, Outcome};
use carillon_decision::event::{Command, Input, Progress};
use carillon_decision::id::CallId;
use carillon_decision::status::FloorStatus;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// A bridge this long after a person was told from a machine is made without waiting, ms.
const AT_ONCE_MS: u64 = 250;

/// Totals of a whole floor's day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct DayTotals {
    /// Calls placed.
    pub placed: u64,
    /// People who answered.
    pub answered: u64,
    /// Conversations.
    pub connected: u64,
    /// People abandoned.
    pub abandoned: u64,
    /// Abandoned / answered.
    pub abandonment: f64,
    /// (talk + wrap-up) / logged-in time.
    pub occupancy: f64,
    /// Share of conversations whose person waited for an agent.
    pub waited_share: f64,
    /// Share of calls placed whose fate, or a part of it, the recorded day does not tell.
    pub drawn_share: f64,
}

/// Totals of many futures.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct DayBands {
    /// Calls placed.
    pub placed: Band,
    /// Conversations.
    pub connected: Band,
    /// (talk + wrap-up) / logged-in time.
    pub occupancy: Band,
    /// Abandoned / answered.
    pub abandonment: Band,
    /// Share of conversations whose person waited for an agent.
    pub waited_share: Band,
    /// Share of calls placed whose fate, or a part of it, was drawn.
    pub drawn_share: Band,
}

impl DayBands {
    pub(super) fn of(days: &[DayTotals]) -> Self {
        let band = |f: fn(&DayTotals) -> f64| Band::of(days.iter().map(f));
        Self {
            placed: band(|d| d.placed as f64),
            connected: band(|d| d.connected as f64),
            occupancy: band(|d| d.occupancy),
            abandonment: band(|d| d.abandonment),
            waited_share: band(|d| d.waited_share),
            drawn_share: band(|d| d.drawn_share),
        }
    }
}

/// Counts what a floor's status does not tell.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    told: BTreeMap<CallId, Duration>,
    connected: u64,
    waited: u64,
}

impl Tally {
    pub(super) fn hear(&mut self, input: &Input) {
        if let Input::Progress {
            call,
            progress:
                Progress::Verdict {
                    who: AmdVerdict::Person,
                    greeting_ended,
                },
        } = input
        {
            self.told.insert(*call, *greeting_ended);
        }
    }

    pub(super) fn watch(&mut self, command: &Command) {
        let Command::Record(record) = command else {
            return;
        };
        let told = self.told.remove(&record.call).unwrap_or_default();
        if record.direction == Direction::Outbound && record.outcome == Outcome::Connected {
            let at_once = told.as_millis() as u64 + AT_ONCE_MS;
            self.connected += 1;
            self.waited += u64::from(record.wait_ms.unwrap_or(0) > at_once);
        }
    }

    pub(super) fn close(&self, status: &FloorStatus) -> DayTotals {
        let mut day = DayTotals::default();
        for campaign in &status.campaigns {
            day.placed += campaign.totals.placed;
            day.answered += campaign.totals.answered_human;
            day.connected += campaign.totals.connected;
            day.abandoned += campaign.totals.abandoned;
        }
        let (mut busy, mut all) = (0.0, 0.0);
        for agent in &status.agents {
            let t = &agent.times;
            busy += t.talk_s + t.wrap_s;
            all += t.talk_s + t.wrap_s + t.ready_s + t.reserved_s + t.break_s;
        }
        day.occupancy = share(busy, all);
        day.abandonment = share(day.abandoned as f64, day.answered as f64);
        day.waited_share = share(self.waited as f64, self.connected as f64);
        day
    }
}

pub(super) fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}
