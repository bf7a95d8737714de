//! The recorder from tap to file.

#![allow(
    clippy::disallowed_methods,
    reason = "an instant to count from; no test depends on it"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use super::*;
use crate::g711::Law;
use crate::tap::{TapChunk, TapEvent, TapPacket, Way};

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// A code word that tells the tenth of a second, and which way; never silence.
fn word(way: Way, tenth: u64) -> u8 {
    (tenth % 50) as u8 + if way == Way::Sent { 50 } else { 0 }
}

/// The tenth of a second number `tenth`, of one way, with these 800 code words.
fn chunk(tap: u64, way: Way, origin: Instant, tenth: u64, octets: Vec<u8>) -> TapEvent {
    let packets = (0..5u64).map(|n| TapPacket {
        at: origin + ms(tenth * 100 + n * 20),
        sequence: (tenth * 5 + n) as u16,
        timestamp: (tenth * 800 + n * 160) as u32,
        length: 160,
    });
    TapEvent::Chunk(TapChunk {
        tap,
        way,
        law: Law::Pcmu,
        ssrc: 1,
        packets: packets.collect(),
        octets,
        lost_before: 0,
    })
}

/// A recorder with its listener in the test's hands.
pub(super) struct Bench {
    pub(super) dir: tempfile::TempDir,
    pub(super) recorder: Recorder,
    desk: Option<KeeperDesk>,
    threads: Option<RecorderThreads>,
    pub(super) origin: Instant,
    pub(super) events: Arc<Mutex<Vec<RecorderEvent>>>,
    heard: Arc<Condvar>,
}

impl Bench {
    pub(super) fn new(change: impl FnOnce(&mut RecorderConfig)) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let (events, heard) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Condvar::new()));
        let (to, wake) = (events.clone(), heard.clone());
        let told: Told = Arc::new(move |event| {
            to.lock().expect("no panic").push(event);
            wake.notify_all();
        });
        let mut config = RecorderConfig::new(dir.path().to_owned(), told);
        change(&mut config);
        let (recorder, ears, threads) = start_recorder(config).expect("it starts");
        Self {
            dir,
            recorder,
            desk: Some(KeeperDesk::new(vec![Box::new(ears)])),
            threads: Some(threads),
            origin: Instant::now(),
            events,
            heard,
        }
    }

    pub(super) fn start(&self, id: u64, format: Format) {
        self.recorder.start(RecordingOrder {
            id: RecordingId(id),
            tap: id,
            at: self.origin,
            started_ms: 1_772_560_800_000,
            stem: PathBuf::from(format!("2026/03/{id}")),
            format,
            about: BTreeMap::from([("call".to_owned(), id.to_string())]),
        });
    }

    /// Feeds tenths of a second of both ways.
    pub(super) fn feed(&mut self, tap: u64, tenths: std::ops::Range<u64>) {
        self.feed_with(tap, tenths, |way, tenth| vec![word(way, tenth); 800]);
    }

    /// The same, with the code words of each tenth.
    pub(super) fn feed_with(
        &mut self,
        tap: u64,
        tenths: std::ops::Range<u64>,
        octets: impl Fn(Way, u64) -> Vec<u8>,
    ) {
        let desk = self.desk.as_mut().expect("not closed");
        for tenth in tenths {
            for way in [Way::Received, Way::Sent] {
                desk.hear(chunk(tap, way, self.origin, tenth, octets(way, tenth)));
            }
            desk.advance(self.origin + ms(tenth * 100 + 100));
        }
    }

    fn tick(&mut self, at_ms: u64) {
        let desk = self.desk.as_mut().expect("not closed");
        desk.advance(self.origin + ms(at_ms));
    }

    /// Waits until an event is told.
    pub(super) fn wait(&self, wanted: impl Fn(&RecorderEvent) -> bool) {
        let events = self.events.lock().expect("no panic");
        let waited = self
            .heard
            .wait_timeout_while(events, ms(20_000), |events| !events.iter().any(&wanted))
            .expect("no panic");
        assert!(!waited.1.timed_out(), "told so far: {:?}", waited.0);
    }

    /// Ends everything; what was told.
    pub(super) fn close(&mut self) -> Vec<RecorderEvent> {
        if let Some(mut desk) = self.desk.take() {
            desk.close();
        }
        if let Some(threads) = self.threads.take() {
            threads.close();
        }
        self.events.lock().expect("no panic").clone()
    }

    pub(super) fn summary(&mut self, id: u64) -> RecordingSummary {
        self.close()
            .into_iter()
            .find_map(|event| match event {
                RecorderEvent::Closed(summary) if summary.id.0 == id => Some(summary),
                _ => None,
            })
            .expect("it was closed")
    }

    pub(super) fn path(&self, summary: &RecordingSummary) -> PathBuf {
        self.dir.path().join(&summary.path)
    }
}

