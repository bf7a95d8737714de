//! Does a live run lie where the simulator, calibrated from an earlier run's own call records, says
//! it must?
//!
//! Each simulated day is calibrated anew from the calls drawn with replacement: the band holds
//! both the chance of a day and what so many calls leave unknown of the world.

use crate::calibrate::demo_world;
use crate::callee::stream;
use crate::calls::{CallRow, Way};
use crate::proof::LiveDay;
use crate::report::{Band, DayFigures};
use crate::run::run_day;
use crate::scenario::Scenario;
use rand::RngExt;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;

/// Fewer calls calibrate nothing.
pub const CALLS_MIN: usize = 100;
/// The stream that draws calls.
const STREAM_CALLS: u64 = 40;

/// A figure of the live run beside what was foretold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Foretold {
    /// Which.
    pub figure: String,
    /// In the live run.
    pub live: f64,
    /// In simulated runs of the same length.
    pub band: Band,
    /// Live lies inside.
    pub inside: bool,
    /// How near the mean it is to be, where more than the band is asked: relative for calls,
    /// in points for shares.
    pub within: Option<f64>,
    /// Whether it is.
    pub near: bool,
}

/// The comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// Pacing mode of the live run.
    pub mode: String,
    /// Its agents.
    pub agents: u32,
    /// Its length, s.
    pub seconds: f64,
    /// Calls it was calibrated from.
    pub calls: usize,
    /// Simulated runs.
    pub days: u32,
    /// Share of simulated runs inside the bands.
    pub level: f64,
    /// The world that came of the calibration.
    pub world: Scenario,
    /// The figures.
    pub figures: Vec<Foretold>,
}

/// How to compare.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AgreeOptions {
    /// Simulated runs.
    pub days: u32,
    /// Share of them inside the bands.
    pub level: f64,
    /// First seed.
    pub seed: u64,
}

/// Foretells the live run from the calls of another. `live_calls`: the live run's own calls, for
/// the share that waited. `done` hears of days done, of how many. `None` for fewer than
/// [`CALLS_MIN`] outbound calls.
#[must_use]
pub fn agree(
    base: &Scenario,
    calls: &[CallRow],
    live: &LiveDay,
    live_calls: Option<&[CallRow]>,
    options: AgreeOptions,
    mut done: impl FnMut(u32, u32),
) -> Option<Agreement> {
    let dialed: Vec<&CallRow> = calls
        .iter()
        .filter(|c| c.direction == Way::Outbound)
        .collect();
    if dialed.len() < CALLS_MIN {
        return None;
    }
    let world = demo_world(base, &dialed);
    let days = days(base, &dialed, options, |n| done(n, options.days));
    let band = |f: fn(&DayFigures) -> f64| Band::at_level(days.iter().map(f), options.level);
    let figure = |name: &str, live: f64, band: Band, within: Option<f64>, relative: bool| {
        let scale = if relative { band.mean.max(1.0) } else { 1.0 };
        let off = (live - band.mean).abs() / scale;
        Foretold {
            figure: name.to_owned(),
            live,
            inside: band.holds(live),
            band,
            within,
            near: within.is_none_or(|most| off <= most),
        }
    };
    let mut figures = vec![
        figure(
            "placed",
            live.placed as f64,
            band(|d| d.placed as f64),
            Some(0.05),
            true,
        ),
        figure(
            "utilisation",
            live.utilisation,
            band(|d| d.utilisation),
            Some(0.03),
            false,
        ),
        figure(
            "connected",
            live.connected as f64,
            band(|d| d.connected as f64),
            None,
            true,
        ),
        figure(
            "abandonment",
            live.abandonment,
            band(|d| d.abandonment),
            None,
            false,
        ),
    ];
    if let Some(calls) = live_calls {
        let waited = waited_share(calls, &world);
        figures.push(figure(
            "waited_share",
            waited,
            band(|d| d.waited_share),
            None,
            false,
        ));
    }
    Some(Agreement {
        mode: live.mode.clone(),
        agents: live.agents,
        seconds: live.seconds,
        calls: dialed.len(),
        days: options.days,
        level: options.level,
        world,
        figures,
    })
}

