//! Plays `sip-profiles/transcripts/*.sip` against an endpoint with a trunk of that profile: what
//! the profile sets has to show in our messages, and each answer has to mean what it says.

use super::{EarlyMedia, names};
use crate::config::Config;
use crate::locate::Target;
use crate::switch::TrunkLine;
use carillon_decision::number::E164;
use carillon_sip::{
    CallKey, Endpoint, EndpointConfig, Event, Listener, MediaSpec, Network, Peer,
    SessionDescription, TransportKind,
};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const US: &str = "198.51.100.1:5060";
const THEM: &str = "192.0.2.1:5060";

/// One line of a transcript with the indented lines below it.
struct Step {
    number: usize,
    mark: char,
    text: String,
    below: Vec<String>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sip-profiles/transcripts")
}

/// Calls of a transcript: title and steps.
fn calls(text: &str) -> Vec<(String, Vec<Step>)> {
    let mut calls: Vec<(String, Vec<Step>)> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if let Some(title) = line.strip_prefix("== ") {
            calls.push((title.to_owned(), Vec::new()));
        }
        let Some((_, steps)) = calls.last_mut() else {
            continue;
        };
        if line.starts_with("  ") {
            let step = steps.last_mut().expect("a step stands above");
            step.below.push(line.trim().to_owned());
        } else if let Some((mark, text)) = line.split_once(' ').filter(|(m, _)| *m != "==") {
            let mark = mark.chars().next().expect("split_once gave a mark");
            assert!("><.=".contains(mark), "line {}: {line}", number + 1);
            steps.push(Step {
                number: number + 1,
                mark,
                text: text.to_owned(),
                below: Vec::new(),
            });
        }
    }
    calls
}

fn trunk(profile: &str) -> TrunkLine {
    let text = format!(
        "[node]\ncountry = \"US\"\n[[trunk]]\nname = \"t\"\naddress = \"192.0.2.1\"\nchannels = 1\n\
         calls_per_second = 1\nprofile = \"{profile}\"\nusername = \"u\"\npassword = \"p\"\n"
    );
    let config = Config::parse(Path::new("transcript.toml"), &text)
        .unwrap_or_else(|e| panic!("a trunk of profile {profile}: {e}"));
    let settings = config.trunks.into_iter().next().expect("one trunk");
    let them = THEM.parse().expect("an address");
    let there = Ok(vec![Target::fixed(Peer::new(settings.transport, them))]);
    TrunkLine::new(Instant::now(), settings, &there)
}

/// One call being played.
struct Play {
    what: String,
    now: Instant,
    endpoint: Endpoint,
    trunk: TrunkLine,
    call: CallKey,
    peer: Peer,
    /// Our messages that no `>` line has taken yet.
    sent: VecDeque<String>,
    /// The last request of ours but ACK, for answers; the INVITE, for those to it.
    request: String,
    invite: String,
    seen: Vec<Event>,
    requests: u32,
}

fn header<'t>(message: &'t str, name: &str) -> impl Iterator<Item = &'t str> {
    let name = name.to_owned();
    let head = message.split("\r\n\r\n").next().unwrap_or("");
    head.split("\r\n").skip(1).filter_map(move |line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(&name).then_some(value.trim())
    })
}

fn one(message: &str, name: &str) -> String {
    header(message, name).next().unwrap_or("").to_owned()
}

