//! Behaviour of single decisions.

use super::mode::{Mode, Promise, Tuning};
use super::view::{
    AgentView, CallView, Change, FloorCounts, FloorView, Limits, Screening, WindowView,
};
use super::{Constraint, Outcome, Pace, Pacer, Resolution};

/// A floor that tests change field by field.
struct Floor {
    agents: Vec<AgentView>,
    calls: Vec<CallView>,
    waiting: u32,
    window: WindowView,
    limits: Limits,
}

impl Floor {
    fn new(idle: usize, talking: usize) -> Self {
        let mut agents = vec![AgentView::Idle { idle_s: 5.0 }; idle];
        agents.extend(vec![AgentView::Talking { elapsed_s: 40.0 }; talking]);
        Self {
            agents,
            calls: Vec::new(),
            waiting: 0,
            window: WindowView {
                answered: 300,
                abandoned: 6,
                projected: 1_000.0,
            },
            limits: Limits::default(),
        }
    }

    fn ringing(mut self, n: usize, elapsed_s: f64) -> Self {
        self.calls
            .extend(vec![CallView::ringing(elapsed_s, Some(elapsed_s)); n]);
        self
    }

    fn view(&self) -> FloorView<'_> {
        FloorView {
            agents: &self.agents,
            calls: &self.calls,
            waiting: self.waiting,
            window: self.window,
            limits: self.limits,
            ring_minimum_s: 15.0,
            ring_timeout_s: 25.0,
            hold_s: 2.0,
        }
    }

    fn decide(&self, pacer: &mut Pacer, tuning: &Tuning) -> Pace {
        pacer.decide(100.0, &self.view(), tuning)
    }
}

/// A pacer that has seen a list of which a fifth answers, 60 s of talk and 10 s of wrap-up.
fn learned() -> Pacer {
    let mut pacer = Pacer::new();
    for k in 0..600u32 {
        let (outcome, elapsed_s) = match k % 5 {
            0 => (Outcome::Human, 8.0 + f64::from(k % 9)),
            1 => (Outcome::Machine, 10.0 + f64::from(k % 7)),
            _ => (Outcome::NoAnswer, 25.0),
        };
        pacer.observe_resolution(&Resolution {
            outcome,
            elapsed_s,
            rang: true,
            p_human: None,
        });
        if k % 5 == 0 {
            pacer.observe_talk(30.0 + f64::from(k % 13) * 6.0);
            pacer.observe_wrap(6.0 + f64::from(k % 7));
        }
    }
    pacer
}

fn mode(mode: Mode) -> Tuning {
    Tuning {
        mode,
        ..Tuning::default()
    }
}

const HARD: Mode = Mode::Predictive {
    promise: Promise::Hard,
};

#[test]
fn progressive_dials_one_line_per_free_agent() {
    let tuning = mode(Mode::Progressive);
    let mut pacer = learned();
    assert_eq!(Floor::new(4, 6).decide(&mut pacer, &tuning).lines, 4);
    assert_eq!(
        Floor::new(4, 6)
            .ringing(3, 5.0)
            .decide(&mut pacer, &tuning)
            .lines,
        1
    );
    let waiting = Floor {
        waiting: 2,
        ..Floor::new(4, 6).ringing(3, 5.0)
    };
    assert_eq!(waiting.decide(&mut pacer, &tuning).lines, 0);
}

#[test]
fn manual_ratio_multiplies_idle_agents() {
    let tuning = mode(Mode::ManualRatio { ratio: 2.5 });
    let pace = Floor::new(4, 6)
        .ringing(3, 5.0)
        .decide(&mut learned(), &tuning);
    assert_eq!((pace.lines, pace.binding), (7, Constraint::Ratio));
}

