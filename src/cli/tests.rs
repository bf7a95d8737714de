//! The command line as people meet it.

use super::args::{Cli, Command, LeadsCommand};
use super::init::{init, with_token};
use super::out::Out;
use super::run;
use carillon_live::config::{Config, TEMPLATE};
use clap::{CommandFactory, Parser};
use std::path::Path;
use std::process::ExitCode;

fn parse(words: &[&str]) -> Result<Cli, String> {
    Cli::try_parse_from([&["carillon"], words].concat()).map_err(|error| error.to_string())
}

#[test]
fn the_command_tree_is_well_formed() {
    Cli::command().debug_assert();
}

#[test]
fn help_names_every_command_the_config_and_the_exit_codes() {
    let help = Cli::command().render_long_help().to_string();
    for part in [
        "demo",
        "init",
        "check",
        "serve",
        "stop",
        "leads",
        "dnc",
        "campaign",
        "list",
        "agent",
        "supervise",
        "trunk",
        "explain",
        "report",
        "backup",
        "sim",
        "replay",
        "--config <FILE>",
        "CARILLON_CONFIG",
        "carillon.toml",
        "--json",
        "Exit codes: 0 done, 1 it failed, 2 wrong usage",
    ] {
        assert!(help.contains(part), "no `{part}` in:\n{help}");
    }
}

#[test]
fn every_command_says_what_it_does() {
    fn visit(command: &clap::Command, path: &str) {
        for sub in command
            .get_subcommands()
            .filter(|sub| sub.get_name() != "help")
        {
            let path = format!("{path} {}", sub.get_name());
            assert!(sub.get_about().is_some(), "`{path}` has no description");
            for arg in sub
                .get_arguments()
                .filter(|arg| !["help", "version"].contains(&arg.get_id().as_str()))
            {
                assert!(
                    arg.get_help().is_some(),
                    "`{path}`: `{}` has no help",
                    arg.get_id()
                );
            }
            visit(sub, &path);
        }
    }
    visit(&Cli::command(), "carillon");
}

#[test]
fn options_stand_before_and_after_the_command() {
    for words in [
        [
            "--json",
            "--config",
            "a.toml",
            "leads",
            "import",
            "x.csv",
            "--campaign",
            "loans",
        ],
        [
            "leads",
            "import",
            "x.csv",
            "--campaign",
            "loans",
            "--json",
            "--config",
            "a.toml",
        ],
    ] {
        let cli = parse(&words).unwrap();
        assert!(cli.json && cli.config == Path::new("a.toml"));
        let Command::Leads(LeadsCommand::Import(args)) = cli.command else {
            panic!("{words:?}")
        };
        assert_eq!(
            (args.list.as_str(), args.batch, args.campaign.as_str()),
            ("default", 500, "loans")
        );
    }
}

#[test]
fn wrong_usage_is_told_with_the_right_one() {
    for (words, part) in [
        (
            &["demo", "--for", "60"][..],
            "write a span of time such as 60s",
        ),
        (&["demo", "--agents", "0"], "1..=200"),
        (&["leads", "import", "x.csv"], "--campaign"),
        (
            &["leads", "import", "x.csv", "--campaign", "a", "--list", ""],
            "value is required",
        ),
        (
            &["dnc", "import", "x.csv", "--list", "a b"],
            "without spaces",
        ),
        (&["dnc", "import", "x.csv", "--list", ""], "without spaces"),
        (
            &["campaign", "set", "loans", "--ratio", "nan"],
            "such as 1.5",
        ),
        (
            &[
                "leads",
                "import",
                "x.csv",
                "--campaign",
                "a",
                "--batch",
                "501",
            ],
            "1..=500",
        ),
        (&["campaign", "set", "loans"], "--mode"),
        (
            &["agent", "set", "anna", "sleep"],
            "login, ready, break, logout, hangup",
        ),
        (&["campagn", "show"], "campaign"),
    ] {
        let error = parse(words).unwrap_err();
        assert!(error.contains(part), "no `{part}` in:\n{error}");
    }
}

