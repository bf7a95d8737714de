//! Who answered: a person, a machine, equipment, the network, or no one.
//!
//! A pure function of the samples; time is counted in them. Speech and pauses are cut in
//! hindsight (`talk`), tones are followed by pitch (`spectrum`, `bursts`) and named by their
//! rhythm (`sit`, `cadence`, `equipment`), and a learned score over all of it ([`ScoreTable`])
//! tells people from machines. The end of the greeting is an event of its own, because
//! abandonment clocks start there (16 CFR 310.4(b)(4)(ii)) whatever the verdict.
//!
//! In doubt it is a person: a person taken for a machine is an abandoned call.

mod bursts;
mod cadence;
mod equipment;
mod event;
mod features;
mod music;
mod plans;
mod score;
mod settings;
mod sit;
mod spectrum;
mod talk;
mod tones;
mod vad;

pub use event::{GreetingEvent, Signal, Who};
pub use features::Features;
pub use plans::TonePlan;
pub use score::{Curve, Rule, ScoreTable, TableError};
pub use settings::{GreetingSettings, Mode};
pub use sit::SitKind;
pub use vad::{FrameVad, VadSettings};

use equipment::Beep;
use spectrum::{Frame, Spectrum};
use talk::Talk;
use tones::{Sound, Tones};
use vad::FRAME_MS;

/// What was said is judged this often.
const JUDGED_EVERY_MS: u32 = 20;
/// Whoever was loud this lately is talking.
const LEAST_SILENCE_MS: f32 = 200.0;
/// So much speech before a tone makes it a voicemail's.
const SPOKEN_MS: f32 = 150.0;
/// Over noise that hides the end of speech, this long without loud speech ends a greeting.
const NOISY_END_MS: f32 = 900.0;
/// Silence over noise is surer by this much less than in a quiet line.
const NOISY_EXTRA_MS: f32 = 500.0;

/// Listens to one answer from its first sample.
///
/// Feed samples as they come, in pieces of any size; each call gives the events they complete,
/// in order. After [`is_finished`](Self::is_finished) nothing more happens.
#[derive(Debug)]
pub struct GreetingDetector {
    settings: GreetingSettings,
    spectrum: Spectrum,
    tones: Tones,
    talk: Talk,
    at_ms: u32,
    /// What was said so far, as last judged.
    features: Features,
    spoken: bool,
    /// `GreetingEnded` was reported and nobody spoke since.
    ended: bool,
    /// A beep was heard since the last speech.
    beeped: bool,
    signals: Vec<Signal>,
    verdict: Option<Who>,
    finished: bool,
}

impl GreetingDetector {
    /// A detector at the moment of the answer.
    #[must_use]
    pub fn new(settings: GreetingSettings) -> Self {
        Self {
            spectrum: Spectrum::default(),
            tones: Tones::new(settings.tones),
            talk: Talk::new(&settings),
            settings,
            at_ms: 0,
            features: Features::default(),
            spoken: false,
            ended: false,
            beeped: false,
            signals: Vec::new(),
            verdict: None,
            finished: false,
        }
    }

    /// Takes samples; gives each event to `report`.
    pub fn push(&mut self, samples: &[i16], mut report: impl FnMut(GreetingEvent)) {
        if self.finished {
            return;
        }
        let mut spectrum = std::mem::take(&mut self.spectrum);
        spectrum.push(samples, |frame| self.frame(&frame, &mut report));
        self.spectrum = spectrum;
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
        self.finished
    }

    /// Milliseconds of audio heard.
    #[must_use]
    pub fn heard_ms(&self) -> u32 {
        self.at_ms
    }

    /// What was said so far; all zero before the first word.
    #[must_use]
    pub fn features(&self) -> &Features {
        &self.features
    }

    fn frame(&mut self, frame: &Frame, report: &mut impl FnMut(GreetingEvent)) {
        if self.finished {
            return;
        }
        self.at_ms += FRAME_MS;
        self.talk.push(frame.level_db);
        let spoken = self.features.speech_ms >= SPOKEN_MS;
        let (heard, tone_frames) = self.tones.push(frame, self.at_ms, spoken);
        self.talk.was_tone(tone_frames);
        for sound in heard.into_iter().flatten() {
            match sound {
                Sound::Beep(beep) => self.beep(beep, report),
                Sound::Signal(signal) => self.signal(signal, report),
            }
        }
        if self.at_ms.is_multiple_of(JUDGED_EVERY_MS) && !self.finished {
            self.judge(report);
        }
        // Early media may ring for minutes.
        self.finished |=
            self.settings.mode != Mode::Off && self.at_ms >= self.settings.longest_watch_ms;
    }

    fn beep(&mut self, beep: Beep, report: &mut impl FnMut(GreetingEvent)) {
        report(GreetingEvent::Beep {
            at_ms: beep.end_ms.min(self.at_ms),
            hz: beep.hz.round() as u32,
            length_ms: beep.length_ms,
        });
        self.beeped = true;
        if self.spoken {
            self.features.beeps += 1.0;
        }
    }

