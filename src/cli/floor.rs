//! Commands to the running node: campaigns, lists, agents, trunks, stop.

use super::args::{
    AgentCommand, AgentVerb, CampaignCommand, CampaignSetArgs, ListCommand, StopArgs, TrunkCommand,
};
use super::error::CliError;
use super::http::{Node, escaped};
use super::out::{Out, Tone, percent};
use carillon_api::port::{ActionReply, ListView};
use carillon_api::view::{AgentBoard, BoardView, CampaignBoard, TrunkBoard};
use carillon_decision::number::E164;
use carillon_live::config::Config;
use serde_json::{Map, Value, json};

/// `campaign start|pause|set|show`.
pub fn campaign(command: &CampaignCommand, config: &Config, out: &Out) -> Result<(), CliError> {
    match command {
        CampaignCommand::Start { name } => turn(name, &json!({"running": true}), config, out),
        CampaignCommand::Pause { name } => turn(name, &json!({"running": false}), config, out),
        CampaignCommand::Set(args) => turn(&args.name, &dials(args), config, out),
        CampaignCommand::Show { name } => show_campaigns(name.as_deref(), config, out),
    }
}

fn turn(name: &str, dials: &Value, config: &Config, out: &Out) -> Result<(), CliError> {
    change(
        &format!("/api/campaigns/{}", escaped(name)),
        dials,
        config,
        out,
    )
}

/// The dials that were named.
fn dials(args: &CampaignSetArgs) -> Value {
    let named = [
        ("mode", args.mode.as_ref().map(|mode| json!(mode))),
        ("ratio", args.ratio.map(|ratio| json!(ratio))),
        ("cap", args.cap.map(|cap| json!(cap))),
        (
            "max_lines_per_agent",
            args.max_lines_per_agent.map(|lines| json!(lines)),
        ),
        ("ring_cancel", args.ring_cancel.map(|on| json!(on))),
    ];
    let named = named
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(named.collect::<Map<_, _>>())
}

/// Asks for a change and tells the answer.
pub(super) fn change(path: &str, body: &Value, config: &Config, out: &Out) -> Result<(), CliError> {
    asked(path, body, config, out).map(drop)
}

fn asked(path: &str, body: &Value, config: &Config, out: &Out) -> Result<ActionReply, CliError> {
    let reply: ActionReply = Node::of(config).post(path, body)?;
    out.document(&reply);
    out.line(&reply.message);
    for line in &reply.ladder {
        out.line(line);
    }
    Ok(reply)
}

fn board(config: &Config) -> Result<BoardView, CliError> {
    Node::of(config).get("/api/status")
}

/// Those of that name, or all; an unknown name is an error that lists the known ones.
fn chosen<T>(
    all: Vec<T>,
    wanted: Option<&str>,
    kind: &str,
    name: impl Fn(&T) -> &str,
) -> Result<Vec<T>, CliError> {
    let Some(wanted) = wanted else {
        return Ok(all);
    };
    let known: Vec<String> = all.iter().map(|each| name(each).to_owned()).collect();
    let found: Vec<T> = all
        .into_iter()
        .filter(|each| name(each) == wanted)
        .collect();
    match found.is_empty() {
        false => Ok(found),
        true => Err(CliError::Failed(format!(
            "the node knows no {kind} `{wanted}`; it knows: {}",
            known.join(", ")
        ))),
    }
}

