//! What is drawn between the axes.

use super::plot::{Axis, Layer, Point, Tone, percent};
use maud::{Markup, html};
use std::fmt::Write;

/// Units of the frame that paths are drawn in.
const FRAME: f64 = 1000.0;
/// A layer is named inside where it is at least this thick, as a share of the frame's height.
const NAMED_FROM: f64 = 0.08;
/// Width of a character of its name on a phone, as a share of the frame's.
const NAMED_WIDTH: f64 = 0.03;

/// Something between the axes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Mark {
    Line {
        name: String,
        tone: Tone,
        dashed: bool,
        points: Vec<(f64, f64)>,
    },
    Band {
        name: String,
        tone: Tone,
        points: Vec<(f64, f64, f64)>,
    },
    Stack {
        edges: Vec<f64>,
        layers: Vec<Layer>,
    },
    Bars {
        name: String,
        tone: Tone,
        bars: Vec<(f64, f64, f64)>,
    },
    Points {
        points: Vec<Point>,
    },
    Dots {
        name: String,
        tone: Tone,
        points: Vec<(f64, f64)>,
    },
    /// An entry of the legend alone.
    Key {
        name: String,
        tone: Tone,
    },
    Level {
        label: String,
        y: f64,
    },
    Border {
        label: String,
        x: f64,
    },
}

/// An entry of the legend.
pub(super) struct Swatch {
    kind: &'static str,
    tone: Tone,
    name: String,
}

impl Swatch {
    /// Without it the plot is not understood, even if it is the only one.
    pub(super) fn is_rule(&self) -> bool {
        self.kind == "rule"
    }

    pub(super) fn has_name(&self) -> bool {
        !self.name.is_empty()
    }

    pub(super) fn render(&self) -> Markup {
        html! {
            li {
                svg.swatch width="22" height="12" aria-hidden="true" {
                    @match self.kind {
                        "line" => line class=(self.tone.class()) x1="1" x2="21" y1="6" y2="6" {},
                        "dashed" => line class={ (self.tone.class()) " dashed" } x1="1" x2="21" y1="6" y2="6" {},
                        "rule" => line.rule x1="1" x2="21" y1="6" y2="6" {},
                        "key" => g transform="translate(11 6)" { path class={ "shape " (self.tone.class()) } d=(outline(self.tone)) {} },
                        "dots" => circle class={ "fill " (self.tone.class()) } cx="11" cy="6" r="3.5" {},
                        kind => rect class={ (kind) " " (self.tone.class()) } x="1" y="1" width="20" height="10" rx="2" {},
                    }
                }
                (self.name)
            }
        }
    }
}

impl Mark {
    /// What the legend says of it.
    pub(super) fn swatches(&self) -> Vec<Swatch> {
        let one = |kind, tone: &Tone, name: &String| {
            vec![Swatch {
                kind,
                tone: *tone,
                name: name.clone(),
            }]
        };
        match self {
            Self::Line {
                name, tone, dashed, ..
            } => one(if *dashed { "dashed" } else { "line" }, tone, name),
            Self::Band { name, tone, .. } => one("band", tone, name),
            Self::Bars { name, tone, .. } => one("fill", tone, name),
            Self::Dots { name, tone, .. } => one("dots", tone, name),
            // As the stack lies: the topmost first.
            Self::Stack { layers, .. } => layers
                .iter()
                .rev()
                .flat_map(|layer| one("fill", &layer.tone, &layer.name))
                .collect(),
            Self::Key { name, tone } => one("key", tone, name),
            Self::Level { label, .. } | Self::Border { label, .. } => {
                one("rule", &Tone::Limit, label)
            }
            // They carry their names themselves.
            Self::Points { .. } => Vec::new(),
        }
    }

