//! `--set key=value`: one setting of a scenario changed from the command line.

use super::scenario::PacingScenarioError;
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
    let Some((key, text)) = setting.split_once('=') else {
        return Err(wrong(
            "write key=value, such as agents=20 or talk.mean_s=45".into(),
        ));
    };
    let (key, text) = (key.trim(), text.trim());
    let key = SHORT
        .iter()
        .find(|(short, _)| *short == key)
        .map_or(key, |(_, long)| long);
    // A bare word is a text; anything else is what TOML makes of it.
    let value = match format!("v = {text}").parse::<Table>() {
        Ok(mut read) => read
            .remove("v")
            .unwrap_or_else(|| Value::String(text.to_owned())),
        Err(_) => Value::String(text.to_owned()),
    };
    let mut at = table;
    let mut path: Vec<&str> = key.split('.').collect();
    let Some(last) = path.pop().filter(|last| !last.is_empty()) else {
        return Err(wrong("write a key before the `=`".into()));
    };
    for part in path {
        let inner = at.entry(part).or_insert_with(|| Value::Table(Table::new()));
        at = match inner {
            Value::Table(inner) => inner,
            _ => return Err(wrong(format!("`{part}` is a value, not a table with keys"))),
        };
    }
    // A whole number where the scenario has a fraction is meant as one.
    let value = match (at.get(last), value) {
        (Some(Value::Float(_)), Value::Integer(whole)) => Value::Float(whole as f64),
        (_, value) => value,
    };
    at.insert(last.to_owned(), value);
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
