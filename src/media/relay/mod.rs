//! The RTP relay: a UDP port for each leg, bridges between legs, prompts and silence into them,
//! key presses, greetings and levels out of them.
//!
//! Threads of its own, apart from the engine. Each thread owns the receiving half of its legs
//! and waits on their sockets and on a timing wheel; a packet for a bridged leg goes out in the
//! same turn it came in. The sending half of a leg is shared, so that a bridge may span threads;
//! its lock is held for one packet at a time and is hardly ever contended.
//!
//! Commands go over bounded queues, per leg in order. Calls return as soon as the command is
//! queued, except [`Relay::levels`] and [`Relay::stats`], which wait for their answer
//! (microseconds, a second at most).

mod analysis;
mod control;
mod directory;
mod edge;
mod error;
mod events;
mod far_ear;
mod generator;
mod hearing;
mod leg;
mod mixer;
mod outgoing;
mod poller;
mod ports;
mod reception;
mod secure;
mod stream;
mod tapping;
mod types;
mod voice;
mod wheel;
mod worker;

pub use error::RelayError;
pub use events::{DeadSign, DeadWay, LegStats, Levels, MediaEvent};
pub use types::{
    Clock, DtmfPolicy, LegId, LegOptions, LegPort, PlayOptions, RelayConfig, Remote, Repeat,
};

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::greeting::GreetingSettings;
use crate::prompt::Prompt;
use crate::rtcp::NtpClock;
use crate::tap::Tap;
use control::Control;
use directory::{Directory, Entry};
use leg::{Leg, LegCommand};
use outgoing::Outgoing;
use ports::PortPool;
use stream::Stream;
use voice::SharedVoice;
use worker::{Command, WorkerHandle};

/// Events that may wait for their reader before the threads keep them back themselves.
const EVENT_QUEUE: usize = 16_384;
/// Longest wait for an answer of a relay thread.
const ANSWER_WAIT: Duration = Duration::from_secs(1);

/// Handle of a running relay. Clones are handles of the same relay; when the last is dropped
/// the relay stops.
#[derive(Clone)]
pub struct Relay {
    shared: Arc<Shared>,
}

struct Shared {
    workers: Vec<WorkerHandle>,
    pool: PortPool,
    advertised: IpAddr,
    /// For reports of senders: counts from the start of the relay, as RFC 3550 section 6.4.1
    /// allows who has no wall clock.
    ntp: NtpClock,
    directory: Mutex<Directory>,
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Relay({} legs)", self.legs())
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.workers.iter().for_each(WorkerHandle::stop);
        self.pool.stop();
    }
}

impl Relay {
    /// Starts the threads. Events of all legs come out of the returned receiver; read them
    /// promptly.
    ///
    /// # Errors
    /// [`RelayError::Config`] for settings that can not work, [`RelayError::Start`] when the
    /// system refuses a thread or a poll handle.
    pub fn start(config: RelayConfig) -> Result<(Self, Receiver<MediaEvent>), RelayError> {
        if !(1..=64).contains(&config.threads) {
            return Err(RelayError::Config {
                setting: "threads",
                cause: format!("{} is out of range", config.threads),
                remedy: "give 1 to 64",
            });
        }
        let pool = PortPool::new(&config)?;
        let (events, receiver) = bounded(EVENT_QUEUE);
        let workers = (0..config.threads)
            .map(|index| WorkerHandle::start(index, config.clock.clone(), events.clone()))
            .collect::<Result<Vec<_>, _>>()?;
        let directory = Directory::new(config.threads, config.seed);
        let shared = Shared {
            workers,
            pool,
            ntp: NtpClock::new((config.clock)(), UNIX_EPOCH),
            advertised: config.advertised.unwrap_or(config.bind),
            directory: Mutex::new(directory),
        };
        Ok((
            Self {
                shared: Arc::new(shared),
            },
            receiver,
        ))
    }

