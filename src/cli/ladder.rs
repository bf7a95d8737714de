//! A call's messages drawn as a ladder: Carillon on the left, the other sides to its right, an
//! arrow for each message.

use carillon_api::port::{CallTrace, TraceMessage};

/// Fewest columns a ladder is drawn in.
const WIDTH_MIN: usize = 60;
/// Columns between two sides at least and at most.
const GAP_MIN: usize = 20;
const GAP_MAX: usize = 44;
/// Where the times take the room: `01:59:12.123   +0.012 `.
const TIMES: usize = 22;

/// The lines of the drawing, at most so many columns wide where the messages allow it.
pub(super) fn drawn(trace: &CallTrace, width: usize) -> Vec<String> {
    let width = width.max(WIDTH_MIN);
    let mut lines = head(trace);
    let ladder = Ladder::new(trace, width);
    lines.push(String::new());
    lines.extend(ladder.header());
    for message in &trace.messages {
        lines.extend(ladder.message(message));
    }
    if trace.dropped > 0 {
        lines.push(format!(
            "{:TIMES$}… {} more were not kept",
            "", trace.dropped
        ));
    }
    lines.push(String::new());
    lines.push(match &trace.summary.ended {
        Some(how) => format!("ended: {how}"),
        None => "it goes on, as far as the messages tell".to_owned(),
    });
    if let Some(cause) = &trace.cause {
        let by = trace.ended_by.as_ref();
        let by = by.map_or_else(String::new, |by| format!(", ended by the {by}"));
        lines.push(format!("cause: {cause}{by}"));
    }
    lines
}

fn head(trace: &CallTrace) -> Vec<String> {
    let told = &trace.summary;
    let what = match (told.call, &told.agent) {
        (Some(call), _) => format!("call {call}, {}", told.kind),
        (None, Some(agent)) => format!("line of agent {agent}"),
        (None, None) => told.kind.clone(),
    };
    let at = told.started.replace('T', " ").replace('Z', " UTC");
    vec![
        format!("{what}: {} to {}", or_dash(&told.from), or_dash(&told.to)),
        format!("Call-ID {}", told.call_id),
        format!(
            "{at}, {} messages in {:.3} s",
            told.messages,
            told.lasted_ms as f64 / 1e3
        ),
    ]
}

fn or_dash(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}

struct Ladder<'t> {
    trace: &'t CallTrace,
    /// Columns between two sides.
    gap: usize,
    /// Sides drawn besides ours; messages with further ones go to the last, with their address.
    sides: usize,
}

impl<'t> Ladder<'t> {
    fn new(trace: &'t CallTrace, width: usize) -> Self {
        let room = width - TIMES - 2;
        let sides = trace.peers.len().clamp(1, (room / (GAP_MIN + 1)).max(1));
        let gap = (room / sides).saturating_sub(1).clamp(GAP_MIN, GAP_MAX);
        Self { trace, gap, sides }
    }

    /// Which side a message is drawn to.
    fn side(&self, message: &TraceMessage) -> usize {
        (message.peer as usize).min(self.sides - 1)
    }

    /// Names and addresses, each ending above its side's line.
    fn header(&self) -> Vec<String> {
        let first = |text: &str, ours: &str| {
            let room = self.gap + 2 - ours.len();
            format!("{:TIMES$}{ours}{:>room$}", "", cut(text, room - 1))
        };
        let further = |text: &str| format!("{:>1$}", cut(text, self.gap), self.gap + 1);
        let (mut names, mut addresses) = (String::new(), String::new());
        for (n, peer) in self.trace.peers.iter().take(self.sides).enumerate() {
            let name = peer.name.as_deref().unwrap_or("peer");
            match n {
                0 => {
                    names.push_str(&first(name, "Carillon"));
                    addresses.push_str(&first(&peer.address, ""));
                }
                _ => {
                    names.push_str(&further(name));
                    addresses.push_str(&further(&peer.address));
                }
            }
        }
        vec![names, addresses]
    }

    /// The arrow, and below it what else the message says.
    fn message(&self, message: &TraceMessage) -> Vec<String> {
        let clock = message.at.get(11..23).unwrap_or("");
        let after = format!("+{:.3}", message.after_us as f64 / 1e6);
        let mut lines = vec![format!("{clock} {after:>8} {}", self.arrow(message))];
        let told = [&message.sdp, &message.note];
        lines.extend(told.into_iter().flatten().flat_map(|text| self.below(text)));
        if let Some(text) = &message.text {
            lines.push(String::new());
            lines.extend(text.lines().map(|line| format!("    {line}")));
            lines.push(String::new());
        }
        lines
    }

    fn arrow(&self, message: &TraceMessage) -> String {
        let side = self.side(message);
        let length = (side + 1) * (self.gap + 1) - 1;
        let mut label = message.label.clone();
        // A method says itself what its CSeq is of; a status without one is the INVITE's.
        let (number, method) = message.cseq.split_once(' ').unwrap_or_default();
        match message.label.starts_with(|c: char| c.is_ascii_digit()) {
            true if method == "INVITE" => label.push_str(&format!(" ({number})")),
            true => label.push_str(&format!(" ({})", message.cseq)),
            false => label.push_str(&format!(" {number}")),
        }
        if message.again {
            label.push_str(" again");
        }
        if message.peer as usize >= self.sides
            && let Some(peer) = self.trace.peers.get(message.peer as usize)
        {
            label.push_str(&format!(" [{}]", peer.address));
        }
        let label = cut(&label, length.saturating_sub(6));
        // Repeated messages have broken lines.
        let dash = if message.again { '╌' } else { '─' };
        let rest = length.saturating_sub(label.chars().count() + 5);
        let line: String = std::iter::repeat_n(dash, rest).collect();
        let arrow = match message.sent {
            true => format!("{dash}{dash} {label} {line}►"),
            false => format!("◄{line} {label} {dash}{dash}"),
        };
        let mut out = format!("│{arrow}│");
        for _ in side + 1..self.sides {
            out.push_str(&format!("{:1$}│", "", self.gap));
        }
        out
    }

