//! Reproducible draws: whether a call belongs to a sample is a function of the call alone, so
//! that anybody can draw the sample again.

use crate::id::CallId;

/// Whether `call` is drawn for the sample `key` that takes `share` (0 to 1) of all calls.
///
/// The same in every run and on every machine; independent between keys; with one key, a larger
/// share only adds calls. A share that is no number is none. Two rounds of the
/// SplitMix64 finaliser (Steele, Lea, Flood: Fast splittable pseudorandom number generators,
/// OOPSLA 2014) spread neighbouring call numbers evenly.
pub fn drawn(key: u64, call: CallId, share: f64) -> bool {
    // The top 53 bits as a fraction in [0, 1): exact in an f64.
    let fraction = (mix(mix(key) ^ call.0) >> 11) as f64 / (1u64 << 53) as f64;
    fraction < share
}

/// A key made of words, such as `["review", "loans"]`: FNV-1a, 64 bits (RFC 9923), over the words
/// with a zero octet after each. One key a purpose and campaign: samples are then independent.
pub fn key(words: &[&str]) -> u64 {
    let octets = words.iter().flat_map(|word| word.bytes().chain([0]));
    octets.fold(0xcbf2_9ce4_8422_2325, |hash, octet| {
        (hash ^ u64::from(octet)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_share_is_a_share_for_every_key() {
        for key in [0, 1, 2, u64::MAX] {
            for share in [0.0, 0.01, 0.3, 1.0] {
                let n = 200_000;
                let taken = (0..n).filter(|i| drawn(key, CallId(*i), share)).count();
                let found = taken as f64 / n as f64;
                assert!((found - share).abs() < 0.005, "{key} {share}: {found}");
            }
        }
    }

    #[test]
    fn samples_of_two_keys_are_independent() {
        let n = 20_000;
        let both = (0..n)
            .filter(|i| drawn(1, CallId(*i), 0.5) && drawn(2, CallId(*i), 0.5))
            .count();
        let share = both as f64 / n as f64;
        assert!((share - 0.25).abs() < 0.02, "{share}");
    }

    #[test]
    fn draws_never_change() {
        let drawn: Vec<u64> = (1..40).filter(|i| drawn(7, CallId(*i), 0.3)).collect();
        assert_eq!(drawn, PINNED);
    }

    /// Calls 1 to 39 drawn at 30 % for key 7: changes only if somebody changes the draw, and
    /// with it every sample ever reported.
    const PINNED: [u64; 16] = [1, 2, 7, 8, 12, 15, 16, 18, 19, 20, 27, 29, 30, 34, 36, 38];

    #[test]
    fn the_hashes_are_the_published_ones() {
        // SplitMix64 from seed 0, as its authors' code prints them.
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
        assert_eq!(mix(0x9e37_79b9_7f4a_7c15), 0x6e78_9e6a_a1b9_65f4);
        // FNV-1a of nothing, and of the octet 0 that ends the empty word.
        assert_eq!(key(&[]), 0xcbf2_9ce4_8422_2325);
        assert_eq!(key(&[""]), 0xaf63_bd4c_8601_b7df);
        assert_ne!(key(&["ab", "c"]), key(&["a", "bc"]));
    }

    #[test]
    fn reviews_of_old_can_be_explained() {
        let key = key(&["review", "loans"]);
        let drawn: Vec<u64> = (1..=40).filter(|n| drawn(key, CallId(*n), 0.3)).collect();
        assert_eq!(drawn, [2, 3, 6, 7, 20, 21, 26, 30, 31, 32, 38, 39]);
    }

    #[test]
    fn the_share_is_exact_within_the_binomial() {
        // Ids grow one by one, as in life; five standard deviations.
        for purpose in ["review", "recording", "loans", "cards"] {
            let key = key(&[purpose]);
            for share in [0.001, 0.01, 0.1, 0.3, 0.5, 0.99] {
                let calls = 200_000u64;
                let found = (1..=calls)
                    .filter(|n| drawn(key, CallId(*n), share))
                    .count();
                let mean = calls as f64 * share;
                let off = (found as f64 - mean).abs() / (mean * (1.0 - share)).sqrt();
                assert!(off < 5.0, "{purpose} {share}: {found}");
            }
        }
    }

    #[test]
    fn the_ends_are_none_and_all() {
        for n in [0, 1, u64::MAX] {
            assert!(drawn(7, CallId(n), 1.0) && drawn(7, CallId(n), 2.0));
            assert!(!drawn(7, CallId(n), 0.0) && !drawn(7, CallId(n), -1.0));
            assert!(!drawn(7, CallId(n), f64::NAN));
        }
    }

    proptest! {
        #[test]
        fn a_larger_share_only_adds(key: u64, call: u64, a in 0.0..=1.0f64, b in 0.0..=1.0f64) {
            let call = CallId(call);
            prop_assert!(!drawn(key, call, a.min(b)) || drawn(key, call, a.max(b)));
        }
    }
}
