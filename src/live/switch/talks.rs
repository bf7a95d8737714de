//! Who hears whom: the conversations as the engine ordered them, kept true in the relay while
//! legs come and go.

use super::Switch;
use super::lines::Stage;
use super::sounds::Filler;
use carillon_decision::agent::Role;
use carillon_decision::conversation::{AudioPlan, Hears, Party as Member};
use carillon_decision::id::{AgentId, CallId};
use carillon_media::LegId;
use std::collections::BTreeMap;

/// The conversations.
#[derive(Debug, Default)]
pub(super) struct Talks {
    plans: BTreeMap<CallId, AudioPlan>,
    /// The conversation each party is in.
    of: BTreeMap<Member, CallId>,
    /// What is played over and over to a leg.
    fillers: BTreeMap<LegId, Filler>,
}

impl Talks {
    /// The conversation somebody is in, named by its customer's call.
    pub(super) fn of(&self, member: Member) -> Option<CallId> {
        self.of.get(&member).copied()
    }

    /// Whether the customer hears music.
    pub(super) fn is_on_hold(&self, call: CallId) -> bool {
        self.hears(call, Member::Call(call))
            .is_some_and(|h| h.music.is_some())
    }

    /// Conversations whose customer hears music, with an agent of each.
    pub(super) fn held(&self) -> Vec<(CallId, Option<AgentId>)> {
        let held = self.plans.keys().filter(|&&call| self.is_on_hold(call));
        held.map(|&call| (call, self.agents(call).next())).collect()
    }

    /// Agents and supervisors in a conversation.
    pub(super) fn agents(&self, call: CallId) -> impl Iterator<Item = AgentId> + '_ {
        let parties = self.plans.get(&call).into_iter().flat_map(|p| &p.parties);
        parties.filter_map(|h| match h.who {
            Member::Agent(agent) => Some(agent),
            Member::Call(_) => None,
        })
    }

    /// Agents who hear a party of a conversation.
    pub(super) fn listeners(&self, call: CallId, to: Member) -> Vec<AgentId> {
        let parties = self.plans.get(&call).into_iter().flat_map(|p| &p.parties);
        let listens = parties.filter(|h| h.hears.contains(&to));
        listens
            .filter_map(|h| match h.who {
                Member::Agent(agent) => Some(agent),
                Member::Call(_) => None,
            })
            .collect()
    }

    /// Agents and supervisors whom somebody in a conversation hears.
    pub(super) fn heard_agents(&self, call: CallId, by: Member) -> Vec<AgentId> {
        let hears = self.hears(call, by).map_or(&[][..], |h| &h.hears);
        let agents = hears.iter().filter_map(|m| match m {
            Member::Agent(agent) => Some(*agent),
            Member::Call(_) => None,
        });
        agents.collect()
    }

    fn hears(&self, call: CallId, member: Member) -> Option<&Hears> {
        let plan = self.plans.get(&call)?;
        plan.parties.iter().find(|h| h.who == member)
    }

    /// Takes a plan; gives those who are new in its conversation, and those who left it.
    fn take(&mut self, plan: AudioPlan) -> (Vec<Member>, Vec<Member>) {
        let call = plan.call;
        let before = self.plans.remove(&call).map_or(Vec::new(), |p| p.parties);
        let now: Vec<Member> = plan.parties.iter().map(|h| h.who).collect();
        let mut left: Vec<Member> = before.into_iter().map(|h| h.who).collect();
        // Somebody another conversation has taken meanwhile is not touched.
        left.retain(|m| !now.contains(m) && self.of(*m) == Some(call));
        for member in &left {
            self.of.remove(member);
        }
        let mut new = now;
        new.retain(|m| self.of(*m) != Some(call));
        for &member in &new {
            if let Some(old) = self.of.insert(member, call) {
                self.strike(old, member);
            }
        }
        if !plan.parties.is_empty() {
            self.plans.insert(call, plan);
        }
        (new, left)
    }

    /// Takes a party out of a plan.
    fn strike(&mut self, call: CallId, member: Member) {
        if let Some(plan) = self.plans.get_mut(&call) {
            plan.parties.retain(|h| h.who != member);
            for hears in &mut plan.parties {
                hears.hears.retain(|m| *m != member);
            }
        }
    }

    /// Takes somebody out of their conversation. One without any call is over: gives its agents,
    /// who hear nothing any more.
    fn leave(&mut self, member: Member) -> Vec<Member> {
        let Some(call) = self.of.remove(&member) else {
            return Vec::new();
        };
        self.strike(call, member);
        let parties = self.plans.get(&call).map_or(&[][..], |p| &p.parties);
        if parties.iter().any(|h| matches!(h.who, Member::Call(_))) {
            return Vec::new();
        }
        let rest: Vec<Member> = parties.iter().map(|h| h.who).collect();
        self.plans.remove(&call);
        for member in &rest {
            self.of.remove(member);
        }
        rest
    }
}

