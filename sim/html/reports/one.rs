//! The report of a study: many days of one policy.

use super::super::{Axis, DataTable, Figure, Page, Plot, Scale, Section, Tile, Tone, Unit};
use super::course::Course;
use super::{Source, answers, calls_per_answer, figures_of, figures_table, hung_up_share};
use super::{mean, notes, page, plural, share};
use crate::pacing::statistics::Mean;
use crate::pacing::trace::{WAIT_BIN_S, WAIT_BINS};
use crate::pacing::{PacingScenario, PacingStudy, Trace};

/// Bars of the distribution of days.
const DAY_BARS: usize = 16;

/// What a report of one policy is made of.
#[derive(Clone, Copy, Debug)]
pub struct RunFigures<'a> {
    /// The world.
    pub scenario: &'a PacingScenario,
    /// Its days.
    pub study: &'a PacingStudy,
    /// The course of the first of them, at least of one.
    pub traces: &'a [Trace],
    /// The first days again without hanging up over-dialed calls, where that was in use.
    pub without_cancel: Option<&'a PacingStudy>,
}

/// The report.
#[must_use]
pub fn run(of: RunFigures<'_>, source: &Source) -> Page {
    let (scenario, study) = (of.scenario, of.study);
    let mut page = page("Pacing, one policy", scenario, source);
    page.facts
        .insert(1, ("policy".to_owned(), study.policy.clone()));
    page.tiles = tiles(scenario, study);
    page.notes = notes();
    if of.traces.is_empty() {
        return page;
    }
    let course = Course::new(scenario, of.traces);
    let mut floor = vec![course.occupancy(), course.agents(), course.lines()];
    floor.extend(course.constraints());
    let mut people = vec![course.running_share()];
    people.extend(course.hours_before());
    people.push(days(scenario, study));
    people.extend(waits(study, of.traces));
    page.sections = vec![
        section("The floor over the day", &traced(study, of.traces), floor),
        section("People", "", people),
    ];
    if let Some(without) = of.without_cancel {
        page.sections.push(super::cancel::section(study, without));
    }
    let mut all = figures_table("seed");
    all.rows = study
        .replications
        .iter()
        .map(|day| day_row(day, scenario.cap))
        .collect();
    let mut total = vec![format!("all {}", plural(all.rows.len(), "day"))];
    total.extend(figures_of(study));
    all.rows.insert(0, total);
    page.sections.push(section(
        "Every day",
        "",
        vec![Figure {
            title: "Figures by day".to_owned(),
            caption: "The same seed gives the same day on any machine and any number of cores."
                .to_owned(),
            body: all.render(),
            data: None,
            wide: true,
        }],
    ));
    page
}

fn section(title: &str, lead: &str, figures: Vec<Figure>) -> Section {
    Section {
        title: title.to_owned(),
        lead: lead.to_owned(),
        figures,
    }
}

fn traced(study: &PacingStudy, traces: &[Trace]) -> String {
    let all = study.replications.len();
    if traces.len() < all {
        return format!("Of the first {} days of {all}.", traces.len());
    }
    String::new()
}

fn day_row(day: &crate::pacing::Day, cap: f64) -> Vec<String> {
    vec![
        day.seed.to_string(),
        share(day.utilisation, 2),
        share(day.abandonment, 3),
        if day.abandonment <= cap {
            "yes"
        } else {
            "no ▲"
        }
        .to_owned(),
        share(day.waited_share, 2),
        share(day.worst_hour, 1),
        day.connected.to_string(),
        format!("{:.2}", calls_per_answer(day)),
        share(day.cancelled as f64 / (day.placed as f64).max(1.0), 1),
    ]
}

fn tiles(scenario: &PacingScenario, study: &PacingStudy) -> Vec<Tile> {
    let tile = |name: &str, value: String, note: String| Tile {
        name: name.to_owned(),
        value,
        note,
        bad: false,
    };
    let interval = |mean: Mean| match mean.n {
        0 | 1 => "one day: no interval".to_owned(),
        _ => format!("±\u{a0}{} at\u{a0}95\u{a0}%", share(mean.half_width, 2)),
    };
    let days = study.replications.len();
    let waited = mean(study, |day| day.waited_share);
    let worst = mean(study, |day| day.worst_hour);
    let reached = Mean::of(
        &study
            .replications
            .iter()
            .map(|day| day.connected as f64 / scenario.hours)
            .collect::<Vec<_>>(),
    );
    let calls = mean(study, calls_per_answer);
    vec![
        tile(
            "Occupancy",
            share(study.utilisation.mean, 2),
            interval(study.utilisation),
        ),
        Tile {
            bad: study.abandonment_pooled > scenario.cap,
            ..tile(
                "Abandoned",
                share(study.abandonment_pooled, 3),
                format!(
                    "cap {}, {}",
                    share(scenario.cap, 1),
                    interval(study.abandonment)
                ),
            )
        },
        Tile {
            bad: study.days_held < days,
            ..tile(
                "Cap held",
                format!("{} of {days}", study.days_held),
                "days that ended at or below the cap".to_owned(),
            )
        },
        tile("Waited", share(waited.mean, 2), interval(waited)),
        tile(
            "Worst hour",
            share(worst.mean, 1),
            "abandoned in a day's worst 60 minutes, mean of days".to_owned(),
        ),
        tile(
            "Reached an hour",
            format!("{:.1}", reached.mean),
            format!("people connected, ±\u{a0}{:.1}", reached.half_width),
        ),
        tile(
            "Calls per answer",
            format!("{:.2}", calls.mean),
            format!("{} of all calls hung up", share(hung_up_share(study), 1)),
        ),
    ]
}

