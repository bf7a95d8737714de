//! What a bad link saw (`tests/net/impair`), and what RFC 3261's timers make of it.

use std::collections::BTreeMap;
use std::path::Path;

/// RFC 3261 §17.1.1.1: T1 and T2, s; a transaction is given up after 64·T1 (timers B and F).
const T1: f64 = 0.5;
const T2: f64 = 4.0;
const GIVEN_UP: f64 = 64.0 * T1;

/// How much a busy machine may run a timer late, or a link stamp a packet late, s.
#[derive(Clone, Copy, Debug)]
pub struct Slack(pub f64);

/// One SIP message at the link.
#[derive(Clone, Debug)]
struct Message {
    entered: f64,
    left: Option<f64>,
    copy: bool,
    from_us: bool,
    start: String,
    call_id: String,
    method: String,
    branch: String,
}

impl Message {
    fn parse(line: &str) -> Option<Self> {
        let columns: Vec<&str> = line.split('\t').collect();
        let [
            entered,
            fate,
            left,
            side,
            _port,
            start,
            call_id,
            cseq,
            branch,
        ] = columns[..]
        else {
            return None;
        };
        Some(Self {
            entered: entered.parse().ok()?,
            left: left.parse().ok(),
            copy: fate == "copy",
            from_us: side == "near",
            start: start.to_owned(),
            call_id: call_id.to_owned(),
            method: cseq.split_whitespace().nth(1)?.to_owned(),
            branch: branch.to_owned(),
        })
    }

    /// Status code of a response.
    fn code(&self) -> Option<u16> {
        self.start.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()
    }
}

/// One request of ours and everything that belongs to it.
#[derive(Debug, Default)]
pub struct Transaction {
    /// When each transmission entered the link, s.
    pub sent: Vec<f64>,
    /// When each response reached us, and its code.
    pub heard: Vec<(f64, u16)>,
    call_id: String,
    method: String,
}

impl Transaction {
    fn first_heard(&self) -> f64 {
        self.heard.first().map_or(f64::INFINITY, |(at, _)| *at)
    }

    /// First final response that reached us.
    fn decided(&self) -> Option<(f64, u16)> {
        self.heard.iter().copied().find(|(_, code)| *code >= 200)
    }

    /// Interval before the transmission with this number (timers A and E).
    fn interval(&self, number: usize) -> f64 {
        let doubled = T1 * f64::from(1_u32 << (number - 1).min(16));
        match self.method.as_str() {
            "INVITE" => doubled,
            _ => doubled.min(T2),
        }
    }

    /// Every transmission came when its timer says, none after an answer was there, and none was
    /// left out. `until`: the last we sent, s.
    fn check_timers(&self, until: f64, Slack(slack): Slack) -> Result<(), String> {
        let heard = self.first_heard();
        for number in 1..self.sent.len() {
            let due = self.sent[number - 1] + self.interval(number);
            let at = self.sent[number];
            if (at - due).abs() > slack {
                return Err(format!("transmission {number} at {at:.3}, due at {due:.3}"));
            }
            if heard < at - slack {
                return Err(format!("sent again at {at:.3}, answered at {heard:.3}"));
            }
        }
        let next = self.sent[self.sent.len() - 1] + self.interval(self.sent.len());
        let left_out = next < self.sent[0] + GIVEN_UP && next + slack < until.min(heard);
        match left_out {
            true => Err(format!("not sent again at {next:.3}")),
            false => Ok(()),
        }
    }
}

/// How often requests of one method were sent.
#[derive(Clone, Copy, Debug)]
pub struct Repeats {
    pub transactions: usize,
    pub mean: f64,
}

/// A whole log.
pub struct Link {
    transactions: BTreeMap<(String, String), Transaction>,
    /// Calls the far side answered, and whether a BYE of either side got through.
    answered: BTreeMap<String, bool>,
    /// Messages that were lost.
    pub lost: usize,
    /// Messages that entered the link.
    pub messages: usize,
    until: f64,
}

