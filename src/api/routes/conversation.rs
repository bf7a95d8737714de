//! Conversations: what the agent in one may do with it, and what supervisors may.

use crate::app::App;
use crate::error::{ApiError, ErrorBody};
use crate::extract::{Body, Part};
use crate::guard::Session;
use crate::port::{Action, ActionReply, ConversationOrder, RecordCall, Supervision, TransferName};
use axum::extract::State;
use axum::{Extension, Json};
use carillon_decision::conversation::{ConsultStep, SuperviseMode};
use carillon_decision::id::CallId;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

type Reply = Result<Json<ActionReply>, ApiError>;

async fn order(app: &App, session: Session, order: ConversationOrder) -> Reply {
    let name = session.name;
    let action = Action::Conversation { name, order };
    Ok(Json(app.floor.act(action).await?))
}

/// Whether the customer is parked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HoldRequest {
    /// Park the customer; false takes them back.
    on: bool,
}

/// Park the customer with music, or take them back.
#[utoipa::path(post, path = "/api/agent/hold", tag = "agent", request_body = HoldRequest,
    security(("agent" = [])),
    responses((status = 200, body = ActionReply), (status = 401, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub(crate) async fn hold(
    State(app): State<Arc<App>>,
    Extension(session): Extension<Session>,
    Body(request): Body<HoldRequest>,
) -> Reply {
    order(&app, session, ConversationOrder::Hold { on: request.on }).await
}

/// Park the customer of an agent's conversation with music, or take them back.
#[utoipa::path(post, path = "/api/agents/{name}/hold", tag = "supervisor",
    params(("name" = String, Path)), request_body = HoldRequest, security(("token" = [])),
    responses((status = 200, body = ActionReply), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn hold_for(
    State(app): State<Arc<App>>,
    Part(name): Part<String>,
    Body(request): Body<HoldRequest>,
) -> Reply {
    let order = ConversationOrder::Hold { on: request.on };
    let action = Action::Conversation {
        name: name.clone(),
        order,
    };
    let reply = app.floor.act(action).await?;
    tracing::info!(agent = name, done = %reply.message, "supervisor's change");
    Ok(Json(reply))
}

/// Where to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TransferRequest {
    /// An agent, a campaign's queue, or a destination of the campaign, by name.
    to: TransferName,
    /// Talk to them first; the customer hears music.
    #[serde(default)]
    attended: bool,
}

/// Pass the customer on, or call somebody in to talk to first.
#[utoipa::path(post, path = "/api/agent/transfer", tag = "agent", request_body = TransferRequest,
    security(("agent" = [])),
    responses((status = 200, body = ActionReply), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn transfer(
    State(app): State<Arc<App>>,
    Extension(session): Extension<Session>,
    Body(request): Body<TransferRequest>,
) -> Reply {
    let TransferRequest { to, attended } = request;
    let transfer = ConversationOrder::Transfer { to, attended };
    order(&app, session, transfer).await
}

/// What becomes of the consultation.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ConsultWord {
    /// The customer is passed on; the agent is free.
    Complete,
    /// All three hear each other.
    Join,
    /// The one asked is let go; back to the customer.
    Cancel,
}

/// The step.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConsultRequest {
    /// What to do.
    step: ConsultWord,
}

/// End a consultation: pass the customer on, join all three, or come back.
#[utoipa::path(post, path = "/api/agent/consult", tag = "agent", request_body = ConsultRequest,
    security(("agent" = [])),
    responses((status = 200, body = ActionReply), (status = 401, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub(crate) async fn consult(
    State(app): State<Arc<App>>,
    Extension(session): Extension<Session>,
    Body(request): Body<ConsultRequest>,
) -> Reply {
    let step = match request.step {
        ConsultWord::Complete => ConsultStep::Complete,
        ConsultWord::Join => ConsultStep::Join,
        ConsultWord::Cancel => ConsultStep::Cancel,
    };
    order(&app, session, ConversationOrder::Consult(step)).await
}

/// Leave the campaign's message on the machine on the line; the agent is free.
#[utoipa::path(post, path = "/api/agent/drop-message", tag = "agent", security(("agent" = [])),
    responses((status = 200, body = ActionReply), (status = 401, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub(crate) async fn drop_message(
    State(app): State<Arc<App>>,
    Extension(session): Extension<Session>,
) -> Reply {
    order(&app, session, ConversationOrder::DropMessage).await
}

/// Whether sound is left out.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PauseRequest {
    /// Leave sound out from now on; false goes on.
    pause: bool,
}

/// Pause the recording of one's conversation (card data), or go on.
#[utoipa::path(post, path = "/api/agent/recording", tag = "agent", request_body = PauseRequest,
    security(("agent" = [])),
    responses((status = 200, body = ActionReply), (status = 401, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub(crate) async fn pause_recording(
    State(app): State<Arc<App>>,
    Extension(session): Extension<Session>,
    Body(request): Body<PauseRequest>,
) -> Reply {
    let pause = request.pause;
    order(&app, session, ConversationOrder::Recording { pause }).await
}

/// How a supervisor takes part.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SuperviseWord {
    /// Hears both, is heard by nobody.
    Listen,
    /// Is heard by the agent alone.
    Whisper,
    /// Is heard by all.
    Barge,
    /// No longer.
    Off,
}

/// Who takes part, and how.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SuperviseRequest {
    /// Login name of the supervisor, whose phone is used.
    supervisor: String,
    /// How.
    mode: SuperviseWord,
}

/// Listen to an agent's calls, whisper to the agent, or join; from the supervisor's own phone.
#[utoipa::path(post, path = "/api/agents/{name}/supervise", tag = "supervisor",
    params(("name" = String, Path)), request_body = SuperviseRequest, security(("token" = [])),
    responses((status = 200, body = ActionReply), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn supervise(
    State(app): State<Arc<App>>,
    Part(agent): Part<String>,
    Body(request): Body<SuperviseRequest>,
) -> Reply {
    let mode = match request.mode {
        SuperviseWord::Listen => Some(SuperviseMode::Listen),
        SuperviseWord::Whisper => Some(SuperviseMode::Whisper),
        SuperviseWord::Barge => Some(SuperviseMode::Barge),
        SuperviseWord::Off => None,
    };
    let supervisor = request.supervisor;
    let action = Action::Supervise(Supervision {
        supervisor,
        agent,
        mode,
    });
    let reply = app.floor.act(action).await?;
    tracing::info!(done = %reply.message, "supervision");
    Ok(Json(reply))
}

/// Whether to record.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordRequest {
    /// Record; false ends the recording.
    on: bool,
}

/// Have a conversation recorded, or its recording ended.
#[utoipa::path(post, path = "/api/calls/{id}/recording", tag = "supervisor",
    params(("id" = u64, Path)), request_body = RecordRequest, security(("token" = [])),
    responses((status = 200, body = ActionReply), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn record_call(
    State(app): State<Arc<App>>,
    Part(id): Part<u64>,
    Body(request): Body<RecordRequest>,
) -> Reply {
    let order = RecordCall {
        call: CallId(id),
        on: request.on,
    };
    let reply = app.floor.act(Action::Record(order)).await?;
    tracing::info!(done = %reply.message, "supervisor's change");
    Ok(Json(reply))
}
