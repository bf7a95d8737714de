//! Learns the score that tells people from machines, from labelled recordings.
//!
//! `cargo run -p carillon-media --release --example amd_learn -- LABELS.csv TABLE [DATE]`
//!
//! Uses the clips of set `tune` and class `person` or `machine`; needs the columns `file`, `set`,
//! `class`, `voice` (of own recordings: the number called). Fits the curves, chooses the thresholds
//! by five-fold cross-validation **by voice**, and writes the table: into the crate
//! (`src/media/greeting/learned.table`), or elsewhere as a campaign's own.

#[path = "../amd/corpus.rs"]
mod corpus;
mod fit;
#[path = "../amd/trace.rs"]
mod trace;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use carillon_media::Mode;
use carillon_media::greeting::Rule;
use corpus::Outcome;
use fit::{Fit, Row, Term, fit};
use trace::{Decision, Trace, decide, trace};

/// What was said so far; only times and counts: levels and noise floors would learn the recording
/// room. Silence is the rule's business.
const TERMS: &[Term] = &[
    Term {
        feature: "span_ms",
        knots: &[
            200.0, 500.0, 800.0, 1100.0, 1400.0, 1700.0, 2000.0, 2400.0, 2900.0, 3500.0, 4500.0,
        ],
    },
    Term {
        feature: "loud_ms",
        knots: &[
            100.0, 250.0, 400.0, 600.0, 800.0, 1100.0, 1500.0, 2000.0, 2600.0,
        ],
    },
    Term {
        feature: "speech_ms",
        knots: &[200.0, 500.0, 800.0, 1200.0, 1600.0, 2000.0, 2600.0, 3400.0],
    },
    Term {
        feature: "words",
        knots: &[1.0, 2.0, 3.0, 4.0, 6.0, 8.0],
    },
];
const FOLDS: u64 = 5;
/// Share of people taken for machines that is allowed on the tuning set: less than what is
/// promised (1 %), for the voices nobody has heard yet.
const fn false_machines(mode: Mode) -> f32 {
    match mode {
        Mode::Careful => 0.003,
        Mode::Fast | Mode::Off => 0.0018,
    }
}
/// People who are told later than this are late (1,800 ms promised) ...
const LATE_MS: f32 = 1_740.0;
/// ... and so many may be (5 % promised).
const LATE: f32 = 0.046;
/// `Fast` finds this many of the machines (75 % are promised), and is as quick as that allows.
const FAST_FINDS: f32 = 0.80;
/// Lengths of a greeting, in ms, for each of which a silence is chosen.
const SPANS: [f32; 12] = [
    200.0, 350.0, 500.0, 650.0, 800.0, 950.0, 1_100.0, 1_250.0, 1_400.0, 1_550.0, 1_750.0, 2_000.0,
];
/// Steps in which those silences are tried, and their bounds.
const STEPS_MS: [f32; 4] = [150.0, 100.0, 50.0, 25.0];
const SILENCE_MS: std::ops::RangeInclusive<f32> = 300.0..=1_650.0;

struct Traced {
    machine: bool,
    fold: u64,
    /// Start of the greeting, by the label if there is one.
    start_ms: f32,
    trace: Trace,
    scores: Vec<f32>,
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [list, table, rest @ ..] = &arguments[..] else {
        return Err("usage: amd_learn LABELS.csv TABLE [DATE]".into());
    };
    let mut out = std::io::stdout();
    let mut clips = traced(Path::new(list))?;
    let people = clips.iter().filter(|c| !c.machine).count();
    let machines = clips.len() - people;
    writeln!(out, "{people} people, {machines} machines")?;
    if people < 50 || machines < 50 {
        return Err("at least 50 clips of people and 50 of machines are needed".into());
    }
    for fold in 0..FOLDS {
        let taught: Vec<Row> = rows(clips.iter().filter(|c| c.fold != fold), people, machines);
        let fitted = fit(TERMS, &taught.iter().collect::<Vec<_>>());
        for clip in clips.iter_mut().filter(|c| c.fold == fold) {
            clip.scores = clip.trace.points.iter().map(|f| fitted.score(f)).collect();
        }
        writeln!(out, "fold {} of {FOLDS}", fold + 1)?;
    }
    let mut figures = String::new();
    let fast = choose(&clips, Mode::Fast, &mut figures)?;
    let careful = choose(&clips, Mode::Careful, &mut figures)?;
    write!(out, "{figures}")?;
    let all = rows(clips.iter(), people, machines);
    let fitted = fit(TERMS, &all.iter().collect::<Vec<_>>());
    let date = rest.first().map_or("undated", String::as_str);
    let text = written(
        &fitted,
        &fast,
        &careful,
        &format!("{date}, {people} people and {machines} machines of the tuning set"),
        &figures,
    )?;
    std::fs::write(table, text)?;
    Ok(())
}

