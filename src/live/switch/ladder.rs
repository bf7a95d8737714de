//! The SIP messages of the last calls, as one-line summaries: for `explain call`, `trunk test`
//! and people in trouble. Bounded in calls and in lines per call.

use carillon_decision::Wall;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Calls remembered; the oldest is forgotten first.
const CALLS_MAX: usize = 2_000;
/// Lines kept per call; later ones are counted only.
const LINES_MAX: usize = 60;

/// One message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LadderLine {
    /// When.
    pub at: Wall,
    /// Sent by us.
    pub sent: bool,
    /// The other side.
    pub peer: SocketAddr,
    /// The message in one line.
    pub message: String,
}

/// The messages of one dialog.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ladder {
    /// In order.
    pub lines: Vec<LadderLine>,
    /// Further messages that were not kept.
    pub dropped: u32,
}

impl Ladder {
    /// As people read it: time since the first message, direction, message.
    pub fn text(&self) -> String {
        let Some(first) = self.lines.first() else {
            return "no message was exchanged\n".to_owned();
        };
        let mut text = String::new();
        for line in &self.lines {
            let arrow = if line.sent { "──►" } else { "◄──" };
            let ms = line.at.millis_since(first.at);
            text.push_str(&format!(
                "{ms:>7} ms {arrow} {}  {}\n",
                line.peer, line.message
            ));
        }
        if self.dropped > 0 {
            text.push_str(&format!("           … {} more\n", self.dropped));
        }
        text
    }
}

/// What a ladder is filed under besides its Call-ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LadderKey {
    /// A call of the engine's.
    Call(carillon_decision::id::CallId),
    /// A trunk test, by its number.
    Test(u64),
}

#[derive(Default)]
struct Book {
    by_call_id: HashMap<String, Ladder>,
    order: VecDeque<String>,
    names: BTreeMap<LadderKey, String>,
}

/// The ladders of the last calls. Shared between the switch, which writes, and pages, which
/// read; the lock is held for one line.
#[derive(Clone, Default)]
pub struct Ladders(Arc<Mutex<Book>>);

impl Ladders {
    /// Files one message under the Call-ID it carries. Messages that are no calls (OPTIONS,
    /// REGISTER) are not kept.
    pub(crate) fn note(&self, at: Wall, sent: bool, peer: SocketAddr, bytes: &[u8]) {
        let Some((call_id, method)) = call_id_and_method(bytes) else {
            return;
        };
        if matches!(method, "OPTIONS" | "REGISTER") {
            return;
        }
        let line = LadderLine {
            at,
            sent,
            peer,
            message: carillon_sip::summary(bytes),
        };
        self.lock().add(call_id, line);
    }

    /// Lets the ladder of that Call-ID, kept already or soon, be found by `key` too.
    pub(crate) fn name(&self, key: LadderKey, call_id: &str) {
        self.lock().names.insert(key, call_id.to_owned());
    }

