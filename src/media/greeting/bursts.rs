//! Tones out of spectra: when a tone, or two at once, began, how long and how evenly it lasted.

use super::spectrum::{Frame, Peak};
use super::vad::FRAME_MS;

/// Energy at one pitch (or two) that makes a frame a tone: 7.5 dB above everything else.
const PURE: f32 = 0.85;
/// Share at the same pitch that lets a tone go on.
const GOES_ON: f32 = 0.6;
/// A second pitch this strong (11 dB below) is a tone of its own.
const SECOND: f32 = 0.08;
/// Lower pitches are voices.
const LOWEST_HZ: f32 = 330.0;
/// Below this, a short even tone may be a vowel.
const VOWEL_HZ: f32 = 900.0;
/// Interruptions up to this many frames belong to the tone: phase reversals, lost packets,
/// the dips of a tone modulated by 16 Hz.
const GAP_FRAMES: usize = 9;
/// Frames within this of the loudest are the tone; edges where the window holds less are not.
const EDGE_DB: f32 = 6.0;
/// Another tone takes over only when it is about as loud.
const LOUD_DB: f32 = 15.0;
/// A tone is followed this long; nothing here asks for more.
const LONGEST_FRAMES: usize = 600;

/// A tone that is sounding or has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Burst {
    /// Mean pitch; of two tones, the lower.
    pub hz: f32,
    /// The upper of two tones; 0 for one.
    pub upper_hz: f32,
    /// Standard deviation of the pitch, of the middle two thirds: a lost packet does not count.
    pub hz_spread: f32,
    /// Mean level.
    pub level_db: f32,
    /// The same of the level.
    pub level_spread: f32,
    /// When it began, milliseconds of the stream.
    pub start_ms: u32,
    /// How long it lasted so far.
    pub length_ms: u32,
    /// Median share of the energy.
    pub purity: f32,
    /// The quietest 10 ms shortly before it, and shortly after it has ended.
    pub before_db: f32,
    pub after_db: f32,
    /// Depth of amplitude modulation at 15 Hz, 0 to 1, as the window leaves it.
    pub modulation: f32,
    /// Dips 400 to 500 ms apart: phase reversals.
    pub reversals: u32,
}

/// Frames in which the quiet before a tone is looked for; its own edge is left out.
const RECENT: usize = 12;
const EDGE: usize = 4;

#[derive(Clone, Copy, Debug)]
struct Point {
    hz: f32,
    upper_hz: f32,
    level_db: f32,
    share: f32,
}

/// Follows one tone at a time.
#[derive(Debug, Default)]
pub struct Bursts {
    /// Frame in which `points` begins.
    first: usize,
    points: Vec<Option<Point>>,
    gap: usize,
    at: usize,
    /// Levels of the last frames, the newest last.
    recent: [f32; RECENT],
    before_db: f32,
    sums: [f32; 3],
    loudest: f32,
}

/// How a frame bears on the tones.
#[derive(Debug, Default)]
pub struct Change {
    /// A tone that has ended.
    pub ended: Option<Burst>,
    /// It gave way to another tone at once.
    pub by_tone: bool,
}

impl Bursts {
    /// Takes a frame.
    pub fn push(&mut self, frame: &Frame) -> Change {
        self.at += 1;
        self.recent.rotate_left(1);
        self.recent[RECENT - 1] = frame.level_db;
        if let Some(point) = self.continues(frame) {
            self.add(point);
            return Change::default();
        }
        let fresh = strict(frame);
        // The first frames of a tone hold its edge and are not to be trusted.
        if self.points.is_empty() || (self.sums[2] < 3.0 && fresh.is_some()) {
            self.begin(fresh);
            return Change::default();
        }
        // A phase reversal looks like another pitch for a frame or two.
        self.gap += 1;
        let hz = self.sums[0] / self.sums[2];
        let pair = self.sums[1] > 0.0;
        let other = fresh.is_some_and(|p| {
            (p.upper_hz > 0.0) != pair || (p.hz - hz).abs() > (hz * 0.03).max(30.0)
        });
        let elsewhere = other && self.gap >= 2 && frame.window_db > self.loudest - LOUD_DB;
        if self.gap <= GAP_FRAMES && !elsewhere {
            self.points.push(None);
            return Change::default();
        }
        let ended = self.finish();
        self.begin(fresh);
        Change {
            ended,
            by_tone: elsewhere,
        }
    }

