//! Rules of other dialers, and plain ones, to lay beside the product's.
//!
//! The adaptive rules follow what is publicly documented of the best-known open-source dialer: a
//! dial level (lines per agent) that every 15 s follows the difference between agents ready and
//! callers waiting, and three ways of minding the drop limit. The code is our own.

use super::policy::{Orders, Own, Policy, Sight};
use carillon_decision::pacing::{Mode, Tuning};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A rule that is not the product's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rivals {
    /// Adaptive level, back to 1 while drops are over the limit.
    HardLimit,
    /// Adaptive level, halved while drops are over the limit.
    Average,
    /// Adaptive level, shrunk by the time left while drops are over the limit.
    Tapered,
    /// The Erlang-C rate without a look at measured abandonment.
    ErlangOpen,
    /// Always so many calls in flight, whatever the agents do.
    Lines(u32),
}

impl fmt::Display for Rivals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HardLimit => f.write_str("vicidial-hard-limit"),
            Self::Average => f.write_str("vicidial-average"),
            Self::Tapered => f.write_str("vicidial-tapered"),
            Self::ErlangOpen => f.write_str("erlang-c-open"),
            Self::Lines(lines) => write!(f, "lines:{lines}"),
        }
    }
}

impl FromStr for Rivals {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        if let Some(lines) = name.strip_prefix("lines:") {
            return lines.parse().map(Self::Lines).map_err(|_| ());
        }
        match name {
            "vicidial-hard-limit" => Ok(Self::HardLimit),
            "vicidial-average" => Ok(Self::Average),
            "vicidial-tapered" => Ok(Self::Tapered),
            "erlang-c-open" => Ok(Self::ErlangOpen),
            _ => Err(()),
        }
    }
}

/// Settings of the adaptive rules, by their usual meaning.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RivalSettings {
    /// Highest dial level (`adaptive_maximum_level`).
    pub level_max: f64,
    /// Intensity in per cent, −99 to 99 (`adaptive_intensity`).
    pub intensity: f64,
    /// Agents wanted ready beyond callers waiting (`adaptive_dl_diff_target`).
    pub target: f64,
    /// Level times ready agents only (`available_only_ratio_tally`).
    pub ready_only: bool,
    /// Local hour at which the day begins: the tapered rule reads the clock.
    pub opens_h: f64,
}

impl Default for RivalSettings {
    fn default() -> Self {
        Self {
            level_max: 3.0,
            intensity: 0.0,
            target: 0.0,
            ready_only: false,
            opens_h: 9.0,
        }
    }
}

impl Rivals {
    pub(super) fn begin(self, tuning: &Tuning, settings: &RivalSettings) -> Box<dyn Policy> {
        match self {
            Self::ErlangOpen => Box::new(Own::new(Mode::ErlangC, tuning, false)),
            Self::Lines(lines) => Box::new(Constant { lines }),
            Self::HardLimit | Self::Average | Self::Tapered => Box::new(Adaptive {
                rule: self,
                cap: tuning.cap,
                settings: *settings,
                level: 1.0,
                sums: [0.0; 3],
                samples: 0,
                next_sample_s: 0.0,
                next_level_s: ADAPT_EVERY_S,
                next_dial_s: 0.0,
                recent: std::collections::VecDeque::new(),
                today: (0, 0),
            }),
        }
    }
}

/// So many calls, always.
struct Constant {
    lines: u32,
}

impl Policy for Constant {
    fn decide(&mut self, sight: &Sight<'_>, orders: &mut Orders) {
        orders.lines = self.lines.saturating_sub(sight.counts.in_flight);
    }
}

const SAMPLE_EVERY_S: f64 = 1.0;
const ADAPT_EVERY_S: f64 = 15.0;
const DIAL_EVERY_S: f64 = 2.5;

/// The adaptive dial level.
struct Adaptive {
    rule: Rivals,
    cap: f64,
    settings: RivalSettings,
    level: f64,
    /// Ready, waiting, logged in, summed over samples.
    sums: [f64; 3],
    samples: u32,
    next_sample_s: f64,
    next_level_s: f64,
    next_dial_s: f64,
    /// People met in the last minute: when, dropped.
    recent: std::collections::VecDeque<(f64, bool)>,
    /// Today's people and drops.
    today: (u64, u64),
}

impl Adaptive {
    fn sample(&mut self, sight: &Sight<'_>) {
        let counts = &sight.counts;
        let logged_in = counts.serving() + counts.leaving;
        for (sum, count) in self
            .sums
            .iter_mut()
            .zip([counts.idle, counts.waiting, logged_in])
        {
            *sum += f64::from(count);
        }
        self.samples += 1;
    }

    fn adapt(&mut self, now_s: f64, hours: f64) {
        let n = f64::from(self.samples.max(1));
        let [ready, waiting, agents] = self.sums.map(|sum| sum / n);
        self.sums = [0.0; 3];
        self.samples = 0;
        let difference = ready - waiting + self.settings.target;
        let share = difference / agents.max(1.0);
        let intensity = self.settings.intensity / 100.0;
        let share = match share > 0.0 {
            true => share * (1.0 + intensity),
            false => share * (intensity - 1.0).abs(),
        };
        self.level = (self.level * (1.0 + share)).clamp(1.0, self.settings.level_max);
        while self
            .recent
            .front()
            .is_some_and(|(at, _)| *at < now_s - 60.0)
        {
            self.recent.pop_front();
        }
        let dropped = self.recent.iter().filter(|(_, dropped)| *dropped).count();
        if self.recent.len() > 20 && 2 * dropped > self.recent.len() {
            self.level *= 0.5;
        }
        let (people, drops) = self.today;
        if people > 50 && drops as f64 > self.cap * people as f64 {
            match self.rule {
                Rivals::HardLimit => self.level = 1.0,
                Rivals::Tapered => {
                    let clock = |h: f64| (h.floor() * 100.0 + (h.fract() * 60.0).floor()).floor();
                    let latest = clock(self.settings.opens_h + hours);
                    let now = clock(self.settings.opens_h + now_s / 3600.0);
                    self.level *= ((latest - now) / 1000.0).clamp(0.0, 1.0);
                }
                _ => self.level *= 0.5,
            }
        }
        self.level = self.level.max(1.0);
    }
}

impl Policy for Adaptive {
    fn person_met(&mut self, abandoned: bool) {
        self.today.0 += 1;
        self.today.1 += u64::from(abandoned);
        // Its instant is the last sample's: a second more or less does not matter to a minute.
        self.recent.push_back((self.next_sample_s, abandoned));
    }

    fn decide(&mut self, sight: &Sight<'_>, orders: &mut Orders) {
        orders.lines = 0;
        let now_s = sight.now_s;
        if now_s >= self.next_sample_s {
            self.next_sample_s = now_s + SAMPLE_EVERY_S;
            self.sample(sight);
        }
        if now_s >= self.next_level_s {
            self.next_level_s = now_s + ADAPT_EVERY_S;
            self.adapt(now_s, sight.hours);
        }
        if now_s >= self.next_dial_s {
            self.next_dial_s = now_s + DIAL_EVERY_S;
            let counts = &sight.counts;
            let agents = match self.settings.ready_only {
                true => counts.idle,
                false => counts.idle + counts.talking(),
            };
            // Lines in use are the calls in flight and those in conversation.
            let target = (self.level * f64::from(agents)).round() as u32;
            let in_use = counts.in_flight
                + if self.settings.ready_only {
                    0
                } else {
                    counts.talking()
                }
                + counts.waiting;
            orders.lines = target.saturating_sub(in_use);
        }
    }
}
