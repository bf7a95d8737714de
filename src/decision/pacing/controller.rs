//! The pacer: what is learned, and the decision.

use serde::{Deserialize, Serialize};

use super::answer_law::AnswerLaw;
use super::answering::{AnswerModel, Resolution};
use super::feedback::{Feedback, Threshold};
use super::forecast::EXACT_AGENTS;
use super::guards::{self, Constraint};
use super::mode::{Mode, Promise, Tuning};
use super::outlook::Outlook;
use super::predictive::Situation;
use super::survival::{LogNormal, LogNormalEstimator};
use super::tables::{Basis, Derived, Tables};
use super::view::{Change, FloorCounts, FloorView, WindowView};
use super::{erlang_pacing, manual, predictive, progressive};

/// Before any observation: mean talk (s), its coefficient of variation, and how many
/// observations that guess is worth. Long talk predicts few freed agents, so errs to few lines.
const TALK_PRIOR: (f64, f64, f64) = (150.0, 1.0, 3.0);
/// The same for wrap-up.
const WRAP_PRIOR: (f64, f64, f64) = (25.0, 0.7, 3.0);
/// Observations after which a duration's evidence has faded to 1/e.
const DURATION_MEMORY: f64 = 400.0;

/// Paces one campaign: everything learned so far and the state of the abandonment control.
///
/// Part of the engine's state: cloned into snapshots, serialised, deterministic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pacer {
    talk: LogNormalEstimator,
    wrap: LogNormalEstimator,
    answering: AnswerModel,
    feedback: Feedback,
    /// As of the last decision's settings.
    people_as_machines: f64,
    /// What the tables were made of.
    basis: Option<Basis>,
    outlook: Outlook,
    #[serde(skip)]
    tables: Derived<Tables>,
}

impl Default for Pacer {
    fn default() -> Self {
        Self::new()
    }
}

/// What to do now, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pace {
    /// New lines to dial now.
    pub lines: u32,
    /// Indices into [`FloorView::calls`] of calls to hang up, longest ringing first. Each has rung
    /// at least the ring minimum, is cancelable and unanswered.
    pub cancel: Vec<usize>,
    /// Lines the mode wanted before any cap lowered them.
    pub wanted_before_caps: u32,
    /// What held the number of lines.
    pub binding: Constraint,
    /// The numbers the decision rests on.
    pub inputs: PaceInputs,
}

/// The numbers a decision rests on. Probabilities and shares are 0–1, times in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PaceInputs {
    /// The mode that decided.
    pub mode: Mode,
    /// Agents, calls and people waiting.
    pub counts: FloorCounts,
    /// Horizon of the two expectations below: a new call's median answer delay + the hold.
    pub horizon_s: f64,
    /// People expected to answer within the horizon from calls already in flight.
    pub expected_answers: f64,
    /// Agents expected to become free within the horizon.
    pub expected_frees: f64,
    /// Probability that the last line allowed (or, with none allowed, the next) would meet no
    /// free agent if a person answered it. 0 in modes that do not predict.
    pub overdial: f64,
    /// Probability that one line more would meet no free agent.
    pub overdial_next: f64,
    /// The overdial probability accepted now (θ), after feedback. 0 in modes that do not predict.
    pub threshold: f64,
    /// Estimated share of dialed calls that a person answers.
    pub p_human: f64,
    /// Estimated mean ring time of people's answers.
    pub ring_mean_s: f64,
    /// Estimated mean talk time.
    pub talk_mean_s: f64,
    /// Estimated mean wrap-up time.
    pub wrap_mean_s: f64,
    /// The abandonment ledger of the cap's window.
    pub window: WindowView,
    /// Abandoned ÷ answered in that window.
    pub abandonment: f64,
    /// The cap on that share.
    pub cap: f64,
    /// Lines allowed by the tightest cap.
    pub lines_max: u32,
}

/// What a mode decides before the guards.
#[derive(Clone, Debug, Default)]
pub(super) struct Wish {
    pub lines: u32,
    pub cancel: Vec<usize>,
    pub binding: Option<Constraint>,
    pub horizon_s: f64,
    pub expected_answers: f64,
    pub expected_frees: f64,
    pub overdial: f64,
    pub overdial_next: f64,
    pub threshold: f64,
}

/// The laws as fitted now, handed to a mode.
#[derive(Clone, Copy, Debug)]
pub(super) struct Laws<'a> {
    pub talk: LogNormal,
    pub wrap: LogNormal,
    pub answering: &'a AnswerModel,
}

