//! A plot: two axes and marks between them.

use super::marks::{Mark, Swatch};
use super::scale::{Scale, Unit};
use maud::{Markup, html};

/// A colour of the palette; the page says which, in light and in dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Series 1 to 8: told apart by people who do not see all colours. Later ones begin again.
    Series(usize),
    /// A background, a reference.
    Quiet,
    /// A limit.
    Limit,
}

impl Tone {
    /// The page's class.
    pub(super) fn class(self) -> String {
        match self {
            Self::Series(k) => format!("t{}", k % 8 + 1),
            Self::Quiet => "quiet".to_owned(),
            Self::Limit => "limit".to_owned(),
        }
    }
}

/// An axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// What it shows.
    pub label: String,
    /// From where to where.
    pub scale: Scale,
    /// In what.
    pub unit: Unit,
    /// About how many ticks.
    pub ticks: usize,
}

impl Axis {
    /// An axis with about five ticks.
    #[must_use]
    pub fn new(label: &str, scale: Scale, unit: Unit) -> Self {
        Self {
            label: label.to_owned(),
            scale,
            unit,
            ticks: 5,
        }
    }

    /// Hours of a day.
    #[must_use]
    pub fn hours(label: &str, hours: f64) -> Self {
        Self {
            ticks: 8,
            ..Self::new(label, Scale::new(0.0, hours), Unit::Hours)
        }
    }

    /// Ticks and their text.
    pub(super) fn written(&self) -> Vec<(f64, String)> {
        let step = self.scale.step(self.ticks, self.unit);
        let ticks = self.scale.ticks(self.ticks, self.unit);
        let write = |tick| (self.scale.place(tick), self.unit.tick(tick, step));
        ticks.into_iter().map(write).collect()
    }
}

/// A layer of stacked areas.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Its name, in the legend and in the area where it is thick enough.
    pub name: String,
    /// Its colour.
    pub tone: Tone,
    /// Its thickness in each bin.
    pub values: Vec<f64>,
}

/// A point, with intervals where they are known.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Its name: shown beside it, a letter where there is no room.
    pub name: String,
    /// Its colour and, with it, its shape.
    pub tone: Tone,
    /// Across: value, low, high.
    pub x: (f64, f64, f64),
    /// Up: value, low, high.
    pub y: (f64, f64, f64),
}

/// Two axes and marks between them.
#[derive(Clone, Debug, PartialEq)]
pub struct Plot {
    x: Axis,
    y: Axis,
    height: u32,
    marks: Vec<Mark>,
}

impl Plot {
    /// An empty plot.
    #[must_use]
    pub fn new(x: Axis, y: Axis) -> Self {
        Self {
            x,
            y,
            height: 240,
            marks: Vec::new(),
        }
    }

    /// Of this height, in CSS pixels.
    #[must_use]
    pub fn height(mut self, pixels: u32) -> Self {
        self.height = pixels;
        self
    }

    /// A line through points, in the order given.
    #[must_use]
    pub fn line(mut self, name: &str, tone: Tone, points: Vec<(f64, f64)>) -> Self {
        self.marks.push(Mark::Line {
            name: name.to_owned(),
            tone,
            dashed: false,
            points,
        });
        self
    }

    /// A dashed line.
    #[must_use]
    pub fn dashed(mut self, name: &str, tone: Tone, points: Vec<(f64, f64)>) -> Self {
        self.marks.push(Mark::Line {
            name: name.to_owned(),
            tone,
            dashed: true,
            points,
        });
        self
    }

    /// A line that keeps each value until the next point: an empirical distribution.
    #[must_use]
    pub fn steps(self, name: &str, tone: Tone, points: &[(f64, f64)]) -> Self {
        let mut corners: Vec<(f64, f64)> = Vec::with_capacity(2 * points.len());
        for (x, y) in points {
            if let Some((_, before)) = corners.last().copied() {
                corners.push((*x, before));
            }
            corners.push((*x, *y));
        }
        self.line(name, tone, corners)
    }

    /// What lies between two values at each x: x, low, high.
    #[must_use]
    pub fn band(mut self, name: &str, tone: Tone, points: Vec<(f64, f64, f64)>) -> Self {
        self.marks.push(Mark::Band {
            name: name.to_owned(),
            tone,
            points,
        });
        self
    }