impl Switch {
    /// Obeys a plan.
    pub(super) fn audio(&mut self, plan: AudioPlan) {
        let call = plan.call;
        tracing::debug!(%call, parties = plan.parties.len(), "who hears whom");
        let new = self.keep_plan(plan);
        // Agents who come in by a plan were not told by the bridge.
        for member in new {
            if let Member::Agent(agent) = member {
                self.tell_of_join(agent);
            }
        }
        self.apply(call);
    }

    /// Notes that a bridge has joined these two, and nobody else.
    pub(super) fn joined(&mut self, call: CallId, agent: AgentId) {
        let pair = [Member::Call(call), Member::Agent(agent)];
        let hears = |who, other| Hears {
            who,
            hears: vec![other],
            music: None,
        };
        self.keep_plan(AudioPlan {
            call,
            parties: vec![hears(pair[0], pair[1]), hears(pair[1], pair[0])],
        });
        for member in pair {
            if let Some(leg) = self.ear(member) {
                self.fill(leg, None);
            }
        }
        self.note_scene(call);
    }

    fn keep_plan(&mut self, plan: AudioPlan) -> Vec<Member> {
        let call = plan.call;
        self.seat_supervisors(&plan);
        let (new, left) = self.talks.take(plan);
        for member in left {
            self.silence(member);
        }
        let calls = self.talks.plans.get(&call).into_iter();
        let calls: Vec<CallId> = calls
            .flat_map(|p| &p.parties)
            .filter_map(|h| match h.who {
                Member::Call(call) => Some(call),
                Member::Agent(_) => None,
            })
            .collect();
        for call in calls {
            if let Some(line) = self.calls.get_mut(&call)
                && line.stage == Stage::Answered
            {
                line.stage = Stage::Talking;
            }
        }
        new
    }

    /// A supervisor's keys are for the agent they are with.
    fn seat_supervisors(&mut self, plan: &AudioPlan) {
        let agents = plan.parties.iter().filter_map(|h| match h.who {
            Member::Agent(agent) => Some(agent),
            Member::Call(_) => None,
        });
        let (supervisors, agents): (Vec<_>, Vec<_>) = agents.partition(|a| self.supervises(*a));
        let Some(&first) = agents.first() else {
            return;
        };
        for supervisor in supervisors {
            if let Some(desk) = self.agents.get_mut(&supervisor) {
                let stays = desk.beside.filter(|a| agents.contains(a));
                desk.beside = stays.or(Some(first));
            }
        }
    }

    pub(super) fn supervises(&self, agent: AgentId) -> bool {
        let desk = self.agents.get(&agent);
        desk.is_some_and(|d| d.setup.role == Role::Supervisor)
    }

    fn tell_of_join(&mut self, agent: AgentId) {
        let phone = self.ear(Member::Agent(agent));
        if let Some(leg) = phone.filter(|_| !self.supervises(agent)) {
            self.media.zip(leg);
        }
    }

    /// Applies the plan a party is in anew: its leg has just come up, or rings now.
    pub(super) fn heard_again(&mut self, member: Member) {
        if let Some(call) = self.talks.of(member) {
            self.apply(call);
        }
    }

    fn apply(&mut self, call: CallId) {
        let parties = self.talks.plans.get(&call).map(|p| p.parties.clone());
        for one in parties.unwrap_or_default() {
            let Some(leg) = self.ear(one.who) else {
                continue;
            };
            let heard = one.hears.iter().filter(|m| **m != one.who);
            let sources: Vec<LegId> = heard.filter_map(|m| self.ear(*m)).collect();
            if let Err(error) = self.media.hear(leg, &sources) {
                tracing::warn!(%call, who = ?one.who, %error, code = error.code(), "does not hear");
            }
            let filler = match &one.music {
                Some(prompt) => Some(Filler::Music(prompt.clone())),
                None => self.rings_for(call, &one).then_some(Filler::Ringback),
            };
            self.fill(leg, filler);
        }
        self.note_scene(call);
    }

    /// Whether an agent hears nobody and waits for a destination that rings without being heard.
    fn rings_for(&self, call: CallId, one: &Hears) -> bool {
        let Member::Agent(agent) = one.who else {
            return false;
        };
        let mute =
            |m: &Member| matches!(m, Member::Call(c) if self.calls.get(c).is_some_and(|l| l.rings));
        let mut lines = self.calls.values();
        one.hears.iter().all(mute)
            && !self.supervises(agent)
            && lines.any(|l| l.rings && l.conversation == Some(call))
    }

