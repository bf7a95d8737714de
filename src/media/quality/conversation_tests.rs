//! Conversations made up, and what is found in them.

use super::super::path::IntervalScores;
use super::super::voices::{babble, noise, silence};
use super::*;

/// What a side does, for how long.
#[derive(Clone, Copy)]
enum Does {
    Talks(u32),
    Listens(u32),
}
use Does::{Listens, Talks};

/// A side's audio over a quiet line.
fn voice(level: f32, seed: u64, parts: &[Does]) -> Vec<i16> {
    let mut out = Vec::new();
    for (n, part) in parts.iter().enumerate() {
        let seed = seed * 100 + n as u64;
        match *part {
            Talks(ms) => out.extend(babble(level, ms, seed)),
            Listens(ms) => out.extend(noise(-65.0, ms, seed)),
        }
    }
    out
}

struct Heard {
    figures: ConversationFigures,
    alarms: Vec<Alarm>,
}

impl Heard {
    fn raised(&self, kind: AlarmKind) -> Vec<u64> {
        let up = self.alarms.iter().filter(|a| a.kind == kind && a.raised);
        up.map(|a| a.at_ms).collect()
    }
}

fn hear_with(
    settings: ConversationSettings,
    left: &[i16],
    right: &[i16],
    marks: &[(u64, Mark)],
) -> Heard {
    let mut conversation = Conversation::new(settings);
    let mut alarms = Vec::new();
    marks
        .iter()
        .for_each(|(at, mark)| conversation.mark(*at, *mark));
    conversation.push(left, right, |alarm| alarms.push(alarm));
    let figures = conversation.finish(|alarm| alarms.push(alarm));
    Heard { figures, alarms }
}

fn hear(left: &[i16], right: &[i16], marks: &[(u64, Mark)]) -> Heard {
    hear_with(ConversationSettings::default(), left, right, marks)
}

const BRIDGED: (u64, Mark) = (0, Mark::Bridged);

fn near(found: u64, made: u64, within: u64) {
    assert!(
        found.abs_diff(made) <= within,
        "{found} is not {made} ± {within}"
    );
}

#[test]
fn an_ordinary_conversation_has_its_figures_and_no_alarm() {
    let turns = [Talks(4_000), Listens(6_000), Talks(3_000), Listens(5_500)];
    let customer = voice(
        -28.0,
        1,
        &[Listens(4_300), Talks(5_200), Listens(4_000), Talks(5_000)],
    );
    let heard = hear(&customer, &voice(-24.0, 2, &turns), &[BRIDGED]);
    let f = &heard.figures;
    assert_eq!(heard.alarms, []);
    near(f.talk_ms, 18_500, 0);
    near(f.agent.speech_ms, 7_000, 250);
    near(f.customer.speech_ms, 10_200, 250);
    assert!((f.agent_talk_share.unwrap() - 0.41).abs() < 0.03);
    let levels = (f.customer.level_dbov.unwrap(), f.agent.level_dbov.unwrap());
    assert!(
        (levels.0 + 28.0).abs() < 2.5 && (levels.1 + 24.0).abs() < 2.5,
        "{levels:?}"
    );
    let noise = f.agent.noise_dbov.unwrap();
    assert!((noise + 65.0).abs() < 3.0, "{noise}");
    assert_eq!((f.talk_overs, f.dead_air_spans), (0, 0));
    assert_eq!((f.agent.interrupts, f.customer.interrupts), (0, 0));
    assert!(f.agent_spoke_after_ms.unwrap() < 60);
    assert_eq!(f.agent.clipped_share, 0.0);
    assert!(f.strip.agent.starts_with("9999") && f.strip.customer.starts_with("0000"));
}

