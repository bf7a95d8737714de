//! What was found, and the order in which it is tried (RFC 2782).

use carillon_sip::Peer;
use rand::RngExt;
use rand::rngs::StdRng;
use std::time::Instant;

/// One place a request may be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// Transport and address.
    pub peer: Peer,
    /// NAPTR records in their order (RFC 3263 §4.1), lowest first; 0 where one service was found.
    pub service: u16,
    /// SRV priority, lowest first (RFC 2782); 0 without SRV.
    pub priority: u16,
    /// SRV weight: share among the names of one priority; 0 without SRV.
    pub weight: u16,
    /// Which name of the answer it belongs to: the addresses of one name share its weight.
    pub name: u16,
    /// Place of its address family in our order of preference, wanted first.
    pub family: u16,
}

impl Target {
    /// A place that was written as an address.
    pub fn fixed(peer: Peer) -> Self {
        Self {
            peer,
            service: 0,
            priority: 0,
            weight: 0,
            name: 0,
            family: 0,
        }
    }

    /// Targets of a lower rank are tried first.
    pub fn rank(&self) -> (u16, u16) {
        (self.service, self.priority)
    }
}

/// What a query led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// Every target, best rank first; never empty. Within a rank in the order of the records:
    /// [`draw`] makes the choice.
    pub targets: Vec<Target>,
    /// When the records have to be asked for anew.
    pub expires_at: Instant,
    /// The records that led here, one a line, for people.
    pub trail: Vec<String>,
    /// What DNS did not answer on the way: there may be better targets than these.
    pub gap: Option<String>,
}

/// Chooses one of `targets`: the lowest rank, within it a name by weight (RFC 2782), of that name
/// an address of the family wanted first, evenly. `None` only for an empty list.
///
/// Drawn for each request anew, so that calls spread by weight while the records stand.
pub fn draw(targets: &[Target], chance: &mut StdRng) -> Option<Target> {
    let rank = targets.iter().map(Target::rank).min()?;
    let mut names: Vec<(u16, u16)> = Vec::new();
    for target in targets.iter().filter(|t| t.rank() == rank) {
        if !names.iter().any(|(name, _)| *name == target.name) {
            names.push((target.name, target.weight));
        }
    }
    let name = draw_name(names, chance)?;
    let of_name = |t: &&Target| t.rank() == rank && t.name == name;
    let family = targets.iter().filter(of_name).map(|t| t.family).min()?;
    let places: Vec<&Target> = targets
        .iter()
        .filter(of_name)
        .filter(|t| t.family == family)
        .collect();
    places
        .get(chance.random_range(0..places.len()))
        .copied()
        .copied()
}

/// RFC 2782, "Weight": running sums with the zero weights first, a number from 0 to the whole
/// sum, and the first whose running sum reaches it.
fn draw_name(mut names: Vec<(u16, u16)>, chance: &mut StdRng) -> Option<u16> {
    // Zero weights among themselves have no order: an even draw decides which comes first.
    let zeros = names.iter().filter(|(_, weight)| *weight == 0).count();
    names.sort_by_key(|(_, weight)| *weight != 0);
    if zeros > 1 {
        let first = chance.random_range(0..zeros);
        names.swap(0, first);
    }
    let sum: u32 = names.iter().map(|(_, weight)| u32::from(*weight)).sum();
    let mark = chance.random_range(0..=sum);
    let mut running = 0;
    names.iter().find_map(|(name, weight)| {
        running += u32::from(*weight);
        (running >= mark).then_some(*name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use std::net::SocketAddr;

    fn target(last: u8, priority: u16, weight: u16) -> Target {
        let address = SocketAddr::from(([192, 0, 2, last], 5060));
        Target {
            priority,
            weight,
            name: u16::from(last),
            ..Target::fixed(Peer::udp(address))
        }
    }

    fn shares(targets: &[Target], draws: usize) -> Vec<usize> {
        let mut chance = StdRng::seed_from_u64(7);
        let mut counts = vec![0; targets.len()];
        for _ in 0..draws {
            let drawn = draw(targets, &mut chance).unwrap();
            counts[targets.iter().position(|t| *t == drawn).unwrap()] += 1;
        }
        counts
    }

    #[test]
    fn calls_spread_by_weight() {
        let targets = [target(1, 10, 60), target(2, 10, 30), target(3, 10, 10)];
        let counts = shares(&targets, 60_000);
        // RFC 2782 draws 0..=sum: the first record gets (60+1)/101. Five standard deviations of a
        // binomial of 60,000 are below 620.
        for (count, share) in counts.iter().zip([61.0, 30.0, 10.0]) {
            let expected = 60_000.0 * share / 101.0;
            assert!((*count as f64 - expected).abs() < 620.0, "{counts:?}");
        }
    }

    #[test]
    fn zero_weights_are_chosen_seldom_but_chosen() {
        let targets = [target(1, 0, 0), target(2, 0, 99)];
        let counts = shares(&targets, 20_000);
        // One in 100 draws is 0: expected 200, standard deviation 14.
        assert!((130..=270).contains(&counts[0]), "{counts:?}");
        let even = shares(&[target(1, 0, 0), target(2, 0, 0), target(3, 0, 0)], 30_000);
        assert!(even.iter().all(|c| (9_500..10_500).contains(c)), "{even:?}");
    }

    #[test]
    fn a_worse_priority_is_left_alone_while_a_better_one_stands() {
        let targets = [target(1, 20, 65_535), target(2, 10, 0)];
        assert_eq!(shares(&targets, 1_000), [0, 1_000]);
        let mut service = target(3, 0, 0);
        service.service = 1;
        assert_eq!(shares(&[service, target(2, 10, 0)], 1_000), [0, 1_000]);
        assert!(draw(&[], &mut StdRng::seed_from_u64(1)).is_none());
    }

    #[test]
    fn addresses_of_one_name_share_its_weight_evenly_within_the_family() {
        let mut both = [target(1, 0, 10), target(2, 0, 10), target(3, 0, 10)];
        both[1].name = 1;
        both[2].name = 1;
        both[2].family = 1;
        let counts = shares(&both, 20_000);
        assert!((9_600..10_400).contains(&counts[0]), "{counts:?}");
        assert_eq!(counts[2], 0);
    }
}
