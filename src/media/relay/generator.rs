//! What we say ourselves on a leg: prompts, key presses, silence; one frame at a time, paced by
//! deadlines a frame apart, so that nothing drifts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::events::MediaEvent;
use super::mixer::{MAX_FRAME, Mixer};
use super::outgoing::{self, SharedOutgoing};
use super::types::{LegId, PlayOptions, Remote, Repeat};
use crate::SAMPLES_PER_MS;
use crate::codec::Codec;
use crate::dtmf;
use crate::tone::Tone;

/// A bridged far end that sends nothing for this long, and has not said that it is silent, is
/// covered by our silence.
const COVER_AFTER: Duration = Duration::from_millis(40);
/// Further behind than this, frames are left out instead of sent in a burst.
const MOST_BEHIND: Duration = Duration::from_millis(100);

/// Frames of our own for one leg.
#[derive(Debug, Default)]
pub struct Generator {
    play: Option<Play>,
    keys: dtmf::Sender,
    /// Timestamp of the first packet of the press under way.
    key_stamp: u32,
    fill: bool,
    /// The leg hears a sum: a frame of it goes out whenever one is due.
    mixing: bool,
    /// The far end's, once it is known and may be sent to.
    format: Option<Format>,
    due: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Format {
    frame_ms: u32,
    dtmf: bool,
}

#[derive(Debug)]
struct Play {
    samples: Arc<[i16]>,
    position: usize,
    /// Turns still to play after this one; `None`: for ever.
    more: Option<u32>,
    /// Added to what the leg hears.
    under: bool,
    /// `None`: key presses in the band, which nobody is told about.
    tag: Option<u64>,
}

/// What the leg hears when we have nothing to say.
pub enum Hears<'a> {
    Nothing,
    /// The packets of one leg, passed on by that leg's thread.
    Direct,
    /// A sum.
    Mixed(&'a mut Mixer),
}

/// Takes events; the leg's thread sends them on.
pub type Events<'a> = &'a mut dyn FnMut(MediaEvent);

impl Generator {
    pub fn set_remote(&mut self, remote: Option<&Remote>) {
        self.format = remote.map(|remote| Format {
            frame_ms: match remote.ptime_ms {
                30 if remote.codec == Codec::Opus => 20,
                10 | 20 | 30 | 40 | 60 => u32::from(remote.ptime_ms),
                _ => 20,
            },
            dtmf: remote.dtmf_payload_type.is_some(),
        });
    }

    pub fn set_mixing(&mut self, mixing: bool) {
        self.mixing = mixing;
    }

    /// True while something is played that belongs under what the leg hears.
    pub fn plays_under(&self) -> bool {
        self.play.as_ref().is_some_and(|play| play.under)
    }

    /// True while nothing else than ours is to be heard.
    fn overrides(&self) -> bool {
        let plays = self.play.is_some() && !(self.mixing && self.plays_under());
        plays || self.keys.is_active()
    }

    pub fn set_fill(&mut self, on: bool) {
        self.fill = on;
    }

    /// Plays samples: in place of what the leg hears, or `under` it.
    pub fn play(
        &mut self,
        leg: LegId,
        samples: Arc<[i16]>,
        options: PlayOptions,
        under: bool,
        events: Events,
    ) {
        self.stop_play(leg, events);
        if samples.is_empty() {
            events(MediaEvent::PlayEnded {
                leg,
                tag: options.tag,
                completed: true,
            });
            return;
        }
        let more = match options.repeat {
            Repeat::Once => Some(0),
            Repeat::Times(times) => Some(times.saturating_sub(1)),
            Repeat::Forever => None,
        };
        self.play = Some(Play {
            samples,
            position: 0,
            more,
            under,
            tag: Some(options.tag),
        });
    }

    pub fn stop_play(&mut self, leg: LegId, events: Events) {
        if let Some(Play { tag: Some(tag), .. }) = self.play.take() {
            events(MediaEvent::PlayEnded {
                leg,
                tag,
                completed: false,
            });
        }
    }

    /// Presses keys: as events, or in the band towards a far end that knows none.
    pub fn send_dtmf(&mut self, leg: LegId, digits: &str, events: Events) {
        if self.format.is_none_or(|format| format.dtmf) {
            // Digits were checked by the caller.
            let _ = self.keys.queue(digits);
            return;
        }
        self.stop_play(leg, events);
        let samples: Vec<i16> = digits
            .chars()
            .filter_map(Tone::dtmf)
            .flat_map(|tone| tone.samples())
            .collect();
        self.play = Some(Play {
            samples: samples.into(),
            position: 0,
            more: Some(0),
            under: false,
            tag: None,
        });
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.due
    }

    /// Sets the next deadline after anything changed.
    pub fn refresh(&mut self, now: Instant, out: &SharedOutgoing) {
        let overrides = self.format.is_some() && self.overrides();
        let mut out = outgoing::lock(out);
        out.set_overridden(overrides);
        if self.format.is_none() || !(overrides || self.fill || self.mixing) {
            self.due = None;
            return;
        }
        let after_last = out.last().map_or(now, |(at, length)| at + length);
        let first = after_last.max(now);
        self.due = Some(self.due.map_or(first, |due| due.min(first)));
    }

