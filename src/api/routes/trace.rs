//! SIP messages of recent calls: listed, drawn, as capture files, live.

use crate::app::App;
use crate::error::{ApiError, ErrorBody};
use crate::extract::{Params, Part};
use crate::guard::Supervised;
use crate::port::{
    CallTrace, CaptureStream, NUMBER_DIGITS_MIN, Sight, TraceFilter, TraceKey, TraceSummary,
    TraceView, digits_of,
};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::IntoParams;

/// Media type of capture files (IANA has none for pcapng; this is what tools send).
const PCAPNG: &str = "application/x-pcapng";
/// Longest live capture, s: a day.
const SECONDS_MAX: u64 = 86_400;

/// How much may be seen.
fn sight(supervised: bool, numbers: bool, unmasked: bool) -> Result<Sight, ApiError> {
    match (numbers, unmasked) {
        (false, false) => Ok(Sight::Masked),
        _ if !supervised => Err(ApiError::token()),
        (_, true) => Ok(Sight::Whole),
        (true, false) => Ok(Sight::Numbers),
    }
}

/// Which dialogs.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TracesParams {
    /// From or to that number, at least its last 7 digits.
    number: Option<String>,
    /// Also registrations, OPTIONS and strangers.
    #[serde(default)]
    all: bool,
    /// At most so many, 1 to 1000; 20 if left out.
    limit: Option<u32>,
    /// Whole numbers; needs the token.
    #[serde(default)]
    numbers: bool,
}

/// Dialogs whose SIP messages are remembered, latest first.
#[utoipa::path(get, path = "/api/traces", tag = "packets", params(TracesParams),
    responses((status = 200, body = [TraceSummary]), (status = 401, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
pub(crate) async fn traces(
    State(app): State<Arc<App>>,
    Extension(Supervised(supervised)): Extension<Supervised>,
    Params(asked): Params<TracesParams>,
) -> Result<Json<Vec<TraceSummary>>, ApiError> {
    let limit = asked.limit.unwrap_or(20);
    if !(1..=1000).contains(&limit) {
        return Err(ApiError::invalid(
            "API-015",
            format!("limit {limit} is out of range"),
            "give 1 to 1000",
        ));
    }
    let number = asked.number.as_deref().map(digits_of);
    if number.as_ref().is_some_and(|n| n.len() < NUMBER_DIGITS_MIN) {
        return Err(ApiError::invalid(
            "API-016",
            "the number is too short",
            "write at least its last 7 digits",
        ));
    }
    let filter = TraceFilter {
        number,
        all: asked.all,
        limit,
        sight: sight(supervised, asked.numbers, false)?,
    };
    Ok(Json(app.floor.traces(filter).await?))
}

/// How a dialog is told.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TraceParams {
    /// With the text of each message.
    #[serde(default)]
    full: bool,
    /// Whole numbers; needs the token.
    #[serde(default)]
    numbers: bool,
    /// Keys pressed as well; needs the token and `[capture] unmasked`.
    #[serde(default)]
    unmasked: bool,
}

/// The SIP messages of a dialog: `42` (a call's id), `agent:NAME` (an agent's latest line),
/// `number:+12025550123` (the latest from or to it), or a SIP Call-ID (after `id:` where it
/// could be read as one of these).
#[utoipa::path(get, path = "/api/traces/{key}", tag = "packets",
    params(("key" = String, Path), TraceParams),
    responses((status = 200, body = CallTrace), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn trace(
    State(app): State<Arc<App>>,
    Extension(Supervised(supervised)): Extension<Supervised>,
    Part(key): Part<String>,
    Params(asked): Params<TraceParams>,
) -> Result<Json<CallTrace>, ApiError> {
    let key: TraceKey = key.parse()?;
    let view = TraceView {
        full: asked.full,
        sight: sight(supervised, asked.numbers, asked.unmasked)?,
    };
    Ok(Json(app.floor.trace(key, view).await?))
}

/// How much of a capture may be seen.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FileParams {
    /// Whole numbers; needs the token.
    #[serde(default)]
    numbers: bool,
    /// Keys pressed as well; needs the token and `[capture] unmasked`.
    #[serde(default)]
    unmasked: bool,
}

/// The SIP messages of a dialog as a capture file (pcapng) with made-up Ethernet, IP, UDP and
/// TCP headers around what really passed.
#[utoipa::path(get, path = "/api/traces/{key}/pcap", tag = "packets",
    params(("key" = String, Path), FileParams),
    responses((status = 200, body = Vec<u8>, content_type = "application/x-pcapng"),
        (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn trace_file(
    State(app): State<Arc<App>>,
    Extension(Supervised(supervised)): Extension<Supervised>,
    Part(key): Part<String>,
    Params(asked): Params<FileParams>,
) -> Result<Response, ApiError> {
    let sight = sight(supervised, asked.numbers, asked.unmasked)?;
    let file = app.floor.trace_file(key.parse()?, sight).await?;
    Ok(as_file(Body::from(file)))
}

/// How long and how much is captured.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CaptureParams {
    /// End after so many seconds, 1 to 86,400; 60 if left out.
    seconds: Option<u64>,
    /// Whole numbers.
    #[serde(default)]
    numbers: bool,
    /// Keys pressed as well; needs `[capture] unmasked`.
    #[serde(default)]
    unmasked: bool,
}

/// Every SIP message from now on, as a capture file (pcapng) that grows.
#[utoipa::path(get, path = "/api/capture", tag = "packets", params(CaptureParams),
    security(("token" = [])),
    responses((status = 200, body = Vec<u8>, content_type = "application/x-pcapng"),
        (status = 401, body = ErrorBody), (status = 422, body = ErrorBody),
        (status = 503, body = ErrorBody)))]
pub(crate) async fn capture(
    State(app): State<Arc<App>>,
    Params(asked): Params<CaptureParams>,
) -> Result<Response, ApiError> {
    let seconds = asked.seconds.unwrap_or(60);
    if !(1..=SECONDS_MAX).contains(&seconds) {
        return Err(ApiError::invalid(
            "API-015",
            format!("{seconds} s is out of range"),
            "give 1 to 86400",
        ));
    }
    // The route is for holders of the token alone.
    let sight = sight(true, asked.numbers, asked.unmasked)?;
    let span = Duration::from_secs(seconds);
    let pieces = app.floor.capture(sight, span).await?;
    let (to, body) = mpsc::channel(4);
    tokio::spawn(pump(app, pieces, to));
    Ok(as_file(Body::from_stream(ReceiverStream::new(body))))
}

type Piece = Result<Vec<u8>, Infallible>;

/// Passes pieces on until they end, the server closes or the reader goes.
async fn pump(app: Arc<App>, mut pieces: CaptureStream, to: mpsc::Sender<Piece>) {
    let mut closing = app.closing.clone();
    loop {
        let piece = tokio::select! {
            piece = pieces.recv() => piece,
            _ = closing.wait_for(|closed| *closed) => return,
            () = to.closed() => return,
        };
        let Some(piece) = piece else { return };
        if to.send(Ok(piece)).await.is_err() {
            return;
        }
    }
}

fn as_file(body: Body) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PCAPNG));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}
