//! Recordings over HTTP: the same octets as the command line copies out, whole and in parts,
//! sealed or not; and what is said when there is nothing to hear.

use super::{Floor, LEAD, TOKEN, at_once, text, with_token};
use crate::program::run;
use crate::support::PATIENCE;
use crate::support::browser::Browser;
use crate::support::node::TestNode;
use crate::support::peer::Peer;
use carillon_api::port::{RecordingAsk, RecordingPhase, RecordingView};
use carillon_decision::id::CallId;
use carillon_decision::time::Wall;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The configuration with a token and a `[recording]` of these lines.
fn configured(peer: &Peer, recording: &str) -> String {
    let base = text(peer, "recording = { consent = \"given\" }");
    format!("[recording]\n{recording}\n{}", with_token(&base))
}

/// An answer of the node's pages.
struct Heard {
    status: u16,
    headers: Vec<(String, String)>,
    octets: Vec<u8>,
}

impl Heard {
    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    fn code(&self) -> String {
        let body: Value = serde_json::from_slice(&self.octets).expect("a refusal");
        body["code"].as_str().expect("a code").to_owned()
    }
}

/// Asks the node's pages as a supervisor does; `range` with the part that is wanted.
fn ask(node: &TestNode, path: &str, range: Option<&str>) -> Heard {
    let base = node.node.addresses().web_url().expect("pages");
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .new_agent();
    let mut request = agent
        .get(format!("{base}{path}"))
        .header("Authorization", format!("Bearer {TOKEN}"));
    if let Some(range) = range {
        request = request.header("Range", range);
    }
    at_once(|| {
        let mut response = request.call().expect("the node answers");
        let text = |v: &ureq::http::HeaderValue| v.to_str().expect("text").to_owned();
        let headers = response.headers().iter();
        Heard {
            headers: headers.map(|(n, v)| (n.to_string(), text(v))).collect(),
            status: response.status().as_u16(),
            octets: response.body_mut().read_to_vec().expect("a whole body"),
        }
    })
}

/// The only recording, as soon as it is in that state.
async fn recording(node: &TestNode, state: RecordingPhase) -> RecordingView {
    let mut status = node.node.status();
    loop {
        let wanted = RecordingAsk {
            state: Some(state),
            limit: 10,
            ..RecordingAsk::default()
        };
        let mut found = node.node.floor().recordings(wanted).await.expect("a list");
        if let Some(one) = found.pop() {
            return one;
        }
        // The recorder's writer is right behind the call.
        let changed = tokio::time::timeout(PATIENCE, status.changed()).await;
        changed.expect("the board changes").expect("the node runs");
    }
}

/// A call that was recorded, and its recording.
async fn recorded(peer: Peer, text: &str) -> (TestNode, RecordingView) {
    let floor = Floor::start_on(peer, text).await;
    let open = recording(&floor.node, RecordingPhase::Open).await;
    let early = ask(
        &floor.node,
        &format!("api/recordings/{}/audio", open.id),
        None,
    );
    assert_eq!(
        (early.status, early.code().as_str()),
        (409, "recording_open")
    );
    at_once(|| floor.peer.hears_for(floor.customer, 1_500));
    floor.peer.hang_up(floor.customer);
    floor.node.records(1).await;
    let whole = recording(&floor.node, RecordingPhase::Finished).await;
    assert_eq!((whole.id, whole.call), (open.id, open.call));
    (floor.node, whole)
}

/// What `carillon recordings get` copies out, by the node's own configuration.
fn copied(node: &TestNode, text: &str, call: u64) -> Vec<u8> {
    let place = node.directory.path();
    let config = format!("[node]\ndata_dir = \"{}\"\n{text}", place.display());
    std::fs::write(place.join("carillon.toml"), config).expect("a configuration");
    let call = call.to_string();
    at_once(|| run(place, &["recordings", "get", &call, "-o", "copy"]));
    std::fs::read(place.join("copy")).expect("the copy")
}

/// Everything that is heard is what the command line copies out.
fn heard_is_copied(node: &TestNode, one: &RecordingView, copy: &[u8], media_type: &str) {
    let path = format!("api/recordings/{}/audio", one.id);
    let whole = ask(node, &path, None);
    assert_eq!(whole.status, 200);
    assert_eq!(whole.header("content-type"), Some(media_type));
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));
    assert!(whole.octets == copy, "{} octets", whole.octets.len());
    let end = copy.len();
    for (range, from, to) in [
        ("bytes=0-43".to_owned(), 0, 44),
        (format!("bytes=30-{}", end / 2), 30, end / 2 + 1),
        (format!("bytes={}-", end / 2 + 1), end / 2 + 1, end),
        ("bytes=-777".to_owned(), end - 777, end),
    ] {
        let part = ask(node, &path, Some(&range));
        assert_eq!(part.status, 206, "{range}");
        let told = format!("bytes {from}-{}/{end}", to - 1);
        assert_eq!(part.header("content-range"), Some(told.as_str()));
        assert!(part.octets == copy[from..to], "{range}");
    }
    let beyond = ask(node, &path, Some(&format!("bytes={end}-")));
    assert_eq!((beyond.status, beyond.code().as_str()), (416, "API-017"));
}