#[test]
fn dead_air_is_told_while_it_lasts_and_when_it_ends() {
    let agent = voice(-26.0, 3, &[Talks(3_000), Listens(12_000), Talks(2_000)]);
    let customer = voice(-26.0, 4, &[Listens(17_000)]);
    let heard = hear(&customer, &agent, &[BRIDGED]);
    let at = heard.raised(AlarmKind::DeadAir);
    assert_eq!(at.len(), 1);
    near(at[0], 11_000, 100);
    let over = heard.alarms.iter().find(|a| !a.raised).unwrap();
    assert_eq!(over.kind, AlarmKind::DeadAir);
    near(over.at_ms, 15_000, 100);
    let f = heard.figures;
    assert_eq!(f.dead_air_spans, 1);
    near(f.longest_dead_air_ms, 12_000, 100);
    near(f.agent.longest_silence_ms, 12_000, 100);
}

#[test]
fn a_hold_is_no_dead_air_and_its_music_no_agent() {
    let agent = voice(-26.0, 5, &[Talks(3_000), Talks(20_000), Talks(2_000)]);
    let customer = voice(-26.0, 6, &[Listens(25_000)]);
    let hold = [BRIDGED, (3_000, Mark::HoldStarts), (23_000, Mark::HoldEnds)];
    let f = hear(&customer, &agent, &hold).figures;
    assert_eq!((f.hold_ms, f.talk_ms), (20_000, 5_000));
    near(f.agent.speech_ms, 5_000, 150);
    assert!(f.strip.agent.contains("hhhh"));
    let silent = [
        voice(-26.0, 7, &[Talks(3_000), Listens(20_000), Talks(2_000)]),
        vec![],
    ]
    .concat();
    let held = hear(&customer, &silent, &hold);
    assert!(held.raised(AlarmKind::DeadAir).is_empty());
    assert_eq!(held.figures.dead_air_spans, 0);
}

#[test]
fn a_side_that_is_never_heard_is_told() {
    let agent = voice(-26.0, 8, &[Talks(6_000), Listens(2_000), Talks(10_000)]);
    let heard = hear(&silence(18_000), &agent, &[BRIDGED]);
    let missing = AlarmKind::OneWay(Side::Customer);
    near(heard.raised(missing)[0], 15_000, 20);
    assert!(heard.raised(AlarmKind::OneWay(Side::Agent)).is_empty());
    // One word takes it back.
    let word = voice(-26.0, 9, &[Listens(16_000), Talks(500), Listens(1_500)]);
    let heard = hear(&word, &agent, &[BRIDGED]);
    assert_eq!(heard.raised(missing).len(), 1);
    assert!(heard.alarms.iter().any(|a| a.kind == missing && !a.raised));
}

#[test]
fn the_agents_first_word_is_timed_from_the_bridge() {
    let settings = ConversationSettings {
        agent_speaks_within_ms: Some(3_000),
        ..ConversationSettings::default()
    };
    let first_word = |after: u32, marks: &[(u64, Mark)]| {
        let agent = voice(-26.0, 10, &[Listens(2_000 + after), Talks(3_000)]);
        let customer = voice(-26.0, 11, &[Talks(1_000), Listens(4_000 + after)]);
        hear_with(settings, &customer, &agent, marks)
    };
    let bridged = [(2_000, Mark::Bridged)];
    let quick = first_word(800, &bridged);
    near(quick.figures.agent_spoke_after_ms.unwrap(), 800, 40);
    assert!(quick.raised(AlarmKind::AgentLate).is_empty());
    let late = first_word(4_200, &bridged);
    near(late.figures.agent_spoke_after_ms.unwrap(), 4_200, 40);
    assert_eq!(late.raised(AlarmKind::AgentLate), [5_000]);
    // A prompt that names the institution stands in for the agent, and is not the agent.
    let prompt = [
        (2_000, Mark::Bridged),
        (2_000, Mark::PromptStarts),
        (5_000, Mark::PromptEnds),
    ];
    let named = hear_with(
        settings,
        &voice(-26.0, 12, &[Listens(12_000)]),
        &voice(
            -26.0,
            13,
            &[Listens(2_000), Talks(2_900), Listens(2_100), Talks(5_000)],
        ),
        &prompt,
    );
    assert!(named.raised(AlarmKind::AgentLate).is_empty());
    assert!(named.figures.announced);
    near(named.figures.agent_spoke_after_ms.unwrap(), 5_000, 40);
    near(named.figures.agent.speech_ms, 5_000, 150);
}

