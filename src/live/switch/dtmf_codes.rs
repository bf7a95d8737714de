//! Codes an agent dials on the phone (`docs/OPERATING.md`, "Agents at a desk phone").

use carillon_decision::Mono;
use std::time::Duration;

/// What an agent asks for by keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeskCode {
    /// `*1`: wants calls; ends wrap-up too.
    Ready,
    /// `*2`: wants no further call.
    Break,
    /// `*3`: hang up the customer.
    HangUp,
    /// `*0`: log out.
    LogOut,
    /// `*9` and a digit 1–9: disposition of that place in the campaign's list, from 1.
    Disposition(u8),
}

/// Every code with what it does, as help for agents.
pub(crate) const KEYPAD: [(&str, &str); 5] = [
    ("*1", "ready; ends wrap-up too"),
    ("*2", "break, after the call"),
    ("*3", "hang up the customer"),
    (
        "*9 and a digit",
        "disposition, by its place in the list; ends the call",
    ),
    ("*0", "log out, after the call"),
];

/// A code is forgotten when its next key is this late: a lone star pressed by accident must
/// not turn a digit pressed minutes later into a command.
const KEY_GAP_MAX: Duration = Duration::from_secs(4);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Heard {
    #[default]
    Nothing,
    Star,
    StarNine,
}

/// Reads codes from key presses, one parser per line.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CodeReader {
    heard: Heard,
    at: Mono,
}

impl CodeReader {
    /// One key press; the code it completes, if it does.
    pub(crate) fn key(&mut self, now: Mono, digit: char) -> Option<DeskCode> {
        if now.since(self.at) > KEY_GAP_MAX {
            self.heard = Heard::Nothing;
        }
        self.at = now;
        let before = std::mem::take(&mut self.heard);
        match (before, digit) {
            (_, '*') => self.heard = Heard::Star,
            (Heard::Star, '9') => self.heard = Heard::StarNine,
            (Heard::Star, '1') => return Some(DeskCode::Ready),
            (Heard::Star, '2') => return Some(DeskCode::Break),
            (Heard::Star, '3') => return Some(DeskCode::HangUp),
            (Heard::Star, '0') => return Some(DeskCode::LogOut),
            (Heard::StarNine, '1'..='9') => {
                let place = digit.to_digit(10).and_then(|d| u8::try_from(d).ok());
                return place.map(DeskCode::Disposition);
            }
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(keys: &str) -> Vec<DeskCode> {
        let mut reader = CodeReader::default();
        keys.chars()
            .filter_map(|k| reader.key(Mono::from_secs(1), k))
            .collect()
    }

    #[test]
    fn every_code_is_read() {
        assert_eq!(
            codes("*1*2*3*0*94"),
            [
                DeskCode::Ready,
                DeskCode::Break,
                DeskCode::HangUp,
                DeskCode::LogOut,
                DeskCode::Disposition(4)
            ]
        );
    }

    #[test]
    fn keys_for_a_menu_at_the_far_end_are_no_codes() {
        assert_eq!(codes("1230#9*7*90*#1"), []);
    }

    #[test]
    fn a_second_star_starts_over() {
        assert_eq!(codes("**1"), [DeskCode::Ready]);
        assert_eq!(codes("*9*2"), [DeskCode::Break]);
    }

    #[test]
    fn a_late_key_does_not_complete_a_code() {
        let mut reader = CodeReader::default();
        assert_eq!(reader.key(Mono::from_secs(1), '*'), None);
        assert_eq!(reader.key(Mono::from_secs(6), '1'), None);
        assert_eq!(reader.key(Mono::from_secs(7), '*'), None);
        assert_eq!(reader.key(Mono::from_secs(11), '1'), Some(DeskCode::Ready));
    }
}
