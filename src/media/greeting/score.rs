//! The score: how much what was heard speaks for a machine.
//!
//! A sum of curves, one per feature (a generalised additive model with piecewise-linear terms):
//! each feature's part in a verdict can be read off its curve. The curves and thresholds are
//! learned by `cargo run -p carillon-media --release --example amd_learn`; those shipped are in
//! `learned.table`.

use std::sync::{Arc, LazyLock};

use super::features::Features;
use super::settings::Mode;

/// Points of one curve: feature value → part of the score.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Name of the feature, as in [`Features::named`].
    pub feature: String,
    /// (value, log odds), values rising; straight between them, level outside.
    pub points: Vec<(f32, f32)>,
}

/// When a mode decides.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// While someone talks: at or above this score it is a machine.
    pub machine_at: f32,
    /// (length of the greeting, silence after it), both in ms, lengths rising: whoever falls
    /// silent for so long is a person. Straight between the points, level outside.
    pub wait: Vec<(f32, f32)>,
}

impl Rule {
    /// Silence after which a greeting of this length was a person's.
    #[must_use]
    pub fn wait_ms(&self, span_ms: f32) -> f32 {
        straight(&self.wait, span_ms)
    }
}

/// A learned score.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreTable {
    /// Score before anything is known.
    pub bias: f32,
    /// One curve per feature.
    pub curves: Vec<Curve>,
    /// Rule of [`Mode::Fast`].
    pub fast: Rule,
    /// Rule of [`Mode::Careful`].
    pub careful: Rule,
}

/// Why a table could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("score table, line {line}: {what}; write it with the amd_learn example")]
pub struct TableError {
    /// Line, from 1; 0 for what is missing.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

impl TableError {
    /// Stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "media.score_table"
    }
}

static SHIPPED: LazyLock<Arc<ScoreTable>> = LazyLock::new(|| {
    let table = ScoreTable::parse(include_str!("learned.table"));
    Arc::new(table.expect("the shipped table is read by a test"))
});

impl ScoreTable {
    /// The table this release was measured with.
    #[must_use]
    pub fn shipped() -> Arc<Self> {
        SHIPPED.clone()
    }

    /// Reads a table: lines of `bias N`, `fast SCORE LENGTH:SILENCE ...`, `careful` likewise and
    /// `curve FEATURE VALUE:SCORE ...`; `#` starts a comment.
    ///
    /// # Errors
    /// Names the line that is not so, or what is missing.
    pub fn parse(text: &str) -> Result<Self, TableError> {
        let (mut bias, mut fast, mut careful, mut curves) = (None, None, None, Vec::new());
        for (index, line) in text.lines().enumerate() {
            let fail = |what: String| TableError {
                line: index + 1,
                what,
            };
            let line = line.split('#').next().unwrap_or_default();
            let mut words = line.split_whitespace();
            match words.next() {
                None => {}
                Some("bias") => bias = Some(number(words.next()).map_err(&fail)?),
                Some(mode @ ("fast" | "careful")) => {
                    let rule = Rule {
                        machine_at: number(words.next()).map_err(&fail)?,
                        wait: points(&mut words, mode).map_err(&fail)?,
                    };
                    *(if mode == "fast" {
                        &mut fast
                    } else {
                        &mut careful
                    }) = Some(rule);
                }
                Some("curve") => {
                    let feature = words.next().unwrap_or_default().to_owned();
                    if Features::default().get(&feature).is_none() {
                        return Err(fail(format!("there is no feature {feature:?}")));
                    }
                    let points = points(&mut words, &feature).map_err(&fail)?;
                    curves.push(Curve { feature, points });
                }
                Some(other) => return Err(fail(format!("{other:?} is unknown"))),
            }
        }
        let missing = |what: &str| TableError {
            line: 0,
            what: format!("no line {what:?}"),
        };
        Ok(Self {
            bias: bias.ok_or_else(|| missing("bias"))?,
            curves,
            fast: fast.ok_or_else(|| missing("fast"))?,
            careful: careful.ok_or_else(|| missing("careful"))?,
        })
    }