    pub(super) fn render(&self, x: &Axis, y: &Axis) -> Markup {
        let at = |px: f64, py: f64| (x.scale.place(px), y.scale.place(py));
        match self {
            Self::Line {
                tone,
                dashed,
                points,
                ..
            } => {
                let path = path(points.iter().map(|(px, py)| at(*px, *py)));
                let class = format!("{}{}", tone.class(), if *dashed { " dashed" } else { "" });
                stretched(html! { path class={ "line " (class) } d=(path) {} })
            }
            Self::Band { tone, points, .. } => {
                let upper = points.iter().map(|(px, _, high)| at(*px, *high));
                let lower = points.iter().rev().map(|(px, low, _)| at(*px, *low));
                let path = path(upper.chain(lower));
                stretched(html! { path class={ "band " (tone.class()) } d={ (path) "Z" } {} })
            }
            Self::Bars { tone, bars, .. } => html! {
                @for (from, to, value) in bars {
                    @let (left, top) = at(*from, *value);
                    @let (right, bottom) = at(*to, 0.0);
                    rect class={ "mark fill bar " (tone.class()) } x=(percent(left)) width=(percent(right - left))
                        y=(percent(1.0 - top)) height=(percent(top - bottom)) {
                        title { (x.unit.value(*from)) "–" (x.unit.value(*to)) ": " (y.unit.value(*value)) }
                    }
                }
            },
            Self::Stack { edges, layers } => stack(edges, layers, x, y),
            Self::Points { points } => html! {
                @for point in points { (intervals(point, x, y)) }
                @for point in points { (shape(point, x, y)) }
            },
            Self::Dots { tone, points, .. } => html! {
                @for (px, py) in points {
                    @let (px, py) = at(*px, *py);
                    circle class={ "mark fill " (tone.class()) } cx=(percent(px)) cy=(percent(1.0 - py)) r="3" {}
                }
            },
            Self::Key { .. } => html! {},
            Self::Level { y: level, .. } => {
                let place = percent(1.0 - y.scale.place(*level));
                html! { line.rule x1="0" x2="100%" y1=(place) y2=(place) {} }
            }
            Self::Border { x: border, .. } => {
                let place = percent(x.scale.place(*border));
                html! { line.rule x1=(place) x2=(place) y1="0" y2="100%" {} }
            }
        }
    }
}

/// Marks that stretch with the frame; their strokes do not.
fn stretched(marks: Markup) -> Markup {
    html! {
        svg.stretched width="100%" height="100%" viewBox="0 0 1000 1000" preserveAspectRatio="none" { (marks) }
    }
}

fn path(places: impl Iterator<Item = (f64, f64)>) -> String {
    let mut path = String::new();
    for (k, (x, y)) in places.enumerate() {
        let letter = if k == 0 { 'M' } else { 'L' };
        // Writing to a string does not fail.
        let _ = write!(path, "{letter}{:.1} {:.1}", x * FRAME, (1.0 - y) * FRAME);
    }
    path
}

fn stack(edges: &[f64], layers: &[Layer], x: &Axis, y: &Axis) -> Markup {
    let bins = edges.len().saturating_sub(1);
    let mut below = vec![0.0; bins];
    let mut drawn = Vec::new();
    for layer in layers {
        let above: Vec<f64> = below
            .iter()
            .enumerate()
            .map(|(k, base)| base + layer.values.get(k).copied().unwrap_or(0.0))
            .collect();
        let corners = |heights: &[f64]| {
            let bin = |k: usize| [(edges[k], heights[k]), (edges[k + 1], heights[k])];
            (0..bins).flat_map(bin).collect::<Vec<_>>()
        };
        let at = |(px, py): (f64, f64)| (x.scale.place(px), y.scale.place(py));
        let upper = corners(&above).into_iter().map(at);
        let lower = corners(&below).into_iter().rev().map(at);
        drawn.push((
            layer,
            path(upper.chain(lower)),
            named(&layer.name, &below, &above, y),
        ));
        below = above;
    }
    html! {
        (stretched(html! {
            @for (layer, path, _) in &drawn {
                path class={ "fill layer " (layer.tone.class()) } d={ (path) "Z" } {}
            }
        }))
        @for (layer, _, place) in &drawn {
            @if let Some((bin, middle)) = place {
                @let across = x.scale.place(f64::midpoint(edges[*bin], edges[*bin + 1]));
                text class={ "inside " (layer.tone.class()) } x=(percent(across)) y=(percent(1.0 - middle)) dy="0.35em" text-anchor="middle" { (layer.name) }
            }
        }
    }
}

