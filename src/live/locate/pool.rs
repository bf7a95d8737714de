//! A trunk's targets with what is known of each, and the choice among them (RFC 3263 §4.3).
//! Pure: instants are passed in.

use super::target::{Target, draw};
use carillon_sip::Peer;
use rand::rngs::StdRng;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long a target that failed is avoided: first time, doubled each time after, at most.
const REST_MIN: Duration = Duration::from_secs(30);
const REST_MAX: Duration = Duration::from_secs(300);
/// How long an address that left DNS is still let in: its calls, and records cached elsewhere.
pub(crate) const GONE_AFTER: Duration = Duration::from_secs(900);
/// Most addresses remembered after they left DNS.
const GONE_MAX: usize = 64;

/// Why a target is avoided for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Nothing came back (timer B or F), or no connection.
    Silent,
    /// 503, with its `Retry-After`.
    Unavailable(Option<Duration>),
}

/// What is known of one target.
#[derive(Debug)]
pub(crate) struct Spot<A> {
    /// Where it is.
    pub(crate) target: Target,
    /// Whether it answers OPTIONS as it should; `None` before the first answer.
    pub(crate) answers: Option<Result<(), String>>,
    /// Unanswered OPTIONS in a row.
    pub(crate) lost: u32,
    /// The question that waits for its answer.
    pub(crate) asked: Option<A>,
    /// Why there is no connection to it; `None` while there is, or over UDP.
    pub(crate) line: Option<String>,
    rest_until: Option<Instant>,
    failures: u32,
}

/// See the module. `A` names a question under way.
#[derive(Debug)]
pub(crate) struct Pool<A> {
    spots: Vec<Spot<A>>,
    /// Addresses that left DNS, with when they are forgotten.
    gone: Vec<(SocketAddr, Instant)>,
}

impl<A> Default for Pool<A> {
    fn default() -> Self {
        Self {
            spots: Vec::new(),
            gone: Vec::new(),
        }
    }
}

impl<A> Spot<A> {
    fn new(target: Target) -> Self {
        Self {
            target,
            answers: None,
            lost: 0,
            asked: None,
            line: None,
            rest_until: None,
            failures: 0,
        }
    }

    fn is_resting(&self, now: Instant) -> bool {
        self.rest_until.is_some_and(|until| now < until)
    }

    fn is_down(&self) -> bool {
        matches!(self.answers, Some(Err(_)))
    }
}

impl<A> Pool<A> {
    /// Takes the targets of a new look-up. What is known of those that stay is kept; those that
    /// left are remembered for a while. Says whether any address came or left.
    pub(crate) fn replace(&mut self, now: Instant, targets: &[Target]) -> bool {
        let mut old = std::mem::take(&mut self.spots);
        let before: Vec<SocketAddr> = old.iter().map(|s| s.target.peer.address).collect();
        for target in targets {
            let known = old.iter().position(|s| s.target.peer == target.peer);
            let spot = match known {
                Some(at) => Spot {
                    target: *target,
                    ..old.swap_remove(at)
                },
                None => Spot::new(*target),
            };
            self.spots.push(spot);
        }
        let now_in: Vec<SocketAddr> = self.addresses().collect();
        self.gone.retain(|(a, _)| !now_in.contains(a));
        for address in before.iter().filter(|a| !now_in.contains(a)) {
            self.gone.push((*address, now + GONE_AFTER));
        }
        let surplus = self.gone.len().saturating_sub(GONE_MAX);
        self.gone.drain(..surplus);
        now_in != before
    }

    /// Forgets addresses that left DNS long ago; says whether there were any.
    pub(crate) fn forget_gone(&mut self, now: Instant) -> bool {
        let before = self.gone.len();
        self.gone.retain(|(_, until)| now < *until);
        self.gone.len() != before
    }

    /// The targets.
    #[cfg(test)]
    pub(crate) fn spots(&self) -> &[Spot<A>] {
        &self.spots
    }

    /// What is known of one target.
    pub(crate) fn spot_mut(&mut self, peer: Peer) -> Option<&mut Spot<A>> {
        self.spots.iter_mut().find(|s| s.target.peer == peer)
    }

    /// Where its targets are.
    pub(crate) fn peers(&self) -> Vec<Peer> {
        self.spots.iter().map(|s| s.target.peer).collect()
    }

    fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.spots.iter().map(|s| s.target.peer.address)
    }

    /// Addresses whose requests are this trunk's: the targets', and those that left lately.
    pub(crate) fn sources(&self) -> impl Iterator<Item = SocketAddr> {
        let gone = self.gone.iter().map(|(address, _)| *address);
        self.addresses().chain(gone)
    }

    /// The target for a new request: of those that neither rest nor are known to be down, by rank
    /// and weight. When none is left the one whose rest ends first is used: a trunk's own limits
    /// say when it is not used at all.
    pub(crate) fn pick(&self, now: Instant, chance: &mut StdRng) -> Option<Peer> {
        let usable = self.next(now, &[], chance);
        usable.or_else(|| {
            let least = |s: &&Spot<A>| (s.is_down(), s.rest_until, s.target.rank());
            self.spots.iter().min_by_key(least).map(|s| s.target.peer)
        })
    }

    /// The target for a request that failed at the `tried` ones; `None` when no other is usable.
    pub(crate) fn next(&self, now: Instant, tried: &[Peer], chance: &mut StdRng) -> Option<Peer> {
        let usable =
            |s: &&Spot<A>| !s.is_resting(now) && !s.is_down() && !tried.contains(&s.target.peer);
        let targets: Vec<Target> = self.spots.iter().filter(usable).map(|s| s.target).collect();
        draw(&targets, chance).map(|t| t.peer)
    }

    /// A request failed at this target: it is avoided for a while.
    pub(crate) fn failed(&mut self, now: Instant, peer: Peer, trouble: Trouble) {
        let Some(spot) = self.spot_mut(peer) else {
            return;
        };
        // Several requests under way fail together: that is one failure.
        if spot.is_resting(now) {
            return;
        }
        let doubled = REST_MIN.saturating_mul(1 << spot.failures.min(4));
        let rest = match trouble {
            Trouble::Unavailable(Some(wish)) => wish,
            Trouble::Silent | Trouble::Unavailable(None) => doubled,
        };
        spot.failures += 1;
        spot.rest_until = Some(now + rest.min(REST_MAX));
    }

    /// A request was heard at this target: what was held against it is forgotten.
    pub(crate) fn worked(&mut self, peer: Peer) {
        if let Some(spot) = self.spot_mut(peer) {
            spot.failures = 0;
            spot.rest_until = None;
        }
    }

    /// Whether any target answers; before the first answer of any `None`. With several targets
    /// the reason names each.
    pub(crate) fn health(&self) -> Option<Result<(), String>> {
        if self.spots.iter().any(|s| s.answers == Some(Ok(()))) {
            return Some(Ok(()));
        }
        let mut reasons = Vec::new();
        for spot in &self.spots {
            match &spot.answers {
                Some(Err(why)) if self.spots.len() == 1 => reasons.push(why.clone()),
                Some(Err(why)) => reasons.push(format!("{}: {why}", spot.target.peer)),
                Some(Ok(())) | None => {}
            }
        }
        (!reasons.is_empty()).then(|| Err(reasons.join("; ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn target(last: u8, priority: u16, weight: u16) -> Target {
        let address = SocketAddr::from(([192, 0, 2, last], 5060));
        Target {
            priority,
            weight,
            name: last.into(),
            ..Target::fixed(Peer::udp(address))
        }
    }

    fn pool(targets: &[Target]) -> (Pool<u8>, Instant, StdRng) {
        let (mut pool, now) = (Pool::default(), Instant::now());
        pool.replace(now, targets);
        (pool, now, StdRng::seed_from_u64(3))
    }

    fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn failover_goes_by_rank_and_tries_each_target_once() {
        let targets = [target(3, 20, 1), target(1, 10, 0), target(2, 10, 0)];
        let (mut pool, now, mut chance) = pool(&targets);
        let mut tried = vec![pool.pick(now, &mut chance).unwrap()];
        while let Some(next) = pool.next(now, &tried, &mut chance) {
            pool.failed(now, tried[tried.len() - 1], Trouble::Unavailable(None));
            tried.push(next);
        }
        assert_eq!(tried.len(), 3);
        assert_eq!(tried[2], targets[0].peer, "the worse priority comes last");
        assert_ne!(tried[0], tried[1]);
    }

    #[test]
    fn a_failed_target_rests_longer_each_time_and_returns() {
        let targets = [target(1, 10, 0), target(2, 20, 0)];
        let (mut pool, start, mut chance) = pool(&targets);
        let (first, second) = (targets[0].peer, targets[1].peer);
        let mut now = start;
        for rest in [30, 60, 120, 240, 300, 300] {
            pool.failed(now, first, Trouble::Silent);
            // Others that were under way there fail as well: no longer rest for that.
            pool.failed(now + secs(1), first, Trouble::Silent);
            let last = now + secs(rest) - Duration::from_millis(1);
            assert_eq!(pool.pick(last, &mut chance), Some(second), "{rest}");
            now += secs(rest);
            assert_eq!(pool.pick(now, &mut chance), Some(first), "{rest}");
        }
        pool.worked(first);
        pool.failed(now, first, Trouble::Silent);
        assert_eq!(pool.pick(now + secs(30), &mut chance), Some(first));
    }

    #[test]
    fn retry_after_is_honoured_within_bounds() {
        let targets = [target(1, 10, 0), target(2, 20, 0)];
        let (mut pool, now, mut chance) = pool(&targets);
        let unavailable = |s| Trouble::Unavailable(Some(secs(s)));
        pool.failed(now, targets[0].peer, unavailable(7));
        assert_eq!(pool.pick(now + secs(6), &mut chance), Some(targets[1].peer));
        assert_eq!(pool.pick(now + secs(7), &mut chance), Some(targets[0].peer));
        pool.failed(now + secs(7), targets[0].peer, unavailable(86_400));
        assert_eq!(
            pool.pick(now + secs(307), &mut chance),
            Some(targets[0].peer)
        );
    }

    #[test]
    fn a_target_that_answers_no_options_is_passed_over_until_none_is_left() {
        let targets = [target(1, 10, 0), target(2, 20, 0)];
        let (mut pool, now, mut chance) = pool(&targets);
        pool.spot_mut(targets[0].peer).unwrap().answers = Some(Err("silent".into()));
        assert_eq!(pool.pick(now, &mut chance), Some(targets[1].peer));
        assert_eq!(pool.next(now, &[targets[1].peer], &mut chance), None);
        pool.failed(now, targets[1].peer, Trouble::Silent);
        assert_eq!(
            pool.pick(now, &mut chance),
            Some(targets[1].peer),
            "a resting target is better than one that is down"
        );
    }

    #[test]
    fn a_trunk_is_up_when_any_target_answers() {
        let targets = [target(1, 10, 0), target(2, 20, 0)];
        let (mut pool, _, _) = pool(&targets);
        assert_eq!(pool.health(), None);
        pool.spot_mut(targets[0].peer).unwrap().answers = Some(Err("silent".into()));
        assert_eq!(
            pool.health(),
            Some(Err("192.0.2.1:5060: silent".to_owned()))
        );
        pool.spot_mut(targets[1].peer).unwrap().answers = Some(Ok(()));
        assert_eq!(pool.health(), Some(Ok(())));
    }

    #[test]
    fn addresses_that_left_dns_are_let_in_for_a_while() {
        let (mut pool, now, _) = pool(&[target(1, 0, 0), target(2, 0, 0)]);
        pool.spot_mut(target(2, 0, 0).peer).unwrap().lost = 1;
        assert!(pool.replace(now, &[target(2, 0, 0), target(3, 0, 0)]));
        assert_eq!(pool.spots()[0].lost, 1, "what is known of it is kept");
        let sources = |pool: &Pool<u8>| pool.sources().map(|a| a.ip().to_string()).collect();
        let all: Vec<String> = sources(&pool);
        assert_eq!(all, ["192.0.2.2", "192.0.2.3", "192.0.2.1"]);
        assert!(!pool.forget_gone(now + GONE_AFTER - secs(1)));
        assert!(pool.forget_gone(now + GONE_AFTER));
        let left: Vec<String> = sources(&pool);
        assert_eq!(left, ["192.0.2.2", "192.0.2.3"]);
        assert!(!pool.replace(now, &[target(2, 0, 0), target(3, 0, 0)]));
    }
}
