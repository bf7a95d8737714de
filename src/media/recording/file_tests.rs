//! Files: sealed, torn, tampered with, repaired.

use proptest::prelude::*;

use super::recorder_tests::{Bench, expected, expected_tenths, ring, samples_of, tenths};
use super::*;

/// A finished recording of 12 s, and its bench.
fn recorded(format: Format, sealed: bool) -> (Bench, RecordingSummary) {
    let mut bench = Bench::new(|c| {
        c.keys = sealed.then(ring);
        // Fed faster than real time.
        c.queued_max = 1 << 20;
    });
    bench.start(1, format);
    bench.feed(1, 0..120);
    let summary = bench.summary(1);
    (bench, summary)
}

fn faults(bench: &Bench, summary: &RecordingSummary) -> Vec<Fault> {
    let keys = ring();
    verify(
        &bench.path(summary),
        &expected(summary),
        Some(&keys),
        |_| {},
    )
    .expect("readable")
    .faults
}

#[test]
fn a_changed_octet_is_found_and_located() {
    let (bench, summary) = recorded(Format::Wav, false);
    let path = bench.path(&summary);
    let mut octets = std::fs::read(&path).expect("there");
    octets[44 + 7 * 32_000] ^= 1;
    std::fs::write(&path, &octets).expect("writable");
    let faults = faults(&bench, &summary);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!(
        (faults[0].block, faults[0].from_ms, faults[0].to_ms),
        (Some(1), Some(5_000), Some(10_000))
    );
}

#[test]
fn whoever_changes_the_sidecar_too_is_found() {
    let (bench, summary) = recorded(Format::Wav, false);
    let (path, log) = (
        bench.path(&summary),
        sidecar::sidecar_path(&bench.path(&summary)),
    );
    let mut octets = std::fs::read(&path).expect("there");
    octets[50_000] ^= 1;
    std::fs::write(&path, &octets).expect("writable");
    // A forger who digests anew cannot reach the chain in the store.
    let forged = super::finish::digest_file(&path, Content::Pcm16, |_| {}).expect("readable");
    let mut sidecar = sidecar::Sidecar::read(&path).expect("readable");
    sidecar.blocks = forged.blocks;
    std::fs::write(log, sidecar.to_text()).expect("writable");
    let faults = faults(&bench, &summary);
    assert_eq!(faults.len(), 1);
    assert!(faults[0].what.contains("sidecar"), "{faults:?}");
}

#[test]
fn a_header_alone_changed_is_told_as_such() {
    let (bench, summary) = recorded(Format::Wav, false);
    let path = bench.path(&summary);
    let mut octets = std::fs::read(&path).expect("there");
    octets[24] ^= 1;
    std::fs::write(&path, &octets).expect("writable");
    let faults = faults(&bench, &summary);
    assert!(faults[0].what.contains("header"), "{faults:?}");
}

#[test]
fn a_sealed_file_tells_what_was_done_to_it() {
    let (bench, summary) = recorded(Format::WavMulaw, true);
    let path = bench.path(&summary);
    let whole = std::fs::read(&path).expect("there");
    let keys = ring();
    let check = |octets: &[u8]| -> Vec<RecordingError> {
        std::fs::write(&path, octets).expect("writable");
        PlainView::open(&path, Some(&keys))
            .map_or_else(|e| vec![e], |mut view| view.check_seal(|_| {}))
    };
    assert_eq!(check(&whole), []);
    // Where each block begins.
    let mut begins = vec![seal::SEALED_HEADER];
    while *begins.last().expect("one") + 4 <= whole.len() {
        let at = *begins.last().expect("one");
        let field = whole[at..at + 4].try_into().expect("4 octets");
        let (_, length) = seal::parse_length(field).expect("a block");
        assert!(length <= 3_200, "at most 200 ms");
        begins.push(at + length + seal::BLOCK_OVERHEAD);
    }
    let at = |n: usize| begins[n];
    let block_ms = |n: usize| (at(n) - at(0) - n * seal::BLOCK_OVERHEAD) as u64 / 16;
    let mut flipped = whole.clone();
    flipped[at(30) + 100] ^= 1;
    let found = check(&flipped);
    assert_eq!(found.len(), 1);
    let wanted = block_ms(30);
    assert!(
        matches!(found[0], RecordingError::Damaged { at_ms, .. } if at_ms == wanted),
        "{found:?}"
    );
    // Two blocks change places: both are out of theirs.
    let mut swapped = whole.clone();
    assert_eq!(at(6) - at(5), at(7) - at(6));
    swapped[at(5)..at(6)].copy_from_slice(&whole[at(6)..at(7)]);
    swapped[at(6)..at(7)].copy_from_slice(&whole[at(5)..at(6)]);
    assert_eq!(check(&swapped).len(), 2);
    assert!(
        !check(&[&whole[..at(7)], &whole[at(8)..]].concat()).is_empty(),
        "one left out"
    );
    assert!(!check(&whole[..at(20)]).is_empty(), "cut off");
    assert!(
        !check(&[&whole[..], b"x"].concat()).is_empty(),
        "something added"
    );
    let mut header = whole.clone();
    header[9] = 0;
    assert!(!check(&header).is_empty(), "another content claimed");
    let other = KeyRing::new(MasterKey::new(&[8; 32]).expect("a key"));
    std::fs::write(&path, &whole).expect("writable");
    let refused = PlainView::open(&path, Some(&other)).expect_err("another key");
    assert_eq!(refused.code(), "recording_no_key");
    assert!(
        !whole.windows(1_600).any(|w| w.iter().all(|o| *o == w[0])),
        "nothing shows through"
    );
}