    /// Opens a leg: binds a port and gives the address to put into SDP. Nothing is sent or
    /// believed until [`set_remote`](Self::set_remote).
    ///
    /// # Errors
    /// [`RelayError::PortsExhausted`], or [`RelayError::Stopped`].
    pub fn open_leg(&self, options: LegOptions) -> Result<LegPort, RelayError> {
        let mut directory = self.directory();
        if directory.stopped {
            return Err(RelayError::Stopped);
        }
        let socket = self.shared.pool.open(directory.legs.len())?;
        let leg = directory.new_leg();
        let worker = &self.shared.workers[leg.worker()];
        let address = SocketAddr::new(self.shared.advertised, socket.port());
        let socket = Arc::new(socket);
        let stream = Stream::new(
            directory.next_random() as u32,
            directory.next_random() as u16,
            directory.next_random() as u32,
        );
        let out = Outgoing::shared(Arc::clone(&socket), stream);
        let voice = SharedVoice::default();
        let control = Control::new(self.shared.ntp, directory.next_random());
        let voice_of = Arc::clone(&voice);
        let opened = Leg::new(leg, socket, Arc::clone(&out), voice_of, control, options);
        worker.send(Command::Open(Box::new(opened)))?;
        directory.legs.insert(leg, Entry::new(out, voice));
        Ok(LegPort { leg, address })
    }

    /// Says who is at the other end: after the first SDP from it, and again after each change.
    /// A changed address opens the source lock anew; anything else leaves it.
    ///
    /// # Errors
    /// [`RelayError::UnknownLeg`], [`RelayError::Stopped`].
    pub fn set_remote(&self, leg: LegId, remote: Remote) -> Result<(), RelayError> {
        self.command(leg, LegCommand::Remote(remote))
    }

    /// Plays a prompt to a leg, in place of what it hears. One that plays already is replaced
    /// (and reported as not completed). Waits for the remote side if it is not known yet.
    /// Ends with [`MediaEvent::PlayEnded`].
    ///
    /// # Errors
    /// [`RelayError::UnknownLeg`], [`RelayError::Stopped`].
    pub fn play(
        &self,
        leg: LegId,
        prompt: &Prompt,
        options: PlayOptions,
    ) -> Result<(), RelayError> {
        self.command(leg, LegCommand::Play(prompt.shared(), options))
    }

    /// Plays a prompt like [`play`](Self::play), mixed with what the leg hears instead of in its
    /// place: a tone into a conversation.
    ///
    /// # Errors
    /// [`RelayError::UnknownLeg`], [`RelayError::Stopped`].
    pub fn play_under(
        &self,
        leg: LegId,
        prompt: &Prompt,
        options: PlayOptions,
    ) -> Result<(), RelayError> {
        self.command(leg, LegCommand::PlayUnder(prompt.shared(), options))
    }

    /// Stops what `play` started; a leg that plays nothing is left as it is.
    ///
    /// # Errors
    /// [`RelayError::UnknownLeg`], [`RelayError::Stopped`].
    pub fn stop_play(&self, leg: LegId) -> Result<(), RelayError> {
        self.command(leg, LegCommand::StopPlay)
    }

    /// Sends silence whenever nothing else is sent, so that a nailed-up line keeps its stream
    /// and NAT bindings stay open. Off by default.
    ///
    /// # Errors
    /// [`RelayError::UnknownLeg`], [`RelayError::Stopped`].
    pub fn fill_silence(&self, leg: LegId, on: bool) -> Result<(), RelayError> {
        self.command(leg, LegCommand::FillSilence(on))
    }

    /// Starts (or restarts) listening for a greeting: call it when the call is answered. Ends by
    /// itself; events come as [`MediaEvent::Greeting`].
    ///
    /// # Errors
    /// [`RelayError::UnknownLeg`], [`RelayError::Stopped`].
    pub fn watch_greeting(&self, leg: LegId, settings: GreetingSettings) -> Result<(), RelayError> {
        self.command(leg, LegCommand::WatchGreeting(Some(Box::new(settings))))
    }

    /// Listens for key presses in the audio a leg sends, for far ends that know no RFC 4733 (or
    /// say they do and send tones). Off by default. A press that comes both ways is reported
    /// once.
    ///
    /// # Errors
    /// [`RelayError::UnknownLeg`], [`RelayError::Stopped`].
    pub fn watch_inband_dtmf(&self, leg: LegId, on: bool) -> Result<(), RelayError> {
        self.command(leg, LegCommand::WatchInband(on))
    }

    /// Ends the greeting watch without another event.
    ///
    /// # Errors
    /// [`RelayError::UnknownLeg`], [`RelayError::Stopped`].
    pub fn stop_greeting(&self, leg: LegId) -> Result<(), RelayError> {
        self.command(leg, LegCommand::WatchGreeting(None))
    }

