//! A call's quality as it is kept, and what is wrong with it in words.

use super::conversation::{ConversationFigures, Side, SideFigures};
use super::path::PathQuality;
use serde::{Deserialize, Serialize};

/// Everything measured of one call. Kept as JSON: fields are added, never renamed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CallQuality {
    /// What the customer heard; none if no packet was counted.
    pub customer_hears: Option<PathQuality>,
    /// What the agent heard.
    pub agent_hears: Option<PathQuality>,
    /// How the conversation went; none if its audio was not followed.
    pub conversation: Option<ConversationFigures>,
}

/// When a finished call has a problem.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProblemLimits {
    /// Worst interval's score below this, MOS. Default 3.1 (ITU-T G.109: many users dissatisfied).
    pub mos_low: f64,
    /// Longest dead air from this on, ms. Default 15 s.
    pub dead_air_ms: u64,
    /// Share of the talk in which both speak, from this on. Default 0.15.
    pub both_spoke_share: f64,
    /// Speech clipped from this share on. Default 0.002.
    pub clipped_share: f64,
    /// Active speech level below this is too quiet, dBov. Default -38.
    pub quiet_dbov: f64,
    /// Active speech level above this is too loud, dBov. Default -14.
    pub loud_dbov: f64,
    /// Noise less than this far below the speech is heard, dB. Default 15.
    pub above_noise_db: f64,
    /// The agent speaks within so long of the bridge, ms; none: not checked. Default none.
    pub agent_speaks_within_ms: Option<u64>,
    /// The agent cuts the customer short more often than this in ten minutes. Default 10.
    pub interrupts_per_10_min: f64,
    /// The agent is silent for longer than this in one go, ms. Default 60 s.
    pub agent_silence_ms: u64,
    /// Talk shorter than this is judged for network and one-way audio only, ms. Default 10 s.
    pub talk_least_ms: u64,
}

impl Default for ProblemLimits {
    fn default() -> Self {
        Self {
            mos_low: 3.1,
            dead_air_ms: 15_000,
            both_spoke_share: 0.15,
            clipped_share: 0.002,
            quiet_dbov: -38.0,
            loud_dbov: -14.0,
            above_noise_db: 15.0,
            agent_speaks_within_ms: None,
            interrupts_per_10_min: 10.0,
            agent_silence_ms: 60_000,
            talk_least_ms: 10_000,
        }
    }
}

/// Kinds of problems. Their names are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// The line sounded bad to the customer.
    CustomerHearsBadly,
    /// The line sounded bad to the agent.
    AgentHearsBadly,
    /// Not a word of the customer was heard, though the agent spoke.
    CustomerNotHeard,
    /// Not a word of the agent was heard, though the customer spoke.
    AgentNotHeard,
    /// The agent did not speak in time.
    AgentLate,
    /// Nobody spoke for long.
    DeadAir,
    /// Both spoke at once for much of the time.
    TalkOver,
    /// The agent often cut the customer short.
    AgentInterrupts,
    /// The agent was silent for long.
    AgentSilent,
    /// The customer's speech was clipped.
    CustomerClipped,
    /// The agent's speech was clipped.
    AgentClipped,
    /// The customer was too quiet.
    CustomerQuiet,
    /// The agent was too quiet.
    AgentQuiet,
    /// The customer was too loud.
    CustomerLoud,
    /// The agent was too loud.
    AgentLoud,
    /// Noise on the customer's side.
    CustomerNoisy,
    /// Noise on the agent's side.
    AgentNoisy,
}

