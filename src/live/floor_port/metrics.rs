//! Metrics of the node beyond those read off the board.

use crate::vitals::VitalCounters;
use carillon_api::port::{ExtraMetric, MetricKind};

/// Every one, as of now.
pub(super) fn all(vitals: &VitalCounters, inputs_waiting: usize) -> Vec<ExtraMetric> {
    let v = vitals.show(inputs_waiting);
    let (sip, held) = vitals.sip();
    let counters = [
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
        ("sip_bans_total", "Sources banned.", sip.bans),
        (
            "sip_timeouts_total",
            "SIP requests never answered.",
            sip.timeouts,
        ),
    ];
    let gauges = [
        (
            "engine_inputs_waiting",
            "Inputs that wait for the engine.",
            v.inputs_waiting,
        ),
        (
            "records_waiting",
            "Writes that wait for the store.",
            v.records_waiting,
        ),
        ("sip_dialogs_active", "SIP legs in any state.", held.legs),
        (
            "sip_transactions_active",
            "SIP transactions.",
            held.client_transactions + held.server_transactions,
        ),
        (
            "sip_registrations_active",
            "Phones registered.",
            held.bindings,
        ),
    ];
    let counters = counters
        .into_iter()
        .map(|(n, h, value)| metric(n, h, MetricKind::Counter, value as f64));
    let gauges = gauges
        .into_iter()
        .map(|(n, h, value)| metric(n, h, MetricKind::Gauge, value as f64));
    counters.chain(gauges).collect()
}

fn metric(name: &str, help: &str, kind: MetricKind, value: f64) -> ExtraMetric {
    ExtraMetric {
        name: format!("carillon_{name}"),
        help: help.to_owned(),
        kind,
        labels: Vec::new(),
        value,
    }
}
