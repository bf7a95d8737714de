//! Recordings: listed, and listened to. All of it is for holders of the supervisor's token; who
//! listened to what, from where, is in the log.

use super::read::{instant, rows};
use crate::app::App;
use crate::error::{ApiError, ErrorBody};
use crate::extract::{Params, Part};
use crate::guard::{PASS_COOKIE, PASS_FOR, Source};
use crate::port::{
    ActionError, OpenRecording, Problem, RecordingAsk, RecordingPhase, RecordingView,
};
use crate::range::{Wanted, wanted};
use crate::stream::{closed, place};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use carillon_decision::id::{CallId, LeadId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::{IntoParams, ToSchema};

/// Octets read and sent at once: two seconds of linear stereo.
const PIECE: usize = 64 * 1024;

/// Which recordings.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RecordingParams {
    /// Campaign name.
    campaign: Option<String>,
    /// Login name of the agent it began with.
    agent: Option<String>,
    /// Call id.
    call: Option<u64>,
    /// Lead id.
    lead: Option<u64>,
    /// The number that was called, or called in, such as +12025550123; `+` is written `%2B` in
    /// an address. Known once the call has ended.
    number: Option<String>,
    /// Where it stands.
    state: Option<RecordingPhase>,
    /// Begun at or after, RFC 3339.
    since: Option<String>,
    /// Begun before, RFC 3339.
    until: Option<String>,
    /// Only recordings with a smaller id: the last id of a page fetches the next one.
    before: Option<u64>,
    /// At most so many, 1 to 1000; 100 if left out.
    limit: Option<u32>,
}

