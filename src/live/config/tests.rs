//! Faults are named with their place; what is right is taken.

use super::*;
use carillon_decision::agent::LineKind;
use carillon_decision::campaign::AbandonmentClock;
use carillon_decision::compliance::UnknownZone;
use carillon_decision::pacing::{Mode, Promise};
use std::time::Duration;

const TRUNK: &str =
    "[[trunk]]\nname = \"a\"\naddress = \"192.0.2.1\"\nchannels = 30\ncalls_per_second = 5\n";
const CAMPAIGN: &str = "[[campaign]]\nname = \"loans\"\ncaller_ids = [\"+12025550123\"]\n";

fn parse(text: &str) -> Result<Config, ConfigErrors> {
    Config::parse(Path::new("carillon.toml"), text)
}

/// The campaign of a configuration with these further lines in its campaign table.
pub(super) fn campaign(lines: &str) -> CampaignConfig {
    let config = parse(&format!("{TRUNK}{CAMPAIGN}{lines}")).unwrap_or_else(|e| panic!("{e}"));
    config.campaigns()[0].clone()
}

/// Every part must stand in the report of this text.
pub(super) fn refused(text: &str, parts: &[&str]) {
    let report = match parse(text) {
        Ok(config) => panic!("accepted: {config:?}"),
        Err(errors) => errors.to_string(),
    };
    for part in parts {
        assert!(report.contains(part), "no `{part}` in:\n{report}");
    }
}

#[test]
fn an_empty_file_is_the_defaults() {
    let config = parse("").unwrap();
    assert_eq!(config.web.bind.to_string(), "127.0.0.1:8080");
    assert_eq!(config.store.path, Path::new("data/carillon.db"));
    assert_eq!((config.rtp.port_min, config.rtp.port_max), (16_384, 32_767));
    assert!(config.trunks.is_empty() && config.campaigns.is_empty() && config.notes.is_empty());
}

#[test]
fn the_template_reads_as_it_is_and_equals_the_defaults() {
    let (mut written, empty) = (parse(TEMPLATE).unwrap(), parse("").unwrap());
    written.source = empty.source.clone();
    assert_eq!(format!("{written:?}"), format!("{empty:?}"));
}

/// Every key the template shows is one that is read, and the node's defaults it names are true.
#[test]
fn the_template_with_every_line_switched_on_is_read() {
    let mut text = String::new();
    for line in TEMPLATE.lines() {
        let bare = line.trim_start_matches("# ");
        let is_setting = bare.starts_with('[')
            || bare.split_once(" = ").is_some_and(|(key, _)| {
                key.bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            });
        // Keys shown in several forms, and those that only go together with another.
        let skip = [
            "number_format = {",
            "phone =",
            "ratio =",
            "seed =",
            "supervisor_token",
            "hosts =",
            "agent_guaranteed",
            "tls = {",
        ];
        if is_setting && !skip.iter().any(|s| bare.starts_with(s)) {
            text.push_str(&bare.replace("env:", "inline-"));
            text.push('\n');
        }
    }
    let text = text.replace("inline-ANNA_PIN", "1234");
    let config = parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    let empty = parse("").unwrap();
    assert_eq!(config.node, empty.node);
    assert_eq!(config.web, empty.web);
    assert_eq!(
        (config.rtp.bind, config.rtp.port_max),
        (empty.rtp.bind, empty.rtp.port_max)
    );
    let defaults = campaign("");
    let shown = &config.campaigns[0].engine;
    assert_eq!(shown.tuning, defaults.tuning);
    assert_eq!(shown.ring_timeout, defaults.ring_timeout);
    assert_eq!(shown.abandonment, defaults.abandonment);
    assert_eq!(shown.inbound, defaults.inbound);
    assert_eq!(shown.compliance.attempts, defaults.compliance.attempts);
    assert_eq!(shown.retry.rules["busy"], defaults.retry.rules["busy"]);
    assert!(!shown.retry.rules.contains_key("declined"));
    assert_eq!(config.agents[0].engine.line, LineKind::NailedUp);
}

