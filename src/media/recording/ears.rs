//! The recorder's listener on the keeper's thread: which audio belongs to which recording, what
//! is left out on order, and what cannot be written in time.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};

use super::conversation::ConversationListener;
use super::order::{LENGTH_MS_MAX, Mark, RecorderEvent, RecordingId, RecordingOrder};
use super::recorder::RecorderConfig;
use super::wav::{self, Content};
use super::writer::{Job, Share, Told};
use crate::SAMPLES_PER_MS;

const PER_MS: u64 = SAMPLES_PER_MS as u64;
/// A stopped recording whose tap says nothing is closed after this long.
const STOP_PATIENCE: Duration = Duration::from_secs(1);

/// What a handle asks for.
#[derive(Debug)]
pub(super) enum Command {
    Start(Box<RecordingOrder>),
    Pause {
        id: RecordingId,
        at: Instant,
        by: String,
        reason: String,
    },
    Resume {
        id: RecordingId,
        at: Instant,
        by: String,
    },
    Note {
        id: RecordingId,
        at: Instant,
        text: String,
    },
    Stop {
        id: RecordingId,
        at: Instant,
    },
}

/// A recording in progress. Positions are samples from its beginning.
struct Ongoing {
    id: RecordingId,
    content: Content,
    at: Instant,
    /// Stretches left out; the last one may be open.
    pauses: Vec<(u64, Option<u64>)>,
    stop: Option<(u64, Instant)>,
    /// What was handed to the writer, in order.
    next: u64,
    /// Since where nothing could be handed over.
    losing: Option<u64>,
    share: Arc<Share>,
    writer: Sender<Job>,
}

impl Ongoing {
    fn position(&self, at: Instant) -> u64 {
        let span = at.saturating_duration_since(self.at);
        (span.as_micros() * u128::from(PER_MS) / 1_000) as u64
    }

    /// Where the recording's beginning is when a tap's millisecond 0 is `origin`.
    fn offset(&self, origin: Instant) -> i64 {
        let samples = |span: Duration| (span.as_micros() * u128::from(PER_MS) / 1_000) as i64;
        match origin.checked_duration_since(self.at) {
            Some(later) => samples(later),
            None => -samples(self.at.duration_since(origin)),
        }
    }

    fn tell(&self, job: Job) {
        // A writer that is gone has closed every file.
        drop(self.writer.send(job));
    }

    fn mark(&self, mark: Mark) {
        self.tell(Job::Mark { id: self.id, mark });
    }

    /// Up to where it goes.
    fn end(&self) -> u64 {
        let longest = LENGTH_MS_MAX * PER_MS;
        self.stop.map_or(longest, |(end, _)| end.min(longest))
    }
}

/// The listener; give it to the keeper.
pub struct RecorderEars {
    orders: Receiver<Command>,
    writers: Vec<Sender<Job>>,
    next_writer: usize,
    ongoing: HashMap<RecordingId, Ongoing>,
    /// Recordings of a tap.
    taps: HashMap<u64, Vec<RecordingId>>,
    /// When taps began.
    origins: HashMap<u64, Instant>,
    total: Arc<AtomicUsize>,
    queued_max: usize,
    total_max: usize,
    /// Recordings that lose audio now.
    losing: usize,
    told: Told,
}

impl std::fmt::Debug for RecorderEars {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecorderEars")
            .field("ongoing", &self.ongoing.len())
            .finish_non_exhaustive()
    }
}

impl RecorderEars {
    pub(super) fn new(
        config: &RecorderConfig,
        orders: Receiver<Command>,
        writers: Vec<Sender<Job>>,
        total: Arc<AtomicUsize>,
    ) -> Self {
        Self {
            orders,
            writers,
            next_writer: 0,
            ongoing: HashMap::new(),
            taps: HashMap::new(),
            origins: HashMap::new(),
            total,
            queued_max: config.queued_max,
            total_max: config.queued_total_max,
            losing: 0,
            told: config.told.clone(),
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Start(order) => self.start(*order),
            Command::Pause { id, at, by, reason } => self.with(id, |one| {
                let position = one.position(at).max(one.next);
                if one.pauses.last().is_none_or(|pause| pause.1.is_some()) {
                    one.pauses.push((position, None));
                    let at_ms = position / PER_MS;
                    one.mark(Mark::Paused { at_ms, by, reason });
                }
            }),
            Command::Resume { id, at, by } => self.with(id, |one| {
                let position = one.position(at);
                if let Some((from, to @ None)) = one.pauses.last_mut() {
                    let position = position.max(*from);
                    *to = Some(position);
                    let at_ms = position / PER_MS;
                    one.mark(Mark::Resumed { at_ms, by });
                }
            }),
            Command::Note { id, at, text } => self.with(id, |one| {
                let at_ms = one.position(at) / PER_MS;
                one.mark(Mark::Note { at_ms, text });
            }),
            Command::Stop { id, at } => self.with(id, |one| {
                let end = one.position(at);
                one.stop.get_or_insert((end, at));
            }),
        }
    }

    fn with(&mut self, id: RecordingId, work: impl FnOnce(&mut Ongoing)) {
        if let Some(one) = self.ongoing.get_mut(&id) {
            work(one);
        }
    }

    fn start(&mut self, order: RecordingOrder) {
        if self.ongoing.contains_key(&order.id) {
            return;
        }
        let writer = self.writers[self.next_writer % self.writers.len()].clone();
        self.next_writer += 1;
        let one = Ongoing {
            id: order.id,
            content: order.format.during_call(),
            at: order.at,
            pauses: Vec::new(),
            stop: None,
            next: 0,
            losing: None,
            share: Arc::default(),
            writer,
        };
        self.taps.entry(order.tap).or_default().push(order.id);
        let share = one.share.clone();
        let id = order.id;
        one.tell(Job::Open(Box::new(order), share));
        self.ongoing.insert(id, one);
    }

