//! One side of a conversation, frame by frame: is it speech, how loud, clipped, over what noise.
//!
//! A frame is 10 ms. It is speech when it stands out of the noise floor, which is the quietest
//! frame of the last 1.6 s (minimum statistics after R. Martin, IEEE Trans. Speech and Audio
//! Processing 9(5), 2001, without its bias estimate; [`crate::greeting`] has its own detector for
//! the first second of a call, where little has been heard). Bursts and gaps are then tidied as
//! ITU-T P.59 counts them: bursts shorter than 30 ms are no speech (P.59: 15 ms), gaps up to
//! 200 ms are part of the talk-spurt. That takes [`LAG_FRAMES`] of hindsight.
//!
//! Everything is in mean squares; nothing takes a logarithm per sample or frame.

use crate::SAMPLES_PER_MS;

/// Length of a frame, ms.
pub const FRAME_MS: u64 = 10;
/// Samples of a frame.
pub const FRAME_SAMPLES: usize = FRAME_MS as usize * SAMPLES_PER_MS as usize;
/// Gaps up to this many frames belong to the talk-spurt.
const GAP_FRAMES: u32 = 20;
/// Bursts of fewer frames are clicks.
const BURST_FRAMES: u32 = 3;
/// A frame's verdict is known this many frames later.
pub const LAG_FRAMES: u32 = GAP_FRAMES + BURST_FRAMES - 1;

/// Frames in a part of the floor's window, and parts.
const PART_FRAMES: u32 = 20;
const PARTS: usize = 8;

/// Mean square of a full-scale square wave: 0 dBov (ITU-T G.100.1).
pub const FULL_SCALE: f32 = 32_768.0 * 32_768.0;
/// The top code of either law, and whatever was pressed into it: µ-law 32,124, A-law 32,256.
const TOP: u16 = 32_000;
/// That many samples at the top in a row are clipping; a single peak may just touch it.
const CLIP_RUN: u32 = 3;

/// dBov as a mean square.
#[must_use]
pub(super) fn power_of(dbov: f32) -> f32 {
    FULL_SCALE * 10f32.powf(dbov / 10.0)
}

/// A mean square in dBov, at least -100.
#[must_use]
pub(super) fn dbov(power: f64) -> f64 {
    10.0 * (power / f64::from(FULL_SCALE)).max(1e-10).log10()
}

/// What counts as speech.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ActivitySettings {
    /// A frame this far above the noise floor is speech, dB. Default 9.
    pub above_floor_db: f32,
    /// Frames below this are never speech, however quiet the line, dBov. Default -50: speech is
    /// at -26 (ITU-T P.56), its quietest talkers at -40.
    pub quietest_dbov: f32,
    /// The floor never rises above this, dBov: sound that loud is sound. Default -35.
    pub floor_cap_dbov: f32,
    /// The floor's cap in the first 1.6 s, when the quietest may still be a voice, dBov.
    /// Default -45.
    pub early_cap_dbov: f32,
    /// A frame this far below what the other side said within the last 300 ms is its echo, dB.
    /// Default 25: echo control of any use leaves less than that (ITU-T G.131).
    pub echo_below_db: f32,
}

impl Default for ActivitySettings {
    fn default() -> Self {
        Self {
            above_floor_db: 9.0,
            quietest_dbov: -50.0,
            floor_cap_dbov: -35.0,
            early_cap_dbov: -45.0,
            echo_below_db: 25.0,
        }
    }
}

/// [`ActivitySettings`] as factors.
#[derive(Clone, Copy, Debug)]
pub(super) struct Thresholds {
    above_floor: f32,
    quietest: f32,
    floor_cap: f32,
    early_cap: f32,
    echo: f32,
}

impl Thresholds {
    pub(super) fn of(settings: &ActivitySettings) -> Self {
        let ratio = |db: f32| 10f32.powf(db / 10.0);
        Self {
            above_floor: ratio(settings.above_floor_db),
            quietest: power_of(settings.quietest_dbov),
            floor_cap: power_of(settings.floor_cap_dbov),
            early_cap: power_of(settings.early_cap_dbov),
            echo: ratio(-settings.echo_below_db),
        }
    }
}

/// Power and clipping of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct FrameSound {
    /// Mean square.
    pub power: f32,
    /// Samples in runs at full scale.
    pub clipped: u32,
}

impl FrameSound {
    pub(super) fn of(frame: &[i16]) -> Self {
        let (mut sum, mut peak) = (0i64, 0u16);
        for part in frame.chunks(2) {
            // Two squares fit 32 bits unsigned, which lets the compiler use wide lanes.
            let squares: u32 = part
                .iter()
                .map(|s| (i32::from(*s) * i32::from(*s)) as u32)
                .sum();
            sum += i64::from(squares);
        }
        for sample in frame {
            peak = peak.max(sample.unsigned_abs());
        }
        Self {
            power: sum as f32 / frame.len().max(1) as f32,
            clipped: if peak >= TOP { clipped(frame) } else { 0 },
        }
    }
}