#[test]
fn a_fault_names_file_line_column_key_value_and_what_is_allowed() {
    refused(
        "[node]\nlog_format = \"jason\"\n",
        &[
            "carillon.toml:2:14: node.log_format: found \"jason\"",
            "did you mean `json`?",
            "allowed: json, text",
            "  2 | log_format",
        ],
    );
}

#[test]
fn unknown_keys_are_faults_with_a_near_name() {
    refused(
        "[node]\ndatadir = \"x\"\n",
        &[
            "carillon.toml:2:1: node.datadir: unknown key `datadir`",
            "did you mean `data_dir`?",
            "keys allowed in [node]: country, data_dir",
        ],
    );
    refused(
        "[nodes]\n",
        &[
            "carillon.toml:1:2: nodes: unknown key",
            "did you mean `node`?",
            "at the top of the file",
        ],
    );
    refused(
        &format!("{TRUNK}{CAMPAIGN}ring_timout = \"25s\"\n"),
        &["campaign[0].ring_timout", "did you mean `ring_timeout`?"],
    );
    refused(
        &format!("{TRUNK}{CAMPAIGN}attempts = {{ per_week = 3 }}\n"),
        &["campaign[0].attempts.per_week", "per_30_days, per_day"],
    );
}

#[test]
fn every_fault_is_reported_in_the_order_of_the_file() {
    let text = format!(
        "[sip]\nbind = \"5060\"\n[rtp]\nports = \"9-10\"\n{TRUNK}{CAMPAIGN}cap = 3\nring_timeout = \"5s\"\n"
    );
    let errors = parse(&text).unwrap_err().errors;
    let lines: Vec<usize> = errors.iter().map(|e| e.line).collect();
    assert_eq!(lines, [2, 4, 13, 14], "{errors:?}");
}

#[test]
fn bad_values_of_each_kind_say_what_may_stand_there() {
    let cases: &[(&str, &[&str])] = &[
        (
            "ring_timeout = 25",
            &["the number 25 has no unit", "did you mean \"25s\"?"],
        ),
        (
            "ring_timeout = \"5s\"",
            &["\"5s\" is too short", "from 15s to 2m"],
        ),
        (
            "ring_timeout = \"soon\"",
            &["\"soon\" is not a span of time", "\"1h30m5s\""],
        ),
        (
            "cap = 3",
            &["3 is no share; did you mean 0.03?", "0.03 is 3 %"],
        ),
        ("cap = 0", &["found the number 0", "from 0.0001 to 0.9999"]),
        ("cap = \"3%\"", &["found \"3%\"", "without quotes"]),
        (
            "mode = \"adaptive\"",
            &[
                "found \"adaptive\"",
                "allowed: erlang_c, manual, predictive, predictive_hard, progressive",
            ],
        ),
        ("mode = \"manual\"", &["needs a ratio", "ratio = 1.5"]),
        ("ratio = 2.0", &["`ratio` has no effect in mode predictive"]),
        (
            "autostart = \"yes\"",
            &["found \"yes\"", "true or false, without quotes"],
        ),
        (
            "hours = \"20:00-08:00\"",
            &["found \"20:00-08:00\"", "over midnight takes two spans"],
        ),
        (
            "hours = { weekday = \"08:00-12:00\" }",
            &[
                "unknown key `weekday`",
                "did you mean `weekdays`?",
                "never open",
            ],
        ),
        (
            "unknown_zone = \"America/NewYork\"",
            &[
                "which is no time zone",
                "did you mean \"America/New_York\"?",
            ],
        ),
        ("ledger_zone = \"EST5\"", &["which is no time zone"]),
        (
            "packs = [\"us\", \"moon\"]",
            &["no rule pack is named \"moon\""],
        ),
        (
            "trunk_groups = [\"defualt\"]",
            &[
                "no trunk group is named \"defualt\"",
                "did you mean `default`?",
            ],
        ),
        (
            "dnc_lists = [\"registry\"]",
            &["no do-not-call list is named \"registry\"", "internal"],
        ),
        (
            "needs = [{ skill = \"x\", level = 11 }]",
            &["needs[0].level: found the number 11", "from 1 to 10"],
        ),
        (
            "blackouts = [{ from = \"2026-12-27T00:00\", to = \"2026-12-24T00:00\" }]",
            &["before it begins"],
        ),
        (
            "holidays = [{ date = 2026-12-25 }]",
            &["the date 2026-12-25 without quotes", "\"2026-12-25\""],
        ),
        ("abandon_prompt = \"abandom\"", &["did you mean `abandon`?"]),
        (
            "abandon_prompt = \"ours.wav\"",
            &["there is no file ours.wav"],
        ),
        (
            "retry = { busy = \"10m\" }",
            &["retry.busy", "{ after = \"10m\", most = 6 }"],
        ),
        (
            "retry = { buzy = { after = \"10m\" } }",
            &["did you mean `busy`?"],
        ),
        ("agent_guaranteed = true", &["mode dials ahead"]),
        ("caller_ids = []", &["duplicate key"]),
    ];
    for (line, parts) in cases {
        refused(&format!("{TRUNK}{CAMPAIGN}{line}\n"), parts);
    }
}

