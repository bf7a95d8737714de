//! Event streams: what comes first, what comes on change, and how they end.

use crate::support::{Ask, Service};
use axum::body::Body;
use axum::http::StatusCode;
use carillon_api::Reads;
use http_body_util::BodyExt;
use serde_json::{Value, json};

/// An open stream.
struct Events {
    body: Body,
    rest: String,
}

impl Events {
    async fn open(service: &Service, ask: Ask) -> Self {
        let response = service.open(ask.done()).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            body: response.into_body(),
            rest: String::new(),
        }
    }

    /// The next event of that name, heartbeats left out; `None` at the end.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            while let Some((block, rest)) = self.rest.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.rest = rest;
                let field = |name: &str| block.lines().find_map(|l| l.strip_prefix(name));
                if let (Some(name), Some(data)) = (field("event: "), field("data: "))
                    && name != "beat"
                {
                    return Some((name.to_owned(), serde_json::from_str(data).expect("JSON")));
                }
            }
            let frame = self.body.frame().await?.expect("whole frames");
            self.rest += std::str::from_utf8(frame.data_ref().expect("data")).expect("text");
        }
    }

    async fn named(&mut self, wanted: &str) -> Value {
        loop {
            let (name, data) = self.next().await.expect("the stream goes on");
            if name == wanted {
                return data;
            }
        }
    }
}

#[tokio::test]
async fn a_change_of_the_floor_reaches_the_stream() {
    let service = Service::new(Reads::Open);
    let mut events = Events::open(&service, Ask::get("/api/events")).await;
    let (first, history) = events.next().await.unwrap();
    assert_eq!(
        (first.as_str(), history[0]["campaign"].as_u64()),
        ("history", Some(1))
    );
    let (second, board) = events.next().await.unwrap();
    assert_eq!(
        (second.as_str(), &board["campaigns"][0]["running"]),
        ("status", &json!(true))
    );
    assert!(
        board.get("calls").is_none(),
        "single calls stay out of streams"
    );
    service
        .post("/api/campaigns/autumn-renewals", json!({"running": false}))
        .await;
    let board = events.named("status").await;
    assert_eq!(board["campaigns"][0]["running"], false);
}

#[tokio::test]
async fn a_newcomer_gets_the_history_and_not_a_board_too_many() {
    let service = Service::new(Reads::Open);
    let mut watcher = Events::open(&service, Ask::get("/api/events")).await;
    watcher.named("status").await;
    // Three samples two seconds apart; each waits until the floor's change was taken in.
    for _ in 0..3 {
        service.floor.step(2_000);
        watcher.named("status").await;
    }
    let mut events = Events::open(&service, Ask::get("/api/events")).await;
    let history = events.named("history").await;
    let at: Vec<i64> = history
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["at_ms"].as_i64().unwrap())
        .collect();
    assert_eq!(at.len(), 4);
    assert!(at.windows(2).all(|w| w[1] - w[0] == 2_000));
}

#[tokio::test]
async fn an_agents_stream_brings_the_card_and_ends_with_the_session() {
    let service = Service::new(Reads::Token);
    let cookie = service.sign_in("amara").await;
    let ask = || Ask::get("/api/agent/events").header("cookie", &cookie);
    let mut events = Events::open(&service, ask()).await;
    let me = events.named("me").await;
    assert_eq!(
        (&me["agent"]["name"], &me["card"]),
        (&json!("amara"), &Value::Null)
    );
    loop {
        service.floor.step(500);
        let me = service
            .send(Ask::get("/api/agent/me").header("cookie", &cookie).done())
            .await;
        if me.json()["agent"]["state"] == "talking" {
            break;
        }
    }
    let card = loop {
        let me = events.named("me").await;
        if me["card"].is_object() {
            break me["card"].clone();
        }
    };
    assert!(card["number"].as_str().unwrap().starts_with("+1202555"));
    service
        .send(
            Ask::post("/api/agent/logout")
                .header("cookie", &cookie)
                .done(),
        )
        .await;
    events.named("ended").await;
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn streams_end_when_the_server_closes_and_their_number_is_bounded() {
    let service = Service::with(|c| c.streams_max = 1);
    let mut events = Events::open(&service, Ask::get("/api/events")).await;
    events.named("status").await;
    let more = service.get("/api/events").await;
    assert_eq!(
        (more.status, more.code().as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, "API-503")
    );
    service.close.send_replace(true);
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn serving_ends_soon_although_a_page_still_watches() {
    let service = Service::new(Reads::Open);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let config = carillon_api::ApiConfig::new(
        address,
        "token".into(),
        std::sync::Arc::new(Default::default),
        std::sync::Arc::new(|| [0; 32]),
    );
    let served = tokio::spawn(carillon_api::serve(
        listener,
        service.floor.clone(),
        config,
        async {
            stopped.await.ok();
        },
    ));
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut page = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("GET /api/events HTTP/1.1\r\nHost: {address}\r\n\r\n");
    page.write_all(request.as_bytes()).await.unwrap();
    let mut head = [0; 12];
    page.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    stop.send(()).unwrap();
    let mut rest = Vec::new();
    page.read_to_end(&mut rest).await.unwrap();
    assert!(rest.ends_with(b"0\r\n\r\n"), "the stream ends whole");
    served.await.unwrap().unwrap();
}
