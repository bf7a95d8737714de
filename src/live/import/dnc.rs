//! Do-not-call numbers from a file: one a line, or a column of a CSV.

use super::columns::normal;
use super::rejects::Rejects;
use super::rows::{Row, Rows, fields};
use super::{ImportError, numbers, places};
use carillon_decision::number::E164;
use carillon_decision::time::Wall;
use carillon_store::{DncStore, NUMBERS_PER_BATCH_MAX};
use serde::Serialize;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// How to import numbers.
#[derive(Clone, Debug)]
pub struct DncOptions {
    /// The list; made when first named.
    pub list: String,
    /// ISO 3166-1 country of numbers without `+`.
    pub country: String,
    /// When, for the records.
    pub at: Wall,
}

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DncSummary {
    /// Rows read.
    pub read: u64,
    /// Numbers that are new on the list.
    pub imported: u64,
    /// Numbers that stood on it already, or twice in the file.
    pub duplicates: u64,
    /// Rows without a number.
    pub rejected: u64,
    /// Where those rows stand, if any.
    pub rejects_file: Option<PathBuf>,
}

/// Where in a row the number stands.
#[derive(Clone, Copy)]
enum Place {
    /// In this column.
    Column(usize),
    /// Area code and local number side by side, as the US registry delivers them.
    AreaAndLocal,
}

/// Reads `file` onto a list; `progress` hears of each batch.
///
/// # Errors
/// Why it stopped. Batches stored so far stay.
pub async fn import_numbers(
    store: &dyn DncStore,
    file: &Path,
    options: &DncOptions,
    progress: &mut (dyn FnMut(&DncSummary) + Send),
) -> Result<DncSummary, ImportError> {
    if places::calling_code(&options.country).is_none() {
        let country = &options.country;
        return Err(ImportError::Setting(format!(
            "`{country}` is no country; write two letters (ISO 3166-1), such as US or GB"
        )));
    }
    let read = |source| ImportError::Read {
        file: file.to_owned(),
        source,
    };
    let mut rows = Rows::new(BufReader::new(File::open(file).map_err(read)?)).map_err(read)?;
    let delimiter = rows.delimiter();
    let mut rejects = Rejects::beside(file)?;
    let mut summary = DncSummary::default();
    let mut batch = Vec::with_capacity(NUMBERS_PER_BATCH_MAX);
    let mut place = None;
    while let Some(row) = rows.next_row().map_err(read)? {
        if place.is_none() {
            let (found, is_header) = find(&row, delimiter, file)?;
            rows.expect(fields(&row.raw, delimiter).map_or(1, |fields| fields.len()));
            place = Some(found);
            if is_header {
                continue;
            }
        }
        summary.read += 1;
        match number(
            &row,
            delimiter,
            place.unwrap_or(Place::Column(0)),
            &options.country,
        ) {
            Ok(number) => batch.push(number),
            Err(reason) => {
                summary.rejected += 1;
                rejects.write(row.line, &reason, &row.raw)?;
            }
        }
        if batch.len() >= NUMBERS_PER_BATCH_MAX {
            store_batch(store, options, &mut batch, &mut summary).await?;
            progress(&summary);
        }
    }
    store_batch(store, options, &mut batch, &mut summary).await?;
    progress(&summary);
    summary.rejects_file = rejects.finish()?;
    Ok(summary)
}

async fn store_batch(
    store: &dyn DncStore,
    options: &DncOptions,
    batch: &mut Vec<E164>,
    summary: &mut DncSummary,
) -> Result<(), ImportError> {
    if batch.is_empty() {
        return Ok(());
    }
    let sent = batch.len() as u64;
    batch.sort_unstable();
    batch.dedup();
    let numbers = std::mem::take(batch);
    let done = store
        .dnc_import(&options.list, numbers, options.at)
        .await
        .map_err(ImportError::Store)?;
    summary.imported += done.added;
    summary.duplicates += sent - done.added;
    Ok(())
}

/// Where the numbers stand, from the first row, and whether that row is a header.
fn find(row: &Row, delimiter: u8, file: &Path) -> Result<(Place, bool), ImportError> {
    let fields = fields(&row.raw, delimiter).unwrap_or_default();
    let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).trim().to_owned();
    let texts: Vec<String> = fields.iter().map(text).collect();
    let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
    let names: Vec<String> = texts.iter().map(|t| normal(t)).collect();
    let known = names.iter().position(|name| {
        matches!(
            name.as_str(),
            "phone" | "phone_number" | "number" | "telephone" | "msisdn" | "tel" | "mobile"
        )
    });
    if let Some(column) = known {
        return Ok((Place::Column(column), true));
    }
    if texts.len() == 2 && digits(&texts[0]) == 3 && digits(&texts[1]) == 7 {
        return Ok((Place::AreaAndLocal, false));
    }
    if let Some(column) = texts.iter().position(|text| digits(text) >= 7) {
        return Ok((Place::Column(column), false));
    }
    // One column of anything: a title line, or a bad first number that belongs to the rejects.
    if texts.len() == 1 {
        let is_title = digits(&texts[0]) == 0;
        return Ok((Place::Column(0), is_title));
    }
    Err(ImportError::Header {
        file: file.to_owned(),
        line: row.line,
        problem: "no column holds telephone numbers; write one number a line, or name a column \
                  phone_number"
            .to_owned(),
    })
}

fn number(row: &Row, delimiter: u8, place: Place, country: &str) -> Result<E164, String> {
    if let Some(broken) = row.broken {
        return Err(broken.to_owned());
    }
    let fields = fields(&row.raw, delimiter).map_err(|e| e.to_string())?;
    let text = match place {
        Place::Column(column) => fields.get(column).cloned().unwrap_or_default(),
        Place::AreaAndLocal => fields.concat(),
    };
    let text = String::from_utf8(text).map_err(|_| "is not UTF-8 text".to_owned())?;
    if text.trim().is_empty() {
        return Err("has no telephone number".to_owned());
    }
    let shown: String = text
        .trim()
        .chars()
        .filter(|c| !c.is_control())
        .take(40)
        .collect();
    numbers::parse_number(&text, country, true).map_err(|why| format!("number `{shown}` {why}"))
}
