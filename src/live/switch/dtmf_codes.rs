//! Codes an agent dials on the phone (`docs/OPERATING.md`, "Agents at a desk phone").

use carillon_decision::Mono;
use carillon_decision::conversation::{ConsultStep, SuperviseMode, TransferKind};
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
    /// `*4`: the customer on hold, or back.
    Hold,
    /// `*51`, `*52`, `*53`: a supervisor listens, whispers, joins; `*50`: leaves.
    Supervise(Option<SuperviseMode>),
    /// `*60`: the recording leaves out what follows; `*61`: it goes on.
    Recording {
        /// Leave out what follows.
        pause: bool,
    },
    /// `*7` and a digit 1–9: talk to the destination of that place first; `*70` and the digit:
    /// pass the customer on at once.
    Transfer {
        /// Place in the campaign's list, from 1.
        place: u8,
        /// How.
        kind: TransferKind,
    },
    /// `*81`: the customer goes to the one consulted; `*82`: all three; `*80`: back to the
    /// customer.
    Consult(ConsultStep),
    /// `*88`: leave the campaign's message on the machine.
    DropMessage,
    /// `*0`: log out.
    LogOut,
    /// `*9` and a digit 1–9: disposition of that place in the campaign's list, from 1.
    Disposition(u8),
}

/// Every code with what it does, as help for agents.
pub(crate) const KEYPAD: [(&str, &str); 14] = [
    ("*1", "ready; ends wrap-up too"),
    ("*2", "break, after the call"),
    ("*3", "hang up the customer"),
    ("*4", "customer on hold; again: back"),
    ("*60", "recording: leave out what follows (card data)"),
    ("*61", "recording: go on"),
    (
        "*7 and a digit",
        "talk to the destination at that place of the list; the customer hears music",
    ),
    (
        "*70 and a digit",
        "pass the customer on to that destination at once",
    ),
    ("*81", "the customer goes to the one you consulted"),
    ("*82", "conference: all three"),
    ("*80", "let the one you consulted go; back to the customer"),
    (
        "*88",
        "leave the message on the answering machine; you are free",
    ),
    (
        "*9 and a digit",
        "disposition, by its place in the list; ends the call",
    ),
    ("*0", "log out, after the call"),
];

/// A code is forgotten when its next key is this late: a lone star pressed by accident must
/// not turn a digit pressed minutes later into a command.
const KEY_GAP_MAX: Duration = Duration::from_secs(4);

/// What was pressed of a code so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Heard {
    #[default]
    Nothing,
    Star,
    /// `*` and a digit that wants another.
    Group(char),
    /// `*70`
    BlindTransfer,
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
            (Heard::Star, '1') => return Some(DeskCode::Ready),
            (Heard::Star, '2') => return Some(DeskCode::Break),
            (Heard::Star, '3') => return Some(DeskCode::HangUp),
            (Heard::Star, '4') => return Some(DeskCode::Hold),
            (Heard::Star, '0') => return Some(DeskCode::LogOut),
            (Heard::Star, '5'..='9') => self.heard = Heard::Group(digit),
            (Heard::Group('7'), '0') => self.heard = Heard::BlindTransfer,
            (Heard::Group(group), _) => return in_group(group, digit),
            (Heard::BlindTransfer, _) => return transfer(digit, TransferKind::Blind),
            (Heard::Nothing | Heard::Star, _) => {}
        }
        None
    }
}

/// The code of a star, a group's digit and one more.
fn in_group(group: char, digit: char) -> Option<DeskCode> {
    match (group, digit) {
        ('5', '0') => Some(DeskCode::Supervise(None)),
        ('5', '1') => Some(DeskCode::Supervise(Some(SuperviseMode::Listen))),
        ('5', '2') => Some(DeskCode::Supervise(Some(SuperviseMode::Whisper))),
        ('5', '3') => Some(DeskCode::Supervise(Some(SuperviseMode::Barge))),
        ('6', '0') => Some(DeskCode::Recording { pause: true }),
        ('6', '1') => Some(DeskCode::Recording { pause: false }),
        ('7', _) => transfer(digit, TransferKind::Attended),
        ('8', '0') => Some(DeskCode::Consult(ConsultStep::Cancel)),
        ('8', '1') => Some(DeskCode::Consult(ConsultStep::Complete)),
        ('8', '2') => Some(DeskCode::Consult(ConsultStep::Join)),
        ('8', '8') => Some(DeskCode::DropMessage),
        ('9', _) => place(digit).map(DeskCode::Disposition),
        _ => None,
    }
}

fn transfer(digit: char, kind: TransferKind) -> Option<DeskCode> {
    place(digit).map(|place| DeskCode::Transfer { place, kind })
}

/// A place in a list, 1 to 9.
fn place(digit: char) -> Option<u8> {
    let place = digit.to_digit(10).and_then(|d| u8::try_from(d).ok());
    place.filter(|&p| p > 0)
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
            codes("*1*2*3*4*0*94"),
            [
                DeskCode::Ready,
                DeskCode::Break,
                DeskCode::HangUp,
                DeskCode::Hold,
                DeskCode::LogOut,
                DeskCode::Disposition(4)
            ]
        );
        assert_eq!(
            codes("*60*61*88*80*81*82"),
            [
                DeskCode::Recording { pause: true },
                DeskCode::Recording { pause: false },
                DeskCode::DropMessage,
                DeskCode::Consult(ConsultStep::Cancel),
                DeskCode::Consult(ConsultStep::Complete),
                DeskCode::Consult(ConsultStep::Join)
            ]
        );
        assert_eq!(
            codes("*51*52*53*50"),
            [
                DeskCode::Supervise(Some(SuperviseMode::Listen)),
                DeskCode::Supervise(Some(SuperviseMode::Whisper)),
                DeskCode::Supervise(Some(SuperviseMode::Barge)),
                DeskCode::Supervise(None)
            ]
        );
    }

    #[test]
    fn a_transfer_names_its_place_and_how() {
        let transfer = |place, kind| DeskCode::Transfer { place, kind };
        assert_eq!(
            codes("*73*709*7*705"),
            [
                transfer(3, TransferKind::Attended),
                transfer(9, TransferKind::Blind),
                transfer(5, TransferKind::Blind)
            ]
        );
        assert_eq!(codes("*700*90*7#*70#"), []);
    }

    #[test]
    fn the_help_names_codes_that_exist_and_no_two_start_alike() {
        for (keys, _) in KEYPAD {
            let keys = keys.replace(" and a digit", "5");
            assert_eq!(codes(&keys).len(), 1, "{keys}");
            // No code is complete before its last key.
            assert_eq!(codes(&keys[..keys.len() - 1]), [], "{keys}");
        }
    }

    #[test]
    fn keys_for_a_menu_at_the_far_end_are_no_codes() {
        assert_eq!(codes("1230#9*#7*90*#1"), []);
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
