//! What the wire counts, shared between its tasks and the metrics.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// Numbers of the stream transports since start, and what is open now.
#[derive(Debug, Default)]
pub(crate) struct WireCounters {
    opened: AtomicU64,
    closed: AtomicU64,
    /// Connections turned away because a limit was reached.
    refused: AtomicU64,
    /// Connections that could not be opened, by us.
    unreachable: AtomicU64,
    /// Connections that ended in anything but a goodbye: reset, garbage, time-out, stuck reader.
    broken: AtomicU64,
    handshakes_failed: AtomicU64,
    octets_received: AtomicU64,
    octets_sent: AtomicU64,
    /// End of the own certificate that ends first, s since 1970; 0 without one.
    certificate_ends: AtomicI64,
}

/// One reading of [`WireCounters`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct WireFigures {
    pub(crate) open: u64,
    pub(crate) opened: u64,
    pub(crate) refused: u64,
    pub(crate) unreachable: u64,
    pub(crate) broken: u64,
    pub(crate) handshakes_failed: u64,
    pub(crate) octets_received: u64,
    pub(crate) octets_sent: u64,
    /// End of the own certificate that ends first, s since 1970.
    pub(crate) certificate_ends: Option<i64>,
}

impl WireCounters {
    pub(super) fn opened(&self) {
        self.opened.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn closed(&self, broken: bool) {
        self.closed.fetch_add(1, Ordering::Relaxed);
        if broken {
            self.broken.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn unreachable(&self) {
        self.unreachable.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn handshake_failed(&self) {
        self.handshakes_failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn received(&self, octets: usize) {
        self.octets_received
            .fetch_add(octets as u64, Ordering::Relaxed);
    }

    pub(super) fn sent(&self, octets: usize) {
        self.octets_sent.fetch_add(octets as u64, Ordering::Relaxed);
    }

    pub(super) fn set_certificate_ends(&self, unix_s: Option<i64>) {
        self.certificate_ends
            .store(unix_s.unwrap_or(0), Ordering::Relaxed);
    }

    /// All of them as of now.
    pub(crate) fn figures(&self) -> WireFigures {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        // Closed first: what opens in between must not make the difference negative.
        let closed = get(&self.closed);
        let opened = get(&self.opened);
        let ends = self.certificate_ends.load(Ordering::Relaxed);
        WireFigures {
            open: opened.saturating_sub(closed),
            opened,
            refused: get(&self.refused),
            unreachable: get(&self.unreachable),
            broken: get(&self.broken),
            handshakes_failed: get(&self.handshakes_failed),
            octets_received: get(&self.octets_received),
            octets_sent: get(&self.octets_sent),
            certificate_ends: (ends != 0).then_some(ends),
        }
    }
}