    /// The score of some features: log odds of a machine.
    #[must_use]
    pub fn score(&self, features: &Features) -> f32 {
        let part = |curve: &Curve| features.get(&curve.feature).map_or(0.0, |x| curve.at(x));
        self.bias + self.curves.iter().map(part).sum::<f32>()
    }

    /// The rule of a mode.
    #[must_use]
    pub fn rule(&self, mode: Mode) -> &Rule {
        match mode {
            Mode::Careful => &self.careful,
            Mode::Fast | Mode::Off => &self.fast,
        }
    }
}

fn number(word: Option<&str>) -> Result<f32, String> {
    let word = word.ok_or("a number is missing")?;
    let value: f32 = word.parse().map_err(|_| format!("{word:?} is no number"))?;
    let finite = value.is_finite().then_some(value);
    finite.ok_or_else(|| format!("{word:?} is not finite"))
}

/// The rest of a line: points whose values rise.
fn points<'a>(
    words: &mut impl Iterator<Item = &'a str>,
    of: &str,
) -> Result<Vec<(f32, f32)>, String> {
    let mut points: Vec<(f32, f32)> = Vec::new();
    for word in words {
        let (x, y) = word
            .split_once(':')
            .ok_or_else(|| format!("{word:?} is no point"))?;
        let point = (number(Some(x))?, number(Some(y))?);
        if points.last().is_some_and(|last| last.0 >= point.0) {
            return Err(format!("the values of {of} do not rise"));
        }
        points.push(point);
    }
    if points.is_empty() {
        return Err(format!("{of} has no points"));
    }
    Ok(points)
}

/// A line through points: straight between them, level outside.
fn straight(points: &[(f32, f32)], x: f32) -> f32 {
    let after = points.partition_point(|point| point.0 <= x);
    match (
        after.checked_sub(1).map(|n| points[n]),
        points.get(after).copied(),
    ) {
        (Some((x0, y0)), Some((x1, y1))) => y0 + (y1 - y0) * (x - x0) / (x1 - x0),
        (Some((_, y)), None) | (None, Some((_, y))) => y,
        (None, None) => 0.0,
    }
}

impl Curve {
    /// The curve's part of the score at a feature's value.
    #[must_use]
    pub fn at(&self, value: f32) -> f32 {
        straight(&self.points, value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_straight_between_its_points_and_level_outside() {
        let curve = Curve {
            feature: "span_ms".into(),
            points: vec![(100.0, -1.0), (200.0, 1.0), (400.0, 2.0)],
        };
        for (x, y) in [
            (0.0, -1.0),
            (100.0, -1.0),
            (150.0, 0.0),
            (300.0, 1.5),
            (9e9, 2.0),
        ] {
            assert!((curve.at(x) - y).abs() < 1e-6, "{x}");
        }
    }

    #[test]
    fn the_shipped_table_is_whole_and_longer_never_speaks_for_a_person() {
        let table = ScoreTable::parse(include_str!("learned.table")).unwrap();
        assert!(table.curves.len() >= 3);
        let span = table
            .curves
            .iter()
            .find(|c| c.feature == "span_ms")
            .unwrap();
        assert!(span.points.windows(2).all(|w| w[0].1 <= w[1].1), "{span:?}");
    }

    #[test]
    fn a_broken_table_is_refused_by_line() {
        let good = "bias 0\nfast 1 0:900 2000:300\ncareful 2 0:900\ncurve span_ms 0:0 1:1";
        assert!(ScoreTable::parse(good).is_ok());
        for (text, line) in [
            ("bias 0\nfast 1 0:900", 0),
            ("bias x", 1),
            ("\nfast 1", 2),
            ("\nfast 1 900", 2),
            ("curve length 0:0", 1),
            ("curve span_ms 1:0 1:2", 1),
            ("curve span_ms", 1),
            ("bias inf", 1),
            ("verdict 3", 1),
        ] {
            let error = ScoreTable::parse(text).unwrap_err();
            assert_eq!(error.line, line, "{text:?}: {error}");
        }
    }
}