    /// The tone that is sounding now.
    pub fn sounding(&self) -> Option<Burst> {
        (self.points.len() >= 4).then(|| self.burst()).flatten()
    }

    /// Frames of the tone that is sounding, gaps included; 0 when there is none.
    pub fn frames(&self) -> usize {
        self.points.len()
    }

    /// True for a tone too even to be a voice.
    pub fn is_even(&self) -> bool {
        let held = self.points.len() - self.gap.min(self.points.len());
        if held < 8 {
            return false;
        }
        let inner = self.points[2..held].iter().flatten();
        let (count, sum, squares) = inner.fold((0.0, 0.0, 0.0), |(n, s, q), p| {
            (n + 1.0, s + p.hz, q + p.hz * p.hz)
        });
        let mean = sum / f32::max(count, 1.0);
        let spread = (squares / f32::max(count, 1.0) - mean * mean)
            .max(0.0)
            .sqrt();
        // Two tones 40 or 50 Hz apart (ringback) beat in pitch; a child's voice lasts less, and so
        // does an even vowel of anybody's.
        if (380.0..500.0).contains(&mean) {
            count >= 14.0 && spread < 25.0
        } else {
            count >= if mean < VOWEL_HZ { 16.0 } else { 6.0 } && spread < 4.0
        }
    }

    fn begin(&mut self, fresh: Option<Point>) {
        self.points.clear();
        self.sums = [0.0; 3];
        self.loudest = f32::MIN;
        self.gap = 0;
        self.first = self.at - 1;
        let before = &self.recent[..RECENT - EDGE];
        self.before_db = before.iter().copied().fold(0.0, f32::min);
        if let Some(point) = fresh {
            self.add(point);
        }
    }

    fn add(&mut self, point: Point) {
        self.gap = 0;
        self.loudest = self.loudest.max(point.level_db);
        self.sums[0] += point.hz;
        self.sums[1] += point.upper_hz;
        self.sums[2] += 1.0;
        if self.points.len() < LONGEST_FRAMES {
            self.points.push(Some(point));
        }
    }

    fn continues(&self, frame: &Frame) -> Option<Point> {
        if self.points.is_empty() || frame.window_db < self.loudest - 10.0 {
            return None;
        }
        let (hz, upper) = (self.sums[0] / self.sums[2], self.sums[1] / self.sums[2]);
        let near = |peak: Peak, wanted: f32| {
            let slack = if (380.0..500.0).contains(&wanted) {
                30.0
            } else {
                (wanted * 0.02).max(15.0)
            };
            (peak.hz - wanted).abs() < slack
        };
        if upper == 0.0 {
            let same =
                near(frame.top, hz) && frame.top.share > GOES_ON && frame.second.share < 0.25;
            return same.then(|| point(frame.top, None, frame));
        }
        let (low, high) = in_order(frame);
        let both = low.share + high.share > GOES_ON && frame.second.share > 0.04;
        let same = both && near(low, hz) && near(high, upper);
        same.then(|| point(low, Some(high), frame))
    }

    fn finish(&mut self) -> Option<Burst> {
        let kept = self.points.len().saturating_sub(self.gap.saturating_sub(1));
        self.points.truncate(kept);
        let burst = (self.points.len() >= 4).then(|| self.burst()).flatten();
        self.points.clear();
        burst
    }

