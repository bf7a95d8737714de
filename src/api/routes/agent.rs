//! An agent's own session.

use super::read::instant;
use crate::app::App;
use crate::error::{ApiError, ErrorBody};
use crate::extract::Body;
use crate::guard::{COOKIE, Guess, LIFETIME, Session, Source};
use crate::port::{Action, ActionReply, AgentAction, DispositionEntry, NoteEntry, Problem};
use crate::stream;
use crate::view::AgentMe;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use carillon_decision::agent::AgentState;
use carillon_decision::id::{AgentId, CallId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Longest note, characters.
const NOTE_MAX: usize = 2000;

type Reply = Result<Json<ActionReply>, ApiError>;

/// Name and PIN.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignInRequest {
    /// Login name.
    name: String,
    /// PIN.
    pin: String,
}

/// Who signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct SignInReply {
    /// Agent id.
    id: u32,
    /// Login name.
    name: String,
}

/// Sign in with name and PIN; the answer sets the session's cookie. An agent who is logged out
/// is logged in on the floor: the phone is called.
#[utoipa::path(post, path = "/api/agent/session", tag = "agent", request_body = SignInRequest,
    responses((status = 200, body = SignInReply), (status = 401, body = ErrorBody),
        (status = 429, body = ErrorBody)))]
pub(crate) async fn sign_in(
    State(app): State<Arc<App>>,
    Extension(source): Extension<Source>,
    Body(request): Body<SignInRequest>,
) -> Result<Response, ApiError> {
    let now = app.now().mono;
    // Asked before the PIN is looked at: one of four digits would be found if the right one
    // passed a limit that holds wrong ones.
    let guesses = Guess::pin(source, &request.name);
    for guess in &guesses {
        app.limiter()
            .check(guess, now)
            .map_err(ApiError::too_many)?;
    }
    let agent = match app.floor.sign_in(&request.name, &request.pin).await {
        Ok(agent) => agent,
        Err(error) => {
            if error.problem == Problem::Credentials {
                tracing::warn!(%source, "wrong name or PIN of an agent");
                for guess in guesses {
                    app.limiter().failed(guess, now);
                }
            }
            return Err(error.into());
        }
    };
    if is_logged_out(&app, agent) {
        agent_act(&app, &request.name, AgentAction::Login).await?;
    }
    let token = app
        .sessions()
        .open(agent, &request.name, (app.config.entropy)(), now);
    let reply = SignInReply {
        id: agent.0,
        name: request.name,
    };
    Ok(with_cookie(
        Json(reply).into_response(),
        &cookie(&app, &token, LIFETIME.as_secs()),
    ))
}

fn is_logged_out(app: &App, agent: AgentId) -> bool {
    let receiver = app.floor.status();
    let status = receiver.borrow();
    let found = status.floor.agents.iter().find(|a| a.id == agent);
    found.is_none_or(|a| a.state == AgentState::LoggedOut)
}

/// Scripts cannot read it, other sites' requests do not carry it, only agents' routes get it.
fn cookie(app: &App, token: &str, age_s: u64) -> String {
    let secure = if app.config.https { "; Secure" } else { "" };
    format!("{COOKIE}={token}; Path=/api/agent; Max-Age={age_s}; HttpOnly; SameSite=Strict{secure}")
}

fn with_cookie(mut response: Response, cookie: &str) -> Response {
    let value = HeaderValue::from_str(cookie).expect("hexadecimal token and fixed text");
    response.headers_mut().insert(header::SET_COOKIE, value);
    response
}

async fn agent_act(app: &App, name: &str, action: AgentAction) -> Result<ActionReply, ApiError> {
    let action = Action::Agent {
        name: name.to_owned(),
        action,
        by_supervisor: false,
    };
    Ok(app.floor.act(action).await?)
}

/// The agent's state and the card of the call they are in.
#[utoipa::path(get, path = "/api/agent/me", tag = "agent", security(("agent" = [])),
    responses((status = 200, body = AgentMe), (status = 401, body = ErrorBody)))]
pub(crate) async fn me(
    State(app): State<Arc<App>>,
    Extension(session): Extension<Session>,
) -> Result<Json<AgentMe>, ApiError> {
    stream::me(&app, session.agent).await.map(Json)
}