impl Play {
    #[allow(
        clippy::disallowed_methods,
        reason = "any instant will do to count from"
    )]
    fn new(profile: &str, title: &str) -> Self {
        let trunk = trunk(profile);
        let local = US.parse().expect("an address");
        let mut config = EndpointConfig::new(local, [7; 32]);
        for kind in [TransportKind::Tcp, TransportKind::Tls] {
            config.listeners.push(Listener::new(kind, local));
        }
        let them: Network = "192.0.2.1".parse().expect("a network");
        config.policy = config.policy.allow_source(them);
        let mut endpoint = Endpoint::new(config);
        let number = |text: &str| text.parse::<E164>().expect("a number");
        let media = "198.51.100.1:40000".parse().expect("an address");
        let peer = trunk.pool.peers()[0];
        let (to, from) = (number("+12025550123"), number("+12025550199"));
        let invite = trunk.invite(peer, to, from, &trunk.audio().offer(media, 1));
        let now = Instant::now();
        let call = endpoint.invite(now, invite).expect("it can be sent");
        let mut play = Self {
            what: format!("{profile}: {title}"),
            now,
            endpoint,
            trunk,
            call,
            peer,
            sent: VecDeque::new(),
            request: String::new(),
            invite: String::new(),
            seen: Vec::new(),
            requests: 0,
        };
        play.drain();
        play
    }

    fn drain(&mut self) {
        while let Some(transmit) = self.endpoint.poll_transmit() {
            let text = String::from_utf8(transmit.bytes).expect("ours are UTF-8");
            self.sent.push_back(text);
        }
        while let Some(event) = self.endpoint.poll_event() {
            self.seen.push(event);
        }
    }

    fn fail(&self, step: &Step, why: &str) -> ! {
        panic!(
            "{}, line {}: `{} {}`: {why}\nseen: {:#?}",
            self.what, step.number, step.mark, step.text, self.seen
        )
    }

    fn step(&mut self, step: &Step) {
        self.now += Duration::from_millis(10);
        match step.mark {
            '>' => self.expect(step),
            '<' => self.receive(step),
            '.' => self.act(step),
            _ => self.judge(step),
        }
        self.drain();
    }

    fn expect(&mut self, step: &Step) {
        let Some(message) = self.sent.pop_front() else {
            self.fail(step, "we sent nothing");
        };
        if !message.starts_with(&step.text) {
            self.fail(step, &format!("we sent\n{message}"));
        }
        for line in &step.below {
            let (name, part) = line.split_once(':').expect("Name: part of value");
            let part = part.trim();
            if !header(&message, name).any(|value| value.contains(part)) {
                self.fail(step, &format!("no `{line}` in\n{message}"));
            }
        }
        if !message.starts_with("ACK") && !message.starts_with("SIP/2.0") {
            if message.starts_with("INVITE") {
                self.invite.clone_from(&message);
            }
            self.request = message;
        }
    }

    fn receive(&mut self, step: &Step) {
        let mut lines = Vec::new();
        let is_response = step.text.starts_with("SIP/2.0");
        if is_response {
            // After the answer to a CANCEL, the INVITE's own final response comes.
            let of_invite = step.text.contains(" 487 ");
            let request = if of_invite {
                &self.invite
            } else {
                &self.request
            };
            let to = one(request, "To");
            let tagged = to.contains("tag=") || step.text.contains(" 100 ");
            let tag = if tagged { "" } else { ";tag=far" };
            lines.push(format!("Via: {}", one(request, "Via")));
            lines.push(format!("From: {}", one(request, "From")));
            lines.push(format!("To: {to}{tag}"));
            lines.push(format!("Call-ID: {}", one(request, "Call-ID")));
            lines.push(format!("CSeq: {}", one(request, "CSeq")));
        } else {
            self.requests += 1;
            let method = step.text.split(' ').next().unwrap_or("");
            let n = self.requests;
            let via = self.peer.transport.via_token();
            lines.push(format!("Via: SIP/2.0/{via} {THEM};branch=z9hG4bKfar{n}"));
            lines.push(format!("From: {};tag=far", one(&self.invite, "To")));
            lines.push(format!("To: {}", one(&self.invite, "From")));
            lines.push(format!("Call-ID: {}", one(&self.invite, "Call-ID")));
            lines.push(format!("CSeq: {n} {method}"));
            lines.push("Max-Forwards: 70".to_owned());
        }
        let mut body = String::new();
        for line in &step.below {
            if let Some(sdp) = line.strip_prefix("@sdp ") {
                body = answer(sdp);
                lines.push("Content-Type: application/sdp".to_owned());
            } else {
                lines.push(line.clone());
            }
        }
        lines.push(format!("Content-Length: {}", body.len()));
        let text = format!("{}\r\n{}\r\n\r\n{body}", step.text, lines.join("\r\n"));
        self.endpoint.receive(self.now, self.peer, text.as_bytes());
    }

    fn act(&mut self, step: &Step) {
        let leg = self.seen.iter().find_map(|e| match e {
            Event::Answered { leg, .. } => Some(*leg),
            _ => None,
        });
        match (step.text.as_str(), leg) {
            ("hang up", Some(leg)) => self.endpoint.bye(self.now, leg, None),
            ("cancel", None) => self.endpoint.cancel(self.now, self.call, None),
            _ => self.fail(step, "there is nothing to do this with"),
        }
    }

    fn judge(&mut self, step: &Step) {
        let is = |test: &dyn Fn(&Event) -> bool| self.seen.iter().any(test);
        let profile = &self.trunk.settings.profile;
        let listens = profile.early_media == EarlyMedia::Listen;
        let holds = match step.text.as_str() {
            "ringing" => is(&|e| match e {
                Event::Provisional { code: 180, .. } => true,
                Event::Provisional { code: 183, .. } => !listens,
                _ => false,
            }),
            "early_media" => is(&|e| matches!(e, Event::Provisional { sdp: Some(_), .. })),
            "answered" => is(&|e| matches!(e, Event::Answered { .. })),
            "ended" => is(&|e| matches!(e, Event::Ended { .. })),
            cause => is(&|e| match e {
                Event::Failed(failure) => {
                    let cancelled = failure.after_cancel && failure.code == 487;
                    let found = profile.cause_of(failure).name();
                    found == cause || cancelled && cause == "no_answer"
                }
                _ => false,
            }),
        };
        if !holds {
            self.fail(step, "it is not");
        }
    }

    fn finish(&self) {
        assert!(
            self.sent.is_empty(),
            "{}: we sent more:\n{:#?}",
            self.what,
            self.sent
        );
        let ends = self
            .seen
            .iter()
            .filter(|e| matches!(e, Event::Failed(_) | Event::Ended { .. }));
        assert_eq!(ends.count(), 1, "{}: {:#?}", self.what, self.seen);
    }
}

