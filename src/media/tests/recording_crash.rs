//! A process killed in the midst of 50 recordings leaves 50 that play, to within 200 ms of what
//! its taps had told.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "real time is what is tested; the child tells its parent on standard output"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use carillon_media::Law;
use carillon_media::recording::{
    Ending, Format, Keeper, KeyRing, MasterKey, PlainView, RecorderConfig, RecordingId,
    RecordingOrder, export_wav, recover, start_recorder,
};
use carillon_media::tap::{TapChunk, TapEvent, TapPacket, Way};

/// Tells the child where, and as what, it records.
const ROOT: &str = "CARILLON_RECORDING_CRASH_ROOT";
const KIND: &str = "CARILLON_RECORDING_CRASH_KIND";
const RECORDINGS: u64 = 50;
/// Most that may be missing at the end.
const LOSS_MS_MAX: u64 = 200;

fn keys(kind: &str) -> Option<Arc<KeyRing>> {
    let key = MasterKey::new(&[42; 32]).expect("a key");
    kind.contains("sealed").then(|| Arc::new(KeyRing::new(key)))
}

fn format(kind: &str) -> Format {
    match kind.contains("mulaw") {
        true => Format::WavMulaw,
        false => Format::Wav,
    }
}

/// A code word that tells recording, way and time; never silence.
fn word(tap: u64, way: Way, tenth: u64) -> u8 {
    ((tap * 7 + tenth) % 50) as u8 + if way == Way::Sent { 50 } else { 0 }
}

/// The last 100 ms of a way, as the relay tells them.
fn chunk(tap: u64, way: Way, origin: Instant, tenth: u64) -> TapEvent {
    let packets = (0..5u64).map(|n| TapPacket {
        at: origin + Duration::from_millis(tenth * 100 + n * 20),
        sequence: (tenth * 5 + n) as u16,
        timestamp: (tenth * 800 + n * 160) as u32,
        length: 160,
    });
    TapEvent::Chunk(TapChunk {
        tap,
        way,
        law: Law::Pcmu,
        ssrc: tap as u32,
        packets: packets.collect(),
        octets: vec![word(tap, way, tenth); 800],
        lost_before: 0,
    })
}

fn stem(tap: u64) -> PathBuf {
    PathBuf::from(format!("2026/{tap}"))
}

/// Not a test by itself: what the killed process runs.
#[test]
#[ignore = "run by the tests that kill it"]
fn child_records_until_killed() {
    let (Ok(root), Ok(kind)) = (std::env::var(ROOT), std::env::var(KIND)) else {
        return;
    };
    let mut config = RecorderConfig::new(root.into(), Arc::new(|_| {}));
    config.keys = keys(&kind);
    let (recorder, ears, _threads) = start_recorder(config).expect("a recorder");
    let (events, queue) = crossbeam_channel::bounded(4_096);
    let clock = Arc::new(Instant::now);
    let _keeper = Keeper::start(queue, clock, vec![Box::new(ears)]).expect("a keeper");
    let begin = Instant::now();
    // Taps hand over at times of their own, spread over the tenth of a second.
    let origin = |tap: u64| begin + Duration::from_millis(tap % 10 * 10);
    for tap in 1..=RECORDINGS {
        recorder.start(RecordingOrder {
            id: RecordingId(tap),
            tap,
            at: origin(tap),
            started_ms: 0,
            stem: stem(tap),
            format: format(&kind),
            about: BTreeMap::new(),
        });
    }
    for step in 0.. {
        let (tenth, part) = (step / 10, step % 10);
        let due = begin + Duration::from_millis((tenth + 1) * 100 + part * 10);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        for tap in (1..=RECORDINGS).filter(|tap| tap % 10 == part) {
            for way in [Way::Received, Way::Sent] {
                events
                    .send(chunk(tap, way, origin(tap), tenth))
                    .expect("heard");
            }
            println!("fed {tap} {}", (tenth + 1) * 100);
        }
        std::io::stdout().flush().expect("told");
    }
}