/// Both channels of a WAV as tenths of a second: the word heard in the middle of each.
pub(super) fn tenths(samples: &[i16]) -> Vec<(Option<u8>, Option<u8>)> {
    let word = |sample: i16| (0..100u8).find(|w| Law::Pcmu.decode(*w) == sample && sample != 0);
    samples
        .chunks(1_600)
        .map(|tenth| {
            let middle = tenth.len() / 4 * 2;
            (word(tenth[middle]), word(tenth[middle + 1]))
        })
        .collect()
}

pub(super) fn samples_of(path: &Path, keys: Option<&KeyRing>) -> Vec<i16> {
    let mut view = PlainView::open(path, keys).expect("it opens");
    let mut wav = Vec::new();
    export_wav(&mut view, path, &mut wav).expect("it is exported");
    let mut reader = hound::WavReader::new(wav.as_slice()).expect("a WAV file");
    assert_eq!(
        (reader.spec().channels, reader.spec().sample_rate),
        (2, 8_000)
    );
    reader.samples().map(|s| s.expect("a sample")).collect()
}

pub(super) fn expected_tenths(range: std::ops::Range<u64>) -> Vec<(Option<u8>, Option<u8>)> {
    range
        .map(|t| (Some(word(Way::Received, t)), Some(word(Way::Sent, t))))
        .collect()
}

pub(super) fn ring() -> Arc<KeyRing> {
    Arc::new(KeyRing::new(MasterKey::new(&[7; 32]).expect("a key")))
}

#[test]
fn every_format_holds_what_was_said() {
    for sealed in [false, true] {
        for format in [Format::Wav, Format::WavMulaw, Format::WavAlaw, Format::Flac] {
            let keys = sealed.then(ring);
            let mut bench = Bench::new(|c| c.keys = keys.clone());
            bench.start(1, format);
            bench.feed(1, 0..63);
            let summary = bench.summary(1);
            assert_eq!(summary.ending, Ending::Finished, "{summary:?}");
            assert_eq!((summary.length_ms, summary.lost_ms), (6_300, 0));
            assert_eq!(summary.content, format.kept());
            assert_eq!(summary.key.is_some(), sealed);
            let path = bench.path(&summary);
            let heard = tenths(&samples_of(&path, keys.as_deref()));
            if format == Format::WavAlaw {
                assert_eq!(heard.len(), 63);
            } else {
                assert_eq!(heard, expected_tenths(0..63), "{format:?}");
            }
            let found = verify(&path, &expected(&summary), keys.as_deref(), |_| {});
            assert_eq!(found.expect("readable").faults, []);
            let files = std::fs::read_dir(bench.dir.path().join("2026/03")).expect("there");
            assert_eq!(
                files.count(),
                2,
                "the recording and its sidecar, nothing else"
            );
        }
    }
}

pub(super) fn expected(summary: &RecordingSummary) -> Expected {
    Expected {
        content: summary.content,
        sha256: summary.sha256.clone(),
        chain: summary.chain.clone(),
        octets: summary.octets,
        length_ms: summary.length_ms,
        sealed: summary.key.is_some(),
    }
}

