//! What becomes of one attempt on a lead: as recorded, as far as that goes, then as drawn.

use super::law::{Law, Seen};
use carillon_decision::event::Progress;
use carillon_decision::id::LeadId;
use carillon_decision::lead::Callback;
use rand::Rng;

/// A lead and which attempt on it that day, from 0.
pub(super) type Attempt = (LeadId, u32);

/// What the recorded day tells of one attempt.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fate {
    /// Which attempt.
    pub attempt: Attempt,
    /// News of the callee and the carrier, ns after the order to dial.
    pub news: Vec<(u64, Progress)>,
    /// Ringing until something came of it; not whole when the call was given up before.
    pub rang: Seen,
    /// Conversation.
    pub talk: Option<Seen>,
    /// Wrap-up after it.
    pub wrap: Option<Seen>,
    /// What the agent said of it.
    pub said: Option<(String, Option<Callback>)>,
}

/// Every fate of a recorded day, and the laws they make.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Fates {
    all: Vec<Fate>,
    ringing: Law,
    talk: Law,
    wrap: Law,
}

impl Fates {
    /// `all` sorted by attempt.
    pub(super) fn of(mut all: Vec<Fate>) -> Self {
        all.sort_by_key(|fate| fate.attempt);
        let part = |of: fn(&Fate) -> Option<Seen>| {
            let seen = all.iter().enumerate();
            Law::of(seen.filter_map(|(k, fate)| of(fate).map(|seen| (seen, k))))
        };
        Self {
            ringing: part(|fate| Some(fate.rang)),
            talk: part(|fate| fate.talk),
            wrap: part(|fate| fate.wrap),
            all,
        }
    }

    #[cfg(test)]
    pub(super) fn all(&self) -> &[Fate] {
        &self.all
    }

    /// What was recorded of an attempt.
    pub(super) fn of_attempt(&self, attempt: Attempt) -> Option<&Fate> {
        let found = self.all.binary_search_by_key(&attempt, |f| f.attempt);
        found.ok().map(|k| &self.all[k])
    }

    /// What comes of dialing, to the end of ringing and of the greeting; and whether any of it
    /// was drawn.
    pub(super) fn course(
        &self,
        attempt: Attempt,
        rng: &mut impl Rng,
    ) -> (Vec<(u64, Progress)>, bool) {
        let own = self.of_attempt(attempt);
        let mut news = own.map_or_else(Vec::new, |fate| fate.news.clone());
        let mut beyond = match own {
            Some(fate) if fate.rang.whole => return (news, false),
            own => own.map(|fate| fate.rang.ns),
        };
        while let Some((seen, k)) = self.ringing.next(beyond, rng) {
            for (at, more) in &self.all[k].news {
                let rings_again = *more == Progress::Ringing && news.iter().any(|(_, n)| n == more);
                if beyond.is_none_or(|ns| *at > ns) && !rings_again {
                    news.push((*at, more.clone()));
                }
            }
            if seen.whole {
                break;
            }
            beyond = Some(seen.ns);
        }
        (news, true)
    }

    /// How long they talk, ns; and whether that was drawn.
    pub(super) fn talk(&self, attempt: Attempt, rng: &mut impl Rng) -> (u64, bool) {
        known_or_drawn(
            self.of_attempt(attempt).and_then(|f| f.talk),
            &self.talk,
            rng,
        )
    }

    /// How long the wrap-up takes, ns.
    pub(super) fn wrap(&self, attempt: Attempt, rng: &mut impl Rng) -> u64 {
        known_or_drawn(
            self.of_attempt(attempt).and_then(|f| f.wrap),
            &self.wrap,
            rng,
        )
        .0
    }
}

fn known_or_drawn(seen: Option<Seen>, law: &Law, rng: &mut impl Rng) -> (u64, bool) {
    match seen {
        Some(seen) if seen.whole => (seen.ns, false),
        seen => (law.draw(seen.map(|s| s.ns), rng), true),
    }
}