/// The same as an event stream: `me` on change, `beat` every 5 s, `ended` with the session.
#[utoipa::path(get, path = "/api/agent/events", tag = "agent", security(("agent" = [])),
    responses((status = 200, body = String, content_type = "text/event-stream"),
        (status = 401, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub(crate) async fn agent_events(
    State(app): State<Arc<App>>,
    Extension(session): Extension<Session>,
) -> Result<Response, ApiError> {
    stream::agent(app, session)
}

/// Take calls. Ends wrap-up.
#[utoipa::path(post, path = "/api/agent/ready", tag = "agent", security(("agent" = [])),
    responses((status = 200, body = ActionReply), (status = 401, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub(crate) async fn ready(
    State(app): State<Arc<App>>,
    Extension(session): Extension<Session>,
) -> Reply {
    agent_act(&app, &session.name, AgentAction::Ready)
        .await
        .map(Json)
}

/// Take no further calls; a call in progress goes on.
#[utoipa::path(post, path = "/api/agent/break", tag = "agent", security(("agent" = [])),
    responses((status = 200, body = ActionReply), (status = 401, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub(crate) async fn take_break(
    State(app): State<Arc<App>>,
    Extension(session): Extension<Session>,
) -> Reply {
    agent_act(&app, &session.name, AgentAction::Break)
        .await
        .map(Json)
}

/// Leave; a call in progress goes on. Ends the session.
#[utoipa::path(post, path = "/api/agent/logout", tag = "agent", security(("agent" = [])),
    responses((status = 200, body = ActionReply), (status = 401, body = ErrorBody)))]
pub(crate) async fn logout(
    State(app): State<Arc<App>>,
    Extension(session): Extension<Session>,
) -> Result<Response, ApiError> {
    let reply = agent_act(&app, &session.name, AgentAction::Logout).await?;
    app.sessions().close(session.agent);
    Ok(with_cookie(
        Json(reply).into_response(),
        &cookie(&app, "", 0),
    ))
}

/// Hang up the customer.
#[utoipa::path(post, path = "/api/agent/hangup", tag = "agent", security(("agent" = [])),
    responses((status = 200, body = ActionReply), (status = 401, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub(crate) async fn hangup(
    State(app): State<Arc<App>>,
    Extension(session): Extension<Session>,
) -> Reply {
    agent_act(&app, &session.name, AgentAction::Hangup)
        .await
        .map(Json)
}

fn short_enough(note: &str) -> Result<(), ApiError> {
    if note.chars().count() <= NOTE_MAX {
        return Ok(());
    }
    let remedy = "keep it under 2000 characters";
    Err(ApiError::invalid("API-015", "the note is too long", remedy))
}

/// What the agent noted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoteRequest {
    /// The call the agent is in or wraps up.
    call: u64,
    /// Free text, at most 2000 characters.
    note: String,
}

/// Keep a note of the call before anything is said of how it went: pages send it while the agent
/// types, so that nothing is lost when wrap-up ends by its limit.
#[utoipa::path(post, path = "/api/agent/note", tag = "agent", request_body = NoteRequest,
    security(("agent" = [])),
    responses((status = 200, body = ActionReply), (status = 401, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(crate) async fn note(
    State(app): State<Arc<App>>,
    Extension(session): Extension<Session>,
    Body(request): Body<NoteRequest>,
) -> Reply {
    short_enough(&request.note)?;
    let entry = NoteEntry {
        agent: session.agent,
        call: CallId(request.call),
        text: request.note,
    };
    Ok(Json(app.floor.act(Action::Note(entry)).await?))
}

/// How a call went.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DispositionRequest {
    /// The call the agent is in or wraps up.
    call: u64,
    /// One of the campaign's codes.
    code: String,
    /// Promised time to call back, RFC 3339.
    callback: Option<String>,
    /// Free text, at most 2000 characters.
    note: Option<String>,
    /// Ready for the next call at once.
    #[serde(default)]
    ready: bool,
}

/// Say how the call went.
#[utoipa::path(post, path = "/api/agent/disposition", tag = "agent",
    request_body = DispositionRequest, security(("agent" = [])),
    responses((status = 200, body = ActionReply), (status = 401, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(crate) async fn disposition(
    State(app): State<Arc<App>>,
    Extension(session): Extension<Session>,
    Body(request): Body<DispositionRequest>,
) -> Reply {
    let note = request.note.filter(|n| !n.trim().is_empty());
    note.as_deref().map_or(Ok(()), short_enough)?;
    let callback = request.callback.as_deref().map(instant).transpose()?;
    if callback.is_some_and(|at| at <= app.now().wall) {
        let remedy = "choose a time in the future";
        return Err(ApiError::invalid(
            "API-015",
            "the promised time has passed",
            remedy,
        ));
    }
    let entry = DispositionEntry {
        agent: session.agent,
        call: CallId(request.call),
        code: request.code,
        callback,
        note,
        ready: request.ready,
    };
    Ok(Json(app.floor.act(Action::Disposition(entry)).await?))
}
