//! The session descriptions of a leg: versions, hold, and what its peer can do.

use super::leg::Leg;
use crate::error::SipError;
use crate::message::{HeaderName, Message};
use crate::sdp::{Direction, SessionDescription};

impl Leg {
    /// An offer within the session: the same id, a version one higher than the last one sent
    /// (RFC 3264 §8), every other octet as given.
    pub(super) fn next_version(&self, body: &[u8]) -> (Option<SessionDescription>, Vec<u8>) {
        let Ok(mut parsed) = SessionDescription::parse(body) else {
            return (None, body.to_vec());
        };
        let Some(last) = &self.local_sdp else {
            return (Some(parsed), body.to_vec());
        };
        let same = parsed.media == last.media && parsed.address == last.address;
        parsed.session_id = last.session_id;
        parsed.version = last.version.saturating_add(u64::from(!same));
        let body = with_origin(body, parsed.session_id, parsed.version);
        (Some(parsed), body)
    }

    /// `Supported` of our requests and 2xx within the dialog.
    pub(super) fn supported(&self) -> &'static str {
        if self.timer.is_some() {
            "timer, replaces, norefersub"
        } else {
            "replaces, norefersub"
        }
    }

    /// What the peer can do, from its INVITE, UPDATE or their 2xx.
    pub(super) fn note_peer(&mut self, message: &Message<'_>) {
        let mut allowed = message.list(HeaderName::Allow).peekable();
        if allowed.peek().is_some() {
            self.peer_updates = allowed.any(|m| m == b"UPDATE");
        }
    }
}

/// Directions of a description that puts the peer on hold, or not.
pub(super) fn set_hold(sdp: &mut SessionDescription, on: bool) {
    for media in sdp.media.iter_mut().filter(|m| m.port != 0) {
        media.direction = match (on, media.direction) {
            (true, Direction::SendRecv | Direction::SendOnly) => Direction::SendOnly,
            (true, _) => Direction::Inactive,
            (false, _) => Direction::SendRecv,
        };
    }
}

/// Direction of the first audio stream that is not refused, seen from us.
pub(super) fn direction_of(sdp: &SessionDescription) -> Direction {
    let audio = sdp.media.iter().find(|m| m.kind == "audio" && m.port != 0);
    audio.map_or(Direction::Inactive, |m| m.direction)
}

/// A description of the owner's, if it has audio we can use.
pub(super) fn usable(sdp: &[u8]) -> Result<SessionDescription, SipError> {
    SessionDescription::parse(sdp)
        .ok()
        .filter(|s| s.audio().is_some())
        .ok_or(SipError::Invalid { what: "SDP body" })
}

/// The body with session id and version of its `o=` line replaced.
fn with_origin(body: &[u8], id: u64, version: u64) -> Vec<u8> {
    let starts = |at: usize| at == 0 || body[at - 1] == b'\n';
    let Some(at) = (0..body.len()).find(|at| starts(*at) && body[*at..].starts_with(b"o=")) else {
        return body.to_vec();
    };
    let end = body[at..]
        .iter()
        .position(|b| matches!(b, b'\r' | b'\n'))
        .map_or(body.len(), |n| at + n);
    let mut fields: Vec<&[u8]> = body[at..end].splitn(4, |b| *b == b' ').collect();
    let (id, version) = (id.to_string(), version.to_string());
    if fields.len() == 4 {
        fields[1] = id.as_bytes();
        fields[2] = version.as_bytes();
    }
    [&body[..at], &fields.join(&b' '), &body[end..]].concat()
}
