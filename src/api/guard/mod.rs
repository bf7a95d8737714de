//! Who may do what: the supervisor's token, agents' sessions, and the defences of a server
//! that browsers reach.

mod headers;
mod limiter;
mod origin;
mod pass;
mod session;
mod token;

pub(crate) use headers::secure;
pub(crate) use limiter::{Guess, Limiter, Source};
pub(crate) use origin::check_origin;
pub(crate) use pass::{PASS_COOKIE, PASS_FOR, Passes};
pub(crate) use session::{COOKIE, LIFETIME, Session, Sessions, cookie_of};
pub(crate) use token::Secret;

use crate::app::App;
use crate::config::Reads;
use crate::error::ApiError;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody; a page without data.
    Page,
    /// Everybody; no data about people or calls.
    Public,
    /// By [`Reads`].
    Read,
    /// Holders of the supervisor's token.
    Supervisor,
    /// Holders of the supervisor's token, or of a pass for that recording.
    Listener,
    /// Everybody with name and PIN, which the handler checks and limits.
    SignIn,
    /// A signed-in agent, in their own name.
    Agent,
}

/// Whether a request carried the supervisor's token, on routes that need none too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Supervised(pub bool);

/// Where a request came from, as far as the socket tells.
pub(crate) fn source_of(request: &Request) -> Source {
    let ip = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(address)| {
            address.ip()
        });
    Source::new(ip)
}

/// Lets a request pass to a route of that access, or refuses it.
pub(crate) async fn guard(
    State((app, access)): State<(Arc<App>, Access)>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let by_token = match access {
        Access::Page | Access::Public | Access::SignIn | Access::Agent => false,
        Access::Read => app.config.reads == Reads::Token,
        Access::Supervisor => true,
        Access::Listener => !pass::admits(&app, &request),
    };
    if by_token {
        check_token(&app, source_of(&request), request.headers())?;
    }
    if access == Access::Agent {
        let session = cookie_of(request.headers())
            .and_then(|token| app.sessions().find(&token, app.now().mono))
            .ok_or_else(ApiError::no_session)?;
        request.extensions_mut().insert(session);
    }
    let source = source_of(&request);
    request.extensions_mut().insert(source);
    let supervised = bearer(request.headers()).is_some_and(|token| app.token.matches(token));
    request.extensions_mut().insert(Supervised(supervised));
    Ok(next.run(request).await)
}

/// The bearer token of a request (RFC 6750 §2.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}

fn check_token(app: &App, source: Source, headers: &HeaderMap) -> Result<(), ApiError> {
    // A request without any token is no guess: it costs no patience.
    let given = bearer(headers).ok_or_else(ApiError::token)?;
    // The right one passes whatever others at the same address (this machine, a proxy, a NAT)
    // tried before: the node must not be out of its supervisor's reach. The token is too long
    // to be guessed at any rate; the limit on wrong ones keeps noise and load down.
    if app.token.matches(given) {
        return Ok(());
    }
    let (guess, now) = (Guess::Token(source), app.now().mono);
    let mut limiter = app.limiter();
    limiter.check(&guess, now).map_err(ApiError::too_many)?;
    limiter.failed(guess, now);
    tracing::warn!(%source, "wrong supervisor token");
    Err(ApiError::token())
}
