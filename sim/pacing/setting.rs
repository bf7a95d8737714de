//! `--set key=value`: one setting of a scenario changed from the command line.

use super::scenario::PacingScenarioError;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

/// Short names of settings that planners change most.
const SHORT: [(&str, &str); 3] = [
    ("talk_mean_s", "talk.mean_s"),
    ("wrap_mean_s", "wrap.mean_s"),
    ("ring_mean_s", "ring.mean_s"),
];

/// Puts `key=value` into a scenario's table.
///
/// # Errors
/// What is wrong with the setting; whether the key is known shows when the table is read.
pub fn apply(table: &mut Table, setting: &str) -> Result<(), PacingScenarioError> {
    let wrong = |why: String| PacingScenarioError::Setting {
        setting: setting.to_owned(),
        why,
    };
    let (key, value) = split(setting)
        .ok_or_else(|| wrong("write key=value, such as agents=20 or talk.mean_s=45".into()))?;
    let key = SHORT
        .iter()
        .find(|(short, _)| *short == key)
        .map_or(key, |(_, long)| long);
    let path: Vec<&str> = key.split('.').collect();
    put(table, &path, value).map_err(wrong)
}

/// Reads a scenario file and then its settings with `apply`.
///
/// # Errors
/// What is wrong with the file, by its line, or with a setting.
pub(crate) fn read_with<T: DeserializeOwned>(
    name: &str,
    text: &str,
    settings: &[String],
    apply: fn(&mut Table, &str) -> Result<(), PacingScenarioError>,
) -> Result<T, PacingScenarioError> {
    let syntax = |error: toml::de::Error| PacingScenarioError::Syntax {
        name: name.to_owned(),
        why: error.to_string(),
    };
    // The text as it is first, so that messages show its lines.
    let plain: T = toml::from_str(text).map_err(syntax)?;
    if settings.is_empty() {
        return Ok(plain);
    }
    let mut table: Table = text.parse().map_err(syntax)?;
    for setting in settings {
        apply(&mut table, setting)?;
    }
    table
        .try_into()
        .map_err(|error: toml::de::Error| PacingScenarioError::Setting {
            setting: settings.join(" --set "),
            why: error.message().to_owned(),
        })
}

/// Key and value of `key=value`. A bare word is a text; anything else is what TOML makes of it.
pub(crate) fn split(setting: &str) -> Option<(&str, Value)> {
    let (key, text) = setting.split_once('=')?;
    let (key, text) = (key.trim(), text.trim());
    let word = || Value::String(text.to_owned());
    let value = match format!("v = {text}").parse::<Table>() {
        Ok(mut read) => read.remove("v").unwrap_or_else(word),
        Err(_) => word(),
    };
    Some((key, value))
}

/// Puts a value where `path` leads, through tables that need not be there yet.
///
/// # Errors
/// A part of the path is empty, or a value where a table is needed.
pub(crate) fn put(table: &mut Table, path: &[&str], value: Value) -> Result<(), String> {
    let (last, inner) = path
        .split_last()
        .filter(|_| path.iter().all(|part| !part.is_empty()))
        .ok_or("write a key before the `=`")?;
    let mut at = table;
    for part in inner {
        let next = at
            .entry((*part).to_owned())
            .or_insert_with(|| Value::Table(Table::new()));
        at = match next {
            Value::Table(next) => next,
            _ => return Err(format!("`{part}` is a value, not a table with keys")),
        };
    }
    // A whole number where the scenario has a fraction is meant as one.
    let value = match (at.get(*last), value) {
        (Some(Value::Float(_)), Value::Integer(whole)) => Value::Float(whole as f64),
        (_, value) => value,
    };
    at.insert((*last).to_owned(), value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_reach_tables_and_short_names() {
        let mut table: Table = "agents = 5\n[talk]\nmean_s = 180.0\n".parse().unwrap();
        for setting in [
            "agents=20",
            "talk_mean_s=45",
            "policy=progressive",
            "others.machine=0.1",
        ] {
            apply(&mut table, setting).unwrap();
        }
        assert_eq!(table["agents"], Value::Integer(20));
        assert_eq!(table["talk"]["mean_s"], Value::Float(45.0));
        assert_eq!(table["policy"], Value::String("progressive".into()));
        assert_eq!(table["others"]["machine"], Value::Float(0.1));
    }

    #[test]
    fn what_is_no_setting_is_said() {
        let mut table: Table = "agents = 5\n".parse().unwrap();
        for bad in ["agents", "=5", "agents.x=5"] {
            let said = apply(&mut table, bad).unwrap_err().to_string();
            assert!(said.contains(bad), "{said}");
        }
    }
}
