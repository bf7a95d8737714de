//! Recordings as a user meets them: the program records, lists, copies out, verifies; and is killed.

use crate::program::{Board, PATIENCE, Running, carillon, free_ports, run, run_json};
use crate::support::node::config;
use crate::support::peer::{Line, Peer};
use carillon_media::meter::tone_db;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant};

const LEAD: &str = "+12125550123";
const TOKEN: &str = "test-token-0123456789";
const AGENT_HZ: f32 = 440.0;
const CUSTOMER_HZ: f32 = 1_030.0;

/// A folder with a configuration and a lead, and the program that serves it.
struct Program {
    folder: tempfile::TempDir,
    web: u16,
    node: Option<(Running, Board)>,
}

impl Program {
    fn start(peer: &Peer, recording: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let ports = free_ports(2);
        let (sip, web) = (ports[0], ports[1]);
        let text = config(peer.address, "recording = { consent = \"given\" }")
            .replacen("\"127.0.0.1:0\"", &format!("\"127.0.0.1:{sip}\""), 1)
            .replacen("\"127.0.0.1:0\"", &format!("\"127.0.0.1:{web}\""), 1);
        let web_port = format!("\"127.0.0.1:{web}\"");
        let text = text.replacen(
            &web_port,
            &format!("{web_port}\nsupervisor_token = \"{TOKEN}\""),
            1,
        );
        let text = format!("{text}\n[recording]\n{recording}\n");
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).expect("written");
        };
        write("carillon.toml", &text);
        write("recording.key", &"5a".repeat(32));
        write(
            "leads.csv",
            &format!("phone_number,time_zone\n{LEAD},America/New_York\n"),
        );
        let mut program = Self {
            folder,
            web,
            node: None,
        };
        program.run(&["leads", "import", "leads.csv", "--campaign", "spring"]);
        program.serve();
        program
    }

    fn serve(&mut self) {
        let mut serve = carillon(self.folder.path());
        serve.arg("serve");
        let log = self.folder.path().join("serve.log");
        let mut node = Running::watched(serve, &log);
        node.wait_for("wallboard on");
        self.node = Some((node, Board::open(self.web)));
    }

    /// Ana and the customer hear each other.
    fn talk(&mut self, peer: &Peer) -> Line {
        self.board("the trunk up", |b| b["trunks"][0]["up"] == true);
        self.run(&["agent", "set", "ana", "login"]);
        let call = peer.called("ana");
        peer.answer(&call, AGENT_HZ);
        self.board("ana's line", |b| b["agents"][0]["state"] == "break");
        self.run(&["agent", "set", "ana", "ready"]);
        self.run(&["campaign", "start", "spring"]);
        let call = peer.called(LEAD);
        let customer = peer.answer(&call, CUSTOMER_HZ);
        peer.wait_to_hear(customer, AGENT_HZ);
        customer
    }

    fn board(&mut self, what: &str, fits: impl FnMut(&Value) -> bool) {
        let (_, board) = self.node.as_mut().expect("it serves");
        board.wait(what, fits);
    }

    fn run(&self, args: &[&str]) -> String {
        let output = run(self.folder.path(), args);
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// A command that fails, with that exit code; all it said.
    fn fails(&self, code: i32, args: &[&str]) -> String {
        let output: Output = carillon(self.folder.path())
            .args(args)
            .output()
            .expect("the binary starts");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        said
    }

    fn list(&self, more: &[&str]) -> Vec<Value> {
        let args = [&["recordings", "list", "--json"], more].concat();
        let found = run_json(self.folder.path(), &args);
        found.as_array().expect("a list").clone()
    }

    /// Waits until the one recording is in that state.
    fn recording(&self, state: &str) -> Value {
        let until = crate::support::peer::instant() + PATIENCE;
        loop {
            let found = self.list(&[]);
            if let [one] = &found[..]
                && one["state"] == state
            {
                return one.clone();
            }
            assert!(Instant::now() < until, "never {state}: {found:?}");
            // The command asks the database: there is no event to wait for.
            std::thread::park_timeout(Duration::from_millis(100));
        }
    }

    fn file(&self, recording: &Value) -> PathBuf {
        let path = recording["path"].as_str().expect("a path");
        self.path("data/recordings").join(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Each side is on its channel of a 16-bit WAV, for about as long as told.
fn holds_the_talk(wav: &Path, ms: u64) {
    let octets = std::fs::read(wav).expect("a file");
    assert_eq!(&octets[..4], b"RIFF");
    let length = (octets.len() as u64 - 44) / 32;
    assert!(length.abs_diff(ms) <= 1, "{length} ms, {ms} are told");
    // The second in the middle.
    let middle = 44 + (octets.len() - 44) / 8 * 4;
    let second = &octets[middle - 16_000..middle + 16_000];
    let channel = |n: usize| {
        let sample = |f: &[u8]| i16::from_le_bytes([f[2 * n], f[2 * n + 1]]);
        second.chunks_exact(4).map(sample).collect::<Vec<_>>()
    };
    let (left, right) = (channel(0), channel(1));
    let own = [tone_db(&left, CUSTOMER_HZ), tone_db(&right, AGENT_HZ)];
    assert!(own[0] > -25.0 && own[1] > -25.0, "{own:?}");
    let over = [tone_db(&left, AGENT_HZ), tone_db(&right, CUSTOMER_HZ)];
    assert!(over[0] < -50.0 && over[1] < -50.0, "{over:?}");
}

#[test]
fn a_sealed_opus_recording_is_listed_copied_out_and_verified() {
    let peer = Peer::start(90);
    let settings = "format = \"opus\"\nkey_file = \"recording.key\"";
    let mut program = Program::start(&peer, settings);
    let customer = program.talk(&peer);
    peer.hears_for(customer, 3_000);
    peer.hang_up(customer);
    let recording = program.recording("finished");
    assert_eq!(recording["format"], "opus");
    let call = recording["call"].to_string();
    let ms = recording["length_ms"].as_u64().expect("a length");
    assert!(ms >= 2_500, "{ms} ms of three seconds");

    let shown = program.run(&["recordings", "list"]);
    for word in ["finished", "spring", "ana", "standard", "sealed"] {
        assert!(shown.contains(word), "no `{word}` in\n{shown}");
    }
    let of = [
        "--campaign",
        "spring",
        "--agent",
        "ana",
        "--state",
        "finished",
    ];
    assert_eq!(program.list(&of).len(), 1);
    assert_eq!(program.list(&["--until", "2020-01-01"]).len(), 0);
    let said = program.fails(2, &["recordings", "list", "--state", "lost"]);
    assert!(said.contains("recovered"), "the states there are: {said}");

    copied_out(&program, &call, ms);
    held(&program);
    verified(&program, &recording);
    let (node, _) = program.node.take().expect("it serves");
    assert!(node.terminate().success());
}

fn copied_out(program: &Program, call: &str, ms: u64) {
    program.run(&["recordings", "get", call]);
    let name = format!("{call}-1.opus");
    let octets = std::fs::read(program.path(&name)).expect("the file it names");
    assert_eq!(&octets[..4], b"OggS", "unsealed");
    let mode = std::fs::metadata(program.path(&name)).expect("there");
    assert_eq!(mode.permissions().mode() & 0o777, 0o600);
    let said = program.fails(1, &["recordings", "get", call]);
    assert!(said.contains("--force"), "{said}");
    program.run(&["recordings", "get", call, "--force"]);
    program.run(&["recordings", "get", "#1", "--wav", "-o", "talk.wav"]);
    holds_the_talk(&program.path("talk.wav"), ms);
    let said = program.fails(1, &["recordings", "get", "999999"]);
    assert!(said.contains("no recording"), "{said}");

    std::fs::write(program.path("recording.key"), "a5".repeat(32)).expect("writable");
    let said = program.fails(1, &["recordings", "get", "#1", "-o", "no.opus"]);
    for word in ["recording_no_key", "old_key_files"] {
        assert!(said.contains(word), "no `{word}` in {said}");
    }
    assert!(!program.path("no.opus").exists());
    let said = program.run(&["recordings", "verify", "#1"]);
    assert!(said.contains("by their digests alone"), "{said}");
    std::fs::write(program.path("recording.key"), "5a".repeat(32)).expect("writable");
}

fn held(program: &Program) {
    program.run(&["recordings", "hold", "1", "--reason", "case 7"]);
    let shown = program.run(&["recordings", "list"]);
    assert!(shown.contains("case 7"), "{shown}");
    program.run(&["recordings", "release", "#1"]);
    assert_eq!(program.recording("finished")["hold"], Value::Null);
}

fn verified(program: &Program, recording: &Value) {
    let said = program.run(&["recordings", "verify", "--all"]);
    assert!(said.contains("1 as they were written, 0 not"), "{said}");
    let file = program.file(recording);
    let whole = std::fs::read(&file).expect("there");
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    std::fs::write(&file, changed).expect("writable");
    let said = program.fails(1, &["recordings", "verify", "#1"]);
    for word in ["recording #1", "block 0", "0 as they were written, 1 not"] {
        assert!(said.contains(word), "no `{word}` in {said}");
    }
    let said = program.fails(1, &["recordings", "verify", "--all", "--json"]);
    let found: Value = serde_json::from_str(&said).expect("JSON");
    assert_ne!(found["recordings"][0]["faults"], serde_json::json!([]));
    std::fs::remove_file(&file).expect("there");
    let said = program.fails(1, &["recordings", "verify", "--all"]);
    assert!(said.contains(".opus.sealed"), "names the file: {said}");
    std::fs::write(&file, whole).expect("writable");
    program.run(&["recordings", "verify", "--all"]);
}

#[test]
fn what_a_kill_cut_off_is_recovered_at_the_next_start_and_verifies() {
    for (tag, settings) in [
        (91, "format = \"wav\""),
        (92, "format = \"opus\"\nkey_file = \"recording.key\""),
    ] {
        let peer = Peer::start(tag);
        let mut program = Program::start(&peer, settings);
        let customer = program.talk(&peer);
        let open = program.recording("open");
        peer.hears_for(customer, 3_000);
        // SIGKILL: nothing is closed, nothing is told.
        drop(program.node.take());
        assert_eq!(program.recording("open")["id"], open["id"]);
        program.serve();
        let found = program.recording("recovered");
        let ms = found["length_ms"].as_u64().expect("a length");
        assert!(ms >= 2_500, "{ms} ms of three seconds");
        assert_eq!(found["format"], "pcm16", "what was written during the call");
        let shown = program.run(&["recordings", "list", "--state", "recovered"]);
        assert!(shown.contains("ended during the call"), "{shown}");
        let said = program.run(&["recordings", "verify", "--all"]);
        assert!(said.contains("1 as they were written, 0 not"), "{said}");
        program.run(&["recordings", "get", "#1", "-o", "talk.wav"]);
        holds_the_talk(&program.path("talk.wav"), ms);
        let (node, _) = program.node.take().expect("it serves");
        assert!(node.terminate().success());
    }
}
