//! Following a conversation: its quality, its recording, and what is wrong with its sound.

use super::sounds::Signal;
use super::{Party, Switch};
use crate::keeping::{About, Keeping, RecordingAbout, VerdictNote};
use carillon_decision::Input;
use carillon_decision::conversation::{Party as Member, RecordingOrder};
use carillon_decision::id::{AgentId, CallId};
use carillon_media::quality::conversation::Mark;
use carillon_media::{DeadSign, DeadWay, LegId, MediaEvent};
use std::collections::BTreeSet;
use std::time::Instant;

/// With whom the customer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Scene {
    /// With nobody of the house.
    #[default]
    Alone,
    /// Hears music.
    Held,
    /// With an agent, on that leg.
    With(AgentId, LegId),
}

/// What is kept of one call.
#[derive(Debug, Default)]
pub(super) struct Kept {
    scene: Scene,
    is_tapped: bool,
    is_followed: bool,
    is_recorded: bool,
    /// Problems the engine has been told of.
    told: BTreeSet<&'static str>,
    /// Who answered, and what that rests on.
    pub(super) verdict: Option<VerdictNote>,
}

impl Switch {
    /// Whom the customer of a conversation is with may have changed.
    pub(super) fn note_scene(&mut self, call: CallId) {
        let scene = self.scene(call);
        let now = self.clock.instant();
        let Some(line) = self.calls.get_mut(&call) else {
            return;
        };
        let customer = line.audio();
        let before = std::mem::replace(&mut line.kept.scene, scene);
        if before == scene || self.keeping.is_none() {
            return;
        }
        let (mark, legs) = match (before, scene) {
            (Scene::Held, Scene::With(_, leg)) => (Mark::HoldEnds, Some(leg)),
            (_, Scene::With(_, leg)) => (Mark::Bridged, Some(leg)),
            (_, Scene::Held) => (Mark::HoldStarts, None),
            (_, Scene::Alone) => (Mark::Parted, None),
        };
        if let Scene::With(agent, _) = scene {
            self.follow(now, call, agent);
        }
        if let Some(keeping) = &self.keeping {
            keeping.mark(now, call, mark, customer.zip(legs));
        }
    }

    fn scene(&self, call: CallId) -> Scene {
        if self.talks.is_on_hold(call) {
            return Scene::Held;
        }
        let agent = self
            .talks
            .heard_agents(call, Member::Call(call))
            .into_iter()
            .find(|a| !self.supervises(*a));
        let leg = agent.and_then(|a| self.ear(Member::Agent(a)));
        match agent.zip(leg) {
            Some((agent, leg)) => Scene::With(agent, leg),
            None => Scene::Alone,
        }
    }

    /// Puts the tap on the customer's leg, once.
    fn tap(&mut self, call: CallId) -> bool {
        let Some(line) = self.calls.get_mut(&call) else {
            return false;
        };
        let (Some(keeping), Some(leg)) = (&self.keeping, line.audio()) else {
            return false;
        };
        if !line.kept.is_tapped {
            match self.media.tap(leg, keeping.tap(call)) {
                Ok(()) => line.kept.is_tapped = true,
                Err(error) => {
                    tracing::error!(%call, %error, code = error.code(), "a call is not listened to");
                }
            }
        }
        line.kept.is_tapped
    }

    fn follow(&mut self, now: Instant, call: CallId, agent: AgentId) {
        if !self.tap(call) {
            return;
        }
        let (Some(line), Some(keeping)) = (self.calls.get_mut(&call), &self.keeping) else {
            return;
        };
        if std::mem::replace(&mut line.kept.is_followed, true) {
            return;
        }
        let Some(campaign) = self.campaigns.get(&line.campaign) else {
            return;
        };
        keeping.follow(
            now,
            About {
                call,
                campaign: campaign.id,
                campaign_name: campaign.name.clone(),
                agent,
                speaks_within: campaign.conversation.name_within,
                review_share: campaign.conversation.review_share,
            },
        );
    }

    /// A prompt to the customer begins or ends.
    pub(super) fn note_prompt(&self, call: CallId, begins: bool) {
        if let Some(keeping) = &self.keeping {
            let mark = match begins {
                true => Mark::PromptStarts,
                false => Mark::PromptEnds,
            };
            keeping.mark(self.clock.instant(), call, mark, None);
        }
    }

    /// Closes the leg of a call that is over, after it was counted a last time.
    pub(super) fn close_call_leg(&mut self, call: CallId, kept: Kept, leg: LegId) {
        let now = self.clock.instant();
        if let Some(keeping) = self.keeping.as_ref().filter(|_| kept.is_recorded) {
            keeping.recordings().end(call, now);
        }
        let keeping = self.keeping.as_ref();
        let counted = kept.is_tapped || kept.is_followed;
        if !counted || !keeping.is_some_and(|k| k.end(now, call, leg, kept.verdict)) {
            self.media.close(leg);
        }
    }

