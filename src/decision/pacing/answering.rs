//! What becomes of dialed calls, learned online: who answers, after how long, and what a call's
//! silence so far says about the rest.

use serde::{Deserialize, Serialize};

use super::answer_law::{AnswerLaw, FAILED_RANG, FAILED_SILENT, HUMAN, KINDS, MACHINE, NO_ANSWER};
use super::survival::LogNormalEstimator;

/// How a dialed call ended, as pacing needs it told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// A person answered (connected or abandoned alike).
    Human,
    /// A machine answered.
    Machine,
    /// Busy, declined, not in service, blocked: over without an answer before the time-out.
    Failed,
    /// Rang until the time-out.
    NoAnswer,
    /// We hung up before its fate was known (ring-cancel, agents gone, stop).
    Cancelled,
}

/// One dialed call whose fate is known.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resolution {
    /// What happened.
    pub outcome: Outcome,
    /// Seconds from the INVITE to the answer, the failure, the time-out or our hanging up (for
    /// answered calls the answer itself, not the end of screening).
    pub elapsed_s: f64,
    /// Whether ringing had been heard.
    pub rang: bool,
    /// The lead's score as given in [`CallView::p_human`](super::CallView::p_human) when dialed.
    pub p_human: Option<f64>,
}

/// Shares guessed before any call, and how many calls the guess is worth. More people than most
/// lists have: errs to too few lines.
const MIX_PRIOR: [f64; KINDS] = [0.30, 0.25, 0.08, 0.02, 0.35];
const MIX_PRIOR_WEIGHT: f64 = 10.0;
/// Calls after which the evidence has faded to 1/e: the standing estimate, and the watch on it.
const MIX_MEMORY: f64 = 600.0;
const WATCH_MEMORY: f64 = 60.0;
/// Standard deviations by which the watch must differ before the standing estimate gives way.
const DRIFT_SIGMAS: f64 = 3.5;
/// Seconds after which evidence has faded to 1/e by age alone.
const AGE_MEMORY_S: f64 = 3.0 * 3600.0;
/// Evidence is aged in steps of at least this.
const AGE_STEP_S: f64 = 1.0;
/// Ring law guessed before any answer: mean (s), coefficient of variation, worth in answers.
const RING_PRIOR: (f64, f64, f64) = (12.0, 0.5, 4.0);
const FAIL_PRIOR: (f64, f64, f64) = (3.0, 1.0, 3.0);
const RING_MEMORY: f64 = 300.0;
/// Scored calls that the assumption "scores are right" is worth, in expected people.
const CALIBRATION_WEIGHT: f64 = 20.0;
const CALIBRATION_MEMORY: f64 = 2000.0;

/// Shares of outcomes among calls, exponentially forgotten.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Mix {
    counts: [f64; KINDS],
    /// What one call leaves of the evidence before it.
    keep: f64,
}

impl Mix {
    fn new(memory: f64) -> Self {
        Self {
            counts: [0.0; KINDS],
            keep: libm::exp(-1.0 / memory),
        }
    }

    fn add(&mut self, shares: &[f64; KINDS]) {
        for (count, share) in self.counts.iter_mut().zip(shares) {
            *count = *count * self.keep + share;
        }
    }

    fn total(&self) -> f64 {
        self.counts.iter().sum()
    }

    fn fade(&mut self, keep: f64) {
        self.counts.iter_mut().for_each(|count| *count *= keep);
    }

    /// Posterior mean shares under the Dirichlet prior.
    fn shares(&self) -> [f64; KINDS] {
        let total = self.total() + MIX_PRIOR_WEIGHT;
        std::array::from_fn(|k| (self.counts[k] + MIX_PRIOR_WEIGHT * MIX_PRIOR[k]) / total)
    }
}

/// Learns what becomes of calls and answers for calls in flight.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnswerModel {
    mix: Mix,
    watch: Mix,
    human: LogNormalEstimator,
    machine: LogNormalEstimator,
    failed: LogNormalEstimator,
    scored_expected: f64,
    scored_human: f64,
    ring_timeout_s: f64,
    /// Share of people's answers that come before the time-out, of the law as fitted now.
    human_in_time: f64,
    clock_s: Option<f64>,
}

