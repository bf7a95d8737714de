//! `carillon supervise`: listening, whispering and joining, on the supervisor's own phone.

use super::args_supervise::{SuperviseArgs, SuperviseVerb};
use super::error::CliError;
use super::floor::change;
use super::http::escaped;
use super::out::Out;
use carillon_decision::agent::Role;
use carillon_live::config::Config;
use serde_json::json;

/// Asks the running node.
pub fn supervise(args: &SuperviseArgs, config: &Config, out: &Out) -> Result<(), CliError> {
    let mode = match args.how {
        SuperviseVerb::Listen => "listen",
        SuperviseVerb::Whisper => "whisper",
        SuperviseVerb::Barge => "barge",
        SuperviseVerb::Stop => "off",
    };
    let supervisor = match &args.supervisor {
        Some(name) => name,
        None => only_supervisor(config)?,
    };
    let path = format!("/api/agents/{}/supervise", escaped(&args.agent));
    change(
        &path,
        &json!({"supervisor": supervisor, "mode": mode}),
        config,
        out,
    )
}

/// The supervisor of a house that has one.
fn only_supervisor(config: &Config) -> Result<&str, CliError> {
    let agents = config.agents.iter();
    let all: Vec<&str> = agents
        .filter(|a| a.engine.role == Role::Supervisor)
        .map(|a| a.engine.name.as_str())
        .collect();
    match all[..] {
        [only] => Ok(only),
        [] => Err(CliError::Usage(
            "nobody can supervise: give an [[agent]] role = \"supervisor\", for the node and for \
             this command"
                .to_owned(),
        )),
        _ => Err(CliError::Usage(format!(
            "there are several supervisors: say whose phone takes part with --as {}",
            all.join("|")
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn config(people: &[(&str, &str)]) -> Config {
        let mut text = String::new();
        for (name, role) in people {
            text += &format!(
                "[[agent]]\nname = \"{name}\"\nrole = \"{role}\"\nphone = \"sip:{name}@192.0.2.1\"\npin = \"4711\"\n"
            );
        }
        Config::parse(Path::new("carillon.toml"), &text).unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn the_only_supervisor_need_not_be_named_and_several_are_listed() {
        let one = config(&[("ana", "agent"), ("sue", "supervisor")]);
        assert_eq!(only_supervisor(&one).unwrap(), "sue");
        let two = config(&[("sue", "supervisor"), ("tom", "supervisor")]);
        let error = only_supervisor(&two).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains("--as sue|tom"), "{error}");
        let none = only_supervisor(&config(&[("ana", "agent")])).unwrap_err();
        assert!(none.to_string().contains("role = \"supervisor\""), "{none}");
    }
}