impl ProblemKind {
    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CustomerHearsBadly => "customer_hears_badly",
            Self::AgentHearsBadly => "agent_hears_badly",
            Self::CustomerNotHeard => "customer_not_heard",
            Self::AgentNotHeard => "agent_not_heard",
            Self::AgentLate => "agent_late",
            Self::DeadAir => "dead_air",
            Self::TalkOver => "talk_over",
            Self::AgentInterrupts => "agent_interrupts",
            Self::AgentSilent => "agent_silent",
            Self::CustomerClipped => "customer_clipped",
            Self::AgentClipped => "agent_clipped",
            Self::CustomerQuiet => "customer_quiet",
            Self::AgentQuiet => "agent_quiet",
            Self::CustomerLoud => "customer_loud",
            Self::AgentLoud => "agent_loud",
            Self::CustomerNoisy => "customer_noisy",
            Self::AgentNoisy => "agent_noisy",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(self) -> &'static str {
        match self {
            Self::CustomerHearsBadly => {
                "compare loss to us (agent's network) with loss from us (trunk); prefer another \
                 trunk if other calls over it are alike"
            }
            Self::AgentHearsBadly => {
                "compare loss to us (trunk) with loss from us (agent's network: wired instead of \
                 wireless)"
            }
            Self::CustomerNotHeard => {
                "look at the trunk's media address and the firewall; listen to the recording: it \
                 may have been a silent line"
            }
            Self::AgentNotHeard => "check the agent's microphone, mute key and phone network",
            Self::AgentLate => "the agent should speak at the tone; announce the name by a prompt",
            Self::DeadAir => "listen: waiting for a system, a missing hold, or a line gone silent",
            Self::TalkOver => "coach to let finish; a delay above 200 ms does it too: see the path",
            Self::AgentInterrupts => "coach the agent to let the customer finish",
            Self::AgentSilent => "listen: research should be on hold, with music",
            Self::CustomerClipped => {
                "nothing to do here if it is one customer; else tell the trunk"
            }
            Self::AgentClipped | Self::AgentLoud => {
                "turn down the microphone's gain, or move it away from the mouth"
            }
            Self::CustomerQuiet => "tell the trunk if many calls over it are quiet",
            Self::AgentQuiet => "turn up the microphone's gain, or move it closer",
            Self::CustomerLoud => "tell the trunk if many calls over it are loud",
            Self::CustomerNoisy => "nothing to do here if it is one customer",
            Self::AgentNoisy => "quieter place, or a headset that cancels noise",
        }
    }
}

/// One thing that was wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Which.
    pub kind: ProblemKind,
    /// What was found, with its figure.
    pub found: String,
}

/// A call's quality as it is kept: with the problems as they were judged then.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct QualityReport {
    /// What was measured.
    pub quality: CallQuality,
    /// What was wrong with it.
    pub problems: Vec<Problem>,
}

impl QualityReport {
    /// The report of a call, judged by these limits.
    #[must_use]
    pub fn of(quality: CallQuality, limits: &ProblemLimits) -> Self {
        let problems = quality.problems(limits);
        Self { quality, problems }
    }
}

impl CallQuality {
    /// What was wrong, the network first. Empty: nothing.
    #[must_use]
    pub fn problems(&self, limits: &ProblemLimits) -> Vec<Problem> {
        let mut found = Vec::new();
        let mut add = |kind, found_: String| {
            found.push(Problem {
                kind,
                found: found_,
            });
        };
        for (path, kind) in [
            (&self.customer_hears, ProblemKind::CustomerHearsBadly),
            (&self.agent_hears, ProblemKind::AgentHearsBadly),
        ] {
            if let Some(path) = path.as_ref().filter(|p| p.worst_mos < limits.mos_low) {
                add(kind, bad_path(path));
            }
        }
        if let Some(talk) = &self.conversation {
            missing(talk, limits, &mut add);
            if talk.talk_ms >= limits.talk_least_ms {
                turns(talk, limits, &mut add);
                for (side, figures) in
                    [(Side::Customer, &talk.customer), (Side::Agent, &talk.agent)]
                {
                    voice(side, figures, limits, &mut add);
                }
            }
        }
        found
    }

    /// The lower of both sides' worst scores; none if neither was measured.
    #[must_use]
    pub fn worst_mos(&self) -> Option<f64> {
        let paths = [&self.customer_hears, &self.agent_hears];
        let scores = paths.into_iter().flatten().map(|path| path.worst_mos);
        scores.reduce(f64::min)
    }
}

fn bad_path(path: &PathQuality) -> String {
    let far = match path.loss_from_us_percent {
        Some(percent) => format!("{percent} % from us"),
        None => "from us not reported".to_owned(),
    };
    format!(
        "MOS {:.1} at worst ({} s after the bridge), {:.1} overall; loss {} % to us, {far}, \
         too late {} %, delay {:.0} ms",
        path.worst_mos,
        path.worst_at_ms / 1_000,
        path.mos,
        path.loss_to_us_percent,
        path.discarded_percent,
        path.delay_ms,
    )
}

fn seconds(ms: u64) -> String {
    format!("{:.1} s", ms as f64 / 1_000.0)
}

