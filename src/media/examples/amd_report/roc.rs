//! The picture: share of machines found over share of people taken for machines.

use std::fmt::Write as _;

use carillon_media::greeting::Rule;
use carillon_media::{Mode, ScoreTable};

use crate::judge::Judged;
use crate::trace::{Trace, decide};

/// Points of a curve: (people taken for machines, machines found).
pub type Curve = Vec<(f32, f32)>;

/// The whole method in a mode, with the bias from one end to the other.
pub fn method(judged: &[Judged], mode: Mode) -> Curve {
    let table = ScoreTable::shipped();
    let shipped = table.rule(mode);
    let clips: Vec<(bool, &Trace, Vec<f32>)> = judged
        .iter()
        .filter(|j| j.clip.is("person") || j.clip.is("machine"))
        .map(|j| {
            let scores = j.trace.points.iter().map(|f| table.score(f)).collect();
            (j.clip.is("machine"), &j.trace, scores)
        })
        .collect();
    let rate = |bias: f32, machine: bool| {
        let rule = Rule {
            machine_at: shipped.machine_at - bias,
            wait: shipped.wait.clone(),
        };
        let of: Vec<_> = clips.iter().filter(|c| c.0 == machine).collect();
        let hit = of.iter().filter(|c| decide(c.1, &c.2, &rule).machine);
        hit.count() as f32 / of.len().max(1) as f32
    };
    let steps = -60..=60;
    steps
        .map(|step| 0.15 * step as f32)
        .map(|bias| (rate(bias, false), rate(bias, true)))
        .collect()
}

/// One number alone, as it stands 2.5 s after the first word or at the end of the greeting.
pub fn feature(judged: &[Judged], name: &str) -> Curve {
    let value = |j: &Judged| {
        let last = j
            .trace
            .points
            .iter()
            .take(125)
            .take_while(|f| f.silence_ms < 650.0)
            .last();
        last.and_then(|f| f.get(name)).unwrap_or_default()
    };
    let of = |class: &str| -> Vec<f32> {
        judged
            .iter()
            .filter(|j| j.clip.is(class))
            .map(value)
            .collect()
    };
    let (people, machines) = (of("person"), of("machine"));
    let mut limits: Vec<f32> = people.iter().chain(&machines).copied().collect();
    limits.sort_by(f32::total_cmp);
    limits.dedup();
    let share = |values: &[f32], limit: f32| {
        values.iter().filter(|v| **v >= limit).count() as f32 / values.len().max(1) as f32
    };
    let mut curve = vec![(0.0, 0.0)];
    curve.extend(
        limits
            .iter()
            .rev()
            .map(|limit| (share(&people, *limit), share(&machines, *limit))),
    );
    curve
}

const WIDTH: f32 = 640.0;
const HEIGHT: f32 = 460.0;
const LEFT: f32 = 60.0;
const BOTTOM: f32 = 50.0;
const COLOURS: [&str; 8] = [
    "#0b5fa5", "#c2410c", "#4d7c0f", "#7e22ce", "#b45309", "#0f766e", "#9d174d", "#57534e",
];

/// Draws curves (name, points) and single points; x from 0 to `most`.
pub fn svg(
    title: &str,
    most: f32,
    curves: &[(String, Curve)],
    points: &[(String, (f32, f32))],
) -> String {
    let x = |share: f32| LEFT + (share / most).min(1.0) * (WIDTH - LEFT - 190.0);
    let y = |share: f32| HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - 40.0);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" \
         fill=\"white\"/>\n<text x=\"{LEFT}\" y=\"22\" font-size=\"15\">{title}</text>\n"
    );
    for step in 0..=5 {
        let share = step as f32 / 5.0;
        let (px, py) = (x(share * most), y(share));
        let (right, top) = (x(most), y(1.0));
        let bottom = y(0.0);
        let _ = write!(
            out,
            "<path d=\"M{LEFT} {py}H{right}M{px} {bottom}V{top}\" stroke=\"#ddd\"/>\n\
             <text x=\"{}\" y=\"{}\" text-anchor=\"end\">{:.0} %</text>\n\
             <text x=\"{px}\" y=\"{}\" text-anchor=\"middle\">{:.1} %</text>\n",
            LEFT - 6.0,
            py + 4.0,
            share * 100.0,
            bottom + 16.0,
            share * most * 100.0
        );
    }
    let _ = writeln!(
        out,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">people taken for machines</text>\n\
         <text transform=\"translate(14 {}) rotate(-90)\" text-anchor=\"middle\">machines found</text>",
        x(most / 2.0),
        HEIGHT - 12.0,
        y(0.5)
    );
    for (n, (name, curve)) in curves.iter().enumerate() {
        let colour = COLOURS[n % COLOURS.len()];
        let mut sorted = curve.clone();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let inside = sorted.iter().filter(|p| p.0 <= most);
        let path: Vec<String> = inside
            .map(|p| format!("{:.1},{:.1}", x(p.0), y(p.1)))
            .collect();
        let _ = writeln!(
            out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\n\
             <text x=\"{}\" y=\"{}\" fill=\"{colour}\">{name}</text>",
            path.join(" "),
            x(most) + 12.0,
            60.0 + 18.0 * n as f32
        );
    }
    for (n, (name, point)) in points.iter().enumerate() {
        let note = if point.0 > most {
            " (off the scale)"
        } else {
            ""
        };
        let row = 60.0 + 18.0 * (curves.len() + n) as f32;
        let shape = ["●", "■", "✕"][n % 3];
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\" font-size=\"14\">{shape}</text>\n\
             <text x=\"{}\" y=\"{row}\">{shape} {name}{note}</text>",
            x(point.0),
            y(point.1) + 5.0,
            x(most) + 12.0
        );
    }
    out.push_str("</svg>\n");
    out
}
