//! Scales: from values to places on an axis, and the round values that are written at it.

/// Steps between ticks, in powers of ten.
const STEPS: [f64; 5] = [1.0, 2.0, 2.5, 5.0, 10.0];
/// Steps between ticks of hours.
const HOURS: [f64; 8] = [0.25, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 12.0];
/// Ticks that an axis is rounded for.
const TICKS: usize = 5;

/// A linear scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Value at the left or lower end.
    pub from: f64,
    /// Value at the right or upper end; always greater.
    pub to: f64,
}

impl Scale {
    /// From one value to another. Ends that make no scale are widened about their middle.
    #[must_use]
    pub fn new(from: f64, to: f64) -> Self {
        if !(from.is_finite() && to.is_finite()) {
            return Self { from: 0.0, to: 1.0 };
        }
        if to > from {
            return Self { from, to };
        }
        let by = if from == 0.0 { 1.0 } else { from.abs() * 0.1 };
        Self {
            from: from - by,
            to: from + by,
        }
    }

    /// Over all finite values, out to the next ticks.
    #[must_use]
    pub fn over(values: impl IntoIterator<Item = f64>) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.into_iter().filter(|value| value.is_finite()) {
            (low, high) = (low.min(value), high.max(value));
        }
        let mut scale = Self::new(low, high);
        // A wider scale may have wider ticks: until both agree.
        for _ in 0..4 {
            let step = scale.step(TICKS, Unit::Number);
            // A value a hair above a tick is at the tick.
            scale.from = (scale.from / step + 1e-9).floor() * step;
            scale.to = (scale.to / step - 1e-9).ceil() * step;
        }
        scale
    }

    /// Over all finite values and zero.
    #[must_use]
    pub fn with_zero(values: impl IntoIterator<Item = f64>) -> Self {
        Self::over(values.into_iter().chain([0.0]))
    }

    /// Where a value lies: 0 at `from`, 1 at `to`. Values beyond are at the end.
    #[must_use]
    pub fn place(&self, value: f64) -> f64 {
        let place = (value - self.from) / (self.to - self.from);
        if place.is_finite() {
            place.clamp(0.0, 1.0)
        } else {
            0.0
        }
    }

    /// The distance of ticks of which about so many fit.
    #[must_use]
    pub fn step(&self, about: usize, unit: Unit) -> f64 {
        let raw = (self.to - self.from) / about.max(1) as f64;
        if unit == Unit::Hours {
            let fits = HOURS.into_iter().find(|step| *step >= raw * 0.999);
            return fits.unwrap_or_else(|| (raw / 24.0).ceil() * 24.0);
        }
        // Rather a few ticks more than half as many.
        let raw = raw * 0.7;
        let power = 10f64.powf(raw.log10().floor());
        let fits = STEPS.into_iter().find(|step| step * power >= raw * 0.999);
        fits.unwrap_or(10.0) * power
    }

    /// Round values on the scale, about so many.
    #[must_use]
    pub fn ticks(&self, about: usize, unit: Unit) -> Vec<f64> {
        let step = self.step(about, unit);
        let first = (self.from / step - 1e-9).ceil() as i64;
        let last = (self.to / step + 1e-9).floor() as i64;
        (first..=last).map(|k| k as f64 * step).collect()
    }
}

/// What a value is, and so how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A share, 0–1, written in per cent.
    Share,
    /// A plain number.
    Number,
    /// Seconds.
    Seconds,
    /// Hours from the beginning of the day.
    Hours,
    /// A difference of shares, written in points.
    Points,
}

impl Unit {
    /// The value as it stands at a tick, with the digits that this distance of ticks asks for.
    #[must_use]
    pub fn tick(self, value: f64, step: f64) -> String {
        let factor = self.factor();
        let digits = (0..6)
            .find(|digits| {
                let scaled = step * factor * 10f64.powi(*digits);
                (scaled - scaled.round()).abs() < 1e-6 * scaled.abs()
            })
            .unwrap_or(6) as usize;
        match self {
            Self::Share => format!("{}\u{202f}%", number(value * factor, digits)),
            Self::Number | Self::Points => number(value * factor, digits),
            Self::Seconds => format!("{}\u{202f}s", number(value, digits)),
            Self::Hours if step < 1.0 => clock(value),
            Self::Hours => format!("{}\u{202f}h", number(value, 0)),
        }
    }

    /// The value as it stands in a table.
    #[must_use]
    pub fn value(self, value: f64) -> String {
        match self {
            Self::Share => format!("{}\u{202f}%", number(100.0 * value, 2)),
            Self::Points => number(100.0 * value, 2),
            Self::Number => {
                let digits = match value.abs() {
                    size if size >= 1000.0 || value.fract() == 0.0 => 0,
                    size if size >= 10.0 => 1,
                    _ => 2,
                };
                number(value, digits)
            }
            Self::Seconds => format!("{}\u{202f}s", number(value, 2)),
            Self::Hours => clock(value),
        }
    }

