//! A function of durations on a grid that grows with them.

/// Cells of a grid per doubling of the argument are 2^4, so that four bits of a float's mantissa
/// name the cell.
const CELL_BITS: u32 = 4;
/// The grid reaches from 2^−2 s to 2^15 s (nine hours); beyond, its ends hold.
const LOWEST: f64 = 0.25;
const OCTAVES: usize = 17;

/// Values over durations on a grid that grows with them, linear between its points.
#[derive(Clone, Debug)]
pub(super) struct LogGrid<T> {
    points: Vec<T>,
}

impl<T: Copy + Blend> LogGrid<T> {
    /// Tabulates a function of seconds.
    pub fn new(value: impl Fn(f64) -> T) -> Self {
        let cells = 1usize << CELL_BITS;
        let point = |k: usize| {
            let (octave, cell) = (k / cells, k % cells);
            let base = LOWEST * (1u64 << octave) as f64;
            base * (1.0 + cell as f64 / cells as f64)
        };
        Self {
            points: (0..=OCTAVES * cells).map(|k| value(point(k))).collect(),
        }
    }

    /// The value at `x` seconds.
    #[inline]
    pub fn at(&self, x: f64) -> T {
        // The cell is read off the float's own bits: a logarithm would cost more than the rest.
        const FRACTION_BITS: u32 = 52 - CELL_BITS;
        let bits = x.max(LOWEST).to_bits();
        let cell = (bits >> FRACTION_BITS) - (LOWEST.to_bits() >> FRACTION_BITS);
        let last = self.points.len() - 1;
        if cell >= last as u64 {
            return self.points[last];
        }
        let part = (bits & ((1 << FRACTION_BITS) - 1)) as f64 / (1u64 << FRACTION_BITS) as f64;
        let cell = cell as usize;
        T::blend(&self.points[cell], &self.points[cell + 1], part)
    }
}

/// Linear interpolation.
pub(super) trait Blend {
    /// The value `part` (0–1) of the way from `low` to `high`.
    fn blend(low: &Self, high: &Self, part: f64) -> Self;
}

impl Blend for f64 {
    fn blend(low: &Self, high: &Self, part: f64) -> Self {
        low + (high - low) * part
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_interpolates_between_its_points_and_holds_beyond_them() {
        let grid = LogGrid::new(|t| 3.0 * t + 1.0);
        for x in [0.25, 0.3, 1.0, 7.77, 180.0, 5000.0] {
            assert!((grid.at(x) / (3.0 * x + 1.0) - 1.0).abs() < 1e-12, "{x}");
        }
        assert_eq!(grid.at(0.0), grid.at(0.25));
        assert_eq!(grid.at(1e9), grid.at(32768.0));
        assert_eq!(grid.at(f64::INFINITY), grid.at(32768.0));
        assert_eq!(grid.at(f64::NAN), grid.at(0.25));
    }
}
