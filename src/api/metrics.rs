//! Metrics in Prometheus' text format, read off the board: no counters of our own that could
//! disagree with it.

use crate::port::{BoardStatus, ExtraMetric, LatencySummary, MetricKind, SoundStatus};
use carillon_decision::agent::AgentState;
use carillon_decision::status::{CampaignStatus, FloorStatus};
use prometheus::TextEncoder;
use prometheus::proto::{
    Counter, Gauge, LabelPair, Metric, MetricFamily, MetricType, Quantile, Summary,
};
use std::collections::BTreeMap;

/// Every metric of the floor, and those the floor adds itself.
pub(crate) fn render(status: &BoardStatus, extra: Vec<ExtraMetric>) -> String {
    let mut families = Families::default();
    let floor = &status.floor;
    for campaign in &floor.campaigns {
        add_campaign(&mut families, campaign);
        if let Some(sound) = status.sound.get(&campaign.id) {
            add_sound(&mut families, &campaign.name, sound);
        }
    }
    add_agents(&mut families, floor);
    add_trunks(&mut families, floor);
    add_floor(&mut families, status);
    families.summary(
        "carillon_bridge_seconds",
        "Time to join a person and an agent.",
        &status.bridge,
    );
    for m in extra {
        let labels: Vec<(&str, &str)> = m
            .labels
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        families.add(m.kind, &m.name, &m.help, &labels, m.value);
    }
    families.encode()
}

fn add_campaign(families: &mut Families, c: &CampaignStatus) {
    let own = [("campaign", c.name.as_str())];
    let t = &c.totals;
    families.count("calls_placed_total", "INVITEs sent.", &own, t.placed);
    families.count(
        "calls_answered_human_total",
        "People who answered.",
        &own,
        t.answered_human,
    );
    families.count(
        "calls_connected_total",
        "People bridged to an agent.",
        &own,
        t.connected,
    );
    families.count(
        "calls_abandoned_total",
        "People nobody took in time.",
        &own,
        t.abandoned,
    );
    for (outcome, n) in &t.outcomes {
        let labels = [own[0], ("outcome", outcome)];
        families.count("calls_ended_total", "Ended calls by outcome.", &labels, *n);
    }
    for (code, n) in &t.refused {
        let labels = [own[0], ("code", code)];
        families.count("refusals_total", "Leads not dialed by reason.", &labels, *n);
    }
    for (reason, n) in &t.bound_by {
        let labels = [own[0], ("reason", reason)];
        families.count(
            "pacing_limited_total",
            "Pacing decisions by what bound them.",
            &labels,
            *n,
        );
    }
    for w in &c.windows {
        let labels = [own[0], ("window", w.window.as_str())];
        families.gauge(
            "abandon_ratio",
            "Abandoned per live answer, 0 to 1.",
            &labels,
            w.share,
        );
        families.gauge("abandon_ratio_cap", "Cap on it, 0 to 1.", &labels, w.cap);
    }
    families.gauge(
        "dial_level",
        "Lines not yet answered per agent.",
        &own,
        c.lines_per_agent,
    );
    let running = f64::from(u8::from(c.running));
    families.gauge(
        "campaign_running",
        "1 while the campaign dials.",
        &own,
        running,
    );
    families.gauge("hopper_leads", "Leads at hand.", &own, f64::from(c.hopper));
    let l = &c.lines;
    let phases = [
        ("dialing", l.dialing),
        ("ringing", l.ringing),
        ("screening", l.screening),
        ("waiting", l.waiting),
        ("talking", l.talking),
        ("message", l.message),
        ("ending", l.ending),
    ];
    for (phase, n) in phases {
        let labels = [own[0], ("phase", phase)];
        families.gauge(
            "calls_in_progress",
            "Calls by phase.",
            &labels,
            f64::from(n),
        );
    }
}

fn add_sound(families: &mut Families, campaign: &str, sound: &SoundStatus) {
    let own = [("campaign", campaign)];
    let scores = [("mean", sound.mos), ("worst", sound.mos_worst)];
    for (of, mos) in scores {
        if let Some(mos) = mos {
            let help = "MOS of conversations in progress by what their worse side heard lately.";
            families.gauge("conversation_mos", help, &[own[0], ("of", of)], mos);
        }
    }
    let help = "Quality alarms that are up in conversations in progress.";
    families.gauge("quality_alarms", help, &own, f64::from(sound.alarms));
    let help = "Ended conversations that were measured.";
    families.count("conversations_measured_total", help, &own, sound.measured);
    let help = "Of these with a problem.";
    families.count(
        "conversations_with_problems_total",
        help,
        &own,
        sound.with_problems,
    );
}