#[test]
fn clipped_speech_is_told_and_taken_back() {
    let mut agent = voice(-26.0, 14, &[Talks(4_000)]);
    // Eight times too loud, pressed into the law's top code.
    let loud = voice(-12.0, 15, &[Talks(6_000)]);
    agent.extend(
        loud.iter()
            .map(|s| (i32::from(*s) * 8).clamp(-32_124, 32_124) as i16),
    );
    agent.extend(voice(-26.0, 16, &[Talks(30_000)]));
    let customer = voice(-26.0, 17, &[Listens(40_000)]);
    let heard = hear(&customer, &agent, &[BRIDGED]);
    let kind = AlarmKind::Clipping(Side::Agent);
    let at = heard.raised(kind);
    assert!(at.len() == 1 && (4_000..6_000).contains(&at[0]), "{at:?}");
    assert!(heard.alarms.iter().any(|a| a.kind == kind && !a.raised));
    assert!(heard.figures.agent.clipped_share > 0.02);
    assert_eq!(heard.figures.customer.clipped_share, 0.0);
}

#[test]
fn interruptions_and_talk_over_are_found_in_sound() {
    // The agent is cut short at 3.5 s; later both talk for three seconds.
    let agent = [Talks(3_900), Listens(4_100), Talks(6_000), Listens(1_000)];
    let customer = [
        Listens(3_500),
        Talks(3_500),
        Listens(4_000),
        Talks(3_000),
        Listens(1_000),
    ];
    let f = hear(
        &voice(-26.0, 18, &customer),
        &voice(-26.0, 19, &agent),
        &[BRIDGED],
    )
    .figures;
    assert_eq!((f.customer.interrupts, f.agent.interrupts), (1, 0));
    assert_eq!(f.talk_overs, 1);
    near(f.both_spoke_ms, 3_400, 300);
}

#[test]
fn bad_scores_are_told_with_hysteresis() {
    let mut conversation = Conversation::new(ConversationSettings::default());
    let mut told = Vec::new();
    for score in [4.3, 2.9, 3.2, 3.3, 3.5, 3.0] {
        let scores = IntervalScores {
            customer_hears: Some(score),
            agent_hears: None,
        };
        conversation.scores(&scores, |alarm| told.push((score, alarm.raised)));
    }
    assert_eq!(told, [(2.9, true), (3.5, false), (3.0, true)]);
}

#[test]
fn nothing_counts_before_the_bridge_and_after_the_parting() {
    let agent = voice(-26.0, 20, &[Talks(9_000)]);
    let customer = voice(-26.0, 21, &[Talks(9_000)]);
    let marks = [(3_000, Mark::Bridged), (6_000, Mark::Parted)];
    let f = hear(&customer, &agent, &marks).figures;
    assert_eq!((f.talk_ms, f.agent_spoke_after_ms), (3_000, Some(0)));
    let never = hear(&customer, &agent, &[]).figures;
    assert_eq!((never.talk_ms, never.agent.level_dbov), (0, None));
}

#[test]
fn pieces_of_any_size_and_marks_in_any_order_give_the_same() {
    let agent = voice(-26.0, 22, &[Talks(2_000), Listens(3_000), Talks(1_003)]);
    let customer = voice(-26.0, 23, &[Listens(2_500), Talks(3_503)]);
    let marks = [
        (4_000, Mark::HoldStarts),
        (100, Mark::Bridged),
        (4_500, Mark::HoldEnds),
    ];
    let run = |piece: usize| {
        let mut conversation = Conversation::new(ConversationSettings::default());
        marks.iter().for_each(|(at, m)| conversation.mark(*at, *m));
        for (left, right) in customer.chunks(piece).zip(agent.chunks(piece)) {
            conversation.push(left, right, |_| {});
        }
        conversation.finish(|_| {})
    };
    let whole = run(usize::MAX);
    assert_eq!(
        (run(8), run(104), run(1_600)),
        (whole.clone(), whole.clone(), whole)
    );
}
