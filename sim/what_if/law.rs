//! The empirical law of durations some of which were cut short.

use rand::{Rng, RngExt};

/// A duration that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// How long, ns.
    pub ns: u64,
    /// Whether it ended by itself; otherwise it would have lasted longer.
    pub whole: bool,
}

/// Durations as seen, whole and cut ones; what is drawn follows the product-limit estimate of
/// Kaplan and Meier: the weight of a cut one falls in equal parts to all that lasted longer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Law {
    /// By length; with whose it was.
    seen: Vec<(Seen, usize)>,
}

impl Law {
    pub(super) fn of(seen: impl IntoIterator<Item = (Seen, usize)>) -> Self {
        let mut seen: Vec<(Seen, usize)> = seen.into_iter().collect();
        seen.sort_by_key(|(seen, of)| (seen.ns, *of));
        Self { seen }
    }

    /// Whose duration, of those longer than `beyond`, is met next; it may be a cut one.
    pub(super) fn next(&self, beyond: Option<u64>, rng: &mut impl Rng) -> Option<(Seen, usize)> {
        let from = beyond.map_or(0, |ns| self.seen.partition_point(|(s, _)| s.ns <= ns));
        let longer = &self.seen[from..];
        (!longer.is_empty()).then(|| longer[rng.random_range(0..longer.len())])
    }

    /// A whole duration longer than `beyond`; `beyond` itself when none was seen.
    pub(super) fn draw(&self, mut beyond: Option<u64>, rng: &mut impl Rng) -> u64 {
        while let Some((seen, _)) = self.next(beyond, rng) {
            if seen.whole {
                return seen.ns;
            }
            beyond = Some(seen.ns);
        }
        beyond.unwrap_or(0)
    }
}