#[test]
fn old_keys_still_open_and_passphrases_are_stretched_anew() {
    let dir = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &[u8]| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).expect("writable");
        path
    };
    let hexed = write("hex", format!("{}\n", "ab".repeat(32)).as_bytes());
    let raw = write("raw", &[0xab; 32]);
    let phrase = write("phrase", b"correct horse battery staple\n");
    let short = write("short", b"sesame");
    let one = KeyRing::read(&hexed, &[]).expect("64 digits");
    let two = KeyRing::read(&raw, &[]).expect("32 octets");
    assert_eq!(one.current().id(), two.current().id());
    assert_eq!(
        KeyRing::read(&short, &[]).expect_err("too short").code(),
        "recording_bad_key"
    );
    let phrased = KeyRing::read(&phrase, &[]).expect("a passphrase");
    let octets = convert::seal(b"content", Content::Opus, &phrased).expect("sealed");
    // Another run has another salt, and an own new key.
    let later = KeyRing::read(&raw, &[&phrase]).expect("both");
    assert!(seal::FileKey::open(&octets, &later).is_ok());
    assert!(matches!(
        seal::FileKey::open(&octets, &one),
        Err(seal::SealFault::NoKey(_))
    ));
    assert!(!format!("{phrased:?} {one:?}").contains("horse"));
}

#[test]
fn a_recording_is_recovered_from_every_torn_state() {
    for sealed in [false, true] {
        let (bench, summary) = recorded(Format::Wav, sealed);
        let path = bench.path(&summary);
        let whole = std::fs::read(&path).expect("there");
        let log = std::fs::read(sidecar::sidecar_path(&path)).expect("there");
        let keys = sealed.then(ring);
        for cut in [
            200,
            3_000,
            44 + 32_001,
            200_003,
            whole.len() - 1,
            whole.len(),
        ] {
            std::fs::write(&path, &whole[..cut]).expect("writable");
            std::fs::write(sidecar::sidecar_path(&path), &log[..log.len() / 2]).expect("writable");
            let repair = || recover(bench.dir.path(), &summary.path, summary.id, keys.as_deref());
            let found = repair().expect("recovered");
            assert_eq!(found.ending, Ending::Recovered);
            // At most one block is lost, and only of a sealed file.
            let wanted = (cut as u64).saturating_sub(44) / 32;
            let lost = wanted.saturating_sub(found.length_ms);
            assert!(
                lost <= if sealed { 110 } else { 1 },
                "{lost} ms of {cut} octets, {sealed}"
            );
            let whole_tenths = found.length_ms / 100;
            let heard = tenths(&samples_of(&path, keys.as_deref()));
            assert_eq!(
                heard[..whole_tenths as usize],
                expected_tenths(0..whole_tenths)[..]
            );
            let check = verify(&path, &expected(&found), keys.as_deref(), |_| {});
            assert_eq!(check.expect("readable").faults, []);
            assert_eq!(repair().expect("again").sha256, found.sha256, "done again");
        }
    }
}

#[test]
fn a_crash_during_a_conversion_leaves_one_file() {
    let (bench, summary) = recorded(Format::Wav, false);
    let root = bench.dir.path();
    let wav = bench.path(&summary);
    let flac = wav.with_extension("flac");
    super::convert::convert(&wav, &flac, Content::Flac, None).expect("converted");
    std::fs::write(wav.with_extension("flac.part"), b"half").expect("writable");
    // Both are there: the WAV counts, and the rest goes.
    let found = recover(root, &summary.path, summary.id, None).expect("recovered");
    assert_eq!(found.content, Content::Pcm16);
    assert!(!flac.exists());
    recover(root, &summary.path, summary.id, None).expect("again");
    assert!(!wav.with_extension("flac.part").exists());
    // The WAV was removed already: the FLAC counts.
    super::convert::convert(&wav, &flac, Content::Flac, None).expect("converted");
    std::fs::remove_file(&wav).expect("there");
    let found = recover(root, &summary.path, summary.id, None).expect("recovered");
    assert_eq!((found.content, found.length_ms), (Content::Flac, 12_000));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Any stretch of the playable file is the same, read whole or in part, sealed or not.
    #[test]
    fn any_range_reads_the_same(from in 0usize..400_000, length in 0usize..50_000) {
        static ONCE: std::sync::OnceLock<std::sync::Mutex<Vec<(Bench, RecordingSummary)>>> = std::sync::OnceLock::new();
        let both = ONCE.get_or_init(|| vec![recorded(Format::Wav, false), recorded(Format::Wav, true)].into());
        let both = both.lock().expect("no panic");
        let plain = std::fs::read(both[0].0.path(&both[0].1)).expect("there");
        let to = (from + length).min(plain.len());
        let keys = ring();
        for (bench, summary) in &*both {
            let mut view = PlainView::open(&bench.path(summary), Some(&keys)).expect("opens");
            prop_assert_eq!(view.file_octets(), plain.len() as u64);
            let mut out = vec![0; length];
            let count = view.read_file_at(from as u64, &mut out).expect("readable");
            prop_assert_eq!(&out[..count], &plain[from.min(to)..to]);
        }
    }
}
