//! What a supervisor's requests become, and how bad ones are refused.

use crate::support::{Ask, Service, TOKEN};
use axum::http::StatusCode;
use carillon_api::Reads;
use carillon_api::port::{
    Action, AgentAction, ConversationOrder, RecordCall, ReviewEntry, Supervision,
};
use carillon_decision::campaign::Dial;
use carillon_decision::conversation::SuperviseMode;
use carillon_decision::id::CallId;
use carillon_decision::pacing::{Mode, Promise};
use serde_json::json;

#[tokio::test]
async fn each_request_becomes_its_action() {
    let service = Service::new(Reads::Open);
    let cases = [
        (
            "/api/campaigns/autumn-renewals",
            json!({"running": false, "mode": "predictive-hard", "callAbandonLimit": 2, "ring_cancel": false}),
            Action::Campaign {
                name: "autumn-renewals".into(),
                dials: vec![
                    Dial::Mode(Mode::Predictive {
                        promise: Promise::Hard,
                    }),
                    Dial::Cap(0.02),
                    Dial::RingCancel(false),
                    Dial::Running(false),
                ],
            },
        ),
        (
            "/api/lists/2026-11",
            json!({"active": true}),
            Action::List {
                id: "2026-11".into(),
                active: true,
            },
        ),
        (
            "/api/agents/amara",
            json!({"action": "break"}),
            Action::Agent {
                name: "amara".into(),
                action: AgentAction::Break,
                by_supervisor: true,
            },
        ),
        (
            "/api/trunks/carrier-a/test",
            json!({"number": "+12025550123"}),
            Action::TrunkTest {
                name: "carrier-a".into(),
                number: "+12025550123".parse().unwrap(),
            },
        ),
        (
            "/api/drain",
            json!({"on": true}),
            Action::Drain { on: true },
        ),
        (
            "/api/stop",
            json!({"now": true}),
            Action::Stop { now: true },
        ),
        ("/api/stop", json!({}), Action::Stop { now: false }),
        (
            "/api/agents/amara/supervise",
            json!({"supervisor": "noor", "mode": "whisper"}),
            Action::Supervise(Supervision {
                supervisor: "noor".into(),
                agent: "amara".into(),
                mode: Some(SuperviseMode::Whisper),
            }),
        ),
        (
            "/api/agents/amara/supervise",
            json!({"supervisor": "noor", "mode": "off"}),
            Action::Supervise(Supervision {
                supervisor: "noor".into(),
                agent: "amara".into(),
                mode: None,
            }),
        ),
        (
            "/api/agents/amara/hold",
            json!({"on": true}),
            Action::Conversation {
                name: "amara".into(),
                order: ConversationOrder::Hold { on: true },
            },
        ),
        (
            "/api/calls/17/recording",
            json!({"on": true}),
            Action::Record(RecordCall {
                call: CallId(17),
                on: true,
            }),
        ),
    ];
    for (path, body, action) in cases {
        let answer = service.post(path, body).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
        assert!(answer.json()["message"].is_string());
        assert_eq!(
            service.floor.asked.lock().unwrap().pop(),
            Some(action),
            "{path}"
        );
    }
    let test = service
        .post("/api/trunks/a/test", json!({"number": "+12025550123"}))
        .await;
    assert_eq!(test.json()["ladder"][0], "INVITE →");
    assert_eq!(test.json()["passed"], true);
    let other = service.post("/api/drain", json!({"on": false})).await;
    assert_eq!(other.json().get("passed"), None);
    let schemas = &service.get("/api/openapi.json").await.json()["components"]["schemas"];
    let passed = &schemas["ActionReply"]["properties"]["passed"];
    assert_eq!(passed["type"], json!(["boolean", "null"]));
    let board = service.get("/api/status").await.json();
    assert_eq!(board["campaigns"][0]["mode"], "predictive-hard");
    assert_eq!(board["campaigns"][0]["running"], false);
    assert_eq!(
        board["agents"][0]["reason"],
        "sent on a break by a supervisor"
    );
}

