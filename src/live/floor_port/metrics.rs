//! Metrics of the node beyond those read off the board.

use crate::capture::Capture;
use crate::node::Vitals;
use crate::vitals::VitalCounters;
use crate::wire::WireFigures;
use carillon_api::port::{ExtraMetric, MetricKind};
use carillon_sip::Counters;
use carillon_sip::endpoint::Held;

/// Name after `carillon_`, help, value.
type Figure = (&'static str, &'static str, u64);

/// Every one, as of now.
pub(super) fn all(vitals: &VitalCounters, inputs_waiting: usize) -> Vec<ExtraMetric> {
    let v = vitals.show(inputs_waiting);
    let (sip, held) = vitals.sip();
    let wire = vitals.wire.figures();
    let counters = of_node(&v).into_iter().chain(of_sip(&sip));
    let counters = counters.chain(of_wire(&wire));
    let counters = counters.map(|figure| metric(figure, MetricKind::Counter));
    let gauges = present(&v, &held).into_iter().chain(open(&wire));
    counters
        .chain(gauges.map(|figure| metric(figure, MetricKind::Gauge)))
        .collect()
}

fn of_node(v: &Vitals) -> Vec<Figure> {
    vec![
        (
            "attempts_stored_total",
            "Attempts written before their INVITE.",
            v.attempts_stored,
        ),
        (
            "originations_not_sent_total",
            "Originations that were not sent.",
            v.not_sent,
        ),
        (
            "engine_inputs_total",
            "Inputs the engine has handled.",
            v.inputs,
        ),
        (
            "records_dropped_total",
            "Records lost because the store's queue was full.",
            v.records_dropped,
        ),
        (
            "agent_calls_refused_total",
            "Calls of agents' phones to anything but the login.",
            v.refused_agent_calls,
        ),
        (
            "inbound_refused_total",
            "Inbound calls to none of our caller IDs.",
            v.refused_inbound,
        ),
        (
            "wall_clock_jumps_total",
            "Jumps of the system's clock.",
            v.wall_jumps,
        ),
        (
            "sip_datagrams_unsent_total",
            "SIP datagrams the system did not take.",
            v.datagrams_unsent,
        ),
    ]
}

fn of_sip(sip: &Counters) -> Vec<Figure> {
    vec![
        (
            "sip_datagrams_received_total",
            "SIP datagrams received.",
            sip.received,
        ),
        (
            "sip_datagrams_sent_total",
            "SIP datagrams sent, retransmissions included.",
            sip.sent,
        ),
        (
            "sip_retransmissions_sent_total",
            "SIP messages sent again.",
            sip.retransmissions_sent,
        ),
        (
            "sip_malformed_total",
            "Datagrams that are no SIP, dropped.",
            sip.malformed,
        ),
        (
            "sip_oversized_total",
            "Datagrams above the size limit, dropped.",
            sip.oversized,
        ),
        (
            "sip_strangers_refused_total",
            "Requests of strangers, refused.",
            sip.rejected_strangers,
        ),
        (
            "sip_strangers_dropped_total",
            "Requests of strangers, dropped.",
            sip.dropped_strangers,
        ),
        (
            "sip_rate_limited_total",
            "Requests over their source's rate, dropped.",
            sip.dropped_rate_limited,
        ),
        (
            "sip_auth_failures_total",
            "Credentials of phones refused.",
            sip.auth_failures,
        ),
        (
            "sip_bans_total",
            "Sources banned, and users at a source.",
            sip.bans,
        ),
        (
            "sip_auth_slowed_total",
            "Requests of a user guessed from many places, answered 503.",
            sip.auth_slowed,
        ),
        (
            "sip_transport_errors_total",
            "Requests that failed because their connection could not be had or broke.",
            sip.transport_errors,
        ),
        (
            "sip_moved_to_tcp_total",
            "Requests too large for a datagram, sent over TCP.",
            sip.moved_to_tcp,
        ),
        (
            "sip_timeouts_total",
            "SIP requests never answered.",
            sip.timeouts,
        ),
    ]
}

