//! Alarms while a conversation lasts. Each is told once when it comes and once when it goes.

use super::activity::{FRAME_SAMPLES, Judged};
use super::conversation::{ConversationSettings, Side};
use super::path::IntervalScores;
use serde::{Deserialize, Serialize};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmKind {
    /// Nobody speaks.
    DeadAir,
    /// This side has never been heard, while the other spoke.
    OneWay(Side),
    /// This side's speech is clipped.
    Clipping(Side),
    /// The connection sounds bad to this side.
    LowMos(Side),
    /// The agent did not speak in time after the bridge.
    AgentLate,
}

/// An alarm coming or going.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alarm {
    /// When, ms of the audio's time.
    pub at_ms: u64,
    /// What.
    pub kind: AlarmKind,
    /// It comes; else it goes.
    pub raised: bool,
    /// The figure behind it, if it has one: ms of dead air, MOS, share of clipped samples.
    pub figure: f64,
}

impl std::fmt::Display for Alarm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.kind, self.raised) {
            (AlarmKind::DeadAir, true) => {
                write!(f, "nobody has spoken for {:.0} s", self.figure / 1_000.0)
            }
            (AlarmKind::DeadAir, false) => write!(f, "somebody speaks again"),
            (AlarmKind::OneWay(side), true) => {
                write!(f, "the {} has not been heard yet", side.name())
            }
            (AlarmKind::OneWay(side), false) => write!(f, "the {} is heard", side.name()),
            (AlarmKind::Clipping(side), true) => {
                let percent = self.figure * 100.0;
                write!(
                    f,
                    "the {}'s speech is clipped ({percent:.1} %)",
                    side.name()
                )
            }
            (AlarmKind::Clipping(side), false) => {
                write!(f, "the {}'s speech is clipped no more", side.name())
            }
            (AlarmKind::LowMos(side), true) => {
                let score = self.figure;
                write!(
                    f,
                    "the line sounds bad to the {} (MOS {score:.1})",
                    side.name()
                )
            }
            (AlarmKind::LowMos(side), false) => {
                write!(f, "the line sounds good again to the {}", side.name())
            }
            (AlarmKind::AgentLate, true) => write!(f, "the agent has not spoken yet"),
            (AlarmKind::AgentLate, false) => write!(f, "the agent speaks"),
        }
    }
}

/// Frames over which clipping is averaged: 5 s of speech.
const CLIP_FRAMES: f64 = 500.0;
/// Speech needed before clipping is judged, in averaged frames: about one second.
const CLIP_FRAMES_MIN: f64 = 100.0;
/// Clipping is over at this part of the share that raised it.
const CLIP_OVER: f64 = 0.2;
/// A bad score is over so much above.
const MOS_OVER: f64 = 0.3;

/// Which alarms are up.
#[derive(Clone, Debug)]
pub(super) struct Alarms {
    up: Vec<AlarmKind>,
    dead_air_ms: u64,
    clipped_share: f64,
    mos_low: f64,
    /// By side: clipped samples and frames of speech, both fading.
    clipped: [(f64, f64); 2],
}

impl Alarms {
    pub(super) fn new(settings: &ConversationSettings) -> Self {
        Self {
            up: Vec::new(),
            dead_air_ms: settings.dead_air_ms.max(1),
            clipped_share: settings.clipped_share,
            mos_low: settings.mos_low,
            clipped: [(0.0, 0.0); 2],
        }
    }

    fn is_up(&self, kind: AlarmKind) -> bool {
        self.up.contains(&kind)
    }

    fn put(
        &mut self,
        at_ms: u64,
        kind: AlarmKind,
        raised: bool,
        figure: f64,
        tell: &mut impl FnMut(Alarm),
    ) {
        if raised == self.is_up(kind) {
            return;
        }
        match raised {
            true => self.up.push(kind),
            false => self.up.retain(|up| *up != kind),
        }
        tell(Alarm {
            at_ms,
            kind,
            raised,
            figure,
        });
    }

    /// An alarm that is up as long as its condition holds.
    pub(super) fn set(
        &mut self,
        at_ms: u64,
        kind: AlarmKind,
        holds: bool,
        tell: &mut impl FnMut(Alarm),
    ) {
        self.put(at_ms, kind, holds, 0.0, tell);
    }

    /// Nobody has spoken for `lasting_ms`.
    pub(super) fn dead_air(&mut self, at_ms: u64, lasting_ms: u64, tell: &mut impl FnMut(Alarm)) {
        let raised = lasting_ms >= self.dead_air_ms;
        self.put(at_ms, AlarmKind::DeadAir, raised, lasting_ms as f64, tell);
    }

    /// A frame of a side.
    pub(super) fn clipping(
        &mut self,
        at_ms: u64,
        side: Side,
        frame: Judged,
        tell: &mut impl FnMut(Alarm),
    ) {
        if !frame.speech {
            return;
        }
        let (clipped, frames) = &mut self.clipped[side as usize];
        *clipped += f64::from(frame.sound.clipped) - *clipped / CLIP_FRAMES;
        *frames += 1.0 - *frames / CLIP_FRAMES;
        if *frames < CLIP_FRAMES_MIN {
            return;
        }
        let share = *clipped / (*frames * FRAME_SAMPLES as f64);
        let kind = AlarmKind::Clipping(side);
        let limit = match self.is_up(kind) {
            true => self.clipped_share * CLIP_OVER,
            false => self.clipped_share,
        };
        self.put(at_ms, kind, share > limit, share, tell);
    }

    /// Scores of an interval. One that could not be judged changes nothing.
    pub(super) fn scores(
        &mut self,
        at_ms: u64,
        scores: &IntervalScores,
        mut tell: impl FnMut(Alarm),
    ) {
        for (side, score) in [
            (Side::Customer, scores.customer_hears),
            (Side::Agent, scores.agent_hears),
        ] {
            let Some(score) = score else { continue };
            let kind = AlarmKind::LowMos(side);
            let limit = match self.is_up(kind) {
                true => self.mos_low + MOS_OVER,
                false => self.mos_low,
            };
            self.put(at_ms, kind, score < limit, score, &mut tell);
        }
    }

    /// The conversation is over, or has not begun: nothing is wrong with it now.
    pub(super) fn clear(&mut self, at_ms: u64, tell: &mut impl FnMut(Alarm)) {
        while let Some(kind) = self.up.first().copied() {
            self.put(at_ms, kind, false, 0.0, tell);
        }
    }
}
