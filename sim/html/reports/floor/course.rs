//! Figures of a whole floor over the hours of the day.

use super::super::over_day::{Days, Lines, Spread, figure, lines_plot, lines_table, sum, table};
use super::super::{plural, share};
use crate::html::{Axis, DataTable, Figure, Layer, Plot, Scale, Tone, Unit};
use crate::whole::scenario::{Campaign, TrunkPlan};
use crate::whole::trace::{CampaignBin, FloorBin};
use crate::whole::{FloorScenario, FloorTrace};
use carillon_decision::pacing::Constraint;
use std::collections::BTreeMap;

/// Answers before a share of them is drawn.
const ANSWERS_LEAST: u64 = 20;
/// Channels are drawn while they are at most so many times the most calls at once.
const LIMIT_NEAR: f64 = 4.0;
/// Reasons that have a colour of their own; the rest are one layer.
const REASONS: usize = 7;
/// Colours of stacked layers: neighbours are far apart for every eye.
const APART: [usize; 8] = [2, 1, 6, 3, 4, 5, 0, 7];

/// Many days' courses of a floor.
pub(super) struct FloorCourse<'a> {
    scenario: &'a FloorScenario,
    traces: &'a [FloorTrace],
    days: Days,
    /// What bound pacing anywhere, in the order of the constraints, and its colour.
    bounds: Vec<(&'static str, Tone)>,
}

impl<'a> FloorCourse<'a> {
    /// At least one trace.
    pub(super) fn new(scenario: &'a FloorScenario, traces: &'a [FloorTrace]) -> Self {
        let bins = || traces.iter().flat_map(|trace| &trace.bins);
        let seen = |constraint: &&Constraint| {
            let code = constraint.code();
            let mut campaigns = bins().flat_map(|bin| &bin.campaigns);
            campaigns.any(|campaign| campaign.bound.contains_key(code))
        };
        // One colour for each, whatever the campaign.
        let bounds = Constraint::ALL.iter().filter(seen).enumerate();
        let tone = |(k, constraint): (usize, &Constraint)| (constraint.code(), apart(k));
        Self {
            scenario,
            traces,
            days: Days {
                hours: scenario.hours,
                width_h: traces[0].width_s / 3600.0,
                bins: traces[0].bins.len(),
                count: traces.len(),
            },
            bounds: bounds.map(tone).collect(),
        }
    }

    fn spread(&self, at: f64, of: impl Fn(&FloorBin) -> Option<f64>) -> Vec<Spread> {
        let day = |trace: &FloorTrace| trace.bins.iter().map(&of).collect();
        let days: Vec<Vec<Option<f64>>> = self.traces.iter().map(day).collect();
        self.days.spread(at, &days)
    }

    /// The mean over the days of a figure of each bin.
    fn means(&self, of: impl Fn(&FloorBin) -> f64) -> Vec<f64> {
        let mean = |k: usize| {
            let sum: f64 = self.traces.iter().map(|trace| of(&trace.bins[k])).sum();
            sum / self.traces.len() as f64
        };
        (0..self.days.bins).map(mean).collect()
    }

