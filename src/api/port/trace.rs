//! SIP messages of recent calls: which, how much of them, and what is told.

use super::ActionError;
use carillon_decision::id::CallId;
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use tokio::sync::mpsc;
use utoipa::ToSchema;

/// Which dialog. Read from text: `42` or `call:42`, `agent:NAME`, `number:+12025550123`,
/// anything else (or after `id:`) is a SIP Call-ID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TraceKey {
    /// A call by its id.
    Call(CallId),
    /// The latest line of an agent's phone, by login name.
    Agent(String),
    /// The latest dialog from or to a number, in digits.
    Number(String),
    /// By SIP Call-ID, octet for octet.
    CallId(String),
}

impl FromStr for TraceKey {
    type Err = ActionError;

    fn from_str(text: &str) -> Result<Self, ActionError> {
        let invalid = |what: String, remedy: &str| {
            ActionError::new(super::Problem::Invalid, "API-016", what, remedy)
        };
        let number = |id: &str| id.parse().ok().map(|id| Self::Call(CallId(id)));
        if let Some(id) = text.strip_prefix("call:") {
            let remedy = "write the call's id after `call:`, a whole number";
            return number(id).ok_or_else(|| invalid(format!("`{id}` is no call id"), remedy));
        }
        if let Some(name) = text.strip_prefix("agent:") {
            return Ok(Self::Agent(name.to_owned()));
        }
        if let Some(wanted) = text.strip_prefix("number:") {
            let digits = digits_of(wanted);
            if digits.len() < NUMBER_DIGITS_MIN {
                let remedy = "write at least its last 7 digits";
                return Err(invalid(
                    format!("`{wanted}` is too short for a number"),
                    remedy,
                ));
            }
            return Ok(Self::Number(digits));
        }
        let id = text.strip_prefix("id:");
        Ok(match (id, number(text)) {
            (None, Some(call)) => call,
            (id, _) => Self::CallId(id.unwrap_or(text).to_owned()),
        })
    }
}

/// Fewest digits by which a number is looked for.
pub const NUMBER_DIGITS_MIN: usize = 7;

/// The digits of a number as people write it.
pub fn digits_of(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// How much of a message its reader may see. What proves a password (digest responses, SRTP
/// keys) nobody sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sight {
    /// Numbers but for their first and last digits, no keys pressed.
    #[default]
    Masked,
    /// Whole numbers, no keys pressed: holders of the token.
    Numbers,
    /// Keys pressed as well: holders of the token, where `[capture] unmasked` allows it.
    Whole,
}

/// How a trace is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TraceView {
    /// With the text of each message.
    pub full: bool,
    /// What may be seen.
    pub sight: Sight,
}

/// Which dialogs are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceFilter {
    /// From or to that number, in digits; at least [`NUMBER_DIGITS_MIN`].
    pub number: Option<String>,
    /// Also registrations, OPTIONS and strangers.
    pub all: bool,
    /// At most so many, 1 to 1,000.
    pub limit: u32,
    /// What may be seen.
    pub sight: Sight,
}

/// A dialog in one line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TraceSummary {
    /// The call's id, for calls of the house.
    pub call: Option<u64>,
    /// The agent whose line it is, or was.
    pub agent: Option<String>,
    /// SIP Call-ID.
    pub call_id: String,
    /// `outbound`, `inbound`, `agent`, `test` or `other`.
    pub kind: String,
    /// Method of its first message.
    pub method: String,
    /// User part of From.
    pub from: String,
    /// User part of To.
    pub to: String,
    /// First message, RFC 3339 UTC with microseconds.
    pub started: String,
    /// First to latest message, ms.
    pub lasted_ms: u64,
    /// Messages kept.
    pub messages: u32,
    /// How it ended in SIP; none: it goes on.
    pub ended: Option<String>,
}

/// The messages of one dialog.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CallTrace {
    /// What it is.
    pub summary: TraceSummary,
    /// Outcome of the call in the house's terms, such as `busy`; none while it goes on, and for
    /// what is no call.
    pub cause: Option<String>,
    /// Who ended the call: `customer`, `agent` or `system`.
    pub ended_by: Option<String>,
    /// The other sides, in the order they appear.
    pub peers: Vec<TracePeer>,
    /// In order.
    pub messages: Vec<TraceMessage>,
    /// Further messages that were not kept.
    pub dropped: u32,
}

/// Another side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TracePeer {
    /// `192.0.2.1:5060` for UDP, `tcp:…`, `tls:…`.
    pub address: String,
    /// Trunk or agent, if known.
    pub name: Option<String>,
}

/// One message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TraceMessage {
    /// When, RFC 3339 UTC with microseconds.
    pub at: String,
    /// Since the first message of the trace, µs.
    pub after_us: i64,
    /// Sent by us.
    pub sent: bool,
    /// Which of the peers.
    pub peer: u32,
    /// Method, or status code and phrase.
    pub label: String,
    /// CSeq, such as `1 INVITE`.
    pub cseq: String,
    /// The same message went the same way before.
    pub again: bool,
    /// What the session description says: codecs, address, direction.
    pub sdp: Option<String>,
    /// What else matters: Reason, Retry-After, Warning, Refer-To.
    pub note: Option<String>,
    /// The whole message, when asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A capture file in the making: pieces of pcapng, each whole blocks. It ends when either side
/// drops it.
pub type CaptureStream = mpsc::Receiver<Vec<u8>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_people_write_them() {
        let read = |text: &str| text.parse::<TraceKey>();
        assert_eq!(read("42"), Ok(TraceKey::Call(CallId(42))));
        assert_eq!(read("call:42"), Ok(TraceKey::Call(CallId(42))));
        assert_eq!(read("id:42"), Ok(TraceKey::CallId("42".into())));
        assert_eq!(read("42-0a@h"), Ok(TraceKey::CallId("42-0a@h".into())));
        assert_eq!(read("agent:ana"), Ok(TraceKey::Agent("ana".into())));
        assert_eq!(
            read("number:+1 (202) 555-0123"),
            Ok(TraceKey::Number("12025550123".into()))
        );
        assert_eq!(read("number:911").unwrap_err().code, "API-016");
        assert_eq!(read("call:x").unwrap_err().code, "API-016");
    }
}