#[test]
fn predictive_overdials_but_never_below_one_to_one() {
    let tuning = Tuning::default();
    let mut pacer = learned();
    let pace = Floor::new(4, 6).decide(&mut pacer, &tuning);
    assert!(pace.lines > 4 && pace.lines < 40, "{pace:?}");
    assert!(pace.inputs.overdial <= pace.inputs.threshold);
    assert!(pace.inputs.overdial_next > pace.inputs.threshold);
    // Far above the cap: still a line for each idle agent, and more only where four of five
    // people would have to answer at once.
    let spent = WindowView {
        answered: 300,
        abandoned: 60,
        projected: 1_000.0,
    };
    let pace = Floor {
        window: spent,
        ..Floor::new(4, 0)
    }
    .decide(&mut pacer, &tuning);
    assert!((4..=5).contains(&pace.lines), "{pace:?}");
    assert_eq!(pace.binding, Constraint::AbandonmentBudget);
}

#[test]
fn abandons_lower_and_a_higher_cap_raises_the_lines() {
    let mut pacer = learned();
    let with = |pacer: &mut Pacer, abandoned, cap| {
        let window = WindowView {
            answered: 300,
            abandoned,
            projected: 1_000.0,
        };
        let floor = Floor {
            window,
            ..Floor::new(5, 15)
        };
        floor
            .decide(
                pacer,
                &Tuning {
                    cap,
                    ..Tuning::default()
                },
            )
            .lines
    };
    let (few, some, many) = (
        with(&mut pacer, 0, 0.03),
        with(&mut pacer, 9, 0.03),
        with(&mut pacer, 25, 0.03),
    );
    assert!(few > some && some > many, "{few} {some} {many}");
    assert!(with(&mut pacer, 9, 0.10) > some);
}

#[test]
fn agents_in_wrap_up_and_due_are_supply_and_leaving_ones_are_not() {
    let mut pacer = learned();
    let lines = |pacer: &mut Pacer, agent: AgentView| {
        let mut floor = Floor::new(2, 0);
        floor.agents.extend([agent; 6]);
        floor.decide(pacer, &Tuning::default()).lines
    };
    let wrap = lines(
        &mut pacer,
        AgentView::WrapUp {
            elapsed_s: 8.0,
            limit_s: None,
        },
    );
    let ending = lines(
        &mut pacer,
        AgentView::WrapUp {
            elapsed_s: 1.0,
            limit_s: Some(2.0),
        },
    );
    let talk = lines(&mut pacer, AgentView::Talking { elapsed_s: 10.0 });
    let leaving = lines(&mut pacer, AgentView::Leaving);
    assert!(
        ending >= wrap && wrap > talk && talk >= leaving,
        "{ending} {wrap} {talk} {leaving}"
    );
}

#[test]
fn people_being_told_from_machines_count_as_demand() {
    let mut pacer = learned();
    let mut floor = Floor::new(3, 5);
    let free = floor.decide(&mut pacer, &Tuning::default()).lines;
    let screening = Some(Screening {
        elapsed_s: 1.0,
        p_human: Some(0.9),
    });
    floor.calls = vec![
        CallView {
            screening,
            ..CallView::ringing(10.0, Some(10.0))
        };
        3
    ];
    let pace = floor.decide(&mut pacer, &Tuning::default());
    assert!(pace.lines + 6 < free, "{} {free}", pace.lines);
    assert!(pace.inputs.expected_answers > 2.6);
}

#[test]
fn overbooked_calls_past_the_minimum_are_hung_up_longest_first() {
    let mut pacer = learned();
    let floor = Floor::new(0, 2)
        .ringing(3, 16.0)
        .ringing(4, 5.0)
        .ringing(1, 20.0);
    let pace = floor.decide(&mut pacer, &Tuning::default());
    assert_eq!(pace.lines, 0);
    assert_eq!(pace.cancel.first(), Some(&7), "{pace:?}");
    assert!(
        pace.cancel
            .iter()
            .all(|k| floor.calls[*k].elapsed_s >= 15.0)
    );
    let never = Tuning {
        ring_cancel: false,
        ..Tuning::default()
    };
    assert!(floor.decide(&mut pacer, &never).cancel.is_empty());
    // With agents enough the same calls go on ringing.
    let enough = Floor::new(8, 0).ringing(3, 16.0).ringing(4, 5.0);
    assert!(
        enough
            .decide(&mut pacer, &Tuning::default())
            .cancel
            .is_empty()
    );
}

