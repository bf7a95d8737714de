//! The demo's figures: predictive against progressive over many days, and whether a live day
//! lies inside their band.

use crate::report::{Band, Study};
use crate::run::run_study;
use crate::scenario::Scenario;
use carillon_decision::pacing::Mode;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// What a live demo reports, as far as it is compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiveDay {
    /// Pacing mode.
    pub mode: String,
    /// Agents.
    pub agents: u32,
    /// Length, s.
    pub seconds: f64,
    /// (talk + wrap-up) / logged-in time.
    pub utilisation: f64,
    /// Abandoned / answered by people.
    pub abandonment: f64,
    /// Calls placed.
    pub placed: u64,
    /// Conversations.
    pub connected: u64,
}

/// One figure of the live day against the simulated band.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Which.
    pub figure: String,
    /// Live.
    pub live: f64,
    /// Simulated.
    pub band: Band,
    /// Live lies inside.
    pub inside: bool,
}

/// The demo's world, studied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DemoProof {
    /// Agents.
    pub agents: u32,
    /// Length of a day, min.
    pub minutes: f64,
    /// Predictive, the default.
    pub predictive: Study,
    /// One line per idle agent, in the same world.
    pub progressive: Study,
    /// Occupancy of predictive over that of progressive.
    pub occupancy_gain: f64,
    /// A live day against the band, if one was given.
    pub live: Vec<Comparison>,
}

impl DemoProof {
    /// Runs `runs` days of each policy; `done` hears how many days are finished of how many.
    pub fn run(
        scenario: &Scenario,
        first_seed: u64,
        runs: u32,
        mut done: impl FnMut(u32, u32),
    ) -> Self {
        let predictive = run_study(scenario, first_seed, runs, |n| done(n, 2 * runs));
        let other = scenario.with_mode(Mode::Progressive);
        let progressive = run_study(&other, first_seed, runs, |n| done(runs + n, 2 * runs));
        let base = progressive.utilisation.mean.max(f64::MIN_POSITIVE);
        Self {
            agents: scenario.agents,
            minutes: scenario.minutes,
            occupancy_gain: predictive.utilisation.mean / base,
            predictive,
            progressive,
            live: Vec::new(),
        }
    }

    /// Lays a live day beside the predictive study.
    pub fn compare(&mut self, live: &LiveDay) {
        let study = &self.predictive;
        let row = |figure: &str, live: f64, band: Band| Comparison {
            figure: figure.to_owned(),
            live,
            band,
            inside: band.holds(live),
        };
        self.live = vec![
            row("utilisation", live.utilisation, study.utilisation),
            row("abandonment", live.abandonment, study.abandonment),
            row("placed", live.placed as f64, study.placed),
            row("connected", live.connected as f64, study.connected),
        ];
    }

    /// Whether everything promised of the demo holds: pooled abandonment under the cap,
    /// occupancy at least 1.25 times progressive's, no oracle broken, and the live day, if
    /// there is one, inside the band.
    pub fn failures(&self, cap: f64) -> Vec<String> {
        let mut found = self.predictive.breaches();
        found.extend(self.progressive.breaches());
        if self.predictive.pooled_abandonment > cap {
            found.push(format!(
                "pooled abandonment {:.4} is over the cap {cap}",
                self.predictive.pooled_abandonment
            ));
        }
        if self.occupancy_gain < 1.25 {
            found.push(format!(
                "occupancy is only {:.2} times progressive's",
                self.occupancy_gain
            ));
        }
        for row in self.live.iter().filter(|row| !row.inside) {
            found.push(format!(
                "live {} {:.4} lies outside {:.4} to {:.4}",
                row.figure, row.live, row.band.low, row.band.high
            ));
        }
        found
    }

    /// As a table for people.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let days = self.predictive.replications.len();
        line(
            &mut out,
            format_args!(
                "{days} days of {} min, {} agents, same callers for both modes",
                self.minutes, self.agents
            ),
        );
        line(&mut out, format_args!(""));
        line(
            &mut out,
            format_args!(
                "{:<14}{:>10}{:>22}{:>12}{:>11}{:>11}",
                "mode", "occupancy", "95 % of days", "abandoned", "calls", "talks"
            ),
        );
        for study in [&self.predictive, &self.progressive] {
            let u = study.utilisation;
            let band = format!("{:.1} – {:.1} %", 100.0 * u.low, 100.0 * u.high);
            line(
                &mut out,
                format_args!(
                    "{:<14}{:>8.1} %{:>22}{:>10.2} %{:>11.0}{:>11.0}",
                    study.policy,
                    100.0 * u.mean,
                    band,
                    100.0 * study.pooled_abandonment,
                    study.placed.mean,
                    study.connected.mean
                ),
            );
        }
        line(&mut out, format_args!(""));
        line(
            &mut out,
            format_args!(
                "occupancy gain over progressive: {:.2}",
                self.occupancy_gain
            ),
        );
        for row in &self.live {
            let verdict = if row.inside { "inside" } else { "OUTSIDE" };
            line(
                &mut out,
                format_args!(
                    "live {:<12} {:>9.4}   simulated 95 %: {:.4} – {:.4}   {verdict}",
                    row.figure, row.live, row.band.low, row.band.high
                ),
            );
        }
        out
    }
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = out.write_fmt(text);
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::DayFigures;

    fn study(policy: &str, utilisation: f64, abandoned: u64) -> Study {
        let day = |k: u64| DayFigures {
            utilisation: utilisation + 0.001 * k as f64,
            answered_human: 100,
            abandoned,
            abandonment: abandoned as f64 / 100.0,
            ..DayFigures::default()
        };
        Study::of(policy.into(), (0..10).map(day).collect())
    }

    #[test]
    fn a_broken_promise_is_named() {
        let mut proof = DemoProof {
            agents: 10,
            minutes: 15.0,
            predictive: study("predictive", 0.5, 4),
            progressive: study("progressive", 0.49, 0),
            occupancy_gain: 1.02,
            live: Vec::new(),
        };
        proof.compare(&LiveDay {
            mode: "predictive".into(),
            agents: 10,
            seconds: 900.0,
            utilisation: 0.9,
            abandonment: 0.04,
            placed: 0,
            connected: 0,
        });
        let found = proof.failures(0.03);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(
            found[0].contains("0.0400")
                && found[1].contains("1.02")
                && found[2].contains("utilisation")
        );
        assert!(proof.text().contains("OUTSIDE"));
    }
}