    /// Starts measuring what a leg receives: its level and these frequencies (0–4000 Hz). An
    /// empty list measures the level alone.
    ///
    /// # Errors
    /// [`RelayError::UnknownLeg`], [`RelayError::Stopped`].
    pub fn meter(&self, leg: LegId, frequencies_hz: &[f32]) -> Result<(), RelayError> {
        self.command(leg, LegCommand::Meter(frequencies_hz.to_vec()))
    }

    /// The last 100 ms measured after [`meter`](Self::meter); nothing measured gives `blocks` 0.
    ///
    /// # Errors
    /// [`RelayError::UnknownLeg`], [`RelayError::Stopped`], [`RelayError::NoAnswer`].
    pub fn levels(&self, leg: LegId) -> Result<Levels, RelayError> {
        self.ask(leg, LegCommand::Levels)
    }

    /// Presses keys on a leg's line: RFC 4733 events, or tones in the band if the far end knows
    /// no events. 100 ms each with pauses of 100 ms.
    ///
    /// # Errors
    /// [`RelayError::BadDigit`], [`RelayError::UnknownLeg`], [`RelayError::Stopped`].
    pub fn send_dtmf(&self, leg: LegId, digits: &str) -> Result<(), RelayError> {
        if let Some(bad) = digits
            .chars()
            .find(|d| crate::dtmf::event_of_digit(*d).is_none())
        {
            return Err(RelayError::BadDigit(bad));
        }
        self.command(leg, LegCommand::SendDtmf(digits.to_owned()))
    }

    /// Figures of a leg.
    ///
    /// # Errors
    /// [`RelayError::UnknownLeg`], [`RelayError::Stopped`], [`RelayError::NoAnswer`].
    pub fn stats(&self, leg: LegId) -> Result<LegStats, RelayError> {
        self.ask(leg, LegCommand::Stats)
    }

    /// Tells every packet of a leg's audio, both ways, to `tap` from now on, in place of the tap
    /// before. `None` ends it. The tap hears of its end as [`TapEvent::Ended`].
    ///
    /// # Errors
    /// [`RelayError::UnknownLeg`], [`RelayError::Stopped`].
    ///
    /// [`TapEvent::Ended`]: crate::tap::TapEvent::Ended
    pub fn tap(&self, leg: LegId, tap: Option<Tap>) -> Result<(), RelayError> {
        self.command(leg, LegCommand::Tap(tap))
    }

    /// Closes a leg: its bridge ends, its port is free soon after. Ask for `stats` before.
    ///
    /// # Errors
    /// [`RelayError::UnknownLeg`], [`RelayError::Stopped`]. The leg is gone even so.
    pub fn close(&self, leg: LegId) -> Result<(), RelayError> {
        let mut directory = self.directory();
        let heard_by = directory.entry(leg)?.heard_by.clone();
        let mut parted = self.part(&mut directory, leg, None);
        for listener in heard_by {
            parted = parted.and(self.stop_hearing(&mut directory, listener, leg));
        }
        directory.legs.remove(&leg);
        let closed = self.send(leg, LegCommand::Close);
        directory.free_slot(leg);
        parted.and(closed)
    }

    /// Number of open legs.
    #[must_use]
    pub fn legs(&self) -> usize {
        self.directory().legs.len()
    }

    /// Stops all threads and closes all legs; every later call gives [`RelayError::Stopped`] or
    /// [`RelayError::UnknownLeg`].
    pub fn stop(&self) {
        let mut directory = self.directory();
        directory.stopped = true;
        directory.legs.clear();
        self.shared.workers.iter().for_each(WorkerHandle::stop);
        self.shared.pool.stop();
    }

    fn directory(&self) -> MutexGuard<'_, Directory> {
        self.shared
            .directory
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Under the directory's lock, so that commands to a leg arrive in the order of the calls.
    fn command(&self, leg: LegId, command: LegCommand) -> Result<(), RelayError> {
        let mut directory = self.directory();
        directory.entry(leg)?;
        self.send(leg, command)
    }

    fn send(&self, leg: LegId, command: LegCommand) -> Result<(), RelayError> {
        self.shared.workers[leg.worker()].send(Command::Leg(leg, command))
    }

    fn ask<T>(
        &self,
        leg: LegId,
        question: impl FnOnce(Sender<T>) -> LegCommand,
    ) -> Result<T, RelayError> {
        let (reply, answer) = bounded(1);
        self.command(leg, question(reply))?;
        answer
            .recv_timeout(ANSWER_WAIT)
            .map_err(|_| RelayError::NoAnswer)
    }
}
