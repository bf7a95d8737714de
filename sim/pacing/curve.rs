//! What varies over the day: factors on a scenario's probabilities and durations.

use serde::{Deserialize, Serialize};

/// What a curve multiplies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Varied {
    /// The share of calls a person answers.
    PHuman,
    /// Talk times of calls dialed then.
    Talk,
    /// Wrap-up times of calls dialed then.
    Wrap,
}

/// A factor over the day. With both a table and a swing they multiply.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Curve {
    /// What it multiplies.
    pub what: Varied,
    /// Steps: hour from the start of the day, factor from then on. The first is at hour 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<(f64, f64)>,
    /// A sine about 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swing: Option<Swing>,
}

/// `1 + amplitude · sin(2π·t/period + phase)`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Swing {
    /// 0 to 1 (exclusive).
    pub amplitude: f64,
    /// Hours, > 0.
    pub period_h: f64,
    /// Radians.
    #[serde(default)]
    pub phase: f64,
}

impl Curve {
    /// The factor `seconds` after the start of the day.
    #[must_use]
    pub fn at(&self, seconds: f64) -> f64 {
        let hour = seconds / 3600.0;
        let step = self.steps.iter().rev().find(|(from, _)| *from <= hour);
        let swing = self.swing.map_or(1.0, |swing| {
            let turn = std::f64::consts::TAU * hour / swing.period_h + swing.phase;
            1.0 + swing.amplitude * libm::sin(turn)
        });
        step.map_or(1.0, |(_, factor)| *factor) * swing
    }

    /// Checks the table: key, value, what is allowed.
    ///
    /// # Errors
    /// The first value nobody can simulate, a table that does not begin with the day included.
    pub fn check(&self) -> Result<(), (&'static str, String, &'static str)> {
        if self.steps.is_empty() && self.swing.is_none() {
            return Err((
                "steps",
                "nothing".into(),
                "a table of [hour, factor] or a swing",
            ));
        }
        if let Some((first, _)) = self.steps.first()
            && *first != 0.0
        {
            let allowed = "the first step at hour 0, so that the table covers the day";
            return Err(("steps", format!("first at hour {first}"), allowed));
        }
        for pair in self.steps.windows(2) {
            if pair[1].0.partial_cmp(&pair[0].0) != Some(std::cmp::Ordering::Greater) {
                let allowed = "hours that rise from step to step";
                return Err((
                    "steps",
                    format!("hour {} after {}", pair[1].0, pair[0].0),
                    allowed,
                ));
            }
        }
        for (hour, factor) in &self.steps {
            if !(0.0..=1000.0).contains(factor) || !hour.is_finite() {
                return Err((
                    "steps",
                    format!("[{hour}, {factor}]"),
                    "factors of 0 to 1000",
                ));
            }
        }
        if let Some(swing) = self.swing {
            if !(0.0..1.0).contains(&swing.amplitude) {
                let allowed = "at least 0, less than 1";
                return Err(("swing.amplitude", swing.amplitude.to_string(), allowed));
            }
            if !(swing.period_h > 0.0 && swing.period_h.is_finite() && swing.phase.is_finite()) {
                return Err(("swing.period_h", swing.period_h.to_string(), "more than 0"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_hold_until_the_next_and_swings_multiply() {
        let curve = Curve {
            what: Varied::PHuman,
            steps: vec![(0.0, 1.0), (3.5, 0.6), (4.5, 1.0)],
            swing: Some(Swing {
                amplitude: 0.35,
                period_h: 8.0,
                phase: 0.0,
            }),
        };
        curve.check().unwrap();
        assert!((curve.at(2.0 * 3600.0) - 1.35).abs() < 1e-12);
        assert!((curve.at(4.0 * 3600.0) - 0.6).abs() < 1e-12);
        assert!((curve.at(6.0 * 3600.0) - 0.65).abs() < 1e-12);
    }

    #[test]
    fn tables_that_do_not_cover_the_day_are_refused() {
        let curve = |steps| Curve {
            what: Varied::Talk,
            steps,
            swing: None,
        };
        assert!(
            curve(vec![(1.0, 1.0)])
                .check()
                .unwrap_err()
                .2
                .contains("hour 0")
        );
        assert!(curve(vec![(0.0, 1.0), (0.0, 2.0)]).check().is_err());
        assert!(curve(vec![(0.0, f64::NAN)]).check().is_err());
        assert!(curve(vec![]).check().is_err());
    }
}