    /// A value with half its 95 % interval.
    #[must_use]
    pub fn with_error(self, value: f64, half_width: f64) -> String {
        let factor = self.factor();
        let sign = match self {
            Self::Share => "\u{202f}%",
            Self::Seconds => "\u{202f}s",
            _ => "",
        };
        let digits = if (half_width * factor).abs() < 0.1 {
            3
        } else {
            2
        };
        let (mean, error) = (
            number(value * factor, digits),
            number(half_width * factor, digits),
        );
        format!("{mean}\u{202f}±\u{202f}{error}{sign}")
    }

    fn factor(self) -> f64 {
        match self {
            Self::Share | Self::Points => 100.0,
            _ => 1.0,
        }
    }
}

/// `3:05` of 3.083 hours.
fn clock(hours: f64) -> String {
    let minutes = (hours * 60.0).round() as i64;
    format!("{}:{:02}", minutes / 60, minutes % 60)
}

/// With a comma at the thousands and a real minus sign.
pub(super) fn number(value: f64, digits: usize) -> String {
    let text = format!("{:.digits$}", value.abs());
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut grouped = String::new();
    for (k, digit) in whole.chars().enumerate() {
        if k > 0 && (whole.len() - k) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let is_zero = text.chars().all(|digit| matches!(digit, '0' | '.'));
    let sign = if value < 0.0 && !is_zero {
        "\u{2212}"
    } else {
        ""
    };
    format!("{sign}{grouped}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        for (from, to, about, expected) in [
            (0.0, 1.0, 5, vec![0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
            (0.823, 0.987, 4, vec![0.85, 0.9, 0.95]),
            (-3.0, 7.0, 5, vec![-2.0, 0.0, 2.0, 4.0, 6.0]),
            (0.0, 12_345.0, 3, vec![0.0, 5000.0, 10_000.0]),
        ] {
            let ticks = Scale::new(from, to).ticks(about, Unit::Number);
            assert_eq!(ticks.len(), expected.len(), "{from}–{to}: {ticks:?}");
            for (tick, expected) in ticks.iter().zip(&expected) {
                assert!((tick - expected).abs() < 1e-9, "{ticks:?}");
            }
        }
        let day = Scale::new(0.0, 8.0);
        assert_eq!(day.ticks(8, Unit::Hours).len(), 9);
        assert_eq!(day.ticks(4, Unit::Hours), [0.0, 2.0, 4.0, 6.0, 8.0]);
    }

    #[test]
    fn a_scale_over_values_ends_at_ticks_and_holds_them_all() {
        let values = [0.8623, 0.9059, f64::NAN, 0.9912];
        let scale = Scale::over(values);
        assert!(scale.from <= 0.8623 && scale.to >= 0.9912, "{scale:?}");
        let ticks = scale.ticks(TICKS, Unit::Share);
        assert!((ticks[0] - scale.from).abs() < 1e-9, "{ticks:?}");
        assert!((ticks[ticks.len() - 1] - scale.to).abs() < 1e-9);
        assert_eq!(Scale::over([5.0, 10.0]), Scale::new(5.0, 10.0));
    }

    #[test]
    fn nothing_to_show_still_makes_a_scale() {
        for scale in [
            Scale::over([]),
            Scale::over([f64::NAN]),
            Scale::over([0.03, 0.03]),
            Scale::with_zero([0.0]),
            Scale::new(f64::INFINITY, 1.0),
        ] {
            assert!(scale.to > scale.from, "{scale:?}");
            assert!((2..20).contains(&scale.ticks(5, Unit::Share).len()));
        }
    }

    #[test]
    fn places_stay_within_the_frame() {
        let scale = Scale::new(10.0, 20.0);
        let places = [10.0, 15.0, 20.0, 5.0, 99.0, f64::NAN].map(|value| scale.place(value));
        assert_eq!(places, [0.0, 0.5, 1.0, 0.0, 1.0, 0.0]);
    }

    #[test]
    fn values_are_written_with_the_digits_the_ticks_need() {
        assert_eq!(Unit::Share.tick(0.85, 0.05), "85\u{202f}%");
        assert_eq!(Unit::Share.tick(0.025, 0.005), "2.5\u{202f}%");
        assert_eq!(Unit::Number.tick(-12_500.0, 2500.0), "\u{2212}12,500");
        assert_eq!(Unit::Hours.tick(1.5, 0.5), "1:30");
        assert_eq!(Unit::Hours.tick(6.0, 2.0), "6\u{202f}h");
        assert_eq!(Unit::Seconds.tick(0.5, 0.25), "0.50\u{202f}s");
        assert_eq!(
            Unit::Share.with_error(0.906_12, 0.000_9),
            "90.612\u{202f}±\u{202f}0.090\u{202f}%"
        );
        assert_eq!(Unit::Points.value(-0.000_001), "0.00");
        assert_eq!(Unit::Number.value(123_456.7), "123,457");
    }
}
