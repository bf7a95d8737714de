//! Headless Chromium over the DevTools protocol: pages as people see them.
//!
//! The protocol goes over a pair of pipes (`--remote-debugging-pipe`: JSON between NUL bytes),
//! so that neither a port nor a WebSocket is needed.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Longest wait for anything a page shows. Only a failing test ever takes it.
const PATIENCE: Duration = Duration::from_secs(120);

/// The browser reads its commands at file descriptor 3 and answers at 4: the shell puts our
/// pipes there. The rest keeps Chromium from calling anybody, and lets it run as root.
const START: &str = "exec chromium --headless --no-sandbox --disable-gpu --disable-quic \
     --disable-dev-shm-usage --no-first-run --disable-background-networking \
     --disable-component-update --disable-sync --remote-debugging-pipe \
     --user-data-dir=\"$1\" about:blank 3<&0 4>&1 </dev/null >/dev/null 2>\"$1/log\"";

/// A browser with one page.
pub struct Browser {
    child: Child,
    commands: ChildStdin,
    answers: mpsc::Receiver<Value>,
    session: String,
    last_id: u64,
    /// What the page complained of: exceptions, and errors on its console.
    complaints: Vec<String>,
    /// What the page asked for, addresses.
    requests: Vec<String>,
    profile: tempfile::TempDir,
}

impl Browser {
    /// Starts Chromium with an empty profile and a page of that size, in CSS pixels.
    pub fn start(width: u32, height: u32) -> Self {
        let profile = tempfile::tempdir().expect("a temporary directory");
        let mut child = Command::new("sh")
            .args(["-c", START, "sh"])
            .arg(profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("sh runs");
        let commands = child.stdin.take().expect("piped");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let (sender, answers) = mpsc::channel();
        std::thread::spawn(move || {
            for message in output.split(0).map_while(Result::ok) {
                let message = serde_json::from_slice(&message).expect("DevTools speaks JSON");
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let mut browser = Self {
            child,
            commands,
            answers,
            session: String::new(),
            last_id: 0,
            complaints: Vec::new(),
            requests: Vec::new(),
            profile,
        };
        browser.attach();
        browser.resize(width, height);
        browser
    }

    fn attach(&mut self) {
        let made = self.call("Target.createTarget", json!({"url": "about:blank"}));
        let attach = json!({"targetId": made["targetId"], "flatten": true});
        let attached = self.call("Target.attachToTarget", attach);
        let session = attached["sessionId"].as_str().expect("a session");
        self.session = session.to_owned();
        for domain in [
            "Page.enable",
            "Runtime.enable",
            "Log.enable",
            "Network.enable",
        ] {
            self.call(domain, json!({}));
        }
    }

    /// Gives the page another size, in CSS pixels.
    pub fn resize(&mut self, width: u32, height: u32) {
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500,
        });
        self.call("Emulation.setDeviceMetricsOverride", size);
    }

    /// Shows the page on a `screen` or in `print`, to somebody who likes it `light` or `dark`.
    pub fn appear(&mut self, medium: &str, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        let as_told = json!({"media": medium, "features": features});
        self.call("Emulation.setEmulatedMedia", as_told);
    }

    /// Opens an address.
    pub fn open(&mut self, url: &str) {
        let opened = self.call("Page.navigate", json!({"url": url}));
        assert!(opened.get("errorText").is_none(), "{url}: {opened}");
        let there = format!("location.href === {} && document.body", json!(url));
        self.wait_for(&there);
    }

    /// The value of a JavaScript expression.
    pub fn value(&mut self, expression: &str) -> Value {
        let asked = json!({
            "expression": expression, "returnByValue": true, "awaitPromise": true,
            "userGesture": true,
        });
        let answer = self.call("Runtime.evaluate", asked);
        assert!(
            answer.get("exceptionDetails").is_none(),
            "{expression}: {answer}"
        );
        answer["result"]["value"].clone()
    }

    /// Waits until an expression is true on the page, looking whenever the page changes, and
    /// answers its value.
    pub fn wait_for(&mut self, condition: &str) -> Value {
        let promise = format!(
            "new Promise((done) => {{
                 const look = () => {{ const value = {condition}; if (value) {{ watch.disconnect(); done(value); }} }};
                 const watch = new MutationObserver(look);
                 watch.observe(document, {{ subtree: true, childList: true, attributes: true, characterData: true }});
                 look();
             }})"
        );
        self.value(&promise)
    }

    /// What the page complained of since it was asked last.
    pub fn complaints(&mut self) -> Vec<String> {
        std::mem::take(&mut self.complaints)
    }

    /// The addresses the page asked for since it was asked last, its own among them.
    pub fn requests(&mut self) -> Vec<String> {
        std::mem::take(&mut self.requests)
    }

    fn call(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let mut message = json!({"id": self.last_id, "method": method, "params": params});
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        let sent = self.commands.write_all(format!("{message}\0").as_bytes());
        let sent = sent.and_then(|()| self.commands.flush());
        sent.unwrap_or_else(|error| panic!("{method}: {error}; {}", self.why_gone()));
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(message) = self.answers.recv_timeout(left) else {
                panic!("no answer to {method} {params}; {}", self.why_gone());
            };
            self.note(&message);
            if message["id"] == self.last_id {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].clone();
            }
        }
    }

    fn note(&mut self, message: &Value) {
        let params = &message["params"];
        match message["method"].as_str() {
            Some("Runtime.exceptionThrown") => self.complaints.push(params.to_string()),
            Some("Log.entryAdded") if params["entry"]["level"] == "error" => {
                self.complaints.push(params["entry"].to_string());
            }
            Some("Network.requestWillBeSent") => {
                let url = params["request"]["url"].as_str().unwrap_or_default();
                self.requests.push(url.to_owned());
            }
            _ => {}
        }
    }

    /// What may be wrong with a browser that does not answer.
    fn why_gone(&mut self) -> String {
        let log = std::fs::read_to_string(self.profile.path().join("log")).unwrap_or_default();
        match self.child.try_wait() {
            Ok(Some(status)) if status.code() == Some(127) => {
                "Chromium is not installed: run tests/run, or `apt-get install chromium`".to_owned()
            }
            ended => format!("Chromium: {ended:?}, it said: {log}"),
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
