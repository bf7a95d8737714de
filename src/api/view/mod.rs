//! What leaves the house: values for JSON, made from the floor's. Numbers are masked here and
//! nowhere else, so that nothing else can forget it.
//!
//! Instants are Unix milliseconds (`*_ms`); spans carry their unit in the name too.

mod agent;
mod board;
mod call;
mod campaign;
mod conversation;
mod lead;
mod sip_line;

pub use agent::{AgentBoard, AgentMe, CardBoard, CardNoteBoard, DispositionBoard, TimesBoard};
pub use board::{AlertBoard, BoardView, BridgeBoard, CrewBoard, LiveCallBoard, TrunkBoard};
pub use call::CallBoard;
pub use campaign::{
    CampaignBoard, DecisionBoard, LinesBoard, SoundBoard, TotalsBoard, WindowBoard,
};
pub use conversation::{ConversationBoard, MayBoard, ThirdBoard};
pub use lead::{LeadAttemptBoard, LeadBoard, LeadNumberBoard};

pub(crate) use call::Names;
pub(crate) use sip_line::mask_messages;

/// Two decimals: what people read, and no change where nothing changed.
pub(crate) fn round2(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// Four decimals, for shares.
pub(crate) fn round4(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

/// `part / whole`, 0 of nothing.
pub(crate) fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 {
        round4(part / whole)
    } else {
        0.0
    }
}
