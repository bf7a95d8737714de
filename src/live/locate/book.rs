//! What was found, for as long as it stands, and beyond that while DNS is silent (RFC 8767).

use super::error::LocateError;
use super::query::Query;
use super::steps::Outcome;
use super::target::Located;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Queries remembered; those that end first are forgotten first.
const QUERIES_MAX: usize = 1_024;
/// How long targets stay in use while DNS is silent (RFC 8767 §5: one to three days).
const STALE_MAX: Duration = Duration::from_secs(86_400);
/// Pause after the first silent try, doubled after each, up to the longest.
const RETRY_MIN: Duration = Duration::from_secs(5);
const RETRY_MAX: Duration = Duration::from_secs(60);

/// What is known of one query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) result: Result<Located, LocateError>,
    pub(super) expires_at: Instant,
    /// When it is asked for again: somewhat before it ends.
    pub(super) refresh_at: Instant,
    /// What DNS said meanwhile, where the targets are older than their records allow.
    pub(super) stale: Option<String>,
    /// Until when targets may be used although DNS is silent.
    keep_until: Instant,
    silent_tries: u32,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Book {
    entries: BTreeMap<Query, Entry>,
}

impl Book {
    /// What stands at `now`; `None` when it has to be asked for.
    pub(super) fn standing(&self, now: Instant, query: &Query) -> Option<&Entry> {
        self.entries.get(query).filter(|e| now < e.expires_at)
    }

    /// Takes the outcome of a run. Targets that are known outlive silence, and are preferred to an
    /// answer with gaps: half an answer must not move calls to other places. An answer without
    /// targets replaces them: that is DNS's word.
    pub(super) fn learn(&mut self, now: Instant, query: &Query, outcome: Outcome) -> &Entry {
        let known = self.entries.remove(query);
        let entry = match (known, troubled(&outcome)) {
            (Some(known), Some(why)) if known.is_whole() && now < known.keep_until => {
                known.kept(now, why)
            }
            (known, trouble) => {
                let tries = known.map_or(0, |k| k.silent_tries);
                let tries = if trouble.is_some() { tries + 1 } else { 0 };
                Entry::fresh(now, outcome, tries)
            }
        };
        self.make_room();
        self.entries.entry(query.clone()).or_insert(entry)
    }

    fn make_room(&mut self) {
        while self.entries.len() >= QUERIES_MAX {
            let first = self.entries.iter().min_by_key(|(_, e)| e.expires_at);
            let Some(query) = first.map(|(query, _)| query.clone()) else {
                return;
            };
            self.entries.remove(&query);
        }
    }
}

/// What DNS left unanswered.
fn troubled(outcome: &Outcome) -> Option<String> {
    match &outcome.result {
        Ok(located) => located.gap.clone(),
        Err(error) => error.is_silence().then(|| error.to_string()),
    }
}

impl Entry {
    fn fresh(now: Instant, outcome: Outcome, silent_tries: u32) -> Self {
        let stands = outcome.expires_at.saturating_duration_since(now);
        let pause = match outcome.result {
            Err(ref error) if error.is_silence() => retry(silent_tries),
            // Before the end, so that nobody waits for DNS when it has come.
            _ => stands.mul_f64(0.9),
        };
        Self {
            refresh_at: now + pause,
            expires_at: outcome.expires_at,
            keep_until: outcome.expires_at + STALE_MAX,
            result: outcome.result,
            stale: None,
            silent_tries,
        }
    }

    /// Targets that DNS gave us without a gap.
    fn is_whole(&self) -> bool {
        self.result.as_ref().is_ok_and(|l| l.gap.is_none())
    }

    fn kept(mut self, now: Instant, why: String) -> Self {
        self.silent_tries += 1;
        let pause = retry(self.silent_tries);
        self.refresh_at = now + pause;
        self.expires_at = self.expires_at.max(now + pause);
        self.stale = Some(why);
        self
    }
}