#[tokio::test]
async fn bad_requests_are_refused_with_code_message_and_remedy() {
    let service = Service::new(Reads::Open);
    let campaign = "/api/campaigns/autumn-renewals";
    let ask = |path: &str| Ask::post(path).token(TOKEN);
    let raw = |text: &str| {
        ask(campaign)
            .header("content-type", "application/json")
            .body(text.to_owned())
    };
    let cases = [
        (raw("{"), StatusCode::BAD_REQUEST, "API-010"),
        (
            raw("{\"speed\": 3}"),
            StatusCode::UNPROCESSABLE_ENTITY,
            "API-010",
        ),
        (
            raw(&format!("{{\"mode\": \"{}\"}}", "x".repeat(70_000))),
            StatusCode::PAYLOAD_TOO_LARGE,
            "API-010",
        ),
        (
            ask(campaign).body("running=true".into()),
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "API-010",
        ),
        (
            ask(campaign).json(json!({"cap": 3})),
            StatusCode::UNPROCESSABLE_ENTITY,
            "PACE-003",
        ),
        (
            ask("/api/campaigns/none").json(json!({"running": true})),
            StatusCode::NOT_FOUND,
            "API-404",
        ),
        (
            ask("/api/trunks/a/test").json(json!({"number": "911"})),
            StatusCode::UNPROCESSABLE_ENTITY,
            "API-015",
        ),
        (
            ask("/api/agents/amara").json(json!({"action": "dance"})),
            StatusCode::UNPROCESSABLE_ENTITY,
            "API-010",
        ),
        (
            ask("/api/status").json(json!({})),
            StatusCode::METHOD_NOT_ALLOWED,
            "API-405",
        ),
        (
            Ask::get("/api/nothing").done(),
            StatusCode::NOT_FOUND,
            "API-404",
        ),
        (
            Ask::get("/api/leads/x").done(),
            StatusCode::BAD_REQUEST,
            "API-012",
        ),
        (
            Ask::get("/api/leads/404/explain").done(),
            StatusCode::NOT_FOUND,
            "API-404",
        ),
        (
            Ask::get("/api/calls?limit=0").done(),
            StatusCode::UNPROCESSABLE_ENTITY,
            "API-015",
        ),
        (
            Ask::get("/api/calls?outcome=lost").done(),
            StatusCode::UNPROCESSABLE_ENTITY,
            "API-015",
        ),
        (
            Ask::get("/api/calls?colour=red").done(),
            StatusCode::BAD_REQUEST,
            "API-011",
        ),
        (
            Ask::get("/api/report?from=yesterday").done(),
            StatusCode::UNPROCESSABLE_ENTITY,
            "API-015",
        ),
    ];
    for (request, status, code) in cases {
        let what = format!("{} {}", request.method(), request.uri());
        let answer = service.send(request).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code),
            "{what}"
        );
    }
}

#[tokio::test]
async fn a_review_is_checked_and_handed_on() {
    let service = Service::new(Reads::Open);
    let path = "/api/quality/7/review";
    let long = "x".repeat(2_001);
    for wrong in [
        json!({"reviewer": " ", "score": 50}),
        json!({"reviewer": "ines", "score": 101}),
        json!({"reviewer": "ines", "score": 50, "note": long}),
    ] {
        let refused = service.post(path, wrong.clone()).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        assert_eq!(refused.code(), "API-015");
    }
    let body = json!({"reviewer": "ines", "score": 85, "note": "clear"});
    assert_eq!(service.post(path, body).await.status, StatusCode::OK);
    let entry = ReviewEntry {
        call: CallId(7),
        reviewer: "ines".into(),
        score: 85,
        note: "clear".into(),
    };
    assert_eq!(
        *service.floor.asked.lock().unwrap(),
        [Action::Review(entry)]
    );
}
