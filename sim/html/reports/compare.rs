//! The report of a comparison: policies side by side.

use super::super::{Axis, Figure, Page, Plot, Point, Row, Rows, Scale, Section, Tile, Tone, Unit};
use super::{Source, figures_of, figures_table, mean, notes, page, plural, share};
use crate::pacing::statistics::Mean;
use crate::pacing::{Comparison, PacingScenario, PacingStudy};

/// The report.
#[must_use]
pub fn comparison(scenario: &PacingScenario, found: &Comparison, source: &Source) -> Page {
    let mut page = page("Pacing policies side by side", scenario, source);
    page.facts
        .insert(1, ("policies".to_owned(), found.studies.len().to_string()));
    page.tiles = tiles(found);
    page.notes = notes();
    let all = |title: &str, figures| Section {
        title: title.to_owned(),
        lead: String::new(),
        figures,
    };
    page.sections = vec![
        all("Occupancy against abandonment", vec![trade_off(found)]),
        all(
            "Policy by policy",
            vec![occupancy(found), behind(found), held(found), waited(found)],
        ),
        all("All figures", vec![figures(found)]),
    ];
    page
}

fn tiles(found: &Comparison) -> Vec<Tile> {
    let days = found
        .studies
        .first()
        .map_or(0, |study| study.replications.len());
    let mut held: Vec<&PacingStudy> = found
        .studies
        .iter()
        .filter(|study| study.abandonment_pooled <= found.cap)
        .collect();
    held.sort_by(|a, b| b.utilisation.mean.total_cmp(&a.utilisation.mean));
    let tile = |name: &str, value: String, note: String| Tile {
        name: name.to_owned(),
        value,
        note,
        bad: false,
    };
    let mut tiles = vec![tile(
        "Under the cap",
        format!("{} of {}", held.len(), found.studies.len()),
        format!("policies, all {} pooled", plural(days, "day")),
    )];
    if let Some(best) = held.first() {
        tiles.push(tile(
            "Busiest of these",
            share(best.utilisation.mean, 1),
            format!("{}, cap held on {} of {days}", best.policy, best.days_held),
        ));
    }
    if let [best, next, ..] = held[..] {
        let ahead = Mean::paired(
            &best.each(|day| day.utilisation),
            &next.each(|day| day.utilisation),
        );
        tiles.push(tile(
            "Ahead of the next",
            format!("{} points", Unit::Points.value(ahead.mean)),
            format!(
                "{}, ± {}",
                next.policy,
                Unit::Points.value(ahead.half_width)
            ),
        ));
    }
    tiles
}

/// Numbers of one policy with different settings are joined.
fn family(policy: &str) -> &str {
    policy.split(':').next().unwrap_or(policy)
}

fn trade_off(found: &Comparison) -> Figure {
    let ends = |mean: Mean| {
        let (low, high) = (mean.mean - mean.half_width, mean.mean + mean.half_width);
        (mean.mean, low.max(0.0), high)
    };
    let points: Vec<Point> = found
        .studies
        .iter()
        .enumerate()
        .map(|(k, study)| Point {
            name: study.policy.clone(),
            tone: Tone::Series(k),
            x: ends(study.abandonment),
            y: ends(study.utilisation),
        })
        .collect();
    let x = Scale::with_zero(
        points
            .iter()
            .map(|point| point.x.2)
            .chain([found.cap * 1.2]),
    );
    let y = Scale::over(points.iter().flat_map(|point| [point.y.1, point.y.2]));
    let mut plot = Plot::new(
        Axis::new("abandoned", x, Unit::Share),
        Axis::new("occupancy", y, Unit::Share),
    )
    .height(380)
    .border(&format!("cap {}", share(found.cap, 1)), found.cap);
    for (k, point) in points.iter().enumerate() {
        let own = family(&point.name);
        let mut kin: Vec<&Point> = points
            .iter()
            .filter(|other| family(&other.name) == own)
            .collect();
        let is_first = points[..k].iter().all(|other| family(&other.name) != own);
        if kin.len() > 1 && is_first {
            kin.sort_by(|a, b| a.x.0.total_cmp(&b.x.0));
            let line = kin.iter().map(|point| (point.x.0, point.y.0)).collect();
            plot = plot.dashed(&format!("{own}, other settings"), Tone::Series(k), line);
        }
    }
    let kin = |point: &Point| {
        let own = |other: &&Point| family(&other.name) == family(&point.name);
        points.iter().filter(own).count()
    };
    let lines = if points.iter().any(|point| kin(point) > 1) {
        " Dashed lines join the settings of one rule."
    } else {
        ""
    };
    let caption = format!(
        "Up is busier, left is kinder: the best policy is highest on the left of the cap. Bars are 95 % intervals.{lines}"
    );
    Figure {
        title: "Trade-off".to_owned(),
        body: maud::html! {
            (plot.points(points).render(&caption))
            ul.key { @for (k, study) in found.studies.iter().enumerate() { li { b { (super::super::letter(k)) } " " (study.policy) } } }
        },
        caption,
        data: None,
        wide: true,
    }
}

