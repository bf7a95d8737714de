//! Whatever is on a line.

use super::*;
use crate::tone::sine;
use proptest::prelude::*;

/// A made-up line: speech, pauses, noise and tones in any order.
fn line() -> impl Strategy<Value = Vec<i16>> {
    let part = prop_oneof![
        (100u32..1500, -30.0f32..-6.0).prop_map(|(ms, db)| speech(ms, db)),
        (50u32..1500).prop_map(silence),
        (50u32..800, -60.0f32..-30.0, any::<u64>()).prop_map(|(ms, db, seed)| noise(ms, db, seed)),
        (300.0f32..2400.0, 60u32..1200).prop_map(|(hz, ms)| sine(hz, -20.0, ms)),
    ];
    prop::collection::vec(part, 1..8).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn pieces_of_any_size_give_the_same_events(
        heard in line(),
        pieces in prop::collection::vec(1usize..900, 1..40),
        careful in any::<bool>(),
    ) {
        let mode = if careful { Mode::Careful } else { Mode::Fast };
        let (wanted, verdict) = listen_with(settings(mode), &heard);
        let mut detector = GreetingDetector::new(settings(mode));
        let (mut events, mut rest) = (Vec::new(), &heard[..]);
        for size in pieces.iter().cycle() {
            let (piece, after) = rest.split_at((*size).min(rest.len()));
            detector.push(piece, |e| events.push(e));
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(events, wanted);
        prop_assert_eq!(detector.verdict(), verdict);
    }

    #[test]
    fn one_verdict_at_most_and_a_person_s_follows_an_end(heard in line(), careful in any::<bool>()) {
        let mode = if careful { Mode::Careful } else { Mode::Fast };
        let (events, verdict) = listen_with(settings(mode), &heard);
        let judged: Vec<_> = events.iter().filter_map(|e| match e {
            GreetingEvent::Verdict { who, .. } => Some(*who),
            _ => None,
        }).collect();
        prop_assert!(judged.len() <= 1);
        prop_assert_eq!(judged.first().copied(), verdict);
        if verdict == Some(Who::Person) {
            let ended = events.iter().any(|e| matches!(e, GreetingEvent::GreetingEnded { .. }));
            prop_assert!(ended);
        }
    }

    #[test]
    fn a_louder_or_softer_hello_is_as_human(gain in -18.0f32..5.0, length in 250u32..900) {
        let heard = [silence(400), speech(length, -12.0 + gain), silence(2500)].concat();
        prop_assert_eq!(listen(&heard).1, Some(Who::Person));
    }

    #[test]
    fn any_samples_at_all_are_survived(samples in prop::collection::vec(any::<i16>(), 0..30_000)) {
        let (events, _) = listen(&samples);
        prop_assert!(events.len() < 50);
    }
}
