//! Which agent takes a call: able first, then the one they know, then skill, then longest idle.

use super::Need;
use crate::id::AgentId;
use crate::time::Mono;
use std::collections::BTreeMap;
use std::time::Duration;

/// An idle agent as routing sees one.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// Who.
    pub agent: AgentId,
    /// Skill → level.
    pub skills: &'a BTreeMap<String, u8>,
    /// Idle since.
    pub idle_since: Mono,
}

/// Whether these skills meet every need that still stands after `waited`.
pub fn serves(skills: &BTreeMap<String, u8>, needs: &[Need], waited: Duration) -> bool {
    needs
        .iter()
        .filter(|need| need.drop_after.is_none_or(|after| waited < after))
        .all(|need| {
            skills
                .get(&need.skill)
                .is_some_and(|have| *have >= need.level)
        })
}

/// The best of the idle agents for a call that has `waited`, or `None` when nobody serves it.
///
/// Among those who meet the needs: the `known` agent (sticky) first, then the largest sum of
/// levels over the needed skills (relaxed ones still count), then the longest idle, then the
/// smallest id.
pub fn best_agent<'a>(
    candidates: impl Iterator<Item = Candidate<'a>>,
    needs: &[Need],
    known: Option<AgentId>,
    waited: Duration,
) -> Option<AgentId> {
    candidates
        .filter(|c| serves(c.skills, needs, waited))
        .min_by_key(|c| {
            let fit: u32 = needs
                .iter()
                .filter_map(|need| c.skills.get(&need.skill))
                .map(|level| u32::from(*level))
                .sum();
            (
                known != Some(c.agent),
                u32::MAX - fit,
                c.idle_since,
                c.agent,
            )
        })
        .map(|c| c.agent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skills(list: &[(&str, u8)]) -> BTreeMap<String, u8> {
        list.iter().map(|(s, l)| ((*s).to_owned(), *l)).collect()
    }

    fn need(skill: &str, level: u8, drop_after_s: Option<u64>) -> Need {
        Need {
            skill: skill.into(),
            level,
            drop_after: drop_after_s.map(Duration::from_secs),
        }
    }

    #[test]
    fn fit_beats_idleness_and_idleness_beats_id() {
        let (novice, expert, none) = (
            skills(&[("loans", 2)]),
            skills(&[("loans", 9)]),
            skills(&[]),
        );
        let floor = [
            (1, &none, 0),
            (2, &novice, 1),
            (3, &expert, 9),
            (4, &expert, 5),
        ];
        let pick = |needs: &[Need], known| {
            let candidates = floor.iter().map(|(id, skills, since)| Candidate {
                agent: AgentId(*id),
                skills,
                idle_since: Mono::from_secs(*since),
            });
            best_agent(candidates, needs, known, Duration::ZERO)
        };
        assert_eq!(pick(&[need("loans", 1, None)], None), Some(AgentId(4)));
        assert_eq!(
            pick(&[need("loans", 1, None)], Some(AgentId(2))),
            Some(AgentId(2))
        );
        assert_eq!(
            pick(&[need("loans", 1, None)], Some(AgentId(1))),
            Some(AgentId(4))
        );
        assert_eq!(pick(&[], None), Some(AgentId(1)));
        assert_eq!(pick(&[need("spanish", 1, None)], None), None);
    }

    #[test]
    fn a_need_falls_away_with_waiting() {
        let anyone = skills(&[]);
        let needs = [need("spanish", 3, Some(2))];
        assert!(!serves(&anyone, &needs, Duration::from_millis(1999)));
        assert!(serves(&anyone, &needs, Duration::from_secs(2)));
    }
}
