//! A supervisor's changes. Each needs the token; each is logged.

use super::tuning::CampaignRequest;
use crate::app::App;
use crate::error::{ApiError, ErrorBody};
use crate::extract::{Body, Part};
use crate::port::{Action, ActionReply, AgentAction};
use axum::Json;
use axum::extract::State;
use carillon_decision::number::{E164, NotE164};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

type Reply = Result<Json<ActionReply>, ApiError>;

async fn act(app: &App, action: Action) -> Reply {
    let reply = app.floor.act(action).await?;
    tracing::info!(done = %reply.message, "supervisor's change");
    Ok(Json(reply))
}

/// Turn a campaign's dials.
#[utoipa::path(post, path = "/api/campaigns/{name}", tag = "supervisor",
    params(("name" = String, Path)), request_body = CampaignRequest, security(("token" = [])),
    responses((status = 200, body = ActionReply), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(crate) async fn campaign(
    State(app): State<Arc<App>>,
    Part(name): Part<String>,
    Body(request): Body<CampaignRequest>,
) -> Reply {
    let dials = request.dials()?;
    act(&app, Action::Campaign { name, dials }).await
}

/// Whether leads are taken from a list.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListRequest {
    /// Take leads from it.
    active: bool,
}

/// Take leads from a list, or stop taking them.
#[utoipa::path(post, path = "/api/lists/{id}", tag = "supervisor",
    params(("id" = String, Path)), request_body = ListRequest, security(("token" = [])),
    responses((status = 200, body = ActionReply), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Part(id): Part<String>,
    Body(request): Body<ListRequest>,
) -> Reply {
    act(
        &app,
        Action::List {
            id,
            active: request.active,
        },
    )
    .await
}

/// What an agent is to do.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgentRequest {
    /// What to do.
    action: AgentAction,
}

/// Change what an agent is doing.
#[utoipa::path(post, path = "/api/agents/{name}", tag = "supervisor",
    params(("name" = String, Path)), request_body = AgentRequest, security(("token" = [])),
    responses((status = 200, body = ActionReply), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn agent(
    State(app): State<Arc<App>>,
    Part(name): Part<String>,
    Body(request): Body<AgentRequest>,
) -> Reply {
    act(
        &app,
        Action::Agent {
            name,
            action: request.action,
            by_supervisor: true,
        },
    )
    .await
}

/// Whom to call for a test.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrunkTestRequest {
    /// E.164 with `+`.
    number: String,
}

/// Place one real test call and report its signalling. `passed` says whether the trunk works; a
/// test that did not pass is a 200 all the same.
#[utoipa::path(post, path = "/api/trunks/{name}/test", tag = "supervisor",
    params(("name" = String, Path)), request_body = TrunkTestRequest, security(("token" = [])),
    responses((status = 200, body = ActionReply), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(crate) async fn trunk_test(
    State(app): State<Arc<App>>,
    Part(name): Part<String>,
    Body(request): Body<TrunkTestRequest>,
) -> Reply {
    let number: E164 = request.number.parse().map_err(|e: NotE164| {
        ApiError::invalid(
            "API-015",
            e.to_string(),
            "give the number in international form",
        )
    })?;
    act(&app, Action::TrunkTest { name, number }).await
}

/// Whether to drain.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DrainRequest {
    /// Drain, or resume.
    on: bool,
}

/// Stop dialing everywhere and let conversations end, or resume.
#[utoipa::path(post, path = "/api/drain", tag = "supervisor",
    request_body = DrainRequest, security(("token" = [])),
    responses((status = 200, body = ActionReply), (status = 401, body = ErrorBody)))]
pub(crate) async fn drain(State(app): State<Arc<App>>, Body(request): Body<DrainRequest>) -> Reply {
    act(&app, Action::Drain { on: request.on }).await
}

/// How to stop.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StopRequest {
    /// Hang up every call and end at once, instead of after draining.
    #[serde(default)]
    now: bool,
}

/// End the program, after draining or at once.
#[utoipa::path(post, path = "/api/stop", tag = "supervisor",
    request_body = StopRequest, security(("token" = [])),
    responses((status = 200, body = ActionReply), (status = 401, body = ErrorBody)))]
pub(crate) async fn stop(State(app): State<Arc<App>>, Body(request): Body<StopRequest>) -> Reply {
    act(&app, Action::Stop { now: request.now }).await
}
