//! Whose consent a recording of a call needs.
//!
//! Federal law asks for one party's (18 U.S.C. 2511(2)(d)), and so do most states. The table
//! holds those that ask for everybody's; where sources conflict a state is in it, and the note
//! says so. Outside the United States everybody's consent is taken to be needed.

use super::RuleStatus;

/// A state in which everybody on a call must consent to its recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllPartyState {
    /// State as ISO 3166-2 without the country.
    pub state: &'static str,
    /// Where it is written.
    pub citation: &'static str,
    /// How much it binds.
    pub status: RuleStatus,
    /// The day the entry was last compared with its source's summary, `YYYY-MM-DD`.
    pub checked: &'static str,
    /// Doubts.
    pub note: &'static str,
}

const fn state(
    state: &'static str,
    citation: &'static str,
    status: RuleStatus,
    note: &'static str,
) -> AllPartyState {
    AllPartyState {
        state,
        citation,
        status,
        checked: "2026-11-22",
        note,
    }
}

const LAW: RuleStatus = RuleStatus::Law;
const SECONDARY: RuleStatus = RuleStatus::Secondary;

/// States in which everybody must consent. Oregon is not among them: its rule for everybody
/// (ORS 165.540(1)(c)) is for talk face to face, calls need one party's consent.
pub const ALL_PARTY_STATES: &[AllPartyState] = &[
    state("CA", "Cal. Penal Code 632, 632.7", LAW, ""),
    state(
        "CT",
        "Conn. Gen. Stat. 52-570d",
        LAW,
        "A civil claim; an announcement at the start or a warning tone will do too.",
    ),
    state(
        "DE",
        "11 Del. C. 1335, 2402",
        SECONDARY,
        "The two sections conflict; the stricter is applied.",
    ),
    state("FL", "Fla. Stat. 934.03", LAW, ""),
    state("IL", "720 ILCS 5/14-2", LAW, "Private conversations."),
    state("MD", "Md. Code, Cts. & Jud. Proc. 10-402", LAW, ""),
    state(
        "MA",
        "Mass. Gen. Laws ch. 272, 99",
        LAW,
        "Secret recordings.",
    ),
    state(
        "MI",
        "Mich. Comp. Laws 750.539c",
        SECONDARY,
        "A court let participants record (Sullivan v. Gray, 1982); sources still list it.",
    ),
    state(
        "MT",
        "Mont. Code 45-8-213",
        LAW,
        "Knowledge of everybody is enough.",
    ),
    state(
        "NV",
        "Nev. Rev. Stat. 200.620",
        SECONDARY,
        "Read so for calls by Lane v. Allstate, 114 Nev. 1176 (1998).",
    ),
    state("NH", "N.H. Rev. Stat. 570-A:2", LAW, ""),
    state("PA", "18 Pa. C.S. 5703, 5704(4)", LAW, ""),
    state(
        "WA",
        "RCW 9.73.030",
        LAW,
        "An announcement that is recorded too is enough.",
    ),
];

/// Whose consent a recording needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordingLaw<'a> {
    /// One party's: that of the house.
    OneParty,
    /// Everybody's.
    AllParties {
        /// The place that asks for it, `US-CA`; `an unknown place` where none is known.
        place: &'a str,
        /// Where that is written, or why it is assumed.
        citation: &'static str,
    },
}

/// Whose consent is needed for a callee who may be in any of `places` (`US-CA`, `GB`): the
/// strictest of them decides, and where a place or its law is not known, everybody's.
pub fn recording_law<'a>(places: &[&'a str]) -> RecordingLaw<'a> {
    const UNKNOWN: &str = "assumed: its law is not in the tables";
    for place in places {
        let citation = match place.split_once('-') {
            Some(("US", state)) => match ALL_PARTY_STATES.iter().find(|s| s.state == state) {
                Some(found) => found.citation,
                None => continue,
            },
            _ => UNKNOWN,
        };
        return RecordingLaw::AllParties { place, citation };
    }
    if places.is_empty() {
        let place = "an unknown place";
        return RecordingLaw::AllParties {
            place,
            citation: UNKNOWN,
        };
    }
    RecordingLaw::OneParty
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compliance::places_of_number;

    fn needs_all(places: &[&str]) -> bool {
        recording_law(places) != RecordingLaw::OneParty
    }

    #[test]
    fn the_strictest_plausible_place_decides() {
        assert!(!needs_all(&["US-TX"]));
        assert!(!needs_all(&["US-OR", "US-NY"]));
        assert!(needs_all(&["US-TX", "US-CA"]));
        for unknown in [&["US"][..], &["GB"], &["PR"], &[]] {
            assert!(needs_all(unknown), "{unknown:?}");
        }
    }

    #[test]
    fn every_entry_is_a_state_with_a_source() {
        for entry in ALL_PARTY_STATES {
            assert_eq!(entry.state.len(), 2);
            assert!(!entry.citation.is_empty() && entry.checked.len() == 10);
            let doubtful = entry.status == RuleStatus::Secondary;
            assert!(!doubtful || !entry.note.is_empty(), "{}", entry.state);
        }
        let mut states: Vec<&str> = ALL_PARTY_STATES.iter().map(|s| s.state).collect();
        states.sort_unstable();
        states.dedup();
        assert_eq!(states.len(), ALL_PARTY_STATES.len());
    }

    #[test]
    fn callers_are_placed_by_their_number() {
        let law = |number: &str| needs_all(places_of_number(number.parse().unwrap()));
        assert!(law("+14155550123"), "San Francisco");
        assert!(!law("+12125550123"), "New York");
        assert!(law("+18005550123"), "toll-free: anywhere");
    }
}