fn missing(
    talk: &ConversationFigures,
    limits: &ProblemLimits,
    add: &mut impl FnMut(ProblemKind, String),
) {
    let (customer, agent) = (talk.customer.speech_ms, talk.agent.speech_ms);
    let said = |whom: &str, ms| format!("no speech of the {whom} in {}", seconds(ms));
    if talk.talk_ms >= limits.talk_least_ms && customer == 0 && agent > 0 {
        add(
            ProblemKind::CustomerNotHeard,
            said("customer", talk.talk_ms),
        );
    }
    if talk.talk_ms >= limits.talk_least_ms && agent == 0 && customer > 0 && !talk.announced {
        add(ProblemKind::AgentNotHeard, said("agent", talk.talk_ms));
    }
    let Some(within) = limits.agent_speaks_within_ms.filter(|_| !talk.announced) else {
        return;
    };
    match talk.agent_spoke_after_ms {
        Some(after) if after > within => add(
            ProblemKind::AgentLate,
            format!(
                "the agent spoke {} after the bridge, not within {}",
                seconds(after),
                seconds(within)
            ),
        ),
        None if talk.talk_ms >= within => add(
            ProblemKind::AgentLate,
            format!("the agent did not speak within {}", seconds(within)),
        ),
        _ => {}
    }
}

fn turns(
    talk: &ConversationFigures,
    limits: &ProblemLimits,
    add: &mut impl FnMut(ProblemKind, String),
) {
    if talk.longest_dead_air_ms >= limits.dead_air_ms {
        let longest = seconds(talk.longest_dead_air_ms);
        add(
            ProblemKind::DeadAir,
            format!("nobody spoke for {longest} in one go"),
        );
    }
    let talked = talk.talk_ms as f64;
    let both = talk.both_spoke_ms as f64 / talked;
    if both >= limits.both_spoke_share {
        let percent = both * 100.0;
        let times = talk.talk_overs;
        let found = format!("both spoke in {percent:.0} % of the time, {times} times for long");
        add(ProblemKind::TalkOver, found);
    }
    let interrupts = talk.agent.interrupts;
    // One or two prove nothing, however short the call.
    if interrupts > 2 && interrupts as f64 * 600_000.0 / talked > limits.interrupts_per_10_min {
        let found = format!(
            "the agent cut the customer short {interrupts} times in {}",
            seconds(talk.talk_ms)
        );
        add(ProblemKind::AgentInterrupts, found);
    }
    let silent = talk.agent.longest_silence_ms;
    if silent >= limits.agent_silence_ms && talk.agent.speech_ms > 0 {
        let found = format!("the agent was silent for {} in one go", seconds(silent));
        add(ProblemKind::AgentSilent, found);
    }
}

