//! Ringback, busy and congestion: tones that come and go in a country's rhythm.

use super::bursts::Burst;
use super::plans::{CADENCES, Cadence, Progress, TonePlan};

/// Pitch may be off by this: E.180 allows 6 % at most, exchanges keep 1 %.
const PITCH_HZ: f32 = 16.0;
/// On and off times may be off by this share, and by this many milliseconds.
const TIME_SHARE: f32 = 0.1;
const TIME_MS: f32 = 30.0;
/// Silence that closes a ringing tone for us; its whole pause is seconds long.
const OPEN_MS: u32 = 700;
/// Tones remembered.
const HISTORY: usize = 8;

/// Follows tones and says what their rhythm means.
#[derive(Debug)]
pub struct Cadences {
    plan: TonePlan,
    heard: Vec<Burst>,
}

impl Cadences {
    pub fn new(plan: TonePlan) -> Self {
        Self {
            plan,
            heard: Vec::with_capacity(HISTORY),
        }
    }

    /// Takes a tone that has ended.
    pub fn ended(&mut self, burst: &Burst) -> Option<Progress> {
        if burst.length_ms < 100 {
            return None;
        }
        if self.heard.len() == HISTORY {
            self.heard.remove(0);
        }
        self.heard.push(burst.clone());
        // Busy and congestion are sure with their third tone.
        self.find(|c| c.means != Progress::Ringback && self.beats(c))
    }

    /// Looks again while it is silent.
    pub fn quiet(&self, now_ms: u32) -> Option<Progress> {
        self.find(|c| c.means == Progress::Ringback && self.rings(c, now_ms))
    }

    fn find(&self, fits: impl Fn(&Cadence) -> bool) -> Option<Progress> {
        let wanted = |c: &&Cadence| self.plan == TonePlan::Any || c.plan == self.plan;
        let found = CADENCES.iter().filter(wanted).find(|c| fits(c))?;
        // Countries disagree about short cadences; without a plan, short is congestion.
        if self.plan == TonePlan::Any && found.means != Progress::Ringback {
            let period: u32 = found.cycle[..2].iter().sum();
            let even = found.cycle.len() == 2 && found.hz[0] != 450.0;
            if even {
                return Some(if period <= 600 {
                    Progress::Congestion
                } else {
                    Progress::Busy
                });
            }
        }
        Some(found.means)
    }

    /// Three tones and the pauses between them in a cadence's rhythm, wherever it began; twice
    /// round for those of two tones.
    fn beats(&self, cadence: &Cadence) -> bool {
        let places = cadence.cycle.len() / 2;
        let needed = if places == 1 { 3 } else { 4 };
        let Some(from) = self.heard.len().checked_sub(needed) else {
            return false;
        };
        let recent = &self.heard[from..];
        (0..places).any(|shift| {
            recent.iter().enumerate().all(|(n, burst)| {
                let place = (n + shift) % places * 2;
                let off = recent.get(n + 1).map(|next| pause(burst, next));
                pitched(burst, cadence.hz)
                    && near(burst.length_ms, cadence.cycle[place])
                    && off.is_none_or(|off| near(off, cadence.cycle[place + 1]))
            })
        })
    }

    /// All tones of a ringing cycle, and a pause that began.
    fn rings(&self, cadence: &Cadence, now_ms: u32) -> bool {
        let places = cadence.cycle.len() / 2;
        let Some(from) = self.heard.len().checked_sub(places) else {
            return false;
        };
        let recent = &self.heard[from..];
        let open = recent
            .last()
            .is_some_and(|b| now_ms >= b.start_ms + b.length_ms + OPEN_MS);
        open && recent.iter().enumerate().all(|(n, burst)| {
            let off = recent.get(n + 1).map(|next| pause(burst, next));
            pitched(burst, cadence.hz)
                && near(burst.length_ms, cadence.cycle[n * 2])
                && off.is_none_or(|off| near(off, cadence.cycle[n * 2 + 1]))
        })
    }
}

fn pause(burst: &Burst, next: &Burst) -> u32 {
    next.start_ms
        .saturating_sub(burst.start_ms + burst.length_ms)
}

fn near(ms: u32, wanted: u32) -> bool {
    let wanted = wanted as f32;
    (ms as f32 - wanted).abs() <= TIME_SHARE * wanted + TIME_MS
}

fn pitched(burst: &Burst, [low, high]: [f32; 2]) -> bool {
    let close = |hz: f32, wanted: f32| (hz - wanted).abs() <= PITCH_HZ;
    if high == 0.0 {
        // Two tones 40 Hz apart beat; one does not.
        burst.upper_hz == 0.0 && close(burst.hz, low)
    } else if high - low < 90.0 {
        burst.upper_hz == 0.0 && burst.hz > low - PITCH_HZ && burst.hz < high + PITCH_HZ
    } else {
        close(burst.hz, low) && close(burst.upper_hz, high)
    }
}
