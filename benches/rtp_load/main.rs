//! Load on the RTP relay: bridged G.711 calls over real loopback sockets.
//!
//! `cargo bench --bench rtp_load -- --calls 1000 --seconds 30 [--threads 1]
//! [--plain | --tap | --record DIR]`
//!
//! Each call is two phones that send a packet every 20 ms, spread evenly over the 20 ms, and are
//! bridged by the relay. One thread sends for all phones, one receives for all; the relay has its
//! own. A packet carries the time it was sent; the kernel notes when it reached the far phone's
//! socket (`SO_TIMESTAMPNS`), so that waiting for our receiving thread is not counted as delay.
//! Processor time is that of the relay's threads alone. Without `--plain` and `--tap` both are
//! run, one after the other, and printed beside each other. With `--record DIR` all calls are
//! recorded below DIR by the real recorder, beside a run without, and the processor time of its
//! threads is printed too; what was written is removed at the end.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a bench measures with the real clock and prints for people"
)]

mod phones;
mod recorder;
mod system;

use carillon_media::tap::{Tap, TapEvent};
use carillon_media::{Law, LegId, LegOptions, Relay, RelayConfig, Remote};
use hdrhistogram::Histogram;
use phones::Phones;
use recorder::{Recording, Written};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Before anything is counted: sources lock, tables grow, caches warm up.
const WARM_UP: Duration = Duration::from_secs(2);
/// What a call and its recording may take of a core, per cent.
const BOUND: f64 = 0.08;
/// Taps may fall behind by this many events before they lose any.
const TAP_QUEUE: usize = 65_536;

#[derive(Clone)]
struct Options {
    calls: usize,
    seconds: u64,
    threads: usize,
    plain: bool,
    tap: bool,
    record: Option<PathBuf>,
}

/// What is on the customers' legs.
#[derive(Clone, Copy)]
enum Ears<'a> {
    Nobody,
    /// Who reads taps and does nothing else.
    Reader,
    /// The recorder, writing below a directory.
    Recorder(&'a Path),
}

fn main() {
    let Some(options) = options() else { return };
    println!(
        "{} bridged calls, {} legs, {} s, {} relay thread(s), {} cores; load before: {}",
        options.calls,
        options.calls * 2,
        options.seconds,
        options.threads,
        std::thread::available_parallelism().map_or(1, usize::from),
        system::load()
    );
    let mut results = Vec::new();
    if options.plain {
        results.push(("without taps", run(&options, Ears::Nobody)));
    }
    if options.tap {
        results.push(("with taps", run(&options, Ears::Reader)));
    }
    if let Some(dir) = &options.record {
        results.push(("recorded", run(&options, Ears::Recorder(dir))));
    }
    print(&results);
}

/// What the arguments say; cargo's own `--bench` is passed over.
fn options() -> Option<Options> {
    let mut options = Options {
        calls: 1_000,
        seconds: 30,
        threads: 1,
        plain: true,
        tap: true,
        record: None,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--record" {
            options.tap = false;
            options.record = Some(PathBuf::from(arguments.next()?));
            continue;
        }
        let mut number = || arguments.next().and_then(|n| n.parse::<usize>().ok());
        match argument.as_str() {
            "--bench" => {}
            "--tap" => options.plain = false,
            "--plain" => options.tap = false,
            "--calls" => options.calls = number()?,
            "--threads" => options.threads = number()?,
            "--seconds" => options.seconds = number()? as u64,
            other => {
                println!("`{other}` is not known; see the head of benches/rtp_load/main.rs");
                return None;
            }
        }
    }
    let seconds = options.seconds + WARM_UP.as_secs();
    let too_much = options.record.as_ref();
    if let Some(why) = too_much.and_then(|_| recorder::too_much(options.calls, seconds)) {
        println!("{why}");
        return None;
    }
    Some(options)
}

/// What one run measured.
pub struct Outcome {
    sent: u64,
    heard: u64,
    relay_in: u64,
    relay_out: u64,
    send_errors: u64,
    relay_drops: u64,
    phone_drops: u64,
    tapped: u64,
    tap_lost: u64,
    delay: Histogram<u64>,
    user_s: f64,
    system_s: f64,
    on_cpu_s: f64,
    /// Of the keeper's and the recorder's threads.
    recorder_s: f64,
    written: Option<Written>,
    measured_s: f64,
    late_ticks_ms: u64,
    load: String,
}