    /// Where somebody hears and is heard; `None` when they are gone, or not there yet.
    pub(super) fn ear(&self, member: Member) -> Option<LegId> {
        match member {
            Member::Call(call) => self.calls.get(&call)?.audio(),
            Member::Agent(agent) => {
                let desk = self.agents.get(&agent).filter(|desk| desk.up)?;
                desk.media.map(|port| port.leg)
            }
        }
    }

    /// Plays this over and over, in place of what was played so before.
    fn fill(&mut self, leg: LegId, filler: Option<Filler>) {
        let plays = self.talks.fillers.get(&leg);
        if plays == filler.as_ref() {
            return;
        }
        match filler {
            Some(filler) => {
                self.media.fill(leg, &filler);
                self.talks.fillers.insert(leg, filler);
            }
            None => {
                self.media.stop_play(leg);
                self.talks.fillers.remove(&leg);
            }
        }
    }

    /// Something else was played to a leg: its music has to begin anew after it.
    pub(super) fn filler_gone(&mut self, leg: LegId) {
        self.talks.fillers.remove(&leg);
    }

    fn silence(&mut self, member: Member) {
        if let Some(leg) = self.ear(member) {
            self.fill(leg, None);
            // A leg that is gone hears nothing either.
            let _ = self.media.hear(leg, &[]);
        }
    }

    /// Takes somebody out of their conversation: they hear nobody, and nobody hears them.
    pub(super) fn leave_talk(&mut self, member: Member) {
        let Some(call) = self.talks.of(member) else {
            return;
        };
        if let Some(leg) = self.ear(member) {
            self.fill(leg, None);
            self.media.unbridge(leg);
        }
        for rest in self.talks.leave(member) {
            self.silence(rest);
        }
        self.note_scene(call);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CUSTOMER: Member = Member::Call(CallId(1));
    const TARGET: Member = Member::Call(CallId(2));
    const ANA: Member = Member::Agent(AgentId(1));
    const BEN: Member = Member::Agent(AgentId(2));

    fn plan(call: u64, parties: &[(Member, &[Member], Option<&str>)]) -> AudioPlan {
        let hears = |(who, hears, music): &(Member, &[Member], Option<&str>)| Hears {
            who: *who,
            hears: hears.to_vec(),
            music: music.map(str::to_owned),
        };
        AudioPlan {
            call: CallId(call),
            parties: parties.iter().map(hears).collect(),
        }
    }

    #[test]
    fn a_plan_says_who_comes_and_who_goes() {
        let mut talks = Talks::default();
        let (new, left) = talks.take(plan(
            1,
            &[(CUSTOMER, &[ANA], None), (ANA, &[CUSTOMER], None)],
        ));
        assert_eq!((new, left), (vec![CUSTOMER, ANA], vec![]));
        let consult = plan(
            1,
            &[
                (CUSTOMER, &[], Some("hold-music")),
                (ANA, &[TARGET], None),
                (TARGET, &[ANA], None),
            ],
        );
        assert_eq!(talks.take(consult), (vec![TARGET], vec![]));
        assert!(talks.is_on_hold(CallId(1)));
        assert_eq!(talks.held(), [(CallId(1), Some(AgentId(1)))]);
        let passed = plan(
            1,
            &[(CUSTOMER, &[TARGET], None), (TARGET, &[CUSTOMER], None)],
        );
        assert_eq!(talks.take(passed), (vec![], vec![ANA]));
        assert_eq!(talks.of(ANA), None);
        assert!(!talks.is_on_hold(CallId(1)));
    }

    #[test]
    fn one_whom_another_conversation_took_is_left_alone() {
        let mut talks = Talks::default();
        talks.take(plan(
            1,
            &[
                (CUSTOMER, &[ANA], None),
                (ANA, &[CUSTOMER], None),
                (BEN, &[ANA], None),
            ],
        ));
        talks.take(plan(
            7,
            &[(Member::Call(CallId(7)), &[BEN], None), (BEN, &[], None)],
        ));
        let (_, left) = talks.take(plan(
            1,
            &[(CUSTOMER, &[ANA], None), (ANA, &[CUSTOMER], None)],
        ));
        assert_eq!(left, [], "Ben is elsewhere already");
        assert_eq!(talks.of(BEN), Some(CallId(7)));
    }

    #[test]
    fn the_customers_end_leaves_agent_and_destination_until_the_last_call_is_gone() {
        let mut talks = Talks::default();
        let all = [CUSTOMER, ANA, TARGET];
        let parties = all.map(|who| (who, &all[..], None));
        talks.take(plan(1, &parties));
        assert_eq!(talks.leave(CUSTOMER), []);
        assert_eq!(talks.of(ANA), Some(CallId(1)));
        assert!(talks.hears(CallId(1), ANA).unwrap().hears == [ANA, TARGET]);
        assert_eq!(talks.leave(TARGET), [ANA]);
        assert_eq!((talks.of(ANA), talks.plans.len()), (None, 0));
    }
}
