//! Agents, as supervisors see them and as they see themselves.

use super::call::{Names, direction};
use super::conversation::{ConversationBoard, MayBoard};
use crate::port::{KeypadCode, LeadCard};
use carillon_decision::agent::{AgentState, LineKind};
use carillon_decision::status::{AgentStatus, TimeSplit};
use carillon_decision::time::Wall;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// An agent on the board.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AgentBoard {
    /// Id.
    pub id: u32,
    /// Login name.
    pub name: String,
    /// `logged_out`, `connecting`, `ready`, `reserved`, `talking`, `wrap_up` or `break`.
    pub state: String,
    /// Why on a break, in words.
    pub reason: Option<String>,
    /// Since when in that state.
    pub since_ms: i64,
    /// Call the agent is in or wraps up.
    pub call: Option<u64>,
    /// The phone line is connected.
    pub line_up: bool,
    /// `nailed_up` or `ring_first`.
    pub line: String,
    /// Skill → level.
    pub skills: BTreeMap<String, u8>,
    /// Campaign name of that call.
    pub campaign: Option<String>,
    /// Conversations since login.
    pub calls: u32,
    /// Time since login.
    pub times: TimesBoard,
}

/// Where an agent's time went, whole seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TimesBoard {
    /// Idle and ready.
    pub ready_s: u64,
    /// Reserved for a call.
    pub reserved_s: u64,
    /// In conversation.
    pub talk_s: u64,
    /// After-call work.
    pub wrap_s: u64,
    /// On a break or connecting.
    pub break_s: u64,
}

impl From<TimeSplit> for TimesBoard {
    fn from(t: TimeSplit) -> Self {
        // Float to integer casts saturate.
        Self {
            ready_s: t.ready_s as u64,
            reserved_s: t.reserved_s as u64,
            talk_s: t.talk_s as u64,
            wrap_s: t.wrap_s as u64,
            break_s: t.break_s as u64,
        }
    }
}

/// Instant `for_s` seconds before `at`.
pub(super) fn since_ms(at: Wall, for_s: f64) -> i64 {
    at.0.saturating_sub((for_s * 1000.0) as i64)
}

impl AgentBoard {
    pub(crate) fn of(a: &AgentStatus, at: Wall, names: &Names) -> Self {
        let reason = match a.state {
            AgentState::Break(reason) => Some(reason.describe().to_owned()),
            _ => None,
        };
        let line = match a.line {
            LineKind::NailedUp => "nailed_up",
            LineKind::RingFirst => "ring_first",
        };
        Self {
            id: a.id.0,
            name: a.name.clone(),
            state: a.state.name().into(),
            reason,
            since_ms: since_ms(at, a.for_s),
            call: a.state.call().map(|c| c.0),
            line_up: a.line_up,
            line: line.into(),
            skills: a.skills.clone(),
            campaign: a.campaign.map(|c| names.campaign(c)),
            calls: a.calls,
            times: a.times.into(),
        }
    }

    /// Takes over the start of an unchanged state: it is measured anew each time and must not
    /// flicker.
    pub(crate) fn steady(&mut self, before: &AgentBoard) {
        let same = self.state == before.state && self.call == before.call;
        if same && self.since_ms.abs_diff(before.since_ms) < 1500 {
            self.since_ms = before.since_ms;
        }
    }
}

/// What the signed-in agent sees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AgentMe {
    /// The floor's clock: the page's timers are set by it.
    pub at_ms: i64,
    /// The agent.
    pub agent: AgentBoard,
    /// The card of the call the agent is in or wraps up.
    pub card: Option<CardBoard>,
    /// The floor drains: no further calls come.
    pub draining: bool,
    /// The conversation, while one talks.
    pub conversation: Option<ConversationBoard>,
    /// Why the last order was not obeyed, while that is news.
    pub refused: Option<String>,
    /// Keys that do the same on the phone.
    pub keypad: Vec<KeypadCode>,
}

/// The card of a call: the only place with a whole number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CardBoard {
    /// Call id.
    pub call: u64,
    /// Lead id.
    pub lead: Option<u64>,
    /// `outbound` or `inbound`.
    pub direction: String,
    /// Campaign name.
    pub campaign: String,
    /// Name of the person.
    pub name: String,
    /// The whole number.
    pub number: Option<String>,
    /// Address lines.
    pub address: Vec<String>,
    /// IANA zone of the person.
    pub zone: Option<String>,
    /// Free columns, each a name and a value.
    pub tags: Vec<[String; 2]>,
    /// Earlier contacts, newest first.
    pub history: Vec<CardNoteBoard>,
    /// What the campaign wants said.
    pub script: Option<String>,
    /// What may be said of the call.
    pub dispositions: Vec<DispositionBoard>,
    /// The code chosen so far.
    pub chosen: Option<String>,
    /// What the agent noted so far.
    pub note: Option<String>,
    /// Longest wrap-up, s.
    pub wrap_up_limit_s: Option<u64>,
    /// What the campaign lets one do with the conversation.
    pub may: MayBoard,
}

/// An earlier contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CardNoteBoard {
    /// When.
    pub at_ms: i64,
    /// Outcome or disposition.
    pub what: String,
    /// Who talked.
    pub agent: Option<String>,
    /// What they noted.
    pub note: Option<String>,
}

/// What an agent may say of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DispositionBoard {
    /// Code.
    pub code: String,
    /// In words.
    pub name: String,
    /// It promises a call back.
    pub callback: bool,
    /// The person is not called again.
    pub dnc: bool,
    /// It counts as a sale.
    pub sale: bool,
}

impl From<LeadCard> for CardBoard {
    fn from(card: LeadCard) -> Self {
        let may = MayBoard::of(&card);
        let history = card.history.into_iter().map(|n| CardNoteBoard {
            at_ms: n.at.0,
            what: n.what,
            agent: n.agent,
            note: n.note,
        });
        let dispositions = card.dispositions.into_iter().map(|d| DispositionBoard {
            code: d.code,
            name: d.name,
            callback: d.callback,
            dnc: d.dnc,
            sale: d.sale,
        });
        Self {
            may,
            call: card.call.0,
            lead: card.lead.map(|l| l.0),
            direction: direction(card.direction).into(),
            campaign: card.campaign,
            name: card.name,
            number: card.number.map(|n| n.to_string()),
            address: card.address,
            zone: card.zone,
            tags: card.tags.into_iter().map(|(k, v)| [k, v]).collect(),
            history: history.collect(),
            script: card.script,
            dispositions: dispositions.collect(),
            chosen: card.chosen,
            note: card.note,
            wrap_up_limit_s: card.wrap_up_limit.map(|d| d.as_secs()),
        }
    }
}