/// The file below the recordings' directory, and what is in it.
fn file(node: &TestNode, one: &RecordingView) -> (PathBuf, Vec<u8>) {
    let root = node.directory.path().join("recordings");
    let stem = format!("{}-{}.", one.call, one.id);
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a directory") {
            let path = entry.expect("an entry").path();
            let name = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if name.starts_with(&stem) && !name.ends_with(".log") {
                let octets = std::fs::read(&path).expect("the file");
                return (path, octets);
            }
        }
    }
    panic!("no file of recording {}", one.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_is_found_and_heard_over_http_as_it_was_written() {
    let peer = Peer::start(81);
    let text = configured(&peer, "");
    let (node, one) = recorded(peer, &text).await;
    assert!(!one.sealed && one.length_ms >= 1_500, "{one:?}");
    let copy = copied(&node, &text, one.call);
    heard_is_copied(&node, &one, &copy, "audio/wav");
    let (path, octets) = file(&node, &one);
    assert!(octets == copy, "an unsealed file is heard as it lies there");

    let count = |query: &str| -> usize {
        let list = ask(&node, &format!("api/recordings?{query}"), None);
        assert_eq!(list.status, 200, "{query}");
        let list: Vec<RecordingView> = serde_json::from_slice(&list.octets).expect("a list");
        list.len()
    };
    let number = LEAD.replace('+', "%2B");
    assert_eq!(
        count(&format!("number={number}&agent=ana&campaign=spring")),
        1
    );
    assert_eq!(count("number=%2B12125550199"), 0);
    assert_eq!(count("agent=ben"), 0);
    assert_eq!(count(&format!("lead={}", one.lead.expect("a lead"))), 1);
    assert_eq!(count(&format!("before={}", one.id)), 0);

    let audio = format!("api/recordings/{}/audio", one.id);
    std::fs::remove_file(&path).expect("it is there");
    let gone = ask(&node, &audio, None);
    assert_eq!(
        (gone.status, gone.code().as_str()),
        (404, "recording_missing")
    );
    let said = String::from_utf8(gone.octets).expect("text");
    assert!(
        !said.contains(node.directory.path().to_str().unwrap()),
        "{said}"
    );
    let store = node.node.store();
    let deleted = store.delete_recording(one.id, Wall(one.started_ms), "asked for by the person");
    assert!(deleted.await.expect("the store answers"));
    let gone = ask(&node, &audio, None);
    assert_eq!(
        (gone.status, gone.code().as_str()),
        (410, "recording_deleted")
    );
    let view = ask(&node, &format!("api/recordings/{}", one.id), None);
    let view: RecordingView = serde_json::from_slice(&view.octets).expect("it is known");
    assert_eq!(
        (view.state, view.sha256),
        (RecordingPhase::Deleted, one.sha256)
    );
    node.node.stop().await;
}

/// Unlocks the controls, listens to the call that waits for review, jumps, and tells what the
/// player knows, at the size of a desk and of a phone.
fn listened(url: &str) -> (Vec<Value>, Vec<String>) {
    let mut browser = Browser::start(1440, 900);
    browser.open(url);
    browser.wait_for("document.querySelectorAll('#agents .tile').length > 0");
    let told = [(1440, 900), (390, 844)].map(|(width, height)| {
        browser.resize(width, height);
        browser.value("document.getElementById('open-controls').click()");
        browser.value(&format!(
            "document.getElementById('token').value = '{TOKEN}';
             document.querySelector('#token-form button').click()"
        ));
        browser.wait_for("document.querySelector('#reviews button')");
        browser.value("document.querySelector('#reviews button').click()");
        browser.wait_for("document.querySelector('#reviews audio')");
        browser.value(
            "new Promise((done, failed) => {
                const player = document.querySelector('#reviews audio');
                player.pause();
                player.onerror = () => failed(player.error.message);
                const jump = () => { player.onseeked = () => done(null); player.currentTime = 1; };
                player.readyState ? jump() : (player.onloadedmetadata = jump);
            })",
        );
        let state = browser.value(
            "(() => {
                const player = document.querySelector('#reviews audio');
                const panel = document.getElementById('controls');
                const fits = panel.scrollWidth <= panel.clientWidth;
                const src = player.getAttribute('src');
                return { at: player.currentTime, length: player.duration, src, fits };
            })()",
        );
        browser.value("document.getElementById('lock').click()");
        browser.value("document.getElementById('close-controls').click()");
        state
    });
    (told.to_vec(), browser.complaints())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_drawn_for_review_is_played_on_the_wallboard() {
    let one = played(85, "").await;
    assert_eq!((one.format.as_str(), one.sealed), ("pcm16", false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_opus_recording_is_played_on_the_wallboard() {
    let keys = tempfile::tempdir().expect("a directory");
    let key = key(keys.path());
    let settings = format!("format = \"opus\"\nkey_file = \"{}\"", key.display());
    let one = played(97, &settings).await;
    assert_eq!((one.format.as_str(), one.sealed), ("opus", true));
}

/// A call that is drawn for review is heard from the wallboard, with a `[recording]` of these lines.
async fn played(tag: u8, recording: &str) -> RecordingView {
    let peer = Peer::start(tag);
    let text = configured(&peer, recording);
    let drawn = text.replacen("recording = {", "review_share = 1.0\nrecording = {", 1);
    let (node, one) = recorded(peer, &drawn).await;
    let mut status = node.node.status();
    while node.node.store().quality(CallId(one.call)).await.is_err() {
        let changed = tokio::time::timeout(PATIENCE, status.changed()).await;
        changed.expect("the board changes").expect("the node runs");
    }
    let url = node.node.addresses().web_url().expect("pages");
    let (told, complaints) = at_once(|| listened(&url));
    assert_eq!(complaints, Vec::<String>::new());
    for state in told {
        let length = state["length"].as_f64().expect("it is known");
        assert!(
            (length * 1_000.0 - one.length_ms as f64).abs() < 20.0,
            "{state}"
        );
        assert_eq!((&state["at"], &state["fits"]), (&json!(1), &json!(true)));
        let path = format!("/api/recordings/{}/audio", one.id);
        assert_eq!(state["src"], path, "no token in the address");
    }
    node.node.stop().await;
    one
}

/// A key file that is this user's alone.
fn key(folder: &Path) -> PathBuf {
    let file = folder.join("recording.key");
    std::fs::write(&file, "a passphrase that nobody guesses").expect("a key");
    let alone = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(&file, alone).expect("its owner may");
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opus_recording_is_heard_over_http_as_it_was_made_after_the_call() {
    let peer = Peer::start(98);
    let text = configured(&peer, "format = \"opus\"");
    let (node, one) = recorded(peer, &text).await;
    assert_eq!((one.format.as_str(), one.sealed), ("opus", false));
    let copy = copied(&node, &text, one.call);
    assert!(copy.starts_with(b"OggS"));
    let (path, octets) = file(&node, &one);
    assert!(octets == copy, "heard as {} lies there", path.display());
    heard_is_copied(&node, &one, &copy, "audio/ogg");
    let whole = ask(&node, &format!("api/recordings/{}/audio", one.id), None);
    let (name, tag) = (
        format!("inline; filename=\"{}-{}.opus\"", one.call, one.id),
        format!("\"{}\"", one.sha256),
    );
    assert_eq!(whole.header("content-disposition"), Some(name.as_str()));
    assert_eq!(whole.header("etag"), Some(tag.as_str()));
    node.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_recording_is_heard_unsealed_and_not_without_its_key() {
    let keys = tempfile::tempdir().expect("a directory");
    let key = key(keys.path());
    let peer = Peer::start(82);
    let text = configured(&peer, &format!("key_file = \"{}\"", key.display()));
    let (node, one) = recorded(peer, &text).await;
    assert!(one.sealed, "{one:?}");
    let copy = copied(&node, &text, one.call);
    assert!(copy.starts_with(b"RIFF"));
    heard_is_copied(&node, &one, &copy, "audio/wav");
    let (path, mut octets) = file(&node, &one);
    assert!(!octets.starts_with(b"RIFF"), "it is sealed on the disk");

    // One octet in the middle: what is before it is heard, and nothing made up in its place.
    let middle = octets.len() / 2;
    octets[middle] ^= 1;
    std::fs::write(&path, &octets).expect("it can be written");
    let audio = format!("api/recordings/{}/audio", one.id);
    let before = ask(&node, &audio, Some("bytes=0-999"));
    assert!(before.status == 206 && before.octets == copy[..1_000]);
    let range = format!("bytes={}-{}", copy.len() / 2 - 400, copy.len() / 2 + 400);
    let changed = ask(&node, &audio, Some(&range));
    assert_eq!(
        (changed.status, changed.code().as_str()),
        (500, "recording_damaged")
    );

    let directory = Arc::clone(&node.directory);
    node.node.stop().await;
    let without = text.replacen("key_file", "# key_file", 1);
    let node = TestNode::start_in(directory, &without).await;
    let shut = ask(&node, &audio, None);
    assert_eq!(
        (shut.status, shut.code().as_str()),
        (503, "recording_no_key")
    );
    node.node.stop().await;
}
