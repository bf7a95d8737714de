//! Who answered: a person, a machine, a network announcement, or no one.
//!
//! This is the `fast` classifier: it decides while the greeting is spoken. A person says
//! something short and falls silent; a machine keeps talking. It is a pure function of the
//! samples, counts time in samples, and reports the end of the greeting as an event of its own,
//! because abandonment clocks start there (16 CFR 310.4(b)(4)(ii)) whatever the verdict.
//!
//! A machine that says something short and pauses is taken for a person. That is the safe side:
//! a person taken for a machine is an abandoned call.

mod sit;
mod vad;

pub use sit::{SitDetector, SitKind};
pub use vad::{FrameVad, VadSettings};

use vad::FRAME_MS;

/// Settings of the detector. All times in milliseconds of audio.
#[derive(Clone, Debug, PartialEq)]
pub struct GreetingSettings {
    /// Silence that ends the greeting. Default 400, 200 to 2,000: below 300, the gaps inside a
    /// sentence end it.
    pub end_silence_ms: u32,
    /// Greetings longer than this are a machine's. Default 1,800, 500 to 10,000.
    pub longest_person_ms: u32,
    /// No speech for this long after the start: nobody there. Default 4,000, 500 to 30,000.
    pub no_speech_ms: u32,
    /// Speech shorter than this is a click or a cough and starts nothing. Default 60.
    pub shortest_speech_ms: u32,
    /// After a verdict of machine, keep waiting for the end of the greeting this long, counted
    /// from the start. Default 45,000.
    pub longest_watch_ms: u32,
    /// Look for special information tones too. Default true.
    pub detect_sit: bool,
    /// What counts as speech.
    pub vad: VadSettings,
}

impl Default for GreetingSettings {
    fn default() -> Self {
        Self {
            end_silence_ms: 400,
            longest_person_ms: 1_800,
            no_speech_ms: 4_000,
            shortest_speech_ms: 60,
            longest_watch_ms: 45_000,
            detect_sit: true,
            vad: VadSettings::default(),
        }
    }
}

/// Who answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// A short greeting, then silence.
    Person,
    /// A greeting longer than people's.
    Machine,
    /// Special information tones: the network speaks.
    Sit(SitKind),
    /// Nobody spoke.
    Silence,
}

/// What the detector heard. `at_ms` counts from the start of the watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GreetingEvent {
    /// The first speech.
    SpeechStarted {
        /// When it started (a little before it was sure).
        at_ms: u32,
    },
    /// The greeting is over. The verdict is `Person` unless one was given before.
    GreetingEnded {
        /// Speech in it, pauses left out.
        speech_ms: u32,
        /// From its first to its last speech.
        total_ms: u32,
        /// When the last speech ended.
        ended_at_ms: u32,
        /// How long ago that is: abandonment clocks start this much before the event.
        ended_ago_ms: u32,
    },
    /// It goes on for longer than people's greetings. Verdict: `Machine`. A `GreetingEnded`
    /// follows when it ends within `longest_watch_ms`.
    GreetingTooLong {
        /// Speech so far, pauses left out.
        speech_ms: u32,
        /// From its start until now.
        total_ms: u32,
    },
    /// Nobody spoke within `no_speech_ms`. Verdict: `Silence`.
    NoSpeech {
        /// How long was listened.
        after_ms: u32,
    },
    /// Special information tones. Verdict: `Sit`.
    SitTone {
        /// Which.
        kind: SitKind,
        /// When they were sure.
        at_ms: u32,
    },
}

/// Listens to one answer from its first sample.
///
/// Feed samples as they come, in pieces of any size; each call gives the events they complete,
/// in order. After [`is_finished`](Self::is_finished) nothing more happens.
#[derive(Debug)]
pub struct GreetingDetector {
    settings: GreetingSettings,
    vad: FrameVad,
    sit: Option<SitDetector>,
    at_ms: u32,
    state: State,
    verdict: Option<Verdict>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing said yet; counts frames of speech in a row (with one frame's grace).
    Waiting {
        run_ms: u32,
        gap_ms: u32,
    },
    /// In a greeting.
    Speaking {
        started_ms: u32,
        speech_ms: u32,
        last_speech_ms: u32,
    },
    Finished,
}

const WAITING: State = State::Waiting {
    run_ms: 0,
    gap_ms: 0,
};

impl GreetingDetector {
    /// A detector at the moment of the answer.
    #[must_use]
    pub fn new(settings: GreetingSettings) -> Self {
        Self {
            vad: FrameVad::new(settings.vad.clone()),
            sit: settings.detect_sit.then(SitDetector::new),
            settings,
            at_ms: 0,
            state: WAITING,
            verdict: None,
        }
    }