fn traced(list: &Path) -> Outcome<Vec<Traced>> {
    let mut all = Vec::new();
    for clip in corpus::load(list, "tune")? {
        if !clip.is("person") && !clip.is("machine") {
            continue;
        }
        let mut trace = trace(&clip.samples()?);
        trace.points.truncate(500);
        let Some(first) = trace.points.first() else {
            continue;
        };
        let heard_ms = trace.from_ms as f32 - first.span_ms - first.silence_ms;
        all.push(Traced {
            machine: clip.is("machine"),
            fold: fold_of(clip.get("voice")),
            start_ms: clip.number("speech_start_ms").unwrap_or(heard_ms),
            trace,
            scores: Vec::new(),
        });
    }
    Ok(all)
}

/// Folds by voice (FNV-1a): no voice judges what it taught.
fn fold_of(voice: &str) -> u64 {
    let hash = voice.bytes().fold(0xcbf2_9ce4_8422_2325u64, |h, b| {
        (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash >> 17) % FOLDS
}

/// Every 100 ms of every clip while someone talks and it could still be open.
fn rows<'a>(clips: impl Iterator<Item = &'a Traced>, people: usize, machines: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    for clip in clips {
        let count = if clip.machine { machines } else { people };
        for features in clip.trace.points.iter().step_by(5) {
            let silent_ms = features.silence_ms.max(features.since_loud_ms - 500.0);
            if features.span_ms > 5_000.0 || silent_ms > 1_000.0 {
                break;
            }
            if features.since_loud_ms >= 200.0 {
                continue;
            }
            rows.push(Row {
                features: *features,
                machine: clip.machine,
                weight: 1.0 / count as f32,
            });
        }
    }
    rows
}

/// The best rule on scores of voices not learned: for each limit of the score, the silences are
/// moved up and down as long as that helps.
fn choose(clips: &[Traced], mode: Mode, figures: &mut String) -> Outcome<Rule> {
    let mut best: Option<(Figures, Rule)> = None;
    for machine_at in (0..24).map(|n| 3.0 + 0.25 * n as f32) {
        let machine: Vec<Decision> = clips
            .iter()
            .map(|c| first(c, machine_at, &[(0.0, f32::MAX)]))
            .collect();
        let (judged, wait) = climb(clips, &machine, mode);
        if best
            .as_ref()
            .is_none_or(|(most, _)| judged.worth(mode) > most.worth(mode))
        {
            best = Some((judged, Rule { machine_at, wait }));
        }
    }
    let (judged, rule) = best.ok_or("no rule")?;
    writeln!(
        figures,
        "{mode:?}, voices not learned: {:.2} % of people taken for machines, {:.1} % of machines \
         found, half of the people told within {:.0} ms, 95 % within {:.0} ms",
        judged.wrong * 100.0,
        judged.found * 100.0,
        judged.half_by_ms,
        judged.by_ms
    )?;
    Ok(rule)
}

/// Moves one silence after another, in ever smaller steps.
fn climb(clips: &[Traced], machine: &[Decision], mode: Mode) -> (Figures, Vec<(f32, f32)>) {
    let with = |wait: &[(f32, f32)]| {
        let person: Vec<Decision> = clips.iter().map(|c| first(c, f32::MAX, wait)).collect();
        judge(clips, machine, &person)
    };
    let (told_by, least) = match mode {
        Mode::Careful => (1_300.0f32, 500.0),
        Mode::Fast | Mode::Off => (950.0, 475.0),
    };
    let mut wait = SPANS
        .map(|span| (span, (told_by - span).max(least)))
        .to_vec();
    let mut best = with(&wait);
    for step in STEPS_MS {
        let mut better = true;
        while better {
            better = false;
            for (at, by) in (0..SPANS.len()).flat_map(|at| [(at, -step), (at, step)]) {
                let mut moved = wait.clone();
                moved[at].1 = (moved[at].1 + by).clamp(*SILENCE_MS.start(), *SILENCE_MS.end());
                let judged = with(&moved);
                if judged.worth(mode) > best.worth(mode) {
                    (best, wait, better) = (judged, moved, true);
                }
            }
        }
    }
    (best, wait)
}

fn first(clip: &Traced, machine_at: f32, wait: &[(f32, f32)]) -> Decision {
    let rule = Rule {
        machine_at,
        wait: wait.to_vec(),
    };
    decide(&clip.trace, &clip.scores, &rule)
}

struct Figures {
    wrong: f32,
    found: f32,
    /// Share of people who are told late.
    late: f32,
    half_by_ms: f32,
    /// Mean of the times people are told after, none counted as more than 2 s.
    mean_ms: f32,
    machines_half_by_ms: f32,
    by_ms: f32,
}

impl Figures {
    /// `Careful` finds most; `Fast` is quickest, once it finds enough. What was promised comes
    /// first.
    fn worth(&self, mode: Mode) -> f32 {
        let broken =
            (self.late - LATE).max(0.0) + 5.0 * (self.wrong - false_machines(mode)).max(0.0);
        let seconds = self.half_by_ms / 1_000.0;
        let worth = match mode {
            Mode::Careful => self.found - 0.01 * seconds,
            Mode::Fast | Mode::Off => {
                let machine_seconds = self.machines_half_by_ms / 1_000.0;
                3.0 * self.found.min(FAST_FINDS)
                    - 0.4 * self.mean_ms / 1_000.0
                    - 0.08 * machine_seconds
            }
        };
        worth - 10.0 * broken
    }
}

/// Joins the two halves of a rule: whichever decides first.
fn judge(clips: &[Traced], machine: &[Decision], person: &[Decision]) -> Figures {
    let (mut people, mut machines, mut wrong, mut found) = (0.0, 0.0, 0.0f32, 0.0f32);
    let (mut times, mut machine_times) = (Vec::new(), vec![0.0]);
    for (clip, (machine, person)) in clips.iter().zip(machine.iter().zip(person)) {
        let is_machine = machine.machine && machine.at_ms <= person.at_ms;
        let hit = f32::from(u8::from(is_machine));
        if clip.machine {
            machines += 1.0;
            found += hit;
            if is_machine {
                machine_times.push(machine.at_ms - clip.start_ms);
            }
        } else {
            people += 1.0;
            wrong += hit;
            times.push(machine.at_ms.min(person.at_ms) - clip.start_ms);
        }
    }
    times.sort_by(f32::total_cmp);
    machine_times.sort_by(f32::total_cmp);
    let at = |percent: usize| times[(times.len() * percent).div_ceil(100).max(1) - 1];
    Figures {
        wrong: wrong / people,
        found: found / machines,
        late: times.iter().filter(|t| **t > LATE_MS).count() as f32 / people,
        half_by_ms: at(50),
        mean_ms: times.iter().map(|t| t.min(2_000.0)).sum::<f32>() / people,
        machines_half_by_ms: machine_times[machine_times.len() / 2],
        by_ms: at(95),
    }
}

fn written(
    fitted: &Fit,
    fast: &Rule,
    careful: &Rule,
    origin: &str,
    figures: &str,
) -> Outcome<String> {
    let mut text = String::from("# The score of who answered, written by the amd_learn example.\n");
    writeln!(text, "# Learned {origin}.")?;
    for line in figures.lines() {
        writeln!(text, "# {line}.")?;
    }
    writeln!(text, "bias {:.4}", fitted.bias)?;
    for (name, rule) in [("fast", fast), ("careful", careful)] {
        write!(text, "{name} {:.2}", rule.machine_at)?;
        for (span, silence) in &rule.wait {
            write!(text, " {span}:{silence}")?;
        }
        writeln!(text)?;
    }
    for curve in &fitted.curves {
        write!(text, "curve {}", curve.feature)?;
        for (x, y) in &curve.points {
            write!(text, " {x}:{y:.3}")?;
        }
        writeln!(text)?;
    }
    Ok(text)
}
