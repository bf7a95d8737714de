//! The SIP messages of the last calls, as one-line summaries: for `explain call`, `trunk test`
//! and people in trouble. A view of what the node captures.

use crate::capture::{Capture, Captured, Dialog, Locals, Room};
use crate::clock;
use crate::config::Config;
use carillon_decision::Wall;
use carillon_sip::{Peer, TransportKind};
use serde::{Serialize, Serializer};
use std::net::SocketAddr;

pub use crate::capture::LadderKey;

/// Lines told of a call; later ones are counted only.
const LINES_MAX: usize = 60;

/// One message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LadderLine {
    /// When.
    pub at: Wall,
    /// Sent by us.
    pub sent: bool,
    /// The other side.
    #[serde(serialize_with = "displayed")]
    pub peer: Peer,
    /// The message in one line.
    pub message: String,
}

fn displayed<S: Serializer>(peer: &Peer, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(peer)
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
    fn of(dialog: &Dialog) -> Self {
        let line = |m: &std::sync::Arc<Captured>| LadderLine {
            at: Wall(m.at_us.div_euclid(1000)),
            sent: m.sent,
            peer: m.peer,
            message: carillon_sip::summary(&m.bytes),
        };
        let further = dialog.messages.len().saturating_sub(LINES_MAX);
        Self {
            lines: dialog.messages.iter().take(LINES_MAX).map(line).collect(),
            dropped: u32::try_from(further)
                .unwrap_or(u32::MAX)
                .saturating_add(dialog.dropped),
        }
    }

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

/// The ladders of the last calls. Shared between the switch, which writes, and pages, which
/// read.
#[derive(Clone)]
pub struct Ladders(Capture);

impl Ladders {
    /// Ladders with so much room.
    pub(crate) fn new(room: Room) -> Self {
        Self(Capture::new(room))
    }

    /// Those of a node that listens there.
    pub(crate) fn of(config: &Config, listeners: &[(TransportKind, SocketAddr)]) -> Self {
        let ladders = Self::new(Room {
            octets: usize::try_from(config.capture.memory).unwrap_or(usize::MAX),
            dialogs: config.capture.calls as usize,
        });
        ladders.0.set_locals(Locals::new(listeners.to_vec()));
        ladders
    }

    /// Whole messages.
    pub(crate) fn capture(&self) -> &Capture {
        &self.0
    }

    /// Files one message that passes now.
    pub(crate) fn note(&self, sent: bool, peer: Peer, bytes: &[u8]) {
        self.0.note(clock::wall_us(), sent, peer, bytes);
    }

    /// Lets the ladder of that Call-ID, kept already or soon, be found by `key` too.
    pub(crate) fn name(&self, key: LadderKey, call_id: &str) {
        self.0.name(key, call_id);
    }

    /// Lets what is found by `from` be found by `to`.
    pub(crate) fn alias(&self, from: LadderKey, to: LadderKey) {
        self.0.alias(from, to);
    }

    /// The ladder of a call, if it is still remembered.
    pub fn get(&self, key: LadderKey) -> Option<Ladder> {
        self.0.named(key).map(|dialog| Ladder::of(&dialog))
    }
}

impl Default for Ladders {
    fn default() -> Self {
        Self::new(Room::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_decision::id::CallId;

    fn message(start: &str, call_id: &str) -> Vec<u8> {
        format!("{start}\r\nVia: x\r\nCall-ID: {call_id}\r\nCSeq: 1 INVITE\r\n\r\n").into_bytes()
    }

    #[test]
    fn lines_are_filed_under_their_call_and_read_in_order() {
        let ladders = Ladders::default();
        let peer = Peer::tcp(SocketAddr::from(([192, 0, 2, 1], 5060)));
        let (invite, ringing) = ("INVITE sip:1@h SIP/2.0", "SIP/2.0 180 Ringing");
        ladders
            .capture()
            .note(1_000_900, true, peer, &message(invite, "a@x"));
        ladders
            .capture()
            .note(1_005_000, true, peer, &message(invite, "b@x"));
        ladders.name(LadderKey::Call(CallId(7)), "a@x");
        for _ in 0..LINES_MAX + 3 {
            ladders
                .capture()
                .note(1_040_000, false, peer, &message(ringing, "a@x"));
        }
        let ladder = ladders.get(LadderKey::Call(CallId(7))).unwrap();
        assert_eq!((ladder.lines.len(), ladder.dropped), (LINES_MAX, 4));
        assert!(
            ladder
                .text()
                .contains("40 ms ◄── tcp:192.0.2.1:5060  180 Ringing")
        );
        assert!(ladders.get(LadderKey::Call(CallId(8))).is_none());
    }
}
