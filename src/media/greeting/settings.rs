//! What a campaign can set.

use std::sync::Arc;

use super::plans::TonePlan;
use super::score::ScoreTable;
use super::vad::VadSettings;

/// How long to listen before saying who answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// No verdict: speech, the end of the greeting, tones and beeps are still reported. For
    /// early media, and for campaigns that connect everyone.
    Off,
    /// A verdict within the greeting or soon after its end: three quarters of the machines, and
    /// people told apart within 1.8 s of their first sound.
    #[default]
    Fast,
    /// The end of the greeting is reported at once, the verdict may come later: an unsure
    /// detector listens on through pauses, up to the silences in its
    /// [`Rule`](super::Rule). Whoever holds the legal deadline decides when that is too
    /// long.
    Careful,
}

/// Settings of the detector. All times in milliseconds of audio.
#[derive(Clone, Debug, PartialEq)]
pub struct GreetingSettings {
    /// When to decide. Default `Fast`.
    pub mode: Mode,
    /// Silence that ends the greeting. Default 400, 200 to 2,000: below 300, the gaps inside a
    /// sentence end it.
    pub end_silence_ms: u32,
    /// Added to the score before it is compared: above 0 finds more machines and insults more
    /// people, below 0 the other way. Log odds; default 0, -4 to 4.
    pub bias: f32,
    /// No speech for this long after the start: nobody there. Default 4,000, 500 to 30,000.
    pub no_speech_ms: u32,
    /// Speech shorter than this is a click or a cough and starts nothing. Default 60.
    pub shortest_speech_ms: u32,
    /// Silence after a machine's announcement that stands for the beep that did not come.
    /// Default 2,500, 1,000 to 10,000.
    pub machine_silence_ms: u32,
    /// After a verdict of machine, keep waiting for the beep this long, counted from the start.
    /// Default 45,000.
    pub longest_watch_ms: u32,
    /// Whose ringback, busy and congestion tones to expect. Default any.
    pub tones: TonePlan,
    /// The learned score. Default [`ScoreTable::shipped`]; a campaign may bring its own.
    pub score: Arc<ScoreTable>,
    /// What counts as speech.
    pub vad: VadSettings,
}

impl Default for GreetingSettings {
    fn default() -> Self {
        Self {
            mode: Mode::Fast,
            end_silence_ms: 400,
            bias: 0.0,
            no_speech_ms: 4_000,
            shortest_speech_ms: 60,
            machine_silence_ms: 2_500,
            longest_watch_ms: 45_000,
            tones: TonePlan::Any,
            score: ScoreTable::shipped(),
            vad: VadSettings::default(),
        }
    }
}