    /// Occupancy of the floor, and of the agents of each campaign where they are not the same;
    /// none while nobody is there.
    pub(super) fn occupancy(&self) -> Option<Figure> {
        let floor = self.spread(0.5, |bin| bin.worked.occupancy());
        let lowest = self.days.settled(&floor).min_by(|a, b| a.1.total_cmp(&b.1));
        let lowest = lowest.map_or_else(String::new, |(hour, mean, ..)| {
            let (at, low) = (Unit::Hours.value(*hour), share(*mean, 1));
            format!(" After the floor has filled, it is lowest at {at} with {low}.")
        });
        let mut lines = self.occupancies(&floor);
        let means = lines
            .iter()
            .flat_map(|(.., spread)| self.days.settled(spread));
        let means = means.map(|value| value.1);
        let band = self
            .days
            .settled(&floor)
            .flat_map(|value| [value.2, value.3]);
        // The filling of the floor leaves below the frame: the rest would be a thin line.
        let scale = Scale::over(means.chain(band).chain([1.0]));
        let what = "Talk and wrap-up over logged-in time without breaks";
        if lines.is_empty() {
            let y = Axis::new("occupancy", scale, Unit::Share);
            let plot = self.days.plot(y, &floor, Tone::Series(0));
            let data = table("occupancy", &floor, Unit::Share);
            let caption = format!("{what}.{lowest}");
            return (!floor.is_empty()).then(|| figure("Occupancy", caption, &plot, data));
        }
        let caption = format!(
            "{what}, of the agents who serve each campaign, whatever they were busy with: the mean of {}.{}",
            plural(self.days.count, "day"),
            lowest.replace(" it is", " the whole floor is")
        );
        let line = floor.iter().map(|(hour, mean, ..)| (*hour, *mean));
        let plot = lines_plot(&self.days, "occupancy", Unit::Share, scale, &lines).dashed(
            "whole floor",
            Tone::Quiet,
            line.collect(),
        );
        lines.insert(0, ("whole floor".to_owned(), Tone::Quiet, floor));
        let data = lines_table(&lines, Unit::Share);
        Some(figure("Occupancy", caption, &plot, data))
    }

    /// Of the campaigns whose agents are not the whole floor; the same agents are one line.
    fn occupancies(&self, floor: &[Spread]) -> Lines {
        let mut lines: Lines = Vec::new();
        for (k, campaign) in self.scenario.campaigns.iter().enumerate() {
            let own = self.spread(0.5, |bin| bin.campaigns[k].worked.occupancy());
            if same(&own, floor) || own.is_empty() {
                continue;
            }
            match lines.iter_mut().find(|(.., known)| same(known, &own)) {
                Some((names, ..)) => *names = format!("{names}, {}", campaign.name),
                None => lines.push((campaign.name.clone(), Tone::Series(k), own)),
            }
        }
        lines
    }

    /// Calls of each trunk.
    pub(super) fn trunks(&self) -> Vec<Figure> {
        let trunks = self.scenario.trunks.iter().enumerate();
        trunks.map(|(k, plan)| self.trunk(k, plan)).collect()
    }

    fn trunk(&self, k: usize, plan: &TrunkPlan) -> Figure {
        let spread = self.spread(0.5, |bin| {
            (bin.length_s > 0.0).then(|| bin.trunk_s[k] / bin.length_s)
        });
        let channels = f64::from(plan.channels);
        let most = spread.iter().map(|value| value.3.max(value.1));
        let most = most.fold(0.0, f64::max);
        let mean = spread.iter().map(|value| value.1).sum::<f64>() / spread.len().max(1) as f64;
        let near = channels <= LIMIT_NEAR * most.max(1.0);
        let out = match plan.outages.len() {
            0 => String::new(),
            n => format!(
                " Out {}: new calls got no answer, conversations went on.",
                if n == 1 {
                    "once".to_owned()
                } else {
                    format!("{n} times")
                }
            ),
        };
        let caption = format!(
            "Calls on it, conversations and inbound included: {} of {} channels on average{}.{out}",
            Unit::Number.value((mean * 10.0).round() / 10.0),
            plan.channels,
            if near {
                ""
            } else {
                ", so far below them that the limit lies above the frame"
            },
        );
        let limit = near.then_some(channels);
        let scale = Scale::with_zero([most].into_iter().chain(limit.map(|limit| limit * 1.05)));
        let y = Axis::new("calls at once", scale, Unit::Number);
        let mut plot = self.days.plot(y, &spread, Tone::Series(2));
        for (n, (hour, minutes)) in plan.outages.iter().enumerate() {
            let to = (hour + minutes / 60.0).min(self.scenario.hours);
            if *hour < to {
                let name = if n == 0 { "outage" } else { "" };
                let area = vec![(*hour, 0.0, scale.to), (to, 0.0, scale.to)];
                plot = plot.band(name, Tone::Limit, area);
            }
        }
        if let Some(limit) = limit {
            plot = plot.level(&format!("{} channels", plan.channels), limit);
        }
        let data = table("calls at once", &spread, Unit::Number);
        figure(&format!("Calls on {}", plan.name), caption, &plot, data)
    }

