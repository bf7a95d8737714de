//! `--set key=value` on a whole floor: campaigns, groups of agents and trunks go by their names.

use crate::pacing::scenario::PacingScenarioError as ScenarioError;
use toml::{Table, Value};

/// Puts `key=value` into a floor's table. `policy` and keys of campaigns without a campaign's
/// name go to every campaign: `policy=hard`, `cap=0.01`; `campaign.warm.cap=0.01` to one.
///
/// # Errors
/// What is wrong with the setting; whether the key is known shows when the table is read.
pub fn apply(table: &mut Table, setting: &str) -> Result<(), ScenarioError> {
    let wrong = |why: String| ScenarioError::Setting {
        setting: setting.to_owned(),
        why,
    };
    let Some((key, text)) = setting.split_once('=') else {
        let why = "write key=value, such as policy=progressive or campaign.warm.cap=0.01";
        return Err(wrong(why.into()));
    };
    let (key, text) = (key.trim(), text.trim());
    let value = match format!("v = {text}").parse::<Table>() {
        Ok(mut read) => read
            .remove("v")
            .unwrap_or_else(|| Value::String(text.to_owned())),
        // A bare word is a text.
        Err(_) => Value::String(text.to_owned()),
    };
    let key = if key == "policy" { "mode" } else { key };
    let path: Vec<&str> = key.split('.').collect();
    if path.iter().any(|part| part.is_empty()) {
        return Err(wrong("write a key before the `=`".into()));
    }
    let whole_floor = ["title", "start", "hours", "replications", "screening"];
    if matches!(path[0], "campaign" | "agents" | "trunk") {
        let at = named(table, &path).map_err(wrong)?;
        return put(at, &path[2..], value).map_err(wrong);
    }
    // `screening` alone is a campaign's, `screening.onset_s` the floor's.
    let of_floor = whole_floor.contains(&path[0]) && (path[0] != "screening" || path.len() > 1);
    if of_floor {
        return put(table, &path, value).map_err(wrong);
    }
    for campaign in sections(table, "campaign") {
        put(campaign, &path, value.clone()).map_err(wrong)?;
    }
    Ok(())
}

fn sections<'a>(table: &'a mut Table, kind: &str) -> impl Iterator<Item = &'a mut Table> {
    let found = table.get_mut(kind).and_then(Value::as_array_mut);
    found.into_iter().flatten().filter_map(Value::as_table_mut)
}

/// The section `path` begins with, such as `campaign.warm`.
fn named<'a>(table: &'a mut Table, path: &[&str]) -> Result<&'a mut Table, String> {
    let kind = path[0];
    let name_of = |t: &Table| t.get("name").and_then(Value::as_str).map(str::to_owned);
    let known: Vec<String> = sections(table, kind).filter_map(|t| name_of(t)).collect();
    let usage = format!(
        "write {kind}.NAME.key=value, NAME being one of {}",
        known.join(", ")
    );
    if path.len() < 3 {
        return Err(usage);
    }
    sections(table, kind)
        .find(|t| name_of(t).as_deref() == Some(path[1]))
        .ok_or(usage)
}

fn put(table: &mut Table, path: &[&str], value: Value) -> Result<(), String> {
    let mut at = table;
    let (last, inner) = path.split_last().ok_or("write a key before the `=`")?;
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
