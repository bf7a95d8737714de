//! Figures of the node itself, counted by its parts as they work.

use crate::keeping::Gauges;
use crate::node::Vitals;
use crate::wire::WireCounters;
use carillon_sip::Counters;
use carillon_sip::endpoint::Held;
use hdrhistogram::Histogram;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// See [`Vitals`] for what each means.
#[derive(Debug)]
pub(crate) struct VitalCounters {
    pub(crate) attempts_stored: Counter,
    pub(crate) not_sent: Counter,
    pub(crate) inputs: Counter,
    pub(crate) records_dropped: Counter,
    /// Jobs that wait for the store now.
    pub(crate) records_waiting: AtomicUsize,
    pub(crate) refused_agent_calls: Counter,
    pub(crate) refused_inbound: Counter,
    pub(crate) wall_jumps: Counter,
    pub(crate) datagrams_unsent: Counter,
    /// How conversations sound, and troubles of the recorder.
    pub(crate) gauges: Arc<Gauges>,
    /// Connections.
    pub(crate) wire: Arc<WireCounters>,
    bridge_us: Mutex<Latency>,
    sip: Mutex<(Counters, Held)>,
}

#[derive(Debug)]
struct Latency {
    histogram: Histogram<u64>,
    sum_us: u64,
}

/// Longest latency told apart, µs; longer ones count as this.
const LONGEST_US: u64 = 60_000_000;

impl Default for VitalCounters {
    fn default() -> Self {
        let histogram = Histogram::new_with_bounds(1, LONGEST_US, 3)
            .expect("1 µs to 60 s with 3 digits is a valid histogram");
        Self {
            attempts_stored: Counter::default(),
            not_sent: Counter::default(),
            inputs: Counter::default(),
            records_dropped: Counter::default(),
            records_waiting: AtomicUsize::new(0),
            refused_agent_calls: Counter::default(),
            refused_inbound: Counter::default(),
            wall_jumps: Counter::default(),
            datagrams_unsent: Counter::default(),
            gauges: Arc::default(),
            wire: Arc::default(),
            bridge_us: Mutex::new(Latency {
                histogram,
                sum_us: 0,
            }),
            sip: Mutex::default(),
        }
    }
}

impl VitalCounters {
    /// A bridge was made this long after the person was known to wait.
    pub(crate) fn bridge_took(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let mut latency = self.bridges();
        latency.histogram.saturating_record(micros);
        latency.sum_us = latency.sum_us.saturating_add(micros);
    }

    /// Bridge latencies since start.
    pub(crate) fn bridge_summary(&self) -> carillon_api::port::LatencySummary {
        let latency = self.bridges();
        let h = &latency.histogram;
        let seconds = |micros: u64| micros as f64 * 1e-6;
        if h.is_empty() {
            return carillon_api::port::LatencySummary::default();
        }
        carillon_api::port::LatencySummary {
            count: h.len(),
            sum_s: seconds(latency.sum_us),
            p50_s: seconds(h.value_at_quantile(0.50)),
            p95_s: seconds(h.value_at_quantile(0.95)),
            p99_s: seconds(h.value_at_quantile(0.99)),
            max_s: seconds(h.max()),
        }
    }

    /// Everything as shown; what waits in queues is the caller's to say.
    pub(crate) fn show(&self, inputs_waiting: usize) -> Vitals {
        let bridge = self.bridge_summary();
        Vitals {
            bridges: bridge.count,
            bridge_ms_p50: bridge.p50_s * 1e3,
            bridge_ms_p99: bridge.p99_s * 1e3,
            attempts_stored: self.attempts_stored.get(),
            not_sent: self.not_sent.get(),
            inputs: self.inputs.get(),
            inputs_waiting,
            records_waiting: self.records_waiting.load(Ordering::Relaxed),
            records_dropped: self.records_dropped.get(),
            refused_agent_calls: self.refused_agent_calls.get(),
            refused_inbound: self.refused_inbound.get(),
            wall_jumps: self.wall_jumps.get(),
            datagrams_unsent: self.datagrams_unsent.get(),
        }
    }

    /// The SIP endpoint's figures, as of now.
    pub(crate) fn set_sip(&self, counters: Counters, held: Held) {
        *self.sip.lock().unwrap_or_else(PoisonError::into_inner) = (counters, held);
    }

    /// The SIP endpoint's figures, at most a second old.
    pub(crate) fn sip(&self) -> (Counters, Held) {
        *self.sip.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bridges(&self) -> std::sync::MutexGuard<'_, Latency> {
        self.bridge_us
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_come_from_what_was_recorded() {
        let vitals = VitalCounters::default();
        assert_eq!(vitals.show(0).bridge_ms_p99, 0.0);
        for ms in 1..=100 {
            vitals.bridge_took(Duration::from_millis(ms));
        }
        let shown = vitals.show(3);
        assert_eq!((shown.bridges, shown.inputs_waiting), (100, 3));
        assert!((shown.bridge_ms_p50 - 50.0).abs() < 0.1, "{shown:?}");
        assert!((shown.bridge_ms_p99 - 99.0).abs() < 0.2, "{shown:?}");
        vitals.bridge_took(Duration::from_secs(3_600));
        assert!(vitals.bridge_summary().max_s <= 60.1);
    }
}
