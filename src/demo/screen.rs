//! The demo in a terminal: a block that refreshes, or plain lines.

use super::Demo;
use super::settings::PIN;
use carillon_api::port::BoardStatus;
use carillon_decision::agent::AgentState;
use carillon_decision::call::CallRecord;
use carillon_decision::status::CampaignStatus;
use std::io::{self, Write};
use std::time::Duration;

/// What is shown while a demo runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// Nothing.
    Nothing,
    /// A block that refreshes twice a second, for a terminal.
    Block,
    /// A line every ten seconds, for files and pipes.
    Lines,
}

/// Rows fit the narrowest usual terminal.
const WIDTH: usize = 78;
/// Rows begin with a heading of this width.
const INDENT: usize = 8;

/// Shows the demo until dropped.
pub(super) async fn show(demo: &Demo, show: Show) {
    let every = match show {
        Show::Nothing => return std::future::pending().await,
        Show::Block => Duration::from_millis(500),
        Show::Lines => Duration::from_secs(10),
    };
    for line in greeting(demo) {
        put(&format!("{line}\n"));
    }
    let mut ticks = tokio::time::interval(every);
    let mut height = 0;
    loop {
        ticks.tick().await;
        let lines = match show {
            Show::Block => block(demo),
            _ => vec![line(demo)],
        };
        if show == Show::Block && height > 0 {
            put(&format!("\x1b[{height}A\x1b[J"));
        }
        height = lines.len();
        put(&(lines.join("\n") + "\n"));
    }
}

/// Says that the end has begun.
pub(super) fn closing(show: Show) {
    if show != Show::Nothing {
        put("no new calls; letting conversations end for a moment\n");
    }
}

fn put(text: &str) {
    let mut out = io::stdout().lock();
    // A closed pipe ends the output, not the demo.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn greeting(demo: &Demo) -> Vec<String> {
    let agents = demo.options().agents;
    let mut lines = vec![format!(
        "{agents} agents are at their phones, the carrier is up. Ctrl-C ends it with a report."
    )];
    if let Some(url) = demo.node().addresses().web_url() {
        let port = demo.node().addresses().web.map(|a| a.port());
        let taken = match (demo.options().page_port, port) {
            (Some(wanted), Some(got)) if wanted != 0 && wanted != got => {
                format!(" (port {wanted} is taken)")
            }
            _ => String::new(),
        };
        lines.push(format!(
            "wallboard   {url}{taken}, supervisor's token {}",
            demo.token()
        ));
        lines.push(format!("agent page  {url}agent, as agent01 with PIN {PIN}"));
    }
    lines
}

fn clock(demo: &Demo) -> String {
    let s = demo.ran().as_secs();
    format!("{}:{:02}", s / 60, s % 60)
}

fn line(demo: &Demo) -> String {
    let board = demo.status();
    let Some(campaign) = board.floor.campaigns.first() else {
        return clock(demo);
    };
    let lines = &campaign.lines;
    format!(
        "{}  agents: {}; lines: {} dialing, {} ringing; {}",
        clock(demo),
        agents(&board),
        lines.dialing,
        lines.ringing,
        totals(campaign)
    )
}

fn block(demo: &Demo) -> Vec<String> {
    let board = demo.status();
    let Some(campaign) = board.floor.campaigns.first() else {
        return vec![clock(demo)];
    };
    let l = &campaign.lines;
    let mut rows = vec![
        String::new(),
        format!("Carillon demo  {}  {}", clock(demo), campaign.mode),
        format!("agents  {}", agents(&board)),
        format!(
            "lines   {} dialing, {} ringing, {} being told apart, {} waiting, {} in the message",
            l.dialing, l.ringing, l.screening, l.waiting, l.message
        ),
    ];
    let why = format!(
        "{:.1} lines per agent: {}",
        campaign.lines_per_agent, campaign.reason
    );
    let folded = folded(&why, WIDTH - INDENT);
    rows.extend(folded.iter().enumerate().map(|(place, part)| match place {
        0 => format!("ratio   {part}"),
        _ => format!("{:INDENT$}{part}", ""),
    }));
    rows.push(format!("calls   {}", totals(campaign)));
    let recent = board.recent.first().map(|record| last(&board, record));
    rows.push(format!("last    {}", recent.unwrap_or_default()));
    // A row that wraps would leave its rest behind at the next refresh.
    rows.iter_mut()
        .for_each(|row| *row = row.chars().take(WIDTH).collect());
    rows
}

/// A text broken between words into rows of at most `width` characters.
fn folded(text: &str, width: usize) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match rows.last_mut() {
            Some(row) if row.chars().count() + 1 + word.chars().count() <= width => {
                row.push(' ');
                row.push_str(word);
            }
            _ => rows.push(word.to_owned()),
        }
    }
    rows
}

fn agents(board: &BoardStatus) -> String {
    let count = |fits: fn(&AgentState) -> bool| {
        board.floor.agents.iter().filter(|a| fits(&a.state)).count()
    };
    let talking = count(|s| matches!(s, AgentState::Talking(_) | AgentState::Reserved(_)));
    let wrapping = count(|s| matches!(s, AgentState::WrapUp(_)));
    let ready = count(|s| matches!(s, AgentState::Ready));
    let away = board.floor.agents.len() - talking - wrapping - ready;
    let mut text = format!("{talking} talking, {wrapping} wrapping up, {ready} ready");
    if away > 0 {
        text.push_str(&format!(", {away} away"));
    }
    text
}

fn totals(campaign: &CampaignStatus) -> String {
    let t = &campaign.totals;
    let share = match t.answered_human {
        0 => 0.0,
        people => t.abandoned as f64 / people as f64,
    };
    format!(
        "{} placed, {} people, {} connected, {} abandoned ({:.1} %, cap {:.1} %)",
        t.placed,
        t.answered_human,
        t.connected,
        t.abandoned,
        share * 100.0,
        campaign.tuning.cap * 100.0
    )
}

fn last(board: &BoardStatus, record: &CallRecord) -> String {
    let number = record
        .number
        .map(|n| n.masked().to_string())
        .unwrap_or_default();
    let outcome = record.outcome.name().replace('_', " ");
    let agent = record
        .agent
        .and_then(|id| board.floor.agents.iter().find(|a| a.id == id));
    match (agent, record.talk_ms) {
        (Some(agent), Some(ms)) => {
            format!("{number} {outcome}, {} s with {}", ms / 1000, agent.name)
        }
        _ => format!("{number} {outcome}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_reasons_are_folded_between_words() {
        assert_eq!(
            folded("one two  three four", 9),
            ["one two", "three", "four"]
        );
        assert_eq!(
            folded("incomprehensibilities x", 5),
            ["incomprehensibilities", "x"]
        );
        assert!(folded("", 5).is_empty());
    }
}
