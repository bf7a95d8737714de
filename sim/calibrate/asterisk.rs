//! Asterisk's call detail records: <https://docs.asterisk.org/Configuration/Reporting/Call-Detail-Records-CDR/>.

use super::read::{Cells, Found, Row};
use crate::calls::{CallRow, Who};
use csv::StringRecord;
use std::collections::BTreeMap;

/// The order of `Master.csv`; `uniqueid` and `userfield` only where they are switched on.
const MASTER: [&str; 18] = [
    "accountcode",
    "src",
    "dst",
    "dcontext",
    "clid",
    "channel",
    "dstchannel",
    "lastapp",
    "lastdata",
    "start",
    "answer",
    "end",
    "duration",
    "billsec",
    "disposition",
    "amaflags",
    "uniqueid",
    "userfield",
];

/// What a call's disposition may be.
const DISPOSITIONS: [&str; 5] = ["ANSWERED", "NO ANSWER", "BUSY", "FAILED", "CONGESTION"];

/// The columns of a file without a header.
pub(super) fn columns() -> BTreeMap<String, usize> {
    MASTER
        .iter()
        .enumerate()
        .map(|(k, name)| ((*name).to_owned(), k))
        .collect()
}

/// Whether a row is one of `Master.csv`.
pub(super) fn looks_like_a_row(row: &StringRecord) -> bool {
    let disposition = row.get(14).map(str::trim).unwrap_or_default();
    (16..=18).contains(&row.len()) && DISPOSITIONS.contains(&disposition)
}

/// A row as a call. It does not tell people from machines.
pub(super) fn call(cells: &Cells<'_>) -> Found {
    let placed = match cells.instant("start")? {
        Some(at) => Some(at),
        None => cells.instant("calldate")?,
    };
    let placed = placed.ok_or_else(|| "no start".to_owned())?;
    let disposition = cells
        .text("disposition")
        .unwrap_or_default()
        .to_ascii_uppercase();
    let outcome = match disposition.as_str() {
        "ANSWERED" => "connected",
        "NO ANSWER" | "NOANSWER" => "no_answer",
        "BUSY" => "busy",
        "FAILED" => "disconnected",
        "CONGESTION" => "congestion",
        "" => return Err("no disposition".to_owned()),
        other => return Err(format!("disposition {other} is not known")),
    };
    let duration = cells.seconds("duration")?;
    let billed = cells.seconds("billsec")?;
    if duration
        .zip(billed)
        .is_some_and(|(all, billed)| billed > all + 1.0)
    {
        return Err("billsec is more than duration".to_owned());
    }
    let answered = outcome == "connected";
    let between = match cells.instant("answer")? {
        Some(at) if at < placed => return Err("answered before its start".to_owned()),
        Some(at) => Some((at.0 - placed.0) as f64 / 1000.0),
        None => duration
            .zip(billed)
            .map(|(all, billed)| (all - billed).max(0.0)),
    };
    Ok(Row::Call(Box::new(CallRow {
        call: cells.text("uniqueid").unwrap_or_default().to_owned(),
        campaign: cells.text("accountcode").unwrap_or_default().to_owned(),
        placed,
        answer_after_s: between.filter(|_| answered),
        end_after_s: duration,
        who: answered.then_some(Who::Unknown),
        outcome: outcome.to_owned(),
        disposition,
        talk_s: billed.filter(|_| answered),
        ..CallRow::default()
    })))
}
