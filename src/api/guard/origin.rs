//! Requests that a browser was made to send by somebody else's page.

use crate::app::App;
use crate::error::ApiError;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use std::net::IpAddr;
use std::sync::Arc;

/// Refuses requests for host names that are not ours (DNS rebinding), and changes asked for by
/// a page of another origin (cross-site request forgery).
pub(crate) async fn check_origin(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let host = host_of(&request);
    if !host
        .as_deref()
        .is_some_and(|h| host_allowed(h, &app.config.hosts))
    {
        return Err(ApiError::new(
            StatusCode::MISDIRECTED_REQUEST,
            "API-003",
            "this server does not go by that host name",
            "use its IP address or localhost, or add the name to `hosts` in the config",
        ));
    }
    let reads_only = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    if !reads_only && is_foreign(request.headers(), host.as_deref().unwrap_or_default()) {
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "API-004",
            "a page of another origin asked for this change",
            "use Carillon's own pages, or a client that sends no Origin header",
        ));
    }
    Ok(next.run(request).await)
}

/// Host and port the request is for.
fn host_of(request: &Request) -> Option<String> {
    let header = request
        .headers()
        .get(header::HOST)
        .and_then(|v| v.to_str().ok());
    header
        .or_else(|| request.uri().authority().map(|a| a.as_str()))
        .map(str::to_ascii_lowercase)
}

/// An address cannot be rebound; a name can, so it must be known.
fn host_allowed(host: &str, known: &[String]) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost"
        || name.parse::<IpAddr>().is_ok()
        || known.iter().any(|k| k.eq_ignore_ascii_case(name))
}

/// Whether a browser says that another origin's page sent this.
fn is_foreign(headers: &HeaderMap, host: &str) -> bool {
    let text = |name: header::HeaderName| headers.get(name).map(|v| v.to_str().unwrap_or("?"));
    let fetch_site = text(header::HeaderName::from_static("sec-fetch-site"));
    if fetch_site.is_some_and(|site| site != "same-origin" && site != "none") {
        return true;
    }
    text(header::ORIGIN).is_some_and(|origin| {
        let origin = origin.to_ascii_lowercase();
        origin
            .split_once("://")
            .is_none_or(|(_, authority)| authority != host)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_localhost_and_known_names_are_ours() {
        let known = vec!["dialer.example.com".to_owned()];
        for host in [
            "localhost:8080",
            "127.0.0.1:8080",
            "[::1]:8080",
            "10.1.2.3",
            "DIALER.example.com",
        ] {
            assert!(host_allowed(&host.to_ascii_lowercase(), &known), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "",
        ] {
            assert!(!host_allowed(host, &known), "{host}");
        }
    }
}