/// Kills the child once every recording was fed `until_ms`; what each was fed by then.
fn fed_until_killed(root: &Path, kind: &str, until_ms: u64) -> BTreeMap<u64, u64> {
    let mut child = Command::new(std::env::current_exe().expect("this test"))
        .args([
            "child_records_until_killed",
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        .env(ROOT, root)
        .env(KIND, kind)
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child");
    let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut fed = BTreeMap::new();
    let mut killed = false;
    for line in lines.map_while(Result::ok) {
        let words: Vec<&str> = line.split(' ').collect();
        if let ["fed", tap, ms] = words[..]
            && let (Ok(tap), Ok(ms)) = (tap.parse::<u64>(), ms.parse::<u64>())
        {
            fed.insert(tap, ms);
            if !killed && tap == 17 && ms >= until_ms {
                child.kill().expect("killed");
                killed = true;
            }
        }
    }
    child.wait().expect("it ended");
    assert!(killed, "the child records");
    fed
}

/// Whether sox is there, and then the length it finds.
fn soxi_ms(path: &Path) -> Option<u64> {
    let out = Command::new("soxi").arg("-D").arg(path).output().ok()?;
    assert!(out.status.success(), "soxi refuses {}", path.display());
    let seconds: f64 = String::from_utf8_lossy(&out.stdout).trim().parse().ok()?;
    Some((seconds * 1_000.0).round() as u64)
}

fn check(kind: &str, until_ms: u64) {
    let _turn = TURN.lock().unwrap_or_else(|e| e.into_inner());
    let dir = tempfile::tempdir().expect("a directory");
    let fed = fed_until_killed(dir.path(), kind, until_ms);
    assert_eq!(fed.len() as u64, RECORDINGS);
    let keys = keys(kind);
    let name = if keys.is_some() { "wav.sealed" } else { "wav" };
    let (mut losses, mut silent, mut total) = (Vec::new(), 0, 0);
    for (tap, fed_ms) in fed {
        let path = stem(tap).with_extension(name);
        let full = dir.path().join(&path);
        // As it was left, before anything is repaired.
        let mut view = PlainView::open(&full, keys.as_deref()).expect("it plays");
        let as_left = view.length_ms().expect("WAV");
        let mut wav = Vec::new();
        export_wav(&mut view, &full, &mut wav).expect("it is read");
        silent += heard_what_was_said(&wav, tap);
        total += as_left * 16;
        losses.push(fed_ms.saturating_sub(as_left));
        if keys.is_none()
            && let Some(sox) = soxi_ms(&full)
        {
            assert_eq!(sox, as_left, "sox and we agree");
        }
        let summary = recover(dir.path(), &path, RecordingId(tap), keys.as_deref());
        let summary = summary.expect("repaired");
        assert_eq!(summary.ending, Ending::Recovered);
        assert!(summary.length_ms >= as_left);
    }
    losses.sort_unstable();
    println!(
        "{kind}: lost at the end: median {} ms, most {} ms",
        losses[losses.len() / 2],
        losses[losses.len() - 1]
    );
    assert!(
        silent * 20 <= total,
        "{silent} of {total} samples are silent"
    );
    assert!(losses[losses.len() - 1] <= LOSS_MS_MAX, "{losses:?}");
}

/// Every tenth of a second has its own word on both channels. Answers how many samples are
/// silent instead: a machine that holds the child up makes its taps tell too late.
fn heard_what_was_said(wav: &[u8], tap: u64) -> u64 {
    let mut reader = hound::WavReader::new(wav).expect("a WAV file");
    let samples: Vec<i16> = reader.samples().map(|s| s.expect("a sample")).collect();
    let mut silent = 0;
    for (n, frame) in samples.chunks_exact(2).enumerate() {
        for (sample, way) in frame.iter().zip([Way::Received, Way::Sent]) {
            let wanted = Law::Pcmu.decode(word(tap, way, n as u64 / 800));
            assert!(
                *sample == wanted || *sample == 0,
                "recording {tap}, sample {n}: {sample} instead of {wanted}"
            );
            silent += u64::from(*sample == 0);
        }
    }
    silent
}

/// One at a time: each wants its share of the machine.
static TURN: Mutex<()> = Mutex::new(());

#[test]
fn fifty_recordings_survive_a_kill() {
    check("plain", 2_000);
}

#[test]
fn fifty_recordings_in_mulaw_survive_a_kill() {
    check("mulaw", 1_300);
}

#[test]
fn fifty_sealed_recordings_survive_a_kill() {
    check("sealed mulaw", 1_600);
}