    /// People left to call.
    pub(super) fn lists(&self) -> Option<Figure> {
        let lists = self.scenario.campaigns.iter().enumerate();
        let lists = lists.filter(|(_, campaign)| campaign.list.leads > 0);
        let line = |(k, campaign): (usize, &Campaign)| {
            let size = f64::from(campaign.list.leads);
            let spread = self.spread(1.0, |bin| Some(f64::from(bin.campaigns[k].left) / size));
            (campaign.name.clone(), Tone::Series(k), spread)
        };
        let lines: Lines = lists.clone().map(line).collect();
        let ends: Vec<String> = lists
            .zip(&lines)
            .map(|((_, campaign), (.., spread))| {
                let end = spread.last().map_or(1.0, |value| value.1);
                format!(
                    "{} of {} in {}",
                    Unit::Number.value((end * f64::from(campaign.list.leads)).round()),
                    Unit::Number.value(f64::from(campaign.list.leads)),
                    campaign.name
                )
            })
            .collect();
        if ends.is_empty() {
            return None;
        }
        let caption = format!(
            "People who may still be called, now or later, as a share of the list. At the end: {}.",
            ends.join(", ")
        );
        let data = lines_table(&lines, Unit::Share);
        let title = "List left";
        if let [(_, tone, spread)] = lines.as_slice() {
            let scale = Scale::new(0.0, 1.0);
            let y = Axis::new("share of the list", scale, Unit::Share);
            return Some(figure(
                title,
                caption,
                &self.days.plot(y, spread, *tone),
                data,
            ));
        }
        let scale = Scale::new(0.0, 1.0);
        let plot = lines_plot(&self.days, "share of the list", Unit::Share, scale, &lines);
        Some(figure(title, caption, &plot, data))
    }

    /// Reasons of refusals on all days, the most frequent first.
    fn reasons(&self) -> Vec<(&str, u64)> {
        let mut totals: BTreeMap<&str, u64> = BTreeMap::new();
        let bins = self.traces.iter().flat_map(|trace| &trace.bins);
        let campaigns = bins.flat_map(|bin| &bin.campaigns);
        for (name, count) in campaigns.flat_map(|campaign| &campaign.refused) {
            *totals.entry(name).or_default() += count;
        }
        let mut reasons: Vec<(&str, u64)> = totals.into_iter().collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        reasons
    }

    /// Leads that were not dialed, by the rule that forbade it.
    pub(super) fn refusals(&self) -> Option<Figure> {
        let reasons = self.reasons();
        let all: u64 = reasons.iter().map(|(_, count)| count).sum();
        let (first, most) = *reasons.first()?;
        let reasons: Vec<&str> = reasons.into_iter().map(|(reason, _)| reason).collect();
        let few = reasons.len() <= REASONS + 1;
        let shown = if few { reasons.len() } else { REASONS };
        let an_hour = |of: &[&str]| {
            let refused = |campaign: &CampaignBin| -> u64 {
                let each = of.iter().filter_map(|reason| campaign.refused.get(*reason));
                each.sum()
            };
            self.means(|bin| {
                let refused: u64 = bin.campaigns.iter().map(refused).sum();
                refused as f64 * 3600.0 / bin.length_s.max(1e-9)
            })
        };
        let layer = |(k, reason): (usize, &&str)| Layer {
            name: reason.replace('_', " "),
            tone: apart(k),
            values: an_hour(&[*reason]),
        };
        let mut layers: Vec<Layer> = reasons[..shown].iter().enumerate().map(layer).collect();
        if shown < reasons.len() {
            layers.push(Layer {
                name: "other reasons".to_owned(),
                tone: Tone::Quiet,
                values: an_hour(&reasons[shown..]),
            });
        }
        let caption = format!(
            "Times a lead was due and a rule forbade the call: {} a day, most often for {} ({}).",
            Unit::Number.value((all as f64 / self.traces.len() as f64).round()),
            first.replace('_', " "),
            share(most as f64 / all as f64, 0)
        );
        let tops = (0..self.days.bins).map(|k| layers.iter().map(|layer| layer.values[k]).sum());
        let scale = Scale::with_zero(tops.collect::<Vec<f64>>());
        let y = Axis::new("refusals an hour", scale, Unit::Number);
        let data = self.days.layer_table(&layers, Unit::Number);
        let plot = Plot::new(self.days.axis(), y).stack(self.days.edges(), layers);
        Some(figure("Refusals by reason", caption, &plot, data))
    }

