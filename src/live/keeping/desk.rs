//! The thread that counts legs, feeds the quality listener and passes on what it tells.

use super::{About, Gauges};
use crate::engine::Inputs;
use carillon_decision::Input;
use carillon_decision::id::CallId;
use carillon_decision::time::Wall;
use carillon_media::quality::alarm::AlarmKind;
use carillon_media::quality::conversation::{ConversationSettings, Mark};
use carillon_media::quality::desk::{BothLegs, QualityDesk, QualityNews};
use carillon_media::quality::path::LegCounts;
use carillon_media::quality::report::{CallQuality, ProblemLimits};
use carillon_media::{Clock, LegId, Relay};
use crossbeam_channel::{Receiver, RecvTimeoutError, select};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the legs of a conversation are counted while it lasts.
const COUNT_EVERY: Duration = Duration::from_secs(10);
/// How often is looked whom to count.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long reports of calls that ended with the node are waited for.
const LAST_REPORTS_WITHIN: Duration = Duration::from_secs(2);

/// What the switch tells.
#[derive(Debug)]
pub(crate) enum Job {
    Follow {
        at: Instant,
        wall: Wall,
        settings: ConversationSettings,
        about: Box<About>,
    },
    Mark {
        call: CallId,
        at: Instant,
        mark: Mark,
        legs: Option<(LegId, LegId)>,
    },
    End {
        call: CallId,
        at: Instant,
        leg: LegId,
        verdict: Option<VerdictNote>,
    },
}

/// What a verdict rests on.
#[derive(Clone, Debug)]
pub(crate) struct VerdictNote {
    /// Who answered.
    pub(crate) verdict: String,
    /// Every measured number by name.
    pub(crate) features: Vec<(&'static str, f32)>,
}

/// A conversation that is followed.
#[derive(Debug)]
struct Followed {
    about: Box<About>,
    began: Wall,
    /// Customer's and agent's leg while they hear each other.
    joined: Option<(LegId, LegId)>,
    counted: Instant,
    /// Alarms the engine has been told of: once each.
    told: BTreeSet<AlarmKind>,
    verdict: Option<VerdictNote>,
}

/// A call's report, for the store.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) about: Box<About>,
    pub(crate) began: Wall,
    pub(crate) quality: Box<CallQuality>,
    pub(crate) verdict: Option<VerdictNote>,
}

/// See the module.
pub(super) struct Desk {
    pub(super) relay: Relay,
    pub(super) clock: Clock,
    pub(super) desk: QualityDesk,
    pub(super) inputs: Inputs,
    pub(super) gauges: Arc<Gauges>,
    /// Where reports go.
    pub(super) reports: Box<dyn Fn(Report) + Send>,
}

/// The state of its thread.
struct Work {
    parts: Desk,
    followed: BTreeMap<CallId, Followed>,
}

