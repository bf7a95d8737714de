//! Measured durations in a file of their own: `{ law = "empirical", file = "talk.csv" }`.

use super::scenario::PacingScenarioError;
use std::path::Path;
use toml::{Table, Value};

/// A scenario's text with the durations of the files it names in their place; a text without such
/// files as it is. Files are looked for beside the scenario `name`. A file has a duration in
/// seconds at the beginning of each line; a first line that is no number is its header.
///
/// # Errors
/// [`PacingScenarioError::Value`] names the scenario, the key, the file and what is wrong.
pub fn with_measured(name: &str, text: String) -> Result<String, PacingScenarioError> {
    // What is no TOML is told, with its lines, by who reads the scenario.
    let Ok(mut table) = text.parse::<Table>() else {
        return Ok(text);
    };
    let directory = Path::new(name).parent().unwrap_or(Path::new(""));
    let mut named = false;
    let mut failed = None;
    walk(&mut table, "", &mut |law, key| {
        let Some(file) = law.remove("file") else {
            return;
        };
        named = true;
        match values(directory, &file) {
            Ok(values) => {
                law.insert("values_s".to_owned(), Value::Array(values));
            }
            Err(why) => {
                failed.get_or_insert(PacingScenarioError::Value {
                    name: name.to_owned(),
                    key: format!("{key}.file"),
                    value: file.to_string(),
                    allowed: why,
                });
            }
        }
    });
    match (failed, named) {
        (Some(error), _) => Err(error),
        (None, false) => Ok(text),
        // What was read as TOML can be written as TOML.
        (None, true) => Ok(toml::to_string(&table).unwrap_or(text)),
    }
}

/// Shows every empirical law, with the key it stands at.
fn walk(table: &mut Table, key: &str, see: &mut impl FnMut(&mut Table, &str)) {
    if table.get("law").and_then(Value::as_str) == Some("empirical") {
        see(table, key);
    }
    for (inner, value) in table.iter_mut() {
        let key = match key {
            "" => inner.clone(),
            outer => format!("{outer}.{inner}"),
        };
        match value {
            Value::Table(table) => walk(table, &key, see),
            Value::Array(values) => {
                for (k, value) in values.iter_mut().enumerate() {
                    if let Value::Table(table) = value {
                        walk(table, &format!("{key}[{k}]"), see);
                    }
                }
            }
            _ => {}
        }
    }
}

fn values(directory: &Path, file: &Value) -> Result<Vec<Value>, String> {
    let Some(file) = file.as_str() else {
        return Err("the name of a file of durations, one a line".to_owned());
    };
    let path = directory.join(file);
    let text = std::fs::read_to_string(&path)
        .map_err(|error| format!("a file that can be read ({}: {error})", path.display()))?;
    let mut found = Vec::new();
    for (k, line) in text.lines().enumerate() {
        let cell = line.split([',', ';', '\t']).next().unwrap_or("").trim();
        match cell.parse::<f64>() {
            Ok(s) if s.is_finite() && s >= 0.0 => found.push(Value::Float(s)),
            _ if cell.is_empty() || (k == 0 && cell.parse::<f64>().is_err()) => {}
            _ => {
                return Err(format!(
                    "a file of durations in seconds from 0 (line {} has `{cell}`)",
                    k + 1
                ));
            }
        }
    }
    match found.is_empty() {
        true => Err("a file with at least one duration".to_owned()),
        false => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pacing::law::{Law, Part};
    use crate::pacing::{PacingScenario, SHIPPED};

    fn read(directory: &Path, talk: &str) -> Result<PacingScenario, String> {
        let mut table: Table = SHIPPED[0].1.parse().unwrap();
        table.insert(
            "talk".into(),
            format!("v = {talk}").parse::<Table>().unwrap()["v"].clone(),
        );
        let name = directory.join("day.toml").display().to_string();
        let text = with_measured(&name, toml::to_string(&table).unwrap())
            .map_err(|error| error.to_string())?;
        PacingScenario::read(&name, &text, &[]).map_err(|error| error.to_string())
    }

    #[test]
    fn durations_are_taken_from_a_file_beside_the_scenario() {
        let directory = tempfile::tempdir().unwrap();
        let directory = directory.path();
        std::fs::write(
            directory.join("talk.csv"),
            "talk_s,agent\n12.5,ana\n7,bo\n\n",
        )
        .unwrap();
        std::fs::write(directory.join("bad.csv"), "3\n-4\n").unwrap();
        std::fs::write(directory.join("none.csv"), "talk_s\n").unwrap();
        let measured = Law::Empirical {
            values_s: vec![12.5, 7.0],
        };
        let plain = "{ law = \"empirical\", file = \"talk.csv\" }";
        assert_eq!(read(directory, plain).unwrap().talk, measured);
        let mixed = format!("{{ law = \"mixture\", parts = [{{ weight = 1.0, of = {plain} }}] }}");
        let parts = vec![Part {
            weight: 1.0,
            of: measured,
        }];
        assert_eq!(
            read(directory, &mixed).unwrap().talk,
            Law::Mixture { parts }
        );
        for (file, told) in [
            ("bad.csv", "line 2 has `-4`"),
            ("none.csv", "at least one duration"),
            ("gone.csv", "gone.csv"),
        ] {
            let error = read(directory, &plain.replace("talk.csv", file)).unwrap_err();
            assert!(
                error.contains("day.toml") && error.contains("talk.file") && error.contains(told),
                "{error}"
            );
        }
    }

    #[test]
    fn a_scenario_without_files_keeps_its_lines() {
        let text = "# a comment\nagents = \n".to_owned();
        assert_eq!(with_measured("x.toml", text.clone()).unwrap(), text);
        let text = SHIPPED[0].1.to_owned();
        assert_eq!(with_measured("x.toml", text.clone()).unwrap(), text);
    }
}