#[test]
fn init_writes_a_configuration_that_reads_and_overwrites_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("sub/carillon.toml");
    let out = Out::new(true);
    init(&file, &out).unwrap();
    let config = Config::load(&file).unwrap();
    let token = config.web.supervisor_token.clone().unwrap();
    assert_eq!(token.expose().len(), 48);
    // But for the token it says the defaults.
    let mut plain = Config::parse(&file, "").unwrap();
    plain.web.supervisor_token = Some(token);
    assert_eq!(format!("{config:?}"), format!("{plain:?}"));
    assert_ne!(with_token(TEMPLATE), TEMPLATE);

    let before = std::fs::read(&file).unwrap();
    let error = init(&file, &out).unwrap_err();
    assert!(error.to_string().contains("exists already"), "{error}");
    assert_eq!(std::fs::read(&file).unwrap(), before);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(dir.path().join("sub/supervisor.token"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

/// A configuration with a campaign and a database of its own.
fn bench() -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("carillon.toml");
    // Port 1 of loopback: nobody listens there.
    let text = "[web]\nbind = \"127.0.0.1:1\"\nsupervisor_token = \"0123456789abcdef\"\n\
                [[campaign]]\nname = \"loans\"\ncaller_ids = [\"+12025550100\"]\n";
    std::fs::write(&file, text).unwrap();
    (dir, file)
}

fn run_words(config: &Path, words: &[&str]) -> Result<ExitCode, super::CliError> {
    let config = config.to_str().unwrap();
    let cli = parse(&[&["--config", config, "--json"], words].concat()).unwrap();
    run(&cli, &Out::new(true))
}

#[test]
fn the_database_commands_work_without_a_node() {
    let (dir, config) = bench();
    let csv = dir.path().join("leads.csv");
    std::fs::write(
        &csv,
        "phone_number,first_name\n2025550101,Ann\nnonsense,Bob\n",
    )
    .unwrap();
    let (csv, dnc) = (csv.to_str().unwrap(), dir.path().join("dnc.txt"));
    std::fs::write(&dnc, "2025550101\n").unwrap();
    let dnc = dnc.to_str().unwrap();

    let error = run_words(&config, &["leads", "show", "1"]).unwrap_err();
    assert!(
        error.to_string().contains("there is no database"),
        "{error}"
    );
    for _ in 0..2 {
        run_words(&config, &["leads", "import", csv, "--campaign", "loans"]).unwrap();
    }
    run_words(&config, &["leads", "show", "+12025550101"]).unwrap();
    run_words(&config, &["explain", "lead", "+12025550101"]).unwrap();
    run_words(&config, &["dnc", "import", dnc, "--list", "internal"]).unwrap();
    let listed = run_words(&config, &["dnc", "check", "(202) 555-0101"]).unwrap();
    assert_eq!(format!("{listed:?}"), format!("{:?}", ExitCode::FAILURE));
    run_words(&config, &["report", "--from", "2026-01-01"]).unwrap();
    let copy = dir.path().join("copy.db");
    run_words(&config, &["backup", copy.to_str().unwrap()]).unwrap();
    assert!(copy.metadata().unwrap().len() > 0);
    let error = run_words(&config, &["backup", copy.to_str().unwrap()]).unwrap_err();
    assert_eq!(error.exit_code(), 1);

    let error = run_words(&config, &["leads", "import", csv, "--campaign", "lones"]).unwrap_err();
    assert_eq!(error.exit_code(), 2);
    assert!(error.to_string().contains("it names: loans"), "{error}");
}

#[test]
fn without_a_node_its_commands_say_how_to_start_one() {
    let (_dir, config) = bench();
    for words in [
        &["campaign", "show"][..],
        &["campaign", "start", "loans"],
        &["agent", "list"],
        &["stop"],
    ] {
        let error = run_words(&config, words).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("no node answers at http://127.0.0.1:1")
                && text.contains("carillon serve"),
            "{text}"
        );
        assert_eq!(error.exit_code(), 1);
    }
}

#[test]
fn a_faulty_configuration_is_exit_code_2() {
    let (_dir, config) = bench();
    std::fs::write(&config, "[node]\nnmae = \"x\"\n").unwrap();
    let error = run_words(&config, &["agent", "list"]).unwrap_err();
    assert_eq!(error.exit_code(), 2);
    assert!(
        error.to_string().contains("did you mean `name`?"),
        "{error}"
    );
    let error = run_words(Path::new("/nonexistent/carillon.toml"), &["check"]).unwrap_err();
    assert!(error.to_string().contains("carillon init"), "{error}");
}