/// How the days ended.
fn days(scenario: &PacingScenario, study: &PacingStudy) -> Figure {
    let ends = study.each(|day| day.abandonment);
    let (scale, width) = bars_about(scenario.cap, &ends);
    let mut counts = vec![0u32; ((scale.to - scale.from) / width).round() as usize];
    let last = counts.len() - 1;
    for end in &ends {
        // A day exactly at a border is at or below it.
        let bar = ((end - scale.from) / width - 1e-9).max(0.0) as usize;
        counts[bar.min(last)] += 1;
    }
    let bar = |(k, count): (usize, &u32)| {
        let from = scale.from + width * k as f64;
        (from, from + width, f64::from(*count))
    };
    let bars: Vec<(f64, f64, f64)> = counts.iter().enumerate().map(bar).collect();
    let over = ends.len() - study.days_held;
    let mut data = DataTable::new(&["abandoned, up to", "days"]);
    data.rows = bars
        .iter()
        .map(|(_, to, count)| vec![share(*to, 2), count.to_string()])
        .collect();
    let caption = match over {
        0 => format!(
            "All {} ended at or below the cap.",
            plural(ends.len(), "day")
        ),
        over => format!(
            "{over} of {} ended over the cap.",
            plural(ends.len(), "day")
        ),
    };
    let y = Scale::with_zero(counts.iter().map(|count| f64::from(*count)));
    let plot = Plot::new(
        Axis::new("abandoned at the day's end", scale, Unit::Share),
        Axis::new("days", y, Unit::Number),
    )
    .bars("days", Tone::Series(0), bars)
    .border(&format!("cap {}", share(scenario.cap, 1)), scenario.cap);
    Figure {
        title: "How the days ended".to_owned(),
        body: plot.render(&caption),
        caption,
        data: Some(data),
        wide: false,
    }
}

/// Bars of a round width that the cap is a border of.
fn bars_about(cap: f64, ends: &[f64]) -> (Scale, f64) {
    let low = ends.iter().copied().fold(cap, f64::min);
    let high = ends.iter().copied().fold(cap, f64::max);
    let width = Scale::new(low, high).step(DAY_BARS, Unit::Share);
    let below = ((cap - low) / width - 1e-9).ceil().max(1.0);
    let above = ((high - cap) / width - 1e-9).ceil().max(2.0);
    (Scale::new(cap - below * width, cap + above * width), width)
}

/// How long people waited who were connected.
fn waits(study: &PacingStudy, traces: &[Trace]) -> Option<Figure> {
    let mut counts = [0u64; WAIT_BINS];
    for trace in traces {
        for (sum, count) in counts.iter_mut().zip(&trace.waits) {
            *sum += count;
        }
    }
    let days = &study.replications[..traces.len()];
    let answered: f64 = days.iter().map(answers).sum();
    if counts.iter().all(|count| *count == 0) {
        return None;
    }
    let bars: Vec<(f64, f64, f64)> = counts
        .iter()
        .enumerate()
        .map(|(k, count)| {
            let from = WAIT_BIN_S * k as f64;
            (from, from + WAIT_BIN_S, *count as f64 / answered)
        })
        .collect();
    let waited = bars.iter().map(|bar| bar.2).sum::<f64>();
    let abandoned = days.iter().map(|day| day.abandoned as f64).sum::<f64>() / answered;
    let longer = bars[WAIT_BINS - 1].2;
    let more = match longer {
        0.0 => String::new(),
        _ => format!(
            " The last bar holds all waits over 2 s ({}).",
            share(longer, 2)
        ),
    };
    let caption = format!(
        "Of all people who answered, {} had an agent at once, {} after a wait, and {} were abandoned.{more}",
        share(1.0 - waited - abandoned, 1),
        share(waited, 1),
        share(abandoned, 2)
    );
    let mut data = DataTable::new(&["wait from", "to", "people", "share of answers"]);
    data.rows = bars
        .iter()
        .zip(&counts)
        .map(|((from, to, part), count)| {
            let seconds = |value: f64| format!("{value:.1} s");
            let to = if *to > 2.05 {
                "longer".to_owned()
            } else {
                seconds(*to)
            };
            vec![seconds(*from), to, count.to_string(), share(*part, 3)]
        })
        .collect();
    let end = WAIT_BIN_S * (WAIT_BINS - usize::from(longer == 0.0)) as f64;
    let y = Scale::with_zero(bars.iter().map(|bar| bar.2));
    let shown = if longer == 0.0 {
        &bars[..WAIT_BINS - 1]
    } else {
        &bars[..]
    };
    let plot = Plot::new(
        Axis::new(
            "wait of those who were connected",
            Scale::new(0.0, end),
            Unit::Seconds,
        ),
        Axis::new("share of all answers", y, Unit::Share),
    )
    .bars("people", Tone::Series(4), shown.to_vec());
    Some(Figure {
        title: "Waits for an agent".to_owned(),
        body: plot.render(&caption),
        caption,
        data: Some(data),
        wide: false,
    })
}
