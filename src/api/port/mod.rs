//! The port: all that pages and API ask of the floor behind them.
//!
//! The live world implements [`Floor`]; the demo board and the tests implement it with made-up
//! data. Nothing in this crate reaches the engine, the store or a socket of a trunk any other way.

mod action;
mod board;
mod card;
mod conversation;
mod error;
mod history;
mod metric;
mod quality;
mod recording;
mod trace;

pub use action::{Action, ActionReply, AgentAction, DispositionEntry, NoteEntry};
pub use board::{Alert, AlertLevel, BoardStatus, LatencySummary, Refusal, SoundStatus};
pub use card::{CardNote, KeypadCode, LeadCard};
pub use conversation::{ConversationOrder, RecordCall, Supervision, TransferName};
pub use error::{ActionError, Problem};
pub use history::{
    CallFilter, CampaignReport, DecisionFilter, ExplainStep, Explanation, LeadAttempt, LeadView,
    LeadViewNumber, ListView, Report, ReportRange, SIP_TOPIC, Subject, Verdict,
};
pub use metric::{ExtraMetric, MetricKind};
pub use quality::{QualityAsk, QualityProblem, QualityView, ReviewEntry, ReviewView};
pub use recording::{OpenRecording, PlayableFile, RecordingAsk, RecordingPhase, RecordingView};
pub use trace::{
    CallTrace, CaptureStream, NUMBER_DIGITS_MIN, Sight, TraceFilter, TraceKey, TraceMessage,
    TracePeer, TraceSummary, TraceView, digits_of,
};

use carillon_decision::call::CallRecord;
use carillon_decision::id::{AgentId, CallId, DecisionId, LeadId};
use carillon_decision::pacing_decision::PacingDecision;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// A future in a box, so that the port can be a trait object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a call to the port gives.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, ActionError>>;

/// One floor as its pages see it.
///
/// Every method must return soon (a page waits); an implementation that needs the store or the
/// engine thread answers [`Problem::Unavailable`] when it cannot get there within 5 s.
pub trait Floor: Send + Sync + 'static {
    /// The floor as of now, replaced whenever it changed. Publish as often as convenient:
    /// pages are sent at most four of them a second.
    fn status(&self) -> watch::Receiver<Arc<BoardStatus>>;

    /// Does what a supervisor or an agent asks, and answers when it is done or refused.
    fn act(&self, action: Action) -> Answer<'_, ActionReply>;

    /// The agent of that login name, if the PIN is right. Compare PINs in constant time and
    /// answer [`Problem::Credentials`] alike for an unknown name and a wrong PIN; guesses are
    /// limited by the caller. It changes nothing on the floor.
    fn sign_in<'a>(&'a self, name: &'a str, pin: &'a str) -> Answer<'a, AgentId>;

    /// What the agent must know of the person they talk to, or whose call they wrap up.
    /// The only place where a whole number leaves the house.
    fn card(&self, agent: AgentId) -> Answer<'_, Option<LeadCard>>;

    /// Why a lead was not dialed, what happened to a call, or why so many lines were dialed.
    fn explain(&self, subject: Subject) -> Answer<'_, Explanation>;

    /// One pacing decision; [`Problem::NotFound`] when it is unknown or no longer kept.
    fn decision(&self, id: DecisionId) -> Answer<'_, PacingDecision>;

    /// Latest pacing decisions, newest first.
    fn decisions(&self, filter: DecisionFilter) -> Answer<'_, Vec<PacingDecision>>;

    /// Ended calls, newest first.
    fn calls(&self, filter: CallFilter) -> Answer<'_, Vec<CallRecord>>;

    /// A lead with its numbers (masked by the caller) and attempts.
    fn lead(&self, id: LeadId) -> Answer<'_, LeadView>;

    /// Figures of a stretch of time.
    fn report(&self, range: ReportRange) -> Answer<'_, Report>;

    /// Lead lists, of one campaign if it is named.
    fn lists(&self, campaign: Option<String>) -> Answer<'_, Vec<ListView>>;

    /// Quality of ended calls, newest first; those that wait for review oldest first.
    fn quality_calls(&self, _ask: QualityAsk) -> Answer<'_, Vec<QualityView>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// Quality of a call, with every figure.
    fn quality(&self, call: CallId) -> Answer<'_, QualityView> {
        Box::pin(async move { Err(ActionError::not_found(format!("quality of call {call}"))) })
    }

    /// Recordings, newest first.
    fn recordings(&self, _ask: RecordingAsk) -> Answer<'_, Vec<RecordingView>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// A recording.
    fn recording(&self, id: u64) -> Answer<'_, RecordingView> {
        Box::pin(async move { Err(ActionError::not_found(format!("recording {id}"))) })
    }

    /// A recording, open for listening. Each of these refuses in words of its own: one that is
    /// still being written, was deleted, has lost its file or its key.
    fn open_recording(&self, id: u64) -> Answer<'_, OpenRecording> {
        Box::pin(async move { Err(ActionError::not_found(format!("recording {id}"))) })
    }

    /// Dialogs whose SIP messages are remembered, latest first.
    fn traces(&self, _filter: TraceFilter) -> Answer<'_, Vec<TraceSummary>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// The SIP messages of a dialog, if they are remembered.
    fn trace(&self, _key: TraceKey, _view: TraceView) -> Answer<'_, CallTrace> {
        Box::pin(async { Err(no_messages()) })
    }

    /// The same as a capture file (pcapng).
    fn trace_file(&self, _key: TraceKey, _sight: Sight) -> Answer<'_, Vec<u8>> {
        Box::pin(async { Err(no_messages()) })
    }

    /// Every SIP message for that long, as a capture file in the making.
    fn capture(&self, _sight: Sight, _span: Duration) -> Answer<'_, CaptureStream> {
        Box::pin(async { Err(no_messages()) })
    }

    /// Keys an agent may press on the phone instead of using the page; shown as help there.
    fn keypad(&self) -> Vec<KeypadCode> {
        Vec::new()
    }

    /// Metrics beyond those read off the board (sockets, SIP, store, media).
    fn extra_metrics(&self) -> Vec<ExtraMetric> {
        Vec::new()
    }
}

fn no_messages() -> ActionError {
    ActionError::new(
        Problem::NotFound,
        "API-404",
        "this floor keeps no SIP messages",
        "ask the node that places the calls",
    )
}
