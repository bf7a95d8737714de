//! How a call ends: causes from signalling, outcomes for people and ledgers.

use serde::{Deserialize, Serialize};

/// Why a call that was never answered failed. SIP codes stay outside: a trunk's profile
/// maps them to these (`docs/SIP.md`, RFC 3261 §21, Q.850).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Cause {
    /// 486, 600.
    Busy,
    /// 480, or our CANCEL after the ring time-out (487).
    NoAnswer,
    /// 404, 410, 484, 604, or a "not in service" tone.
    Disconnected,
    /// 603 with a network-blocked Reason, 607, 608: analytics or the callee blocks the caller ID.
    Blocked,
    /// 603 otherwise: the person pressed reject.
    Declined,
    /// 403: this call only.
    Refused,
    /// 5xx, 503.
    Congestion,
    /// 408, or nothing heard at all (timer B).
    TrunkFailure,
    /// Credentials refused.
    TrunkAuth,
    /// 488: no common codec.
    Media,
    /// The INVITE never left: the store refused the attempt, the permit went stale, or dry run.
    NotSent,
    /// We ended it before an answer, other than by ring time-out.
    Cancelled,
}

/// Final outcome of a call, as recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Outcome {
    /// A person talked to an agent.
    Connected,
    /// A person answered and no agent was connected within the legal time, or the person
    /// hung up while waiting for one.
    Abandoned,
    /// An answering machine, voicemail or announcement.
    Machine,
    /// A fax or modem.
    Fax,
    /// Answered, then hung up by the callee before anybody was heard: not a live answer.
    Silent,
    /// Not answered: the cause says why.
    Unanswered(Cause),
    /// Inbound: the message was played.
    InboundMessage,
    /// Inbound: the caller hung up in the queue.
    InboundLost,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Outcome; 19] = [
        Outcome::Connected,
        Outcome::Abandoned,
        Outcome::Machine,
        Outcome::Fax,
        Outcome::Silent,
        Outcome::InboundMessage,
        Outcome::InboundLost,
        Outcome::Unanswered(Cause::Busy),
        Outcome::Unanswered(Cause::NoAnswer),
        Outcome::Unanswered(Cause::Disconnected),
        Outcome::Unanswered(Cause::Blocked),
        Outcome::Unanswered(Cause::Declined),
        Outcome::Unanswered(Cause::Refused),
        Outcome::Unanswered(Cause::Congestion),
        Outcome::Unanswered(Cause::TrunkFailure),
        Outcome::Unanswered(Cause::TrunkAuth),
        Outcome::Unanswered(Cause::Media),
        Outcome::Unanswered(Cause::NotSent),
        Outcome::Unanswered(Cause::Cancelled),
    ];

    /// Stable name, as stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Connected => "connected",
            Outcome::Abandoned => "abandoned",
            Outcome::Machine => "machine",
            Outcome::Fax => "fax",
            Outcome::Silent => "silent",
            Outcome::InboundMessage => "inbound_message",
            Outcome::InboundLost => "inbound_lost",
            Outcome::Unanswered(cause) => cause.name(),
        }
    }

    /// The outcome of that stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|o| o.name() == name)
    }

    /// The field's short status code (VICIdial's where one exists).
    pub fn status_code(self) -> &'static str {
        match self {
            Outcome::Connected => "CALL",
            Outcome::Abandoned => "DROP",
            Outcome::Machine => "AA",
            Outcome::Fax => "AFAX",
            Outcome::Silent => "SIL",
            Outcome::InboundMessage => "AFTHRS",
            Outcome::InboundLost => "INDROP",
            Outcome::Unanswered(cause) => match cause {
                Cause::Busy => "AB",
                Cause::NoAnswer => "NA",
                Cause::Disconnected => "ADC",
                Cause::Blocked => "BLK",
                Cause::Declined => "DEC",
                Cause::Refused => "REF",
                Cause::Congestion => "CONG",
                Cause::TrunkFailure => "TRK",
                Cause::TrunkAuth => "AUTH",
                Cause::Media => "MEDIA",
                Cause::NotSent => "NSENT",
                Cause::Cancelled => "CAN",
            },
        }
    }

    /// Whether a live person answered: the denominator of the abandonment rate
    /// (16 CFR 310.4(b)(4)(i)).
    pub fn human_answered(self) -> bool {
        matches!(self, Outcome::Connected | Outcome::Abandoned)
    }

    /// Whether the call counts as an attempt on the person. Trunk trouble does not.
    pub fn counts_as_attempt(self) -> bool {
        match self {
            Outcome::Unanswered(cause) => !cause.is_trunk_trouble() && cause != Cause::NotSent,
            Outcome::InboundMessage | Outcome::InboundLost => false,
            _ => true,
        }
    }
}

impl Cause {
    /// Stable name, as stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            Cause::Busy => "busy",
            Cause::NoAnswer => "no_answer",
            Cause::Disconnected => "disconnected",
            Cause::Blocked => "blocked",
            Cause::Declined => "declined",
            Cause::Refused => "refused",
            Cause::Congestion => "congestion",
            Cause::TrunkFailure => "trunk_failure",
            Cause::TrunkAuth => "trunk_auth",
            Cause::Media => "media",
            Cause::NotSent => "not_sent",
            Cause::Cancelled => "cancelled",
        }
    }

    /// The cause of that stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Outcome::ALL.into_iter().find_map(|o| match o {
            Outcome::Unanswered(cause) if cause.name() == name => Some(cause),
            _ => None,
        })
    }

    /// Trouble of the trunk, not an attempt on the person: another trunk may be tried,
    /// unless ringing was heard.
    pub fn is_trunk_trouble(self) -> bool {
        matches!(
            self,
            Cause::Congestion | Cause::TrunkFailure | Cause::TrunkAuth | Cause::Media
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_read_back() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::from_name(outcome.name()), Some(outcome));
        }
        assert_eq!(Cause::from_name("busy"), Some(Cause::Busy));
        assert_eq!(Cause::from_name("connected"), None);
    }

    #[test]
    fn trunk_trouble_never_counts_against_the_person() {
        for cause in [
            Cause::Congestion,
            Cause::TrunkFailure,
            Cause::TrunkAuth,
            Cause::NotSent,
        ] {
            assert!(!Outcome::Unanswered(cause).counts_as_attempt());
        }
        assert!(Outcome::Unanswered(Cause::NoAnswer).counts_as_attempt());
        assert!(Outcome::Abandoned.counts_as_attempt() && Outcome::Abandoned.human_answered());
    }
}