    /// Obeys an order to the recorder of a conversation.
    pub(super) fn record(&mut self, call: CallId, order: RecordingOrder) {
        let now = self.clock.instant();
        if let RecordingOrder::Start { class, consent } = order {
            return self.start_recording(now, call, class, consent);
        }
        let by = self.by(call);
        let agents: Vec<AgentId> = self.talks.agents(call).collect();
        let tell = |signal| agents.iter().for_each(|a| self.signal(*a, signal));
        match order {
            RecordingOrder::Pause { .. } => tell(Signal::Paused),
            RecordingOrder::Resume => tell(Signal::Resumed),
            RecordingOrder::Start { .. } | RecordingOrder::Stop => {}
        }
        let Some(line) = self.calls.get_mut(&call).filter(|l| l.kept.is_recorded) else {
            return;
        };
        let Some(recordings) = self.keeping.as_ref().map(Keeping::recordings) else {
            return;
        };
        match order {
            RecordingOrder::Pause { reason } => recordings.pause(call, now, &by, &reason),
            RecordingOrder::Resume => recordings.resume(call, now, &by),
            RecordingOrder::Stop => {
                recordings.end(call, now);
                line.kept.is_recorded = false;
            }
            RecordingOrder::Start { .. } => {}
        }
    }

    fn start_recording(&mut self, now: Instant, call: CallId, class: String, consent: String) {
        let recorded = self.calls.get(&call).map(|l| l.kept.is_recorded);
        if recorded != Some(false) {
            return;
        }
        if !self.tap(call) {
            return tracing::error!(%call, "not recorded: the call cannot be listened to");
        }
        let agent = self.talks.agents(call).find(|a| !self.supervises(*a));
        let agent = agent.map(|a| (a, self.by(call)));
        let (Some(line), Some(keeping)) = (self.calls.get_mut(&call), &self.keeping) else {
            return;
        };
        line.kept.is_recorded = true;
        tracing::info!(%call, class, consent, "recording");
        let campaign = self.campaigns.get(&line.campaign);
        keeping.record(
            now,
            RecordingAbout {
                call,
                campaign: campaign.map(|c| (c.id, c.name.clone())),
                agent,
                lead: line.lead,
                class,
                consent,
            },
        );
    }

    /// The agent of a conversation by login name.
    fn by(&self, call: CallId) -> String {
        let agent = self.talks.agents(call).find(|a| !self.supervises(*a));
        let desk = agent.and_then(|a| self.agents.get(&a));
        desk.map_or_else(String::new, |d| d.setup.name.clone())
    }

    /// A leg carries sound one way only: told once of each call and way.
    pub(super) fn one_way(&mut self, party: Party, event: &MediaEvent) {
        let MediaEvent::OneWay {
            dead,
            sign,
            since,
            strangers,
            ..
        } = event
        else {
            return;
        };
        let (call, whose) = match party {
            Party::Call(call) => (Some(call), "customer"),
            Party::Agent(agent) => (self.talks.of(Member::Agent(agent)), "agent"),
            Party::Test(_) => (None, ""),
        };
        let Some(call) = call else {
            return;
        };
        let seconds = since.as_secs_f64();
        let (kind, problem) = match dead {
            DeadWay::FromFarEnd if *strangers > 0 => (
                "one_way_from",
                format!(
                    "nothing is heard of the {whose} for {seconds:.0} s; {strangers} packets came \
                     from an address their SDP does not name (NAT?)"
                ),
            ),
            DeadWay::FromFarEnd => (
                "one_way_from",
                format!("nothing is heard of the {whose} for {seconds:.0} s: no packet came"),
            ),
            DeadWay::ToFarEnd => (
                "one_way_to",
                format!(
                    "the {whose} has heard nothing for {seconds:.0} s: {}",
                    by(*sign)
                ),
            ),
        };
        self.heard(call, kind, problem);
    }

    /// Tells the engine of a problem, once of each kind and call.
    fn heard(&mut self, call: CallId, kind: &'static str, problem: String) {
        let Some(line) = self.calls.get_mut(&call) else {
            return;
        };
        if line.kept.told.insert(kind) && !self.halted {
            tracing::warn!(%call, problem, "heard");
            self.news.tell(Input::Heard { call, problem });
        }
    }
}

/// How it is known that nothing arrives at a far end.
fn by(sign: DeadSign) -> &'static str {
    match sign {
        DeadSign::ReportsNobody => "their reports (RTCP) name no stream that they receive",
        DeadSign::ReportedLoss | DeadSign::NoPacket => {
            "their reports (RTCP) say that no packet of ours arrives"
        }
    }
}
