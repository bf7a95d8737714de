//! A jitter buffer: packets as they come in, audio in its order and at its pace out.
//!
//! Packets are put in order by sequence number and given out when audio is asked for. How long
//! they wait follows how unevenly they come: the delay that 98 of 100 packets need, beyond the
//! fastest of the last seconds (a histogram with forgetting; R. Ramjee et al., *Adaptive playout
//! mechanisms for packetized audio applications*, INFOCOM 1994, has the problem). Nothing is
//! decoded here, and time is the caller's: the moment for which audio is wanted.
//!
//! An empty buffer does not lose anything yet: what comes next may only be late. Then the delay
//! grows by what was made up meanwhile. Only a packet behind the missing one makes it lost.

mod outcome;
mod slots;
mod transit;

use std::time::{Duration, Instant};

use crate::SAMPLES_PER_MS;
use crate::rtp::Header;
pub use outcome::{Arrival, Next, Pace};
use slots::{SLOTS, Slots};
use transit::Transit;

/// Jumps beyond these start anew (RFC 3550 appendix A.1: MAX_DROPOUT, MAX_MISORDER).
const MAX_DROPOUT: i16 = 3_000;
const MAX_MISORDER: i16 = -100;
/// A timestamp further than this from the newest starts anew: 10 s.
const MAX_JUMP: i32 = 10_000 * SAMPLES_PER_MS as i32;
/// A far end that sends nothing for this long has paused: 1 s.
const PAUSED_AFTER: i64 = 1_000 * SAMPLES_PER_MS as i64;
/// Audio further behind its time than this is dropped at once instead of hurried: 400 ms.
const TOO_FAR: i64 = 400 * SAMPLES_PER_MS as i64;
/// The delay may lie this far over what is needed before it is shortened: 15 ms.
const SLACK: i64 = 15 * SAMPLES_PER_MS as i64;

/// Orders and times the packets of one stream. `F` is what the caller needs to decode one.
#[derive(Debug)]
pub struct JitterBuffer<F> {
    slots: Slots<F>,
    origin: Option<Instant>,
    ssrc: Option<u32>,
    /// Extended, as all sequence numbers and timestamps below.
    newest_sequence: u64,
    newest_timestamp: i64,
    next_sequence: u64,
    next_timestamp: i64,
    playing: bool,
    /// The newest packet given out carried no audio: none is missed until audio comes again.
    excused: bool,
    /// Samples made up since the last packet, for which none is missing yet.
    made_up: i64,
    transit: Transit,
    late: u64,
    dropped: u64,
    /// Runs of late or dropped packets, and the newest late one.
    runs: u64,
    latest_late: Option<u64>,
    concealed: u64,
}

impl<F: Copy> Default for JitterBuffer<F> {
    fn default() -> Self {
        Self {
            slots: Slots::default(),
            origin: None,
            ssrc: None,
            newest_sequence: 0,
            newest_timestamp: 0,
            next_sequence: 0,
            next_timestamp: 0,
            playing: false,
            excused: false,
            made_up: 0,
            transit: Transit::default(),
            late: 0,
            dropped: 0,
            runs: 0,
            latest_late: None,
            concealed: 0,
        }
    }
}

impl<F: Copy> JitterBuffer<F> {
    /// Takes a packet of audio. Timestamps count samples of 8 kHz.
    pub fn push(
        &mut self,
        at: Instant,
        header: &Header,
        samples: u32,
        format: F,
        octets: &[u8],
    ) -> Arrival {
        let (sequence, timestamp) = self.place(header, true);
        let arrived = self.moment(at);
        self.transit.observe(arrived, arrived - timestamp);
        let past = timestamp + i64::from(samples) <= self.next_timestamp;
        if sequence < self.next_sequence || (self.playing && past) {
            if self.slots.was_given(sequence) {
                return Arrival::Duplicate;
            }
            self.late += 1;
            let before = self.latest_late.replace(sequence);
            let goes_on = before.is_some_and(|before| sequence.wrapping_sub(before) <= 1);
            self.runs += u64::from(!goes_on);
            return Arrival::Late;
        }
        self.keep(sequence, timestamp, samples, Some(format), octets)
    }

    /// Takes note of a packet that carries no audio, so that its number is not taken for a loss.
    pub fn skip(&mut self, header: &Header) {
        if self.ssrc == Some(header.ssrc) {
            let (sequence, timestamp) = self.place(header, false);
            if sequence >= self.next_sequence {
                self.keep(sequence, timestamp, 0, None, &[]);
            }
        }
    }

    /// Takes a packet of comfort noise: from its turn on until audio comes, the far end is silent,
    /// and nothing is missing.
    pub fn noise(&mut self, header: &Header, payload: &[u8]) {
        let (sequence, timestamp) = self.place(header, false);
        if sequence >= self.next_sequence {
            self.keep(sequence, timestamp, 0, None, payload);
        }
    }

