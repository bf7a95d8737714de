//! Explanations of leads, calls and decisions, as pure functions of what is stored: the web
//! page asks a running node for them, the command line works them out offline.

use crate::config::Config;
use crate::switch::Ladder;
use carillon_api::port::{ExplainStep, Explanation, SIP_TOPIC, Verdict};
use carillon_decision::call::Direction;
use carillon_decision::campaign::CampaignConfig;
use carillon_decision::compliance::{Gate, RuleCheck};
use carillon_decision::lead::{Facts, Lead, LeadNumber, LeadStatus, PastAttempt};
use carillon_decision::pacing_decision::PacingDecision;
use carillon_decision::time::Wall;
use carillon_store::{CallEntry, LeadDetails};

mod names;

use names::{agent_name, campaign_name, trunk_name};

/// Earlier calls told of a lead.
const CONTACTS_MAX: usize = 10;

/// The lead as the gate judges it, from what is stored.
pub fn lead_of(details: &LeadDetails) -> Lead {
    let history = details.history.iter().rev().filter_map(|entry| {
        let record = &entry.record;
        Some(PastAttempt {
            at: record.started,
            number: record.number?,
            outcome: record.outcome,
        })
    });
    Lead {
        id: details.id,
        priority: details.priority,
        rank: details.rank,
        numbers: details
            .numbers
            .iter()
            .map(|n| LeadNumber {
                number: n.number,
                listed: n.listed.iter().map(|m| m.list.clone()).collect(),
                retired: n.retired,
            })
            .collect(),
        zone: details.zone.clone(),
        country: details.country.clone(),
        state: details.state.clone(),
        tags: details
            .tags
            .iter()
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect(),
        needs: details.needs.clone(),
        owner: details.owner,
        callback: details.callback,
        answer_chance: details.answer_chance,
        facts: Facts {
            consent: details.consent,
            history: history.collect(),
            ..Facts::default()
        },
    }
}

/// Why a lead is, or is not, dialed at `now`: where it stands in the list, and every rule for
/// every number, with zone, its source, and the next instant at which the rule passes.
pub fn lead(details: &LeadDetails, campaign: &CampaignConfig, now: Wall) -> Explanation {
    let mut steps = standing(details, now);
    let gate = match Gate::new(&campaign.compliance) {
        Ok(gate) => gate,
        Err(error) => {
            steps.push(step("rules", Verdict::Stop, error.to_string()));
            return explained(
                details,
                steps,
                "the campaign's rules cannot be applied".to_owned(),
                None,
            );
        }
    };
    let lead = lead_of(details);
    let ring = campaign.ring_timeout;
    let mut next: Option<Wall> = None;
    let mut allowed = false;
    for (index, number) in lead.numbers.iter().enumerate() {
        let number_steps = gate.explain(&lead, index, now, ring);
        steps.extend(
            number_steps
                .iter()
                .map(|check| rule_step(&number.number.masked(), check)),
        );
        let at = gate.next_allowed(&lead, index, now, ring);
        allowed |= at.is_some_and(|at| at <= now);
        next = [next, at].into_iter().flatten().min();
    }
    let open = matches!(details.status, LeadStatus::Due | LeadStatus::Callback);
    // A list that is off comes on by a hand alone.
    let next = next
        .filter(|_| open && details.list_active)
        .map(|at| details.next_at.map_or(at, |due| due.max(at)));
    let blocked = steps
        .iter()
        .find(|s| s.verdict == Verdict::Stop)
        .map(|s| format!("{}: {}", s.topic, s.detail));
    let due = details.next_at.is_none_or(|at| at <= now);
    let held = details.leased_until.is_some_and(|until| until > now);
    let summary = match (open, allowed && due && details.list_active, next) {
        (false, _, _) => format!("not dialed: the lead is {}", details.status.name()),
        (true, true, _) if held => "in the hopper or on the line now".to_owned(),
        (true, true, _) => "may be dialed now: it waits for its turn".to_owned(),
        (true, false, Some(at)) => {
            format!("not dialed before {at}: {}", blocked.unwrap_or_default())
        }
        (true, false, None) => format!("not dialed: {}", blocked.unwrap_or_default()),
    };
    explained(details, steps, summary, next)
}

fn explained(
    details: &LeadDetails,
    steps: Vec<ExplainStep>,
    summary: String,
    next: Option<Wall>,
) -> Explanation {
    Explanation {
        subject: format!("lead {}", details.id),
        summary,
        steps,
        next_at: next.map(|at| at.to_string()),
    }
}