fn show_campaigns(name: Option<&str>, config: &Config, out: &Out) -> Result<(), CliError> {
    let board = board(config)?;
    let campaigns = chosen(board.campaigns, name, "campaign", |c: &CampaignBoard| {
        &c.name
    })?;
    out.document(&campaigns);
    for (n, c) in campaigns.iter().enumerate() {
        if n > 0 {
            out.line("");
        }
        let (tone, state) = if c.running {
            (Tone::Good, "running")
        } else {
            (Tone::Warn, "paused")
        };
        out.line(format!(
            "{} is {}, mode {}",
            c.name,
            out.toned(tone, state),
            c.mode
        ));
        let lines = &c.lines;
        out.pairs(&[
            ("  lines per agent", format!("{:.2} (at most {})", c.lines_per_agent, c.max_lines_per_agent)),
            ("  because", c.reason.clone()),
            ("  calls", format!(
                "{} dialing, {} ringing, {} screening, {} waiting, {} talking, {} hearing the message",
                lines.dialing, lines.ringing, lines.screening, lines.waiting, lines.talking, lines.message
            )),
            ("  since its start", format!(
                "{} placed, {} answered by a person, {} connected, {} abandoned",
                c.totals.placed, c.totals.answered_human, c.totals.connected, c.totals.abandoned
            )),
            ("  leads at hand", format!("{}{}", c.hopper, if c.list_empty { ", none more is due" } else { "" })),
        ]);
        for window in &c.windows {
            let tone = if window.share <= window.cap {
                Tone::Good
            } else {
                Tone::Bad
            };
            out.line(format!(
                "  abandoned, {:3}   {} of {} answers, cap {}",
                window.window,
                out.toned(tone, &percent(window.share)),
                window.answered,
                percent(window.cap)
            ));
        }
    }
    Ok(())
}

/// `list on|off|show`.
pub fn list(command: &ListCommand, config: &Config, out: &Out) -> Result<(), CliError> {
    match command {
        ListCommand::On { id } => switch(id, true, config, out),
        ListCommand::Off { id } => switch(id, false, config, out),
        ListCommand::Show { campaign } => {
            let query = campaign
                .as_ref()
                .map(|name| format!("?campaign={}", escaped(name)));
            let path = format!("/api/lists{}", query.unwrap_or_default());
            let lists: Vec<ListView> = Node::of(config).get(&path)?;
            out.document(&lists);
            let mut rows = vec![
                ["list", "campaign", "state", "leads", "open", "closed"]
                    .map(str::to_owned)
                    .to_vec(),
            ];
            rows.extend(lists.into_iter().map(|list| {
                let state = if list.active { "on" } else { "off" };
                vec![
                    list.id,
                    list.campaign,
                    state.to_owned(),
                    list.leads.to_string(),
                    list.open.to_string(),
                    list.closed.to_string(),
                ]
            }));
            out.table(&rows);
            Ok(())
        }
    }
}

fn switch(id: &str, active: bool, config: &Config, out: &Out) -> Result<(), CliError> {
    change(
        &format!("/api/lists/{}", escaped(id)),
        &json!({"active": active}),
        config,
        out,
    )
}

/// `agent list|set`.
pub fn agent(command: &AgentCommand, config: &Config, out: &Out) -> Result<(), CliError> {
    match command {
        AgentCommand::List => {
            let board = board(config)?;
            out.document(&board.agents);
            let mut rows = vec![
                [
                    "agent", "state", "since", "phone", "calls", "talk", "wrap-up", "ready", "why",
                ]
                .map(str::to_owned)
                .to_vec(),
            ];
            rows.extend(board.agents.into_iter().map(|a| agent_row(a, board.at_ms)));
            out.table(&rows);
            Ok(())
        }
        AgentCommand::Set { name, action } => {
            let path = format!("/api/agents/{}", escaped(name));
            let action = match action {
                AgentVerb::Login => "login",
                AgentVerb::Ready => "ready",
                AgentVerb::Break => "break",
                AgentVerb::Logout => "logout",
                AgentVerb::Hangup => "hangup",
                AgentVerb::Hold | AgentVerb::Resume => {
                    let on = *action == AgentVerb::Hold;
                    return change(&format!("{path}/hold"), &json!({"on": on}), config, out);
                }
            };
            change(&path, &json!({"action": action}), config, out)
        }
    }
}

fn agent_row(a: AgentBoard, now_ms: i64) -> Vec<String> {
    let seconds = |s: u64| format!("{}:{:02}", s / 60, s % 60);
    let since = u64::try_from((now_ms - a.since_ms) / 1000).unwrap_or(0);
    vec![
        a.name,
        a.state.replace('_', " "),
        seconds(since),
        if a.line_up { "up" } else { "down" }.to_owned(),
        a.calls.to_string(),
        seconds(a.times.talk_s),
        seconds(a.times.wrap_s),
        seconds(a.times.ready_s),
        a.reason.unwrap_or_default(),
    ]
}