impl Desk {
    /// Works until the switch is gone and the last reports are told.
    pub(super) fn run(self, jobs: &Receiver<Job>) {
        let news = self.desk.news().clone();
        let mut work = Work {
            parts: self,
            followed: BTreeMap::new(),
        };
        let mut look_at = (work.parts.clock)() + LOOK_EVERY;
        loop {
            let now = (work.parts.clock)();
            if now >= look_at {
                look_at = now + LOOK_EVERY;
                work.count_due(now);
            }
            select! {
                recv(jobs) -> job => match job {
                    Ok(job) => work.job(job),
                    Err(_) => break,
                },
                recv(news) -> news => match news {
                    Ok(news) => work.news(news),
                    // The keeper has ended: nothing is measured any more.
                    Err(_) => break,
                },
                default(look_at.saturating_duration_since(now)) => {}
            }
        }
        // Legs that wait for their end are closed whatever happens.
        jobs.try_iter().for_each(|job| work.job(job));
        let until = (work.parts.clock)() + LAST_REPORTS_WITHIN;
        while !work.followed.is_empty() {
            let left = until.saturating_duration_since((work.parts.clock)());
            match news.recv_timeout(left) {
                Ok(news) => work.news(news),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
    }
}

impl Work {
    fn job(&mut self, job: Job) {
        match job {
            Job::Follow {
                at,
                wall,
                settings,
                about,
            } => {
                let call = about.call;
                self.parts.desk.watch(call.0, at, settings);
                self.parts.gauges.began(call, about.campaign);
                let counted = at;
                self.followed.entry(call).or_insert(Followed {
                    about,
                    began: wall,
                    joined: None,
                    counted,
                    told: BTreeSet::new(),
                    verdict: None,
                });
            }
            Job::Mark {
                call,
                at,
                mark,
                legs,
            } => self.mark(call, at, mark, legs),
            Job::End {
                call,
                at,
                leg,
                verdict,
            } => {
                if let Some(followed) = self.followed.get_mut(&call) {
                    followed.verdict = verdict;
                    let joined = followed.joined.take();
                    let legs = joined.and_then(|legs| self.count(legs));
                    self.parts.desk.end(call.0, at, legs);
                    self.parts.gauges.over(call);
                }
                if let Err(error) = self.parts.relay.close(leg) {
                    tracing::debug!(%leg, %error, "leg was closed already");
                }
            }
        }
    }

    fn mark(&mut self, call: CallId, at: Instant, mark: Mark, legs: Option<(LegId, LegId)>) {
        let Some(followed) = self.followed.get_mut(&call) else {
            return;
        };
        // What was heard until now belongs to who was on the line until now.
        let before = match mark {
            Mark::PromptStarts | Mark::PromptEnds => None,
            Mark::Bridged | Mark::HoldStarts | Mark::HoldEnds | Mark::Parted => {
                std::mem::replace(&mut followed.joined, legs)
            }
        };
        followed.counted = at;
        if let Some(counts) = before.and_then(|legs| self.count(legs)) {
            self.parts.desk.legs(call.0, at, counts);
        }
        let counts = legs.and_then(|legs| self.count(legs));
        self.parts.desk.mark(call.0, at, mark, counts);
    }

    fn count_due(&mut self, now: Instant) {
        let due = |f: &&mut Followed| now.saturating_duration_since(f.counted) >= COUNT_EVERY;
        let mut legs = Vec::new();
        for (call, followed) in &mut self.followed {
            if let Some(joined) = followed.joined
                && due(&&mut *followed)
            {
                followed.counted = now;
                legs.push((*call, joined));
            }
        }
        for (call, joined) in legs {
            if let Some(counts) = self.count(joined) {
                self.parts.desk.legs(call.0, now, counts);
            }
        }
    }

    fn count(&self, (customer, agent): (LegId, LegId)) -> Option<BothLegs> {
        let counts = |leg| self.parts.relay.stats(leg).ok().map(|s| LegCounts::of(&s));
        Some(BothLegs {
            customer: counts(customer)?,
            agent: counts(agent)?,
        })
    }

    fn news(&mut self, news: QualityNews) {
        match news {
            QualityNews::Alarm { tap, alarm } => {
                let call = CallId(tap);
                tracing::debug!(%call, %alarm, "quality");
                self.parts.gauges.alarm(call, alarm.kind, alarm.raised);
                let Some(followed) = self.followed.get_mut(&call) else {
                    return;
                };
                if !alarm.raised || !followed.told.insert(alarm.kind) {
                    return;
                }
                let problem = alarm.to_string();
                let heard = Input::Heard { call, problem };
                if self.parts.inputs.offer(heard).is_err() {
                    tracing::warn!(%call, %alarm, "the engine has no room for an alarm");
                }
            }
            QualityNews::Scores { tap, scores } => {
                self.parts.gauges.scored(CallId(tap), &scores);
            }
            QualityNews::Report { tap, quality } => {
                let call = CallId(tap);
                // Also of those that ended without the switch's word.
                self.parts.gauges.over(call);
                let Some(followed) = self.followed.remove(&call) else {
                    return;
                };
                log(call, &quality);
                (self.parts.reports)(Report {
                    about: followed.about,
                    began: followed.began,
                    quality,
                    verdict: followed.verdict,
                });
            }
        }
    }
}

fn log(call: CallId, quality: &CallQuality) {
    let mos = |path: &Option<carillon_media::quality::path::PathQuality>| path.map(|p| p.mos);
    let problems = quality.problems(&ProblemLimits::default());
    let names: Vec<&str> = problems.iter().map(|p| p.kind.name()).collect();
    tracing::info!(
        %call, customer_mos = mos(&quality.customer_hears), agent_mos = mos(&quality.agent_hears),
        problems = names.join(" "), "how the call sounded"
    );
}
