//! Values to store.

use carillon_decision::call::{AmdVerdict, CallRecord, Direction, EndedBy, Outcome};
use carillon_decision::compliance::{PermitSummary, Refusal, RefusalCode, ZoneSource};
use carillon_decision::conversation::{TalkEvent, TalkStep, TransferKind, TransferTo};
use carillon_decision::event::LeadUpdate;
use carillon_decision::id::{AgentId, CallId, CampaignId, DecisionId, LeadId, SnapshotId, TrunkId};
use carillon_decision::lead::{Lead, LeadStatus};
use carillon_decision::number::E164;
use carillon_decision::pacing::{Constraint, Pace, PaceInputs};
use carillon_decision::pacing_decision::PacingDecision;
use carillon_decision::time::Wall;
use carillon_store::{Attempt, ImportOptions, ImportRow, LeadCard, NewLead, Store};
use std::time::Duration;

pub const CAMPAIGN: CampaignId = CampaignId(1);
pub const OTHER: CampaignId = CampaignId(2);
/// 2026-03-03 18:00 UTC, the start of an hour.
pub const NOW: Wall = Wall(1_772_560_800_000);
pub const MINUTE: Duration = Duration::from_secs(60);
pub const HOUR: Duration = Duration::from_secs(3_600);

pub fn number(i: u64) -> E164 {
    E164::new(12_025_550_000 + i).unwrap()
}

pub fn later(seconds: u64) -> Wall {
    NOW + Duration::from_secs(seconds)
}

/// A lead whose key is its number.
pub fn new_lead(i: u64) -> NewLead {
    NewLead {
        numbers: vec![number(i)],
        ..NewLead::default()
    }
}

pub fn coded_lead(code: &str, numbers: &[u64]) -> NewLead {
    NewLead {
        card: LeadCard {
            vendor_lead_code: Some(code.to_owned()),
            ..LeadCard::default()
        },
        numbers: numbers.iter().map(|i| number(*i)).collect(),
        ..NewLead::default()
    }
}

pub fn into(list: &str) -> ImportOptions {
    ImportOptions {
        campaign: CAMPAIGN,
        list: list.to_owned(),
        update: true,
    }
}

/// Imports leads that must all be new; their ids.
pub async fn import(store: &dyn Store, list: &str, leads: Vec<NewLead>) -> Vec<LeadId> {
    let rows = store.import_leads(into(list), leads).await.unwrap();
    rows.into_iter()
        .map(|row| match row {
            ImportRow::Imported(id) => id,
            other => panic!("not new: {other:?}"),
        })
        .collect()
}

/// Leases at `NOW`, for ten minutes.
pub async fn lease(store: &dyn Store, count: u32) -> Vec<Lead> {
    store
        .lease_leads(CAMPAIGN, NOW, count, MINUTE * 10)
        .await
        .unwrap()
        .leads
}

pub fn ids(leads: &[Lead]) -> Vec<LeadId> {
    leads.iter().map(|lead| lead.id).collect()
}

pub fn update(status: LeadStatus, next_at: Option<Wall>) -> LeadUpdate {
    LeadUpdate {
        status,
        next_at,
        callback: None,
        refusal: None,
        why: "no_answer".to_owned(),
    }
}

pub fn refusal() -> Refusal {
    Refusal {
        code: RefusalCode::OutsideHours,
        rule: "us-tsr-hours".to_owned(),
        zone: Some("America/New_York".to_owned()),
        source: Some(ZoneSource::NumberPrefix),
        not_before: Some(later(3_600)),
        detail: "too early".to_owned(),
    }
}

pub fn permit(lead: LeadId, to: E164) -> PermitSummary {
    PermitSummary {
        lead,
        number: to,
        issued: NOW,
        expires: later(10),
        source: ZoneSource::LeadZone,
        zones: vec!["America/New_York".to_owned()],
        places: vec!["US-NY".to_owned()],
        rules: vec![],
        snapshot: SnapshotId(3),
    }
}

pub fn attempt(call: u64, lead: LeadId, to: E164, placed: Wall) -> Attempt {
    Attempt {
        call: CallId(call),
        campaign: CAMPAIGN,
        lead: Some(lead),
        number: to,
        trunk: TrunkId(4),
        caller_id: number(9_999),
        sip_call_id: format!("call-{call}@carillon"),
        placed,
        permit: permit(lead, to),
        decision: Some(DecisionId(8)),
        follows: None,
    }
}

/// A record with every field set.
pub fn record(call: u64, lead: LeadId, to: E164, started: Wall, outcome: Outcome) -> CallRecord {
    CallRecord {
        call: CallId(call),
        campaign: CAMPAIGN,
        lead: Some(lead),
        direction: Direction::Outbound,
        number: Some(to),
        caller_id: number(9_999),
        trunk: TrunkId(4),
        agent: Some(AgentId(6)),
        started,
        total_ms: 61_000,
        pdd_ms: Some(800),
        ring_ms: Some(7_200),
        answer_ms: Some(8_000),
        wait_ms: Some(350),
        talk_ms: Some(45_000),
        hold_ms: 9_000,
        message_left: true,
        recorded: true,
        events: vec![TalkEvent {
            at_ms: 12_000,
            what: TalkStep::Transfer {
                by: AgentId(6),
                to: TransferTo::Destination("claims".to_owned()),
                kind: TransferKind::Attended,
            },
        }],
        outcome,
        verdict: Some(AmdVerdict::Person),
        ended_by: Some(EndedBy::Agent),
        late_answer: false,
        follows: Some(CallId(1)),
        decision: Some(DecisionId(8)),
        permit: Some(permit(lead, to)),
    }
}

/// A record of a call nobody answered.
pub fn unanswered(call: u64, lead: LeadId, to: E164, at: Wall, outcome: Outcome) -> CallRecord {
    CallRecord {
        agent: None,
        ring_ms: None,
        answer_ms: None,
        wait_ms: None,
        talk_ms: None,
        verdict: None,
        ended_by: None,
        ..record(call, lead, to, at, outcome)
    }
}

pub fn decision(id: u64, at: Wall) -> PacingDecision {
    PacingDecision {
        id: DecisionId(id),
        campaign: CAMPAIGN,
        at,
        mode: "predictive".to_owned(),
        placed: 2,
        pace: Pace {
            lines: 2,
            cancel: vec![0],
            wanted_before_caps: 3,
            binding: Constraint::Agents,
            inputs: PaceInputs {
                p_human: 0.1 + 0.2,
                ..PaceInputs::default()
            },
        },
    }
}