    /// Areas on top of each other over bins with these edges, one more than values.
    #[must_use]
    pub fn stack(mut self, edges: Vec<f64>, layers: Vec<Layer>) -> Self {
        self.marks.push(Mark::Stack { edges, layers });
        self
    }

    /// Bars from zero: from x, to x, value.
    #[must_use]
    pub fn bars(mut self, name: &str, tone: Tone, bars: Vec<(f64, f64, f64)>) -> Self {
        self.marks.push(Mark::Bars {
            name: name.to_owned(),
            tone,
            bars,
        });
        self
    }

    /// Points with names and intervals.
    #[must_use]
    pub fn points(mut self, points: Vec<Point>) -> Self {
        self.marks.push(Mark::Points { points });
        self
    }

    /// Many small points without names: a scatter, a QQ plot.
    #[must_use]
    pub fn dots(mut self, name: &str, tone: Tone, points: Vec<(f64, f64)>) -> Self {
        self.marks.push(Mark::Dots {
            name: name.to_owned(),
            tone,
            points,
        });
        self
    }

    /// An entry of the legend: what points of this colour and shape are.
    #[must_use]
    pub fn key(mut self, name: &str, tone: Tone) -> Self {
        self.marks.push(Mark::Key {
            name: name.to_owned(),
            tone,
        });
        self
    }

    /// A level across the plot, with its name in the legend.
    #[must_use]
    pub fn level(mut self, label: &str, y: f64) -> Self {
        self.marks.push(Mark::Level {
            label: label.to_owned(),
            y,
        });
        self
    }

    /// A border from bottom to top, with its name in the legend.
    #[must_use]
    pub fn border(mut self, label: &str, x: f64) -> Self {
        self.marks.push(Mark::Border {
            label: label.to_owned(),
            x,
        });
        self
    }

    /// Where x and y are equal: the line a QQ plot is judged by.
    #[must_use]
    pub fn diagonal(self, name: &str) -> Self {
        let from = self.x.scale.from.max(self.y.scale.from);
        let to = self.x.scale.to.min(self.y.scale.to);
        self.dashed(name, Tone::Quiet, vec![(from, from), (to, to)])
    }

    /// The drawing. `told` says in a sentence what is to be seen, for those who do not see it.
    #[must_use]
    pub fn render(&self, told: &str) -> Markup {
        let (across, up) = (self.x.written(), self.y.written());
        let longest = up.iter().map(|(_, text)| text.chars().count()).max();
        let left = format!("--left:{}ch;--high:{}px", longest.unwrap_or(1), self.height);
        let swatches: Vec<Swatch> = self
            .marks
            .iter()
            .flat_map(Mark::swatches)
            .filter(Swatch::has_name)
            .collect();
        html! {
            @if swatches.len() > 1 || swatches.iter().any(Swatch::is_rule) {
                ul.legend { @for swatch in &swatches { (swatch.render()) } }
            }
            div.plot style=(left) {
                div.up { (self.y.label) }
                svg.frame role="img" aria-label=(told) {
                    g.grid {
                        @for (place, text) in &up {
                            line x1="0" x2="100%" y1=(percent(1.0 - place)) y2=(percent(1.0 - place)) {}
                            text x="0" y=(percent(1.0 - place)) dx="-8" dy="0.35em" text-anchor="end" { (text) }
                        }
                        @for (k, (place, text)) in across.iter().enumerate() {
                            line.tick x1=(percent(*place)) x2=(percent(*place)) y1="100%" y2="100%" {}
                            text.odd[k % 2 == 1 && across.len() > 5] x=(percent(*place)) y="100%" dy="19" text-anchor="middle" { (text) }
                        }
                    }
                    @for mark in &self.marks { (mark.render(&self.x, &self.y)) }
                    line.base x1="0" x2="100%" y1="100%" y2="100%" {}
                    (super::labels::render(&self.marks, &self.x.scale, &self.y.scale, self.height))
                }
                div.across { (self.x.label) }
            }
        }
    }
}

/// A place on an axis, 0–1, as SVG has it.
pub(super) fn percent(place: f64) -> String {
    let text = format!("{:.2}", 100.0 * place);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}