    /// Sends the frames that are due.
    pub fn run(
        &mut self,
        now: Instant,
        leg: LegId,
        hears: Hears<'_>,
        out: &SharedOutgoing,
        events: Events,
    ) {
        let Some(format) = self.format else { return };
        let length = Duration::from_millis(u64::from(format.frame_ms));
        let samples = format.frame_ms * SAMPLES_PER_MS;
        let (mut mixer, bridged) = match hears {
            Hears::Mixed(mixer) => (Some(mixer), false),
            Hears::Direct => (None, true),
            Hears::Nothing => (None, false),
        };
        while let Some(due) = self.due.filter(|due| *due <= now) {
            let due = if now - due > MOST_BEHIND { now } else { due };
            self.due = if self.keys.is_active() && format.dtmf {
                self.key_frame(due, samples, out);
                Some(due + length)
            } else if let Some(mixer) = &mut mixer
                && !self.overrides()
            {
                self.mixed_frame(due, samples as usize, leg, mixer, out, events);
                Some(due + length)
            } else if self.play.is_some() {
                self.play_frame(due, samples as usize, leg, out, events);
                Some(due + length)
            } else if self.fill {
                Some(fill_frame(due, length, samples as usize, bridged, out))
            } else {
                None
            };
        }
        outgoing::lock(out).set_overridden(self.overrides());
    }

    fn key_frame(&mut self, due: Instant, samples: u32, out: &SharedOutgoing) {
        let mut out = outgoing::lock(out);
        match self.keys.next_frame(samples) {
            Some(dtmf::Outgoing::Event { payload, first }) => {
                let stamp = (!first).then_some(self.key_stamp);
                self.key_stamp = out.send_event(due, samples, &payload, stamp);
            }
            Some(dtmf::Outgoing::Pause) | None => out.send_silence(due, samples as usize),
        }
    }

    fn play_frame(
        &mut self,
        due: Instant,
        samples: usize,
        leg: LegId,
        out: &SharedOutgoing,
        events: Events,
    ) {
        let Some(play) = &mut self.play else { return };
        let mut frame = [0i16; MAX_FRAME];
        let ended = play.fill(&mut frame[..samples]);
        outgoing::lock(out).send_samples(due, &frame[..samples]);
        self.finish_play(ended, leg, events);
    }

    /// A frame of what the leg hears, and what is played under it.
    fn mixed_frame(
        &mut self,
        due: Instant,
        samples: usize,
        leg: LegId,
        mixer: &mut Mixer,
        out: &SharedOutgoing,
        events: Events,
    ) {
        let (mut frame, mut under) = ([0i16; MAX_FRAME], [0i16; MAX_FRAME]);
        let ended = self
            .play
            .as_mut()
            .map(|play| play.fill(&mut under[..samples]));
        let under = ended.map(|_| &under[..samples]);
        mixer.mix(due, &mut frame[..samples], under);
        // Mixed before the lock is taken: decoding takes its time.
        outgoing::lock(out).send_mixed(due, &frame[..samples]);
        self.finish_play(ended == Some(true), leg, events);
    }

    fn finish_play(&mut self, ended: bool, leg: LegId, events: Events) {
        if ended && let Some(Play { tag: Some(tag), .. }) = self.play.take() {
            events(MediaEvent::PlayEnded {
                leg,
                tag,
                completed: true,
            });
        }
    }
}

impl Play {
    /// Copies the next samples, zeros after the end. True when the end was reached.
    fn fill(&mut self, frame: &mut [i16]) -> bool {
        let mut filled = 0;
        while filled < frame.len() {
            let rest = &self.samples[self.position..];
            let take = rest.len().min(frame.len() - filled);
            frame[filled..filled + take].copy_from_slice(&rest[..take]);
            filled += take;
            self.position += take;
            if self.position == self.samples.len() {
                match &mut self.more {
                    Some(0) => return true,
                    Some(more) => *more -= 1,
                    None => {}
                }
                self.position = 0;
            }
        }
        false
    }
}

/// Silence, unless the bridged far end speaks. Returns when to look again.
fn fill_frame(
    due: Instant,
    length: Duration,
    samples: usize,
    bridged: bool,
    out: &SharedOutgoing,
) -> Instant {
    let mut out = outgoing::lock(out);
    if bridged && let Some(until) = out.covered_until(COVER_AFTER).filter(|until| *until > due) {
        return until;
    }
    out.send_silence(due, samples);
    due + length
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr, UdpSocket};