fn rows(
    found: &Comparison,
    axis: Axis,
    border: Option<(f64, String)>,
    of: impl Fn(usize, &PacingStudy) -> Mean,
) -> Rows {
    let row = |(k, study): (usize, &PacingStudy)| {
        let mean = of(k, study);
        Row {
            name: study.policy.clone(),
            tone: Tone::Series(k),
            value: mean.mean,
            half_width: mean.half_width,
        }
    };
    Rows {
        axis,
        rows: found.studies.iter().enumerate().map(row).collect(),
        border,
    }
}

/// Over means and their intervals; a share is none below zero.
fn scale(values: &[Mean], least: f64) -> Scale {
    let ends = |mean: &Mean| {
        let low = (mean.mean - mean.half_width).max(least);
        [low, mean.mean + mean.half_width]
    };
    Scale::over(values.iter().flat_map(ends))
}

fn figure(title: &str, caption: &str, rows: &Rows) -> Figure {
    Figure {
        title: title.to_owned(),
        caption: caption.to_owned(),
        body: rows.render(caption),
        data: None,
        wide: false,
    }
}

fn occupancy(found: &Comparison) -> Figure {
    let all: Vec<Mean> = found
        .studies
        .iter()
        .map(|study| study.utilisation)
        .collect();
    let axis = Axis::new("occupancy", scale(&all, 0.0), Unit::Share);
    figure(
        "Occupancy",
        "Mean over the days with its 95 % interval.",
        &rows(found, axis, None, |_, study| study.utilisation),
    )
}

fn behind(found: &Comparison) -> Figure {
    let first = found
        .studies
        .first()
        .map_or("", |study| study.policy.as_str());
    let gains = found
        .gains
        .iter()
        .copied()
        .chain([Mean::default()])
        .collect::<Vec<_>>();
    let axis = Axis::new(
        &format!("points behind {first}"),
        scale(&gains, f64::NEG_INFINITY),
        Unit::Points,
    );
    let border = Some((0.0, first.to_owned()));
    figure(
        &format!("Points of occupancy behind {first}"),
        "Paired by day: both met the same callers, so the interval is narrower than those on the left.",
        &rows(found, axis, border, |k, _| found.gains[k]),
    )
}

fn held(found: &Comparison) -> Figure {
    let share_held = |study: &PacingStudy| Mean {
        mean: study.days_held as f64 / study.replications.len().max(1) as f64,
        half_width: 0.0,
        n: study.replications.len(),
    };
    let axis = Axis::new("share of days", Scale::new(0.0, 1.0), Unit::Share);
    figure(
        "Days on which the cap held",
        "A day holds when it ends at or below the cap.",
        &rows(found, axis, None, |_, study| share_held(study)),
    )
}

fn waited(found: &Comparison) -> Figure {
    let all: Vec<Mean> = found
        .studies
        .iter()
        .map(|study| mean(study, |day| day.waited_share))
        .chain([Mean::default()])
        .collect();
    let axis = Axis::new("share of answers", scale(&all, 0.0), Unit::Share);
    figure(
        "People who waited for an agent",
        "Connected, but not at once: what a caller hears as a pause after the greeting.",
        &rows(found, axis, None, |_, study| {
            mean(study, |day| day.waited_share)
        }),
    )
}

fn figures(found: &Comparison) -> Figure {
    let mut table = figures_table("policy");
    table.heads.insert(2, "points behind".to_owned());
    for (study, gain) in found.studies.iter().zip(&found.gains) {
        let mut row = vec![study.policy.clone()];
        row.extend(figures_of(study));
        row.insert(2, Unit::Points.with_error(gain.mean, gain.half_width));
        table.rows.push(row);
    }
    Figure {
        title: "Figures by policy".to_owned(),
        caption: "Means over the days; abandonment is of all days pooled.".to_owned(),
        body: table.render(),
        data: None,
        wide: true,
    }
}
