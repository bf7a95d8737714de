//! Every scene there can be, judged by what people may and may not hear.

use super::*;
use std::collections::BTreeSet;

const CUSTOMER: CallId = CallId(1);
const OUTSIDE: Party = Party::Call(CallId(2));
const AGENT: AgentId = AgentId(10);
const TARGET: AgentId = AgentId(11);
const ANA: AgentId = AgentId(20);
const BEN: AgentId = AgentId(21);
const MODES: [SuperviseMode; 3] = [
    SuperviseMode::Listen,
    SuperviseMode::Whisper,
    SuperviseMode::Barge,
];
const STAGES: [Stage; 4] = [Stage::Called, Stage::Early, Stage::Apart, Stage::Joined];

fn watches() -> Vec<Vec<Watch>> {
    let one = |supervisor| {
        MODES
            .into_iter()
            .flat_map(move |mode| [AGENT, TARGET].map(|agent| (supervisor, agent, mode)))
            .map(|(supervisor, agent, mode)| Watch {
                supervisor,
                agent,
                mode,
            })
    };
    let mut all = vec![Vec::new()];
    all.extend(one(ANA).map(|w| vec![w]));
    all.extend(one(ANA).flat_map(|a| one(BEN).map(move |b| vec![a, b])));
    all
}

/// Calls `judge` with every scene and its plan.
fn every_scene(mut judge: impl FnMut(&Scene<'_>, &AudioPlan)) -> usize {
    let mut count = 0;
    // Colleagues are called in over lines that are up: they are never on their way.
    let colleague = [Stage::Apart, Stage::Joined].map(|s| Some((Party::Agent(TARGET), s)));
    let outside = STAGES.map(|stage| Some((OUTSIDE, stage)));
    let thirds: Vec<_> = [None].into_iter().chain(colleague).chain(outside).collect();
    for watches in watches() {
        for agent in [None, Some(AGENT)] {
            for parked in [false, true] {
                for third in &thirds {
                    let scene = Scene {
                        customer: CUSTOMER,
                        agent,
                        parked,
                        third: *third,
                        watches: &watches,
                        music: "music",
                    };
                    judge(&scene, &plan(&scene));
                    count += 1;
                }
            }
        }
    }
    count
}

fn heard_by(plan: &AudioPlan, who: Party) -> BTreeSet<Party> {
    plan.parties
        .iter()
        .filter(|p| p.who == who)
        .flat_map(|p| p.hears.iter().copied())
        .collect()
}

#[test]
fn what_nobody_may_ever_hear() {
    let customer = Party::Call(CUSTOMER);
    let scenes = every_scene(|scene, plan| {
        let names: BTreeSet<Party> = plan.parties.iter().map(|p| p.who).collect();
        assert_eq!(names.len(), plan.parties.len(), "each once: {plan:?}");
        for party in &plan.parties {
            let mut sorted = party.hears.clone();
            sorted.dedup();
            assert_eq!(sorted, party.hears, "nobody twice: {plan:?}");
            assert!(!party.hears.contains(&party.who), "themselves: {plan:?}");
            assert!(
                party.hears.iter().all(|heard| names.contains(heard)),
                "somebody outside the plan: {plan:?}"
            );
            assert!(party.music.is_none() || party.hears.is_empty());
            assert_eq!(
                party.music.is_some(),
                party.who == customer && scene.parked,
                "music is for parked customers: {plan:?}"
            );
            if scene.parked {
                assert!(!party.hears.contains(&customer), "a parked one: {plan:?}");
            }
        }
        for watch in scene.watches {
            let supervisor = Party::Agent(watch.supervisor);
            let audience: BTreeSet<Party> = plan
                .parties
                .iter()
                .filter(|p| p.hears.contains(&supervisor))
                .map(|p| p.who)
                .collect();
            let others: BTreeSet<Party> = scene
                .watches
                .iter()
                .map(|w| Party::Agent(w.supervisor))
                .collect();
            let people: BTreeSet<Party> = audience.difference(&others).copied().collect();
            match watch.mode {
                SuperviseMode::Listen => assert!(audience.is_empty(), "{plan:?}"),
                SuperviseMode::Whisper => {
                    assert!(
                        people.iter().all(|p| *p == Party::Agent(watch.agent)),
                        "a whisper for others: {plan:?}"
                    );
                }
                SuperviseMode::Barge => {}
            }
        }
    });
    assert_eq!(scenes, 43 * 2 * 2 * 7);
}

#[test]
fn a_supervisor_hears_the_agent_and_all_the_agent_hears() {
    every_scene(|scene, plan| {
        for watch in scene.watches {
            let (supervisor, agent) = (Party::Agent(watch.supervisor), Party::Agent(watch.agent));
            if !plan.parties.iter().any(|p| p.who == agent) {
                assert!(plan.parties.iter().all(|p| p.who != supervisor));
                continue;
            }
            let mut expected = heard_by(plan, agent);
            expected.insert(agent);
            expected.remove(&supervisor);
            assert_eq!(heard_by(plan, supervisor), expected, "{plan:?}");
            let in_circle = !heard_by(plan, Party::Call(CUSTOMER)).is_empty();
            if watch.mode == SuperviseMode::Barge && in_circle {
                assert!(heard_by(plan, Party::Call(CUSTOMER)).contains(&supervisor));
            }
        }
    });
}

#[test]
fn without_supervisors_talk_is_mutual() {
    every_scene(|scene, plan| {
        if !scene.watches.is_empty() || matches!(scene.third, Some((_, Stage::Early))) {
            return;
        }
        for party in &plan.parties {
            for heard in &party.hears {
                assert!(heard_by(plan, *heard).contains(&party.who), "{plan:?}");
            }
        }
    });
}

fn scene(third: Option<(Party, Stage)>, parked: bool, watches: &[Watch]) -> AudioPlan {
    plan(&Scene {
        customer: CUSTOMER,
        agent: Some(AGENT),
        parked,
        third,
        watches,
        music: "music",
    })
}

/// The plan as one line for each party: who, whom they hear, `~` for music.
fn told(plan: &AudioPlan) -> Vec<String> {
    let name = |p: Party| match p {
        Party::Call(CallId(1)) => "customer",
        Party::Call(_) => "outside",
        Party::Agent(AGENT) => "agent",
        Party::Agent(TARGET) => "target",
        Party::Agent(_) => "supervisor",
    };
    plan.parties
        .iter()
        .map(|p| {
            let hears: Vec<&str> = p.hears.iter().map(|h| name(*h)).collect();
            let music = if p.music.is_some() { "~" } else { "" };
            format!("{}: {}{music}", name(p.who), hears.join("+"))
        })
        .collect()
}

#[test]
fn the_scenes_people_know() {
    assert_eq!(pair(CUSTOMER, AGENT), scene(None, false, &[]));
    assert_eq!(
        told(&pair(CUSTOMER, AGENT)),
        ["customer: agent", "agent: customer"]
    );
    assert_eq!(told(&scene(None, true, &[])), ["customer: ~", "agent: "]);
    assert_eq!(
        told(&scene(Some((OUTSIDE, Stage::Early)), true, &[])),
        ["customer: ~", "agent: outside", "outside: "]
    );
    assert_eq!(
        told(&scene(
            Some((Party::Agent(TARGET), Stage::Apart)),
            true,
            &[]
        )),
        ["customer: ~", "agent: target", "target: agent"]
    );
    assert_eq!(
        told(&scene(Some((OUTSIDE, Stage::Joined)), false, &[])),
        [
            "customer: outside+agent",
            "agent: customer+outside",
            "outside: customer+agent"
        ]
    );
    let watch = |mode| Watch {
        supervisor: ANA,
        agent: AGENT,
        mode,
    };
    assert_eq!(
        told(&scene(None, false, &[watch(SuperviseMode::Listen)])),
        [
            "customer: agent",
            "agent: customer",
            "supervisor: customer+agent"
        ]
    );
    assert_eq!(
        told(&scene(None, false, &[watch(SuperviseMode::Whisper)])),
        [
            "customer: agent",
            "agent: customer+supervisor",
            "supervisor: customer+agent"
        ]
    );
    assert_eq!(
        told(&scene(None, false, &[watch(SuperviseMode::Barge)])),
        [
            "customer: agent+supervisor",
            "agent: customer+supervisor",
            "supervisor: customer+agent"
        ]
    );
}
