//! Reading call records: ours, VICIdial's, Asterisk's. Rows that cannot be true are left out and
//! told.

use super::{asterisk, vicidial};
use crate::calls::{CallRow, Way};
use carillon_decision::call::Outcome;
use carillon_decision::time::Wall;
use csv::StringRecord;
use jiff::tz::TimeZone;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Read;

/// A clock that ticks in whole seconds may contradict itself by this much, s.
const SLACK_S: f64 = 1.0;

/// Whose columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Ours ([`crate::calls`]).
    Carillon,
    /// An export of VICIdial's `vicidial_log`, alone or joined with its carrier's and agents' logs.
    Vicidial,
    /// Asterisk's call detail records: `Master.csv` without a header, or a table with one.
    Asterisk,
}

impl Format {
    /// Names on the command line.
    pub const NAMES: [(&'static str, Self); 3] = [
        ("carillon", Self::Carillon),
        ("vicidial", Self::Vicidial),
        ("asterisk", Self::Asterisk),
    ];

    /// By its first row: `None` when nobody's columns are recognised.
    fn of(first: &StringRecord) -> Option<Self> {
        let has = |name: &str| first.iter().any(|cell| named(cell) == name);
        if has("call") && has("placed") && has("outcome") {
            Some(Self::Carillon)
        } else if has("disposition") && has("billsec") {
            Some(Self::Asterisk)
        } else if (has("status") || has("dialstatus")) && (has("call_date") || has("start_epoch")) {
            Some(Self::Vicidial)
        } else if asterisk::looks_like_a_row(first) {
            Some(Self::Asterisk)
        } else {
            None
        }
    }
}

/// A column's name as it is compared.
pub(super) fn named(cell: &str) -> String {
    cell.trim()
        .trim_start_matches('\u{feff}')
        .to_ascii_lowercase()
}

/// Call records that cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be read.
    #[error("calls_read: {name}: {source}")]
    File {
        /// File.
        name: String,
        /// Why.
        source: csv::Error,
    },
    /// Nobody's columns.
    #[error(
        "calls_columns: {name}: line 1: {found}: write one of: call, placed, outcome … (`carillon \
         report --calls`); call_date, status, length_in_sec … (VICIdial's vicidial_log); calldate, \
         billsec, disposition … or Master.csv's 16 to 18 columns (Asterisk); or say --format"
    )]
    Columns {
        /// File.
        name: String,
        /// What is there.
        found: String,
    },
    /// A column is missing that nothing can replace.
    #[error("calls_columns: {name}: line 1: no column {missing}: {remedy}")]
    Missing {
        /// File.
        name: String,
        /// The column.
        missing: &'static str,
        /// What to do.
        remedy: &'static str,
    },
}

/// A row that was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// Its line in the file; the header is line 1.
    pub line: u64,
    /// Why.
    pub why: String,
}

/// What was read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reading {
    /// Whose columns they were.
    pub format: Format,
    /// Rows of the file, without its header.
    pub rows: u64,
    /// Rows that are no calls dialed for leads: why, how many.
    pub beside: BTreeMap<String, u64>,
    /// Rows with missing or contradictory fields.
    pub skipped: Vec<Skipped>,
    /// The calls.
    #[serde(skip)]
    pub calls: Vec<CallRow>,
}

/// What becomes of a row.
pub(super) enum Row {
    /// A call.
    Call(Box<CallRow>),
    /// Rightly there, and no call dialed for a lead.
    Beside(&'static str),
}

/// A row's answer, or why it is left out.
pub(super) type Found = Result<Row, String>;

/// A row by the names of its columns.
pub(super) struct Cells<'a> {
    pub columns: &'a BTreeMap<String, usize>,
    pub row: &'a StringRecord,
    pub zone: &'a TimeZone,
}

impl Cells<'_> {
    /// A cell that is there and not empty; MySQL writes `\N` for nothing.
    pub fn text(&self, column: &str) -> Option<&str> {
        let cell = self.row.get(*self.columns.get(column)?)?.trim();
        (!cell.is_empty() && cell != "\\N" && cell != "NULL").then_some(cell)
    }

    /// Seconds.
    pub fn seconds(&self, column: &str) -> Result<Option<f64>, String> {
        let Some(text) = self.text(column) else {
            return Ok(None);
        };
        match text.parse::<f64>() {
            Ok(s) if s.is_finite() && s >= 0.0 => Ok(Some(s)),
            _ => Err(format!("{column} is `{text}`, not seconds from 0")),
        }
    }

    /// `2026-03-10 15:00:00` in the records' zone, or RFC 3339.
    pub fn instant(&self, column: &str) -> Result<Option<Wall>, String> {
        let Some(text) = self.text(column) else {
            return Ok(None);
        };
        let here = || {
            let at: jiff::civil::DateTime = text.parse().ok()?;
            Some(at.to_zoned(self.zone.clone()).ok()?.timestamp())
        };
        let at = text.parse::<jiff::Timestamp>().ok().or_else(here);
        match at {
            Some(at) => Ok(Some(Wall(at.as_millisecond()))),
            None => Err(format!(
                "{column} is `{text}`, not a time such as 2026-03-10 15:00:00"
            )),
        }
    }
}