/// Where the lead stands apart from the rules.
fn standing(details: &LeadDetails, now: Wall) -> Vec<ExplainStep> {
    let mut steps = Vec::new();
    let open = matches!(details.status, LeadStatus::Due | LeadStatus::Callback);
    let why = if details.why.is_empty() {
        "never called".to_owned()
    } else {
        details.why.clone()
    };
    steps.push(step(
        "status",
        if open { Verdict::Pass } else { Verdict::Stop },
        format!(
            "{} ({why}), {} attempts that count",
            details.status.name(),
            details.attempts
        ),
    ));
    let list = if details.list_active {
        Verdict::Pass
    } else {
        Verdict::Stop
    };
    let switched = if details.list_active { "on" } else { "off" };
    steps.push(step(
        "list",
        list,
        format!("list `{}` is switched {switched}", details.list),
    ));
    if let Some(at) = details.next_at.filter(|_| open) {
        let due = at <= now;
        let detail = if due {
            format!("due since {at}")
        } else {
            format!("not due before {at}")
        };
        steps.push(step(
            "due",
            if due { Verdict::Pass } else { Verdict::Stop },
            detail,
        ));
    }
    if let Some(until) = details.leased_until.filter(|&until| until > now) {
        steps.push(step(
            "lease",
            Verdict::Fact,
            format!("held for dialing until {until}"),
        ));
    }
    if let Some(stored) = &details.refusal {
        steps.push(step(
            "last refusal",
            Verdict::Fact,
            format!("{} at {}", stored.refusal, stored.at),
        ));
    }
    steps.extend(details.history.iter().take(CONTACTS_MAX).map(contact));
    steps
}

/// An earlier call: how it ended, and what the agent said of it.
fn contact(entry: &CallEntry) -> ExplainStep {
    let r = &entry.record;
    let mut detail = format!("{} {}", r.started, r.outcome.name());
    if let Some(code) = &entry.disposition {
        detail.push_str(&format!(", agent's disposition {code}"));
    }
    if let Some(note) = &entry.note {
        detail.push_str(&format!(", note: {note}"));
    }
    step(&format!("call {}", r.call), Verdict::Fact, detail)
}

fn rule_step(number: &str, check: &RuleCheck) -> ExplainStep {
    let mut detail = check.detail.clone();
    if let Some(zone) = &check.zone {
        let source = check.source.map_or("unknown", |s| s.name());
        detail.push_str(&format!(" [zone {zone}, from {source}]"));
    }
    if !check.citation.is_empty() {
        detail.push_str(&format!(" ({})", check.citation));
    }
    if let Some(at) = check.not_before {
        detail.push_str(&format!("; passes from {at}"));
    }
    let verdict = if check.passed {
        Verdict::Pass
    } else {
        Verdict::Stop
    };
    step(&format!("{number} {}", check.rule), verdict, detail)
}

/// What happened to a call, from its record and, where they are still remembered, its messages.
/// `names` has its ids bound to the store's.
pub fn call(entry: &CallEntry, ladder: Option<&Ladder>, names: &Config) -> Explanation {
    let r = &entry.record;
    let begun = match r.direction {
        Direction::Outbound => "placed",
        Direction::Inbound => "came in",
        Direction::Transfer => "called out for a conversation",
    };
    let trunk = trunk_name(names, r.trunk);
    let mut steps = vec![
        step(
            begun,
            Verdict::Fact,
            format!("{} on trunk {trunk}", r.started),
        ),
        step("campaign", Verdict::Fact, campaign_name(names, r.campaign)),
    ];
    let number = r.number.map(|number| number.masked().to_string());
    let lead = r.lead.map(|lead| format!("lead {lead}"));
    let person: Vec<String> = [number, lead].into_iter().flatten().collect();
    if !person.is_empty() {
        steps.push(step("person", Verdict::Fact, person.join(", ")));
    }
    if let Some(permit) = &r.permit {
        let rules: Vec<&str> = permit.rules.iter().map(|p| p.rule.as_str()).collect();
        steps.push(step(
            "permit",
            Verdict::Pass,
            format!(
                "zones {} (from {}), lists at state {}, rules passed: {}",
                permit.zones.join(", "),
                permit.source.name(),
                permit.snapshot,
                rules.join(", ")
            ),
        ));
    }
    steps.extend(facts(entry, names));
    for line in ladder.map(|l| l.lines.as_slice()).unwrap_or_default() {
        let arrow = if line.sent { "sent to" } else { "from" };
        let at = line.at.millis_since(r.started);
        steps.push(step(
            SIP_TOPIC,
            Verdict::Fact,
            format!("{at} ms {arrow} {}: {}", line.peer, line.message),
        ));
    }
    let late = if r.late_answer {
        ", answered after it had been given up"
    } else {
        ""
    };
    let settled = if entry.settled {
        ", settled after a crash"
    } else {
        ""
    };
    Explanation {
        subject: format!("call {}", r.call),
        summary: format!("{}{late}{settled}", r.outcome.name()),
        steps,
        next_at: None,
    }
}