    /// Takes samples; gives each event to `report`.
    pub fn push(&mut self, samples: &[i16], mut report: impl FnMut(GreetingEvent)) {
        if self.is_finished() {
            return;
        }
        // Tones first: they are no speech, and whatever speech they seemed to be is void.
        if let Some(kind) = self.sit.as_mut().and_then(|sit| sit.push(samples)) {
            self.state = State::Finished;
            self.verdict.get_or_insert(Verdict::Sit(kind));
            report(GreetingEvent::SitTone {
                kind,
                at_ms: self.at_ms,
            });
            return;
        }
        let mut vad = std::mem::take(&mut self.vad);
        vad.push(samples, |speech| {
            if let Some(event) = self.frame(speech) {
                report(event);
            }
        });
        self.vad = vad;
    }

    /// Takes silence instead of samples: the far end sent nothing for `ms`.
    pub fn push_silence(&mut self, ms: u32, mut report: impl FnMut(GreetingEvent)) {
        const SILENCE: [i16; 80] = [0; 80];
        for _ in 0..ms / FRAME_MS {
            self.push(&SILENCE, &mut report);
        }
    }

    /// The verdict, once there is one.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        self.verdict
    }

    /// True when nothing more will be reported.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.state == State::Finished
    }

    /// Milliseconds of audio heard.
    #[must_use]
    pub fn heard_ms(&self) -> u32 {
        self.at_ms
    }

    fn frame(&mut self, speech: bool) -> Option<GreetingEvent> {
        self.at_ms += FRAME_MS;
        match self.state {
            State::Waiting { run_ms, gap_ms } => self.waiting(speech, run_ms, gap_ms),
            State::Speaking {
                started_ms,
                speech_ms,
                last_speech_ms,
            } => {
                if speech {
                    self.speech(started_ms, speech_ms + FRAME_MS)
                } else {
                    self.pause(started_ms, speech_ms, last_speech_ms)
                }
            }
            State::Finished => None,
        }
    }

    fn waiting(&mut self, speech: bool, run_ms: u32, gap_ms: u32) -> Option<GreetingEvent> {
        self.state = match (speech, gap_ms) {
            (true, _) => State::Waiting {
                run_ms: run_ms + FRAME_MS,
                gap_ms: 0,
            },
            (false, 0..=10) if run_ms > 0 => State::Waiting {
                run_ms,
                gap_ms: gap_ms + FRAME_MS,
            },
            (false, _) => WAITING,
        };
        if let State::Waiting { run_ms, gap_ms: 0 } = self.state
            && run_ms >= self.settings.shortest_speech_ms.max(FRAME_MS)
        {
            let started_ms = self.at_ms - run_ms;
            self.state = State::Speaking {
                started_ms,
                speech_ms: run_ms,
                last_speech_ms: self.at_ms,
            };
            return Some(GreetingEvent::SpeechStarted { at_ms: started_ms });
        }
        // Speech under way gets its chance before the limit strikes.
        if self.at_ms >= self.settings.no_speech_ms && self.state == WAITING {
            self.finish(Verdict::Silence);
            return Some(GreetingEvent::NoSpeech {
                after_ms: self.at_ms,
            });
        }
        None
    }

    fn speech(&mut self, started_ms: u32, speech_ms: u32) -> Option<GreetingEvent> {
        self.state = State::Speaking {
            started_ms,
            speech_ms,
            last_speech_ms: self.at_ms,
        };
        let total_ms = self.at_ms - started_ms;
        if total_ms > self.settings.longest_person_ms && self.verdict.is_none() {
            self.verdict = Some(Verdict::Machine);
            return Some(GreetingEvent::GreetingTooLong {
                speech_ms,
                total_ms,
            });
        }
        if self.at_ms >= self.settings.longest_watch_ms {
            self.finish(Verdict::Machine);
        }
        None
    }

    fn pause(&mut self, started_ms: u32, speech_ms: u32, last_ms: u32) -> Option<GreetingEvent> {
        let ended_ago_ms = self.at_ms - last_ms;
        if ended_ago_ms < self.settings.end_silence_ms {
            return None;
        }
        self.finish(Verdict::Person);
        Some(GreetingEvent::GreetingEnded {
            speech_ms,
            total_ms: last_ms - started_ms,
            ended_at_ms: last_ms,
            ended_ago_ms,
        })
    }

    fn finish(&mut self, verdict: Verdict) {
        self.verdict.get_or_insert(verdict);
        self.state = State::Finished;
    }
}

#[cfg(test)]
mod tests;
