//! Key presses as RTP events (RFC 4733): receiving, without duplicates, and sending.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::SAMPLES_PER_MS;

/// Bytes of an event payload.
pub const EVENT_BYTES: usize = 4;

/// An event whose end is lost counts as ended this long after its last packet: three times the
/// longest usual packet interval (RFC 4733 section 2.5.2.2).
pub const LOST_END: Duration = Duration::from_millis(180);

/// One key press.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Press {
    /// `0`–`9`, `*`, `#`, `A`–`D`.
    pub digit: char,
    /// Its length in milliseconds, as far as packets told it.
    pub duration_ms: u32,
}

/// The digit of an event code, if it is one of the sixteen (RFC 4733 section 3.2).
#[must_use]
pub fn digit_of_event(event: u8) -> Option<char> {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D',
    ];
    DIGITS.get(usize::from(event)).copied()
}

/// The event code of a digit (small letters allowed).
#[must_use]
pub fn event_of_digit(digit: char) -> Option<u8> {
    (0..16).find(|event| digit_of_event(*event) == Some(digit.to_ascii_uppercase()))
}

/// Turns event packets into presses: each press once, whether its end packet comes three times,
/// once or never, and whether packets are lost, doubled or late.
#[derive(Debug, Default)]
pub struct Receiver {
    current: Option<Current>,
    /// Timestamp of the newest press already reported.
    reported: Option<u32>,
}

#[derive(Debug)]
struct Current {
    event: u8,
    timestamp: u32,
    /// Units of earlier segments of one long press (RFC 4733 section 2.5.1.3).
    before: u32,
    duration: u32,
    last_at: Instant,
}

impl Current {
    fn press(&self) -> Option<Press> {
        let duration_ms = self.before.saturating_add(self.duration) / SAMPLES_PER_MS;
        digit_of_event(self.event).map(|digit| Press { digit, duration_ms })
    }
}

impl Receiver {
    /// Takes one event packet. Returns the presses it completes: the one before whose end was
    /// lost, then its own. Payloads that are too short and events that are no keys give nothing.
    pub fn push(&mut self, now: Instant, timestamp: u32, payload: &[u8]) -> [Option<Press>; 2] {
        let Some(&[event, flags, high, low]) = payload.first_chunk::<EVENT_BYTES>() else {
            return [None, None];
        };
        let ends = flags & 0x80 != 0;
        let duration = u32::from(u16::from_be_bytes([high, low]));
        if digit_of_event(event).is_none() || self.is_old(timestamp) {
            return [None, None];
        }
        let mut earlier = None;
        match &mut self.current {
            Some(current) if current.timestamp == timestamp => {
                current.duration = current.duration.max(duration);
                current.last_at = now;
            }
            Some(current) if current.continues_in(event, timestamp) => {
                // A key held for days, or a far end that makes no sense.
                current.before = current.before.saturating_add(current.duration);
                current.timestamp = timestamp;
                current.duration = duration;
                current.last_at = now;
            }
            _ => {
                earlier = self.finish();
                self.current = Some(Current {
                    event,
                    timestamp,
                    before: 0,
                    duration,
                    last_at: now,
                });
            }
        }
        [earlier, if ends { self.finish() } else { None }]
    }

    /// When [`poll`](Self::poll) must be called if nothing more comes.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.current
            .as_ref()
            .map(|current| current.last_at + LOST_END)
    }

    /// The press whose end packets were all lost, once its time has come.
    pub fn poll(&mut self, now: Instant) -> Option<Press> {
        if self.deadline()? <= now {
            self.finish()
        } else {
            None
        }
    }

    fn finish(&mut self) -> Option<Press> {
        let current = self.current.take()?;
        self.reported = Some(current.timestamp);
        current.press()
    }

    /// Not newer than what was reported, or older than the press under way. Looks back 8 s: late
    /// packets come sooner, and a stream that starts anew elsewhere must not go unheard.
    fn is_old(&self, timestamp: u32) -> bool {
        let before = |than: u32| than.wrapping_sub(timestamp) < 1 << 16;
        self.reported.is_some_and(before)
            || self
                .current
                .as_ref()
                .is_some_and(|c| c.timestamp != timestamp && before(c.timestamp))
    }
}

impl Current {
    fn continues_in(&self, event: u8, timestamp: u32) -> bool {
        event == self.event
            && self.duration == 0xffff
            && timestamp == self.timestamp.wrapping_add(self.duration)
    }
}

/// Length of a sent press in milliseconds; long enough for every receiver (ITU-T Q.24: 40 ms).
pub const SEND_PRESS_MS: u32 = 100;
/// Pause after a sent press in milliseconds.
pub const SEND_PAUSE_MS: u32 = 100;

/// What the sender wants in the next frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// An event packet.
    Event {
        /// The payload.
        payload: [u8; EVENT_BYTES],
        /// True for the first packet of a press: marker bit, and the frame's own timestamp;
        /// false: the timestamp of the press's first packet (RFC 4733 section 2.5.1.2).
        first: bool,
    },
    /// Silence between presses.
    Pause,
}

/// Sends a row of digits, one packet each frame, the end packet three times.
#[derive(Debug, Default)]
pub struct Sender {
    queue: VecDeque<u8>,
    now: Option<Sending>,
}

#[derive(Debug)]
struct Sending {
    event: u8,
    duration: u32,
    ends_sent: u8,
    pause: u32,
}

impl Sender {
    /// Adds digits. Returns the first that is none; then nothing was added.
    ///
    /// # Errors
    /// The character no telephone has.
    pub fn queue(&mut self, digits: &str) -> Result<(), char> {
        let events: Vec<u8> = digits
            .chars()
            .map(|d| event_of_digit(d).ok_or(d))
            .collect::<Result<_, _>>()?;
        self.queue.extend(events);
        Ok(())
    }

