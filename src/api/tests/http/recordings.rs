//! Recordings: who may hear them, whole and in parts, and what is said of those nobody can hear.

use crate::fake::recordings::{OCTETS, TORN_AT, wav};
use crate::support::{Ask, Service, TOKEN, filled, routes};
use axum::http::{HeaderMap, Method, StatusCode};
use carillon_api::{Access, Reads};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::time::Duration;

const AUDIO: &str = "/api/recordings/7/audio";

/// Status, headers and octets.
async fn octets(service: &Service, ask: Ask) -> (StatusCode, HeaderMap, Vec<u8>) {
    let (parts, body) = service.open(ask.done()).await.into_parts();
    let body = body.collect().await.expect("a whole body").to_bytes();
    (parts.status, parts.headers, body.to_vec())
}

fn with_token(path: &str) -> Ask {
    Ask::get(path).token(TOKEN)
}

fn range(range: &str) -> Ask {
    with_token(AUDIO).header("range", range)
}

#[tokio::test]
async fn recordings_are_for_holders_of_the_token_even_where_reads_are_open() {
    let service = Service::new(Reads::Open);
    let agent = service.sign_in("bjorn").await;
    let guarded = [routes(Access::Supervisor), routes(Access::Listener)].concat();
    let of_recordings = |r: &&carillon_api::RouteInfo| r.path.starts_with("/api/recordings");
    let guarded: Vec<_> = guarded.iter().filter(of_recordings).collect();
    assert_eq!(guarded.len(), 4);
    for (n, route) in guarded.into_iter().enumerate() {
        let path = filled(route);
        let ask = || match route.method {
            Method::GET => Ask::get(&path).from(&format!("192.0.2.{n}")),
            _ => Ask::post(&path).from(&format!("192.0.2.{n}")),
        };
        for ask in [ask(), ask().token("guess"), ask().header("cookie", &agent)] {
            let refused = service.send(ask.done()).await;
            assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{path}");
            assert_eq!(refused.code(), "API-001", "{path}");
        }
        let (status, ..) = octets(&service, ask().token(TOKEN)).await;
        assert_eq!(status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn a_pass_lets_a_player_hear_one_recording_for_an_hour() {
    let service = Service::new(Reads::Open);
    let answer = service.post("/api/recordings/7/listen", json!({})).await;
    let told = answer.json();
    assert_eq!(
        (&told["audio"], &told["for_s"]),
        (&json!(AUDIO), &json!(3600))
    );
    assert_eq!(told["recording"]["call"], 40_007);
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    for attribute in [
        "HttpOnly",
        "SameSite=Strict",
        "Path=/api/recordings/7/audio;",
    ] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let pass = cookie.split(';').next().unwrap();
    let status = async |path: &str| {
        let ask = Ask::get(path).header("cookie", pass);
        octets(&service, ask).await.0
    };
    assert_eq!(status(AUDIO).await, StatusCode::OK);
    // Other recordings, what is known of this one, and the list stay shut.
    for path in [
        "/api/recordings/6/audio",
        "/api/recordings/7",
        "/api/recordings",
        "/api/recordings/07/audio/..",
    ] {
        assert_ne!(status(path).await, StatusCode::OK, "{path}");
    }
    let forged = Ask::get(AUDIO).header("cookie", "carillon_listen=00");
    assert_eq!(octets(&service, forged).await.0, StatusCode::UNAUTHORIZED);
    service.pass(Duration::from_secs(3600));
    assert_eq!(status(AUDIO).await, StatusCode::UNAUTHORIZED);
    let secure = Service::with(|c| c.https = true);
    let answer = secure.post("/api/recordings/7/listen", json!({})).await;
    assert!(
        answer.headers["set-cookie"]
            .to_str()
            .unwrap()
            .ends_with("; Secure")
    );
}

#[tokio::test]
async fn the_whole_audio_comes_octet_for_octet() {
    let service = Service::new(Reads::Open);
    let (status, headers, body) = octets(&service, with_token(AUDIO)).await;
    assert_eq!((status, body.len()), (StatusCode::OK, OCTETS));
    assert!(body == wav());
    for (name, value) in [
        ("content-type", "audio/wav"),
        ("accept-ranges", "bytes"),
        ("content-length", "160044"),
        ("content-disposition", "inline; filename=\"40007-7.wav\""),
        ("cache-control", "no-store"),
        ("etag", &format!("\"{}\"", "07".repeat(32))),
    ] {
        assert_eq!(headers[name], value, "{name}");
    }
    assert!(!headers.contains_key("content-range"));
    let ask = Ask::head(AUDIO).token(TOKEN).header("range", "bytes=0-9");
    let (status, head, body) = octets(&service, ask).await;
    assert_eq!((status, body.len()), (StatusCode::OK, 0));
    for name in ["content-type", "content-length", "accept-ranges", "etag"] {
        assert_eq!(head[name], headers[name], "{name}");
    }
}

#[test]
fn the_interface_names_every_media_type_a_recording_may_have() {
    let document: Value = serde_json::from_str(&carillon_api::openapi_json()).unwrap();
    let answers = &document["paths"]["/api/recordings/{id}/audio"]["get"]["responses"];
    for status in ["200", "206"] {
        let content = answers[status]["content"].as_object().unwrap();
        let named: Vec<&str> = content.keys().map(String::as_str).collect();
        assert_eq!(named, ["audio/flac", "audio/ogg", "audio/wav"], "{status}");
    }
}

#[tokio::test]
async fn parts_are_what_the_whole_has_there() {
    let service = Service::new(Reads::Open);
    let whole = wav();
    let last = OCTETS - 1;
    for (asked, from, to) in [
        ("bytes=0-0".to_owned(), 0, 0),
        ("bytes=0-".to_owned(), 0, last),
        // Across the header's end, and across pieces.
        ("bytes=40-70000".to_owned(), 40, 70_000),
        ("bytes=65536-".to_owned(), 65_536, last),
        ("bytes=-1000".to_owned(), OCTETS - 1_000, last),
        (format!("bytes={last}-{}", last + 9), last, last),
    ] {
        let (status, headers, body) = octets(&service, range(&asked)).await;
        assert_eq!(status, StatusCode::PARTIAL_CONTENT, "{asked}");
        let told = format!("bytes {from}-{to}/{OCTETS}");
        assert_eq!(headers["content-range"], told, "{asked}");
        assert_eq!(headers["content-length"], (to - from + 1).to_string());
        assert!(body == whole[from..=to], "{asked}");
    }
    for asked in ["bytes=160044-", "bytes=-0"] {
        let answer = service.send(range(asked).done()).await;
        assert_eq!(answer.status, StatusCode::RANGE_NOT_SATISFIABLE, "{asked}");
        assert_eq!(answer.headers["content-range"], "bytes */160044");
        assert_eq!(answer.code(), "API-017");
    }
    for asked in ["bytes=9-1", "bytes=0-1,4-5", "lines=1-2"] {
        let (status, _, body) = octets(&service, range(asked)).await;
        assert_eq!((status, body.len()), (StatusCode::OK, OCTETS), "{asked}");
    }
}

#[tokio::test]
async fn a_part_of_another_file_is_never_mixed_in() {
    let service = Service::new(Reads::Open);
    let same = format!("\"{}\"", "07".repeat(32));
    let other = format!("\"{}\"", "08".repeat(32));
    for (known, status) in [
        (same.as_str(), StatusCode::PARTIAL_CONTENT),
        (&other, StatusCode::OK),
        (&format!("W/{same}"), StatusCode::OK),
        ("Sun, 22 Nov 2026 12:00:00 GMT", StatusCode::OK),
    ] {
        let ask = range("bytes=0-9").header("if-range", known);
        assert_eq!(octets(&service, ask).await.0, status, "{known}");
    }
}

#[tokio::test]
async fn what_cannot_be_heard_is_refused_in_words_of_its_own() {
    let service = Service::new(Reads::Open);
    for (id, status, code) in [
        ("8", StatusCode::CONFLICT, "recording_open"),
        ("5", StatusCode::GONE, "recording_deleted"),
        ("4", StatusCode::NOT_FOUND, "recording_missing"),
        ("3", StatusCode::SERVICE_UNAVAILABLE, "recording_no_key"),
        ("99", StatusCode::NOT_FOUND, "API-404"),
        ("..%2F..%2Fetc", StatusCode::BAD_REQUEST, "API-012"),
        ("-1", StatusCode::BAD_REQUEST, "API-012"),
    ] {
        let heard = with_token(&format!("/api/recordings/{id}/audio"));
        let heard = service.send(heard.done()).await;
        assert_eq!((heard.status, heard.code().as_str()), (status, code));
        let pass = format!("/api/recordings/{id}/listen");
        let pass = service.post(&pass, json!({})).await;
        assert_eq!((pass.status, pass.code().as_str()), (status, code));
        assert!(!pass.headers.contains_key("set-cookie"), "{id}");
    }
}

#[tokio::test]
async fn a_damaged_recording_breaks_off_and_is_refused_from_there_on() {
    let service = Service::new(Reads::Open);
    let path = "/api/recordings/2/audio";
    let response = service.open(with_token(path).done()).await;
    assert_eq!(response.status(), StatusCode::OK);
    let mut body = response.into_body();
    let mut heard = 0;
    let broke_off = loop {
        match body
            .frame()
            .await
            .expect("it does not end as if it were whole")
        {
            Ok(frame) => heard += frame.into_data().expect("audio").len() as u64,
            Err(error) => break error,
        }
    };
    assert!(heard > 0 && heard <= TORN_AT, "{heard}");
    assert!(broke_off.to_string().contains("recording_damaged"));
    let beyond = with_token(path).header("range", "bytes=120000-");
    let refused = service.send(beyond.done()).await;
    assert_eq!(refused.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(refused.code(), "recording_damaged");
}

#[tokio::test]
async fn a_listener_does_not_keep_the_server_from_closing() {
    let service = Service::new(Reads::Open);
    let response = service.open(with_token(AUDIO).done()).await;
    let mut body = response.into_body();
    body.frame().await.expect("a first piece").expect("audio");
    service.close.send_replace(true);
    let mut octets = 0;
    while let Some(frame) = body.frame().await {
        octets += frame.expect("audio").into_data().map_or(0, |d| d.len());
    }
    assert!(octets < OCTETS - 64 * 1024, "{octets}");
}

#[tokio::test]
async fn the_list_is_narrowed_and_paged() {
    let service = Service::new(Reads::Open);
    let ids = async |query: &str| -> Vec<u64> {
        let answer = service
            .send(with_token(&format!("/api/recordings{query}")).done())
            .await;
        let found: Vec<Value> = serde_json::from_value(answer.json()).expect("a list");
        found.iter().map(|r| r["id"].as_u64().unwrap()).collect()
    };
    assert_eq!(ids("").await, [8, 7, 6, 5, 4, 3, 2]);
    assert_eq!(ids("?limit=2").await, [8, 7]);
    assert_eq!(ids("?limit=2&before=7").await, [6, 5]);
    assert_eq!(ids("?state=finished").await, [7, 3, 2]);
    assert_eq!(ids("?call=40008").await, [6]);
    assert_eq!(
        ids("?lead=7&agent=amara&campaign=autumn-renewals").await,
        [7]
    );
    assert_eq!(ids("?since=2026-11-21T16:07:00Z").await, [8, 7]);
    assert_eq!(ids("?until=2026-11-21T16:04:00Z").await, [3, 2]);
    let one = service.send(with_token("/api/recordings/6").done()).await;
    let one = one.json();
    assert_eq!(
        (&one["state"], &one["sealed"]),
        (&json!("recovered"), &json!(true))
    );
    assert_eq!(one["sha256"], "06".repeat(32));
    for (query, code) in [
        ("?state=done", "API-011"),
        ("?path=/etc/passwd", "API-011"),
        ("?limit=0", "API-015"),
        ("?since=yesterday", "API-015"),
        ("?number=12", "API-016"),
    ] {
        let refused = with_token(&format!("/api/recordings{query}"));
        assert_eq!(service.send(refused.done()).await.code(), code, "{query}");
    }
}