    fn signal(&mut self, signal: Signal, report: &mut impl FnMut(GreetingEvent)) {
        let same = |s: &Signal| std::mem::discriminant(s) == std::mem::discriminant(&signal);
        if self.signals.iter().any(same) {
            return;
        }
        self.signals.push(signal);
        report(GreetingEvent::Signal {
            signal,
            at_ms: self.at_ms,
        });
        let who = match signal {
            Signal::Sit(kind) => Who::Sit(kind),
            Signal::Cng | Signal::Ced { .. } => Who::Fax,
            Signal::Modem => Who::Modem,
            Signal::Music => Who::Music,
            Signal::Silence => Who::Silence,
            Signal::Ringback | Signal::Busy | Signal::Congestion => return,
        };
        self.decide(who, 0.0, report);
        self.finished |= self.verdict.is_some_and(|who| who != Who::Machine);
    }

    /// Takes stock of what was said.
    fn judge(&mut self, report: &mut impl FnMut(GreetingEvent)) {
        let beeps = self.features.beeps;
        // What may be a tone is not speech before it has shown that it is none.
        if self.tones.is_tone() {
            return;
        }
        let Some(features) = self.talk.features() else {
            // Noise that was taken for speech before more of it was heard.
            self.features = Features::default();
            if self.at_ms >= self.settings.no_speech_ms {
                self.signal(Signal::Silence, report);
            }
            return;
        };
        let score = self.settings.score.score(&features) + self.settings.bias;
        self.features = Features {
            beeps,
            score,
            ..features
        };
        if !self.spoken {
            self.spoken = true;
            report(GreetingEvent::SpeechStarted {
                at_ms: features.initial_silence_ms as u32,
            });
        }
        self.follow_end(report);
        match self.verdict {
            None if self.settings.mode != Mode::Off => self.weigh(report),
            Some(Who::Machine) => self.follow_machine(report),
            _ => {}
        }
    }

    /// Reports the end of the greeting, and forgets it when speech goes on.
    fn follow_end(&mut self, report: &mut impl FnMut(GreetingEvent)) {
        let end_ms = self.settings.end_silence_ms as f32;
        let f = &self.features;
        let over = f.silence_ms >= end_ms || f.since_loud_ms >= NOISY_END_MS.max(end_ms);
        if over && !self.ended && self.verdict.is_none() {
            self.report_end(report);
        }
        if !over {
            self.ended = false;
        }
        self.beeped &= self.features.silence_ms > LEAST_SILENCE_MS;
    }

    fn report_end(&mut self, report: &mut impl FnMut(GreetingEvent)) {
        let f = &self.features;
        let noisy =
            f.silence_ms < self.settings.end_silence_ms as f32 && f.since_loud_ms >= NOISY_END_MS;
        let ago = if noisy { f.since_loud_ms } else { f.silence_ms };
        let total = if noisy { f.loud_span_ms } else { f.span_ms };
        self.ended = true;
        report(GreetingEvent::GreetingEnded {
            speech_ms: f.speech_ms.min(total) as u32,
            total_ms: total as u32,
            ended_at_ms: self.at_ms - (ago as u32).min(self.at_ms),
            ended_ago_ms: ago as u32,
        });
    }

    /// Gives a verdict: a machine while it talks, a person once it is silent.
    fn weigh(&mut self, report: &mut impl FnMut(GreetingEvent)) {
        let f = &self.features;
        let rule = self.settings.score.rule(self.settings.mode);
        let (machine_at, wait_ms) = (rule.machine_at, rule.wait_ms(f.span_ms));
        let talking = f.since_loud_ms < LEAST_SILENCE_MS;
        let silent_ms = f.silence_ms.max(f.since_loud_ms - NOISY_EXTRA_MS);
        if f.beeps > 0.0 {
            self.decide(Who::Machine, 0.0, report);
        } else if talking && f.score >= machine_at && !self.tones.may_be_music(f.span_ms) {
            self.decide(Who::Machine, machine_at, report);
        } else if silent_ms >= wait_ms && !self.tones.may_be_beep() {
            self.decide(Who::Person, machine_at, report);
        }
    }

    /// Gives the verdict, unless there is one or none is wanted.
    fn decide(&mut self, who: Who, threshold: f32, report: &mut impl FnMut(GreetingEvent)) {
        if self.verdict.is_some() || self.settings.mode == Mode::Off {
            return;
        }
        if who == Who::Person && !self.ended {
            self.report_end(report);
        }
        self.verdict = Some(who);
        self.finished |= who == Who::Person;
        report(GreetingEvent::Verdict {
            who,
            at_ms: self.at_ms,
            features: Box::new(Features {
                threshold,
                ..self.features
            }),
        });
    }

    /// After a verdict of machine: its silence. (Beeps come by themselves.)
    fn follow_machine(&mut self, report: &mut impl FnMut(GreetingEvent)) {
        let f = &self.features;
        let silent_ms = f.silence_ms.max(f.since_loud_ms - NOISY_EXTRA_MS);
        if silent_ms < self.settings.machine_silence_ms as f32 || self.tones.is_tone() {
            return;
        }
        if !self.beeped {
            report(GreetingEvent::MachineSilent {
                at_ms: self.at_ms,
                silent_ms: silent_ms as u32,
            });
        }
        self.finished = true;
    }
}

#[cfg(test)]
mod tests;