fn answer(sdp: &str) -> String {
    let (codec, address) = sdp.split_once(' ').expect("@sdp CODEC ADDRESS");
    let codec = match codec {
        "pcmu" => carillon_sip::Codec::Pcmu,
        "pcma" => carillon_sip::Codec::Pcma,
        other => panic!("codec {other}"),
    };
    let spec = MediaSpec {
        codecs: vec![codec],
        ..MediaSpec::g711(address.parse().expect("address of audio"), 1)
    };
    String::from_utf8(SessionDescription::offer(&spec).to_bytes()).expect("ours are UTF-8")
}

#[test]
fn every_profile_lives_up_to_its_transcript() {
    for name in names() {
        let file = folder().join(format!("{name}.sip"));
        let text = std::fs::read_to_string(&file)
            .unwrap_or_else(|e| panic!("profile {name} has no transcript: {e}"));
        let source = text.lines().next().unwrap_or("");
        assert!(
            source.starts_with("source: recorded") || source.starts_with("source: documented"),
            "{name}: the first line says where it comes from"
        );
        let calls = calls(&text);
        assert!(calls.len() >= 3, "{name}: three calls at least");
        for (title, steps) in &calls {
            let mut play = Play::new(name, title);
            for step in steps {
                play.step(step);
            }
            play.finish();
        }
    }
}

#[test]
fn no_transcript_is_without_its_profile() {
    let mut files: Vec<String> = std::fs::read_dir(folder())
        .expect("the folder is there")
        .filter_map(|e| e.ok()?.file_name().into_string().ok())
        .filter_map(|f| f.strip_suffix(".sip").map(str::to_owned))
        .collect();
    files.sort();
    let mut known = names();
    known.sort_unstable();
    assert_eq!(files, known);
}