impl Default for AnswerModel {
    fn default() -> Self {
        Self::new()
    }
}

impl AnswerModel {
    /// A model that knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        let ring = |(mean, cv, weight): (f64, f64, f64)| {
            LogNormalEstimator::new(mean, cv, weight, RING_MEMORY)
        };
        let mut model = Self {
            mix: Mix::new(MIX_MEMORY),
            watch: Mix::new(WATCH_MEMORY),
            human: ring(RING_PRIOR),
            machine: ring(RING_PRIOR),
            failed: ring(FAIL_PRIOR),
            scored_expected: 0.0,
            scored_human: 0.0,
            ring_timeout_s: 25.0,
            human_in_time: 1.0,
            clock_s: None,
        };
        model.judge_time_out();
        model
    }

    fn judge_time_out(&mut self) {
        self.human_in_time = self.human.fit().cdf(self.ring_timeout_s).max(1e-6);
    }

    /// Sets the time-out after which calls are given up, in seconds from the INVITE.
    pub fn set_ring_timeout(&mut self, seconds: f64) {
        if seconds.is_finite() && seconds > 0.0 && seconds != self.ring_timeout_s {
            self.ring_timeout_s = seconds;
            self.judge_time_out();
        }
    }

    /// Ages the evidence: a list that was dialed hours ago says less about now.
    pub fn pass_time(&mut self, now_s: f64) {
        if !now_s.is_finite() {
            return;
        }
        let before = *self.clock_s.get_or_insert(now_s);
        // A restored snapshot may meet a clock with another origin: bound the step.
        let step_s = (now_s - before).clamp(0.0, AGE_MEMORY_S);
        if step_s >= AGE_STEP_S || now_s < before {
            self.clock_s = Some(now_s);
            self.mix.fade(libm::exp(-step_s / AGE_MEMORY_S));
        }
    }

    /// Learns from one call.
    pub fn observe(&mut self, resolution: &Resolution) {
        let elapsed_s = resolution.elapsed_s;
        if !elapsed_s.is_finite() {
            return;
        }
        let shares = match resolution.outcome {
            Outcome::Human => one(HUMAN),
            Outcome::Machine => one(MACHINE),
            Outcome::Failed if resolution.rang => one(FAILED_RANG),
            Outcome::Failed => one(FAILED_SILENT),
            Outcome::NoAnswer => one(NO_ANSWER),
            Outcome::Cancelled => self.posterior(elapsed_s, resolution.rang, resolution.p_human),
        };
        match resolution.outcome {
            Outcome::Human => self.human.observe(elapsed_s, 1.0),
            Outcome::Machine => self.machine.observe(elapsed_s, 1.0),
            Outcome::Failed => self.failed.observe(elapsed_s, 1.0),
            Outcome::NoAnswer => {}
            Outcome::Cancelled => self.observe_cut_off(elapsed_s, &shares),
        }
        if matches!(resolution.outcome, Outcome::Human | Outcome::Cancelled) {
            self.judge_time_out();
        }
        self.calibrate(resolution.p_human, shares[HUMAN]);
        self.mix.add(&shares);
        self.watch.add(&shares);
        self.follow_drift();
    }

    /// A call cut off at `elapsed_s` would have been answered later: without its share the ring
    /// laws would learn only from the quick ones.
    fn observe_cut_off(&mut self, elapsed_s: f64, shares: &[f64; KINDS]) {
        let timeout_s = self.ring_timeout_s;
        for (law, share) in [
            (&mut self.human, shares[HUMAN]),
            (&mut self.machine, shares[MACHINE]),
        ] {
            let fit = law.fit();
            let (from, to) = (fit.cdf(elapsed_s), fit.cdf(timeout_s));
            if to > from {
                law.observe(fit.quantile(0.5 * (from + to)), share);
            }
        }
    }

    fn calibrate(&mut self, score: Option<f64>, human: f64) {
        if let Some(score) = score.filter(|s| s.is_finite()) {
            let keep = libm::exp(-1.0 / CALIBRATION_MEMORY);
            self.scored_expected = self.scored_expected * keep + score.clamp(0.0, 1.0);
            self.scored_human = self.scored_human * keep + human;
        }
    }

    /// Lets the short memory take over when people's share has clearly moved.
    fn follow_drift(&mut self) {
        let (mix, watch) = (self.mix.total(), self.watch.total());
        if watch < 0.6 * WATCH_MEMORY || mix < 1.5 * watch {
            return;
        }
        let (standing, recent) = (self.mix.shares()[HUMAN], self.watch.shares()[HUMAN]);
        // Exponential weights of memory W average over 2W calls' worth of independent noise.
        let sigma = (standing * (1.0 - standing) / (2.0 * watch)).sqrt();
        if (recent - standing).abs() > DRIFT_SIGMAS * sigma {
            self.mix.counts = self.watch.counts;
        }
    }

    /// Estimated share of dialed calls that a person answers.
    #[must_use]
    pub fn p_human(&self) -> f64 {
        self.mix.shares()[HUMAN]
    }

    /// Estimated share of people among answered calls.
    #[must_use]
    pub fn human_among_answered(&self) -> f64 {
        let shares = self.mix.shares();
        shares[HUMAN] / (shares[HUMAN] + shares[MACHINE])
    }

    /// Calls the evidence counts for, after forgetting.
    #[must_use]
    pub fn weight(&self) -> f64 {
        self.mix.total()
    }

    /// Estimated mean ring time of people's answers, in seconds from the INVITE.
    #[must_use]
    pub fn ring_mean_s(&self) -> f64 {
        self.human.fit_mean_s().min(self.ring_timeout_s)
    }

    /// Estimated mean time a call is in flight until it is answered or over, in seconds.
    #[must_use]
    pub fn flight_mean_s(&self) -> f64 {
        let shares = self.mix.shares();
        let capped = |law: &LogNormalEstimator| law.fit_mean_s().min(self.ring_timeout_s);
        shares[HUMAN] * capped(&self.human)
            + shares[MACHINE] * capped(&self.machine)
            + (shares[FAILED_SILENT] + shares[FAILED_RANG]) * capped(&self.failed)
            + shares[NO_ANSWER] * self.ring_timeout_s
    }

    /// The model as fitted now, for the many questions of one decision.
    #[must_use]
    pub fn fit(&self) -> AnswerLaw {
        let human = self.human.fit();
        let scale =
            (self.scored_human + CALIBRATION_WEIGHT) / (self.scored_expected + CALIBRATION_WEIGHT);
        AnswerLaw {
            shares: self.cautious_shares(),
            human,
            machine: self.machine.fit(),
            failed: self.failed.fit(),
            ring_timeout_s: self.ring_timeout_s,
            human_in_time: self.human_in_time,
            score_scale: scale,
        }
    }

    /// The shares with people's raised by what is not known yet: one standard deviation of the
    /// prior, fading as calls come in. The first lines of an unknown list are few.
    fn cautious_shares(&self) -> [f64; KINDS] {
        let mut shares = self.mix.shares();
        let p = shares[HUMAN];
        let unknown = MIX_PRIOR_WEIGHT / (MIX_PRIOR_WEIGHT + self.mix.total());
        let raised = (p + unknown * (p * (1.0 - p) / MIX_PRIOR_WEIGHT).sqrt()).min(0.99);
        let others = (1.0 - raised) / (1.0 - p).max(1e-6);
        shares.iter_mut().for_each(|share| *share *= others);
        shares[HUMAN] = raised;
        shares
    }

    fn posterior(&self, elapsed_s: f64, rang: bool, score: Option<f64>) -> [f64; KINDS] {
        let law = self.fit();
        let open = law.open(elapsed_s, rang, law.lead(score));
        let total: f64 = open.iter().sum();
        if total > 0.0 {
            open.map(|share| share / total)
        } else {
            one(NO_ANSWER)
        }
    }
}

fn one(kind: usize) -> [f64; KINDS] {
    let mut shares = [0.0; KINDS];
    shares[kind] = 1.0;
    shares
}

#[cfg(test)]
#[path = "answering_test.rs"]
mod tests;
