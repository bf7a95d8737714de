//! Running a journal into an engine again.

use crate::digest::{CommandDigest, StepDigest};
use crate::error::JournalError;
use crate::header::Header;
use crate::reader::{Reader, Step, TornTail};
use carillon_decision::{Command, Engine, Input, Now, Output};
use std::fmt::Debug;
use std::io::Read;

/// What a journal is replayed into: the engine, or a stand-in.
pub trait Machine {
    /// What it orders.
    type Command: Debug;

    /// Hears one input.
    fn handle(&mut self, now: Now, input: Input);

    /// The next command, until there is none.
    fn next_command(&mut self) -> Option<Self::Command>;
}

impl Machine for Engine {
    type Command = Command;

    fn handle(&mut self, now: Now, input: Input) {
        Engine::handle(self, now, input);
    }

    fn next_command(&mut self) -> Option<Command> {
        match self.poll() {
            Output::Command(command) => Some(command),
            Output::Wait(_) => None,
        }
    }
}

/// What a replay found.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplayReport {
    /// Inputs replayed.
    pub inputs: u64,
    /// Commands they caused.
    pub commands: u64,
    /// Inputs whose commands were compared; the last of a torn file has no digest.
    pub compared: u64,
    /// Where the replay first ordered something else. The replay ends there: what follows a
    /// difference differs for that reason alone.
    pub first_difference: Option<Difference>,
    /// Where a crash cut the file.
    pub torn_tail: Option<TornTail>,
}

impl ReplayReport {
    /// Whether every command was the recorded one.
    pub fn is_identical(&self) -> bool {
        self.first_difference.is_none()
    }
}

/// An input that caused other commands than when it was recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Its number in the file, from 0.
    pub frame: u64,
    /// Where its frame starts, bytes.
    pub offset: u64,
    /// Both clocks.
    pub now: Now,
    /// The input.
    pub input: Input,
    /// Digest as recorded.
    pub recorded: StepDigest,
    /// Digest of the replay.
    pub replayed: StepDigest,
    /// Commands of the replay, as text.
    pub commands: Vec<String>,
}

/// Replays a journal exactly as the driver ran it: each input is handled, then commands are
/// taken until there are none. `make` builds the engine from the header: a fresh one from its
/// configuration, or one restored from its snapshot.
///
/// # Errors
/// [`JournalError::Engine`] when `make` fails, and every error of reading.
pub fn replay<R: Read, M: Machine>(
    mut reader: Reader<R>,
    make: impl FnOnce(&Header) -> Result<M, String>,
) -> Result<ReplayReport, JournalError> {
    let mut machine = make(reader.header()).map_err(JournalError::Engine)?;
    let mut report = ReplayReport {
        inputs: 0,
        commands: 0,
        compared: 0,
        first_difference: None,
        torn_tail: None,
    };
    for step in reader.by_ref() {
        let step = step?;
        report.first_difference = one(&mut machine, step, &mut report);
        if report.first_difference.is_some() {
            return Ok(report);
        }
    }
    report.torn_tail = reader.torn_tail();
    Ok(report)
}

/// Replays one step.
fn one<M: Machine>(machine: &mut M, step: Step, report: &mut ReplayReport) -> Option<Difference> {
    machine.handle(step.now, step.input.clone());
    let mut digest = CommandDigest::new();
    let mut commands = Vec::new();
    while let Some(command) = machine.next_command() {
        digest.add(&command);
        commands.push(command);
    }
    let replayed = digest.finish();
    report.inputs += 1;
    report.commands += u64::from(replayed.commands);
    let recorded = step.digest?;
    report.compared += 1;
    (recorded != replayed).then(|| Difference {
        frame: step.frame,
        offset: step.offset,
        now: step.now,
        input: step.input,
        recorded,
        replayed,
        commands: commands
            .iter()
            .map(|command| format!("{command:?}"))
            .collect(),
    })
}
