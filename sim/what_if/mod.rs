//! What if: the callers, agents and carrier of a recorded day, met with other settings.
//!
//! A journal holds every input of the engine. Run into the engine again it tells what became of
//! each attempt on each lead, and what of the day did not depend on the pace (who logged in when,
//! which leads there were). The same engine then lives that day once more with changed settings.
//! What the recorded day never saw (a call it did not place or broke off, the conversation of
//! somebody it abandoned) is drawn from what the day did see.

mod change;
mod course;
mod day;
mod dialed;
mod figures;
mod law;
mod recording;

#[cfg(test)]
mod tests;

pub use change::{Change, WhatIfError};
pub use figures::{DayBands, DayTotals};
pub use recording::Recording;

use carillon_decision::id::CampaignId;
use day::Day;
use serde::Serialize;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;

/// The recorded day, the same day lived again, and the changed one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WhatIf {
    /// What was changed, as `key=value`.
    pub changed: Vec<String>,
    /// Futures behind each band.
    pub futures: u32,
    /// Length of the recorded day, s.
    pub seconds: f64,
    /// As recorded.
    pub recorded: DayTotals,
    /// With the settings of the recorded day: how far the method can be trusted.
    pub same: DayBands,
    /// With the changed settings.
    pub what_if: DayBands,
}

/// Lives the recorded day `futures` times with its own settings and as often with `changes`, on
/// every core. The same futures meet both, and the figures do not depend on the number of cores.
/// `done` hears how many days of how many are finished.
///
/// # Errors
/// [`WhatIfError`] when the campaign is not named among several, or not known.
pub fn what_if(
    recording: &Recording,
    changes: &[Change],
    campaign: Option<&str>,
    futures: u32,
    mut done: impl FnMut(u32, u32),
) -> Result<WhatIf, WhatIfError> {
    let chosen = recording.campaign(campaign)?;
    let same = live_again(recording, &[], chosen, futures, |n| done(n, 2 * futures));
    let what_if = live_again(recording, changes, chosen, futures, |n| {
        done(futures + n, 2 * futures);
    });
    Ok(WhatIf {
        changed: changes.iter().map(ToString::to_string).collect(),
        futures,
        seconds: recording.seconds(),
        recorded: recording.totals,
        same: DayBands::of(&same),
        what_if: DayBands::of(&what_if),
    })
}

fn live_again(
    recording: &Recording,
    changes: &[Change],
    campaign: CampaignId,
    futures: u32,
    mut done: impl FnMut(u32),
) -> Vec<DayTotals> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicU32::new(0);
    let (send, receive) = mpsc::channel();
    let mut days: Vec<(u32, DayTotals)> = std::thread::scope(|scope| {
        for _ in 0..cores {
            let (send, next) = (send.clone(), &next);
            scope.spawn(move || {
                loop {
                    let future = next.fetch_add(1, Ordering::Relaxed);
                    if future >= futures {
                        return;
                    }
                    let day = Day::new(recording, changes, campaign, u64::from(future)).run();
                    if send.send((future, day)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        let mut days = Vec::new();
        for day in receive {
            days.push(day);
            done(days.len() as u32);
        }
        days
    });
    days.sort_by_key(|(future, _)| *future);
    days.into_iter().map(|(_, day)| day).collect()
}