fn run(options: &Options, ears: Ears<'_>) -> Outcome {
    let mut config = RelayConfig::new(LOOPBACK, Arc::new(Instant::now), 7);
    config.ports = 20_000..=45_999;
    config.threads = options.threads;
    let (relay, events) = Relay::start(config).expect("the relay starts");
    let (legs, phones) = connect(&relay, options.calls);
    let listens = join(&relay, &legs, ears);
    let drain = std::thread::spawn(move || while events.recv().is_ok() {});
    let traffic = phones.start();
    std::thread::sleep(WARM_UP);
    let (cpu, ports) = (system::relay_cpu(), system::udp_drops());
    let recorder = system::recorder_cpu();
    traffic.measure(true);
    let began = Instant::now();
    std::thread::sleep(Duration::from_secs(options.seconds));
    traffic.measure(false);
    let measured_s = began.elapsed().as_secs_f64();
    let used = system::relay_cpu().since(cpu);
    let recorder_s = system::recorder_cpu().since(recorder).on_cpu_s;
    // What is under way still arrives, and counts.
    let measured = traffic.finish();
    let drops = system::udp_drops().since(&ports);
    let stats: Vec<_> = legs
        .iter()
        .map(|leg| relay.stats(*leg).expect("open"))
        .collect();
    let sum = |f: fn(&carillon_media::LegStats) -> u64| stats.iter().map(f).sum::<u64>();
    let relay_drops = drops.of(&measured.relay_ports);
    let phone_drops = drops.of(&measured.phone_ports);
    let outcome = Outcome {
        sent: measured.sent,
        heard: measured.heard,
        relay_in: sum(|s| s.packets_in),
        relay_out: sum(|s| s.packets_out),
        send_errors: sum(|s| s.send_errors),
        relay_drops,
        phone_drops,
        tapped: 0,
        tap_lost: 0,
        delay: measured.delay,
        user_s: used.user_s,
        system_s: used.system_s,
        on_cpu_s: used.on_cpu_s,
        recorder_s,
        written: None,
        measured_s,
        late_ticks_ms: measured.latest_tick_ms,
        load: system::load(),
    };
    relay.stop();
    drop(relay);
    drain.join().expect("the drain lives");
    match listens {
        Listens::Reads(reader) => {
            let (tapped, tap_lost) = reader.join().expect("the listener lives");
            Outcome {
                tapped,
                tap_lost,
                ..outcome
            }
        }
        Listens::Records(recording) => Outcome {
            written: Some(recording.finish()),
            ..outcome
        },
    }
}

/// Bridges every two legs, and sets ears on the first of them: the customer's, which carries both
/// sides of a recording.
fn join(relay: &Relay, legs: &[LegId], ears: Ears<'_>) -> Listens {
    let (tap_events, taps) = crossbeam_channel::bounded(TAP_QUEUE);
    for (index, pair) in legs.chunks(2).enumerate() {
        relay.bridge(pair[0], pair[1]).expect("both legs are open");
        if !matches!(ears, Ears::Nobody) {
            let tap = Tap {
                tap: index as u64,
                events: tap_events.clone(),
            };
            relay.tap(pair[0], Some(tap)).expect("the leg is open");
        }
    }
    drop(tap_events);
    match ears {
        Ears::Nobody | Ears::Reader => Listens::Reads(std::thread::spawn(move || consume(&taps))),
        Ears::Recorder(dir) => Listens::Records(Box::new(
            Recording::start(dir, legs.len() / 2, taps).expect("a directory that can be written"),
        )),
    }
}

/// Who listens to taps.
enum Listens {
    Reads(std::thread::JoinHandle<(u64, u64)>),
    Records(Box<Recording>),
}

fn connect(relay: &Relay, calls: usize) -> (Vec<LegId>, Phones) {
    let mut phones = Phones::default();
    let legs = (0..calls * 2)
        .map(|_| {
            let port = relay.open_leg(LegOptions::default()).expect("a free port");
            let phone = phones.add(port.address);
            relay
                .set_remote(port.leg, Remote::new(phone, Law::Pcmu))
                .expect("the leg is open");
            port.leg
        })
        .collect();
    (legs, phones)
}

