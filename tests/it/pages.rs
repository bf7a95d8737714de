//! Wallboard and agent page in a real browser, before a floor that really dials.

use crate::demo::talkative;
use crate::support::browser::Browser;
use carillon::demo::{Demo, DemoOptions};
use carillon_decision::agent::AgentState;
use carillon_decision::id::LeadId;
use carillon_decision::lead::LeadStatus;
use serde_json::{Value, json};
use std::future::pending;
use std::time::Duration;

/// Agents on the wallboard.
const AGENTS: u32 = 4;

/// A floor that finds somebody to talk to at once, and the address of its pages.
async fn floor(agents: u32) -> (Demo, String) {
    let options = DemoOptions {
        agents,
        page_port: Some(0),
        seed: talkative(),
        ..DemoOptions::default()
    };
    let demo = Demo::start(options).await.expect("the demo starts");
    let url = demo.node().addresses().web_url().expect("a wallboard");
    (demo, url)
}

async fn end(demo: Demo) {
    let report = demo.finish(Duration::ZERO, pending()).await;
    assert_eq!(report.carrier.ghost_calls, 0, "{report:?}");
}

/// Nothing may stick out at the side, at a desk as little as on a phone.
fn fits(browser: &mut Browser) {
    for (width, height) in [(390, 844), (1440, 900)] {
        browser.resize(width, height);
        let widths = browser.value("[document.documentElement.scrollWidth, innerWidth]");
        assert_eq!(widths[0], widths[1], "at {width} × {height}");
    }
}

/// What a person reads off the wallboard.
const FIGURES: &str = "({
    placed: $('#placed'), connected: $('#connected'), ratio: $('#lines-per-agent'),
    reason: $('#reason'), binding: $('#binding'), answers: $('#answer-rate'),
    link: $('#link'), calls: document.querySelectorAll('#calls tr').length,
    agents: [...document.querySelectorAll('#agents .tile')].map((a) => a.innerText),
    windows: [...document.querySelectorAll('#windows .window')].map((w) => w.innerText),
    trunks: $('#trunks'),
})";

/// Reads an element's text as it is shown.
const READER: &str = "globalThis.$ = (path) => document.querySelector(path).innerText; true";

fn text<'a>(figures: &'a Value, name: &str) -> &'a str {
    figures[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name} in {figures}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wallboard_tells_the_floor_and_moves_by_itself() {
    let (demo, url) = floor(AGENTS).await;
    demo.open().await.expect("the campaign runs");
    let looked = tokio::task::spawn_blocking(move || {
        let mut browser = Browser::start(1440, 900);
        browser.open(&url);
        browser.value(READER);
        browser.wait_for("document.querySelectorAll('#calls tr').length >= 2");
        let first = browser.value(FIGURES);
        // The same page, never loaded again, shows more calls and a conversation.
        let before = json!(text(&first, "placed"));
        browser.wait_for(&format!(
            "$('#placed') !== {before} && Number($('#connected')) > 0"
        ));
        let later = browser.value(FIGURES);
        fits(&mut browser);
        (first, later, browser.complaints())
    });
    let (first, later, complaints) = looked.await.expect("the browser does its part");
    assert_eq!(complaints, Vec::<String>::new());
    for figures in [&first, &later] {
        let agents = figures["agents"].as_array().expect("a list");
        assert_eq!(agents.len(), AGENTS as usize, "{figures}");
        assert!(
            agents
                .iter()
                .all(|a| a.as_str().is_some_and(|a| a.contains("agent0")))
        );
        let reason = text(figures, "reason").to_lowercase();
        assert!(
            reason.starts_with("dialing ") && reason.contains("idle"),
            "{figures}"
        );
        assert!(!text(figures, "binding").is_empty(), "{figures}");
        assert!(text(figures, "ratio").parse::<f64>().is_ok(), "{figures}");
        assert!(text(figures, "answers").ends_with('%'), "{figures}");
        assert_eq!(text(figures, "link"), "Live");
        let windows = figures["windows"].as_array().expect("a list");
        assert_eq!(windows.len(), 3, "{figures}");
        for window in windows {
            let window = window.as_str().expect("text");
            assert!(
                window.contains("cap 3") && window.contains("people"),
                "{window}"
            );
        }
        assert!(
            text(figures, "trunks").contains("of 120 channels"),
            "{figures}"
        );
    }
    assert_ne!(first["placed"], later["placed"]);
    assert_eq!(demo.status().floor.agents.len(), AGENTS as usize);
    end(demo).await;
}