#[test]
fn protected_and_screened_calls_are_never_hung_up() {
    let mut floor = Floor::new(0, 0).ringing(4, 20.0);
    floor.calls[0].cancelable = false;
    floor.calls[1].screening = Some(Screening {
        elapsed_s: 1.0,
        p_human: None,
    });
    floor.calls[2].ringing_s = Some(14.9);
    let pace = floor.decide(&mut learned(), &Tuning::default());
    assert_eq!(pace.cancel, vec![3]);
}

#[test]
fn without_agents_nothing_is_dialed_and_ripe_calls_end_in_every_mode() {
    for mode_now in [
        Mode::Progressive,
        Mode::ErlangC,
        HARD,
        Mode::ManualRatio { ratio: 3.0 },
    ] {
        let floor = Floor::new(0, 0).ringing(2, 20.0).ringing(2, 3.0);
        let pace = floor.decide(&mut learned(), &mode(mode_now));
        assert_eq!((pace.lines, pace.binding), (0, Constraint::NoAgents));
        assert_eq!(pace.cancel, vec![0, 1]);
    }
}

#[test]
fn guards_lower_what_the_mode_wants_and_say_so() {
    let limits = Limits {
        trunk_channels_free: 3,
        ..Limits::default()
    };
    let pace = Floor {
        limits,
        ..Floor::new(4, 6)
    }
    .decide(&mut learned(), &Tuning::default());
    assert_eq!((pace.lines, pace.binding), (3, Constraint::TrunkChannels));
    assert!(pace.wanted_before_caps > 3);
    let lines = Tuning {
        max_lines_per_agent: 1.0,
        ..Tuning::default()
    };
    let pace = Floor::new(4, 0)
        .ringing(2, 3.0)
        .decide(&mut learned(), &lines);
    assert_eq!((pace.lines, pace.binding), (2, Constraint::LinesPerAgent));
}

#[test]
fn the_hard_promise_starts_progressive_and_spends_only_what_was_earned() {
    let tuning = mode(HARD);
    let none = WindowView {
        answered: 0,
        abandoned: 0,
        projected: 1_000.0,
    };
    let start = Floor {
        window: none,
        ..Floor::new(4, 6)
    }
    .decide(&mut learned(), &tuning);
    assert_eq!((start.lines, start.binding), (4, Constraint::HardLedger));
    // (6 + m) / (300 + m) ≤ 3 % allows m = 3 people more than idle agents.
    let pace = Floor::new(4, 6).decide(&mut learned(), &tuning);
    assert_eq!((pace.lines, pace.binding), (7, Constraint::HardLedger));
}

#[test]
fn a_new_campaign_is_careful() {
    let start = WindowView::over(0, 0, 0.0, 900.0, (0, 0.0));
    let mut floor = Floor::new(10, 0);
    floor.window = start;
    let pace = floor.decide(&mut Pacer::new(), &Tuning::default());
    assert!((10..=20).contains(&pace.lines), "{pace:?}");
}

#[test]
fn a_restored_pacer_decides_the_same() {
    let pacer = learned();
    let bytes = postcard::to_stdvec(&pacer).expect("state serialises");
    let restored: Pacer = postcard::from_bytes(&bytes).expect("state reads back");
    assert_eq!(restored, pacer);
    let floor = Floor::new(3, 9).ringing(6, 7.0);
    let (mut a, mut b) = (pacer, restored);
    assert_eq!(
        floor.decide(&mut a, &Tuning::default()),
        floor.decide(&mut b, &Tuning::default())
    );
}

#[test]
fn large_floors_agree_with_the_exact_law_at_the_switch() {
    // 40 agents are exact, 41 go by moments: no jump in the answer.
    let below = Floor::new(6, 34).ringing(30, 6.0);
    let above = Floor::new(6, 35).ringing(30, 6.0);
    let mut pacer = learned();
    let exact = below.decide(&mut pacer, &Tuning::default());
    let moments = above.decide(&mut pacer, &Tuning::default());
    let gap = exact.lines.abs_diff(moments.lines);
    assert!(gap <= 2, "{} {}", exact.lines, moments.lines);
    let per_agent = exact.inputs.expected_frees / 34.0;
    let gap = moments.inputs.expected_frees - exact.inputs.expected_frees;
    assert!((gap - per_agent).abs() < 1e-3, "{gap} {per_agent}");
}