impl Link {
    /// Reads the log.
    pub fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).expect("the link's log");
        let messages: Vec<Message> = text.lines().filter_map(Message::parse).collect();
        let own = messages.iter().filter(|m| !m.copy);
        let mut link = Self {
            transactions: BTreeMap::new(),
            answered: BTreeMap::new(),
            lost: own.clone().filter(|m| m.left.is_none()).count(),
            messages: own.count(),
            until: messages
                .iter()
                .filter(|m| m.from_us)
                .map(|m| m.entered)
                .fold(0.0, f64::max),
        };
        for m in &messages {
            link.add(m);
        }
        for t in link.transactions.values_mut() {
            t.heard.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        link
    }

    fn add(&mut self, m: &Message) {
        if !m.from_us && m.method == "INVITE" && m.code() == Some(200) {
            self.answered.entry(m.call_id.clone()).or_default();
        }
        if m.method == "BYE" && m.code().is_none() && m.left.is_some() {
            self.answered.insert(m.call_id.clone(), true);
        }
        let key = (m.branch.clone(), m.method.clone());
        match (m.from_us, m.code()) {
            (true, None) if m.method != "ACK" && !m.copy => {
                let t = self.transactions.entry(key).or_default();
                t.sent.push(m.entered);
                t.call_id.clone_from(&m.call_id);
                t.method.clone_from(&m.method);
            }
            (false, Some(code)) => {
                if let (Some(t), Some(left)) = (self.transactions.get_mut(&key), m.left) {
                    t.heard.push((left, code));
                }
            }
            _ => {}
        }
    }

    /// Calls the far side answered and nobody told it, or was told by it, that they ended.
    pub fn ghosts(&self) -> Vec<&str> {
        let open = self.answered.iter().filter(|(_, ended)| !**ended);
        open.map(|(call, _)| call.as_str()).collect()
    }

    /// How many requests we sent, repetitions left out.
    pub fn transactions(&self) -> usize {
        self.transactions.len()
    }

    /// Requests of ours that broke a timer of RFC 3261.
    pub fn broken_timers(&self, slack: Slack) -> Vec<String> {
        let broken = |((branch, method), t): (&(String, String), &Transaction)| {
            let what = t.check_timers(self.until, slack).err()?;
            Some(format!("{method} {branch} of {}: {what}; {t:?}", t.call_id))
        };
        self.transactions.iter().filter_map(broken).collect()
    }

    /// Our transactions of a method that were answered, and how often each was sent.
    pub fn repeats(&self, method: &str) -> Repeats {
        let answered = |t: &&Transaction| t.method == method && !t.heard.is_empty();
        let of_method = self.transactions.values().filter(answered);
        let counts: Vec<usize> = of_method.map(|t| t.sent.len()).collect();
        let sum: usize = counts.iter().sum();
        Repeats {
            transactions: counts.len(),
            mean: sum as f64 / counts.len().max(1) as f64,
        }
    }

    /// The outcomes a call may have, from what reached us and when; none if the link saw no such
    /// call. `ring_s`: the ring time-out, s.
    pub fn predicted(&self, call_id: &str, ring_s: f64) -> &'static [&'static str] {
        let of = |method: &'static str| {
            let mut found = self.transactions.values();
            found.find(move |t| t.call_id == call_id && t.method == method)
        };
        let Some(invite) = of("INVITE") else {
            return &[];
        };
        let cancelled = of("CANCEL").map_or(f64::INFINITY, |t| t.sent[0]);
        if invite.first_heard() > invite.sent[0] + GIVEN_UP {
            return &["trunk_failure"];
        }
        match invite.decided() {
            Some((at, 200)) if at < cancelled => &["connected"],
            // Too late: whoever is free takes it, else the message plays.
            Some((_, 200)) => &["connected", "abandoned"],
            Some((at, 486)) if at < cancelled => &["busy"],
            Some((at, 404)) if at < cancelled => &["disconnected"],
            other => {
                let waited = cancelled - invite.first_heard();
                assert!(
                    (waited - ring_s).abs() < 5.0,
                    "{call_id}: {other:?}, cancelled {waited:.3} s after it rang"
                );
                &["no_answer"]
            }
        }
    }
}
