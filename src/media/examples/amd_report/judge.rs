//! What became of each clip, by each method.

use std::time::{Duration, Instant};

use carillon_media::{GreetingDetector, GreetingEvent, GreetingSettings, Mode, Signal, Who};

use crate::baseline;
use crate::corpus::{Clip, Outcome};
use crate::trace::{Trace, trace};

/// A method's answer.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    pub who: Option<Who>,
    /// From the start of the clip.
    pub at_ms: u32,
}

impl Answer {
    /// The call would be hung up, or left a message.
    pub fn is_machine(&self) -> bool {
        !matches!(self.who, None | Some(Who::Person | Who::Silence))
    }
}

/// A clip and all that was heard in it.
pub struct Judged {
    pub clip: Clip,
    pub fast: Answer,
    pub careful: Answer,
    pub baseline: Answer,
    pub signals: Vec<Signal>,
    /// (end, Hz, length)
    pub beeps: Vec<(u32, u32, u32)>,
    /// First `GreetingEnded`: when the speech ended.
    pub ended_at_ms: Option<u32>,
    /// What was measured, for the ROC.
    pub trace: Trace,
    /// Time the detector took in `Careful`, and the audio it took it for.
    pub spent: Duration,
    pub audio_ms: u32,
}

fn run(samples: &[i16], mode: Mode) -> (Answer, Vec<GreetingEvent>, u32) {
    let mut detector = GreetingDetector::new(GreetingSettings {
        mode,
        ..GreetingSettings::default()
    });
    let mut events = Vec::new();
    for packet in samples.chunks(160) {
        detector.push(packet, |event| events.push(event));
    }
    let at_ms = events.iter().find_map(|event| match event {
        GreetingEvent::Verdict { at_ms, .. } => Some(*at_ms),
        _ => None,
    });
    let answer = Answer {
        who: detector.verdict(),
        at_ms: at_ms.unwrap_or_else(|| detector.heard_ms()),
    };
    (answer, events, detector.heard_ms())
}

/// Listens to a clip with every method.
pub fn judge(clip: Clip) -> Outcome<Judged> {
    let samples = clip.samples()?;
    let (fast, _, _) = run(&samples, Mode::Fast);
    let (careful, _, _) = run(&samples, Mode::Careful);
    #[allow(clippy::disallowed_methods, reason = "the speed is part of the report")]
    let began = Instant::now();
    let (_, events, audio_ms) = run(&samples, Mode::Off);
    let spent = began.elapsed();
    let (machine, at_ms) = baseline::decide(&samples);
    let mut judged = Judged {
        clip,
        fast,
        careful,
        baseline: Answer {
            who: Some(if machine { Who::Machine } else { Who::Person }),
            at_ms,
        },
        signals: Vec::new(),
        beeps: Vec::new(),
        ended_at_ms: None,
        trace: trace(&samples),
        spent,
        audio_ms,
    };
    for event in events {
        match event {
            GreetingEvent::Signal { signal, .. } => judged.signals.push(signal),
            GreetingEvent::Beep {
                at_ms,
                hz,
                length_ms,
            } => judged.beeps.push((at_ms, hz, length_ms)),
            GreetingEvent::GreetingEnded { ended_at_ms, .. } => {
                judged.ended_at_ms.get_or_insert(ended_at_ms);
            }
            _ => {}
        }
    }
    Ok(judged)
}

impl Judged {
    /// Time from the labelled start of speech to an answer.
    pub fn after_ms(&self, answer: &Answer) -> f32 {
        let start = self.clip.number("speech_start_ms").unwrap_or_default();
        (answer.at_ms as f32 - start).max(0.0)
    }

    /// The beep of the label, if it was found: right place, right pitch.
    pub fn beep_found(&self) -> Option<bool> {
        let (end, hz) = (
            self.clip.number("beep_end_ms")?,
            self.clip.number("beep_hz")?,
        );
        let fits = |(at, pitch, _): &(u32, u32, u32)| {
            (*at as f32 - end).abs() < 150.0 && (*pitch as f32 - hz).abs() < 0.02 * hz + 5.0
        };
        Some(self.beeps.iter().any(fits))
    }

    /// Beeps where there is none. (One that lost packets have torn may count as two.)
    pub fn false_beeps(&self) -> usize {
        let end = self.clip.number("beep_end_ms").unwrap_or(f32::MIN);
        let length = self.clip.number("beep_length_ms").unwrap_or_default();
        let inside = end - length - 150.0..end + 150.0;
        self.beeps
            .iter()
            .filter(|(at, _, _)| !inside.contains(&(*at as f32)))
            .count()
    }

    /// The signal of the label was heard, of the right kind.
    pub fn signal_found(&self) -> bool {
        let (name, detail) = self
            .clip
            .get("signal")
            .split_once(':')
            .unwrap_or((self.clip.get("signal"), ""));
        self.signals.iter().any(|signal| match signal {
            Signal::Sit(kind) => name == "sit" && kind.name() == detail,
            Signal::Cng => name == "cng",
            Signal::Ced { .. } => name == "ced",
            Signal::Modem => name == "modem",
            Signal::Music => name == "music",
            Signal::Ringback => name == "ringback",
            // Countries disagree which is which; the report listens without a country.
            Signal::Busy | Signal::Congestion => name == "busy" || name == "congestion",
            Signal::Silence => false,
        })
    }

    /// Special information or fax tones, whatever they say.
    pub fn has(&self, wanted: fn(&Signal) -> bool) -> bool {
        self.signals.iter().any(wanted)
    }
}