/// Reads call records. `format`: as the first row has it when none is named. `zone`: of times that
/// name none. `name` is for messages.
///
/// # Errors
/// [`ReadError`] when the file as a whole cannot be read; rows are told in [`Reading::skipped`].
pub fn read(
    from: impl Read,
    name: &str,
    format: Option<Format>,
    zone: &TimeZone,
) -> Result<Reading, ReadError> {
    let file = |source| ReadError::File {
        name: name.to_owned(),
        source,
    };
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(from);
    let mut rows = reader.records();
    let first = rows.next().transpose().map_err(file)?.unwrap_or_default();
    let known = format.or_else(|| Format::of(&first));
    let Some(format) = known else {
        let found = first.iter().take(6).collect::<Vec<_>>().join(",");
        return Err(ReadError::Columns {
            name: name.to_owned(),
            found: if found.is_empty() {
                "nothing".into()
            } else {
                found
            },
        });
    };
    let headless = format == Format::Asterisk && asterisk::looks_like_a_row(&first);
    let columns: BTreeMap<String, usize> = if headless {
        asterisk::columns()
    } else {
        first
            .iter()
            .enumerate()
            .map(|(k, cell)| (named(cell), k))
            .collect()
    };
    check_columns(format, &columns, name)?;
    let mut reading = Reading {
        format,
        rows: 0,
        beside: BTreeMap::new(),
        skipped: Vec::new(),
        calls: Vec::new(),
    };
    let header = StringRecord::from(first.iter().collect::<Vec<_>>());
    let before = headless.then_some(Ok(first));
    for row in before.into_iter().chain(rows) {
        let row = row.map_err(file)?;
        let line = row.position().map_or(1, csv::Position::line);
        reading.rows += 1;
        let cells = Cells {
            columns: &columns,
            row: &row,
            zone,
        };
        let found = match format {
            Format::Carillon => ours(&row, &header),
            Format::Vicidial => vicidial::call(&cells),
            Format::Asterisk => asterisk::call(&cells),
        };
        let found = found.and_then(|found| match found {
            Row::Call(call) => judged(call),
            beside => Ok(beside),
        });
        match found {
            Ok(Row::Call(call)) => reading.calls.push(*call),
            Ok(Row::Beside(why)) => *reading.beside.entry(why.to_owned()).or_default() += 1,
            Err(why) => reading.skipped.push(Skipped { line, why }),
        }
    }
    Ok(reading)
}

fn check_columns(
    format: Format,
    columns: &BTreeMap<String, usize>,
    name: &str,
) -> Result<(), ReadError> {
    let has = |column: &str| columns.contains_key(column);
    let missing = |missing, remedy| {
        Err(ReadError::Missing {
            name: name.to_owned(),
            missing,
            remedy,
        })
    };
    match format {
        Format::Carillon => match ["call", "placed", "outcome"].into_iter().find(|c| !has(c)) {
            Some(column) => missing(column, "export with `carillon report --calls FILE`"),
            None => Ok(()),
        },
        Format::Vicidial if !has("status") && !has("dialstatus") => missing(
            "status",
            "call_log does not tell how calls ended; export vicidial_log, or join it by uniqueid",
        ),
        Format::Vicidial if !has("call_date") && !has("start_epoch") => {
            missing("call_date", "add call_date or start_epoch to the export")
        }
        Format::Asterisk if !has("calldate") && !has("start") => {
            missing("calldate", "add calldate (or start) to the export")
        }
        Format::Asterisk if !has("disposition") => {
            missing("disposition", "add disposition to the export")
        }
        _ => Ok(()),
    }
}

fn ours(row: &StringRecord, header: &StringRecord) -> Found {
    match row.deserialize::<CallRow>(Some(header)) {
        Ok(call) if call.direction != Way::Outbound => {
            Ok(Row::Beside("inbound calls and transfers"))
        }
        Ok(call) if call.outcome == "not_sent" => Ok(Row::Beside("never sent")),
        Ok(call) => Ok(Row::Call(Box::new(call))),
        Err(error) => Err(match error.kind() {
            csv::ErrorKind::Deserialize { err, .. } => {
                let column = err.field().and_then(|k| header.get(k as usize));
                format!("{}: {}", column.unwrap_or("a column"), err.kind())
            }
            _ => error.to_string(),
        }),
    }
}

/// Leaves out what cannot be true.
fn judged(call: Box<CallRow>) -> Found {
    if Outcome::from_name(&call.outcome).is_none() {
        return Err(match call.outcome.as_str() {
            "" => "no outcome".to_owned(),
            other => format!("outcome `{other}` is none of connected, abandoned, busy, …"),
        });
    }
    if call.placed == Wall(0) {
        return Err("no time at which it was placed".to_owned());
    }
    let spans = [
        ("ring_after_s", call.ring_after_s),
        ("answer_after_s", call.answer_after_s),
        ("end_after_s", call.end_after_s),
        ("wait_s", call.wait_s),
        ("talk_s", call.talk_s),
        ("wrap_s", call.wrap_s),
    ];
    for (column, span) in spans {
        if span.is_some_and(|s| !(s.is_finite() && s >= 0.0)) {
            return Err(format!(
                "{column} is {}, not seconds from 0",
                span.unwrap_or(0.0)
            ));
        }
    }
    let after = |a: Option<f64>, b: Option<f64>| a.zip(b).is_some_and(|(a, b)| a > b + SLACK_S);
    if after(call.answer_after_s, call.end_after_s) {
        return Err("answered after its end".to_owned());
    }
    if after(call.ring_after_s, call.end_after_s) {
        return Err("rang after its end".to_owned());
    }
    let answered = call.answer_after_s.unwrap_or(0.0);
    if after(call.talk_s.map(|s| s + answered), call.end_after_s) {
        return Err("talked longer than it lasted".to_owned());
    }
    if call.outcome == "connected" && call.talk_s.is_none() {
        return Err("connected without talk_s".to_owned());
    }
    let silent = ["busy", "no_answer", "cancelled"].contains(&call.outcome.as_str());
    if silent && call.talk_s.is_some_and(|s| s > 0.0) {
        return Err(format!("{}, and talked", call.outcome));
    }
    Ok(Row::Call(call))
}

#[cfg(test)]
#[path = "read_test.rs"]
mod tests;
