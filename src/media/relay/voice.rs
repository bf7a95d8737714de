//! The voice of one leg, decoded for those who hear it mixed: jitter buffer, decoder,
//! concealment, and the last half second of what came out.
//!
//! The leg's own thread puts packets in; whoever hears the leg takes audio out for the moments
//! it needs, each from its own place. The first to ask for a stretch has it decoded, the others
//! find it done. Nothing happens while nobody listens.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::events::LegStats;
use super::outgoing::MAX_PAYLOAD;
use crate::SAMPLES_PER_MS;
use crate::comfort::{Noise, NoiseMaker};
use crate::conceal::{Concealer, MAX_PITCH, pitch_of};
use crate::g711::Law;
use crate::jitter::{JitterBuffer, Next, Pace};
use crate::rtp::Header;

/// Samples kept after they were decoded: 512 ms, for readers whose ticks lie apart.
const RING: u64 = 4_096;
/// Made up at a time at most: 10 ms.
const STRETCH: usize = 10 * SAMPLES_PER_MS as usize;
/// Audio is stretched or shortened by a pitch period at most once in 100 ms.
const BETWEEN_CHANGES: u64 = 100 * SAMPLES_PER_MS as u64;
/// Periods at least this alike can be taken out or put in unheard.
const ALIKE: f32 = 0.6;
/// A mean square under which anything can be taken out or put in: -50 dB.
const QUIET: f32 = 75.0 * 75.0;
/// Two packets of the longest kind.
const WORK: usize = 2 * MAX_PAYLOAD;

pub type SharedVoice = Arc<Voice>;

/// A leg's audio for those who hear it mixed.
#[derive(Debug, Default)]
pub struct Voice {
    readers: AtomicUsize,
    inner: Mutex<Option<Box<Inner>>>,
}

#[derive(Debug)]
struct Inner {
    jitter: JitterBuffer<Law>,
    concealer: Concealer,
    /// The far end has said that it is silent, and how that sounds.
    noise: Option<NoiseMaker>,
    origin: Instant,
    ring: [i16; RING as usize],
    /// Samples decoded since `origin`.
    end: u64,
    changed_at: u64,
    work: [i16; WORK],
}

/// A reader's place; in use from [`Voice::attach`] to its drop.
#[derive(Debug)]
pub struct VoiceReader {
    voice: SharedVoice,
    next: Option<u64>,
}

impl Voice {
    /// A new reader. With the first one the voice begins anew, at the next packet.
    pub fn attach(voice: &SharedVoice) -> VoiceReader {
        if voice.readers.fetch_add(1, Ordering::AcqRel) == 0 {
            *voice.lock() = None;
        }
        VoiceReader {
            voice: Arc::clone(voice),
            next: None,
        }
    }

    /// True while anyone hears the voice mixed.
    pub fn is_wanted(&self) -> bool {
        self.readers.load(Ordering::Acquire) > 0
    }

    /// Takes a packet of audio, if anyone listens.
    pub fn push(&self, at: Instant, header: &Header, law: Law, payload: &[u8]) {
        if self.is_wanted() {
            let mut inner = self.lock();
            let inner = inner.get_or_insert_with(|| Box::new(Inner::new(at)));
            inner
                .jitter
                .push(at, header, payload.len() as u32, law, payload);
        }
    }

    /// Takes a packet of comfort noise (RFC 3389), if anyone listens.
    pub fn noise(&self, at: Instant, header: &Header, payload: &[u8]) {
        if self.is_wanted() {
            let mut inner = self.lock();
            let inner = inner.get_or_insert_with(|| Box::new(Inner::new(at)));
            inner.jitter.noise(header, payload);
        }
    }

    /// Takes note of a packet that carries no audio.
    pub fn skip(&self, header: &Header) {
        if self.is_wanted()
            && let Some(inner) = self.lock().as_mut()
        {
            inner.jitter.skip(header);
        }
    }