    /// Forgets all packets. The next one starts at once.
    pub fn clear(&mut self) {
        self.drop_below(u64::MAX);
        self.ssrc = None;
        self.playing = false;
        self.made_up = 0;
        self.transit = Transit::default();
    }

    /// What is to be heard at a moment. Ask once for each stretch of audio, moments ascending.
    pub fn next(&mut self, at: Instant) -> Next<'_, F> {
        let now = self.moment(at);
        self.drop_excess(now);
        loop {
            let Some(index) = self.slots.first(self.next_sequence) else {
                if self.excused {
                    self.pause();
                }
                return if self.playing {
                    Next::Starved
                } else {
                    Next::Pause
                };
            };
            let slot = self.slots.at(index);
            let sequence = slot.sequence.unwrap_or(self.next_sequence);
            let (timestamp, samples) = (slot.timestamp, slot.samples);
            let Some(format) = slot.format else {
                let says_silence = !slot.octets.is_empty();
                if says_silence && let Some(samples) = self.lost_before_silence(sequence, timestamp)
                {
                    return Next::Lost { samples };
                }
                self.slots.free(index);
                self.next_sequence = sequence + 1;
                self.excused = true;
                if !says_silence {
                    continue;
                }
                self.pause();
                let payload = &self.slots.at(index).octets;
                return Next::Noise { payload };
            };
            if self.playing && timestamp > self.next_timestamp {
                if sequence == self.next_sequence {
                    // No number is missing: the far end was silent on purpose.
                    self.pause();
                } else if let Some(samples) = self.missing_before(timestamp) {
                    return Next::Lost { samples };
                }
            }
            if !self.playing {
                if now - timestamp - self.transit.base() < self.transit.starting_delay() {
                    return Next::Pause;
                }
                self.playing = true;
            }
            self.concealed += std::mem::take(&mut self.made_up).unsigned_abs();
            self.excused = false;
            self.next_sequence = sequence + 1;
            self.next_timestamp = timestamp + i64::from(samples);
            self.slots.free(index);
            return Next::Audio {
                format,
                octets: &self.slots.at(index).octets,
                samples,
            };
        }
    }

    /// Samples missing before a timestamp, beyond those made up already.
    fn missing_before(&mut self, timestamp: i64) -> Option<u32> {
        if timestamp - self.next_timestamp <= self.made_up {
            return None;
        }
        self.concealed += self.made_up.unsigned_abs();
        self.next_timestamp += std::mem::take(&mut self.made_up);
        Some((timestamp - self.next_timestamp) as u32)
    }

    /// The same before the news of a silence. Its timestamp is believed as far as numbers are
    /// missing too: not everybody counts on in silence.
    fn lost_before_silence(&mut self, sequence: u64, timestamp: i64) -> Option<u32> {
        let numbers = (sequence - self.next_sequence) as i64;
        let most = numbers * self.transit.frame();
        if !self.playing || timestamp - self.next_timestamp > most {
            return None;
        }
        self.missing_before(timestamp)
    }

    /// So many samples were made up for lost ones.
    pub fn lost(&mut self, samples: u32) {
        self.next_timestamp += i64::from(samples);
        self.concealed += u64::from(samples);
    }

    /// So many samples were made up because nothing was there.
    pub fn starved(&mut self, samples: u32) {
        self.made_up += i64::from(samples);
        if self.made_up >= PAUSED_AFTER {
            self.pause();
        }
    }

    fn pause(&mut self) {
        self.playing = false;
        self.made_up = 0;
    }

    /// Whether the delay is right for audio to be heard at a moment.
    #[must_use]
    pub fn pace(&self, at: Instant) -> Pace {
        let delay = self.delay(self.moment_of(at));
        if !self.playing {
            Pace::Keep
        } else if delay < self.transit.needed() {
            Pace::Lengthen
        } else if delay > self.transit.needed() + SLACK + self.transit.frame() {
            Pace::Shorten
        } else {
            Pace::Keep
        }
    }

    /// True when the packet after the one given out last is there.
    #[must_use]
    pub fn has_next(&self) -> bool {
        let slot = self.slots.of(self.next_sequence);
        self.playing
            && slot.sequence == Some(self.next_sequence)
            && slot.format.is_some()
            && slot.timestamp == self.next_timestamp
    }

    /// How long audio waits beyond the fastest packet, in milliseconds, for audio to be heard at
    /// a moment. `None` while nothing is played.
    #[must_use]
    pub fn delay_ms(&self, at: Instant) -> Option<f64> {
        let delay = self.delay(self.moment_of(at)).max(0) as f64;
        self.playing.then_some(delay / f64::from(SAMPLES_PER_MS))
    }

    /// Samples made up for lost and late packets so far.
    #[must_use]
    pub fn concealed(&self) -> u64 {
        self.concealed
    }

    /// Packets that came too late, or were dropped because too many waited.
    #[must_use]
    pub fn discarded(&self) -> u64 {
        self.late + self.dropped
    }

    /// Runs of such packets, each of numbers in a row.
    #[must_use]
    pub fn discarded_runs(&self) -> u64 {
        self.runs
    }

    /// The extended sequence number and timestamp of a packet; starts anew where they jump.
    fn place(&mut self, header: &Header, audio: bool) -> (u64, i64) {
        let ahead = header
            .sequence
            .wrapping_sub(self.newest_sequence as u16)
            .cast_signed();
        let later = header
            .timestamp
            .wrapping_sub(self.newest_timestamp as u32)
            .cast_signed();
        let jumps = !(MAX_MISORDER..MAX_DROPOUT).contains(&ahead);
        // A newer packet of older audio: the far end has set its media clock back.
        let back =
            audio && (later.unsigned_abs() > MAX_JUMP.unsigned_abs() || (ahead > 0 && later < 0));
        if self.ssrc != Some(header.ssrc) || jumps || back {
            return self.restart(header);
        }
        let sequence = self.newest_sequence.wrapping_add_signed(i64::from(ahead));
        let timestamp = self.newest_timestamp + i64::from(later);
        if ahead > 0 {
            self.newest_sequence = sequence;
            if audio {
                self.newest_timestamp = timestamp;
            }
        }
        (sequence, timestamp)
    }

    fn restart(&mut self, header: &Header) -> (u64, i64) {
        self.drop_below(u64::MAX);
        self.slots.forget_given();
        self.ssrc = Some(header.ssrc);
        // Room below, so that packets overtaken by the first do not reach under zero.
        self.newest_sequence = 1 << 16 | u64::from(header.sequence);
        self.newest_timestamp = 1 << 32 | i64::from(header.timestamp);
        self.next_sequence = self.newest_sequence;
        self.next_timestamp = self.newest_timestamp;
        self.playing = false;
        self.made_up = 0;
        self.transit.rebase();
        (self.newest_sequence, self.newest_timestamp)
    }

    fn keep(
        &mut self,
        sequence: u64,
        timestamp: i64,
        samples: u32,
        format: Option<F>,
        octets: &[u8],
    ) -> Arrival {
        if sequence >= self.next_sequence + SLOTS as u64 {
            // Nobody asks any more, or far too slowly.
            self.drop_below(sequence + 1 - SLOTS as u64);
            self.playing = false;
        }
        if !self.slots.put(sequence, timestamp, samples, format, octets) {
            return Arrival::Duplicate;
        }
        if samples > 0 {
            self.transit.set_frame(i64::from(samples));
        }
        Arrival::Kept
    }

    fn drop_below(&mut self, sequence: u64) {
        let dropped = self.slots.drop_below(sequence);
        if sequence != u64::MAX {
            self.next_sequence = self.next_sequence.max(sequence);
            self.dropped += dropped;
            self.runs += u64::from(dropped > 0);
        }
    }

    /// Drops what lies too far behind, as after a standstill of ours or of the network's.
    fn drop_excess(&mut self, now: i64) {
        if !self.playing || self.delay(now) < self.transit.needed() + TOO_FAR {
            return;
        }
        let enough = now - self.transit.base() - self.transit.needed() - SLACK;
        let before = self.dropped;
        while let Some(index) = self.slots.first(self.next_sequence) {
            let slot = self.slots.at(index);
            if slot.timestamp >= enough {
                break;
            }
            self.next_sequence = slot.sequence.unwrap_or(self.next_sequence) + 1;
            self.dropped += u64::from(slot.format.is_some());
            self.slots.free(index);
        }
        self.runs += u64::from(self.dropped > before);
        self.playing = false;
        self.made_up = 0;
    }

    /// How far audio heard now lies behind the fastest packet.
    fn delay(&self, now: i64) -> i64 {
        now - self.next_timestamp - self.transit.base()
    }

    fn moment(&mut self, at: Instant) -> i64 {
        self.origin.get_or_insert(at);
        self.moment_of(at)
    }

    /// A moment in samples since the first seen; moments before it are negative.
    fn moment_of(&self, at: Instant) -> i64 {
        let samples = |d: Duration| (d.as_micros() as i64) * i64::from(SAMPLES_PER_MS) / 1_000;
        self.origin.map_or(0, |origin| {
            samples(at.saturating_duration_since(origin))
                - samples(origin.saturating_duration_since(at))
        })
    }
}

#[cfg(test)]
mod tests;