/// The bin, not too near the sides, about which a layer has most room for its name, and the middle of
/// that room.
fn named(name: &str, below: &[f64], above: &[f64], y: &Axis) -> Option<(usize, f64)> {
    let bins = below.len();
    let reach = (name.chars().count() as f64 * NAMED_WIDTH / 2.0 * bins as f64).ceil() as usize;
    let room = |k: usize| {
        let (low, high) = (k - reach, k + reach);
        let floor = below[low..=high].iter().map(|value| y.scale.place(*value));
        let roof = above[low..=high].iter().map(|value| y.scale.place(*value));
        (floor.fold(0.0, f64::max), roof.fold(1.0, f64::min))
    };
    let inner = reach..bins.saturating_sub(reach);
    let size = |k: usize| room(k).1 - room(k).0;
    let best = inner.max_by(|a, b| size(*a).total_cmp(&size(*b)))?;
    let (floor, roof) = room(best);
    (roof - floor >= NAMED_FROM).then(|| (best, f64::midpoint(floor, roof)))
}

fn intervals(point: &Point, x: &Axis, y: &Axis) -> Markup {
    let class = format!("mark interval {}", point.tone.class());
    let (px, py) = (x.scale.place(point.x.0), 1.0 - y.scale.place(point.y.0));
    let across = (x.scale.place(point.x.1), x.scale.place(point.x.2));
    let up = (
        1.0 - y.scale.place(point.y.1),
        1.0 - y.scale.place(point.y.2),
    );
    html! {
        @if across.1 > across.0 {
            line class=(class) x1=(percent(across.0)) x2=(percent(across.1)) y1=(percent(py)) y2=(percent(py)) {}
        }
        @if up.0 > up.1 {
            line class=(class) x1=(percent(px)) x2=(percent(px)) y1=(percent(up.0)) y2=(percent(up.1)) {}
        }
    }
}

fn shape(point: &Point, x: &Axis, y: &Axis) -> Markup {
    let (px, py) = (x.scale.place(point.x.0), 1.0 - y.scale.place(point.y.0));
    html! {
        svg.anchor x=(percent(px)) y=(percent(py)) {
            path class={ "mark shape " (point.tone.class()) } d=(outline(point.tone)) {
                title { (point.name) ": " (x.label) " " (x.unit.value(point.x.0)) ", " (y.label) " " (y.unit.value(point.y.0)) }
            }
        }
    }
}

/// Each colour has a shape of its own, so that none is told by its colour alone.
pub(super) fn outline(tone: Tone) -> &'static str {
    let Tone::Series(k) = tone else {
        return "M-5 0A5 5 0 1 1 5 0A5 5 0 1 1-5 0Z";
    };
    // A ninth has the first's colour, and another shape.
    match (k + k / 8) % 8 {
        0 => "M-5.5 0A5.5 5.5 0 1 1 5.5 0A5.5 5.5 0 1 1-5.5 0Z",
        1 => "M-5-5H5V5H-5Z",
        2 => "M0-6.5L6 5H-6Z",
        3 => "M0-7L7 0L0 7L-7 0Z",
        4 => "M0 6.5L6-5H-6Z",
        5 => "M-2-6H2V-2H6V2H2V6H-2V2H-6V-2H-2Z",
        6 => "M-4.5-4.5L4.5-4.5L4.5 0A4.5 4.5 0 1 1-4.5 0Z",
        _ => "M0-6.5L6.2-2L3.8 5.3H-3.8L-6.2-2Z",
    }
}
