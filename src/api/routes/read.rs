//! Questions.

use crate::app::App;
use crate::error::{ApiError, ErrorBody};
use crate::extract::{Params, Part};
use crate::guard::Supervised;
use crate::port::{
    CallFilter, DecisionFilter, Explanation, ListView, Report, ReportRange, Subject,
};
use crate::stream;
use crate::view::{BoardView, CallBoard, DecisionBoard, LeadBoard, Names, mask_messages};
use axum::extract::State;
use axum::response::Response;
use axum::{Extension, Json};
use carillon_decision::call::Outcome;
use carillon_decision::id::{CallId, DecisionId, LeadId};
use carillon_decision::time::Wall;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;

type Reply<T> = Result<Json<T>, ApiError>;

/// Rows of one answer.
const ROWS_MAX: u32 = 1000;
const ROWS: u32 = 100;

pub(super) fn rows(asked: Option<u32>) -> Result<u32, ApiError> {
    match asked.unwrap_or(ROWS) {
        n @ 1..=ROWS_MAX => Ok(n),
        n => Err(ApiError::invalid(
            "API-015",
            format!("limit {n} is out of range"),
            "give 1 to 1000",
        )),
    }
}

fn names(app: &App) -> Names {
    Names::of(&app.floor.status().borrow().floor)
}

/// The board now, calls in progress included.
#[utoipa::path(get, path = "/api/status", tag = "floor",
    responses((status = 200, body = BoardView), (status = 401, body = ErrorBody)))]
pub(crate) async fn status(State(app): State<Arc<App>>) -> Json<BoardView> {
    let status = Arc::clone(&app.floor.status().borrow());
    Json(BoardView::of(&status))
}

