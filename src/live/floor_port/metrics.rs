//! Metrics of the node beyond those read off the board.

use crate::node::Vitals;
use crate::vitals::VitalCounters;
use carillon_api::port::{ExtraMetric, MetricKind};
use carillon_sip::Counters;
use carillon_sip::endpoint::Held;

/// Name after `carillon_`, help, value.
type Figure = (&'static str, &'static str, u64);

/// Every one, as of now.
pub(super) fn all(vitals: &VitalCounters, inputs_waiting: usize) -> Vec<ExtraMetric> {
    let v = vitals.show(inputs_waiting);
    let (sip, held) = vitals.sip();
    let counters = of_node(&v).into_iter().chain(of_sip(&sip));
    let counters = counters.map(|figure| metric(figure, MetricKind::Counter));
    let gauges = present(&v, &held).into_iter();
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
        ("sip_bans_total", "Sources banned.", sip.bans),
        (
            "sip_timeouts_total",
            "SIP requests never answered.",
            sip.timeouts,
        ),
    ]
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

fn metric((name, help, value): Figure, kind: MetricKind) -> ExtraMetric {
    ExtraMetric {
        name: format!("carillon_{name}"),
        help: help.to_owned(),
        kind,
        labels: Vec::new(),
        value: value as f64,
    }
}
