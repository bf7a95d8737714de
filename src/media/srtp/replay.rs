//! Which packets have come (RFC 3711 section 3.3.2).

/// The highest index accepted and which of the 128 up to it were.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Window {
    highest: Option<u64>,
    seen: u128,
}

impl Window {
    pub(super) fn highest(&self) -> Option<u64> {
        self.highest
    }

    /// Whether an index has not come yet and is not too old to tell.
    pub(super) fn is_new(&self, index: u64) -> bool {
        let Some(highest) = self.highest else {
            return true;
        };
        match highest.checked_sub(index) {
            None => true,
            Some(behind) => behind < 128 && self.seen >> behind & 1 == 0,
        }
    }

    /// Notes an index that is authentic.
    pub(super) fn accept(&mut self, index: u64) {
        let Some(highest) = self.highest else {
            (self.highest, self.seen) = (Some(index), 1);
            return;
        };
        if let Some(behind) = highest.checked_sub(index) {
            self.seen |= 1u128.checked_shl(behind.min(200) as u32).unwrap_or(0);
        } else {
            let ahead = (index - highest).min(200) as u32;
            self.seen = self.seen.checked_shl(ahead).unwrap_or(0) | 1;
            self.highest = Some(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    proptest::proptest! {
        /// Against a set that forgets nothing.
        #[test]
        fn nothing_is_taken_twice(steps in proptest::collection::vec(0u64..400, 1..300)) {
            let (mut window, mut taken) = (Window::default(), HashSet::new());
            for index in steps {
                let highest = taken.iter().max().copied();
                let old = highest.is_some_and(|h: u64| h >= 128 + index);
                let expected = !taken.contains(&index) && !old;
                proptest::prop_assert_eq!(window.is_new(index), expected);
                if expected {
                    window.accept(index);
                    taken.insert(index);
                }
            }
        }
    }
}