    /// Abandonment of a campaign in its window; none with too few answers.
    pub(super) fn abandonment(&self, k: usize) -> Option<Figure> {
        let plan = &self.scenario.campaigns[k];
        let spread = self.spread(1.0, |bin| {
            let campaign = &bin.campaigns[k];
            let enough = campaign.answered >= ANSWERS_LEAST;
            enough.then(|| campaign.abandoned as f64 / campaign.answered as f64)
        });
        if spread.is_empty() {
            return None;
        }
        let over = spread.iter().filter(|value| value.1 > plan.cap).count();
        let caption = format!(
            "Share of the answers in its window ({}), from the {ANSWERS_LEAST}th answer on. The mean is above the cap for {} of the time; what counts is the right-hand end.",
            plan.window.name(),
            share(over as f64 / spread.len() as f64, 0)
        );
        let tops = spread.iter().map(|value| value.3.max(value.1));
        let scale = Scale::with_zero(tops.chain([plan.cap * 1.25]));
        let y = Axis::new("abandoned in the window", scale, Unit::Share);
        let plot = self
            .days
            .plot(y, &spread, Tone::Series(3))
            .level(&format!("cap {}", share(plan.cap, 1)), plan.cap);
        let data = table("abandoned in the window", &spread, Unit::Share);
        Some(figure("Abandonment in its window", caption, &plot, data))
    }

    /// What held the number of lines of a campaign; none where nothing was decided.
    pub(super) fn bounds(&self, k: usize) -> Option<Figure> {
        let all = |bin: &FloorBin| bin.campaigns[k].bound.values().sum::<u64>() as f64;
        let decisions = self.means(all);
        let layer = |(code, tone): &(&'static str, Tone)| {
            let of = |bin: &FloorBin| bin.campaigns[k].bound.get(*code).copied();
            let counts = self.means(|bin| of(bin).unwrap_or(0) as f64);
            let shares = counts.iter().zip(&decisions);
            Layer {
                name: code.replace('_', " "),
                tone: *tone,
                values: shares.map(|(part, all)| part / all.max(1e-9)).collect(),
            }
        };
        let visible = |layer: &Layer| layer.values.iter().any(|value| *value > 5e-4);
        let layers: Vec<Layer> = self.bounds.iter().map(layer).filter(visible).collect();
        let first = layers.iter().max_by(|a, b| sum(a).total_cmp(&sum(b)))?;
        let caption = format!(
            "Pacing decisions by what kept them from dialing one line more; most often: {} ({}).",
            first.name,
            share(sum(first) / self.days.bins as f64, 0)
        );
        let y = Axis::new("share of decisions", Scale::new(0.0, 1.0), Unit::Share);
        let data: DataTable = self.days.layer_table(&layers, Unit::Share);
        let plot = Plot::new(self.days.axis(), y).stack(self.days.edges(), layers);
        Some(figure(
            "What held the number of lines",
            caption,
            &plot,
            data,
        ))
    }
}

/// Whether two lines are one: sums of the same agents in another order differ in their last digits.
fn same(one: &[Spread], other: &[Spread]) -> bool {
    let near = |(a, b): (&Spread, &Spread)| a.0 == b.0 && (a.1 - b.1).abs() < 1e-9;
    one.len() == other.len() && one.iter().zip(other).all(near)
}

fn apart(k: usize) -> Tone {
    Tone::Series(APART[k % APART.len()])
}
