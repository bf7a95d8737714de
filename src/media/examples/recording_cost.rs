//! What recording costs: processor time for so many calls, by thread, at real-time pace.
//!
//! `cargo run --release -p carillon-media --example recording_cost -- CALLS SECONDS FORMAT DIR`,
//! with FORMAT one of `wav`, `mulaw`, `sealed`. Without a recorder (`timeline`) only packets are
//! laid out.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "it measures, and tells"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use carillon_media::Law;
use carillon_media::recording::{
    ConversationListener, Format, Keeper, KeyRing, MasterKey, RecorderConfig, RecordingId,
    RecordingOrder, start_recorder,
};
use carillon_media::tap::{TapChunk, TapEvent, TapPacket, Way};

/// Speech-like octets: nothing here depends on what they are, but caches should see them.
fn octets(tap: u64, tenth: u64) -> Vec<u8> {
    (0..800u64)
        .map(|i| (i.wrapping_mul(31) ^ tap.wrapping_mul(7) ^ tenth) as u8)
        .collect()
}

fn chunk(tap: u64, way: Way, begin: Instant, tenth: u64) -> TapEvent {
    let origin = begin + Duration::from_millis(tap % 10 * 10);
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
        ssrc: 1,
        packets: packets.collect(),
        octets: octets(tap, tenth),
        lost_before: 0,
    })
}

/// Processor seconds of each thread of this process, by name.
fn threads() -> BTreeMap<String, f64> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .flatten()
    {
        let read =
            |file: &str| std::fs::read_to_string(entry.path().join(file)).unwrap_or_default();
        let nanoseconds = read("schedstat")
            .split(' ')
            .next()
            .and_then(|first| first.parse::<f64>().ok())
            .unwrap_or_default();
        *found.entry(read("comm").trim().to_owned()).or_insert(0.0) += nanoseconds / 1e9;
    }
    found
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |n: usize, default: &str| arguments.get(n).map_or(default, |a| a).to_owned();
    let calls: u64 = argument(0, "1000").parse().expect("calls");
    let seconds: u64 = argument(1, "20").parse().expect("seconds");
    let kind = argument(2, "wav");
    let root = PathBuf::from(argument(3, "recording-cost"));
    let mut listeners: Vec<Box<dyn ConversationListener>> = Vec::new();
    let mut recorder = None;
    if kind != "timeline" {
        let mut config = RecorderConfig::new(root, Arc::new(|_| {}));
        config.writers = 1;
        config.keys = (kind == "sealed")
            .then(|| Arc::new(KeyRing::new(MasterKey::new(&[1; 32]).expect("a key"))));
        let (handle, ears, threads) = start_recorder(config).expect("a recorder");
        listeners.push(Box::new(ears));
        recorder = Some((handle, threads));
    }
    let (events, queue) = crossbeam_channel::bounded(16_384);
    let keeper = Keeper::start(queue, Arc::new(Instant::now), listeners).expect("a keeper");
    let begin = Instant::now();
    for tap in 0..calls {
        if let Some((handle, _)) = &recorder {
            handle.start(RecordingOrder {
                id: RecordingId(tap),
                tap,
                at: begin,
                started_ms: 0,
                stem: PathBuf::from(format!("{}/{tap}", std::process::id())),
                format: if kind == "mulaw" {
                    Format::WavMulaw
                } else {
                    Format::Wav
                },
                about: BTreeMap::new(),
            });
        }
    }
    let (mut before, mut from, mut full) = (BTreeMap::new(), begin, 0u64);
    for step in 0..seconds * 100 {
        let (tenth, part) = (step / 10, step % 10);
        if step == 200 {
            // Opening files is not what a call costs.
            (before, from) = (threads(), Instant::now());
        }
        let due = begin + Duration::from_millis((tenth + 1) * 100 + part * 10);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        for tap in (0..calls).filter(|tap| tap % 10 == part) {
            for way in [Way::Received, Way::Sent] {
                full += u64::from(events.try_send(chunk(tap, way, begin, tenth)).is_err());
            }
        }
    }
    let (after, span) = (threads(), from.elapsed().as_secs_f64());
    println!("{kind}: {calls} calls, {span:.1} s, {full} batches lost");
    for (name, seconds) in after {
        let used = seconds - before.get(&name).copied().unwrap_or_default();
        let share = used / span * 100.0;
        let each = share / calls as f64;
        println!("{name:<16} {share:6.2} % of a core, {each:.5} % a call");
    }
    drop(events);
    keeper.stop();
    let closing = Instant::now();
    let finish = threads().get("rec-finish").copied().unwrap_or_default();
    if let Some((_, threads)) = recorder {
        threads.close();
        println!(
            "finished after {:.1} s ({finish:.2} s before)",
            closing.elapsed().as_secs_f64()
        );
    }
}
