//! The reference world at the pacer's level: its settings, its chance and what a day came to.

use super::survival::LogNormal;

/// A kind of duration in the world.
#[derive(Clone, Copy, Debug)]
pub enum Duration {
    /// Log-normal by mean and coefficient of variation.
    LogNormal(f64, f64),
    /// Exponential by mean.
    Exponential(f64),
    /// None at all.
    Zero,
}

/// What changes over the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drift {
    /// Nothing.
    Still,
    /// Slow swings of answer share and talk time, and a dip.
    Swings,
    /// 0.08, then 0.4 from 3 h to 6 h, then 0.08.
    Shock,
}

/// One world.
#[derive(Clone, Copy, Debug)]
pub struct World {
    pub agents: usize,
    pub p_human: f64,
    pub ring: Duration,
    pub talk: Duration,
    pub wrap: Duration,
    pub day_s: f64,
    pub drift: Drift,
    /// Machines and busy lines exist (the reference world) or every failure is silence.
    pub mixed: bool,
    /// The pacer is told how many answers the day is expected to have.
    pub projected: bool,
}

impl World {
    /// The reference world of an eight-hour day.
    pub fn reference(agents: usize, p_human: f64, talk_s: f64) -> Self {
        Self {
            agents,
            p_human,
            ring: Duration::LogNormal(12.0, 5.0 / 12.0),
            talk: Duration::LogNormal(talk_s, 1.0),
            wrap: Duration::LogNormal(20.0, 0.5),
            day_s: 8.0 * 3600.0,
            drift: Drift::Still,
            mixed: true,
            projected: true,
        }
    }

    /// The quarter-hour of the demo: short talk, short wrap-up.
    pub fn demo() -> Self {
        Self {
            wrap: Duration::LogNormal(8.0, 0.5),
            day_s: 900.0,
            ..Self::reference(10, 0.2, 30.0)
        }
    }

    /// The exponential world whose optimum is known exactly.
    pub fn exponential(agents: usize, handling_s: f64, ring_s: f64, p_human: f64) -> Self {
        Self {
            ring: Duration::Exponential(ring_s),
            talk: Duration::Exponential(handling_s),
            wrap: Duration::Zero,
            mixed: false,
            ..Self::reference(agents, p_human, handling_s)
        }
    }

    pub(super) fn p_at(&self, t: f64) -> f64 {
        let hour = t / 3600.0;
        match self.drift {
            Drift::Still => self.p_human,
            Drift::Swings => {
                let dip = if (3.5..4.5).contains(&hour) { 0.6 } else { 1.0 };
                self.p_human * (1.0 + 0.35 * libm::sin(std::f64::consts::TAU * hour / 8.0)) * dip
            }
            Drift::Shock if (3.0..6.0).contains(&hour) => 0.4,
            Drift::Shock => 0.08,
        }
    }

    pub(super) fn talk_scale(&self, t: f64) -> f64 {
        if self.drift == Drift::Swings {
            1.0 + 0.25 * libm::sin(std::f64::consts::TAU * t / 28_800.0 + 1.0)
        } else {
            1.0
        }
    }
}

/// What a day came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Day {
    pub answered: u64,
    pub abandoned: u64,
    pub waited: u64,
    pub dialed: u64,
    pub cancelled: u64,
    pub decisions: u64,
    /// Seconds of talk and wrap-up.
    pub busy_s: f64,
    /// Seconds logged in, over all agents.
    pub logged_in_s: f64,
    /// Days that ended above the cap.
    pub over_cap: u64,
}

impl Day {
    pub fn utilisation(&self) -> f64 {
        self.busy_s / self.logged_in_s
    }

    pub fn abandonment(&self) -> f64 {
        self.abandoned as f64 / (self.answered.max(1)) as f64
    }

    pub fn add(&mut self, other: &Self) {
        self.answered += other.answered;
        self.abandoned += other.abandoned;
        self.waited += other.waited;
        self.dialed += other.dialed;
        self.cancelled += other.cancelled;
        self.decisions += other.decisions;
        self.busy_s += other.busy_s;
        self.logged_in_s += other.logged_in_s;
        self.over_cap += other.over_cap;
    }
}

/// SplitMix64 (Steele, Lea and Flood 2014): enough for a test world, and seedable per draw.
pub(super) struct Chance(pub(super) u64);

impl Chance {
    pub(super) fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        ((z >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    pub(super) fn duration(&mut self, law: Duration) -> f64 {
        let u = self.next();
        match law {
            Duration::LogNormal(mean, cv) => LogNormal::from_mean_cv(mean, cv).quantile(u),
            Duration::Exponential(mean) => -mean * libm::log(u),
            Duration::Zero => 0.0,
        }
    }
}
