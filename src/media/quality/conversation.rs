//! How a conversation goes, from aligned audio of both sides: levels, clipping, noise, who speaks
//! when, and alarms while it lasts.
//!
//! Time is the audio's own: milliseconds since its first sample. What happened around it is told
//! by [`Mark`]s on that time, also ahead of the audio they belong to. Verdicts come with the
//! hindsight of [`super::activity`], 220 ms.

use super::activity::{
    Activity, ActivitySettings, FRAME_MS, FRAME_SAMPLES, FrameSound, Judged, LAG_FRAMES, dbov,
};
use super::alarm::{Alarm, AlarmKind, Alarms};
use super::path::hundredths;
use super::speech_level::SpeechLevel;
use super::strip::{Strip, StripPen};
use super::turns::{AGENT, CUSTOMER, Turns};
use serde::{Deserialize, Serialize};

/// Marks kept for audio yet to come. More than any call has; further ones act at once.
const MARKS_MAX: usize = 64;

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The customer: the left channel.
    Customer,
    /// The agent, or whatever else the customer hears: the right channel.
    Agent,
}

impl Side {
    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Agent => "agent",
        }
    }
}

/// What happens around the audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Customer and agent hear each other from now on; the first one starts the clock.
    Bridged,
    /// The customer hears music, or nobody: hold, consultation, on the way to another agent.
    HoldStarts,
    /// They hear each other again.
    HoldEnds,
    /// The customer hears a prompt (the institution's name, consent to recording): it is not the
    /// agent who speaks.
    PromptStarts,
    /// The prompt is over.
    PromptEnds,
    /// No agent is with the customer any more.
    Parted,
}

/// When something is worth an alarm, and what counts as speech.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConversationSettings {
    /// What counts as speech.
    pub activity: ActivitySettings,
    /// Nobody speaks for so long: dead air, ms. Default 8 s.
    pub dead_air_ms: u64,
    /// A side that has not spoken after so much conversation, while the other has, is not
    /// heard, ms. Default 15 s.
    pub one_way_ms: u64,
    /// The agent is to speak within so long of the bridge, ms; none: not checked. Default none;
    /// 3 s in the bank's profile.
    pub agent_speaks_within_ms: Option<u64>,
    /// Share of speech at full scale that is clipping. Default 0.005; it is over below a fifth.
    pub clipped_share: f64,
    /// A score of an interval below this is bad, MOS. Default 3.1 (ITU-T G.109: below it many
    /// users are dissatisfied); it is over 0.3 above.
    pub mos_low: f64,
}

impl Default for ConversationSettings {
    fn default() -> Self {
        Self {
            activity: ActivitySettings::default(),
            dead_air_ms: 8_000,
            one_way_ms: 15_000,
            agent_speaks_within_ms: None,
            clipped_share: 0.005,
            mos_low: 3.1,
        }
    }
}

/// One side's voice and talk. Holds and prompts are left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SideFigures {
    /// Time spent speaking, ms.
    pub speech_ms: u64,
    /// Talk-spurts (ITU-T P.59).
    pub spurts: u64,
    /// Active speech level, dBov (ITU-T P.56; -26 is ordinary); none without speech.
    pub level_dbov: Option<f64>,
    /// Noise floor, mean over the pauses, dBov, -100 for digital silence; none if there was no
    /// pause.
    pub noise_dbov: Option<f64>,
    /// Share of the speech in runs at full scale.
    pub clipped_share: f64,
    /// Times this side cut the other short.
    pub interrupts: u64,
    /// Longest silence, ms.
    pub longest_silence_ms: u64,
}

/// How the conversation went.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConversationFigures {
    /// Time both heard each other, prompts left out: what all else is measured on, ms.
    pub talk_ms: u64,
    /// Holds, ms.
    pub hold_ms: u64,
    /// Bridge to the agent's first word, ms; none if there was none.
    pub agent_spoke_after_ms: Option<u64>,
    /// A prompt was played at the bridge, so that the agent needed not to be first.
    pub announced: bool,
    /// The customer.
    pub customer: SideFigures,
    /// The agent.
    pub agent: SideFigures,
    /// Agent's share of all speech, 0 to 1; none if nobody spoke.
    pub agent_talk_share: Option<f64>,
    /// Share of the talk in which the agent was silent, 0 to 1.
    pub agent_silence_share: f64,
    /// Stretches of dead air, of at least the limit.
    pub dead_air_spans: u64,
    /// All of them, ms.
    pub dead_air_ms: u64,
    /// Longest time nobody spoke, ms.
    pub longest_dead_air_ms: u64,
    /// Both spoke at once, ms.
    pub both_spoke_ms: u64,
    /// Times both spoke at once for a second and more.
    pub talk_overs: u64,
    /// Who spoke when, since the bridge.
    pub strip: Strip,
}

/// Voice of one side, summed up.
#[derive(Clone, Debug, Default)]
struct Voice {
    level: SpeechLevel,
    speech_frames: u64,
    clipped: u64,
    pause_power: f64,
    pause_frames: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Before,
    Joined,
    Held,
    Over,
}

