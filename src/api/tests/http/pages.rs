//! The pages: whole, self-contained, cached by hash.

use crate::support::{Ask, Service};
use axum::http::StatusCode;
use carillon_api::Reads;
use std::collections::BTreeSet;

/// Texts between `open` and `close`.
fn between<'a>(text: &'a str, open: &str, close: &str) -> BTreeSet<&'a str> {
    text.split(open)
        .skip(1)
        .filter_map(|t| t.split(close).next())
        .collect()
}

#[tokio::test]
async fn everything_a_page_loads_is_here_and_nothing_is_inline() {
    let service = Service::new(Reads::Token);
    for page in ["/", "/agent"] {
        let html = service.get(page).await;
        assert_eq!(html.status, StatusCode::OK);
        assert_eq!(html.headers["content-type"], "text/html; charset=utf-8");
        assert!(
            !html.text.contains("style=\"") && !html.text.contains("<style"),
            "{page}"
        );
        assert!(
            !html.text.contains("//cdn") && !html.text.contains("https://"),
            "{page}"
        );
        let mut wanted: Vec<String> = between(&html.text, "\"/assets/", "\"")
            .into_iter()
            .map(str::to_owned)
            .collect();
        assert!(wanted.len() >= 4);
        let mut seen = BTreeSet::new();
        let mut scripts = String::new();
        while let Some(name) = wanted.pop() {
            let file = service.get(&format!("/assets/{name}")).await;
            assert_eq!(file.status, StatusCode::OK, "{name} of {page}");
            if name.ends_with(".js") && seen.insert(name) {
                wanted.extend(
                    between(&file.text, "from \"/assets/", "\"")
                        .into_iter()
                        .map(str::to_owned),
                );
                scripts += &file.text;
            }
        }
        let ids = between(&html.text, " id=\"", "\"");
        for id in between(&scripts, "$(\"", "\")") {
            assert!(ids.contains(id), "{page} has no element `{id}`");
        }
    }
    assert_eq!(
        service.get("/assets/../Cargo.toml").await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        service.get("/assets/none.js").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn an_unchanged_file_is_not_sent_again() {
    let service = Service::new(Reads::Open);
    let first = service.get("/assets/board.js").await;
    let tag = first.headers["etag"].to_str().unwrap();
    let again = service
        .send(
            Ask::get("/assets/board.js")
                .header("if-none-match", tag)
                .done(),
        )
        .await;
    assert_eq!(
        (again.status, again.text.as_str()),
        (StatusCode::NOT_MODIFIED, "")
    );
}