    /// True while there is anything to send.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.now.is_some() || !self.queue.is_empty()
    }

    /// The next frame of `samples` samples; `None` when all is sent.
    pub fn next_frame(&mut self, samples: u32) -> Option<Outgoing> {
        let mut first = false;
        if self.now.is_none() {
            let event = self.queue.pop_front()?;
            first = true;
            self.now = Some(Sending {
                event,
                duration: 0,
                ends_sent: 0,
                pause: 0,
            });
        }
        let sending = self.now.as_mut()?;
        if sending.ends_sent == 3 {
            sending.pause += samples;
            if sending.pause >= SEND_PAUSE_MS * SAMPLES_PER_MS {
                self.now = None;
            }
            return Some(Outgoing::Pause);
        }
        let whole = SEND_PRESS_MS * SAMPLES_PER_MS;
        sending.duration = (sending.duration + samples).min(whole);
        let ends = sending.duration == whole;
        sending.ends_sent += u8::from(ends);
        // -10 dBm0, what telephones send (RFC 4733 section 2.3.3).
        let flags = u8::from(ends) << 7 | 10;
        let [high, low] = (sending.duration as u16).to_be_bytes();
        Some(Outgoing::Event {
            payload: [sending.event, flags, high, low],
            first,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Instant {
        // Only differences matter here; a fixed origin would do as well, but none can be built.
        #[allow(clippy::disallowed_methods, reason = "no other way to make an instant")]
        Instant::now()
    }

    fn packet(event: u8, ends: bool, duration: u16) -> [u8; 4] {
        let [high, low] = duration.to_be_bytes();
        [event, u8::from(ends) << 7 | 10, high, low]
    }

    fn run(packets: &[(u32, [u8; 4])]) -> (Vec<Press>, Receiver) {
        let mut receiver = Receiver::default();
        let now = start();
        let presses = packets
            .iter()
            .flat_map(|(timestamp, payload)| receiver.push(now, *timestamp, payload))
            .flatten()
            .collect();
        (presses, receiver)
    }

    fn press(digit: char, duration_ms: u32) -> Press {
        Press { digit, duration_ms }
    }

    #[test]
    fn an_end_sent_three_times_is_one_press() {
        let (presses, receiver) = run(&[
            (1000, packet(5, false, 160)),
            (1000, packet(5, false, 320)),
            (1000, packet(5, true, 800)),
            (1000, packet(5, true, 800)),
            (1000, packet(5, true, 800)),
        ]);
        assert_eq!(presses, [press('5', 100)]);
        assert_eq!(receiver.deadline(), None);
    }

    #[test]
    fn only_the_last_end_packet_is_enough() {
        assert_eq!(run(&[(7, packet(11, true, 400))]).0, [press('#', 50)]);
    }

    #[test]
    fn the_same_key_twice_is_two_presses_and_late_packets_are_none() {
        let (presses, _) = run(&[
            (1000, packet(1, true, 400)),
            (3000, packet(1, false, 160)),
            (1000, packet(1, true, 400)),
            (3000, packet(1, true, 400)),
            (3000, packet(1, false, 240)),
        ]);
        assert_eq!(presses, [press('1', 50), press('1', 50)]);
    }

    #[test]
    fn a_lost_end_is_reported_by_the_next_press_or_by_time() {
        let (presses, mut receiver) =
            run(&[(1000, packet(1, false, 480)), (3000, packet(2, false, 160))]);
        assert_eq!(presses, [press('1', 60)]);
        let due = receiver.deadline().unwrap();
        assert_eq!(receiver.poll(due - Duration::from_millis(1)), None);
        assert_eq!(receiver.poll(due), Some(press('2', 20)));
        assert_eq!(receiver.poll(due), None);
        assert_eq!(
            receiver.push(due, 3000, &packet(2, true, 800)),
            [None, None]
        );
    }

    #[test]
    fn a_press_longer_than_one_segment_is_one_press() {
        let (presses, _) = run(&[
            (0, packet(0, false, 0xffff)),
            (0xffff, packet(0, false, 160)),
            (0xffff, packet(0, true, 801)),
        ]);
        assert_eq!(presses, [press('0', (0xffff + 801) / 8)]);
    }

    #[test]
    fn timestamps_wrap_and_rubbish_is_ignored() {
        let (presses, _) = run(&[
            (u32::MAX - 100, packet(3, true, 800)),
            (700, packet(4, true, 800)),
            (9000, packet(16, true, 800)),
        ]);
        assert_eq!(presses, [press('3', 100), press('4', 100)]);
        assert_eq!(Receiver::default().push(start(), 0, &[1, 2]), [None, None]);
    }

    #[test]
    fn what_is_sent_is_received_once_each() {
        let mut sender = Sender::default();
        sender.queue("1d#").unwrap();
        assert_eq!(sender.queue("1x"), Err('x'));
        let (mut receiver, mut presses) = (Receiver::default(), Vec::new());
        let (mut clock, mut stamp, mut frames) = (0u32, 0u32, 0);
        while let Some(frame) = sender.next_frame(160) {
            if let Outgoing::Event { payload, first } = frame {
                stamp = if first { clock } else { stamp };
                presses.extend(
                    receiver
                        .push(start(), stamp, &payload)
                        .into_iter()
                        .flatten(),
                );
            }
            clock += 160;
            frames += 1;
        }
        assert_eq!(presses, [press('1', 100), press('D', 100), press('#', 100)]);
        assert_eq!(frames, 3 * (5 + 2 + 5));
        assert!(!sender.is_active());
    }
}