/// The board as an event stream: `history` (ten minutes of samples) once, `status` on change
/// and at most four times a second, `beat` with the floor's clock every 5 s.
#[utoipa::path(get, path = "/api/events", tag = "floor",
    responses((status = 200, body = String, content_type = "text/event-stream"),
        (status = 401, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub(crate) async fn events(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    stream::board(app)
}

/// Which calls.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CallParams {
    /// Campaign name.
    campaign: Option<String>,
    /// Lead id.
    lead: Option<u64>,
    /// Agent's login name.
    agent: Option<String>,
    /// Stable outcome name, such as `no_answer`.
    outcome: Option<String>,
    /// Only calls with a smaller id.
    before: Option<u64>,
    /// At most so many, 1 to 1000; 100 if left out.
    limit: Option<u32>,
}

/// Ended calls, newest first.
#[utoipa::path(get, path = "/api/calls", tag = "past", params(CallParams),
    responses((status = 200, body = [CallBoard]), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(crate) async fn calls(
    State(app): State<Arc<App>>,
    Params(asked): Params<CallParams>,
) -> Reply<Vec<CallBoard>> {
    let outcome = match asked.outcome.as_deref() {
        None => None,
        Some(name) => Some(Outcome::from_name(name).ok_or_else(|| unknown_outcome(name))?),
    };
    let filter = CallFilter {
        campaign: asked.campaign,
        lead: asked.lead.map(LeadId),
        agent: asked.agent,
        outcome,
        before: asked.before.map(CallId),
        limit: rows(asked.limit)?,
    };
    let records = app.floor.calls(filter).await?;
    let names = names(&app);
    Ok(Json(
        records.iter().map(|r| CallBoard::of(r, &names)).collect(),
    ))
}

fn unknown_outcome(name: &str) -> ApiError {
    let known: Vec<&str> = Outcome::ALL.iter().map(|o| o.name()).collect();
    ApiError::invalid(
        "API-015",
        format!("there is no outcome `{name}`"),
        format!("use one of {}", known.join(", ")),
    )
}

/// What happened to a call. Numbers in its SIP messages are whole for holders of the token only.
#[utoipa::path(get, path = "/api/calls/{id}/explain", tag = "past", params(("id" = u64, Path)),
    responses((status = 200, body = Explanation), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn explain_call(
    State(app): State<Arc<App>>,
    Extension(Supervised(supervised)): Extension<Supervised>,
    Part(id): Part<u64>,
) -> Reply<Explanation> {
    let mut told = app.floor.explain(Subject::Call(CallId(id))).await?;
    if !supervised {
        mask_messages(&mut told);
    }
    Ok(Json(told))
}

/// A lead, its numbers masked.
#[utoipa::path(get, path = "/api/leads/{id}", tag = "past", params(("id" = u64, Path)),
    responses((status = 200, body = LeadBoard), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn lead(State(app): State<Arc<App>>, Part(id): Part<u64>) -> Reply<LeadBoard> {
    Ok(Json(app.floor.lead(LeadId(id)).await?.into()))
}

/// Why a lead is, or is not, dialed now: each rule, zone and its source, next allowed time.
#[utoipa::path(get, path = "/api/leads/{id}/explain", tag = "past", params(("id" = u64, Path)),
    responses((status = 200, body = Explanation), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn explain_lead(
    State(app): State<Arc<App>>,
    Part(id): Part<u64>,
) -> Reply<Explanation> {
    Ok(Json(app.floor.explain(Subject::Lead(LeadId(id))).await?))
}

/// Which decisions.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DecisionParams {
    /// Campaign name.
    campaign: Option<String>,
    /// At most so many, 1 to 1000; 100 if left out.
    limit: Option<u32>,
}

/// Pacing decisions, newest first.
#[utoipa::path(get, path = "/api/decisions", tag = "past", params(DecisionParams),
    responses((status = 200, body = [DecisionBoard]), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(crate) async fn decisions(
    State(app): State<Arc<App>>,
    Params(asked): Params<DecisionParams>,
) -> Reply<Vec<DecisionBoard>> {
    let filter = DecisionFilter {
        campaign: asked.campaign,
        limit: rows(asked.limit)?,
    };
    let decisions = app.floor.decisions(filter).await?;
    let names = names(&app);
    let views = decisions
        .iter()
        .map(|d| DecisionBoard::of(d, names.campaign(d.campaign)));
    Ok(Json(views.collect()))
}

/// One pacing decision with every number it rests on.
#[utoipa::path(get, path = "/api/decisions/{id}", tag = "past", params(("id" = u64, Path)),
    responses((status = 200, body = DecisionBoard), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn decision(
    State(app): State<Arc<App>>,
    Part(id): Part<u64>,
) -> Reply<DecisionBoard> {
    let decision = app.floor.decision(DecisionId(id)).await?;
    Ok(Json(DecisionBoard::of(
        &decision,
        names(&app).campaign(decision.campaign),
    )))
}

/// Why so many lines were dialed, in words.
#[utoipa::path(get, path = "/api/decisions/{id}/explain", tag = "past", params(("id" = u64, Path)),
    responses((status = 200, body = Explanation), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn explain_decision(
    State(app): State<Arc<App>>,
    Part(id): Part<u64>,
) -> Reply<Explanation> {
    Ok(Json(
        app.floor.explain(Subject::Decision(DecisionId(id))).await?,
    ))
}

/// Which stretch of time.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReportParams {
    /// First instant, RFC 3339; the start of the day if left out.
    from: Option<String>,
    /// First instant no longer counted, RFC 3339; now if left out.
    to: Option<String>,
    /// Campaign name.
    campaign: Option<String>,
}

/// Reads an instant such as `2026-11-21T09:00:00Z`.
pub(super) fn instant(text: &str) -> Result<Wall, ApiError> {
    let parsed: Result<jiff::Timestamp, _> = text.parse();
    parsed.map(|t| Wall(t.as_millisecond())).map_err(|e| {
        ApiError::invalid(
            "API-015",
            format!("`{text}` is no instant: {e}"),
            "write RFC 3339 with an offset, such as 2026-11-21T09:00:00Z",
        )
    })
}

/// Figures of a stretch of time.
#[utoipa::path(get, path = "/api/report", tag = "past", params(ReportParams),
    responses((status = 200, body = Report), (status = 401, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
pub(crate) async fn report(
    State(app): State<Arc<App>>,
    Params(asked): Params<ReportParams>,
) -> Reply<Report> {
    let range = ReportRange {
        from: asked.from.as_deref().map(instant).transpose()?,
        to: asked.to.as_deref().map(instant).transpose()?,
        campaign: asked.campaign,
    };
    if let (Some(from), Some(to)) = (range.from, range.to)
        && to <= from
    {
        let remedy = "give a `to` later than `from`";
        return Err(ApiError::invalid(
            "API-015",
            "the report would cover no time",
            remedy,
        ));
    }
    Ok(Json(app.floor.report(range).await?))
}

/// Whose lists.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParams {
    /// Campaign name.
    campaign: Option<String>,
}

/// Lead lists.
#[utoipa::path(get, path = "/api/lists", tag = "past", params(ListParams),
    responses((status = 200, body = [ListView]), (status = 401, body = ErrorBody)))]
pub(crate) async fn lists(
    State(app): State<Arc<App>>,
    Params(asked): Params<ListParams>,
) -> Reply<Vec<ListView>> {
    Ok(Json(app.floor.lists(asked.campaign).await?))
}
