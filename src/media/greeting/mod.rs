//! Who answered: a person, a machine, a network announcement, or no one.
//!
//! This is the `fast` classifier: it decides while the greeting is spoken. A person says
//! something short and falls silent; a machine keeps talking. It is a pure function of the
//! samples, counts time in samples, and reports the end of the greeting as an event of its own,
//! because abandonment clocks start there (16 CFR 310.4(b)(4)(ii)) whatever the verdict.
//!
//! A machine that says something short and pauses is taken for a person. That is the safe side:
//! a person taken for a machine is an abandoned call.

mod event;
mod features;
mod settings;
mod sit;
mod vad;

pub use event::{GreetingEvent, Signal, Who};
pub use features::Features;
pub use settings::{GreetingSettings, Mode};
pub use sit::{SitDetector, SitKind};
pub use vad::{FrameVad, VadSettings};

use vad::FRAME_MS;

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
    verdict: Option<Who>,
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
            report(GreetingEvent::Signal {
                signal: Signal::Sit(kind),
                at_ms: self.at_ms,
            });
            self.finish(Who::Sit(kind), &mut report);
            return;
        }
        let mut vad = std::mem::take(&mut self.vad);
        vad.push(samples, |speech| {
            self.frame(speech, &mut report);
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
    pub fn verdict(&self) -> Option<Who> {
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

    fn frame(&mut self, speech: bool, report: &mut impl FnMut(GreetingEvent)) {
        self.at_ms += FRAME_MS;
        match self.state {
            State::Waiting { run_ms, gap_ms } => self.waiting(speech, run_ms, gap_ms, report),
            State::Speaking {
                started_ms,
                speech_ms,
                last_speech_ms,
            } => {
                if speech {
                    self.speech(started_ms, speech_ms + FRAME_MS, report);
                } else {
                    self.pause(started_ms, speech_ms, last_speech_ms, report);
                }
            }
            State::Finished => {}
        }
    }

    fn waiting(
        &mut self,
        speech: bool,
        run_ms: u32,
        gap_ms: u32,
        report: &mut impl FnMut(GreetingEvent),
    ) {
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
            report(GreetingEvent::SpeechStarted { at_ms: started_ms });
        } else if self.at_ms >= self.settings.no_speech_ms && self.state == WAITING {
            // Speech under way gets its chance before the limit strikes.
            self.finish(Who::Silence, report);
        }
    }

    fn speech(&mut self, started_ms: u32, speech_ms: u32, report: &mut impl FnMut(GreetingEvent)) {
        self.state = State::Speaking {
            started_ms,
            speech_ms,
            last_speech_ms: self.at_ms,
        };
        if self.at_ms - started_ms > self.settings.longest_person_ms {
            self.judge(Who::Machine, report);
        }
        if self.at_ms >= self.settings.longest_watch_ms {
            self.finish(Who::Machine, report);
        }
    }

    fn pause(
        &mut self,
        started_ms: u32,
        speech_ms: u32,
        last_ms: u32,
        report: &mut impl FnMut(GreetingEvent),
    ) {
        let ended_ago_ms = self.at_ms - last_ms;
        if ended_ago_ms < self.settings.end_silence_ms {
            return;
        }
        report(GreetingEvent::GreetingEnded {
            speech_ms,
            total_ms: last_ms - started_ms,
            ended_at_ms: last_ms,
            ended_ago_ms,
        });
        self.finish(Who::Person, report);
    }

    fn features(&self) -> Features {
        let State::Speaking {
            started_ms,
            speech_ms,
            last_speech_ms,
        } = self.state
        else {
            return Features::default();
        };
        Features {
            initial_silence_ms: started_ms as f32,
            span_ms: (last_speech_ms - started_ms) as f32,
            speech_ms: speech_ms as f32,
            silence_ms: (self.at_ms - last_speech_ms) as f32,
            ..Features::default()
        }
    }

    /// Gives the verdict, unless there is one.
    fn judge(&mut self, who: Who, report: &mut impl FnMut(GreetingEvent)) {
        if self.verdict.is_none() && self.settings.mode != Mode::Off {
            self.verdict = Some(who);
            report(GreetingEvent::Verdict {
                who,
                at_ms: self.at_ms,
                features: Box::new(self.features()),
            });
        }
    }

    fn finish(&mut self, who: Who, report: &mut impl FnMut(GreetingEvent)) {
        self.judge(who, report);
        self.state = State::Finished;
    }
}

#[cfg(test)]
mod tests;
