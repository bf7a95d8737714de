//! HTTP API, wallboard and agent pages, metrics.
//!
//! | route | what |
//! |---|---|
//! | `GET /`, `GET /agent` | wallboard, agent page |
//! | `GET /api/status`, `GET /api/events` | the board, once or as an event stream |
//! | `GET /api/calls`, `/api/calls/{id}/explain` | ended calls |
//! | `GET /api/leads/{id}`, `/api/leads/{id}/explain` | a lead |
//! | `GET /api/decisions?campaign=`, `/api/decisions/{id}`, `/api/decisions/{id}/explain` | pacing |
//! | `GET /api/report`, `GET /api/lists` | figures, lead lists |
//! | `GET /api/quality`, `/api/quality/{id}` | how calls sounded and went, reviews |
//! | `GET /api/recordings`, `/api/recordings/{id}`, `/api/recordings/{id}/audio`, `POST /api/recordings/{id}/listen` | recordings, by bearer token; the audio also by a pass |
//! | `POST /api/campaigns/{name}`, `/api/lists/{id}`, `/api/agents/{name}`, `/api/trunks/{name}/test`, `/api/quality/{id}/review`, `/api/drain`, `/api/stop` | a supervisor's changes, by bearer token |
//! | `POST /api/agent/session`, `GET /api/agent/me`, `/api/agent/events`, `POST /api/agent/{ready,break,logout,hangup,disposition}` | an agent's own session, by cookie |
//! | `GET /metrics`, `/healthz`, `/readyz`, `/api/openapi.json` | for machines |
//!
//! **Every change is guarded**: a route that is not a read declares who may call it, and a test
//! walks the route table. **No whole telephone number leaves** but on an agent's own card.
//! **This crate reads no clock and draws no chance**: both come with [`ApiConfig`].

mod app;
pub mod config;
mod error;
mod extract;
mod guard;
mod hub;
mod metrics;
mod openapi;
pub mod port;
mod range;
mod routes;
mod stream;
pub mod view;

pub use config::{ApiConfig, Clock, Entropy, Reads};
pub use error::ErrorBody;
pub use guard::Access;
pub use hub::Sample;
pub use port::Floor;
pub use routes::RouteInfo;

use app::App;
use axum::Router;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Requests in progress may take so long after shutdown began.
const GRACE: Duration = Duration::from_secs(3);

/// Serves pages and API on `listener` until `shutdown` resolves; event streams then end, and
/// other requests in progress have 3 s.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    floor: Arc<dyn Floor>,
    config: ApiConfig,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let (close, closing) = watch::channel(false);
    let router = router(floor, config, closing.clone());
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let stopped = async move {
        shutdown.await;
        close.send_replace(true);
    };
    let server = axum::serve(listener, service).with_graceful_shutdown(stopped);
    let mut late = closing;
    tokio::select! {
        ended = server => ended,
        () = async move {
            // An error means that the sender is gone, and with it the server.
            let _ = late.wait_for(|closed| *closed).await;
            tokio::time::sleep(GRACE).await;
        } => Ok(()),
    }
}

/// The service without a listener; streams end when `closing` turns true. Must be called within
/// a tokio runtime: it follows the floor from then on.
pub fn router(floor: Arc<dyn Floor>, config: ApiConfig, closing: watch::Receiver<bool>) -> Router {
    routes::router(Arc::new(App::new(floor, config, closing)))
}

/// The OpenAPI document as JSON text.
pub fn openapi_json() -> String {
    serde_json::to_string_pretty(&openapi::document()).expect("a document of plain values")
}

/// Every route there is, in the order of the table.
pub fn routes() -> Vec<RouteInfo> {
    routes::table()
        .into_iter()
        .map(|route| route.info)
        .collect()
}