fn add_agents(families: &mut Families, floor: &FloorStatus) {
    let names = [
        "logged_out",
        "connecting",
        "ready",
        "reserved",
        "talking",
        "wrap_up",
        "break",
    ];
    let mut counts: BTreeMap<&str, u32> = names.into_iter().map(|n| (n, 0)).collect();
    let mut idle_s = 0.0;
    for agent in &floor.agents {
        *counts.entry(agent.state.name()).or_default() += 1;
        if agent.state == AgentState::Ready {
            idle_s += agent.for_s;
        }
    }
    for (state, n) in counts {
        families.gauge(
            "agent_state",
            "Agents by state.",
            &[("state", state)],
            f64::from(n),
        );
    }
    let help = "Time the agents who are ready have been so, together.";
    families.gauge("agent_idle_seconds", help, &[], idle_s);
}

fn add_trunks(families: &mut Families, floor: &FloorStatus) {
    for t in &floor.trunks {
        let own = [("trunk", t.name.as_str())];
        families.gauge(
            "trunk_channels_in_use",
            "Calls a trunk carries.",
            &own,
            f64::from(t.in_use),
        );
        families.gauge(
            "trunk_channels",
            "Most calls at once.",
            &own,
            f64::from(t.channels),
        );
        families.gauge(
            "trunk_up",
            "1 while a trunk answers.",
            &own,
            f64::from(u8::from(t.up)),
        );
    }
}

fn add_floor(families: &mut Families, status: &BoardStatus) {
    let floor = &status.floor;
    let flag = |on: bool| f64::from(u8::from(on));
    families.gauge("draining", "1 while draining.", &[], flag(floor.draining));
    families.gauge(
        "halted",
        "1 after a broken invariant.",
        &[],
        flag(floor.halted.is_some()),
    );
    let store = flag(floor.store_trouble.is_none());
    families.gauge(
        "store_writable",
        "1 while the store takes writes.",
        &[],
        store,
    );
    families.gauge(
        "dry_run",
        "1 while calls are not placed.",
        &[],
        flag(status.dry_run),
    );
    let version = [("version", status.version.as_str())];
    families.gauge("build_info", "Version of the program.", &version, 1.0);
}

/// Families by full name, so that the text is in a fixed order.
#[derive(Default)]
struct Families(BTreeMap<String, MetricFamily>);

impl Families {
    fn count(&mut self, name: &str, help: &str, labels: &[(&str, &str)], value: u64) {
        self.add(
            MetricKind::Counter,
            &format!("carillon_{name}"),
            help,
            labels,
            value as f64,
        );
    }

    fn gauge(&mut self, name: &str, help: &str, labels: &[(&str, &str)], value: f64) {
        self.add(
            MetricKind::Gauge,
            &format!("carillon_{name}"),
            help,
            labels,
            value,
        );
    }

    fn add(&mut self, kind: MetricKind, name: &str, help: &str, labels: &[(&str, &str)], v: f64) {
        let mut metric = Metric::from_label(pairs(labels));
        let family_type = match kind {
            MetricKind::Counter => {
                let mut counter = Counter::default();
                counter.set_value(v);
                metric.set_counter(counter);
                MetricType::COUNTER
            }
            MetricKind::Gauge => {
                let mut gauge = Gauge::default();
                gauge.set_value(v);
                metric.set_gauge(gauge);
                MetricType::GAUGE
            }
        };
        self.push(name, help, family_type, metric);
    }

    fn summary(&mut self, name: &str, help: &str, latency: &LatencySummary) {
        let quantile = |q: f64, v: f64| {
            let mut quantile = Quantile::default();
            quantile.set_quantile(q);
            quantile.set_value(v);
            quantile
        };
        let mut summary = Summary::default();
        summary.set_sample_count(latency.count);
        summary.set_sample_sum(latency.sum_s);
        summary.set_quantile(vec![
            quantile(0.5, latency.p50_s),
            quantile(0.95, latency.p95_s),
            quantile(0.99, latency.p99_s),
        ]);
        let mut metric = Metric::default();
        metric.set_summary(summary);
        self.push(name, help, MetricType::SUMMARY, metric);
    }

    /// A name keeps the type it came with first; a sample of another type is left out, since
    /// the format has no way to say it.
    fn push(&mut self, name: &str, help: &str, family_type: MetricType, metric: Metric) {
        let family = self.0.entry(name.to_owned()).or_insert_with(|| {
            let mut family = MetricFamily::default();
            family.set_name(name.to_owned());
            family.set_help(help.to_owned());
            family.set_field_type(family_type);
            family
        });
        if family.get_field_type() == family_type {
            family.mut_metric().push(metric);
        }
    }

    fn encode(self) -> String {
        let families: Vec<MetricFamily> = self.0.into_values().collect();
        TextEncoder::new()
            .encode_to_string(&families)
            .unwrap_or_else(|error| {
                tracing::error!(%error, "metrics cannot be written");
                String::new()
            })
    }
}

fn pairs(labels: &[(&str, &str)]) -> Vec<LabelPair> {
    let pair = |(name, value): &(&str, &str)| {
        let mut pair = LabelPair::default();
        pair.set_name((*name).to_owned());
        pair.set_value((*value).to_owned());
        pair
    };
    labels.iter().map(pair).collect()
}