fn retry(tries: u32) -> Duration {
    let doubled = RETRY_MIN.saturating_mul(1 << tries.saturating_sub(1).min(10));
    doubled.min(RETRY_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::locate::target::Target;
    use carillon_sip::Peer;

    fn query() -> Query {
        Query::new("example", None, None)
    }

    fn at(second: u64, start: Instant) -> Instant {
        start + Duration::from_secs(second)
    }

    fn found(last: u8, expires_at: Instant) -> Outcome {
        let address = std::net::SocketAddr::from(([192, 0, 2, last], 5060));
        let located = Located {
            targets: vec![Target::fixed(Peer::udp(address))],
            expires_at,
            trail: Vec::new(),
            gap: None,
        };
        Outcome {
            result: Ok(located),
            expires_at,
        }
    }

    fn silence(expires_at: Instant) -> Outcome {
        let (query, why) = (query().to_string(), "timeout".to_owned());
        Outcome {
            result: Err(LocateError::Silent { query, why }),
            expires_at,
        }
    }

    fn last_octet(entry: &Entry) -> Option<u8> {
        let target = entry.result.as_ref().ok()?.targets.first()?;
        match target.peer.ip() {
            std::net::IpAddr::V4(ip) => Some(ip.octets()[3]),
            std::net::IpAddr::V6(_) => None,
        }
    }

    #[test]
    fn an_answer_stands_for_its_time_and_is_refreshed_before() {
        let start = Instant::now();
        let mut book = Book::default();
        let entry = book.learn(start, &query(), found(1, at(100, start)));
        assert_eq!(entry.refresh_at, at(90, start));
        assert!(book.standing(at(99, start), &query()).is_some());
        assert!(book.standing(at(100, start), &query()).is_none());
    }

    #[test]
    fn targets_outlive_silence_for_a_day_and_no_longer() {
        let start = Instant::now();
        let mut book = Book::default();
        book.learn(start, &query(), found(1, at(60, start)));
        for (second, pause) in [(60, 5), (65, 10), (75, 20), (95, 40), (135, 60), (195, 60)] {
            let now = at(second, start);
            let kept = book.learn(now, &query(), silence(at(second + 30, start)));
            assert_eq!(last_octet(kept), Some(1));
            assert!(kept.stale.is_some());
            assert_eq!(kept.refresh_at, at(second + pause, start));
        }
        let fresh = book.learn(at(300, start), &query(), found(2, at(360, start)));
        assert_eq!((last_octet(fresh), &fresh.stale), (Some(2), &None));
        let late = 360 + STALE_MAX.as_secs();
        let kept = book.learn(at(late - 1, start), &query(), silence(at(late, start)));
        assert!(kept.result.is_ok());
        let gone = book.learn(at(late, start), &query(), silence(at(late + 30, start)));
        assert!(gone.result.is_err());
    }

    #[test]
    fn half_an_answer_does_not_replace_a_whole_one_but_serves_when_there_is_none() {
        let start = Instant::now();
        let gap = |last| {
            let mut outcome = found(last, at(60, start));
            if let Ok(located) = &mut outcome.result {
                located.gap = Some("SRV timed out".into());
            }
            outcome
        };
        let mut book = Book::default();
        assert_eq!(last_octet(book.learn(start, &query(), gap(9))), Some(9));
        book.learn(start, &query(), found(1, at(60, start)));
        assert_eq!(
            last_octet(book.learn(at(54, start), &query(), gap(9))),
            Some(1)
        );
    }

    #[test]
    fn what_dns_denies_is_gone_at_once() {
        let start = Instant::now();
        let mut book = Book::default();
        book.learn(start, &query(), found(1, at(60, start)));
        let denied = Outcome {
            result: Err(LocateError::NotFound {
                query: query().to_string(),
                tried: String::new(),
            }),
            expires_at: at(90, start),
        };
        let entry = book.learn(at(60, start), &query(), denied);
        assert!(entry.result.is_err());
        assert_eq!(entry.refresh_at, at(87, start));
    }

    #[test]
    fn the_book_is_bounded() {
        let start = Instant::now();
        let mut book = Book::default();
        for n in 0..QUERIES_MAX as u64 + 50 {
            let query = Query::new(&format!("{n}.example"), None, None);
            book.learn(start, &query, found(1, at(60 + n, start)));
        }
        assert_eq!(book.entries.len(), QUERIES_MAX);
        assert!(
            book.standing(start, &Query::new("0.example", None, None))
                .is_none()
        );
    }
}
