//! The route table: the only list of routes there is. Each names who may call it.

mod agent;
mod conversation;
mod machine;
mod pages;
mod quality;
mod read;
mod recording;
mod supervisor;
mod trace;
mod tuning;

pub(crate) mod documented {
    //! Handlers as the OpenAPI document names them.
    pub(crate) use super::agent::*;
    pub(crate) use super::conversation::*;
    pub(crate) use super::machine::*;
    pub(crate) use super::quality::*;
    pub(crate) use super::read::*;
    pub(crate) use super::recording::*;
    pub(crate) use super::supervisor::*;
    pub(crate) use super::trace::*;
}

use crate::app::App;
use crate::error::ApiError;
use crate::guard::{Access, check_origin, guard, secure};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{Method, StatusCode};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, get, post};
use std::sync::Arc;

/// Largest request body, octets.
const BODY_MAX: usize = 64 * 1024;

/// A route as documents and tests see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteInfo {
    /// `GET` or `POST`.
    pub method: Method,
    /// Path, parameters in braces.
    pub path: &'static str,
    /// Who may use it.
    pub access: Access,
}

/// A route and what answers it.
pub(crate) struct Route {
    pub info: RouteInfo,
    handler: MethodRouter<Arc<App>>,
}

fn read(path: &'static str, access: Access, handler: MethodRouter<Arc<App>>) -> Route {
    Route {
        info: RouteInfo {
            method: Method::GET,
            path,
            access,
        },
        handler,
    }
}

fn change(path: &'static str, access: Access, handler: MethodRouter<Arc<App>>) -> Route {
    Route {
        info: RouteInfo {
            method: Method::POST,
            path,
            access,
        },
        handler,
    }
}

/// Every route.
pub(crate) fn table() -> Vec<Route> {
    use Access::{Agent, Listener, Page, Public, Read, SignIn, Supervisor};
    vec![
        read("/", Page, get(pages::wallboard)),
        read("/agent", Page, get(pages::agent)),
        read("/assets/{file}", Page, get(pages::asset)),
        read("/healthz", Public, get(machine::healthz)),
        read("/readyz", Public, get(machine::readyz)),
        read("/api/openapi.json", Public, get(machine::openapi)),
        read("/metrics", Read, get(machine::metrics)),
        read("/api/status", Read, get(read::status)),
        read("/api/events", Read, get(read::events)),
        read("/api/calls", Read, get(read::calls)),
        read("/api/calls/{id}/explain", Read, get(read::explain_call)),
        read("/api/leads/{id}", Read, get(read::lead)),
        read("/api/leads/{id}/explain", Read, get(read::explain_lead)),
        read("/api/decisions", Read, get(read::decisions)),
        read("/api/decisions/{id}", Read, get(read::decision)),
        read(
            "/api/decisions/{id}/explain",
            Read,
            get(read::explain_decision),
        ),
        read("/api/report", Read, get(read::report)),
        read("/api/lists", Read, get(read::lists)),
        read("/api/quality", Read, get(quality::quality_calls)),
        read("/api/quality/{id}", Read, get(quality::quality)),
        read("/api/recordings", Supervisor, get(recording::recordings)),
        read(
            "/api/recordings/{id}",
            Supervisor,
            get(recording::recording),
        ),
        read(
            "/api/recordings/{id}/audio",
            Listener,
            get(recording::audio),
        ),
        read("/api/traces", Read, get(trace::traces)),
        read("/api/traces/{key}", Read, get(trace::trace)),
        read("/api/traces/{key}/pcap", Read, get(trace::trace_file)),
        read("/api/capture", Supervisor, get(trace::capture)),
        change(
            "/api/campaigns/{name}",
            Supervisor,
            post(supervisor::campaign),
        ),
        change("/api/lists/{id}", Supervisor, post(supervisor::list)),
        change("/api/agents/{name}", Supervisor, post(supervisor::agent)),
        change(
            "/api/agents/{name}/hold",
            Supervisor,
            post(conversation::hold_for),
        ),
        change(
            "/api/agents/{name}/supervise",
            Supervisor,
            post(conversation::supervise),
        ),
        change(
            "/api/calls/{id}/recording",
            Supervisor,
            post(conversation::record_call),
        ),
        change(
            "/api/trunks/{name}/test",
            Supervisor,
            post(supervisor::trunk_test),
        ),
        change(
            "/api/quality/{id}/review",
            Supervisor,
            post(quality::review),
        ),
        change(
            "/api/recordings/{id}/listen",
            Supervisor,
            post(recording::listen),
        ),
        change("/api/drain", Supervisor, post(supervisor::drain)),
        change("/api/stop", Supervisor, post(supervisor::stop)),
        change("/api/agent/session", SignIn, post(agent::sign_in)),
        read("/api/agent/me", Agent, get(agent::me)),
        read("/api/agent/events", Agent, get(agent::agent_events)),
        change("/api/agent/ready", Agent, post(agent::ready)),
        change("/api/agent/break", Agent, post(agent::take_break)),
        change("/api/agent/logout", Agent, post(agent::logout)),
        change("/api/agent/hangup", Agent, post(agent::hangup)),
        change("/api/agent/hold", Agent, post(conversation::hold)),
        change("/api/agent/transfer", Agent, post(conversation::transfer)),
        change("/api/agent/consult", Agent, post(conversation::consult)),
        change(
            "/api/agent/drop-message",
            Agent,
            post(conversation::drop_message),
        ),
        change(
            "/api/agent/recording",
            Agent,
            post(conversation::pause_recording),
        ),
        change("/api/agent/note", Agent, post(agent::note)),
        change("/api/agent/disposition", Agent, post(agent::disposition)),
    ]
}

/// The whole service.
pub(crate) fn router(app: Arc<App>) -> Router {
    let mut router = Router::new();
    for route in table() {
        let check = from_fn_with_state((Arc::clone(&app), route.info.access), guard);
        router = router.route(route.info.path, route.handler.route_layer(check));
    }
    router
        .fallback(|| async {
            ApiError::new(
                StatusCode::NOT_FOUND,
                "API-404",
                "there is nothing at this address",
                "see /api/openapi.json",
            )
        })
        .method_not_allowed_fallback(|| async {
            ApiError::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "API-405",
                "this address does not take that method",
                "see /api/openapi.json",
            )
        })
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(from_fn_with_state(Arc::clone(&app), check_origin))
        .layer(from_fn(secure))
        .with_state(app)
}
