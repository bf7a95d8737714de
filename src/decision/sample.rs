//! Reproducible draws: whether a call belongs to a sample is a function of the call alone, so
//! that anybody can draw the sample again.

use crate::id::CallId;

/// Whether `call` is drawn for the sample `key` that takes `share` (0 to 1) of all calls.
///
/// The same in every run and on every machine; independent between keys. Two rounds of the
/// SplitMix64 finaliser (Steele, Lea, Flood: Fast splittable pseudorandom number generators,
/// OOPSLA 2014) spread neighbouring call numbers evenly.
pub fn drawn(key: u64, call: CallId, share: f64) -> bool {
    // The top 53 bits as a fraction in [0, 1): exact in an f64.
    let fraction = (mix(mix(key) ^ call.0) >> 11) as f64 / (1u64 << 53) as f64;
    fraction < share
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
}