#[test]
fn a_pause_is_silence_to_the_millisecond_and_time_goes_on() {
    let mut bench = Bench::new(|_| {});
    bench.start(1, Format::Wav);
    bench.feed(1, 0..10);
    bench
        .recorder
        .pause(RecordingId(1), bench.origin + ms(1_050), "ann", "card data");
    bench.feed(1, 10..20);
    bench
        .recorder
        .resume(RecordingId(1), bench.origin + ms(2_050), "ann");
    bench.feed(1, 20..30);
    let summary = bench.summary(1);
    assert_eq!(summary.length_ms, 3_000);
    let paused = SpanMs {
        from_ms: 1_050,
        to_ms: 2_050,
    };
    assert_eq!(summary.paused, [paused]);
    let samples = samples_of(&bench.path(&summary), None);
    for (frame, pair) in samples.chunks(2).enumerate() {
        let silent = (1_050 * 8..2_050 * 8).contains(&frame);
        assert_eq!(pair == [0, 0], silent, "sample {frame}");
    }
    let sidecar = sidecar::Sidecar::read(&bench.path(&summary)).expect("readable");
    let by = "ann".to_owned();
    assert_eq!(
        sidecar.marks[0],
        Mark::Paused {
            at_ms: 1_050,
            by: by.clone(),
            reason: "card data".to_owned()
        }
    );
    assert_eq!(sidecar.marks[1], Mark::Resumed { at_ms: 2_050, by });
}

#[test]
fn a_recording_begins_and_ends_where_it_was_ordered_to() {
    let mut bench = Bench::new(|_| {});
    bench.feed(1, 0..5);
    let late = bench.origin + ms(520);
    bench.recorder.start(RecordingOrder {
        id: RecordingId(9),
        tap: 1,
        at: late,
        started_ms: 0,
        stem: PathBuf::from("late"),
        format: Format::Wav,
        about: BTreeMap::new(),
    });
    bench.feed(1, 5..10);
    bench
        .recorder
        .stop(RecordingId(9), bench.origin + ms(1_120));
    bench.feed(1, 10..20);
    bench.wait(|e| matches!(e, RecorderEvent::Closed(_)));
    let summary = bench.summary(9);
    assert_eq!(summary.length_ms, 600);
    let samples = samples_of(&bench.path(&summary), None);
    assert_eq!(samples[0], Law::Pcmu.decode(word(Way::Received, 5)));
    // 80 ms of the sixth tenth, then the seventh.
    assert_eq!(samples[2 * 8 * 79], samples[0]);
    assert_eq!(
        samples[2 * 8 * 80],
        Law::Pcmu.decode(word(Way::Received, 6))
    );
    assert_eq!(
        samples[2 * 4_799],
        Law::Pcmu.decode(word(Way::Received, 11))
    );
}

#[test]
fn a_stopped_recording_without_audio_is_closed() {
    let mut bench = Bench::new(|_| {});
    bench.start(1, Format::Wav);
    bench.tick(0);
    bench.recorder.stop(RecordingId(1), bench.origin + ms(700));
    bench.tick(1_000);
    bench.tick(1_800);
    bench.wait(|e| matches!(e, RecorderEvent::Closed(s) if s.length_ms == 700));
}

#[test]
fn a_path_out_of_the_root_is_refused() {
    let mut bench = Bench::new(|_| {});
    for (id, stem) in [(1, "../x"), (2, "/x"), (3, "")] {
        bench.recorder.start(RecordingOrder {
            id: RecordingId(id),
            tap: id,
            at: bench.origin,
            started_ms: 0,
            stem: PathBuf::from(stem),
            format: Format::Wav,
            about: BTreeMap::new(),
        });
    }
    bench.tick(0);
    let refused = bench.close().into_iter().filter(|e| {
        matches!(e, RecorderEvent::NotOpened { error, .. } if error.code() == "recording_bad_path")
    });
    assert_eq!(refused.count(), 3);
}
