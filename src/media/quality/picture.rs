//! A conversation to look at: two strips of activity, as text and as SVG.

use super::report::CallQuality;
use super::strip::Strip;
use std::fmt::Write;

/// Marks for a share of speech, none to all.
const BARS: [char; 10] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█', '█'];

/// The strips as lines of text: agent above, customer below, a ruler in minutes and seconds.
#[must_use]
pub fn text(strip: &Strip) -> Vec<String> {
    let cells = strip.customer.chars().count();
    if cells == 0 {
        return Vec::new();
    }
    let bars = |cells: &str| -> String {
        let bar = |c: char| match c.to_digit(10) {
            Some(tenth) => BARS[tenth as usize % BARS.len()],
            None => '·',
        };
        cells.chars().map(bar).collect()
    };
    vec![
        format!("agent     {}", bars(&strip.agent)),
        format!("customer  {}", bars(&strip.customer)),
        format!("          {}", ruler(cells, strip.cell_ms)),
    ]
}

/// A time every twenty cells.
fn ruler(cells: usize, cell_ms: u64) -> String {
    let mut out = String::new();
    for cell in (0..cells).step_by(20) {
        let _ = write!(out, "{:<20}", clock(cell as u64 * cell_ms));
    }
    out.trim_end().to_owned()
}

/// `1:05`.
fn clock(ms: u64) -> String {
    format!("{}:{:02}", ms / 60_000, ms / 1_000 % 60)
}

const CELL_PX: usize = 8;
const LANE_PX: usize = 48;
const LEFT_PX: usize = 80;

/// The same as a picture (SVG 1.1) with a title, for browsers and reports. It holds no text from
/// outside but `title`, which is escaped.
#[must_use]
pub fn svg(quality: &CallQuality, title: &str) -> String {
    let empty = Strip::default();
    let strip = quality.conversation.as_ref().map_or(&empty, |c| &c.strip);
    let cells = strip.customer.chars().count();
    let (width, height) = (LEFT_PX + cells.max(40) * CELL_PX + 16, 3 * LANE_PX + 40);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"8\" y=\"18\" font-size=\"14\">{}</text>\n",
        escaped(title)
    );
    lane(&mut out, "agent", &strip.agent, 36, "#1f6f8b");
    lane(
        &mut out,
        "customer",
        &strip.customer,
        36 + LANE_PX + 8,
        "#b5651d",
    );
    let ruler_y = 36 + 2 * LANE_PX + 28;
    for cell in (0..cells).step_by(20) {
        let (x, at) = (LEFT_PX + cell * CELL_PX, clock(cell as u64 * strip.cell_ms));
        let _ = writeln!(
            out,
            "<text x=\"{x}\" y=\"{ruler_y}\" fill=\"#555\">{at}</text>"
        );
    }
    let foot = ruler_y + 22;
    let _ = writeln!(
        out,
        "<text x=\"8\" y=\"{foot}\" fill=\"#555\">{}</text>",
        scores(quality)
    );
    out.push_str("</svg>\n");
    out
}

fn lane(out: &mut String, name: &str, cells: &str, y: usize, colour: &str) {
    let base = y + LANE_PX;
    let _ = writeln!(
        out,
        "<text x=\"8\" y=\"{}\">{name}</text>",
        y + LANE_PX / 2 + 4
    );
    for (n, cell) in cells.chars().enumerate() {
        let x = LEFT_PX + n * CELL_PX;
        let (height, fill) = match cell.to_digit(10) {
            Some(0) => continue,
            Some(tenth) => (LANE_PX * tenth as usize / 9, colour),
            None => (LANE_PX, "#ddd"),
        };
        let _ = writeln!(
            out,
            "<rect x=\"{x}\" y=\"{}\" width=\"{CELL_PX}\" height=\"{height}\" fill=\"{fill}\"/>",
            base - height
        );
    }
    let _ = writeln!(
        out,
        "<line x1=\"{LEFT_PX}\" y1=\"{base}\" x2=\"{}\" y2=\"{base}\" stroke=\"#999\"/>",
        LEFT_PX + cells.chars().count().max(40) * CELL_PX
    );
}

fn scores(quality: &CallQuality) -> String {
    let score = |path: &Option<super::path::PathQuality>| {
        path.as_ref().map_or("not measured".to_owned(), |p| {
            format!("MOS {:.1}, worst {:.1}", p.mos, p.worst_mos)
        })
    };
    format!(
        "customer hears {}; agent hears {}; grey: on hold",
        score(&quality.customer_hears),
        score(&quality.agent_hears)
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::super::conversation::ConversationFigures;
    use super::*;

    fn strip() -> Strip {
        Strip {
            cell_ms: 500,
            customer: format!("0000{}99hh5", "0".repeat(16)),
            agent: format!("9931{}00hh0", "0".repeat(16)),
        }
    }

    #[test]
    fn text_shows_both_sides_holds_and_the_time() {
        let lines = text(&strip());
        assert_eq!(lines[0], format!("agent     ██▃▁{}  ·· ", " ".repeat(16)));
        assert_eq!(lines[1], format!("customer      {}██··▅", " ".repeat(16)));
        assert_eq!(lines[2], format!("          0:00{}0:10", " ".repeat(16)));
        assert_eq!(text(&Strip::default()), Vec::<String>::new());
    }

    #[test]
    fn the_picture_is_whole_and_takes_no_markup_from_outside() {
        let quality = CallQuality {
            conversation: Some(ConversationFigures {
                strip: strip(),
                ..ConversationFigures::default()
            }),
            ..CallQuality::default()
        };
        let picture = svg(&quality, "call 7 <script>&");
        assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
        assert!(picture.contains("call 7 &lt;script&gt;&amp;") && !picture.contains("<script"));
        // A rectangle a cell that is not silent, and the ground.
        assert_eq!(picture.matches("<rect ").count(), 1 + 6 + 5);
        assert!(picture.contains("not measured"));
    }
}
