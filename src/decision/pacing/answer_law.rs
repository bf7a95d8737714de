//! The answer model frozen for one decision: what a call's silence so far says about the rest.

use super::survival::LogNormal;
use super::view::{CallView, Screening};

/// Fates of a dialed call, as indices into the shares.
pub(super) const HUMAN: usize = 0;
pub(super) const MACHINE: usize = 1;
pub(super) const FAILED_SILENT: usize = 2;
pub(super) const FAILED_RANG: usize = 3;
pub(super) const NO_ANSWER: usize = 4;
pub(super) const KINDS: usize = 5;

/// The answer model frozen for one decision.
#[derive(Clone, Copy, Debug)]
pub struct AnswerLaw {
    pub(super) shares: [f64; KINDS],
    pub(super) human: LogNormal,
    pub(super) machine: LogNormal,
    pub(super) failed: LogNormal,
    pub(super) ring_timeout_s: f64,
    pub(super) human_in_time: f64,
    pub(super) score_scale: f64,
}

/// Shares of each kind of end that are still to come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Odds {
    pub human: f64,
    pub machine: f64,
    pub failed: f64,
}

impl AnswerLaw {
    /// Probability that a person answers a call not yet dialed to a lead with this score.
    #[must_use]
    pub fn lead(&self, score: Option<f64>) -> f64 {
        match score.filter(|s| s.is_finite()) {
            Some(score) => (score * self.score_scale).clamp(0.0, 0.999),
            None => self.shares[HUMAN],
        }
    }

    /// Answer delay distribution of people who answer before the time-out.
    #[must_use]
    pub fn delay_cdf(&self, t: f64) -> f64 {
        if t >= self.ring_timeout_s {
            1.0
        } else {
            (self.human.cdf(t) / self.human_in_time).min(1.0)
        }
    }

    /// Joint probabilities of each fate and of the call being unresolved after `elapsed_s`.
    pub(super) fn open(&self, elapsed_s: f64, rang: bool, p_human: f64) -> [f64; KINDS] {
        let odds = Odds {
            human: 1.0 - self.delay_cdf(elapsed_s),
            machine: self.machine.survival(elapsed_s),
            failed: self.failed.survival(elapsed_s),
        };
        self.fates(p_human, rang, &odds)
    }

    /// The same from what is still to come of each kind.
    fn fates(&self, p_human: f64, rang: bool, odds: &Odds) -> [f64; KINDS] {
        let others = (1.0 - p_human) / (1.0 - self.shares[HUMAN]).max(1e-6);
        // Who rings is not of those that fail in silence.
        let silent = if rang {
            0.0
        } else {
            others * self.shares[FAILED_SILENT] * odds.failed
        };
        [
            p_human * odds.human,
            others * self.shares[MACHINE] * odds.machine,
            silent,
            others * self.shares[FAILED_RANG] * odds.failed,
            others * self.shares[NO_ANSWER],
        ]
    }

    /// Probability that a call with these odds is unresolved.
    pub(super) fn still_open(&self, p_human: f64, rang: bool, odds: &Odds) -> f64 {
        self.fates(p_human, rang, odds).iter().sum()
    }

    /// Probability that an answered call has a person on the line.
    pub(super) fn person_on_line(&self, screening: &Screening) -> f64 {
        let of_answers = self.shares[HUMAN] + self.shares[MACHINE];
        let p = screening
            .p_human
            .unwrap_or(self.shares[HUMAN] / of_answers.max(1e-6));
        p.clamp(0.0, 1.0)
    }

    /// Probabilities that a person answers this call, or proves to be a person, within each of
    /// the horizons (seconds from now, ascending), written to `out`.
    pub fn answers_within(&self, call: &CallView, horizons: &[f64], out: &mut Vec<f64>) {
        out.clear();
        if let Some(screening) = &call.screening {
            out.resize(horizons.len(), self.person_on_line(screening));
            return;
        }
        let p = self.lead(call.p_human);
        let open: f64 = self
            .open(call.elapsed_s, call.ringing_s.is_some(), p)
            .iter()
            .sum();
        let before = self.delay_cdf(call.elapsed_s);
        out.extend(horizons.iter().map(|horizon_s| {
            let by = self.delay_cdf(call.elapsed_s + horizon_s);
            if open > 1e-12 {
                (p * (by - before) / open).clamp(0.0, 1.0)
            } else {
                0.0
            }
        }));
    }
}
