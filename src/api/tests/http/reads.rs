//! What may be read, what it looks like, and what never shows.

use crate::support::{Ask, Service, TOKEN, filled, routes};
use axum::http::StatusCode;
use carillon_api::{Access, Reads};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

fn busy() -> Service {
    let service = Service::new(Reads::Open);
    for _ in 0..200 {
        service.floor.step(500);
    }
    service
}

#[tokio::test]
async fn no_read_shows_a_whole_number() {
    let service = busy();
    let mut shown = 0;
    for route in routes(Access::Read) {
        let path = filled(&route);
        if path == "/api/events" {
            continue; // the same board as /api/status
        }
        let answer = service.get(&path).await;
        assert!(
            !answer.text.contains("+12025550"),
            "{path}: {}",
            answer.text
        );
        shown += answer.text.matches("+1202***").count();
    }
    assert!(shown > 20, "masked numbers are there");
}

#[tokio::test]
async fn sip_messages_show_whole_numbers_to_the_token_only() {
    let service = busy();
    let ask = || Ask::get("/api/calls/7/explain");
    let whole = "INVITE sip:+12025550142@192.0.2.10 (sdp)";
    let masked = "INVITE sip:+1202***0142@192.0.2.10 (sdp)";
    for (request, shown) in [
        (ask().done(), masked),
        (ask().token("guess").done(), masked),
        (ask().token(TOKEN).done(), whole),
    ] {
        let answer = service.send(request).await;
        assert!(answer.text.contains(shown), "{}", answer.text);
    }
}

#[tokio::test]
async fn the_board_has_names_and_figures() {
    let service = busy();
    let board = service.get("/api/status").await.json();
    let campaign = &board["campaigns"][0];
    let lines = &campaign["lines"];
    let phases = [
        "dialing",
        "ringing",
        "screening",
        "waiting",
        "talking",
        "message",
        "ending",
    ];
    let sum: u64 = phases.iter().map(|p| lines[p].as_u64().unwrap()).sum();
    assert_eq!(lines["total"], json!(sum));
    assert_eq!(board["calls"].as_array().unwrap().len() as u64, sum);
    assert_eq!(campaign["windows"][0]["window"], "day");
    let crew = &board["crew"];
    let people: u64 = ["ready", "talking", "wrap_up", "on_break"]
        .iter()
        .map(|k| crew[k].as_u64().unwrap())
        .sum();
    assert_eq!(crew["logged_in"], json!(people));
    let occupancy = crew["occupancy"].as_f64().unwrap();
    assert!(occupancy > 0.2 && occupancy < 1.0, "{occupancy}");
    let recent = board["recent"].as_array().unwrap();
    assert!((1..=20).contains(&recent.len()));
    assert_eq!(recent[0]["campaign"], "autumn-renewals");
    assert_eq!(
        service
            .get("/api/calls?limit=2")
            .await
            .json()
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let decision = service.get("/api/decisions/5").await.json();
    assert_eq!(
        (&decision["id"], &decision["binding"]),
        (&json!(5), &json!("agents"))
    );
    assert!(decision["inputs"]["threshold"].is_number());
}

#[tokio::test]
async fn openapi_lists_every_route_and_nothing_else() {
    let service = Service::new(Reads::Open);
    let document = service.get("/api/openapi.json").await.json();
    let mut listed = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            listed.insert(format!("{} {path}", method.to_uppercase()));
            let text = operation["summary"]
                .as_str()
                .or(operation["description"].as_str());
            assert!(
                text.is_some_and(|t| t.len() > 5),
                "{path} says nothing of itself"
            );
        }
    }
    let served = carillon_api::routes();
    let there: BTreeSet<String> = served
        .iter()
        .filter(|r| r.access != Access::Page)
        .map(|r| format!("{} {}", r.method, r.path))
        .collect();
    assert_eq!(listed, there);
    for route in served {
        let security = match route.access {
            Access::Supervisor => "token",
            Access::Agent => "agent",
            _ => continue,
        };
        let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        assert!(
            operation["security"][0][security].is_array(),
            "{} {operation}",
            route.path
        );
    }
    let printed: serde_json::Value = serde_json::from_str(&carillon_api::openapi_json()).unwrap();
    assert!(printed == document, "the printed document is another one");
}