/// Follows one conversation. Constant memory, however long it lasts.
#[derive(Clone, Debug)]
pub struct Conversation {
    settings: ConversationSettings,
    partial: [[i16; FRAME_SAMPLES]; 2],
    filled: usize,
    sides: [Activity; 2],
    voices: [Voice; 2],
    /// Frames pushed.
    frames: u64,
    marks: Vec<(u64, Mark)>,
    phase: Phase,
    prompting: bool,
    announced: bool,
    bridged_frame: Option<u64>,
    agent_spoke_ms: Option<u64>,
    hold_frames: u64,
    turns: Turns,
    strip: StripPen,
    alarms: Alarms,
}

impl Conversation {
    /// One that has not begun.
    #[must_use]
    pub fn new(settings: ConversationSettings) -> Self {
        Self {
            partial: [[0; FRAME_SAMPLES]; 2],
            filled: 0,
            sides: [
                Activity::new(&settings.activity),
                Activity::new(&settings.activity),
            ],
            voices: Default::default(),
            frames: 0,
            marks: Vec::new(),
            phase: Phase::Before,
            prompting: false,
            announced: false,
            bridged_frame: None,
            agent_spoke_ms: None,
            hold_frames: 0,
            turns: Turns::new(settings.dead_air_ms),
            strip: StripPen::default(),
            alarms: Alarms::new(&settings),
            settings,
        }
    }

    /// Something happens at `at_ms` of the audio's time. If that is past already, it counts from
    /// here on.
    pub fn mark(&mut self, at_ms: u64, mark: Mark) {
        if self.marks.len() == MARKS_MAX {
            let (_, first) = self.marks.remove(0);
            self.apply(first, self.judged_frame());
        }
        let place = self.marks.partition_point(|(at, _)| *at <= at_ms);
        self.marks.insert(place, (at_ms, mark));
    }

    /// Takes the next stretch of audio, 8 kHz, both sides equally long (what is longer is
    /// ignored), and tells alarms as they come and go.
    pub fn push(&mut self, left: &[i16], right: &[i16], mut tell: impl FnMut(Alarm)) {
        let length = left.len().min(right.len());
        let (mut left, mut right) = (&left[..length], &right[..length]);
        while !left.is_empty() {
            if self.filled == 0 && left.len() >= FRAME_SAMPLES {
                self.frame(&left[..FRAME_SAMPLES], &right[..FRAME_SAMPLES], &mut tell);
                (left, right) = (&left[FRAME_SAMPLES..], &right[FRAME_SAMPLES..]);
                continue;
            }
            let take = (FRAME_SAMPLES - self.filled).min(left.len());
            let room = self.filled..self.filled + take;
            self.partial[CUSTOMER][room.clone()].copy_from_slice(&left[..take]);
            self.partial[AGENT][room].copy_from_slice(&right[..take]);
            (left, right) = (&left[take..], &right[take..]);
            self.filled += take;
            if self.filled == FRAME_SAMPLES {
                self.filled = 0;
                let [customer, agent] = self.partial;
                self.frame(&customer, &agent, &mut tell);
            }
        }
    }

    /// Takes the scores of an interval ([`super::path::PathMeter::sample`]).
    pub fn scores(&mut self, scores: &super::path::IntervalScores, tell: impl FnMut(Alarm)) {
        let at_ms = self.judged_frame() * FRAME_MS;
        self.alarms.scores(at_ms, scores, tell);
    }

    /// The audio is over: how it went. The last 220 ms are judged as if silence followed.
    pub fn finish(mut self, mut tell: impl FnMut(Alarm)) -> ConversationFigures {
        for _ in 0..LAG_FRAMES {
            self.frame(&[0; FRAME_SAMPLES], &[0; FRAME_SAMPLES], &mut tell);
        }
        self.figures()
    }

    /// How it went so far.
    #[must_use]
    pub fn figures(&self) -> ConversationFigures {
        let turns = &self.turns;
        let ms = |frames: u64| frames * FRAME_MS;
        let [customer, agent] = &turns.sides;
        let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
        let all_speech = customer.speech + agent.speech;
        ConversationFigures {
            talk_ms: ms(turns.frames),
            hold_ms: ms(self.hold_frames),
            agent_spoke_after_ms: self.agent_spoke_ms,
            announced: self.announced,
            customer: self.side(CUSTOMER),
            agent: self.side(AGENT),
            agent_talk_share: share(agent.speech, all_speech).map(hundredths),
            agent_silence_share: share(turns.frames - agent.speech, turns.frames)
                .map_or(0.0, hundredths),
            dead_air_spans: turns.dead_spans,
            dead_air_ms: ms(turns.dead_total),
            longest_dead_air_ms: ms(turns.dead_longest),
            both_spoke_ms: ms(turns.both),
            talk_overs: turns.talk_overs,
            strip: self.strip.strip(),
        }
    }