impl Pacer {
    /// A pacer that knows nothing yet: weak priors that err to too few lines.
    #[must_use]
    pub fn new() -> Self {
        let (talk_s, talk_cv, talk_weight) = TALK_PRIOR;
        let (wrap_s, wrap_cv, wrap_weight) = WRAP_PRIOR;
        Self {
            talk: LogNormalEstimator::new(talk_s, talk_cv, talk_weight, DURATION_MEMORY),
            wrap: LogNormalEstimator::new(wrap_s, wrap_cv, wrap_weight, DURATION_MEMORY),
            answering: AnswerModel::new(),
            feedback: Feedback::new(),
            people_as_machines: 0.0,
            basis: None,
            outlook: Outlook::default(),
            tables: Derived(None),
        }
    }

    /// A dialed call came to its end or was answered. Once per call, answered or not; for an
    /// answered call when it is known who answered. Trunk failures (nothing reached the person)
    /// are not to be told.
    pub fn observe_resolution(&mut self, resolution: &Resolution) {
        self.answering.observe(resolution);
    }

    /// A conversation of `talk_s` seconds ended. Non-positive or non-finite values are ignored.
    pub fn observe_talk(&mut self, talk_s: f64) {
        self.talk.observe(talk_s, 1.0);
    }

    /// A wrap-up of `wrap_s` seconds ended (also when its limit ended it).
    pub fn observe_wrap(&mut self, wrap_s: f64) {
        self.wrap.observe(wrap_s, 1.0);
    }

    /// A person who answered was connected to an agent (`abandoned` false) or was not within the
    /// hold (true). Call it once for every entry in the abandonment ledger.
    pub fn observe_person(&mut self, abandoned: bool) {
        self.feedback.observe(abandoned, self.people_as_machines);
    }

    /// Estimated share of dialed calls that a person answers.
    #[must_use]
    pub fn p_human(&self) -> f64 {
        self.answering.p_human()
    }

    /// Estimated handling time, talk + wrap-up, in seconds.
    #[must_use]
    pub fn handling_mean_s(&self) -> f64 {
        self.talk.fit_mean_s() + self.wrap.fit_mean_s()
    }

    /// Decides how many lines to dial now and which calls to hang up.
    ///
    /// Call it on every change of an agent or a call and at least every 0.5 s. `now_s` is
    /// monotonic time in seconds, with any origin; it may not go back (if it does, no time is
    /// taken to have passed). Settings out of range ([`Tuning::check`]) dial nothing or 1:1,
    /// never more.
    pub fn decide(&mut self, now_s: f64, view: &FloorView<'_>, tuning: &Tuning) -> Pace {
        let counts = FloorCounts::of(view);
        self.pass_time(now_s, view);
        if let Some(why) = guards::full_stop(view, &counts) {
            self.outlook = Outlook::default();
            return self.stopped(why, view, tuning, counts);
        }
        let theta = self.threshold(view, tuning, &counts);
        let wish = match tuning.mode {
            Mode::ManualRatio { ratio } => manual::wish(&counts, ratio),
            Mode::Progressive => progressive::wish(&counts),
            Mode::ErlangC => {
                let laws = Laws {
                    talk: self.talk.fit(),
                    wrap: self.wrap.fit(),
                    answering: &self.answering,
                };
                erlang_pacing::wish(view, tuning, &counts, &laws, &theta)
            }
            Mode::Predictive { promise } => {
                let may_cancel = self.outlook.may_cancel(now_s);
                let law = self.answering.fit();
                let basis = self.basis_now(&law, view);
                let situation = Situation {
                    view,
                    tuning,
                    counts: &counts,
                    law: &law,
                    tables: up_to_date(&mut self.basis, &mut self.tables, basis),
                    theta: &theta,
                };
                let hard = promise == Promise::Hard;
                let (wish, standing) = predictive::look(&situation, hard, may_cancel);
                self.outlook.looked(now_s, standing);
                wish
            }
        };
        self.guarded(wish, view, tuning, counts)
    }

    /// Decides as [`Pacer::decide`] does, on a large floor in predictive mode, without looking at
    /// every agent and call: from what `changed` since the decision before. `None` when it is time
    /// to look at them all (at least once a second), or the floor is one where that is always done;
    /// then call [`Pacer::decide`].
    ///
    /// The agents and calls of `view` are not read; nothing is hung up.
    pub fn glance(
        &mut self,
        now_s: f64,
        view: &FloorView<'_>,
        counts: FloorCounts,
        changed: &[Change],
        tuning: &Tuning,
    ) -> Option<Pace> {
        let Mode::Predictive { promise } = tuning.mode else {
            return None;
        };
        if counts.serving() <= EXACT_AGENTS || guards::full_stop(view, &counts).is_some() {
            return None;
        }
        let law = self.answering.fit();
        let tables = self.tables.0.as_ref()?;
        let forecast = self
            .outlook
            .forecast(now_s, &counts, changed, &tables.dial, &law)?;
        self.pass_time(now_s, view);
        let theta = self.threshold(view, tuning, &counts);
        let tables = self.tables.0.as_ref()?;
        let situation = Situation {
            view,
            tuning,
            counts: &counts,
            law: &law,
            tables,
            theta: &theta,
        };
        let hard = promise == Promise::Hard;
        let wish = predictive::wish(&situation, forecast, Vec::new(), hard);
        Some(self.guarded(wish, view, tuning, counts))
    }