/// `trunk show|test`.
pub fn trunk(command: &TrunkCommand, config: &Config, out: &Out) -> Result<(), CliError> {
    match command {
        TrunkCommand::Show { name } => {
            let trunks = chosen(
                board(config)?.trunks,
                name.as_deref(),
                "trunk",
                |t: &TrunkBoard| &t.name,
            )?;
            out.document(&trunks);
            let mut rows = vec![
                [
                    "trunk",
                    "group",
                    "state",
                    "calls",
                    "channels",
                    "not in service",
                    "why",
                ]
                .map(str::to_owned)
                .to_vec(),
            ];
            rows.extend(trunks.into_iter().map(|t| {
                let state = if t.up { "up" } else { "down" };
                vec![
                    t.name,
                    t.group,
                    state.to_owned(),
                    t.in_use.to_string(),
                    t.channels.to_string(),
                    percent(t.disconnected_share),
                    t.reason,
                ]
            }));
            out.table(&rows);
            Ok(())
        }
        TrunkCommand::Test { name, number } => {
            let number: E164 = number
                .parse()
                .map_err(|error| CliError::Usage(format!("{error}")))?;
            let path = format!("/api/trunks/{}/test", escaped(name));
            let body = json!({"number": number.to_string()});
            match asked(&path, &body, config, out)?.passed {
                Some(true) => Ok(()),
                _ => Err(CliError::Failed(format!(
                    "the test of trunk `{name}` did not pass"
                ))),
            }
        }
    }
}

/// `stop [--now]`.
pub fn stop(args: &StopArgs, config: &Config, out: &Out) -> Result<(), CliError> {
    change("/api/stop", &json!({"now": args.now}), config, out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::TcpListener;
    use std::path::Path;

    /// What `trunk test` comes to when the node answers `reply`.
    fn tested(reply: &Value) -> Result<(), CliError> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let bind = listener.local_addr().unwrap();
        let body = reply.to_string();
        let node = std::thread::spawn(move || {
            let mut stream = BufReader::new(listener.accept().unwrap().0);
            let (mut head, mut line) = (String::new(), String::new());
            while stream.read_line(&mut line).unwrap() > 2 {
                head.push_str(&std::mem::take(&mut line).to_ascii_lowercase());
            }
            let length = head.split("content-length: ").nth(1).unwrap();
            let length: usize = length.split("\r\n").next().unwrap().parse().unwrap();
            let mut asked = vec![0; length];
            stream.read_exact(&mut asked).unwrap();
            let kind = "content-type: application/json";
            let answer = format!(
                "HTTP/1.1 200 OK\r\n{kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            stream.get_mut().write_all(answer.as_bytes()).unwrap();
            assert!(head.starts_with("post /api/trunks/pbx/test "), "{head}");
        });
        let text = format!("[web]\nbind = \"{bind}\"\nsupervisor_token = \"0123456789abcdef\"\n");
        let config = Config::parse(Path::new("carillon.toml"), &text).unwrap();
        let command = TrunkCommand::Test {
            name: "pbx".to_owned(),
            number: "+12125550123".to_owned(),
        };
        let done = trunk(&command, &config, &Out::new(true));
        node.join().unwrap();
        done
    }

    #[test]
    fn a_trunk_test_that_did_not_pass_is_exit_code_1() {
        tested(&json!({"message": "calls and audio work", "passed": true})).unwrap();
        // Not passed, or a node that does not say so.
        for reply in [
            json!({"message": "`pbx` answered 404 Not Found", "passed": false}),
            json!({"message": "`pbx` did not answer at all"}),
        ] {
            let error = tested(&reply).unwrap_err();
            assert_eq!(error.exit_code(), 1, "{error}");
        }
    }
}