#[tokio::test]
async fn metrics_parse_and_agree_with_the_board() {
    let service = busy();
    let answer = service.get("/metrics").await;
    assert!(
        answer.headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/plain; version=0.0.4")
    );
    let samples = parse_metrics(&answer.text);
    let board = service.get("/api/status").await.json();
    let totals = &board["campaigns"][0]["totals"];
    let own = "{campaign=\"autumn-renewals\"}";
    assert_eq!(
        samples[&format!("carillon_calls_placed_total{own}")],
        totals["placed"].as_f64().unwrap()
    );
    let ended: f64 = samples
        .iter()
        .filter(|(name, _)| name.starts_with("carillon_calls_ended_total{"))
        .map(|(_, value)| value)
        .sum();
    let outcomes = totals["outcomes"].as_object().unwrap();
    assert_eq!(
        ended,
        outcomes.values().map(|v| v.as_f64().unwrap()).sum::<f64>()
    );
    for name in [
        "carillon_abandon_ratio{campaign=\"autumn-renewals\",window=\"30d\"}",
        "carillon_dial_level{campaign=\"autumn-renewals\"}",
        "carillon_pacing_limited_total{campaign=\"autumn-renewals\",reason=\"agents\"}",
        "carillon_refusals_total{campaign=\"autumn-renewals\",code=\"outside_hours\"}",
        "carillon_agent_state{state=\"talking\"}",
        "carillon_agent_idle_seconds",
        "carillon_trunk_channels_in_use{trunk=\"carrier-a\"}",
        "carillon_trunk_up{trunk=\"carrier-b\"}",
        "carillon_bridge_seconds{quantile=\"0.99\"}",
        "carillon_bridge_seconds_count",
        "carillon_sip_dialogs_active",
    ] {
        assert!(samples.contains_key(name), "{name} is missing");
    }
}

/// Samples by name and labels; every family must have its type and help, counters their suffix.
fn parse_metrics(text: &str) -> BTreeMap<String, f64> {
    let mut types = BTreeMap::new();
    let mut helped = BTreeSet::new();
    let mut samples = BTreeMap::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a type");
            assert!(types.insert(name, kind).is_none(), "{name} comes twice");
            assert_eq!(
                kind == "counter",
                name.ends_with("_total"),
                "{name} is a {kind}"
            );
        } else if let Some(rest) = line.strip_prefix("# HELP ") {
            helped.insert(rest.split(' ').next().unwrap());
        } else {
            let (name, value) = line.rsplit_once(' ').expect("a value");
            let base = name.split('{').next().unwrap();
            let family = base.trim_end_matches("_count").trim_end_matches("_sum");
            assert!(
                types.contains_key(family) && helped.contains(family),
                "{name} has no type"
            );
            let value: f64 = value.parse().expect("a number");
            assert!(
                samples.insert(name.to_owned(), value).is_none(),
                "{name} comes twice"
            );
        }
    }
    samples
}

#[tokio::test]
async fn readiness_tells_a_dead_floor_from_a_live_one() {
    let service = Service::new(Reads::Token);
    assert_eq!(service.get("/healthz").await.status, StatusCode::OK);
    assert_eq!(service.get("/readyz").await.status, StatusCode::OK);
    service.pass(Duration::from_secs(16));
    assert_eq!(
        service.get("/readyz").await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
    service.floor.step(16_000);
    assert_eq!(service.get("/readyz").await.status, StatusCode::OK);
    service.post("/api/drain", json!({"on": true})).await;
    let draining = service.get("/readyz").await;
    assert_eq!(
        draining.json(),
        json!({"ok": false, "reasons": ["draining"]})
    );
}

#[tokio::test]
async fn what_a_reviewer_noted_shows_to_the_token_only() {
    let service = busy();
    for path in ["/api/quality", "/api/quality/7"] {
        let open = service.get(path).await;
        assert!(open.text.contains("\"score\":80"), "{}", open.text);
        assert!(!open.text.contains("named the bank"), "{}", open.text);
        let whole = service.send(Ask::get(path).token(TOKEN).done()).await;
        assert!(whole.text.contains("named the bank"), "{}", whole.text);
    }
    let one = service.get("/api/quality/7").await.json();
    assert_eq!(one["problems"][0]["kind"], "agent_hears_badly");
    let none = service.get("/api/quality?limit=0").await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
}
