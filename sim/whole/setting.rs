//! `--set key=value` on a whole floor: campaigns, groups of agents and trunks go by their names.

use crate::pacing::scenario::PacingScenarioError as ScenarioError;
use crate::pacing::setting::{put, split};
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
    let (key, value) = split(setting).ok_or_else(|| {
        wrong("write key=value, such as policy=progressive or campaign.warm.cap=0.01".into())
    })?;
    let key = if key == "policy" { "mode" } else { key };
    let path: Vec<&str> = key.split('.').collect();
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