    /// The ladder of a call, if it is still remembered.
    pub fn get(&self, key: LadderKey) -> Option<Ladder> {
        let book = self.lock();
        let call_id = book.names.get(&key)?;
        book.by_call_id.get(call_id).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Book> {
        // A panic while a line was added leaves at worst a line out.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn add(&mut self, call_id: &str, line: LadderLine) {
        if !self.by_call_id.contains_key(call_id) {
            self.order.push_back(call_id.to_owned());
            self.by_call_id
                .insert(call_id.to_owned(), Ladder::default());
            self.forget();
        }
        if let Some(ladder) = self.by_call_id.get_mut(call_id) {
            if ladder.lines.len() < LINES_MAX {
                ladder.lines.push(line);
            } else {
                ladder.dropped = ladder.dropped.saturating_add(1);
            }
        }
    }

    fn forget(&mut self) {
        while self.order.len() > CALLS_MAX {
            if let Some(old) = self.order.pop_front() {
                self.by_call_id.remove(&old);
            }
        }
        // Names outnumber calls only by those just forgotten: swept now and then.
        if self.names.len() > 2 * CALLS_MAX {
            let known = &self.by_call_id;
            self.names.retain(|_, call_id| known.contains_key(call_id));
        }
    }
}

/// Call-ID and method of a message, read from its header lines without parsing the rest.
pub(crate) fn call_id_and_method(bytes: &[u8]) -> Option<(&str, &str)> {
    let end = find(bytes, b"\r\n\r\n").unwrap_or(bytes.len());
    let head = std::str::from_utf8(bytes.get(..end)?).ok()?;
    let (mut call_id, mut method) = (None, None);
    for line in head.split("\r\n").skip(1) {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let name = name.trim();
        if name.eq_ignore_ascii_case("call-id") || name.eq_ignore_ascii_case("i") {
            call_id = Some(value.trim());
        } else if name.eq_ignore_ascii_case("cseq") {
            method = value.split_ascii_whitespace().nth(1);
        }
    }
    Some((call_id?, method?))
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|w| w == needle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_decision::id::CallId;

    fn peer() -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], 5060))
    }

    fn message(start: &str, call_id: &str, method: &str) -> Vec<u8> {
        format!("{start}\r\nVia: x\r\nCall-ID: {call_id}\r\nCSeq: 1 {method}\r\n\r\n").into_bytes()
    }

    #[test]
    fn lines_are_filed_under_their_call_and_read_in_order() {
        let ladders = Ladders::default();
        let invite = message("INVITE sip:1@h SIP/2.0", "a@x", "INVITE");
        ladders.note(Wall(1_000), true, peer(), &invite);
        ladders.note(
            Wall(1_005),
            true,
            peer(),
            &message("INVITE sip:2@h SIP/2.0", "b@x", "INVITE"),
        );
        ladders.note(
            Wall(1_040),
            false,
            peer(),
            &message("SIP/2.0 180 Ringing", "a@x", "INVITE"),
        );
        ladders.name(LadderKey::Call(CallId(7)), "a@x");
        let ladder = ladders.get(LadderKey::Call(CallId(7))).unwrap();
        assert_eq!(ladder.lines.len(), 2);
        assert!(ladder.text().contains("40 ms ◄── 192.0.2.1:5060  "));
        assert!(ladders.get(LadderKey::Call(CallId(8))).is_none());
    }

    #[test]
    fn keep_alives_and_options_are_not_calls() {
        assert_eq!(call_id_and_method(b"\r\n\r\n"), None);
        let ladders = Ladders::default();
        ladders.note(
            Wall(0),
            true,
            peer(),
            &message("OPTIONS sip:h SIP/2.0", "o@x", "OPTIONS"),
        );
        assert!(ladders.lock().by_call_id.is_empty());
    }

    #[test]
    fn both_calls_and_lines_are_bounded() {
        let ladders = Ladders::default();
        for n in 0..CALLS_MAX + 5 {
            let call_id = format!("{n}@x");
            ladders.note(
                Wall(0),
                true,
                peer(),
                &message("INVITE sip:1@h SIP/2.0", &call_id, "INVITE"),
            );
            ladders.name(LadderKey::Call(CallId(n as u64)), &call_id);
        }
        assert_eq!(ladders.lock().by_call_id.len(), CALLS_MAX);
        assert!(ladders.get(LadderKey::Call(CallId(0))).is_none());
        let last = format!("{}@x", CALLS_MAX);
        for _ in 0..LINES_MAX + 3 {
            ladders.note(
                Wall(0),
                false,
                peer(),
                &message("SIP/2.0 180 Ringing", &last, "INVITE"),
            );
        }
        let ladder = ladders
            .get(LadderKey::Call(CallId(CALLS_MAX as u64)))
            .unwrap();
        assert_eq!((ladder.lines.len(), ladder.dropped), (LINES_MAX, 4));
    }
}
