//! A service under test and one-line requests to it.

use crate::fake::Fake;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode};
use carillon_api::config::{ApiConfig, Clock, Reads};
use carillon_api::{Access, RouteInfo};
use carillon_decision::time::{Mono, Now, Wall};
use http_body_util::BodyExt;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tower::ServiceExt;

pub const START: i64 = 1_795_276_800_000;
pub const TOKEN: &str = "a-token-for-tests-only";

/// The service, its floor, its clock and its end.
pub struct Service {
    pub floor: Arc<Fake>,
    pub close: watch::Sender<bool>,
    router: Router,
    passed_ms: Arc<AtomicU64>,
}

/// An answer, read to its end.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    /// The code of a refusal, which must be whole.
    pub fn code(&self) -> String {
        let body = self.json();
        for field in ["code", "message", "remedy"] {
            assert!(
                body[field].as_str().is_some_and(|t| !t.is_empty()),
                "{field} of {body}"
            );
        }
        body["code"].as_str().unwrap().to_owned()
    }
}

impl Service {
    pub fn new(reads: Reads) -> Self {
        Self::with(|config| config.reads = reads)
    }

    pub fn with(change: impl FnOnce(&mut ApiConfig)) -> Self {
        let floor = Fake::new(START);
        let passed_ms = Arc::new(AtomicU64::new(0));
        let ticks = Arc::clone(&passed_ms);
        let clock: Clock = Arc::new(move || {
            let passed = Duration::from_millis(ticks.load(Ordering::SeqCst));
            Now {
                mono: Mono::from_secs(1000) + passed,
                wall: Wall(START) + passed,
            }
        });
        let address = "127.0.0.1:8080".parse().unwrap();
        let counter = AtomicU64::new(1);
        let entropy = Arc::new(move || [counter.fetch_add(1, Ordering::SeqCst) as u8; 32]);
        let mut config = ApiConfig::new(address, TOKEN.to_owned(), clock, entropy);
        change(&mut config);
        let (close, closing) = watch::channel(false);
        let router = carillon_api::router(floor.clone(), config, closing);
        Self {
            floor,
            close,
            router,
            passed_ms,
        }
    }

    pub fn pass(&self, span: Duration) {
        self.passed_ms
            .fetch_add(span.as_millis() as u64, Ordering::SeqCst);
    }

    /// The answer with its body still to come.
    pub async fn open(&self, request: Request<Body>) -> axum::response::Response {
        self.router
            .clone()
            .oneshot(request)
            .await
            .expect("infallible")
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.open(request).await.into_parts();
        let bytes = body.collect().await.expect("whole body").to_bytes();
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        Answer {
            status: parts.status,
            headers: parts.headers,
            text,
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Ask::get(path).done()).await
    }

    /// A change with the supervisor's token.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Ask::post(path).token(TOKEN).json(body)).await
    }

    /// Signs an agent in and returns the cookie.
    pub async fn sign_in(&self, name: &str) -> String {
        let body = serde_json::json!({"name": name, "pin": crate::fake::PIN});
        let answer = self.send(Ask::post("/api/agent/session").json(body)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        let cookie = answer.headers["set-cookie"].to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }
}

/// A request in the making.
pub struct Ask(axum::http::request::Builder, SocketAddr);

impl Ask {
    fn new(method: &str, path: &str) -> Self {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "127.0.0.1:8080");
        Self(request, "192.0.2.1:5000".parse().unwrap())
    }

    pub fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    pub fn head(path: &str) -> Self {
        Self::new("HEAD", path)
    }

    pub fn post(path: &str) -> Self {
        Self::new("POST", path)
    }

    pub fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value), self.1)
    }

    pub fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn from(self, address: &str) -> Self {
        Self(self.0, format!("{address}:5000").parse().unwrap())
    }

    pub fn json(self, body: Value) -> Request<Body> {
        self.header("content-type", "application/json")
            .body(body.to_string())
    }

    pub fn body(self, text: String) -> Request<Body> {
        let mut request = self.0.body(Body::from(text)).unwrap();
        request.extensions_mut().insert(ConnectInfo(self.1));
        request
    }

    pub fn done(self) -> Request<Body> {
        self.body(String::new())
    }
}

/// A path with its parameters filled in.
pub fn filled(route: &RouteInfo) -> String {
    let name = if route.path.contains("agents") {
        "amara"
    } else {
        "autumn-renewals"
    };
    route
        .path
        .replace("{id}", "7")
        .replace("{name}", name)
        .replace("{key}", "7")
        .replace("{file}", "base.css")
}

/// Routes of one access.
pub fn routes(access: Access) -> Vec<RouteInfo> {
    let found: Vec<_> = carillon_api::routes()
        .into_iter()
        .filter(|r| r.access == access)
        .collect();
    assert!(!found.is_empty());
    found
}