/// A promise and a note, made while the person is on the line.
const PROMISE: &str = "(() => {
    const one = (path) => document.querySelector(path);
    one('#note').value = 'asks for the evening';
    [...document.querySelectorAll('#dispositions button')]
        .find((b) => b.innerText.startsWith('Call back')).click();
    one('#then-ready').checked = false;
    const call = { person: one('#person').innerText, number: one('#number').innerText };
    one('#callback .primary').click();
    return call;
})()";

/// Signs in, waits for a conversation, promises a callback with a note, takes a break, logs out.
fn at_the_desk(url: &str) -> (Value, Vec<String>) {
    let mut browser = Browser::start(390, 844);
    browser.open(&format!("{url}agent"));
    browser.wait_for("!document.getElementById('sign-in').hidden");
    // The stream of somebody not signed in is refused: the browser reports that.
    browser.complaints();
    browser.value(
        "document.getElementById('name').value = 'agent01';
         document.getElementById('pin').value = '1234';
         document.querySelector('#sign-in-form button').click()",
    );
    let state = |name: &str| format!("document.getElementById('state').dataset.state === '{name}'");
    let talking = format!(
        "{} && !document.getElementById('outcome').hidden",
        state("talking")
    );
    browser.wait_for(&talking);
    fits(&mut browser);
    let call = browser.value(PROMISE);
    browser.wait_for("document.getElementById('told').innerText.includes('Call back')");
    browser.value("document.getElementById('do-break').click()");
    browser.wait_for(&state("break"));
    browser.value("document.getElementById('do-logout').click()");
    browser.wait_for("!document.getElementById('sign-in').hidden");
    (call, browser.complaints())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_works_a_call_from_log_in_to_log_out_and_the_note_is_kept() {
    let (demo, url) = floor(1).await;
    demo.open().await.expect("the campaign runs");
    let worked = tokio::task::spawn_blocking(move || at_the_desk(&url));
    let (call, complaints) = worked.await.expect("the browser does its part");
    assert_eq!(complaints, Vec::<String>::new());
    let number = call["number"].as_str().expect("the whole number");
    assert!(call["person"].as_str().is_some_and(|p| !p.is_empty()));

    let mut status = demo.node().status();
    let gone = status.wait_for(|b| b.floor.agents[0].state == AgentState::LoggedOut);
    assert!(gone.await.is_ok());
    let store = demo.node().store();
    let ids = store.find_leads(number).await.expect("the store answers");
    let lead = waited_for(&demo, ids[0]).await;
    assert_eq!(lead.status, LeadStatus::Callback, "{lead:?}");
    assert!(lead.callback.is_some());
    let entry = &lead.history[0];
    assert_eq!(entry.disposition.as_deref(), Some("CALLBK"));
    assert_eq!(entry.note.as_deref(), Some("asks for the evening"));
    end(demo).await;
}

/// The lead as soon as its call and what was said of it are written.
async fn waited_for(demo: &Demo, id: LeadId) -> carillon_store::LeadDetails {
    let mut status = demo.node().status();
    loop {
        let lead = demo.node().store().lead(id).await.expect("it is stored");
        let said = lead
            .history
            .first()
            .is_some_and(|e| e.disposition.is_some());
        if said && lead.status == LeadStatus::Callback {
            return lead;
        }
        status.changed().await.expect("the node runs");
    }
}
