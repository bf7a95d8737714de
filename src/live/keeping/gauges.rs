//! How conversations sound now, and whether their recordings are written: for the board. Written
//! by the quality desk and the recorder as things happen, read by the engine's thread.

use carillon_api::port::{Alert, AlertLevel, SoundStatus};
use carillon_decision::id::{CallId, CampaignId};
use carillon_decision::time::Wall;
use carillon_media::quality::alarm::AlarmKind;
use carillon_media::quality::path::IntervalScores;
use carillon_media::recording::RecorderEvent;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A trouble that is over, or has not come back, is shown this long.
const TROUBLE_FOR: Duration = Duration::from_secs(600);

/// The figures. Every lock is held for a few moves in memory.
#[derive(Debug, Default)]
pub(crate) struct Gauges(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    live: BTreeMap<CallId, Live>,
    /// Ended conversations: how many were measured, and how many had a problem.
    ended: BTreeMap<CampaignId, (u64, u64)>,
    losing: Option<Losing>,
    stopped: BTreeMap<&'static str, Stopped>,
}

/// A conversation that is followed.
#[derive(Debug)]
struct Live {
    campaign: CampaignId,
    /// The worse side's score of the latest interval.
    mos: Option<f64>,
    up: BTreeSet<AlarmKind>,
}

/// The disk does not keep up, or did not.
#[derive(Clone, Copy, Debug)]
struct Losing {
    since: Wall,
    over: Option<Wall>,
}

/// Recordings that came to grief for one reason.
#[derive(Debug)]
struct Stopped {
    since: Wall,
    latest: Wall,
    count: u64,
    /// What the latest said.
    words: String,
}

/// What the board shows.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// How conversations sound, by campaign.
    pub(crate) sound: BTreeMap<CampaignId, SoundStatus>,
    /// Troubles of the recorder.
    pub(crate) alerts: Vec<Alert>,
}

impl Gauges {
    fn state(&self) -> MutexGuard<'_, State> {
        // Consistent after every statement.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn began(&self, call: CallId, campaign: CampaignId) {
        let live = Live {
            campaign,
            mos: None,
            up: BTreeSet::new(),
        };
        self.state().live.entry(call).or_insert(live);
    }

    /// An interval was judged; a side that could not be judged says nothing.
    pub(crate) fn scored(&self, call: CallId, scores: &IntervalScores) {
        let sides = [scores.customer_hears, scores.agent_hears];
        let worse = sides.into_iter().flatten().min_by(f64::total_cmp);
        if let Some(live) = self.state().live.get_mut(&call) {
            live.mos = worse.or(live.mos);
        }
    }

    /// An alarm came or went.
    pub(crate) fn alarm(&self, call: CallId, kind: AlarmKind, raised: bool) {
        if let Some(live) = self.state().live.get_mut(&call) {
            match raised {
                true => live.up.insert(kind),
                false => live.up.remove(&kind),
            };
        }
    }

    /// The call is over as far as its sound goes: nothing of it is live any more.
    pub(crate) fn over(&self, call: CallId) {
        self.state().live.remove(&call);
    }

    /// A conversation was measured to its end.
    pub(crate) fn measured(&self, campaign: CampaignId, problems: bool) {
        let mut state = self.state();
        let (all, bad) = state.ended.entry(campaign).or_default();
        *all += 1;
        *bad += u64::from(problems);
    }

    /// The recorder told something at `now`; `words` for people, if it is trouble.
    pub(crate) fn recorder(&self, now: Wall, event: &RecorderEvent, words: Option<&str>) {
        let mut state = self.state();
        match event {
            RecorderEvent::Losing(true) => {
                let before = state.losing.take().filter(|l| now < end_of(l));
                let since = before.map_or(now, |l| l.since);
                state.losing = Some(Losing { since, over: None });
            }
            RecorderEvent::Losing(false) => {
                if let Some(losing) = &mut state.losing {
                    losing.over = Some(now);
                }
            }
            RecorderEvent::NotOpened { error, .. }
            | RecorderEvent::Broken { error, .. }
            | RecorderEvent::NotConverted { error, .. } => {
                let fresh = || Stopped {
                    since: now,
                    latest: now,
                    count: 0,
                    words: String::new(),
                };
                let stopped = state.stopped.entry(error.code()).or_insert_with(fresh);
                if now >= stopped.latest + TROUBLE_FOR {
                    *stopped = fresh();
                }
                stopped.latest = now;
                stopped.count += 1;
                stopped.words = words.unwrap_or_default().to_owned();
            }
            RecorderEvent::Opened { .. } | RecorderEvent::Closed(_) => {}
        }
    }

    /// As of now.
    pub(crate) fn show(&self, now: Wall) -> Kept {
        let mut state = self.state();
        state.stopped.retain(|_, s| now < s.latest + TROUBLE_FOR);
        state.losing = state.losing.filter(|l| now < end_of(l));
        Kept {
            sound: state.sound(),
            alerts: state.alerts(),
        }
    }
}

/// When it is no longer shown.
fn end_of(losing: &Losing) -> Wall {
    losing
        .over
        .map_or(Wall(i64::MAX), |over| over + TROUBLE_FOR)
}

impl State {
    fn sound(&self) -> BTreeMap<CampaignId, SoundStatus> {
        let mut sound: BTreeMap<CampaignId, SoundStatus> = BTreeMap::new();
        for (campaign, (all, bad)) in &self.ended {
            let of = sound.entry(*campaign).or_default();
            (of.measured, of.with_problems) = (*all, *bad);
        }
        for live in self.live.values() {
            let of = sound.entry(live.campaign).or_default();
            of.alarms += live.up.len() as u32;
            of.calls_with_alarms += u32::from(!live.up.is_empty());
            if let Some(mos) = live.mos {
                // A running mean of those judged so far.
                let mean = of.mos.unwrap_or_default();
                of.judged += 1;
                of.mos = Some(mean + (mos - mean) / f64::from(of.judged));
                of.mos_worst = Some(of.mos_worst.unwrap_or(mos).min(mos));
            }
        }
        sound
    }

