//! Nothing changes without the right to change it.

use crate::support::{Ask, Service, TOKEN, filled, routes};
use axum::http::{Method, StatusCode};
use carillon_api::{Access, Reads};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn every_change_needs_credentials() {
    let service = Service::new(Reads::Open);
    let cookie = service.sign_in("bjorn").await;
    service.floor.asked.lock().unwrap().clear();
    let changes = carillon_api::routes()
        .into_iter()
        .filter(|r| r.method != Method::GET);
    let mut count = 0;
    for route in changes {
        count += 1;
        let path = filled(&route);
        let ask = || Ask::post(&path).from(&format!("192.0.2.{count}"));
        let wrong_body = json!({"name": "amara", "pin": "0000"});
        let bare = service.send(ask().json(wrong_body.clone())).await;
        assert_eq!(bare.status, StatusCode::UNAUTHORIZED, "{path}");
        bare.code();
        let wrong = service
            .send(ask().token("guess").json(wrong_body.clone()))
            .await;
        assert_eq!(wrong.status, StatusCode::UNAUTHORIZED, "{path}");
        // Neither right stands in for the other.
        let crossed = match route.access {
            Access::Supervisor => ask().header("cookie", &cookie),
            Access::Agent | Access::SignIn => ask().token(TOKEN),
            other => panic!("{path} is a change open to {other:?}"),
        };
        let crossed = service.send(crossed.json(wrong_body)).await;
        assert_eq!(crossed.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    assert!(count >= 12);
    assert_eq!(
        *service.floor.asked.lock().unwrap(),
        vec![],
        "a refused request changed something"
    );
}

#[tokio::test]
async fn reads_need_the_token_only_where_the_config_says_so() {
    let open = Service::new(Reads::Open);
    let closed = Service::new(Reads::Token);
    for route in routes(Access::Read) {
        let path = filled(&route);
        if path == "/api/events" {
            continue; // never ends; the streams' own tests cover it
        }
        assert_eq!(open.get(&path).await.status, StatusCode::OK, "{path}");
        let refused = closed.get(&path).await;
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (StatusCode::UNAUTHORIZED, "API-001")
        );
        let with = closed.send(Ask::get(&path).token(TOKEN).done()).await;
        assert_eq!(with.status, StatusCode::OK, "{path}");
    }
    assert_eq!(
        closed.get("/api/events").await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        Reads::for_address("127.0.0.1:1".parse().unwrap()),
        Reads::Open
    );
    assert_eq!(Reads::for_address("[::1]:1".parse().unwrap()), Reads::Open);
    assert_eq!(
        Reads::for_address("0.0.0.0:1".parse().unwrap()),
        Reads::Token
    );
}

#[tokio::test]
async fn wrong_tokens_are_limited_by_source_and_the_right_one_always_passes() {
    let service = Service::new(Reads::Open);
    let ask = |from: &str, token: &str| {
        Ask::post("/api/drain")
            .from(from)
            .token(token)
            .json(json!({"on": true}))
    };
    for _ in 0..8 {
        let wrong = service.send(ask("192.0.2.9", "guess")).await;
        assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    }
    let held = service.send(ask("192.0.2.9", "guess")).await;
    assert_eq!(
        (held.status, held.code().as_str()),
        (StatusCode::TOO_MANY_REQUESTS, "API-002")
    );
    assert_eq!(held.headers["retry-after"], "8");
    let statuses = [
        service.send(ask("192.0.2.9", TOKEN)).await.status,
        service.send(ask("192.0.2.10", "guess")).await.status,
        service.send(ask("192.0.2.9", "guess")).await.status,
    ];
    assert_eq!(
        statuses,
        [
            StatusCode::OK,
            StatusCode::UNAUTHORIZED,
            // The right token has not paid for wrong ones.
            StatusCode::TOO_MANY_REQUESTS
        ]
    );
    service.pass(Duration::from_secs(8));
    assert_eq!(
        service.send(ask("192.0.2.9", "guess")).await.status,
        StatusCode::UNAUTHORIZED
    );
    // Agents at that address have guessed nothing.
    let pin = json!({"name": "amara", "pin": "2468"});
    let signed_in = Ask::post("/api/agent/session").from("192.0.2.9").json(pin);
    assert_eq!(service.send(signed_in).await.status, StatusCode::OK);
}

#[tokio::test]
async fn wrong_pins_are_limited_by_agent_and_source_and_tell_nothing_then() {
    let service = Service::new(Reads::Open);
    let ask = |from: &str, name: &str, pin: &str| {
        Ask::post("/api/agent/session")
            .from(from)
            .json(json!({"name": name, "pin": pin}))
    };
    let near = "198.51.100.1";
    let cookie = service.sign_in("amara").await;
    for _ in 0..8 {
        let wrong = service.send(ask(near, "amara", "1111")).await;
        assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    }
    // The right PIN is refused like a wrong one: who guesses does not learn it.
    let wrong = service.send(ask(near, "amara", "1111")).await;
    let right = service.send(ask(near, "amara", "2468")).await;
    assert_eq!(wrong.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!((wrong.status, wrong.text), (right.status, right.text));
    // Neither a colleague behind that address, nor the agent elsewhere or signed in, pays.
    for (from, name) in [(near, "bjorn"), ("198.51.100.2", "amara")] {
        let other = service.send(ask(from, name, "2468")).await;
        assert_eq!(other.status, StatusCode::OK, "{name} from {from}");
    }
    let cookie_again = service.sign_in("amara").await;
    assert_ne!(cookie, cookie_again);
    let me = Ask::get("/api/agent/me").from(near);
    let me = service
        .send(me.header("cookie", &cookie_again).done())
        .await;
    assert_eq!(me.status, StatusCode::OK);
}

#[tokio::test]
async fn guesses_at_a_pin_from_everywhere_are_limited() {
    let service = Service::new(Reads::Open);
    let ask = |n: u32, pin: &str| {
        Ask::post("/api/agent/session")
            .from(&format!("198.51.100.{n}"))
            .json(json!({"name": "amara", "pin": pin}))
    };
    for n in 0..40 {
        let wrong = service.send(ask(n, "1111")).await;
        assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(
        service.send(ask(99, "2468")).await.status,
        StatusCode::TOO_MANY_REQUESTS
    );
}

#[tokio::test]
async fn foreign_pages_and_foreign_names_are_refused() {
    let service = Service::with(|c| c.hosts = vec!["dialer.example.com".into()]);
    let get = |host: &str| axum::http::Request::get("/api/status").header("host", host);
    for (host, status) in [
        ("127.0.0.1:8080", StatusCode::OK),
        ("[::1]:8080", StatusCode::OK),
        ("dialer.example.com", StatusCode::OK),
        ("rebound.example.net:8080", StatusCode::MISDIRECTED_REQUEST),
    ] {
        let answer = service
            .send(get(host).body(Default::default()).unwrap())
            .await;
        assert_eq!(answer.status, status, "{host}");
    }
    let bare = axum::http::Request::get("/api/status")
        .body(Default::default())
        .unwrap();
    assert_eq!(service.send(bare).await.code(), "API-003");
    let ask = || Ask::post("/api/drain").token(TOKEN);
    let body = json!({"on": true});
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", "http://127.0.0.1:9999"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let answer = service
            .send(ask().header(name, value).json(body.clone()))
            .await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::FORBIDDEN, "API-004"),
            "{value}"
        );
    }
    assert_eq!(*service.floor.asked.lock().unwrap(), vec![]);
    let own = ask()
        .header("origin", "http://127.0.0.1:8080")
        .header("sec-fetch-site", "same-origin");
    assert_eq!(service.send(own.json(body)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let service = Service::new(Reads::Token);
    for path in [
        "/",
        "/agent",
        "/assets/board.js",
        "/api/status",
        "/nothing",
        "/healthz",
    ] {
        let headers = service.get(path).await.headers;
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'self'") && !policy.contains("unsafe"),
            "{path}"
        );
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["x-frame-options"], "DENY");
        assert!(headers.contains_key("cache-control"));
    }
}