/// Recordings, newest first.
#[utoipa::path(get, path = "/api/recordings", tag = "recordings", params(RecordingParams),
    security(("token" = [])),
    responses((status = 200, body = [RecordingView]), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
pub(crate) async fn recordings(
    State(app): State<Arc<App>>,
    Params(asked): Params<RecordingParams>,
) -> Result<Json<Vec<RecordingView>>, ApiError> {
    let number = asked.number.as_deref().map(|text| {
        text.parse().map_err(|error| {
            let remedy = "write it with + and its country code, the + as %2B";
            ApiError::invalid("API-016", format!("{error}"), remedy)
        })
    });
    let ask = RecordingAsk {
        campaign: asked.campaign,
        agent: asked.agent,
        call: asked.call.map(CallId),
        lead: asked.lead.map(LeadId),
        number: number.transpose()?,
        state: asked.state,
        from: asked.since.as_deref().map(instant).transpose()?,
        to: asked.until.as_deref().map(instant).transpose()?,
        before: asked.before,
        limit: rows(asked.limit)?,
    };
    Ok(Json(app.floor.recordings(ask).await?))
}

/// One recording.
#[utoipa::path(get, path = "/api/recordings/{id}", tag = "recordings", params(("id" = u64, Path)),
    security(("token" = [])),
    responses((status = 200, body = RecordingView), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn recording(
    State(app): State<Arc<App>>,
    Part(id): Part<u64>,
) -> Result<Json<RecordingView>, ApiError> {
    Ok(Json(app.floor.recording(id).await?))
}

/// Where to listen, and for how long.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ListenReply {
    /// What is heard.
    recording: RecordingView,
    /// Path of the audio.
    audio: String,
    /// The cookie opens it for so many seconds.
    for_s: u64,
}

/// Let this browser's player hear a recording: the answer sets a cookie which opens that audio
/// alone, for an hour. Who holds the token needs no cookie.
#[utoipa::path(post, path = "/api/recordings/{id}/listen", tag = "recordings",
    params(("id" = u64, Path)), security(("token" = [])),
    responses((status = 200, body = ListenReply), (status = 401, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 410, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub(crate) async fn listen(
    State(app): State<Arc<App>>,
    Extension(source): Extension<Source>,
    Part(id): Part<u64>,
) -> Result<Response, ApiError> {
    // A player tells nobody why it plays nothing: what cannot be heard is refused here.
    let open = app.floor.open_recording(id).await?;
    let token = app
        .passes()
        .open(id, (app.config.entropy)(), app.now().mono);
    tracing::info!(recording = id, call = open.view.call, %source, "a pass to listen was given");
    let (audio, for_s) = (format!("/api/recordings/{id}/audio"), PASS_FOR.as_secs());
    let cookie = format!(
        "{PASS_COOKIE}={token}; Path={audio}; Max-Age={for_s}; HttpOnly; SameSite=Strict{}",
        if app.config.https { "; Secure" } else { "" }
    );
    let recording = open.view;
    let mut response = Json(ListenReply {
        recording,
        audio,
        for_s,
    })
    .into_response();
    let cookie = HeaderValue::from_str(&cookie).expect("hexadecimal and fixed text");
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

/// A recording's audio, unsealed: WAV, FLAC or Ogg Opus, as it is kept. Single ranges
/// (`Range`, `If-Range`) and HEAD are answered.
#[utoipa::path(get, path = "/api/recordings/{id}/audio", tag = "recordings",
    params(("id" = u64, Path)), security(("token" = []), ("listen" = [])),
    responses(
        (status = 200, content((Vec<u8> = "audio/wav"), (Vec<u8> = "audio/flac"), (Vec<u8> = "audio/ogg"))),
        (status = 206, content((Vec<u8> = "audio/wav"), (Vec<u8> = "audio/flac"), (Vec<u8> = "audio/ogg"))),
        (status = 401, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 410, body = ErrorBody),
        (status = 416, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub(crate) async fn audio(
    State(app): State<Arc<App>>,
    Extension(source): Extension<Source>,
    Part(id): Part<u64>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let open = app.floor.open_recording(id).await?;
    let tag = etag(&open.view);
    let text = |name| {
        headers
            .get(name)
            .and_then(|v: &HeaderValue| v.to_str().ok())
    };
    // Another file than the one a part is there of: all of it anew (§13.1.5).
    let same = text(header::IF_RANGE).is_none_or(|known| Some(known) == tag.as_deref());
    let range = text(header::RANGE).filter(|_| same && method == Method::GET);
    let octets = open.octets;
    let (first, end, part) = match wanted(range, octets) {
        Wanted::Whole => (0, octets, false),
        Wanted::Part(first, last) => (first, last + 1, true),
        Wanted::Nothing => return Ok(unsatisfiable(octets)),
    };
    let mut response = Response::new(Body::empty());
    if part {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        let range = format!("bytes {first}-{}/{octets}", end - 1);
        set(&mut response, header::CONTENT_RANGE, &range);
    }
    describe(&mut response, &open, end - first);
    if method == Method::GET {
        let call = open.view.call;
        tracing::info!(recording = id, call, %source, first, end, "a recording is listened to");
        *response.body_mut() = sent(app, open, first, end).await?;
    }
    Ok(response)
}

/// The file's digest: it changes with every octet, and never otherwise.
fn etag(view: &RecordingView) -> Option<String> {
    (!view.sha256.is_empty()).then(|| format!("\"{}\"", view.sha256))
}

fn set(response: &mut Response, name: header::HeaderName, value: &str) {
    // Digests, numbers and fixed text: always fit.
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

fn describe(response: &mut Response, open: &OpenRecording, length: u64) {
    let view = &open.view;
    let name = format!("{}-{}.{}", view.call, view.id, open.extension);
    let shown = format!("inline; filename=\"{name}\"");
    set(response, header::CONTENT_TYPE, open.media_type);
    set(response, header::CONTENT_LENGTH, &length.to_string());
    set(response, header::CONTENT_DISPOSITION, &shown);
    set(response, header::ACCEPT_RANGES, "bytes");
    if let Some(tag) = etag(view) {
        set(response, header::ETAG, &tag);
    }
}

fn unsatisfiable(octets: u64) -> Response {
    let mut response = ApiError::new(
        StatusCode::RANGE_NOT_SATISFIABLE,
        "API-017",
        format!("the recording has no octets there: it has {octets}"),
        "ask for a range inside of it",
    )
    .into_response();
    set(&mut response, header::ACCEPT_RANGES, "bytes");
    set(
        &mut response,
        header::CONTENT_RANGE,
        &format!("bytes */{octets}"),
    );
    response
}

/// The body: read piece by piece as its reader takes it. The first piece is read at once, so that
/// a file that cannot be read is an answer and no torn body.
async fn sent(app: Arc<App>, open: OpenRecording, first: u64, end: u64) -> Result<Body, ApiError> {
    let place = place(&app)?;
    if first == end {
        return Ok(Body::empty());
    }
    let next = read(open, first, end).await?;
    let (to, body) = mpsc::channel(1);
    tokio::spawn(async move {
        let _place = place;
        pump(&app, next, (first, end), &to).await;
    });
    Ok(Body::from_stream(ReceiverStream::new(body)))
}

/// Sends until the end, a fault, the reader's going or the server's closing. A fault breaks the
/// body off: its reader sees that it is not whole.
async fn pump(
    app: &App,
    mut next: (OpenRecording, Vec<u8>),
    (mut at, end): (u64, u64),
    to: &mpsc::Sender<Result<Vec<u8>, ActionError>>,
) {
    let mut closing = app.closing.clone();
    loop {
        let (open, piece) = next;
        at += piece.len() as u64;
        let gone = tokio::select! {
            biased;
            () = closed(&mut closing) => true,
            sent = to.send(Ok(piece)) => sent.is_err(),
        };
        if gone || at >= end {
            return;
        }
        next = match read(open, at, end).await {
            Ok(next) => next,
            Err(error) => {
                tracing::warn!(%error, "a recording breaks off");
                // Nobody to tell is no matter.
                let _ = to.send(Err(error)).await;
                return;
            }
        };
    }
}

/// The next piece, read where nobody else waits.
async fn read(
    mut open: OpenRecording,
    at: u64,
    end: u64,
) -> Result<(OpenRecording, Vec<u8>), ActionError> {
    let length = (end - at).min(PIECE as u64) as usize;
    let work = move || {
        let mut piece = vec![0; length];
        let count = open.file.read_at(at, &mut piece)?;
        piece.truncate(count);
        match count {
            0 => Err(torn("the recording's file is shorter than it was")),
            _ => Ok((open, piece)),
        }
    };
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(torn("reading the recording failed")))
}

fn torn(what: &str) -> ActionError {
    let remedy = "see `carillon recordings verify`";
    ActionError::new(Problem::Internal, "API-500", what, remedy)
}
