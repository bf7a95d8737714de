//! Waiting for datagrams: a level-triggered epoll, so that one read a packet is enough.
//!
//! Edge-triggered readiness must be read until the socket says it is empty: two system calls a
//! packet, when packets come one by one as RTP does. Level-triggered, what is left is simply told
//! again.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec, eventfd};

/// Sockets served in one turn; the others are told in the next.
pub const READY: usize = 1_024;
const WAKE: u64 = u64::MAX;
const CONTROL: u64 = 1 << 32;

/// Which of a leg's two sockets has something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Socket {
    Rtp,
    Rtcp,
}

/// The waiting side; cheap to clone for those who add sockets and wake it.
#[derive(Clone, Debug)]
pub struct Poller {
    epoll: Arc<OwnedFd>,
    wake: Arc<OwnedFd>,
}

impl Poller {
    pub fn new() -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        epoll::add(&epoll, &wake, EventData::new_u64(WAKE), EventFlags::IN)?;
        Ok(Self {
            epoll: Arc::new(epoll),
            wake: Arc::new(wake),
        })
    }

    /// Tells of datagrams on a socket from now on, until it is closed.
    pub fn add(&self, fd: impl AsFd, slot: usize, socket: Socket) -> io::Result<()> {
        let control = match socket {
            Socket::Rtp => 0,
            Socket::Rtcp => CONTROL,
        };
        let data = EventData::new_u64(slot as u64 | control);
        Ok(epoll::add(&self.epoll, fd, data, EventFlags::IN)?)
    }

    /// Ends the wait that is under way, or the next one.
    pub fn wake(&self) {
        // Full means that a wake-up waits already.
        let _ = rustix::io::write(&self.wake, &1u64.to_ne_bytes());
    }

    /// Waits until something is there, or for so long; `None` waits for ever.
    pub fn wait(&self, ready: &mut Vec<Event>, longest: Option<Duration>) -> io::Result<()> {
        ready.clear();
        let longest = longest.map(|wait| Timespec {
            tv_sec: wait.as_secs() as i64,
            tv_nsec: i64::from(wait.subsec_nanos()),
        });
        let space = rustix::buffer::spare_capacity(ready);
        match epoll::wait(&self.epoll, space, longest.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Which leg's socket an event is about; `None` for a wake-up, which is taken note of.
    pub fn socket(&self, event: &Event) -> Option<(usize, Socket)> {
        let data = event.data.u64();
        if data == WAKE {
            let mut count = [0; 8];
            let _ = rustix::io::read(&self.wake, &mut count);
            return None;
        }
        let socket = if data & CONTROL == 0 {
            Socket::Rtp
        } else {
            Socket::Rtcp
        };
        Some(((data & (CONTROL - 1)) as usize, socket))
    }
}
