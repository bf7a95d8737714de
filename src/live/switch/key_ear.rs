//! One key press, told once: phones and carriers may tell the same press by RFC 4733 (or as
//! tones in the band) and by SIP INFO.

use carillon_decision::Mono;
use std::collections::VecDeque;
use std::time::Duration;

/// Two tellings of one press come at most so far apart: INFO at its start, the event at its end.
const PAIR_WITHIN: Duration = Duration::from_secs(5);
/// Presses remembered; more within [`PAIR_WITHIN`] are no person's.
const PRESSES_MAX: usize = 32;

/// How a press was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyBy {
    /// On the audio's way: RFC 4733, or tones.
    Media,
    /// SIP INFO.
    Info,
}

/// Hears the keys of one line.
#[derive(Debug, Default)]
pub(super) struct KeyEar {
    /// Told one way so far.
    single: VecDeque<(char, KeyBy, Mono)>,
}

impl KeyEar {
    /// Whether this telling is of a press not told before. The second way's telling finds the
    /// first's and is dropped, once for each press.
    pub(super) fn is_new(&mut self, now: Mono, digit: char, by: KeyBy) -> bool {
        self.single
            .retain(|(_, _, at)| now.since(*at) <= PAIR_WITHIN);
        let twin = self
            .single
            .iter()
            .position(|&(told, other, _)| told == digit && other != by);
        if let Some(place) = twin {
            self.single.remove(place);
            return false;
        }
        if self.single.len() == PRESSES_MAX {
            self.single.pop_front();
        }
        self.single.push_back((digit, by, now));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_press_told_both_ways_counts_once_and_two_presses_twice() {
        let mut ear = KeyEar::default();
        let at = |ms| Mono::from_secs(100) + Duration::from_millis(ms);
        assert!(ear.is_new(at(0), '1', KeyBy::Info));
        assert!(!ear.is_new(at(120), '1', KeyBy::Media));
        assert!(ear.is_new(at(300), '1', KeyBy::Media));
        assert!(!ear.is_new(at(320), '1', KeyBy::Info));
        assert!(ear.is_new(at(400), '1', KeyBy::Info));
        assert!(ear.is_new(at(500), '1', KeyBy::Info), "one way alone");
    }

    #[test]
    fn the_other_way_much_later_is_another_press() {
        let mut ear = KeyEar::default();
        assert!(ear.is_new(Mono::from_secs(1), '*', KeyBy::Media));
        assert!(ear.is_new(Mono::from_secs(7), '*', KeyBy::Info));
    }

    proptest! {
        /// Whatever is pressed, and whichever way tells it first: each press counts once.
        #[test]
        fn every_press_counts_once(presses in proptest::collection::vec((0_u8..12, any::<bool>()), 0..40)) {
            let mut ear = KeyEar::default();
            let mut counted = 0;
            for (n, (key, media_first)) in presses.iter().enumerate() {
                let digit = char::from(b'0' + key);
                let now = Mono::from_secs(n as u64 / 3);
                let ways = match media_first {
                    true => [KeyBy::Media, KeyBy::Info],
                    false => [KeyBy::Info, KeyBy::Media],
                };
                counted += ways.iter().filter(|&&by| ear.is_new(now, digit, by)).count();
            }
            prop_assert_eq!(counted, presses.len());
        }
    }
}