/// Days, each in a world calibrated from as many calls drawn with replacement.
fn days(
    base: &Scenario,
    calls: &[&CallRow],
    options: AgreeOptions,
    mut done: impl FnMut(u32),
) -> Vec<DayFigures> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicU32::new(0);
    let (send, receive) = mpsc::channel();
    let mut found: Vec<DayFigures> = std::thread::scope(|scope| {
        for _ in 0..cores {
            let (next, send) = (&next, send.clone());
            scope.spawn(move || {
                loop {
                    let day = next.fetch_add(1, Ordering::Relaxed);
                    if day >= options.days {
                        return;
                    }
                    let seed = options.seed + u64::from(day);
                    let mut chance = stream(seed, STREAM_CALLS, 0);
                    let drawn: Vec<&CallRow> = (0..calls.len())
                        .map(|_| calls[chance.random_range(0..calls.len())])
                        .collect();
                    if send.send(run_day(&demo_world(base, &drawn), seed)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        let mut found = Vec::new();
        for day in receive {
            found.push(day);
            done(found.len() as u32);
        }
        found
    });
    found.sort_by_key(|day| day.seed);
    found
}

/// Share of conversations whose person waited for an agent.
fn waited_share(calls: &[CallRow], world: &Scenario) -> f64 {
    let known_s = world.known_ms() as f64 / 1000.0;
    let connected = || calls.iter().filter(|call| call.outcome == "connected");
    let waited = connected()
        .filter(|call| call.wait_s.unwrap_or(0.0) > known_s)
        .count();
    waited as f64 / connected().count().max(1) as f64
}

impl Agreement {
    /// Figures outside their band, and, where `near` is asked for, those further from the mean
    /// than they are to be.
    #[must_use]
    pub fn failures(&self, near: bool) -> Vec<String> {
        let mut found = Vec::new();
        for row in &self.figures {
            if !row.inside {
                found.push(format!(
                    "{}: {:.4} lies outside {:.4} to {:.4}",
                    row.figure, row.live, row.band.low, row.band.high
                ));
            } else if near && !row.near {
                let within = 100.0 * row.within.unwrap_or(0.0);
                found.push(format!(
                    "{}: {:.4} is further than {within:.0} % from {:.4}",
                    row.figure, row.live, row.band.mean
                ));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::{EndedBy, Who};
    use crate::world::World;
    use carillon_decision::call::{CallRecord, Outcome};

    /// The records of a simulated day, as a live one would leave them.
    fn rows(records: &[CallRecord]) -> Vec<CallRow> {
        let seconds = |ms: Option<u64>| ms.map(|ms| ms as f64 / 1000.0);
        let row = |record: &CallRecord| CallRow {
            call: record.call.0.to_string(),
            placed: record.started,
            answer_after_s: seconds(record.answer_ms),
            end_after_s: seconds(Some(record.total_ms)),
            who: match record.outcome {
                Outcome::Connected | Outcome::Abandoned => Some(Who::Person),
                Outcome::Machine => Some(Who::Machine),
                _ => None,
            },
            outcome: record.outcome.name().into(),
            wait_s: seconds(record.wait_ms),
            talk_s: seconds(record.talk_ms),
            ended_by: record.ended_by.map(|_| EndedBy::Customer),
            ..CallRow::default()
        };
        records.iter().map(row).collect()
    }

    fn live(day: &DayFigures, world: &Scenario) -> LiveDay {
        LiveDay {
            mode: world.campaign.mode.clone(),
            agents: world.agents,
            seconds: world.minutes * 60.0,
            utilisation: day.utilisation,
            abandonment: day.abandonment,
            placed: day.placed,
            connected: day.connected,
        }
    }

    /// A day of another world stands in for the live run: calibrated from one such day, a second
    /// one lies inside the bands; foretold from the demo's own laws it does not.
    #[test]
    fn a_second_day_of_an_unknown_world_is_foretold_from_the_first() {
        let mut unknown = Scenario::demo();
        unknown.minutes = 60.0;
        unknown.leads = 4000;
        unknown.callees.p_human = 0.3;
        unknown.callees.p_machine = 0.2;
        unknown.callees.talk.mean_s = 50.0;
        unknown.campaign.mode = "manual:3".into();
        let (_, records) = World::new(&unknown, 1, false).run_recorded();
        let second = run_day(&unknown, 2);
        let calls = rows(&records);
        let mut base = Scenario::demo();
        (base.minutes, base.leads) = (unknown.minutes, unknown.leads);
        base.campaign.mode = unknown.campaign.mode.clone();
        let options = AgreeOptions {
            days: 40,
            level: 0.999,
            seed: 100,
        };
        let day = live(&second, &unknown);
        let found = agree(&base, &calls, &day, None, options, |_, _| {}).unwrap();
        assert_eq!(found.failures(false), Vec::<String>::new());
        assert!((found.world.callees.p_human - 0.3).abs() < 0.04);
        assert!((found.world.callees.talk.mean_s - 50.0).abs() < 8.0);
        assert!(
            found
                .figures
                .iter()
                .any(|f| f.figure == "abandonment" && f.live > 0.01)
        );
        let plain = crate::run::run_study(&base, 100, 20, |_| {});
        assert!(
            !plain.connected.holds(second.connected as f64),
            "{:?}",
            plain.connected
        );
        assert_eq!(
            agree(&base, &calls[..50], &day, None, options, |_, _| {}),
            None
        );
    }
}