/// Reads taps as a recorder would that does nothing else: packets told, packets lost.
fn consume(taps: &crossbeam_channel::Receiver<TapEvent>) -> (u64, u64) {
    let (mut told, mut lost) = (0, 0);
    while let Ok(event) = taps.recv() {
        if let TapEvent::Chunk(chunk) = event {
            told += chunk.packets.len() as u64;
            lost += u64::from(chunk.lost_before);
        }
        // In batches, as the recorder does, instead of one wake-up for each chunk.
        if taps.is_empty() {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    (told, lost)
}

/// Prints a row: its name, and a figure of each run.
type Row<'a> = dyn Fn(&str, &dyn Fn(&Outcome) -> String) + 'a;

/// Processor time of recorder and relay together, and what was written.
fn print_recorder(row: &Row<'_>) {
    let share = |r: &Outcome, seconds: f64| {
        let calls = r.sent as f64 / r.measured_s / 100.0;
        format!("{:.4} %", seconds / r.measured_s * 100.0 / calls)
    };
    row("recorder threads, of a core for a call", &|r| {
        share(r, r.recorder_s)
    });
    row("relay and recorder, of a core for a call", &|r| {
        share(r, r.on_cpu_s + r.recorder_s)
    });
    row("  bound", &|_| format!("{BOUND:.4} %"));
    let written = |text: &dyn Fn(&Written) -> String, r: &Outcome| {
        r.written.as_ref().map_or_else(|| "-".to_owned(), text)
    };
    row("recordings written / failed", &|r| {
        written(&|w| format!("{} / {}", w.files, w.failed), r)
    });
    row("  MB / shortest / audio lost", &|r| {
        let text = |w: &Written| {
            let (mb, s) = (w.octets / 1_000_000, w.shortest_ms as f64 / 1e3);
            format!("{mb} / {s:.1} s / {} ms", w.lost_ms)
        };
        written(&text, r)
    });
}

fn print(results: &[(&str, Outcome)]) {
    let row = |name: &str, value: &dyn Fn(&Outcome) -> String| {
        print!("{name:<46}");
        results.iter().for_each(|(_, r)| print!("{:>20}", value(r)));
        println!();
    };
    print!("{:<46}", "");
    results.iter().for_each(|(name, _)| print!("{name:>20}"));
    println!();
    row("packets sent by phones (measured time)", &|r| {
        r.sent.to_string()
    });
    row("packets heard by phones", &|r| r.heard.to_string());
    row("  lost in all", &|r| {
        r.sent.saturating_sub(r.heard).to_string()
    });
    row("  lost before the relay (its sockets full)", &|r| {
        r.relay_drops.to_string()
    });
    row("  lost after the relay (phones' sockets full)", &|r| {
        r.phone_drops.to_string()
    });
    row("  refused by the system when sending", &|r| {
        r.send_errors.to_string()
    });
    row("  taken by the relay and not sent (whole run)", &|r| {
        r.relay_in.saturating_sub(r.relay_out).to_string()
    });
    let ms = |r: &Outcome, q: f64| format!("{:.3} ms", r.delay.value_at_quantile(q) as f64 / 1e6);
    row("delay through the relay, median", &|r| ms(r, 0.5));
    row("  99 %", &|r| ms(r, 0.99));
    row("  99.9 %", &|r| ms(r, 0.999));
    row("  longest", &|r| ms(r, 1.0));
    row("relay threads on a core", &|r| {
        format!("{:.1} %", r.on_cpu_s / r.measured_s * 100.0)
    });
    row("  in our code / in the system", &|r| {
        let all = (r.user_s + r.system_s).max(1e-9);
        format!(
            "{:.0} / {:.0} %",
            r.user_s / all * 100.0,
            r.system_s / all * 100.0
        )
    });
    row("  of a core for a call", &|r| {
        let calls = r.sent as f64 / r.measured_s / 100.0;
        format!("{:.4} %", r.on_cpu_s / r.measured_s * 100.0 / calls)
    });
    if results.iter().any(|(_, r)| r.written.is_some()) {
        print_recorder(&row);
    }
    row("  for a packet", &|r| {
        format!("{:.2} us", r.on_cpu_s * 1e6 / r.sent.max(1) as f64)
    });
    row("packets told to taps / lost to them (whole run)", &|r| {
        format!("{} / {}", r.tapped, r.tap_lost)
    });
    row("the sender was late by at most", &|r| {
        format!("{} ms", r.late_ticks_ms)
    });
    row("load after", &|r| r.load.clone());
}