    /// A text between the sides; what does not fit goes to further lines.
    fn below(&self, text: &str) -> Vec<String> {
        let room = self.sides * (self.gap + 1) - 1;
        let wide = room.saturating_sub(4).max(10);
        let mut lines: Vec<String> = vec![String::new()];
        for word in text.split(' ') {
            let word: Vec<char> = word.chars().collect();
            for piece in word.chunks(wide) {
                let piece: String = piece.iter().collect();
                let last = lines.last().map_or(0, |l| l.chars().count());
                if last > 0 && last + 1 + piece.chars().count() > wide {
                    lines.push(String::new());
                }
                if let Some(line) = lines.last_mut() {
                    if !line.is_empty() {
                        line.push(' ');
                    }
                    line.push_str(&piece);
                }
            }
        }
        let drawn = lines.into_iter();
        drawn
            .map(|line| format!("{:TIMES$}│   {line:1$}│", "", room - 3))
            .collect()
    }
}

/// At most so many columns, cut with an ellipsis.
fn cut(text: &str, columns: usize) -> String {
    match text.chars().count() <= columns {
        true => text.to_owned(),
        false => {
            let head: String = text.chars().take(columns.saturating_sub(1)).collect();
            format!("{head}…")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_api::port::{TracePeer, TraceSummary};

    fn message(label: &str, cseq: &str, sent: bool, peer: u32) -> TraceMessage {
        TraceMessage {
            at: "2026-11-22T01:59:12.123456Z".into(),
            after_us: 12_345,
            sent,
            peer,
            label: label.into(),
            cseq: cseq.into(),
            ..TraceMessage::default()
        }
    }

    fn call() -> CallTrace {
        let mut invite = message("INVITE", "1 INVITE", true, 0);
        invite.sdp = Some("PCMU PCMA telephone-event 192.0.2.9:16384 sendrecv".into());
        let mut again = invite.clone();
        again.again = true;
        let peer = |address: &str, name: Option<&str>| TracePeer {
            address: address.into(),
            name: name.map(str::to_owned),
        };
        CallTrace {
            summary: TraceSummary {
                call: Some(42),
                kind: "outbound".into(),
                from: "+1202***0100".into(),
                to: "+1212***0108".into(),
                call_id: "42-0a@x".into(),
                started: "2026-11-22T01:59:12.123456Z".into(),
                ended: Some("BYE from 198.51.100.7:5060".into()),
                messages: 4,
                ..TraceSummary::default()
            },
            cause: Some("connected".into()),
            ended_by: Some("customer".into()),
            peers: vec![
                peer("192.0.2.1:5060", Some("carrier-a")),
                peer("198.51.100.7:5060", None),
            ],
            messages: vec![
                invite,
                again,
                message("180 Ringing", "1 INVITE", false, 0),
                message("BYE", "7 BYE", false, 1),
            ],
            dropped: 2,
        }
    }

    #[test]
    fn a_ladder_fits_eighty_columns() {
        let lines = drawn(&call(), 80);
        let text = lines.join("\n");
        for line in &lines {
            assert!(
                line.chars().count() <= 80,
                "{}: {line}",
                line.chars().count()
            );
        }
        for part in [
            "call 42, outbound: +1202***0100 to +1212***0108",
            "carrier-a",
            "198.51.100.7:5060",
            "01:59:12.123   +0.012 │── INVITE 1 ─",
            "╌╌ INVITE 1 again ╌",
            "─ 180 Ringing (1) ──│",
            " BYE 7 ──│",
            "PCMU PCMA telephone-event 192.0.2.9:16384 sendrecv",
            "… 2 more were not kept",
            "ended: BYE from 198.51.100.7:5060",
            "cause: connected, ended by the customer",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
    }

    #[test]
    fn all_arrows_end_at_their_side_whatever_the_width() {
        for width in [0, 60, 80, 100, 200] {
            for peers in 0..6_u32 {
                let mut trace = call();
                trace.peers.truncate(peers as usize);
                for n in trace.peers.len()..peers as usize {
                    trace.peers.push(TracePeer {
                        address: format!("[2001:db8::{n}]:5060"),
                        name: None,
                    });
                }
                trace.messages = (0..peers)
                    .map(|n| {
                        message(
                            "488 Not Acceptable Here, for quite a long reason",
                            "1 INVITE",
                            n % 2 == 0,
                            n,
                        )
                    })
                    .collect();
                let lines = drawn(&trace, width);
                let arrows: Vec<&String> = lines
                    .iter()
                    .filter(|l| l.contains('►') || l.contains('◄'))
                    .collect();
                assert_eq!(arrows.len(), peers as usize);
                for arrow in &arrows {
                    assert_eq!(
                        arrow.chars().count(),
                        arrows[0].chars().count(),
                        "{lines:#?}"
                    );
                    assert!(arrow.chars().count() <= width.max(WIDTH_MIN), "{arrow}");
                }
            }
        }
    }
}
