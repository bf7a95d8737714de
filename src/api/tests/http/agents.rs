//! An agent's session.

use crate::support::{Ask, Service};
use axum::http::StatusCode;
use carillon_api::Reads;
use carillon_api::port::{Action, AgentAction, ConversationOrder, TransferName};
use carillon_decision::conversation::ConsultStep;
use serde_json::{Value, json};
use std::time::Duration;

/// A service with `amara` signed in and talking.
async fn talking() -> (Service, String, Value) {
    let service = Service::new(Reads::Token);
    let cookie = service.sign_in("amara").await;
    for _ in 0..400 {
        service.floor.step(500);
        let me = service
            .send(Ask::get("/api/agent/me").header("cookie", &cookie).done())
            .await
            .json();
        if me["agent"]["state"] == "talking" {
            return (service, cookie, me);
        }
    }
    panic!("nobody was connected");
}

#[tokio::test]
async fn the_cookie_is_for_this_browser_and_the_agents_routes_only() {
    let service = Service::with(|c| c.https = true);
    let body = json!({"name": "lwazi", "pin": "2468"});
    let answer = service
        .send(Ask::post("/api/agent/session").json(body))
        .await;
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    for part in [
        "; HttpOnly",
        "; SameSite=Strict",
        "; Path=/api/agent;",
        "; Secure",
    ] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    // Logged out before: the phone is called now.
    let login = Action::Agent {
        name: "lwazi".into(),
        action: AgentAction::Login,
        by_supervisor: false,
    };
    assert_eq!(*service.floor.asked.lock().unwrap(), vec![login]);
}

#[tokio::test]
async fn the_card_shows_the_person_and_the_whole_number() {
    let (service, cookie, me) = talking().await;
    let card = &me["card"];
    assert_eq!(card["call"], me["agent"]["call"]);
    assert!(card["number"].as_str().unwrap().starts_with("+12025550"));
    assert_eq!(card["tags"][0], json!(["language", "English"]));
    assert_eq!(card["dispositions"][1]["callback"], true);
    assert_eq!(card["wrap_up_limit_s"], 30);
    let hangup = service
        .send(
            Ask::post("/api/agent/hangup")
                .header("cookie", &cookie)
                .done(),
        )
        .await;
    assert_eq!(hangup.status, StatusCode::OK);
    let me = service
        .send(Ask::get("/api/agent/me").header("cookie", &cookie).done())
        .await
        .json();
    assert_eq!(me["agent"]["state"], "wrap_up");
    assert!(me["card"].is_object(), "the card stays for wrap-up");
}

#[tokio::test]
async fn dispositions_are_checked_and_carried_over() {
    let (service, cookie, me) = talking().await;
    let call = &me["card"]["call"];
    let say = |body: Value| {
        let ask = Ask::post("/api/agent/disposition").header("cookie", &cookie);
        service.send(ask.json(body))
    };
    let past =
        say(json!({"call": call, "code": "CALLBK", "callback": "2020-01-01T00:00:00Z"})).await;
    assert_eq!(past.code(), "API-015");
    let long = say(json!({"call": call, "code": "NI", "note": "x".repeat(2001)})).await;
    assert_eq!(long.code(), "API-015");
    let good = say(
        json!({"call": call, "code": "CALLBK", "callback": "2026-12-24T15:00:00+01:00",
        "note": "after lunch", "ready": true}),
    )
    .await;
    assert_eq!(good.status, StatusCode::OK, "{}", good.text);
    let Some(Action::Disposition(entry)) = service.floor.asked.lock().unwrap().pop() else {
        panic!("no disposition arrived");
    };
    assert_eq!(
        (entry.agent.0, entry.code.as_str(), entry.ready),
        (1, "CALLBK", true)
    );
    assert_eq!(entry.callback.unwrap().to_string(), "2026-12-24T14:00:00Z");
    assert_eq!(entry.note.as_deref(), Some("after lunch"));
}

#[tokio::test]
async fn what_an_agent_does_with_a_conversation_becomes_its_order() {
    use ConversationOrder as Order;
    let (service, cookie, _) = talking().await;
    let to = |name: &str| TransferName::Destination(name.to_owned());
    let cases = [
        ("hold", json!({"on": true}), Order::Hold { on: true }),
        (
            "transfer",
            json!({"to": {"destination": "billing"}, "attended": true}),
            Order::Transfer {
                to: to("billing"),
                attended: true,
            },
        ),
        (
            "transfer",
            json!({"to": {"agent": "chen"}}),
            Order::Transfer {
                to: TransferName::Agent("chen".into()),
                attended: false,
            },
        ),
        (
            "consult",
            json!({"step": "join"}),
            Order::Consult(ConsultStep::Join),
        ),
        ("drop-message", Value::Null, Order::DropMessage),
        (
            "recording",
            json!({"pause": true}),
            Order::Recording { pause: true },
        ),
    ];
    for (path, body, order) in cases {
        let path = format!("/api/agent/{path}");
        let ask = Ask::post(&path).header("cookie", &cookie);
        let ask = if body.is_null() {
            ask.done()
        } else {
            ask.json(body)
        };
        let answer = service.send(ask).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
        let name = "amara".to_owned();
        let asked = service.floor.asked.lock().unwrap().pop();
        assert_eq!(asked, Some(Action::Conversation { name, order }));
    }
    let wrong = Ask::post("/api/agent/transfer").header("cookie", &cookie);
    let answer = service
        .send(wrong.json(json!({"to": {"number": "+1"}})))
        .await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_note_is_kept_before_the_call_is_disposed_of() {
    let (service, cookie, me) = talking().await;
    let note = |text: String| {
        let ask = Ask::post("/api/agent/note").header("cookie", &cookie);
        service.send(ask.json(json!({"call": me["card"]["call"], "note": text})))
    };
    assert_eq!(note("ü".repeat(2001)).await.code(), "API-015");
    let good = note("ü".repeat(2000)).await;
    assert_eq!(good.status, StatusCode::OK, "{}", good.text);
    let Some(Action::Note(entry)) = service.floor.asked.lock().unwrap().pop() else {
        panic!("no note arrived");
    };
    assert_eq!((entry.agent.0, entry.text.chars().count()), (1, 2000));
    let stranger = Ask::post("/api/agent/note").json(json!({"call": 1, "note": "x"}));
    assert_eq!(
        service.send(stranger).await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn a_session_ends_with_logout_with_time_and_with_a_second_sign_in() {
    let service = Service::new(Reads::Token);
    let me = |cookie: &str| service.send(Ask::get("/api/agent/me").header("cookie", cookie).done());
    let first = service.sign_in("chen").await;
    let second = service.sign_in("chen").await;
    assert_eq!(me(&first).await.code(), "API-005");
    assert_eq!(me(&second).await.status, StatusCode::OK);
    for (path, action) in [
        ("ready", AgentAction::Ready),
        ("break", AgentAction::Break),
        ("logout", AgentAction::Logout),
    ] {
        let path = format!("/api/agent/{path}");
        let answer = service
            .send(Ask::post(&path).header("cookie", &second).done())
            .await;
        assert_eq!(answer.status, StatusCode::OK);
        let own = Action::Agent {
            name: "chen".into(),
            action,
            by_supervisor: false,
        };
        assert_eq!(service.floor.asked.lock().unwrap().pop(), Some(own));
    }
    assert_eq!(me(&second).await.status, StatusCode::UNAUTHORIZED);
    let third = service.sign_in("chen").await;
    service.pass(Duration::from_secs(12 * 3600));
    assert_eq!(me(&third).await.status, StatusCode::UNAUTHORIZED);
}