    fn hear(&mut self, id: RecordingId, base: i64, left: &[i16], right: &[i16]) {
        let Some(one) = self.ongoing.get_mut(&id) else {
            return;
        };
        let limit = one.end();
        let to = (base + left.len() as i64).clamp(0, limit as i64) as u64;
        let mut from = base.max(0) as u64;
        while from < to {
            // The stretch up to the next change between recorded and left out.
            let pause = one.pauses.iter().find(|p| p.1.is_none_or(|end| end > from));
            let (until, paused) = match pause {
                Some((begin, _)) if *begin > from => (to.min(*begin), false),
                Some((_, Some(end))) => (to.min(*end), true),
                Some((_, None)) => (to, true),
                None => (to, false),
            };
            if paused {
                one.tell(Job::Silence { id, until });
                one.next = until;
            } else {
                let range = (from as i64 - base) as usize..(until as i64 - base) as usize;
                let stretch = (&left[range.clone()], &right[range]);
                let room = Room {
                    total: &self.total,
                    total_max: self.total_max,
                    own_max: self.queued_max,
                };
                hand_over(one, from, stretch, &room, &mut self.losing, &self.told);
            }
            from = until;
        }
        if one.stop.is_some_and(|(end, _)| to >= end) || to >= LENGTH_MS_MAX * PER_MS {
            self.close(id);
        }
    }

    fn close(&mut self, id: RecordingId) {
        let Some(one) = self.ongoing.remove(&id) else {
            return;
        };
        if let Some(from) = one.losing {
            let to_ms = one.next / PER_MS;
            let at_ms = from / PER_MS;
            one.mark(Mark::Lost { at_ms, to_ms });
            one.tell(Job::Silence {
                id,
                until: one.next,
            });
            self.losing -= 1;
            if self.losing == 0 {
                (self.told)(RecorderEvent::Losing(false));
            }
        }
        if one.next >= LENGTH_MS_MAX * PER_MS {
            let text = "ended at the greatest length of a recording".to_owned();
            let at_ms = LENGTH_MS_MAX;
            one.mark(Mark::Note { at_ms, text });
        }
        one.tell(Job::Close { id });
        self.taps.retain(|_, ids| {
            ids.retain(|other| *other != id);
            !ids.is_empty()
        });
    }
}

/// How much may be on the way to the disk.
struct Room<'a> {
    total: &'a AtomicUsize,
    total_max: usize,
    own_max: usize,
}

/// Hands audio to the writer, or counts it as lost.
fn hand_over(
    one: &mut Ongoing,
    at: u64,
    (left, right): (&[i16], &[i16]),
    room: &Room<'_>,
    losing: &mut usize,
    told: &Told,
) {
    let octets = left.len() * one.content.frame_octets().unwrap_or(4) as usize;
    let until = at + left.len() as u64;
    if one.share.dead.load(Ordering::Relaxed) {
        one.next = until;
        return;
    }
    let full = one.share.queued.load(Ordering::Relaxed) + octets > room.own_max
        || room.total.load(Ordering::Relaxed) + octets > room.total_max;
    if full {
        if one.losing.is_none() {
            one.losing = Some(at);
            *losing += 1;
            if *losing == 1 {
                told(RecorderEvent::Losing(true));
            }
        }
        one.next = until;
        return;
    }
    if let Some(from) = one.losing.take() {
        let (at_ms, to_ms) = (from / PER_MS, at / PER_MS);
        one.mark(Mark::Lost { at_ms, to_ms });
        *losing -= 1;
        if *losing == 0 {
            told(RecorderEvent::Losing(false));
        }
    }
    one.share.queued.fetch_add(octets, Ordering::Relaxed);
    room.total.fetch_add(octets, Ordering::Relaxed);
    let mut encoded = Vec::with_capacity(octets);
    wav::encode(one.content, left, right, &mut encoded);
    one.next = until;
    one.tell(Job::Audio {
        id: one.id,
        at,
        octets: encoded,
    });
}

impl ConversationListener for RecorderEars {
    fn began(&mut self, tap: u64, at: Instant) {
        self.origins.insert(tap, at);
    }

    fn block(&mut self, tap: u64, at_ms: u64, left: &[i16], right: &[i16]) {
        let Some(origin) = self.origins.get(&tap).copied() else {
            return;
        };
        let ids = self.taps.get(&tap).cloned().unwrap_or_default();
        for id in ids {
            let Some(offset) = self.ongoing.get(&id).map(|one| one.offset(origin)) else {
                continue;
            };
            self.hear(id, offset + (at_ms * PER_MS) as i64, left, right);
        }
    }

    fn ended(&mut self, tap: u64, _length_ms: u64) {
        self.origins.remove(&tap);
        for id in self.taps.get(&tap).cloned().unwrap_or_default() {
            self.close(id);
        }
    }

    fn tick(&mut self, now: Instant) {
        while let Ok(command) = self.orders.try_recv() {
            self.obey(command);
        }
        let late = |one: &Ongoing| {
            one.stop
                .is_some_and(|(_, at)| now.saturating_duration_since(at) > STOP_PATIENCE)
        };
        let silent: Vec<RecordingId> = self
            .ongoing
            .values()
            .filter(|one| late(one))
            .map(|one| one.id)
            .collect();
        for id in silent {
            // Its time goes on to the end, in silence.
            self.with(id, |one| {
                let until = one.end();
                one.next = one.next.max(until);
                one.tell(Job::Silence { id, until });
            });
            self.close(id);
        }
    }
}