#[test]
fn nonsense_settings_never_overdial() {
    let mut pacer = learned();
    for tuning in [
        Tuning {
            cap: f64::NAN,
            ..Tuning::default()
        },
        Tuning {
            max_lines_per_agent: f64::NAN,
            ..Tuning::default()
        },
        mode(Mode::ManualRatio { ratio: f64::NAN }),
    ] {
        let pace = Floor::new(4, 6).decide(&mut pacer, &tuning);
        assert!(pace.lines <= 5, "{tuning:?}: {}", pace.lines);
    }
}

#[test]
fn a_decision_explains_itself_in_words() {
    let pace = Floor::new(2, 8)
        .ringing(4, 6.0)
        .decide(&mut learned(), &Tuning::default());
    let text = pace.describe();
    for part in [
        "2 agents idle",
        "expected free within",
        "4 calls in flight",
        "one more line would risk",
    ] {
        assert!(text.contains(part), "{text}");
    }
    let limits = Limits {
        in_hours: false,
        ..Limits::default()
    };
    let closed = Floor {
        limits,
        ..Floor::new(1, 0)
    }
    .decide(&mut learned(), &Tuning::default());
    assert_eq!(
        closed.describe(),
        "dialing no more for now: 1 agent idle, 0 calls in flight; outside calling hours"
    );
}

/// Told of what changed, a glance at a large floor comes to what a look at all of it does.
#[test]
fn a_glance_agrees_with_a_look() {
    let tuning = Tuning::default();
    let mut floor = Floor::new(3, 77).ringing(40, 6.0);
    let mut pacer = learned();
    let before = floor.decide(&mut pacer, &tuning);
    // One conversation ends, a wrapped-up agent goes, one person answers, two lines are dialed.
    let (talking, wrapping) = (
        AgentView::Talking { elapsed_s: 40.0 },
        AgentView::WrapUp {
            elapsed_s: 0.0,
            limit_s: None,
        },
    );
    let (old, new) = (
        CallView::ringing(6.0, Some(6.0)),
        CallView::ringing(0.0, Some(0.0)),
    );
    let changed = [
        Change::Agent {
            before: Some(talking),
            after: Some(wrapping),
        },
        Change::Agent {
            before: None,
            after: Some(AgentView::Talking { elapsed_s: 0.0 }),
        },
        Change::Over(old),
        Change::Dialed(new),
        Change::Dialed(new),
    ];
    floor.agents[0] = AgentView::Talking { elapsed_s: 0.0 };
    floor.agents[79] = wrapping;
    floor.calls.remove(0);
    floor.calls.extend([new, new]);
    let view = floor.view();
    let counts = FloorCounts::of(&view);
    let bare = FloorView {
        agents: &[],
        calls: &[],
        ..view
    };
    let mut glancing = pacer.clone();
    let glance = glancing
        .glance(100.3, &bare, counts, &changed, &tuning)
        .unwrap();
    let look = floor.decide(&mut pacer, &tuning);
    assert_ne!(before.inputs.overdial_next, look.inputs.overdial_next);
    assert!((glance.inputs.overdial_next - look.inputs.overdial_next).abs() < 1e-6);
    assert!((glance.inputs.expected_answers - look.inputs.expected_answers).abs() < 1e-6);
    assert!((glance.inputs.expected_frees - look.inputs.expected_frees).abs() < 1e-6);
    assert_eq!((glance.lines, glance.binding), (look.lines, look.binding));
    // A second later it is time to look again; small floors are always looked at.
    assert_eq!(glancing.glance(101.0, &bare, counts, &[], &tuning), None);
    let small = FloorCounts { busy: 30, ..counts };
    assert_eq!(pacer.glance(100.1, &bare, small, &[], &tuning), None);
}