    fn side(&self, side: usize) -> SideFigures {
        let (voice, turn) = (&self.voices[side], &self.turns.sides[side]);
        let samples = voice.speech_frames * FRAME_SAMPLES as u64;
        SideFigures {
            speech_ms: turn.speech * FRAME_MS,
            spurts: turn.spurts,
            level_dbov: voice.level.active().map(|(level, _)| hundredths(level)),
            noise_dbov: (voice.pause_frames > 0)
                .then(|| hundredths(dbov(voice.pause_power / voice.pause_frames as f64))),
            clipped_share: match samples {
                0 => 0.0,
                n => (1e5 * voice.clipped as f64 / n as f64).round() / 1e5,
            },
            interrupts: turn.interrupts,
            longest_silence_ms: turn.longest_silence * FRAME_MS,
        }
    }

    /// The frame whose verdict comes next.
    fn judged_frame(&self) -> u64 {
        self.frames.saturating_sub(u64::from(LAG_FRAMES))
    }

    fn frame(&mut self, left: &[i16], right: &[i16], tell: &mut impl FnMut(Alarm)) {
        let (customer, agent) = (FrameSound::of(left), FrameSound::of(right));
        let judged = [
            self.sides[CUSTOMER].push(customer, agent.power),
            self.sides[AGENT].push(agent, customer.power),
        ];
        self.frames += 1;
        if self.frames <= u64::from(LAG_FRAMES) {
            return;
        }
        let frame = self.judged_frame() - 1;
        while self
            .marks
            .first()
            .is_some_and(|(at, _)| *at <= frame * FRAME_MS)
        {
            let (_, mark) = self.marks.remove(0);
            self.apply(mark, frame);
        }
        self.count(frame, judged, tell);
    }

    fn apply(&mut self, mark: Mark, frame: u64) {
        match mark {
            Mark::Bridged => {
                self.bridged_frame.get_or_insert(frame);
                self.phase = Phase::Joined;
            }
            Mark::HoldStarts if self.phase == Phase::Joined => self.phase = Phase::Held,
            Mark::HoldEnds if self.phase == Phase::Held => self.phase = Phase::Joined,
            Mark::PromptStarts => {
                self.prompting = true;
                self.announced |= self.agent_spoke_ms.is_none();
            }
            Mark::PromptEnds => self.prompting = false,
            Mark::Parted => self.phase = Phase::Over,
            Mark::HoldStarts | Mark::HoldEnds => return,
        }
        if self.phase != Phase::Joined || self.prompting {
            self.turns.pause();
        }
    }

    fn count(&mut self, frame: u64, judged: [Judged; 2], tell: &mut impl FnMut(Alarm)) {
        let speech = judged.map(|j| j.speech);
        match self.phase {
            Phase::Before | Phase::Over => {
                self.alarms.clear(frame * FRAME_MS, tell);
                return;
            }
            Phase::Held => {
                self.hold_frames += 1;
                self.strip.push([false; 2], true);
                self.alarms.dead_air(frame * FRAME_MS, 0, tell);
                return;
            }
            Phase::Joined => {}
        }
        self.strip.push(speech, false);
        if self.prompting {
            self.alarms.dead_air(frame * FRAME_MS, 0, tell);
            return;
        }
        self.turns.push(speech);
        for ((voice, side), frame) in self.voices.iter_mut().zip(&self.sides).zip(judged) {
            voice.push(frame, side.floor());
        }
        let since_bridge = (frame - self.bridged_frame.unwrap_or(frame).min(frame)) * FRAME_MS;
        if speech[AGENT] && self.agent_spoke_ms.is_none() {
            self.agent_spoke_ms = Some(since_bridge);
        }
        self.watch(frame * FRAME_MS, since_bridge, judged, tell);
    }

    fn watch(
        &mut self,
        at_ms: u64,
        since_bridge_ms: u64,
        judged: [Judged; 2],
        tell: &mut impl FnMut(Alarm),
    ) {
        self.alarms
            .dead_air(at_ms, self.turns.dead * FRAME_MS, tell);
        let heard = self.turns.sides.map(|side| side.speech > 0);
        let long = self.turns.frames * FRAME_MS >= self.settings.one_way_ms;
        for (n, side) in [Side::Customer, Side::Agent].into_iter().enumerate() {
            let missing = long && !heard[n] && heard[1 - n];
            self.alarms
                .set(at_ms, AlarmKind::OneWay(side), missing, tell);
            self.alarms.clipping(at_ms, side, judged[n], tell);
        }
        if let Some(within) = self.settings.agent_speaks_within_ms {
            let late = !self.announced && !heard[AGENT] && since_bridge_ms >= within;
            self.alarms.set(at_ms, AlarmKind::AgentLate, late, tell);
        }
    }
}

impl Voice {
    fn push(&mut self, frame: Judged, floor: f32) {
        // Pauses within a talk-spurt are the level method's to find; echo and noise are not.
        if frame.speech {
            self.level.push(frame.sound.power);
            self.speech_frames += 1;
            self.clipped += u64::from(frame.sound.clipped);
        } else {
            self.pause_power += f64::from(floor);
            self.pause_frames += 1;
        }
    }
}

#[cfg(test)]
#[path = "conversation_tests.rs"]
mod tests;