    fn alerts(&self) -> Vec<Alert> {
        let alert = |level, code: &str, text, since| Alert {
            level,
            code: code.to_owned(),
            text,
            since,
        };
        let losing = self.losing.map(|losing| match losing.over {
            None => alert(
                AlertLevel::Critical,
                "recorder_losing",
                "The disk of the recordings does not keep up: audio is left out of them. Calls go on."
                    .to_owned(),
                losing.since,
            ),
            Some(_) => alert(
                AlertLevel::Warning,
                "recorder_losing",
                "The disk of the recordings did not keep up for a while: audio was left out of them, \
                 each says where."
                    .to_owned(),
                losing.since,
            ),
        });
        let stopped = self.stopped.iter().map(|(code, stopped)| {
            let Stopped { count, words, .. } = stopped;
            let text = match count {
                1 => words.clone(),
                more => format!("{more} recordings have come to grief alike, the latest: {words}"),
            };
            alert(AlertLevel::Critical, code, text, stopped.since)
        });
        losing.into_iter().chain(stopped).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_media::quality::conversation::Side;
    use carillon_media::recording::{RecordingError, RecordingId};

    const LOANS: CampaignId = CampaignId(1);

    fn scores(customer_hears: Option<f64>, agent_hears: Option<f64>) -> IntervalScores {
        IntervalScores {
            customer_hears,
            agent_hears,
        }
    }

    #[test]
    fn live_calls_count_by_their_worse_side_and_go_with_their_end() {
        let gauges = Gauges::default();
        for call in 1..=3 {
            gauges.began(CallId(call), LOANS);
        }
        gauges.scored(CallId(1), &scores(Some(4.4), Some(2.0)));
        gauges.scored(CallId(2), &scores(None, Some(4.0)));
        // A hold says nothing: the latest score stands.
        gauges.scored(CallId(2), &scores(None, None));
        gauges.alarm(CallId(1), AlarmKind::LowMos(Side::Agent), true);
        gauges.alarm(CallId(1), AlarmKind::DeadAir, true);
        gauges.alarm(CallId(1), AlarmKind::DeadAir, false);
        gauges.alarm(CallId(1), AlarmKind::AgentLate, true);
        let sound = gauges.show(Wall(0)).sound;
        let expected = SoundStatus {
            judged: 2,
            mos: Some(3.0),
            mos_worst: Some(2.0),
            alarms: 2,
            calls_with_alarms: 1,
            measured: 0,
            with_problems: 0,
        };
        assert_eq!(sound[&LOANS], expected);
        for call in 1..=3 {
            gauges.over(CallId(call));
            gauges.measured(LOANS, call == 1);
        }
        gauges.alarm(CallId(1), AlarmKind::DeadAir, true);
        let expected = SoundStatus {
            measured: 3,
            with_problems: 1,
            ..SoundStatus::default()
        };
        assert_eq!(gauges.show(Wall(0)).sound[&LOANS], expected);
    }

    fn at(seconds: i64) -> Wall {
        Wall(seconds * 1_000)
    }

    fn shown(gauges: &Gauges, seconds: i64) -> Vec<(AlertLevel, String, Wall)> {
        let alerts = gauges.show(at(seconds)).alerts;
        let told = alerts.into_iter().map(|a| (a.level, a.code, a.since));
        told.collect()
    }

    #[test]
    fn a_slow_disk_is_trouble_while_it_lasts_and_news_for_a_while() {
        let gauges = Gauges::default();
        let losing = |seconds, on| gauges.recorder(at(seconds), &RecorderEvent::Losing(on), None);
        let is = |seconds, level, since| {
            let expected = (level, "recorder_losing".to_owned(), at(since));
            assert_eq!(shown(&gauges, seconds), [expected], "at {seconds}");
        };
        losing(10, true);
        is(5_000, AlertLevel::Critical, 10);
        losing(5_000, false);
        is(5_599, AlertLevel::Warning, 10);
        // It comes and goes: one trouble, from its first moment.
        losing(5_599, true);
        is(5_600, AlertLevel::Critical, 10);
        losing(5_700, false);
        assert_eq!(shown(&gauges, 6_300), []);
        losing(7_000, true);
        is(7_001, AlertLevel::Critical, 7_000);
    }

    #[test]
    fn a_full_disk_is_one_line_however_many_recordings_it_stops() {
        let gauges = Gauges::default();
        let broken = |id| RecorderEvent::Broken {
            id: RecordingId(id),
            error: RecordingError::Io {
                what: "write",
                path: "7.wav".into(),
                why: "no space left on device".into(),
                full: true,
            },
        };
        for id in 0..400 {
            gauges.recorder(
                at(100),
                &broken(id),
                Some(&format!("recording {id} stopped")),
            );
        }
        let alerts = gauges.show(at(699)).alerts;
        assert_eq!(alerts.len(), 1);
        assert_eq!(alerts[0].code, "recording_disk_full");
        assert_eq!(alerts[0].level, AlertLevel::Critical);
        assert!(
            alerts[0].text.starts_with("400 recordings")
                && alerts[0].text.ends_with("recording 399 stopped"),
            "{}",
            alerts[0].text
        );
        assert_eq!(shown(&gauges, 700), []);
        gauges.recorder(at(900), &broken(400), Some("recording 400 stopped"));
        assert_eq!(gauges.show(at(900)).alerts[0].text, "recording 400 stopped");
    }
}