fn voice(
    side: Side,
    figures: &SideFigures,
    limits: &ProblemLimits,
    add: &mut impl FnMut(ProblemKind, String),
) {
    let kinds = match side {
        Side::Customer => [
            ProblemKind::CustomerClipped,
            ProblemKind::CustomerQuiet,
            ProblemKind::CustomerLoud,
            ProblemKind::CustomerNoisy,
        ],
        Side::Agent => [
            ProblemKind::AgentClipped,
            ProblemKind::AgentQuiet,
            ProblemKind::AgentLoud,
            ProblemKind::AgentNoisy,
        ],
    };
    let [clipped, quiet, loud, noisy] = kinds;
    if figures.clipped_share >= limits.clipped_share {
        let percent = figures.clipped_share * 100.0;
        add(
            clipped,
            format!("{percent:.1} % of the speech at full scale"),
        );
    }
    // A word or two have no level worth a word.
    let Some(level) = figures.level_dbov.filter(|_| figures.speech_ms >= 2_000) else {
        return;
    };
    if level < limits.quiet_dbov {
        add(quiet, format!("speech at {level:.0} dBov (usual: -26)"));
    }
    if level > limits.loud_dbov {
        add(loud, format!("speech at {level:.0} dBov (usual: -26)"));
    }
    if let Some(noise) = figures.noise_dbov
        && level - noise < limits.above_noise_db
    {
        let found = format!("noise at {noise:.0} dBov under speech at {level:.0} dBov");
        add(noisy, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(worst_mos: f64) -> PathQuality {
        PathQuality {
            r: 90.0,
            mos: 4.2,
            worst_mos,
            worst_at_ms: 40_000,
            loss_to_us_percent: 1.5,
            discarded_percent: 0.0,
            loss_from_us_percent: None,
            burst_ratio: 1.0,
            jitter_ms: 4.0,
            delay_ms: 90.0,
            delay_measured: false,
        }
    }

    fn side() -> SideFigures {
        SideFigures {
            speech_ms: 50_000,
            spurts: 40,
            level_dbov: Some(-26.0),
            noise_dbov: Some(-62.0),
            ..SideFigures::default()
        }
    }

    fn good() -> CallQuality {
        CallQuality {
            customer_hears: Some(path(4.1)),
            agent_hears: Some(path(4.0)),
            conversation: Some(ConversationFigures {
                talk_ms: 120_000,
                agent_spoke_after_ms: Some(700),
                customer: side(),
                agent: side(),
                ..ConversationFigures::default()
            }),
        }
    }

    fn kinds(call: &CallQuality, limits: &ProblemLimits) -> Vec<ProblemKind> {
        let problems = call.problems(limits);
        problems.iter().map(|p| p.kind).collect()
    }

    #[test]
    fn a_good_call_has_no_problem_and_neither_has_an_unmeasured_one() {
        let limits = ProblemLimits {
            agent_speaks_within_ms: Some(3_000),
            ..ProblemLimits::default()
        };
        assert_eq!(kinds(&good(), &limits), []);
        assert_eq!(kinds(&CallQuality::default(), &limits), []);
        assert_eq!(
            (good().worst_mos(), CallQuality::default().worst_mos()),
            (Some(4.0), None)
        );
    }

    #[test]
    fn each_problem_is_named_with_its_figure() {
        type Spoil = fn(&mut ConversationFigures);
        let cases: [(Spoil, ProblemKind, &str); 10] = [
            (
                |c| c.customer.speech_ms = 0,
                ProblemKind::CustomerNotHeard,
                "in 120.0 s",
            ),
            (
                |c| c.agent.speech_ms = 0,
                ProblemKind::AgentNotHeard,
                "of the agent",
            ),
            (
                |c| c.agent_spoke_after_ms = Some(4_300),
                ProblemKind::AgentLate,
                "4.3 s after",
            ),
            (
                |c| c.longest_dead_air_ms = 22_000,
                ProblemKind::DeadAir,
                "22.0 s",
            ),
            (|c| c.both_spoke_ms = 24_000, ProblemKind::TalkOver, "20 %"),
            (
                |c| c.agent.interrupts = 5,
                ProblemKind::AgentInterrupts,
                "5 times",
            ),
            (
                |c| c.agent.longest_silence_ms = 61_000,
                ProblemKind::AgentSilent,
                "61.0 s",
            ),
            (
                |c| c.agent.clipped_share = 0.034,
                ProblemKind::AgentClipped,
                "3.4 %",
            ),
            (
                |c| c.customer.level_dbov = Some(-43.0),
                ProblemKind::CustomerQuiet,
                "-43 dBov",
            ),
            (
                |c| c.agent.noise_dbov = Some(-36.0),
                ProblemKind::AgentNoisy,
                "-36 dBov",
            ),
        ];
        let limits = ProblemLimits {
            agent_speaks_within_ms: Some(3_000),
            ..ProblemLimits::default()
        };
        for (spoil, kind, figure) in cases {
            let mut call = good();
            spoil(call.conversation.as_mut().unwrap());
            let problems = call.problems(&limits);
            assert_eq!(problems.len(), 1, "{kind:?}: {problems:?}");
            assert_eq!(problems[0].kind, kind);
            assert!(problems[0].found.contains(figure), "{problems:?}");
            assert!(kind.remedy().len() > 20);
        }
    }

    #[test]
    fn a_bad_stretch_of_the_line_is_a_problem_of_who_heard_it() {
        let call = CallQuality {
            agent_hears: Some(path(2.4)),
            ..good()
        };
        let problems = call.problems(&ProblemLimits::default());
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].kind, ProblemKind::AgentHearsBadly);
        assert!(
            problems[0]
                .found
                .starts_with("MOS 2.4 at worst (40 s after")
        );
    }

    #[test]
    fn a_short_call_is_not_blamed_for_what_it_had_no_time_for() {
        let mut call = good();
        let talk = call.conversation.as_mut().unwrap();
        talk.talk_ms = 4_000;
        talk.customer = SideFigures::default();
        talk.both_spoke_ms = 2_000;
        assert_eq!(kinds(&call, &ProblemLimits::default()), []);
    }

    #[test]
    fn names_are_those_of_the_stored_form_and_the_report_reads_back() {
        let kind = ProblemKind::AgentHearsBadly;
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        let text = serde_json::to_string(&good()).unwrap();
        assert_eq!(serde_json::from_str::<CallQuality>(&text).unwrap(), good());
        // A report of an older version, without a field, still reads.
        assert!(serde_json::from_str::<CallQuality>("{}").is_ok());
    }
}