/// Samples in runs of at least [`CLIP_RUN`] at the top, one sign each.
fn clipped(frame: &[i16]) -> u32 {
    let (mut count, mut run, mut sign) = (0, 0, false);
    for sample in frame {
        let top = sample.unsigned_abs() >= TOP;
        let negative = *sample < 0;
        run = match top {
            true if run > 0 && negative == sign => run + 1,
            true => 1,
            false => 0,
        };
        sign = negative;
        count += match run {
            CLIP_RUN => CLIP_RUN,
            longer if longer > CLIP_RUN => 1,
            _ => 0,
        };
    }
    count
}

/// The quietest of the last 1.4 to 1.6 s, in constant time and memory.
#[derive(Clone, Debug)]
struct Floor {
    parts: [f32; PARTS],
    next: usize,
    current: f32,
    frames: u32,
    smoothed: Option<f32>,
    lowest: f32,
}

impl Default for Floor {
    fn default() -> Self {
        Self {
            parts: [f32::INFINITY; PARTS],
            next: 0,
            current: f32::INFINITY,
            frames: 0,
            smoothed: None,
            lowest: f32::INFINITY,
        }
    }
}

impl Floor {
    /// The window has been heard once.
    fn is_whole(&self) -> bool {
        self.parts[PARTS - 1].is_finite()
    }

    fn push(&mut self, power: f32) -> f32 {
        let smoothed = self.smoothed.map_or(power, |old| old + (power - old) * 0.4);
        self.smoothed = Some(smoothed);
        self.current = self.current.min(smoothed);
        self.lowest = self.lowest.min(smoothed);
        self.frames += 1;
        if self.frames == PART_FRAMES {
            self.parts[self.next] = self.current;
            self.next = (self.next + 1) % PARTS;
            (self.current, self.frames) = (f32::INFINITY, 0);
            self.lowest = self.parts.iter().copied().fold(f32::INFINITY, f32::min);
        }
        self.lowest
    }
}

/// A frame of one side with its verdict, [`LAG_FRAMES`] after it was heard.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Judged {
    /// It is speech, or a short gap within.
    pub speech: bool,
    /// Its sound.
    pub sound: FrameSound,
}

/// One side's detector.
#[derive(Clone, Debug)]
pub(super) struct Activity {
    thresholds: Thresholds,
    floor: Floor,
    /// What the other side may be echoed by: its loudest frame of late, decaying.
    echoed: f32,
    /// Raw verdicts, the newest in bit 0.
    raw: u64,
    /// Frames since the last speech, as of the frame being judged.
    quiet: u32,
    sounds: [FrameSound; LAG_FRAMES as usize],
    at: usize,
}

/// Decay of the echo's source over a frame: 6 dB in 300 ms, so that late echo finds it.
const ECHO_DECAY: f32 = 0.955;

impl Activity {
    pub(super) fn new(settings: &ActivitySettings) -> Self {
        Self {
            thresholds: Thresholds::of(settings),
            floor: Floor::default(),
            echoed: 0.0,
            raw: 0,
            quiet: GAP_FRAMES + 1,
            sounds: [FrameSound::default(); LAG_FRAMES as usize],
            at: 0,
        }
    }

    /// The noise floor now, mean square.
    pub(super) fn floor(&self) -> f32 {
        match self.floor.lowest.is_finite() {
            true => self.floor.lowest,
            false => 0.0,
        }
    }

    /// Takes a frame of this side while the other made `other`; gives the frame of
    /// [`LAG_FRAMES`] ago.
    pub(super) fn push(&mut self, sound: FrameSound, other: f32) -> Judged {
        let t = &self.thresholds;
        self.echoed = (self.echoed * ECHO_DECAY).max(other);
        let cap = match self.floor.is_whole() {
            true => t.floor_cap,
            false => t.early_cap,
        };
        let floor = self.floor.push(sound.power).min(cap);
        let speech = sound.power > (floor * t.above_floor).max(t.quietest)
            && sound.power > self.echoed * t.echo;
        self.raw = self.raw << 1 | u64::from(speech);
        let judged = self.judge();
        let oldest = std::mem::replace(&mut self.sounds[self.at], sound);
        self.at = (self.at + 1) % self.sounds.len();
        Judged {
            speech: judged,
            sound: oldest,
        }
    }

    /// The verdict of the frame in bit [`LAG_FRAMES`].
    fn judge(&mut self) -> bool {
        // Bursts of three and more: what three in a row leave, grown back.
        let core = self.raw & self.raw >> 1 & self.raw >> 2;
        let spurts = core | core << 1 | core << 2;
        if spurts >> LAG_FRAMES & 1 == 1 {
            self.quiet = 0;
            return true;
        }
        self.quiet = self.quiet.saturating_add(1);
        // Frames until the next speech. What the newest two may still become is too far away.
        let next = spurts & ((1u64 << LAG_FRAMES) - 1);
        if next == 0 {
            return false;
        }
        let until = LAG_FRAMES - (63 - next.leading_zeros());
        self.quiet + until - 1 <= GAP_FRAMES
    }
}

#[cfg(test)]
#[path = "activity_tests.rs"]
mod tests;
