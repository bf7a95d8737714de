//! Reports of virtual time: one study, policies side by side, a sweep, a whole floor.

mod cancel;
mod compare;
mod course;
mod floor;
mod frontier;
mod one;
mod over_day;
mod sweep;

pub use compare::comparison;
pub use floor::{FloorFigures, floor};
pub use one::{RunFigures, run};
pub use sweep::{Swept, sweep};

use super::{DataTable, Page};
use crate::pacing::statistics::Mean;
use crate::pacing::{Day, PacingScenario, PacingStudy};

/// Where a report comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The scenario's name or file.
    pub scenario: String,
    /// The first day's seed.
    pub first_seed: u64,
    /// The line that makes the report again.
    pub command: String,
    /// The program's version.
    pub version: String,
}

impl Source {
    /// The seeds of so many days.
    fn seeds(&self, days: u64) -> String {
        let (first, last) = (self.first_seed, days.saturating_sub(1));
        match last {
            0 => first.to_string(),
            last => format!("{first}–{}", first.wrapping_add(last)),
        }
    }
}

/// A page about a scenario, without its figures.
fn page(kind: &str, scenario: &PacingScenario, source: &Source) -> Page {
    let days = u64::from(scenario.replications);
    let title = if scenario.title.is_empty() {
        source.scenario.clone()
    } else {
        scenario.title.clone()
    };
    let facts = [
        ("scenario", source.scenario.clone()),
        ("agents", scenario.agents.to_string()),
        ("days", format!("{days} of {} h", scenario.hours)),
        ("seeds", source.seeds(days)),
        ("cap", share(scenario.cap, 1)),
    ];
    Page {
        kind: kind.to_owned(),
        title,
        facts: facts.map(|(name, value)| (name.to_owned(), value)).to_vec(),
        command: source.command.clone(),
        version: source.version.clone(),
        ..Page::default()
    }
}

/// A share in per cent.
fn share(share: f64, digits: usize) -> String {
    format!("{}\u{202f}%", super::scale::number(100.0 * share, digits))
}

/// A share with its interval.
fn share_with_error(mean: Mean) -> String {
    super::Unit::Share.with_error(mean.mean, mean.half_width)
}

/// What definitions a reader needs.
fn notes() -> Vec<String> {
    [
        "Occupancy is talk and wrap-up over logged-in time without breaks. Abandoned are people who answered and \
         whom no agent took in time, as a share of all people who answered; the cap is the most that share may be \
         at the day's end.",
        "± is half a 95 % confidence interval over the days (Student's t). Day k has seed first + k, whatever the \
         policy: all meet the same callers, so that differences between them are known better than either's mean.",
        "Everything here was simulated: an endless list, no trunk that fails, people known as such when they answer.",
    ]
    .map(String::from)
    .to_vec()
}

/// The mean of a figure over the days.
fn mean(study: &PacingStudy, figure: fn(&Day) -> f64) -> Mean {
    Mean::of(&study.each(figure))
}

fn answers(day: &Day) -> f64 {
    ((day.connected + day.abandoned) as f64).max(1.0)
}

fn calls_per_answer(day: &Day) -> f64 {
    day.placed as f64 / answers(day)
}

/// The row of a policy in a table of policies, after its name.
fn figures_of(study: &PacingStudy) -> Vec<String> {
    let number = |digits, value| super::scale::number(value, digits);
    vec![
        share_with_error(study.utilisation),
        share(study.abandonment_pooled, 3),
        format!("{} of {}", study.days_held, study.replications.len()),
        share_with_error(mean(study, |day| day.waited_share)),
        share(mean(study, |day| day.worst_hour).mean, 1),
        number(0, mean(study, |day| day.connected as f64).mean),
        number(2, mean(study, calls_per_answer).mean),
        share(hung_up_share(study), 1),
    ]
}

/// Columns of [`figures_of`].
const FIGURES: [&str; 8] = [
    "occupancy",
    "abandoned",
    "cap held on days",
    "waited 0–2 s",
    "worst hour",
    "connected a day",
    "calls per answer",
    "calls hung up",
];

fn figures_table(first: &str) -> DataTable {
    let heads: Vec<&str> = [first].into_iter().chain(FIGURES).collect();
    DataTable::new(&heads)
}

fn hung_up_share(study: &PacingStudy) -> f64 {
    let placed = mean(study, |day| day.placed as f64).mean.max(1e-9);
    mean(study, |day| day.cancelled as f64).mean / placed
}

/// `1 day`, `2 days`.
fn plural(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}