    use super::*;
    use crate::Law;
    use crate::relay::outgoing::{Outgoing, Target};
    use crate::relay::ports::PortPool;
    use crate::relay::stream::Stream;
    use crate::relay::types::RelayConfig;
    use crate::rtp::{Header, Packet};

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    struct Bench {
        generator: Generator,
        out: SharedOutgoing,
        phone: UdpSocket,
        leg: LegId,
        start: Instant,
        ended: Vec<bool>,
    }

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    impl Bench {
        /// A leg whose time is the test's: only the socket is real.
        fn new(first_port: u16) -> Self {
            #[allow(clippy::disallowed_methods, reason = "no other way to make an instant")]
            let start = Instant::now();
            let mut config = RelayConfig::new(LOOPBACK, Arc::new(move || start), 1);
            config.ports = first_port..=first_port + 20;
            let socket = PortPool::new(&config).unwrap().open(0).unwrap();
            let out = Outgoing::shared(Arc::new(socket), Stream::new(1, 0, 0));
            let phone = UdpSocket::bind((LOOPBACK, 0)).unwrap();
            phone.set_nonblocking(true).unwrap();
            let address = phone.local_addr().unwrap();
            let target = Target {
                address,
                law: Law::Pcmu,
                payload_type: 0,
                dtmf_payload_type: Some(101),
                codec: Codec::Pcmu,
                opus: crate::codec::OpusSettings::default(),
                dtmf_clock_hz: 8_000,
                comfort_payload_type: None,
                rtcp: None,
                rtcp_mux: false,
                keys: None,
            };
            outgoing::lock(&out).set_target(Some(target));
            let mut generator = Generator::default();
            generator.set_remote(Some(&Remote::new(address, Law::Pcmu)));
            Self {
                generator,
                out,
                phone,
                leg: LegId::new(0, 0, 0),
                start,
                ended: Vec::new(),
            }
        }

        fn refresh(&mut self, at_ms: u64) {
            self.generator.refresh(self.start + ms(at_ms), &self.out);
        }

        fn run(&mut self, at_ms: u64) {
            let ended = &mut self.ended;
            self.generator.run(
                self.start + ms(at_ms),
                self.leg,
                Hears::Nothing,
                &self.out,
                &mut |event| {
                    if let MediaEvent::PlayEnded { completed, .. } = event {
                        ended.push(completed);
                    }
                },
            );
        }

        /// Datagrams on the loopback have arrived when `send_to` returns.
        fn heard(&self) -> Vec<Header> {
            let mut buffer = [0; 500];
            std::iter::from_fn(|| {
                self.phone
                    .recv(&mut buffer)
                    .ok()
                    .map(|length| (length, buffer))
            })
            .map(|(length, bytes)| Packet::parse(&bytes[..length]).unwrap().header)
            .collect()
        }

        fn play(&mut self, milliseconds: usize, repeat: Repeat) {
            let samples = vec![1000i16; milliseconds * 8];
            let options = PlayOptions {
                repeat,
                ..PlayOptions::default()
            };
            self.generator
                .play(self.leg, samples.into(), options, false, &mut |_| {});
        }
    }

    #[test]
    fn frames_follow_their_deadlines_however_late_each_wake_up_is() {
        let mut bench = Bench::new(13_000);
        bench.generator.set_fill(true);
        bench.refresh(0);
        let mut heard = Vec::new();
        for wake in 0..500u64 {
            bench.run(wake * 20 + wake * 7 % 19);
            heard.extend(bench.heard());
        }
        assert_eq!(heard.len(), 500);
        let last = heard[499];
        assert_eq!((last.sequence, last.timestamp), (499, 499 * 160));
        assert_eq!(bench.generator.deadline(), Some(bench.start + ms(500 * 20)));
    }

    #[test]
    fn a_stall_is_left_out_and_not_sent_in_a_burst() {
        let mut bench = Bench::new(13_100);
        bench.generator.set_fill(true);
        bench.refresh(0);
        bench.run(0);
        bench.run(1_000);
        bench.run(1_020);
        let heard = bench.heard();
        let stamps: Vec<u32> = heard.iter().map(|h| h.timestamp).collect();
        assert_eq!(stamps, [0, 8_000, 8_160]);
        assert_eq!(heard[2].sequence, 2);
    }

    #[test]
    fn a_prompt_ends_with_its_last_frame_and_leaves_the_line_quiet() {
        let mut bench = Bench::new(13_200);
        bench.play(50, Repeat::Times(2));
        bench.refresh(0);
        (0..4).for_each(|n| bench.run(n * 20));
        assert_eq!(bench.ended, [] as [bool; 0]);
        bench.run(80);
        assert_eq!(bench.ended, [true]);
        bench.run(200);
        assert_eq!((bench.heard().len(), bench.generator.deadline()), (5, None));
    }

    #[test]
    fn a_prompt_waits_for_a_far_end() {
        let mut bench = Bench::new(13_300);
        bench.generator.set_remote(None);
        bench.play(20, Repeat::Once);
        bench.refresh(0);
        bench.run(500);
        assert!(bench.heard().is_empty() && bench.ended.is_empty());
        bench.generator.set_remote(Some(&Remote::new(
            bench.phone.local_addr().unwrap(),
            Law::Pcmu,
        )));
        bench.refresh(600);
        bench.run(600);
        assert_eq!((bench.heard().len(), bench.ended.len()), (1, 1));
    }
}