fn of_wire(wire: &WireFigures) -> Vec<Figure> {
    vec![
        (
            "sip_connections_opened_total",
            "TCP and TLS connections opened, both directions.",
            wire.opened,
        ),
        (
            "sip_connections_refused_total",
            "TCP and TLS connections refused by a limit.",
            wire.refused,
        ),
        (
            "sip_connections_failed_total",
            "TCP and TLS connections of ours that could not be opened.",
            wire.unreachable,
        ),
        (
            "sip_connections_broken_total",
            "TCP and TLS connections that ended without a goodbye.",
            wire.broken,
        ),
        (
            "sip_tls_handshakes_failed_total",
            "TLS handshakes that failed, both directions.",
            wire.handshakes_failed,
        ),
        (
            "sip_stream_received_bytes_total",
            "Octets received over TCP and TLS.",
            wire.octets_received,
        ),
        (
            "sip_stream_sent_bytes_total",
            "Octets sent over TCP and TLS.",
            wire.octets_sent,
        ),
    ]
}

fn open(wire: &WireFigures) -> Vec<Figure> {
    let mut open = vec![(
        "sip_connections_open",
        "TCP and TLS connections open.",
        wire.open,
    )];
    let ends = wire.certificate_ends.and_then(|s| u64::try_from(s).ok());
    open.extend(ends.map(|s| {
        (
            "sip_certificate_end_seconds",
            "End of the own certificate that ends first, seconds since 1970.",
            s,
        )
    }));
    open
}

fn present(v: &Vitals, held: &Held) -> Vec<Figure> {
    let transactions = held.client_transactions + held.server_transactions;
    vec![
        (
            "engine_inputs_waiting",
            "Inputs that wait for the engine.",
            v.inputs_waiting as u64,
        ),
        (
            "records_waiting",
            "Writes that wait for the store.",
            v.records_waiting as u64,
        ),
        (
            "sip_dialogs_active",
            "SIP legs in any state.",
            held.legs as u64,
        ),
        (
            "sip_transactions_active",
            "SIP transactions.",
            transactions as u64,
        ),
        (
            "sip_registrations_active",
            "Phones registered.",
            held.bindings as u64,
        ),
    ]
}

/// Figures of the messages kept to be looked at.
pub(super) fn of_capture(capture: &Capture) -> Vec<ExtraMetric> {
    let counters = capture.counters();
    let (octets, dialogs) = capture.held();
    let counted = [
        (
            "capture_messages_total",
            "SIP messages captured.",
            counters.noted.get(),
        ),
        (
            "capture_dialogs_forgotten_total",
            "Dialogs whose messages were forgotten to make room.",
            counters.forgotten.get(),
        ),
        (
            "capture_tap_dropped_total",
            "Messages a live capture or Homer was too slow to take.",
            counters.tap_dropped.get(),
        ),
        (
            "capture_homer_sent_total",
            "Messages handed to the system for Homer.",
            counters.homer_sent.get(),
        ),
        (
            "capture_homer_dropped_total",
            "Messages that could not be sent to Homer.",
            counters.homer_dropped.get(),
        ),
    ];
    let present = [
        (
            "capture_memory_bytes",
            "Memory that captured messages take.",
            octets as u64,
        ),
        (
            "capture_dialogs",
            "Dialogs whose messages are remembered.",
            dialogs as u64,
        ),
    ];
    let counted = counted.map(|figure| metric(figure, MetricKind::Counter));
    let present = present.map(|figure| metric(figure, MetricKind::Gauge));
    counted.into_iter().chain(present).collect()
}

fn metric((name, help, value): Figure, kind: MetricKind) -> ExtraMetric {
    ExtraMetric {
        name: format!("carillon_{name}"),
        help: help.to_owned(),
        kind,
        labels: Vec::new(),
        value: value as f64,
    }
}
