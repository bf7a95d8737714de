//! For machines: health, metrics, the API's own description.

use crate::app::App;
use crate::error::ErrorBody;
use crate::metrics;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// A floor that has not moved for so long is not ready.
const STALE_MS: i64 = 15_000;

/// Whether the program can do its work, and why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Health {
    /// It can.
    ok: bool,
    /// Why not.
    reasons: Vec<String>,
}

/// Alive: the server answers.
#[utoipa::path(get, path = "/healthz", tag = "machines",
    responses((status = 200, body = Health)))]
pub(crate) async fn healthz() -> Json<Health> {
    Json(Health {
        ok: true,
        reasons: Vec::new(),
    })
}

/// Ready: the floor moves, dialing is not halted or draining, the store takes writes.
#[utoipa::path(get, path = "/readyz", tag = "machines",
    responses((status = 200, body = Health), (status = 503, body = Health)))]
pub(crate) async fn readyz(State(app): State<Arc<App>>) -> (StatusCode, Json<Health>) {
    let receiver = app.floor.status();
    let status = receiver.borrow();
    let floor = &status.floor;
    let mut reasons = Vec::new();
    if app.now().wall.millis_since(floor.at) > STALE_MS {
        reasons.push("the floor has not reported for 15 s".to_owned());
    }
    if floor.halted.is_some() {
        reasons.push("dialing is halted by a broken invariant".to_owned());
    }
    if floor.draining {
        reasons.push("draining".to_owned());
    }
    if floor.store_trouble.is_some() {
        reasons.push("the store refuses writes".to_owned());
    }
    let code = if reasons.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (
        code,
        Json(Health {
            ok: reasons.is_empty(),
            reasons,
        }),
    )
}

/// Metrics in Prometheus' text format.
#[utoipa::path(get, path = "/metrics", tag = "machines",
    responses((status = 200, body = String, content_type = "text/plain"),
        (status = 401, body = ErrorBody)))]
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let status = Arc::clone(&app.floor.status().borrow());
    let text = metrics::render(&status, app.floor.extra_metrics());
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// This description.
#[utoipa::path(get, path = "/api/openapi.json", tag = "machines",
    responses((status = 200, body = Object)))]
pub(crate) async fn openapi() -> Json<utoipa::openapi::OpenApi> {
    Json(crate::openapi::document())
}
