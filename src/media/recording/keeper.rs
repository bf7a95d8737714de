//! The keeper: one thread that turns what taps tell into aligned conversations, and hands them
//! to the recorder and to whoever measures them.
//!
//! It reads a bounded queue and never waits for a listener's disk, so the relay loses nothing
//! to it but under want of processor time.

use std::collections::HashMap;
use std::io;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::conversation::ConversationListener;
use super::timeline::Timeline;
use crate::relay::Clock;
use crate::tap::{CHUNK_MS, TapEvent};

/// Time lines are moved on, and listeners told the time, this often.
pub const TICK: Duration = Duration::from_millis(10);

/// A tap without a packet for so long is taken for closed: its end was lost.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(900);

/// While the queue is not empty, what is missing may still be in it: wait so much longer.
const PATIENCE: Duration = Duration::from_secs(1);

/// Events taken from the queue before time lines are moved on.
const EVENTS_MAX: usize = 4_096;

/// The running thread.
#[derive(Debug)]
pub struct Keeper {
    thread: Option<JoinHandle<()>>,
    stop: Sender<()>,
}

impl Keeper {
    /// Starts the thread. It ends when every sender of `events` is gone, or on
    /// [`stop`](Self::stop).
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(
        events: Receiver<TapEvent>,
        clock: Clock,
        listeners: Vec<Box<dyn ConversationListener>>,
    ) -> io::Result<Self> {
        let (stop, stopped) = bounded(1);
        let mut desk = KeeperDesk::new(listeners);
        let thread = std::thread::Builder::new()
            .name("keeper".to_owned())
            .spawn(move || {
                while stopped.try_recv().is_err() {
                    let first = events.recv_timeout(TICK);
                    // The queue is emptied after the clock is read: audio that waits in it is
                    // never taken for missing.
                    let now = clock();
                    let ended = matches!(first, Err(RecvTimeoutError::Disconnected));
                    let more = first.into_iter().chain(events.try_iter());
                    more.take(EVENTS_MAX).for_each(|event| desk.hear(event));
                    let behind = !events.is_empty();
                    desk.advance(now.checked_sub(PATIENCE).filter(|_| behind).unwrap_or(now));
                    if ended {
                        break;
                    }
                }
                desk.close();
            })?;
        Ok(Self {
            thread: Some(thread),
            stop,
        })
    }

    /// Ends every time line, tells the listeners, and waits for the thread.
    pub fn stop(mut self) {
        self.join();
    }

    fn join(&mut self) {
        // Full means it was told before.
        let _ = self.stop.try_send(());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.join();
    }
}

struct Line {
    timeline: Timeline,
    heard: Instant,
}

/// The keeper's work without its thread: for tests, and for whoever has a loop of their own.
pub struct KeeperDesk {
    lines: HashMap<u64, Line>,
    listeners: Vec<Box<dyn ConversationListener>>,
}

impl std::fmt::Debug for KeeperDesk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeeperDesk")
            .field("lines", &self.lines.len())
            .field("listeners", &self.listeners.len())
            .finish()
    }
}

impl KeeperDesk {
    /// Without conversations yet.
    #[must_use]
    pub fn new(listeners: Vec<Box<dyn ConversationListener>>) -> Self {
        Self {
            lines: HashMap::new(),
            listeners,
        }
    }

    /// Takes in one event.
    pub fn hear(&mut self, event: TapEvent) {
        match event {
            TapEvent::Chunk(chunk) => {
                let Some(first) = chunk.packets.first() else {
                    return;
                };
                let listeners = &mut self.listeners;
                let line = self.lines.entry(chunk.tap).or_insert_with(|| {
                    // The other way's first batch may reach back further than this one's.
                    let early = Duration::from_millis(u64::from(CHUNK_MS));
                    let origin = first.at.checked_sub(early).unwrap_or(first.at);
                    for listener in listeners {
                        listener.began(chunk.tap, origin);
                    }
                    Line {
                        timeline: Timeline::new(origin),
                        heard: first.at,
                    }
                });
                line.heard = line.heard.max(first.at);
                line.timeline.place(&chunk);
            }
            TapEvent::Ended { tap, .. } => self.end(tap),
        }
    }

    /// Moves every conversation on to `now`, and tells the listeners the time.
    pub fn advance(&mut self, now: Instant) {
        let listeners = &mut self.listeners;
        // First, so that what was ordered before audio came is in force for it.
        for listener in &mut *listeners {
            listener.tick(now);
        }
        let mut forgotten = Vec::new();
        for (tap, line) in &mut self.lines {
            line.timeline.advance(now, |at_ms, left, right| {
                for listener in &mut *listeners {
                    listener.block(*tap, at_ms, left, right);
                }
            });
            if now.saturating_duration_since(line.heard) > FORGOTTEN_AFTER {
                forgotten.push(*tap);
            }
        }
        for tap in forgotten {
            self.end(tap);
        }
    }

    /// Ends every conversation.
    pub fn close(&mut self) {
        let taps: Vec<u64> = self.lines.keys().copied().collect();
        taps.into_iter().for_each(|tap| self.end(tap));
    }

    fn end(&mut self, tap: u64) {
        let Some(mut line) = self.lines.remove(&tap) else {
            return;
        };
        let listeners = &mut self.listeners;
        line.timeline.finish(|at_ms, left, right| {
            for listener in &mut *listeners {
                listener.block(tap, at_ms, left, right);
            }
        });
        let length_ms = line.timeline.length_ms();
        for listener in listeners {
            listener.ended(tap, length_ms);
        }
        let figures = line.timeline.figures();
        tracing::debug!(tap, length_ms, ?figures, "conversation ended");
    }
}