#[test]
fn missing_keys_are_shown_with_an_example() {
    refused(
        "[[trunk]]\nname = \"a\"\n",
        &[
            "carillon.toml:1:1: trunk[0]: the key `address` is missing",
            "write address = ",
            "the key `channels` is missing",
        ],
    );
    refused(
        "[[campaign]]\nname = \"x\"\n",
        &["the key `caller_ids` is missing"],
    );
    refused(
        "[[agent]]\nname = \"anna\"\n",
        &["cannot reach this agent's phone"],
    );
}

#[test]
fn names_must_be_unique_and_known() {
    refused(
        &format!("{TRUNK}{TRUNK}"),
        &["carillon.toml:7:8: trunk[1].name: a second trunk named \"a\""],
    );
    let agent = "[[agent]]\nname = \"anna\"\nphone = \"sip:a@b\"\ncampaigns = [\"lones\"]\n";
    refused(
        &format!("{TRUNK}{CAMPAIGN}{agent}"),
        &["no campaign is named \"lones\"", "did you mean `loans`?"],
    );
}

#[test]
fn codecs_and_secured_audio_are_checked_by_name() {
    let agent = |line: &str| {
        let phone = "[[agent]]\nname = \"anna\"\nphone = \"sip:a@b\"\n";
        format!("{TRUNK}{CAMPAIGN}{phone}{line}\n")
    };
    refused(
        &agent("codecs = [\"opus\", \"speex\"]"),
        &["codecs[1]", "speex", "g722"],
    );
    refused(&agent("codecs = []"), &["at least one of", "\"opus\""]);
    refused(
        &agent("srtp = \"maybe\""),
        &["agent[0].srtp", "maybe", "required"],
    );
    // Carriers are spoken to in G.711.
    let trunk = format!("{TRUNK}codecs = [\"opus\"]\n{CAMPAIGN}");
    refused(&trunk, &["trunk[0].codecs[0]", "opus", "pcma"]);
}

#[test]
fn ring_first_agents_never_serve_a_mode_that_dials_ahead() {
    let agent = "[[agent]]\nname = \"anna\"\nphone = \"sip:a@b\"\nline = \"ring_first\"\n";
    refused(
        &format!("{TRUNK}{CAMPAIGN}{agent}"),
        &[
            "\"ring_first\" cannot serve campaign \"loans\"",
            "nailed_up",
        ],
    );
    let progressive = format!("{TRUNK}{CAMPAIGN}mode = \"progressive\"\n{agent}");
    refused(
        &progressive,
        &["in mode progressive", "manual with a ratio up to 1"],
    );
    let manual = "mode = \"manual\"\nratio = 1.0\n";
    assert!(parse(&format!("{TRUNK}{CAMPAIGN}{manual}{agent}")).is_ok());
}

#[test]
fn broken_syntax_names_its_place_and_nothing_else() {
    let errors = parse("[node\nname = \"x\"\n").unwrap_err();
    assert_eq!(errors.errors[0].line, 1, "{errors}");
    assert!(
        parse("name = \n")
            .unwrap_err()
            .to_string()
            .contains("carillon.toml:1:")
    );
}

