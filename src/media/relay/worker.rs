//! A relay thread: waits for packets, commands and deadlines, and serves whichever comes first.

use std::collections::VecDeque;
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use rustix::net::{RecvFlags, recvfrom};

use super::error::RelayError;
use super::events::MediaEvent;
use super::leg::{Leg, LegCommand};
use super::outgoing::MAX_PAYLOAD;
use super::poller::{self, Poller, Socket};
use super::tapping::Ending;
use super::types::{Clock, LegId};
use super::wheel::Wheel;

/// Commands that may wait; more make their sender wait.
const COMMAND_QUEUE: usize = 4_096;
/// Turns are at least this far apart while they find little: packets that come one by one are
/// served together, a millisecond late at most, for a fraction of the wake-ups.
const TURN: Duration = Duration::from_millis(1);
/// A turn that found so many packets is followed by the next at once.
const BUSY: usize = 256;
/// Events kept back when their reader is slow; beyond, the oldest are lost and counted.
const MOST_BACKLOG: usize = 100_000;
/// A datagram of this length may have been cut off.
const DATAGRAM: usize = 2_048;

/// What a thread is told.
pub enum Command {
    Open(Box<Leg>),
    Leg(LegId, LegCommand),
    Stop,
}

/// The other side of a thread.
pub struct WorkerHandle {
    commands: Sender<Command>,
    poller: Poller,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl WorkerHandle {
    pub fn start(
        index: usize,
        clock: Clock,
        events: Sender<MediaEvent>,
    ) -> Result<Self, RelayError> {
        let failed = |step| move |source| RelayError::Start { step, source };
        let poller = Poller::new().map_err(failed("opening a poll handle"))?;
        let waits = poller.clone();
        let (sender, commands) = bounded(COMMAND_QUEUE);
        let thread = std::thread::Builder::new()
            .name(format!("rtp-{index}"))
            .spawn(move || Worker::new(clock, waits, commands, events).run())
            .map_err(failed("starting a thread"))?;
        Ok(Self {
            commands: sender,
            poller,
            thread: Mutex::new(Some(thread)),
        })
    }

    pub fn send(&self, command: Command) -> Result<(), RelayError> {
        self.commands
            .send(command)
            .map_err(|_| RelayError::Stopped)?;
        self.poller.wake();
        Ok(())
    }

    /// Stops the thread and waits for its end. Harmless when it is gone.
    pub fn stop(&self) {
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            // A thread that is gone already needs no telling.
            let _ = self.send(Command::Stop);
            if thread.join().is_err() {
                tracing::error!("a relay thread panicked; its calls lost their audio");
            }
        }
    }
}

/// Events on their way out. Never waits: a slow reader must not delay a packet.
struct Outbox {
    events: Sender<MediaEvent>,
    backlog: VecDeque<MediaEvent>,
    lost: u64,
}

impl Outbox {
    fn push(&mut self, event: MediaEvent) {
        if !self.backlog.is_empty() {
            self.keep(event);
        } else if let Err(TrySendError::Full(event)) = self.events.try_send(event) {
            self.keep(event);
        }
    }

    fn keep(&mut self, event: MediaEvent) {
        if self.backlog.len() == MOST_BACKLOG {
            self.backlog.pop_front();
            self.lost += 1;
            if self.lost.is_power_of_two() {
                tracing::error!(lost = self.lost, "media events lost: nobody reads them");
            }
        }
        self.backlog.push_back(event);
    }

    fn flush(&mut self) {
        while let Some(event) = self.backlog.pop_front() {
            if let Err(TrySendError::Full(event)) = self.events.try_send(event) {
                self.backlog.push_front(event);
                return;
            }
        }
    }
}

struct Worker {
    clock: Clock,
    commands: Receiver<Command>,
    outbox: Outbox,
    legs: Vec<Option<Box<Leg>>>,
    /// Taps whose listeners are still to be told of their end.
    endings: Vec<Ending>,
    wheel: Wheel,
    fired: Vec<u32>,
    poller: Poller,
    datagram: Box<[u8; DATAGRAM]>,
    scratch: Box<[i16; MAX_PAYLOAD]>,
}

impl Worker {
    fn new(
        clock: Clock,
        poller: Poller,
        commands: Receiver<Command>,
        events: Sender<MediaEvent>,
    ) -> Self {
        let now = clock();
        Self {
            clock,
            commands,
            outbox: Outbox {
                events,
                backlog: VecDeque::new(),
                lost: 0,
            },
            legs: Vec::new(),
            endings: Vec::new(),
            wheel: Wheel::new(now),
            fired: Vec::new(),
            poller,
            datagram: Box::new([0; DATAGRAM]),
            scratch: Box::new([0; MAX_PAYLOAD]),
        }
    }

    fn run(mut self) {
        let mut ready = Vec::with_capacity(poller::READY);
        loop {
            if let Err(error) = self.poller.wait(&mut ready, self.wait()) {
                tracing::error!(%error, "a relay thread can not wait for packets and ends");
                return;
            }
            let now = (self.clock)();
            // Before the packets: who told us of a far end may expect its first packet heard.
            if !self.obey(now) {
                return;
            }
            for event in &ready {
                match self.poller.socket(event) {
                    Some((slot, Socket::Rtp)) => self.read(slot, now),
                    Some((slot, Socket::Rtcp)) => self.read_control(slot, now),
                    None => {}
                }
            }
            self.serve_deadlines(now);
            self.outbox.flush();
            self.endings.retain(|ending| !ending.offer());
            if ready.len() < BUSY {
                let spent = (self.clock)().saturating_duration_since(now);
                std::thread::sleep(TURN.saturating_sub(spent));
            }
        }
    }