    /// Writes what it knows.
    pub fn report(&self, now: Instant, stats: &mut LegStats) {
        if let Some(inner) = self.lock().as_ref() {
            stats.concealed_ms = inner.jitter.concealed() / u64::from(SAMPLES_PER_MS);
            stats.discarded_late = inner.jitter.discarded();
            stats.discarded_runs = inner.jitter.discarded_runs();
            let listening = self.is_wanted();
            stats.buffer_ms = inner.jitter.delay_ms(now).filter(|_| listening);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Box<Inner>>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for VoiceReader {
    fn drop(&mut self) {
        self.voice.readers.fetch_sub(1, Ordering::AcqRel);
    }
}

impl VoiceReader {
    /// True when it reads this voice.
    pub fn reads(&self, voice: &SharedVoice) -> bool {
        Arc::ptr_eq(&self.voice, voice)
    }

    /// The audio that belongs at `at` and after it. False when there is none: the far end has
    /// sent nothing since anyone listens.
    pub fn read(&mut self, at: Instant, out: &mut [i16]) -> bool {
        let mut inner = self.voice.lock();
        let Some(inner) = inner.as_mut() else {
            return false;
        };
        let there = inner.place(at);
        // Ticks are exact; only a standstill of ours moves the place.
        let off = |next: u64| next.abs_diff(there) >= out.len() as u64;
        let from = self.next.filter(|next| !off(*next)).unwrap_or(there);
        let to = from + out.len() as u64;
        inner.decode_until(to);
        for (index, sample) in (from..).zip(out.iter_mut()) {
            let kept = index + RING >= inner.end;
            *sample = if kept {
                inner.ring[(index % RING) as usize]
            } else {
                0
            };
        }
        self.next = Some(to);
        true
    }
}

impl Inner {
    fn new(origin: Instant) -> Self {
        Self {
            jitter: JitterBuffer::default(),
            concealer: Concealer::default(),
            noise: None,
            origin,
            ring: [0; RING as usize],
            end: 0,
            changed_at: 0,
            work: [0; WORK],
        }
    }

    fn place(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.origin).as_micros() as u64;
        since * u64::from(SAMPLES_PER_MS) / 1_000
    }

    fn moment(&self, place: u64) -> Instant {
        self.origin + Duration::from_micros(place * 1_000 / u64::from(SAMPLES_PER_MS))
    }

    fn decode_until(&mut self, to: u64) {
        if to > self.end + RING {
            // Nobody asked for a while; the time between is not made up for.
            self.end = to - STRETCH as u64;
        }
        while self.end < to {
            let wanted = ((to - self.end) as usize).min(STRETCH);
            self.step(wanted);
        }
    }

    /// Decodes a packet, or makes up to `wanted` samples.
    fn step(&mut self, wanted: usize) {
        let at = self.moment(self.end);
        let pace = self.pace(at);
        if pace == Pace::Lengthen {
            return self.lengthen();
        }
        let shorten = pace == Pace::Shorten;
        match self.jitter.next(at) {
            Next::Audio { format, octets, .. } => {
                let mut count = format.decode_into(octets, &mut self.work[..MAX_PAYLOAD]);
                if shorten && self.jitter.has_next() {
                    count = self.shorten(at, count);
                }
                self.noise = None;
                self.concealer.heard(&mut self.work[..count]);
                self.put(count);
            }
            Next::Lost { samples } => {
                let count = wanted.min(samples as usize);
                self.concealer.conceal(&mut self.work[..count]);
                self.jitter.lost(count as u32);
                self.put(count);
            }
            Next::Starved => {
                self.concealer.conceal(&mut self.work[..wanted]);
                self.jitter.starved(wanted as u32);
                self.put(wanted);
            }
            Next::Noise { payload } => match (Noise::parse(payload), &mut self.noise) {
                (Some(noise), Some(maker)) => maker.set(noise),
                (Some(noise), None) => self.noise = Some(NoiseMaker::new(noise, self.end)),
                (None, _) => {}
            },
            Next::Pause => {
                match &mut self.noise {
                    Some(maker) => {
                        maker.fill(&mut self.work[..wanted]);
                        self.concealer.comfort(&mut self.work[..wanted]);
                    }
                    None => self.concealer.background(&mut self.work[..wanted]),
                }
                self.put(wanted);
            }
        }
    }

    /// Whether to change the delay now.
    fn pace(&self, at: Instant) -> Pace {
        if self.end < self.changed_at + BETWEEN_CHANGES || self.concealer.made_up() > 0 {
            return Pace::Keep;
        }
        self.jitter.pace(at)
    }

    /// Puts one more pitch period in.
    fn lengthen(&mut self) {
        self.changed_at = self.end;
        let (period, alike) = self.concealer.pitch();
        if alike >= ALIKE || self.concealer.level() < QUIET {
            self.concealer.conceal(&mut self.work[..period]);
            self.put(period);
        }
    }

    /// Takes one pitch period out of the `count` samples decoded and the next packet's.
    fn shorten(&mut self, at: Instant, count: usize) -> usize {
        let Next::Audio { format, octets, .. } = self.jitter.next(at) else {
            return count;
        };
        let count = count + format.decode_into(octets, &mut self.work[count..]);
        let (period, alike) = pitch_of(&self.work[..count]);
        let quiet = crate::meter::power(&self.work[..count]) < QUIET;
        if count < 2 * MAX_PITCH || !(alike >= ALIKE || quiet) {
            return count;
        }
        self.changed_at = self.end;
        let (from, middle) = (count - 2 * period, count - period);
        for index in 0..period {
            let weight = (index as f32 + 0.5) / period as f32;
            let kept = f32::from(self.work[from + index]) * (1.0 - weight);
            let next = f32::from(self.work[middle + index]) * weight;
            self.work[from + index] = (kept + next) as i16;
        }
        middle
    }

    fn put(&mut self, count: usize) {
        for sample in &self.work[..count] {
            self.ring[(self.end % RING) as usize] = *sample;
            self.end += 1;
        }
    }
}

#[cfg(test)]
#[path = "voice_tests.rs"]
mod tests;
