//! Signalling under load against SIPp on loopback:
//!
//! ```text
//! cargo bench --bench sip_load                        4,000 calls a second for 60 s, then 1,000 REGISTER a second
//! cargo bench --bench sip_load -- --rate 1000 --for 10 --peers 2 --workers 1
//! cargo bench --bench sip_load -- --registers 2000 --only registrar
//! ```
//!
//! Each worker is a thread with an endpoint and a socket of its own; a call belongs to the worker
//! its Call-ID hashes to. Printed: calls, failures, retransmissions of both sides, set-up times,
//! CPU per call of the whole worker and of the SIP layer alone, memory held per call while the
//! transactions linger.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a report for people"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "measures time, decides nothing by it"
)]

mod caller;
mod heap;
mod peers;
mod registrar;

use std::process::ExitCode;
use std::time::Duration;

#[global_allocator]
static HEAP: heap::Counting = heap::Counting;

/// What to do.
#[derive(Clone, Debug)]
pub struct Load {
    /// New calls a second, all workers together.
    pub rate: u32,
    /// REGISTER a second.
    pub registers: u32,
    /// How long each part lasts.
    pub length: Duration,
    /// SIPp processes that answer.
    pub peers: u16,
    /// Our threads.
    pub workers: u16,
    /// Only this part: `calls` or `registrar`.
    pub only: Option<String>,
}

fn arguments() -> Result<Load, String> {
    let mut load = Load {
        rate: 4_000,
        registers: 1_000,
        length: Duration::from_secs(60),
        peers: 4,
        workers: 1,
        only: None,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        if word == "--bench" {
            continue;
        }
        let value = words.next().ok_or(format!("{word} needs a value"))?;
        let number = || value.parse::<u32>().map_err(|e| format!("{word}: {e}"));
        let small = || value.parse::<u16>().map_err(|e| format!("{word}: {e}"));
        match word.as_str() {
            "--rate" => load.rate = number()?.clamp(1, 20_000),
            "--registers" => load.registers = number()?.clamp(1, 20_000),
            "--for" => load.length = Duration::from_secs(number()?.clamp(1, 600).into()),
            "--peers" => load.peers = small()?.clamp(1, 16),
            "--workers" => load.workers = small()?.clamp(1, 8),
            "--only" => load.only = Some(value),
            _ => return Err(format!("unknown: {word}")),
        }
    }
    Ok(load)
}

fn main() -> ExitCode {
    let load = match arguments() {
        Ok(load) => load,
        Err(problem) => {
            eprintln!("{problem}\nknown: --rate --registers --for --peers --workers --only");
            return ExitCode::from(2);
        }
    };
    let wanted = |part: &str| load.only.as_deref().is_none_or(|only| only == part);
    let mut passed = true;
    if wanted("calls") {
        passed &= report(caller::run(&load));
    }
    if wanted("registrar") {
        passed &= report(registrar::run(&load));
    }
    if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn report(part: Result<bool, String>) -> bool {
    part.unwrap_or_else(|problem| {
        eprintln!("{problem}");
        false
    })
}

/// CPU time of this thread, user and system together.
pub fn thread_cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = stat.split(' ').next().and_then(|n| n.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}