    fn wait(&self) -> Option<Duration> {
        let wait = self.wheel.wait((self.clock)());
        if self.outbox.backlog.is_empty() && self.endings.is_empty() {
            wait
        } else {
            let soon = Duration::from_millis(20);
            Some(wait.map_or(soon, |wait| wait.min(soon)))
        }
    }

    /// Carries out waiting commands; false to stop.
    fn obey(&mut self, now: Instant) -> bool {
        while let Ok(command) = self.commands.try_recv() {
            match command {
                Command::Open(leg) => self.open(leg),
                Command::Leg(id, LegCommand::Close) => self.close(now, id),
                Command::Leg(id, command) => {
                    let outbox = &mut self.outbox;
                    if let Some(leg) = find(&mut self.legs, id) {
                        let waited = leg.awaits_remote();
                        leg.command(now, command, &mut |event| outbox.push(event));
                        self.endings.append(&mut leg.endings);
                        arm(&mut self.wheel, leg);
                        if waited && !leg.awaits_remote() {
                            watch(&self.poller, leg);
                        }
                    }
                }
                Command::Stop => return false,
            }
        }
        true
    }

    fn open(&mut self, leg: Box<Leg>) {
        let slot = leg.id.slot();
        if self.legs.len() <= slot {
            self.legs.resize_with(slot + 1, || None);
        }
        // Nothing is read until the far end is known: its first key press may be among what comes
        // before.
        self.legs[slot] = Some(leg);
    }

    fn close(&mut self, now: Instant, id: LegId) {
        if let Some(leg) = find(&mut self.legs, id) {
            leg.end_tap(now);
            leg.say_goodbye(now);
            self.endings.append(&mut leg.endings);
            self.legs[id.slot()] = None;
        }
    }

    /// Reads one packet from a leg's socket; if there are more, the next turn is told so.
    fn read(&mut self, slot: usize, now: Instant) {
        let Some(Some(leg)) = self.legs.get_mut(slot) else {
            return;
        };
        let outbox = &mut self.outbox;
        // Errors of earlier sends surface here too; the next read is good again.
        if let Some((length, source)) = receive(&leg.socket.rtp, &mut self.datagram[..]) {
            leg.receive(
                now,
                &mut self.datagram[..length],
                source,
                &mut self.scratch[..],
                &mut |event| outbox.push(event),
            );
            arm(&mut self.wheel, leg);
        }
    }

    /// Reads one RTCP packet.
    fn read_control(&mut self, slot: usize, now: Instant) {
        if let Some(Some(leg)) = self.legs.get_mut(slot)
            && let Some((length, source)) = receive(&leg.socket.rtcp, &mut self.datagram[..])
        {
            let outbox = &mut self.outbox;
            leg.receive_control(
                now,
                &mut self.datagram[..length],
                source,
                false,
                &mut |event| outbox.push(event),
            );
        }
    }

    fn serve_deadlines(&mut self, now: Instant) {
        let mut fired = std::mem::take(&mut self.fired);
        self.wheel.advance(now, &mut fired);
        let outbox = &mut self.outbox;
        for slot in fired.drain(..) {
            let Some(Some(leg)) = self.legs.get_mut(slot as usize) else {
                continue;
            };
            // Entries of deadlines since moved, and of legs gone by, fire too.
            if leg.armed.is_some_and(|due| due <= now) {
                leg.armed = None;
                leg.on_time(now, &mut |event| outbox.push(event));
                arm(&mut self.wheel, leg);
            }
        }
        self.fired = fired;
    }
}

/// Reads the leg's sockets from now on, what waits there first.
fn watch(poller: &Poller, leg: &Leg) {
    let slot = leg.id.slot();
    let watched = poller
        .add(&leg.socket.rtp, slot, Socket::Rtp)
        .and_then(|()| poller.add(&leg.socket.rtcp, slot, Socket::Rtcp));
    if let Err(error) = watched {
        tracing::error!(leg = %leg.id, %error, "a leg is deaf: its sockets can not be watched; \
            raise fs.epoll.max_user_watches");
    }
}

/// One datagram, if there is one. Straight to the system: the C library's wrapper is a
/// cancellation point, which costs a part of the call.
fn receive(socket: &UdpSocket, datagram: &mut [u8]) -> Option<(usize, SocketAddr)> {
    let (_, length, source) = recvfrom(socket, datagram, RecvFlags::empty()).ok()?;
    Some((length, SocketAddr::try_from(source?).ok()?))
}

fn find(legs: &mut [Option<Box<Leg>>], id: LegId) -> Option<&mut Leg> {
    legs.get_mut(id.slot())?
        .as_deref_mut()
        .filter(|leg| leg.id == id)
}

/// Sets the leg's next deadline in the wheel, unless an earlier or equal one is set.
fn arm(wheel: &mut Wheel, leg: &mut Leg) {
    if let Some(due) = leg.deadline()
        && leg.armed.is_none_or(|armed| due < armed)
    {
        wheel.set(due, leg.id.slot() as u32);
        leg.armed = Some(due);
    }
}
