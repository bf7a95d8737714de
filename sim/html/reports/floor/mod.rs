//! The report of a whole floor: many days of several campaigns.

mod course;
mod tables;

use super::{Source, plural, share};
use crate::html::{DataTable, Figure, Page, Section, Tile};
use crate::pacing::statistics::Mean;
use crate::whole::figures::{CampaignDay, InboundDay};
use crate::whole::{FloorDay, FloorScenario, FloorStudy, FloorTrace};
use course::FloorCourse;
use tables::{Own, campaigns, count, mean};

/// What a report of a whole floor is made of.
#[derive(Clone, Copy, Debug)]
pub struct FloorFigures<'a> {
    /// The floor.
    pub scenario: &'a FloorScenario,
    /// Its days.
    pub study: &'a FloorStudy,
    /// The course of the first of them.
    pub traces: &'a [FloorTrace],
}

/// The report.
#[must_use]
pub fn floor(of: FloorFigures<'_>, source: &Source) -> Page {
    let (scenario, study) = (of.scenario, of.study);
    let mut page = Page {
        kind: "A whole floor".to_owned(),
        title: match scenario.title.is_empty() {
            true => source.scenario.clone(),
            false => scenario.title.clone(),
        },
        facts: facts(scenario, source),
        command: source.command.clone(),
        version: source.version.clone(),
        tiles: tiles(study),
        sections: vec![section("Campaigns", "", totals(scenario, study))],
        notes: notes(study),
    };
    if !of.traces.is_empty() {
        page.sections.extend(courses(of));
    }
    let days = table_figure(
        "Figures by day",
        "The same seed gives the same day on any machine and any number of cores.",
        tables::days(study),
    );
    page.sections.push(section("Every day", "", vec![days]));
    page
}

