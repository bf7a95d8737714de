//! One callee: from the INVITE to the end of the call.

use crate::lines::LineId;
use carillon_sim::Fate;
use carillon_sip::SessionDescription;
use std::time::{Duration, Instant};

/// INVITE to 180: what the simulated world takes a loopback carrier to need.
pub(super) const RINGING_AFTER: Duration = Duration::from_millis(50);
/// A person, or a machine, speaks this long after the answer.
pub(super) const ONSET: Duration = Duration::from_millis(200);
/// Silence after the greeting before patience begins to run: by then the dialer knows.
pub(super) const TRAILING: Duration = Duration::from_millis(400);
/// An agent is heard for sure this long after speaking up.
pub(super) const NOTICED_AFTER: Duration = Duration::from_millis(100);
/// Sound this long that is no agent is the message.
pub(super) const MESSAGE_MS: u32 = 300;
/// A machine hangs up by itself.
pub(super) const MACHINE_MAX: Duration = Duration::from_secs(30);
/// Nobody listens to a message longer than this.
pub(super) const MESSAGE_MAX: Duration = Duration::from_secs(60);
/// After the tones, the network refuses.
pub(super) const AFTER_TONES: Duration = Duration::from_millis(1_500);

/// Where a call stands. Every stage but the last two has a due time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// 100 was sent; the next sign follows.
    Arrived,
    /// 180 was sent.
    Ringing,
    /// Special information tones in early media.
    Tones,
    /// Answered, about to speak.
    Answering,
    /// A person spoke, or speaks, the greeting and waits for somebody.
    Waiting,
    /// A person hears the message.
    Message,
    /// A person talks with an agent.
    Talking,
    /// A machine speaks, then records.
    Machine,
    /// BYE was sent, or the call refused.
    Ending,
}

/// One callee.
#[derive(Debug)]
pub(super) struct Callee {
    /// Number of the call, from 0.
    pub(super) number: u64,
    pub(super) fate: Fate,
    pub(super) offer: Option<SessionDescription>,
    pub(super) arrived: Instant,
    pub(super) stage: Stage,
    pub(super) due: Option<Instant>,
    pub(super) line: Option<LineId>,
    /// The SDP of the first answer, early or final.
    pub(super) answer: Option<Vec<u8>>,
    pub(super) human: bool,
    pub(super) heard_agent: bool,
    pub(super) impatient: bool,
}

impl Callee {
    pub(super) fn new(
        number: u64,
        fate: Fate,
        offer: Option<SessionDescription>,
        now: Instant,
        scale: f64,
    ) -> Self {
        let first = match fate {
            Fate::Human { .. } | Fate::Machine { .. } | Fate::NoAnswer => now + RINGING_AFTER,
            Fate::Busy { after_s }
            | Fate::NotInService { after_s }
            | Fate::WrongNumber { after_s } => now + seconds(after_s * scale),
        };
        Self {
            number,
            fate,
            offer,
            arrived: now,
            stage: Stage::Arrived,
            due: Some(first),
            line: None,
            answer: None,
            human: false,
            heard_agent: false,
            impatient: false,
        }
    }

    /// Dial to answer; `None` if nobody ever answers.
    pub(super) fn answers_at(&self, scale: f64) -> Option<Instant> {
        match self.fate {
            Fate::Human { ring_s, .. } | Fate::Machine { ring_s, .. } => {
                Some(self.arrived + seconds(ring_s * scale))
            }
            _ => None,
        }
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.due.is_some_and(|due| due <= now)
    }
}

/// Name of a fate in the figures.
pub(super) fn fate_name(fate: &Fate) -> &'static str {
    match fate {
        Fate::Human { .. } => "human",
        Fate::Machine { .. } => "machine",
        Fate::Busy { .. } => "busy",
        Fate::NotInService { .. } => "not_in_service",
        Fate::WrongNumber { .. } => "wrong_number",
        Fate::NoAnswer => "no_answer",
    }
}

pub(super) fn seconds(s: f64) -> Duration {
    Duration::from_secs_f64(s.clamp(0.0, 86_400.0))
}