/// Times, people and references of a call, as far as there are any.
fn facts(entry: &CallEntry, names: &Config) -> Vec<ExplainStep> {
    let r = &entry.record;
    let mut steps = Vec::new();
    let spans = [
        ("post-dial delay", r.pdd_ms),
        ("ringing", r.ring_ms),
        ("answered after", r.answer_ms),
        ("waited for an agent", r.wait_ms),
        ("conversation", r.talk_ms),
        ("total", Some(r.total_ms)),
    ];
    let spans = spans.into_iter().filter_map(|(what, ms)| Some((what, ms?)));
    steps.extend(spans.map(|(what, ms)| step(what, Verdict::Fact, format!("{ms} ms"))));
    if let Some(verdict) = r.verdict {
        steps.push(step("who answered", Verdict::Fact, format!("{verdict:?}")));
    }
    if let Some(agent) = r.agent {
        steps.push(step("agent", Verdict::Fact, agent_name(names, agent)));
    }
    if let Some(code) = &entry.disposition {
        steps.push(step("disposition", Verdict::Fact, code.clone()));
    }
    if let Some(note) = &entry.note {
        steps.push(step("note", Verdict::Fact, note.clone()));
    }
    if let Some(decision) = r.decision {
        steps.push(step("decision", Verdict::Fact, decision.to_string()));
    }
    if let Some(follows) = r.follows {
        steps.push(step("follows", Verdict::Fact, format!("call {follows}")));
    }
    if let Some(id) = &entry.sip_call_id {
        steps.push(step("Call-ID", Verdict::Fact, id.clone()));
    }
    steps
}

/// Why a decision dialed as many lines as it did. `names` has its ids bound to the store's.
pub fn decision(decision: &PacingDecision, names: &Config) -> Explanation {
    let i = &decision.pace.inputs;
    let fact = |topic: &str, detail: String| step(topic, Verdict::Fact, detail);
    let steps = vec![
        fact("campaign", campaign_name(names, decision.campaign)),
        fact("mode", decision.mode.clone()),
        fact("at", decision.at.to_string()),
        fact(
            "wanted before caps",
            decision.pace.wanted_before_caps.to_string(),
        ),
        step(
            "binding constraint",
            Verdict::Stop,
            format!(
                "{}: {}",
                decision.pace.binding.code(),
                decision.pace.binding.describe()
            ),
        ),
        fact("placed", decision.placed.to_string()),
        fact("agents idle", i.counts.idle.to_string()),
        fact("calls in flight", i.counts.in_flight.to_string()),
        fact("people waiting", i.counts.waiting.to_string()),
        fact(
            "answers expected",
            format!("{:.2} within {:.1} s", i.expected_answers, i.horizon_s),
        ),
        fact(
            "agents expected free",
            format!("{:.2} within {:.1} s", i.expected_frees, i.horizon_s),
        ),
        fact(
            "chance that one line more meets no agent",
            format!("{:.4}, accepted {:.4}", i.overdial_next, i.threshold),
        ),
        fact(
            "share of calls a person answers",
            format!("{:.3}", i.p_human),
        ),
        fact(
            "mean ring, talk, wrap-up",
            format!(
                "{:.1} s, {:.1} s, {:.1} s",
                i.ring_mean_s, i.talk_mean_s, i.wrap_mean_s
            ),
        ),
        fact(
            "abandonment",
            format!("{:.4} of {:.4}", i.abandonment, i.cap),
        ),
        fact("lines allowed by the tightest cap", i.lines_max.to_string()),
    ];
    Explanation {
        subject: format!("decision {}", decision.id),
        summary: decision.pace.describe(),
        steps,
        next_at: None,
    }
}

fn step(topic: &str, verdict: Verdict, detail: String) -> ExplainStep {
    ExplainStep {
        topic: topic.to_owned(),
        verdict,
        detail,
    }
}

#[cfg(test)]
mod tests;