#[test]
fn secrets_come_from_elsewhere_and_are_never_shown() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("token"), "0123456789abcdef0123\n").unwrap();
    let file = dir.path().join("carillon.toml");
    let text = format!(
        "[web]\nsupervisor_token = \"file:token\"\n{TRUNK}username = \"u\"\npassword = \"hunter2hunter2\"\nregister = true\n"
    );
    let config = Config::parse(&file, &text).unwrap();
    assert_eq!(
        config.web.supervisor_token.as_ref().unwrap().expose(),
        "0123456789abcdef0123"
    );
    assert_eq!(
        config.trunks[0].password.as_ref().unwrap().expose(),
        "hunter2hunter2"
    );
    assert_eq!(config.notes.len(), 1, "{:?}", config.notes);
    let shown = format!("{config:?}{}", serde_json::to_string(&config).unwrap());
    assert!(
        !shown.contains("hunter2") && !shown.contains("0123456789abcdef"),
        "{shown}"
    );
}

#[test]
fn faults_about_secrets_do_not_show_them() {
    for text in [
        "[web]\nsupervisor_token = \"hunter2\"\n".to_owned(),
        "[web]\nsuprvisor_tokn = \"hunter2\"\n".to_owned(),
        format!("{TRUNK}pasword = \"hunter2\"\n"),
        format!("{TRUNK}password = \"hunter2\" \"x\"\n"),
        "[[agent]]\nname = \"a\"\npassword = \"p\"\npin = \"hunter2\"\n".to_owned(),
    ] {
        let report = parse(&text).unwrap_err().to_string();
        assert!(!report.contains("hunter2"), "{report}");
    }
    refused(
        "[web]\nsupervisor_token = \"env:CARILLON_NOT_SET\"\n",
        &["`CARILLON_NOT_SET` is not set"],
    );
    refused(
        "[web]\nsupervisor_token = \"file:nowhere\"\n",
        &["cannot read nowhere"],
    );
}

#[test]
fn names_of_the_pages_are_names_alone() {
    let config = parse("[web]\nhosts = [\"Dialer.Example.com\"]\nhttps = true\n").unwrap();
    assert_eq!(config.web.hosts, ["dialer.example.com"]);
    assert!(config.web.https);
    for wrong in ["https://a.example", "a.example:8080", ""] {
        refused(
            &format!("[web]\nhosts = [\"{wrong}\"]\n"),
            &["web.hosts[0]", "without scheme and port"],
        );
    }
}

#[test]
fn other_dialers_names_are_converted_and_noted() {
    let text = format!(
        "{TRUNK}{CAMPAIGN}auto_dial_level = \"2.5\"\nadaptive_maximum_level = 3\nadaptive_dropped_percentage = 2\n\
         dial_timeout = 26\ndrop_call_seconds = 5\nconnectionStartPoint = \"CONNECTED_TO_SYSTEM\"\nlocal_call_time = \"9am-9pm\"\n"
    );
    let config = parse(&text).unwrap_or_else(|e| panic!("{e}"));
    let engine = &config.campaigns[0].engine;
    assert_eq!(engine.tuning.mode, Mode::ManualRatio { ratio: 2.5 });
    assert_eq!(
        (engine.tuning.max_lines_per_agent, engine.tuning.cap),
        (3.0, 0.02)
    );
    assert_eq!(engine.ring_timeout, Duration::from_secs(26));
    assert_eq!(engine.abandonment.within, Duration::from_secs(5));
    assert_eq!(engine.abandonment.clock, AbandonmentClock::Answer);
    assert_eq!(
        engine.compliance.hours.as_ref().unwrap().to_string(),
        "Mon-Sun 09:00-21:00"
    );
    assert_eq!(config.notes.len(), 7);
    assert!(
        config.notes[0]
            .to_string()
            .contains("VICIdial's name: read as mode = \"manual\", ratio = 2.5")
    );
    refused(
        &format!("{TRUNK}{CAMPAIGN}cap = 0.02\ncallAbandonLimit = 3\n"),
        &["set the same thing", "keep `cap`"],
    );
    refused(
        &format!("{TRUNK}{CAMPAIGN}adaptive_intensity = 5\n"),
        &["has no counterpart here"],
    );
}