fn facts(scenario: &FloorScenario, source: &Source) -> Vec<(String, String)> {
    let days = u64::from(scenario.replications);
    let channels: u32 = scenario.trunks.iter().map(|trunk| trunk.channels).sum();
    [
        ("scenario", source.scenario.clone()),
        ("policy", scenario.policy().replace(',', ", ")),
        ("agents", scenario.agents().to_string()),
        ("channels", channels.to_string()),
        ("days", format!("{days} of {} h", scenario.hours)),
        ("seeds", source.seeds(days)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

fn section(title: &str, lead: &str, figures: Vec<Figure>) -> Section {
    Section {
        title: title.to_owned(),
        lead: lead.to_owned(),
        figures,
    }
}

fn table_figure(title: &str, caption: &str, table: DataTable) -> Figure {
    Figure {
        title: title.to_owned(),
        caption: caption.to_owned(),
        body: table.render(),
        data: None,
        wide: true,
    }
}

/// The floor over the day, then each campaign that dials.
fn courses(of: FloorFigures<'_>) -> Vec<Section> {
    let course = FloorCourse::new(of.scenario, of.traces);
    let all = of.study.replications.len();
    let lead = match of.traces.len() < all {
        true => format!("Of the first {} days of {all}.", of.traces.len()),
        false => String::new(),
    };
    let mut figures: Vec<Figure> = course.occupancy().into_iter().collect();
    figures.extend(course.trunks());
    figures.extend(course.lists());
    figures.extend(course.refusals());
    let mut sections = vec![section("The floor over the day", &lead, figures)];
    for (k, campaign) in of.scenario.campaigns.iter().enumerate() {
        let mut figures: Vec<Figure> = course.abandonment(k).into_iter().collect();
        figures.extend(course.bounds(k));
        if !figures.is_empty() && campaign.list.leads > 0 {
            let title = format!("Campaign {}", campaign.name);
            sections.push(section(&title, "", figures));
        }
    }
    sections
}

fn tiles(study: &FloorStudy) -> Vec<Tile> {
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
    let caps: Vec<f64> = campaigns(study).iter().map(|(_, c)| c.cap).collect();
    let cap = match caps.iter().all(|cap| Some(cap) == caps.first()) {
        true => caps.first().map(|cap| format!("cap {}, ", share(*cap, 1))),
        false => None,
    };
    let over = |(own, c): &(Own<'_>, &CampaignDay)| {
        own.sum(|c| c.abandoned) > c.cap * own.sum(|c| c.abandoned + c.connected)
    };
    let of = |figure: fn(&FloorDay) -> u64| mean(study, |day| figure(day) as f64);
    let mut tiles = vec![
        tile(
            "Occupancy",
            share(study.utilisation.mean, 2),
            interval(study.utilisation),
        ),
        Tile {
            bad: campaigns(study).iter().any(over),
            ..tile(
                "Abandoned",
                share(study.abandonment_pooled, 3),
                format!("{}{}", cap.unwrap_or_default(), interval(study.abandonment)),
            )
        },
        Tile {
            bad: study.days_held < days,
            ..tile(
                "Cap held",
                format!("{} of {days}", study.days_held),
                "days that every campaign ended at or below its cap".to_owned(),
            )
        },
        tile(
            "Connected",
            count(of(|day| day.connected)),
            "people joined with an agent, a day".to_owned(),
        ),
        tile(
            "Placed",
            count(of(|day| day.placed)),
            "calls a day".to_owned(),
        ),
    ];
    let inbound = |of: fn(&InboundDay) -> u64| {
        let days = study.replications.iter().flat_map(|day| &day.campaigns);
        days.map(|c| of(&c.inbound)).sum::<u64>()
    };
    let offered = inbound(|inbound| inbound.offered);
    if offered > 0 {
        let in_time = inbound(|inbound| inbound.in_time) as f64 / offered as f64;
        let note = "of people who called in, answered in time".to_owned();
        tiles.push(tile("Service level", share(in_time, 1), note));
    }
    let breaches = study.breaches().len();
    if breaches > 0 {
        tiles.push(Tile {
            bad: true,
            ..tile("Rules broken", breaches.to_string(), "see below".to_owned())
        });
    }
    tiles
}

/// Figures that are not of an hour.
fn totals(scenario: &FloorScenario, study: &FloorStudy) -> Vec<Figure> {
    let mut figures = vec![table_figure(
        "Figures by campaign",
        "Counts are means a day. Occupancy of a campaign is that of the agents who serve it, whatever they were busy with.",
        tables::by_campaign(study),
    )];
    let more = [
        (
            "People who called in",
            "Means a day. The service level is the share of all who tried that was answered within the time given.",
            tables::inbound(scenario, study),
        ),
        (
            "Lists",
            "People, means a day. Refusals are times a lead was due and a rule forbade the call.",
            tables::lists(study),
        ),
        (
            "Trunks",
            "Failed are calls refused or never heard of; busy is the mean share of channels in use.",
            tables::trunks(study),
        ),
    ];
    let filled = more
        .into_iter()
        .filter(|(.., table)| !table.rows.is_empty());
    figures.extend(filled.map(|(title, caption, table)| table_figure(title, caption, table)));
    figures
}

fn notes(study: &FloorStudy) -> Vec<String> {
    let days = plural(study.replications.len(), "day");
    let mut notes = vec![
        "Occupancy is talk and wrap-up over logged-in time without breaks. Abandoned are people who answered and \
         whom no agent took in time, as a share of all people who answered; \"with mistaken\" adds the people whom \
         screening took for machines, whom the dialer cannot know of. Waited is the share of the people joined who \
         waited for an agent once known to be people."
            .to_owned(),
        "± is half a 95 % confidence interval over the days (Student's t). Day k has seed first + k, whatever the \
         policy: all meet the same people."
            .to_owned(),
        format!(
            "Everything here was simulated: {days} of the engine that dials live, between simulated callees, agents and \
             carriers. Every command it gave was judged by independent oracles."
        ),
    ];
    let breaches = study.breaches();
    notes.extend(breaches.iter().take(20).map(|breach| format!("▲ {breach}")));
    notes
}
