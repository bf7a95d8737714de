//! The engine's thread: one input at a time, in order, with the clock read once for each.

use super::Message;
use super::board::Board;
use super::dispatch::Outlets;
use super::journal_tap::Tap;
use crate::clock::NodeClock;
use crate::error::NodeError;
use crate::switch::Notice;
use crate::vitals::VitalCounters;
use carillon_api::port::{AlertLevel, BoardStatus};
use carillon_decision::event::Alert;
use carillon_decision::{Engine, Input, Mono, Now, Output};
use crossbeam_channel::{Receiver, RecvTimeoutError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Shortest time between two boards.
const PUBLISH_EVERY: Duration = Duration::from_millis(250);
/// Longest time between two boards: durations on them grow by themselves.
const PUBLISH_AT_LEAST: Duration = Duration::from_secs(1);

/// Everything the thread owns.
pub(crate) struct EngineThread {
    pub(crate) engine: Engine,
    pub(crate) clock: NodeClock,
    pub(crate) messages: Receiver<Message>,
    pub(crate) outlets: Outlets,
    pub(crate) tap: Tap,
    pub(crate) board: Board,
    pub(crate) status: watch::Sender<Arc<BoardStatus>>,
    pub(crate) vitals: Arc<VitalCounters>,
}

/// What the thread keeps between turns.
struct Turn {
    wake: Option<Mono>,
    published: Mono,
    dirty: bool,
    halted: Option<String>,
}

impl EngineThread {
    pub(crate) fn spawn(self) -> Result<std::thread::JoinHandle<()>, NodeError> {
        std::thread::Builder::new()
            .name("carillon-engine".to_owned())
            .spawn(move || self.run())
            .map_err(|source| NodeError::Start {
                what: "the engine",
                source,
            })
    }

    fn run(mut self) {
        let mut turn = Turn {
            wake: None,
            published: Mono(0),
            dirty: true,
            halted: None,
        };
        loop {
            let next = self.messages.recv_timeout(self.patience(&turn));
            let now = self.clock.now();
            match next {
                Ok(Message::Input(input)) => self.step(now, input, &mut turn),
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    if turn.wake.is_some_and(|at| at <= now.mono) {
                        self.step(now, Input::Tick, &mut turn);
                    }
                }
            }
            self.publish_if_due(&mut turn);
        }
        let now = self.clock.now();
        self.publish(now, &mut turn);
        self.tap.close();
    }

    /// How long to wait for the next message.
    fn patience(&self, turn: &Turn) -> Duration {
        let now = self.clock.now().mono;
        let publish = turn.published
            + if turn.dirty {
                PUBLISH_EVERY
            } else {
                PUBLISH_AT_LEAST
            };
        let until = turn.wake.map_or(publish, |wake| wake.min(publish));
        // A millisecond at least: a due board must not turn this into a spin.
        until
            .since(now)
            .max(Duration::from_millis(1))
            .min(PUBLISH_AT_LEAST)
    }

    /// Handles one input and everything the engine orders because of it.
    fn step(&mut self, now: Now, input: Input, turn: &mut Turn) {
        self.vitals.inputs.add(1);
        turn.dirty = true;
        if turn.halted.is_some() {
            return;
        }
        self.tap.input(now, &input);
        let engine = &mut self.engine;
        let handled = catch_unwind(AssertUnwindSafe(|| {
            engine.handle(now, input);
            let mut commands = Vec::new();
            loop {
                match engine.poll() {
                    Output::Command(command) => commands.push(command),
                    Output::Wait(until) => return (commands, until),
                }
            }
        }));
        match handled {
            Ok((commands, wake)) => {
                self.tap.commands(&commands, &self.engine);
                for command in commands {
                    self.outlets.dispatch(now, command, &mut self.board);
                }
                turn.wake = wake;
            }
            Err(panic) => self.halt(now, turn, &text_of(&*panic)),
        }
    }

    /// The engine panicked: no decision of it can be trusted any more. Calls that are up stay,
    /// the switch looks after them.
    fn halt(&mut self, now: Now, turn: &mut Turn, what: &str) {
        let reason = format!("the engine failed: {what}");
        tracing::error!(
            reason,
            "DIALING HAS STOPPED; conversations go on; restart when they have ended"
        );
        turn.wake = None;
        turn.halted = Some(reason.clone());
        // Gone only when the node stops anyway.
        let _ = self.outlets.notices.blocking_send(Notice::EngineHalted);
        let alert = carillon_decision::Command::Alert(Alert::InvariantBroken(reason));
        self.outlets.dispatch(now, alert, &mut self.board);
    }

    fn publish_if_due(&mut self, turn: &mut Turn) {
        let now = self.clock.now();
        let since = now.mono.since(turn.published);
        if since < PUBLISH_EVERY || (!turn.dirty && since < PUBLISH_AT_LEAST) {
            return;
        }
        if let Some(ms) = self.clock.wall_jump(now) {
            self.vitals.wall_jumps.add(1);
            tracing::warn!(
                jump_ms = ms,
                "the wall clock was set: calling hours follow it at once"
            );
            let text = format!("the system clock was set by {} s: check NTP", ms / 1_000);
            self.board
                .note(now.wall, AlertLevel::Warning, "clock_jump", text);
        }
        if self.tap.newly_lost() {
            let text =
                "the journal's disk cannot follow: inputs are no longer journalled".to_owned();
            self.board
                .note(now.wall, AlertLevel::Warning, "journal_lost", text);
        }
        self.publish(now, turn);
    }

    fn publish(&mut self, now: Now, turn: &mut Turn) {
        let engine = &self.engine;
        let floor = catch_unwind(AssertUnwindSafe(|| engine.status(now)));
        let mut floor = floor.unwrap_or_default();
        floor.at = now.wall;
        if turn.halted.is_some() {
            floor.halted.clone_from(&turn.halted);
        }
        let kept = self.vitals.gauges.show(now.wall);
        let bridge = self.vitals.bridge_summary();
        let board = self.board.show(floor, bridge, kept);
        self.status.send_replace(Arc::new(board));
        turn.published = now.mono;
        turn.dirty = false;
    }
}

fn text_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without words".to_owned())
}
