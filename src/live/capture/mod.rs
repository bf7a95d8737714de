//! Seeing packets: whole SIP messages of the latest calls, for ladders (`carillon calls trace`),
//! capture files (Wireshark, sngrep) and Homer.
//!
//! The switch's thread files each message under one short lock; readers take shared messages
//! out and do their work without it. Live listeners ([`Tap`]) have a bounded queue each, and
//! lose messages, counted, rather than hold up the switch. **What leaves this module for
//! people, files or collectors goes through [`mask`].**

mod book;
mod frame;
mod hep;
mod homer;
mod mask;
mod mask_body;
mod message;
mod pcapng;
mod read;
mod settings;
mod trace;

pub(crate) use book::Dialog;
pub use book::LadderKey;
pub(crate) use homer::homer;
pub(crate) use message::{Captured, Locals};
pub(crate) use pcapng::CaptureFile;
pub(crate) use settings::Room;
pub(crate) use trace::{is_about, peers, summary, trace};

use crate::vitals::Counter;
use book::Book;
use crossbeam_channel::{Receiver, Sender, TrySendError};
use message::{call_id_and_method, is_keep_alive};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// Messages that may wait for one listener.
const TAP_MAX: usize = 16_384;
/// Live listeners at once, besides Homer.
const TAPS_MAX: usize = 8;
/// Dialogs taken out of the book in one turn of the lock.
const PAGE: usize = 128;

/// Share of the room for dialogs that are none of the house's: a quarter.
fn shares(room: Room) -> (Room, Room) {
    let others = Room {
        octets: room.octets / 4,
        dialogs: (room.dialogs / 4).max(1),
    };
    let known = Room {
        octets: room.octets - others.octets,
        dialogs: room.dialogs,
    };
    (known, others)
}

/// What happened to messages, for metrics.
#[derive(Debug, Default)]
pub(crate) struct CaptureCounters {
    /// Messages seen.
    pub(crate) noted: Counter,
    /// Dialogs forgotten to make room.
    pub(crate) forgotten: Counter,
    /// Messages lost because a listener was slow.
    pub(crate) tap_dropped: Counter,
    /// Packets handed to the system for Homer.
    pub(crate) homer_sent: Counter,
    /// Messages lost on the way to Homer: its queue was full, or the system refused them.
    pub(crate) homer_dropped: Counter,
}

/// A live listener's end.
pub(crate) struct Tap {
    pub(crate) messages: Receiver<Arc<Captured>>,
    /// Messages that were lost because nobody took them in time.
    pub(crate) dropped: Arc<AtomicU64>,
}

struct TapEnd {
    to: Sender<Arc<Captured>>,
    dropped: Arc<AtomicU64>,
}

struct Shared {
    book: Book,
    taps: Vec<TapEnd>,
}

struct Inner {
    shared: Mutex<Shared>,
    locals: OnceLock<Locals>,
    counters: CaptureCounters,
}

/// The messages of the latest calls. Cheap to clone; all clones share them.
#[derive(Clone)]
pub(crate) struct Capture(Arc<Inner>);

impl Capture {
    pub(crate) fn new(room: Room) -> Self {
        let (known, others) = shares(room);
        Self(Arc::new(Inner {
            shared: Mutex::new(Shared {
                book: Book::new(known, others),
                taps: Vec::new(),
            }),
            locals: OnceLock::new(),
            counters: CaptureCounters::default(),
        }))
    }

    /// Says where we listen; once, before the first message.
    pub(crate) fn set_locals(&self, locals: Locals) {
        // A second node of the same capture does not exist.
        let _ = self.0.locals.set(locals);
    }

    /// Files one message and hands it to live listeners. `at_us` in µs since the Unix epoch.
    pub(crate) fn note(&self, at_us: i64, sent: bool, peer: carillon_sip::Peer, bytes: &[u8]) {
        if is_keep_alive(bytes) {
            return;
        }
        let nowhere = Locals::default();
        let call_id = call_id_and_method(bytes).map(|(call_id, _)| call_id);
        let message = Arc::new(Captured {
            at_us,
            sent,
            local: self.0.locals.get().unwrap_or(&nowhere).of(peer),
            peer,
            bytes: bytes.into(),
        });
        self.0.counters.noted.add(1);
        let mut shared = self.lock();
        if !shared.taps.is_empty() {
            shared.taps.retain(|tap| self.offered(tap, &message));
        }
        if let Some(call_id) = call_id {
            let forgotten = shared.book.add(call_id, message);
            self.0.counters.forgotten.add(forgotten);
        }
    }

    /// Whether the listener is still there.
    fn offered(&self, tap: &TapEnd, message: &Arc<Captured>) -> bool {
        match tap.to.try_send(Arc::clone(message)) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => {
                tap.dropped.fetch_add(1, Ordering::Relaxed);
                self.0.counters.tap_dropped.add(1);
                true
            }
            Err(TrySendError::Disconnected(_)) => false,
        }
    }

    /// Listens to every message from now on. `None`: too many listen already.
    pub(crate) fn tap(&self) -> Option<Tap> {
        let (to, messages) = crossbeam_channel::bounded(TAP_MAX);
        let dropped = Arc::new(AtomicU64::new(0));
        let mut shared = self.lock();
        if shared.taps.len() > TAPS_MAX {
            return None;
        }
        shared.taps.push(TapEnd {
            to,
            dropped: Arc::clone(&dropped),
        });
        Some(Tap { messages, dropped })
    }

    /// Makes the dialog of that Call-ID, there already or to come, one of the house's.
    pub(crate) fn name(&self, key: LadderKey, call_id: &str) {
        let forgotten = self.lock().book.name(key, call_id);
        self.0.counters.forgotten.add(forgotten);
    }

    /// Lets what `from` names be found by `to` too.
    pub(crate) fn alias(&self, from: LadderKey, to: LadderKey) {
        let forgotten = self.lock().book.alias(from, to);
        self.0.counters.forgotten.add(forgotten);
    }

    /// The dialog of that name, if it is remembered.
    pub(crate) fn named(&self, key: LadderKey) -> Option<Dialog> {
        self.lock().book.named(key)
    }

    /// The dialog of that Call-ID, if it is remembered.
    pub(crate) fn by_call_id(&self, call_id: &str) -> Option<Dialog> {
        self.lock().book.by_call_id(call_id)
    }

    /// Dialogs of the house (or all others), latest first. The lock is taken for a few of them
    /// at a time.
    pub(crate) fn latest(&self, known: bool) -> impl Iterator<Item = Dialog> + '_ {
        let mut before = u64::MAX;
        std::iter::from_fn(move || {
            let page = self.lock().book.page(known, before, PAGE);
            before = page.last()?.turn;
            Some(page)
        })
        .flatten()
    }

    pub(crate) fn counters(&self) -> &CaptureCounters {
        &self.0.counters
    }

    /// Octets and dialogs held.
    pub(crate) fn held(&self) -> (usize, usize) {
        self.lock().book.held()
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // A panic while a message was filed leaves at worst that message out.
        self.0.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
