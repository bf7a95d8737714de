//! A dialed call of a recorded day, and the fate it tells.

use super::course::{Attempt, Fate};
use super::law::Seen;
use carillon_decision::event::Progress;
use carillon_decision::lead::Callback;
use carillon_decision::time::Mono;

/// A dialed call of the recorded day.
pub(super) struct Dialed {
    pub(super) attempt: Attempt,
    pub(super) placed: Mono,
    pub(super) news: Vec<(u64, Progress)>,
    /// Something came of the ringing, then.
    pub(super) came: Option<u64>,
    /// It was ended by us, then, before anything came of it.
    pub(super) given_up: Option<u64>,
    /// It was known who answered, or the callee hung up.
    pub(super) told: bool,
    /// An agent was ordered to it, or the message.
    pub(super) served: bool,
    pub(super) ending: bool,
    pub(super) bridged: Option<Mono>,
    pub(super) talk: Option<Seen>,
    pub(super) wrap: Option<Seen>,
    pub(super) said: Option<(String, Option<Callback>)>,
}

impl Dialed {
    pub(super) fn new(attempt: Attempt, placed: Mono) -> Self {
        Self {
            attempt,
            placed,
            news: Vec::new(),
            came: None,
            given_up: None,
            told: false,
            served: false,
            ending: false,
            bridged: None,
            talk: None,
            wrap: None,
            said: None,
        }
    }

    pub(super) fn fate(mut self, end: Mono) -> Fate {
        if let Some(since) = self.bridged {
            self.talk = Some(seen(since, end, false));
        }
        let rang = match self.came {
            Some(ns) if self.told || self.served => Seen { ns, whole: true },
            // Broken off in the greeting: who it was is drawn anew, and with it when.
            Some(ns) => {
                let ns = ns.saturating_sub(1);
                self.news.retain(|(at, _)| *at <= ns);
                Seen { ns, whole: false }
            }
            None => Seen {
                ns: self
                    .given_up
                    .unwrap_or(end.since(self.placed).as_nanos() as u64),
                whole: false,
            },
        };
        Fate {
            attempt: self.attempt,
            news: self.news,
            rang,
            talk: self.talk,
            wrap: self.wrap,
            said: self.said,
        }
    }
}

/// Whether news comes from the callee or the carrier, rather than from our own machinery.
pub(super) fn is_far_end(progress: &Progress) -> bool {
    !matches!(
        progress,
        Progress::Bridged
            | Progress::BridgeFailed
            | Progress::MessageEnded
            | Progress::AnnouncementEnded
            | Progress::OptOut
    )
}

pub(super) fn seen(since: Mono, until: Mono, whole: bool) -> Seen {
    Seen {
        ns: until.since(since).as_nanos() as u64,
        whole,
    }
}
