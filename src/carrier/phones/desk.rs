//! One agent at a phone.

use super::PhoneUser;
use crate::lines::{Line, LineId};
use crate::tones;
use crate::voice::Voice;
use carillon_sip::{CallKey, LegKey, RequestKey};
use std::time::{Duration, Instant};

/// Sound this long is somebody on the line: shorter than the first beep of the zip tone.
const SOMEBODY_MS: u32 = 40;
/// Silence this long is the end of the conversation. People in this world never pause; only
/// a starved machine does, and then the conversation is taken up again.
const OVER_MS: u32 = 400;
/// From the first key of two until the dialer has read the second: two presses and a pause.
const KEYS_TAKE: Duration = Duration::from_millis(340);

/// What an agent does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// Waits for a call.
    Listening,
    /// Talks.
    Talking,
    /// Wraps up until then.
    WrappingUp(Instant),
}

/// One agent and the phone.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) user: PhoneUser,
    pub(super) tone_hz: f32,
    pub(super) registration: Option<RequestKey>,
    pub(super) registered: bool,
    /// The login call until it is answered.
    pub(super) call: Option<CallKey>,
    pub(super) leg: Option<LegKey>,
    pub(super) line: Option<LineId>,
    pub(super) doing: Doing,
    /// When to log in, again.
    pub(super) login_at: Option<Instant>,
    pub(super) unplugged: bool,
}

/// What came of a look at the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    None,
    /// Somebody is on the line.
    Began,
    /// Taken for over too early: the same conversation goes on.
    Resumed,
    /// Nobody is on the line any more since then.
    Over(Instant),
    /// Wrap-up is over: press the keys.
    Ready,
}

impl Desk {
    pub(super) fn new(user: PhoneUser, place: usize) -> Self {
        Self {
            user,
            tone_hz: tones::of_agent(place),
            registration: None,
            registered: false,
            call: None,
            leg: None,
            line: None,
            doing: Doing::Listening,
            login_at: None,
            unplugged: false,
        }
    }

    /// Listens and behaves accordingly.
    pub(super) fn listen(&mut self, now: Instant, line: &mut Line) -> Change {
        let somebody = line.ear.sound_ms >= SOMEBODY_MS;
        match self.doing {
            Doing::Listening | Doing::WrappingUp(_) if somebody => {
                let change = match self.doing {
                    // The zip tone opens every conversation, so a sound in wrap-up is no new one.
                    Doing::WrappingUp(_) => Change::Resumed,
                    _ => Change::Began,
                };
                self.doing = Doing::Talking;
                line.voice = Voice::repeat(&tones::looped(self.tone_hz));
                change
            }
            Doing::Talking if line.ear.quiet_ms >= OVER_MS => {
                line.voice = Voice::Silence;
                Change::Over(line.ear.last_sound.unwrap_or(now))
            }
            Doing::WrappingUp(until) if until <= now => {
                self.doing = Doing::Listening;
                Change::Ready
            }
            _ => Change::None,
        }
    }

    /// Begins wrap-up of a conversation that ended at `over`.
    pub(super) fn wrap_up(&mut self, over: Instant, wrap: Duration) {
        self.doing = Doing::WrappingUp(over + wrap.saturating_sub(KEYS_TAKE));
    }
}
