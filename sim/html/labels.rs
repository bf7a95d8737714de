//! Names of points, placed so that they do not lie on each other.

use super::marks::Mark;
use super::plot::{Point, percent};
use super::scale::Scale;
use maud::{Markup, html};

/// Widths of a frame for which names are placed, in pixels: the least a name in full is shown in,
/// and a phone's, on which a letter stands for it.
const WIDE: f64 = 460.0;
const NARROW: f64 = 250.0;
/// Estimated width of a character, and height of a line, in pixels.
const CHARACTER: f64 = 6.9;
const LINE: f64 = 15.0;
/// Room a point takes to either side.
const POINT: f64 = 7.0;
/// Half the room an interval's bar takes.
const BAR: f64 = 3.0;
/// Where a name may lie about its point: directions, the best first.
const WAYS: [(f64, f64); 8] = [
    (1.0, 0.0),
    (-1.0, 0.0),
    (0.7, -0.7),
    (0.7, 0.7),
    (-0.7, -0.7),
    (-0.7, 0.7),
    (0.0, -1.0),
    (0.0, 1.0),
];
/// How far away it may be.
const FAR: [f64; 5] = [12.0, 22.0, 34.0, 48.0, 66.0];

/// A rectangle that is taken.
#[derive(Clone, Copy)]
struct Taken {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Taken {
    fn about(x: f64, y: f64, half_width: f64, half_height: f64) -> Self {
        Self {
            left: x - half_width,
            right: x + half_width,
            top: y - half_height,
            bottom: y + half_height,
        }
    }

    fn overlap(&self, other: &Self) -> f64 {
        let across = self.right.min(other.right) - self.left.max(other.left);
        let down = self.bottom.min(other.bottom) - self.top.max(other.top);
        across.max(0.0) * down.max(0.0)
    }

    fn outside(&self, width: f64, height: f64) -> f64 {
        (-self.left).max(0.0)
            + (self.right - width).max(0.0)
            + (-self.top).max(0.0)
            + (self.bottom - height).max(0.0)
    }
}

/// The middle of each name, in pixels from its point, so that names meet neither points nor each
/// other in a frame of that size, as far as that is possible.
fn places(
    points: &[(f64, f64)],
    bars: &[Taken],
    names: &[String],
    width: f64,
    height: f64,
) -> Vec<(f64, f64)> {
    let about = |(x, y): &(f64, f64)| Taken::about(x * width, y * height, POINT, POINT);
    let bar = |bar: &Taken| Taken {
        left: bar.left * width - BAR,
        right: bar.right * width + BAR,
        top: bar.top * height - BAR,
        bottom: bar.bottom * height + BAR,
    };
    let mut taken: Vec<Taken> = points
        .iter()
        .map(about)
        .chain(bars.iter().map(bar))
        .collect();
    let mut found = Vec::new();
    for ((x, y), name) in points.iter().zip(names) {
        let half = name.chars().count() as f64 * CHARACTER / 2.0;
        let mut best = (f64::INFINITY, (0.0, 0.0), taken[0]);
        for far in FAR {
            for (across, down) in WAYS {
                let (dx, dy) = (across * (far + half), down * far);
                let box_of = Taken::about(x * width + dx, y * height + dy, half, LINE / 2.0);
                let met: f64 = taken.iter().map(|other| other.overlap(&box_of)).sum();
                let cost = met + 1000.0 * box_of.outside(width, height) + far / 10.0;
                if cost < best.0 {
                    best = (cost, (dx, dy), box_of);
                }
            }
        }
        taken.push(best.2);
        found.push(best.1);
    }
    found
}

/// What stands for the name of the k-th point where there is no room: `A` for the first, `B` for the
/// second; after `Z` numbers.
#[must_use]
pub fn letter(k: usize) -> String {
    match u8::try_from(k) {
        Ok(k) if k < 26 => char::from(b'A' + k).to_string(),
        _ => (k + 1).to_string(),
    }
}

/// Names of points.
pub(super) fn render(marks: &[Mark], x: &Scale, y: &Scale, height: u32) -> Markup {
    let points: Vec<&Point> = marks
        .iter()
        .filter_map(|mark| match mark {
            Mark::Points { points } => Some(points),
            _ => None,
        })
        .flatten()
        .filter(|point| !point.name.is_empty())
        .collect();
    let at: Vec<(f64, f64)> = points
        .iter()
        .map(|point| (x.place(point.x.0), 1.0 - y.place(point.y.0)))
        .collect();
    let bars: Vec<Taken> = points
        .iter()
        .zip(&at)
        .flat_map(|(point, at)| bars(point, *at, x, y))
        .collect();
    let names: Vec<String> = points.iter().map(|point| point.name.clone()).collect();
    let letters: Vec<String> = (0..points.len()).map(letter).collect();
    let full = names.iter().map(|name| name.chars().count()).max() > Some(2);
    html! {
        (beside("wide", &at, &names, places(&at, &bars, &names, WIDE, f64::from(height))))
        @if full {
            (beside("narrow", &at, &letters, places(&at, &bars, &letters, NARROW, f64::from(height))))
        }
    }
}

/// The bars of a point's intervals, as shares of the frame.
fn bars(point: &Point, at: (f64, f64), x: &Scale, y: &Scale) -> [Taken; 2] {
    let across = Taken {
        left: x.place(point.x.1),
        right: x.place(point.x.2),
        top: at.1,
        bottom: at.1,
    };
    let up = Taken {
        left: at.0,
        right: at.0,
        top: 1.0 - y.place(point.y.2),
        bottom: 1.0 - y.place(point.y.1),
    };
    [across, up]
}

fn beside(class: &str, at: &[(f64, f64)], names: &[String], places: Vec<(f64, f64)>) -> Markup {
    html! {
        @for (((x, y), name), (dx, dy)) in at.iter().zip(names).zip(places) {
            svg class={ "anchor " (class) } x=(percent(*x)) y=(percent(*y)) {
                @let half = name.chars().count() as f64 * CHARACTER / 2.0;
                @let near = dx.signum() * (dx.abs() - half).max(0.0);
                @if near.hypot(dy) > 20.0 {
                    line.leader x1=(format!("{:.0}", near * 0.35)) y1=(format!("{:.0}", dy * 0.35))
                        x2=(format!("{:.0}", near * 0.9)) y2=(format!("{:.0}", dy * 0.75)) {}
                }
                text.name x=(format!("{dx:.0}")) y=(format!("{dy:.0}")) dy="0.35em" text-anchor="middle" { (name) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_points_close_together_do_not_lie_on_each_other() {
        let points: Vec<(f64, f64)> = (0..6)
            .map(|k| (0.5 + 0.004 * f64::from(k), 0.5 - 0.01 * f64::from(k)))
            .collect();
        let names: Vec<String> = (0..6).map(|k| format!("vicidial-{k}")).collect();
        let found = places(&points, &[], &names, WIDE, 300.0);
        let boxes: Vec<Taken> = points
            .iter()
            .zip(&found)
            .map(|((x, y), (dx, dy))| {
                let half = 10.0 * CHARACTER / 2.0;
                Taken::about(x * WIDE + dx, y * 300.0 + dy, half, LINE / 2.0)
            })
            .collect();
        for (k, one) in boxes.iter().enumerate() {
            assert!(one.outside(WIDE, 300.0) < 0.1, "{k} leaves the frame");
            for other in &boxes[..k] {
                assert!(one.overlap(other) < 1.0, "{k} lies on another");
            }
        }
    }
}