#[test]
fn campaign_settings_arrive_in_the_engines_types() {
    let engine = campaign(
        "mode = \"predictive-hard\"\nscreening = \"off\"\nunknown_zone = \"America/Chicago\"\nwrap_up_limit = \"none\"\n\
         hours = { weekdays = \"09:00-20:00\", saturday = [\"10:00-12:00\", \"13:00-16:00\"] }\n\
         needs = [{ skill = \"es\", level = 3, drop_after = \"10s\" }]\n\
         [campaign.retry.busy]\nafter = \"1h30m\"\n",
    );
    assert_eq!(
        engine.tuning.mode,
        Mode::Predictive {
            promise: Promise::Hard
        }
    );
    assert!(!engine.screening.is_on());
    assert_eq!(
        engine.compliance.unknown_zone,
        UnknownZone::Use("America/Chicago".into())
    );
    assert_eq!(engine.wrap_up_limit, None);
    assert_eq!(
        engine.compliance.hours.unwrap().to_string(),
        "Mon-Fri 09:00-20:00, Sat 10:00-12:00 and 13:00-16:00"
    );
    assert_eq!(engine.needs[0].drop_after, Some(Duration::from_secs(10)));
    assert_eq!(engine.retry.rules["busy"].after, Duration::from_secs(5400));
    assert_eq!(engine.retry.rules["busy"].most, 6);
}

#[test]
fn trunks_write_numbers_as_their_carrier_wants() {
    let number = "+442079460123".parse().unwrap();
    let config = parse(&format!(
        "{TRUNK}number_format = {{ form = \"national\", country = \"GB\", prepend = \"7#\" }}\n"
    ))
    .unwrap();
    assert_eq!(
        config.trunks[0].number_format.write(number),
        "7#02079460123"
    );
    assert_eq!(
        config.trunks[0].caller_id_format.write(number),
        "02079460123"
    );
    refused(
        &format!("{TRUNK}number_format = {{ prepend = \"9 #\" }}\n"),
        &["number_format.prepend", "0-9 + * #"],
    );
    refused(
        &format!("{TRUNK}profile = \"asterix\"\n"),
        &["did you mean `asterisk`?"],
    );
    refused(
        &format!("{TRUNK}profile = \"mine.toml\"\n"),
        &["cannot be used", "mine.toml"],
    );
    refused(
        "[[trunk]]\nname = \"a\"\naddress = \"1.2.3\"\nchannels = 0\ncalls_per_second = 0\n",
        &[
            "trunk[0].address",
            "sip.example.net",
            "from 1 to 100000",
            "0.01",
        ],
    );
}

/// Records and ledgers must belong to the same campaign however the file is edited.
#[tokio::test]
async fn ids_follow_the_names_not_the_order_of_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let options = carillon_store::SqliteOptions::new(dir.path().join("ids.db"));
    let store = carillon_store::SqliteStore::open(options).await.unwrap();
    let other = "[[campaign]]\nname = \"cards\"\ncaller_ids = [\"+12025550124\"]\n";
    let agent = "[[agent]]\nname = \"anna\"\nphone = \"sip:a@b\"\ncampaigns = [\"loans\"]\n";
    let mut ids = Vec::new();
    for text in [
        format!("{CAMPAIGN}{agent}"),
        format!("{other}{CAMPAIGN}{agent}"),
    ] {
        let mut config = parse(&text).unwrap();
        config.bind_ids(&store).await.unwrap();
        let loans = config.campaign("loans").unwrap().engine.id;
        assert_eq!(config.agent("anna").unwrap().engine.campaigns, [loans]);
        ids.push(loans);
    }
    assert_eq!(ids[0], ids[1]);
    carillon_store::UpkeepStore::close(&store).await.unwrap();
}