    fn pass_time(&mut self, now_s: f64, view: &FloorView<'_>) {
        self.answering.pass_time(now_s);
        self.answering.set_ring_timeout(view.ring_timeout_s);
    }

    fn threshold(
        &mut self,
        view: &FloorView<'_>,
        tuning: &Tuning,
        counts: &FloorCounts,
    ) -> Threshold {
        self.people_as_machines = tuning.people_as_machines;
        let coming = f64::from(counts.in_flight) * self.answering.p_human();
        self.feedback
            .threshold(&view.window, tuning, coming, self.assured())
    }

    /// Share of the answers at full occupancy that one line for each free agent would bring.
    fn assured(&self) -> f64 {
        let handling_s = self.handling_mean_s();
        let idle_s = self.answering.flight_mean_s() / self.answering.p_human().max(1e-3);
        handling_s / (handling_s + idle_s)
    }

    fn basis_now(&self, law: &AnswerLaw, view: &FloorView<'_>) -> Basis {
        Basis {
            talk: self.talk.fit(),
            wrap: self.wrap.fit(),
            human: law.human,
            machine: law.machine,
            failed: law.failed,
            ring_timeout_s: view.ring_timeout_s,
            ring_minimum_s: view.ring_minimum_s,
            hold_s: view.hold_s,
        }
    }

    /// Nothing is dialed; without agents the calls that have rung long enough are ended.
    fn stopped(
        &self,
        why: Constraint,
        view: &FloorView<'_>,
        tuning: &Tuning,
        counts: FloorCounts,
    ) -> Pace {
        let cancel = if counts.serving() == 0 {
            cancelable(view)
        } else {
            Vec::new()
        };
        let wish = Wish {
            cancel,
            ..Wish::default()
        };
        let inputs = self.inputs(&wish, view, tuning, counts, 0);
        Pace {
            lines: 0,
            cancel: wish.cancel,
            wanted_before_caps: 0,
            binding: why,
            inputs,
        }
    }

    fn guarded(
        &self,
        wish: Wish,
        view: &FloorView<'_>,
        tuning: &Tuning,
        counts: FloorCounts,
    ) -> Pace {
        let (lines_max, cap) = guards::ceiling(view, tuning, &counts);
        let inputs = self.inputs(&wish, view, tuning, counts, lines_max);
        let mode_bound = wish.binding.unwrap_or(Constraint::Agents);
        let (lines, binding) = if wish.lines > lines_max {
            (lines_max, cap)
        } else {
            (wish.lines, mode_bound)
        };
        Pace {
            lines,
            cancel: wish.cancel,
            wanted_before_caps: wish.lines,
            binding,
            inputs,
        }
    }

    fn inputs(
        &self,
        wish: &Wish,
        view: &FloorView<'_>,
        tuning: &Tuning,
        counts: FloorCounts,
        lines_max: u32,
    ) -> PaceInputs {
        PaceInputs {
            mode: tuning.mode,
            counts,
            horizon_s: wish.horizon_s,
            expected_answers: wish.expected_answers,
            expected_frees: wish.expected_frees,
            overdial: wish.overdial,
            overdial_next: wish.overdial_next,
            threshold: wish.threshold,
            p_human: self.answering.p_human(),
            ring_mean_s: self.answering.ring_mean_s(),
            talk_mean_s: self.talk.fit_mean_s(),
            wrap_mean_s: self.wrap.fit_mean_s(),
            window: view.window,
            abandonment: view.window.ratio(),
            cap: tuning.cap,
            lines_max,
        }
    }
}

/// The tables of the basis in force, which gives way to `now` when it no longer serves for it.
fn up_to_date<'a>(
    basis: &mut Option<Basis>,
    tables: &'a mut Derived<Tables>,
    now: Basis,
) -> &'a Tables {
    let in_force = match basis {
        Some(in_force) if in_force.serves(&now) => *in_force,
        _ => {
            *basis = Some(now);
            tables.0 = None;
            now
        }
    };
    tables.0.get_or_insert_with(|| Tables::new(&in_force))
}

/// Calls pacing may hang up: unanswered, cancelable, past the ring minimum; longest ringing first.
pub(super) fn cancelable(view: &FloorView<'_>) -> Vec<usize> {
    let mut ripe: Vec<(usize, f64)> = view
        .calls
        .iter()
        .enumerate()
        .filter(|(_, call)| call.cancelable && call.screening.is_none())
        .filter_map(|(index, call)| call.ringing_s.map(|rung_s| (index, rung_s)))
        .filter(|(_, rung_s)| *rung_s >= view.ring_minimum_s)
        .collect();
    ripe.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    ripe.into_iter().map(|(index, _)| index).collect()
}
