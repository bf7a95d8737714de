//! What one call is to do beyond RFC 3261: reliable provisional responses, session timers,
//! redirections, transfers.

use std::time::Duration;

/// Shortest session interval any peer may ask for (RFC 4028 §4).
pub const MIN_SE: Duration = Duration::from_secs(90);

/// Extensions of one call: of an outgoing one in [`Invite`](crate::Invite), of all incoming ones in
/// [`EndpointConfig`](crate::EndpointConfig).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionOptions {
    /// Reliable provisional responses (RFC 3262). Outgoing calls without a body (delayed offer)
    /// never offer them, as the offer could then come before the answer.
    pub reliable: Reliable,
    /// Session timer (RFC 4028); `None`: neither asked for nor agreed to. Without one a call whose
    /// peer has vanished stands until its media show it.
    pub timer: Option<SessionTimer>,
    /// Contacts of 3xx answers rung for one outgoing call before it fails, 0–5 (more count as 5).
    /// Only contacts with the user part of the request-URI are rung: who dials with leave for one
    /// number is not led to another. Default 0: every 3xx ends in
    /// [`Failed`](crate::Event::Failed) with its contacts.
    pub redirects_max: u8,
    /// Whether REFER within the call is reported ([`ReferRequested`](crate::Event::ReferRequested))
    /// instead of being declined with 603. Default false.
    pub takes_refer: bool,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self {
            reliable: Reliable::Supported,
            timer: Some(SessionTimer::default()),
            redirects_max: 0,
            takes_refer: false,
        }
    }
}

/// Use of 100rel (RFC 3262).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reliable {
    /// Outgoing: not offered. Incoming: an INVITE that requires it is refused with 420.
    Off,
    /// Outgoing: offered. Incoming: used when the INVITE requires it.
    #[default]
    Supported,
    /// Outgoing: required of the peer. Incoming: used whenever the caller can do it.
    Required,
}

/// Session timer of a call (RFC 4028).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionTimer {
    /// Interval wished for. At least [`MIN_SE`]. Default 1,800 s.
    pub interval: Duration,
    /// Shortest interval agreed to: less is answered 422. At least [`MIN_SE`]. Default 90 s.
    pub min: Duration,
    /// Who is to refresh, where that is ours to say.
    pub refresher: Refresher,
}

impl Default for SessionTimer {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(1_800),
            min: MIN_SE,
            refresher: Refresher::Either,
        }
    }
}

impl SessionTimer {
    /// The same within the bounds of RFC 4028.
    pub(crate) fn bounded(self) -> Self {
        let min = self.min.max(MIN_SE);
        Self {
            min,
            interval: self.interval.max(min),
            ..self
        }
    }
}

/// Who refreshes a session (RFC 4028 §7.1, §9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Refresher {
    /// Outgoing: the peer chooses. Incoming: the caller if it can, else we.
    #[default]
    Either,
    /// We.
    Us,
    /// The peer, if it can.
    Peer,
}
