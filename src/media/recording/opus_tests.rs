//! Recordings as Opus, from tap to file: sealed or not, verified, exported, recovered.

use super::recorder_tests::{Bench, expected, ring, samples_of};
use super::*;
use crate::g711::Law;
use crate::meter::tone_db;
use crate::tap::Way;

const CUSTOMER_HZ: f32 = 440.0;
const AGENT_HZ: f32 = 1_030.0;

/// A tenth of a second of each side's tone.
fn words(way: Way, tenth: u64) -> Vec<u8> {
    let hz = match way {
        Way::Received => CUSTOMER_HZ,
        Way::Sent => AGENT_HZ,
    };
    let sample = |n: u64| (n as f32 * std::f32::consts::TAU * hz / 8_000.0).sin() * 9_000.0;
    let samples = (tenth * 800..tenth * 800 + 800).map(sample);
    samples.map(|s| Law::Pcmu.encode(s as i16)).collect()
}

/// 6.3 s of both sides' tones, finished.
fn recorded(format: Format, sealed: bool) -> (Bench, RecordingSummary) {
    let mut bench = Bench::new(|c| c.keys = sealed.then(ring));
    bench.start(1, format);
    bench.feed_with(1, 0..63, words);
    let summary = bench.summary(1);
    (bench, summary)
}

/// Both tones are where they belong, from the first second to the last.
fn heard(samples: &[i16]) {
    assert_eq!(samples.len(), 2 * 50_400);
    for second in samples.chunks_exact(16_000) {
        let side = |n| {
            second
                .iter()
                .skip(n)
                .step_by(2)
                .copied()
                .collect::<Vec<_>>()
        };
        let (left, right) = (side(0), side(1));
        let (own, other) = (tone_db(&left, CUSTOMER_HZ), tone_db(&right, AGENT_HZ));
        assert!(own > -15.0 && other > -15.0, "{own} {other}");
        let over = tone_db(&left, AGENT_HZ).max(tone_db(&right, CUSTOMER_HZ));
        assert!(over < -50.0, "{over}");
    }
}

#[test]
fn a_recording_as_opus_is_small_verified_and_exported() {
    for sealed in [false, true] {
        let (bench, summary) = recorded(Format::Opus, sealed);
        assert_eq!(summary.ending, Ending::Finished, "{summary:?}");
        assert_eq!((summary.length_ms, summary.lost_ms), (6_300, 0));
        assert_eq!(summary.content, Content::Opus);
        assert!(summary.octets < 6_300 * 7, "48 kbit/s: {}", summary.octets);
        let path = bench.path(&summary);
        let ending = if sealed { ".opus.sealed" } else { ".opus" };
        assert!(path.to_string_lossy().ends_with(ending), "{path:?}");
        let keys = sealed.then(ring);
        heard(&samples_of(&path, keys.as_deref()));
        let check = || {
            let found = verify(&path, &expected(&summary), keys.as_deref(), |_| {});
            found.expect("readable").faults
        };
        assert_eq!(check(), []);
        let files = std::fs::read_dir(path.parent().expect("a directory")).expect("there");
        assert_eq!(files.count(), 2, "the recording and its sidecar");
        let mut octets = std::fs::read(&path).expect("there");
        let middle = octets.len() / 2;
        octets[middle] ^= 1;
        std::fs::write(&path, octets).expect("writable");
        assert_ne!(check(), [], "an octet was changed");
    }
}

#[test]
fn a_crash_during_the_conversion_to_opus_leaves_one_file() {
    for sealed in [false, true] {
        let (bench, summary) = recorded(Format::Wav, sealed);
        let (root, keys) = (bench.dir.path(), sealed.then(ring));
        let wav = bench.path(&summary);
        let opus = super::convert::path_as(&wav, Content::Opus);
        let convert = || super::convert::convert(&wav, &opus, Content::Opus, keys.as_deref());
        let repair = || recover(root, &summary.path, summary.id, keys.as_deref());
        convert().expect("converted");
        let found = repair().expect("recovered");
        assert_eq!(found.content, Content::Pcm16, "the WAV is there");
        assert!(!opus.exists());
        convert().expect("converted");
        std::fs::remove_file(&wav).expect("there");
        let found = repair().expect("recovered");
        assert_eq!((found.content, found.length_ms), (Content::Opus, 6_300));
        assert_eq!(root.join(&found.path), opus);
        heard(&samples_of(&opus, keys.as_deref()));
        let check = verify(&opus, &expected(&found), keys.as_deref(), |_| {});
        assert_eq!(check.expect("readable").faults, []);
    }
}