    fn burst(&self) -> Option<Burst> {
        let loud = |p: &Option<Point>| p.is_some_and(|p| p.level_db >= self.loudest - EDGE_DB);
        let from = self.points.iter().position(loud)?;
        let until = self.points.iter().rposition(loud)? + 1;
        let whole = &self.points[from..until];
        let trim = if whole.len() > 8 {
            2
        } else {
            usize::from(whole.len() > 4)
        };
        let inner: Vec<Point> = whole[trim..whole.len() - trim]
            .iter()
            .flatten()
            .copied()
            .collect();
        let mean = |of: fn(&Point) -> f32| inner.iter().map(of).sum::<f32>() / inner.len() as f32;
        if inner.is_empty() {
            return None;
        }
        let (hz, level_db) = (middle(&inner, |p| p.hz), mean(|p| p.level_db));
        let after = &self.recent[RECENT - self.gap.min(RECENT)..];
        Some(Burst {
            hz,
            upper_hz: middle(&inner, |p| p.upper_hz),
            hz_spread: spread(&inner, |p| p.hz),
            level_db,
            level_spread: spread(&inner, |p| p.level_db),
            start_ms: ((self.first + from) as u32 * FRAME_MS).saturating_sub(11),
            length_ms: whole.len() as u32 * FRAME_MS,
            purity: middle(&inner, |p| p.share),
            before_db: self.before_db,
            after_db: after.iter().copied().fold(0.0, f32::min),
            modulation: modulation(whole),
            reversals: reversals(whole, middle(&inner, |p| p.share)),
        })
    }
}

fn sorted(points: &[Point], of: fn(&Point) -> f32) -> Vec<f32> {
    let mut values: Vec<f32> = points.iter().map(of).collect();
    values.sort_by(f32::total_cmp);
    values
}

fn middle(points: &[Point], of: fn(&Point) -> f32) -> f32 {
    sorted(points, of)[points.len() / 2]
}

/// Half the width of the middle 70 %, which is 1.04 standard deviations of a normal one.
fn spread(points: &[Point], of: fn(&Point) -> f32) -> f32 {
    let values = sorted(points, of);
    let last = values.len() - 1;
    (values[last * 85 / 100] - values[last * 15 / 100]) / 2.08
}

/// A frame that is nothing but one tone, or nothing but two.
fn strict(frame: &Frame) -> Option<Point> {
    if frame.top.share >= PURE && frame.second.share < SECOND && frame.top.hz > LOWEST_HZ {
        return Some(point(frame.top, None, frame));
    }
    let (low, high) = in_order(frame);
    // A voice's first two harmonics are no pair of tones.
    let harmonic = [2.0, 3.0].map(|n| (high.hz / low.hz - n).abs() < 0.06 * n);
    let apart = low.hz > LOWEST_HZ && high.hz - low.hz > 90.0 && harmonic == [false; 2];
    let both = low.share + high.share >= PURE && frame.second.share > 0.1 && apart;
    both.then(|| point(low, Some(high), frame))
}

fn in_order(frame: &Frame) -> (Peak, Peak) {
    if frame.top.hz < frame.second.hz {
        (frame.top, frame.second)
    } else {
        (frame.second, frame.top)
    }
}

fn point(low: Peak, high: Option<Peak>, frame: &Frame) -> Point {
    Point {
        hz: low.hz,
        upper_hz: high.map_or(0.0, |h| h.hz),
        level_db: frame.window_db,
        share: low.share + high.map_or(0.0, |h| h.share),
    }
}

/// How deep the level swings at 15 Hz (ANSam), relative to its mean.
fn modulation(points: &[Option<Point>]) -> f32 {
    let (mut sum, mut re, mut im) = (0.0f32, 0.0f32, 0.0f32);
    for (n, point) in points.iter().enumerate() {
        let Some(point) = point else { continue };
        let amplitude = 10f32.powf(point.level_db / 20.0);
        let angle = std::f32::consts::TAU * 15.0 * n as f32 * FRAME_MS as f32 / 1_000.0;
        sum += amplitude;
        re += amplitude * angle.cos();
        im += amplitude * angle.sin();
    }
    if sum > 0.0 {
        2.0 * (re * re + im * im).sqrt() / sum
    } else {
        0.0
    }
}

/// Counts moments without one pitch that follow one another after 400 to 500 ms.
fn reversals(points: &[Option<Point>], purity: f32) -> u32 {
    let low = |p: &Option<Point>| p.is_none_or(|p| p.share < purity - 0.08);
    let (mut count, mut last, mut inside) = (0, None, false);
    for (n, point) in points.iter().enumerate().skip(3) {
        let dip = low(point);
        if dip && !inside {
            if last.is_some_and(|last| (40..=50).contains(&(n - last))) {
                count += 1;
            }
            last = Some(n);
        }
        inside = dip;
    }
    count
}
