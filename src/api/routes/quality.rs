//! Quality of calls, and reviews. What a reviewer noted is about people: holders of the
//! supervisor's token read it, others see that there is a review and its score.

use super::read::{instant, rows};
use crate::app::App;
use crate::error::{ApiError, ErrorBody};
use crate::extract::{Body, Params, Part};
use crate::guard::Supervised;
use crate::port::{Action, ActionReply, QualityAsk, QualityView, ReviewEntry};
use axum::extract::State;
use axum::{Extension, Json};
use carillon_decision::id::CallId;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

type Reply<T> = Result<Json<T>, ApiError>;

/// Longest name of a reviewer.
const REVIEWER_MAX: usize = 100;
/// Longest note.
const NOTE_MAX: usize = 2_000;

/// Which calls.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct QualityParams {
    /// Campaign name.
    campaign: Option<String>,
    /// Agent's login name.
    agent: Option<String>,
    /// Begun at or after, RFC 3339.
    since: Option<String>,
    /// Only calls with a problem.
    #[serde(default)]
    problems: bool,
    /// Only calls drawn for review that wait for it, oldest first.
    #[serde(default)]
    waiting: bool,
    /// Only calls with a smaller id.
    before: Option<u64>,
    /// At most so many, 1 to 1000; 100 if left out.
    limit: Option<u32>,
}

fn without_note(mut view: QualityView, supervised: bool) -> QualityView {
    if let Some(review) = view.review.as_mut().filter(|_| !supervised) {
        review.note = None;
    }
    view
}

/// Quality of ended calls, newest first: scores, problems, reviews.
#[utoipa::path(get, path = "/api/quality", tag = "past", params(QualityParams),
    responses((status = 200, body = [QualityView]), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(crate) async fn quality_calls(
    State(app): State<Arc<App>>,
    Extension(Supervised(supervised)): Extension<Supervised>,
    Params(asked): Params<QualityParams>,
) -> Reply<Vec<QualityView>> {
    let ask = QualityAsk {
        campaign: asked.campaign,
        agent: asked.agent,
        from: asked.since.as_deref().map(instant).transpose()?,
        problems: asked.problems,
        waiting: asked.waiting,
        before: asked.before.map(CallId),
        limit: rows(asked.limit)?,
    };
    let found = app.floor.quality_calls(ask).await?;
    let shown = found.into_iter().map(|view| without_note(view, supervised));
    Ok(Json(shown.collect()))
}

/// Quality of one call with every figure, and who spoke when.
#[utoipa::path(get, path = "/api/quality/{id}", tag = "past", params(("id" = u64, Path)),
    responses((status = 200, body = QualityView), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn quality(
    State(app): State<Arc<App>>,
    Extension(Supervised(supervised)): Extension<Supervised>,
    Part(id): Part<u64>,
) -> Reply<QualityView> {
    let view = app.floor.quality(CallId(id)).await?;
    Ok(Json(without_note(view, supervised)))
}

/// A reviewer's judgement.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReviewRequest {
    /// Who listened, at most 100 characters.
    reviewer: String,
    /// 0 to 100.
    score: u8,
    /// In words, at most 2,000 characters.
    #[serde(default)]
    note: String,
}

/// Enter a review of a call; it replaces an earlier one.
#[utoipa::path(post, path = "/api/quality/{id}/review", tag = "supervisor",
    params(("id" = u64, Path)), request_body = ReviewRequest, security(("token" = [])),
    responses((status = 200, body = ActionReply), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(crate) async fn review(
    State(app): State<Arc<App>>,
    Part(id): Part<u64>,
    Body(request): Body<ReviewRequest>,
) -> Reply<ActionReply> {
    let reviewer = request.reviewer.trim().to_owned();
    let invalid = |what: &str, remedy: &str| Err(ApiError::invalid("API-015", what, remedy));
    if reviewer.is_empty() || reviewer.chars().count() > REVIEWER_MAX {
        return invalid(
            "a review needs its reviewer's name",
            "give 1 to 100 characters",
        );
    }
    if request.score > 100 {
        return invalid("the score is out of range", "give 0 to 100");
    }
    if request.note.chars().count() > NOTE_MAX {
        return invalid("the note is too long", "give at most 2,000 characters");
    }
    let entry = ReviewEntry {
        call: CallId(id),
        reviewer,
        score: request.score,
        note: request.note,
    };
    let reply = app.floor.act(Action::Review(entry)).await?;
    tracing::info!(call = id, "review entered");
    Ok(Json(reply))
}
