//! Leads from a CSV file.

use super::columns::{Column, columns};
use super::rejects::Rejects;
use super::rows::{Row, Rows, fields};
use super::values::{needs, not_utf8, shown, whole};
use super::{ImportError, numbers, places};
use carillon_decision::id::{AgentId, CampaignId};
use carillon_decision::lead::{Callback, Consent};
use carillon_decision::time::Wall;
use carillon_store::{ImportOptions, ImportRow, LEADS_PER_BATCH_MAX, LeadStore, NewLead};
use jiff::tz::TimeZone;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// How to import leads.
#[derive(Clone, Debug)]
pub struct LeadOptions {
    /// The campaign.
    pub campaign: CampaignId,
    /// List for rows without a `list_id`.
    pub list: String,
    /// ISO 3166-1 country of numbers without `+`, `phone_code` or a country of their own.
    pub country: String,
    /// Rows in one transaction, 1 to 500.
    pub batch: usize,
    /// Whether leads that are stored already take over changed columns.
    pub update: bool,
    /// Agents by name, for the `owner` column.
    pub agents: BTreeMap<String, AgentId>,
}

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LeadSummary {
    /// Rows read, the header left out.
    pub read: u64,
    /// New leads.
    pub imported: u64,
    /// Leads that were stored and took over changes.
    pub updated: u64,
    /// Rows whose lead stood in the store already, unchanged.
    pub duplicates: u64,
    /// Rows whose lead stood in the file already; they are in the rejects file too.
    pub duplicates_in_file: u64,
    /// Rows not loaded, besides those.
    pub rejected: u64,
    /// Further numbers of loaded leads that were no numbers and were left out.
    pub numbers_dropped: u64,
    /// Where the rows that were not loaded stand, if any.
    pub rejects_file: Option<PathBuf>,
}

/// A row that became a lead and waits for its batch.
struct Waiting {
    row: Row,
    lead: NewLead,
}

/// Reads `file` into the store; `progress` hears of each batch.
///
/// # Errors
/// Why it stopped. Batches stored so far stay.
pub async fn import_leads(
    store: &dyn LeadStore,
    file: &Path,
    options: &LeadOptions,
    progress: &mut (dyn FnMut(&LeadSummary) + Send),
) -> Result<LeadSummary, ImportError> {
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
    let source = BufReader::new(File::open(file).map_err(read)?);
    let mut rows = Rows::new(source).map_err(read)?;
    let header = header(&mut rows, file)?;
    rows.expect(header.len());
    let mut import = Import {
        reader: RowReader {
            columns: header,
            delimiter: rows.delimiter(),
            options,
        },
        store,
        rejects: Rejects::beside(file)?,
        seen: HashMap::new(),
        waiting: Vec::new(),
        summary: LeadSummary::default(),
    };
    let batch = options.batch.clamp(1, LEADS_PER_BATCH_MAX);
    while let Some(row) = rows.next_row().map_err(read)? {
        import.take(row)?;
        if import.waiting.len() >= batch {
            import.store_batch().await?;
            progress(&import.summary);
        }
    }
    import.store_batch().await?;
    progress(&import.summary);
    import.summary.rejects_file = import.rejects.finish()?;
    Ok(import.summary)
}

fn header(rows: &mut Rows<BufReader<File>>, file: &Path) -> Result<Vec<Column>, ImportError> {
    let bad = |line, problem: String| ImportError::Header {
        file: file.to_owned(),
        line,
        problem,
    };
    let row = rows.next_row().map_err(|source| ImportError::Read {
        file: file.to_owned(),
        source,
    })?;
    let Some(row) = row else {
        return Err(bad(
            1,
            "the file is empty; the first line must name the columns".to_owned(),
        ));
    };
    if let Some(broken) = row.broken {
        return Err(bad(
            row.line,
            format!("{broken}; the first line must name the columns"),
        ));
    }
    let fields = fields(&row.raw, rows.delimiter()).map_err(|e| bad(row.line, e.to_string()))?;
    columns(&fields).map_err(|problem| bad(row.line, problem))
}

struct Import<'a> {
    reader: RowReader<'a>,
    store: &'a dyn LeadStore,
    rejects: Rejects,
    /// Keys of the rows so far, hashed (16 octets a row), with their lines.
    seen: HashMap<u64, u64>,
    waiting: Vec<Waiting>,
    summary: LeadSummary,
}

impl Import<'_> {
    fn take(&mut self, row: Row) -> Result<(), ImportError> {
        self.summary.read += 1;
        let (lead, dropped) = match self.reader.lead(&row) {
            Ok(read) => read,
            Err(reason) => {
                self.summary.rejected += 1;
                return self.rejects.write(row.line, &reason, &row.raw);
            }
        };
        if let Some(first) = self.seen.get(&key(&lead)) {
            self.summary.duplicates_in_file += 1;
            let reason = format!("duplicate of line {first} (same vendor_lead_code or number)");
            return self.rejects.write(row.line, &reason, &row.raw);
        }
        self.summary.numbers_dropped += dropped;
        self.seen.insert(key(&lead), row.line);
        self.waiting.push(Waiting { row, lead });
        Ok(())
    }

    async fn store_batch(&mut self) -> Result<(), ImportError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let (rows, leads): (Vec<Row>, Vec<NewLead>) = self
            .waiting
            .drain(..)
            .map(|waiting| (waiting.row, waiting.lead))
            .unzip();
        let options = ImportOptions {
            campaign: self.reader.options.campaign,
            list: self.reader.options.list.clone(),
            update: self.reader.options.update,
        };
        let answers = self
            .store
            .import_leads(options, leads)
            .await
            .map_err(ImportError::Store)?;
        for (row, answer) in rows.into_iter().zip(answers) {
            match answer {
                ImportRow::Imported(_) => self.summary.imported += 1,
                ImportRow::Updated(_) => self.summary.updated += 1,
                ImportRow::Duplicate(_) => self.summary.duplicates += 1,
                ImportRow::Rejected(reason) => {
                    self.summary.rejected += 1;
                    self.rejects.write(row.line, &reason, &row.raw)?;
                }
            }
        }
        Ok(())
    }
}

/// What makes two rows the same lead, as the store sees it.
fn key(lead: &NewLead) -> u64 {
    let mut hasher = DefaultHasher::new();
    match &lead.card.vendor_lead_code {
        Some(code) => code.hash(&mut hasher),
        None => lead.numbers.first().hash(&mut hasher),
    }
    hasher.finish()
}

/// Turns rows into leads.
struct RowReader<'a> {
    columns: Vec<Column>,
    delimiter: u8,
    options: &'a LeadOptions,
}

impl RowReader<'_> {
    /// The lead, and how many further numbers had to be left out; or why the row is refused.
    fn lead(&self, row: &Row) -> Result<(NewLead, u64), String> {
        if let Some(broken) = row.broken {
            return Err(broken.to_owned());
        }
        let fields = fields(&row.raw, self.delimiter).map_err(|e| e.to_string())?;
        if fields.len() != self.columns.len() {
            return Err(format!(
                "has {} columns, the header names {}",
                fields.len(),
                self.columns.len()
            ));
        }
        let mut lead = NewLead::default();
        let (mut phones, mut code) = (Vec::new(), "");
        for (column, bytes) in self.columns.iter().zip(&fields) {
            let text =
                std::str::from_utf8(bytes).map_err(|error| not_utf8(column, bytes, error))?;
            let text = text.trim();
            match column {
                _ if text.is_empty() => {}
                Column::Phone => phones.push(text),
                Column::PhoneCode => code = text,
                column => self.set(&mut lead, column, text)?,
            }
        }
        let dropped = self.numbers(&mut lead, &phones, code)?;
        Ok((lead, dropped))
    }

    fn numbers(&self, lead: &mut NewLead, phones: &[&str], code: &str) -> Result<u64, String> {
        let own = lead.country.as_deref().unwrap_or(&self.options.country);
        let mut first_fault = None;
        let mut dropped = 0;
        for text in phones {
            let read = match code {
                "" => numbers::parse_number(text, own, false),
                code if !text.starts_with('+') => numbers::parse_with_code(text, code, own),
                _ => numbers::parse_number(text, own, false),
            };
            match read {
                Ok(number) if lead.numbers.contains(&number) => {}
                Ok(number) => lead.numbers.push(number),
                Err(why) => {
                    dropped += 1;
                    first_fault.get_or_insert_with(|| format!("number `{}` {why}", shown(text)));
                }
            }
        }
        match (lead.numbers.is_empty(), first_fault) {
            (false, _) => Ok(dropped),
            (true, Some(fault)) => Err(fault),
            (true, None) => Err("has no telephone number".to_owned()),
        }
    }

    fn set(&self, lead: &mut NewLead, column: &Column, text: &str) -> Result<(), String> {
        let own = || Some(text.to_owned());
        match column {
            Column::ListId => lead.list_id = own(),
            Column::VendorLeadCode => lead.card.vendor_lead_code = own(),
            Column::SourceId => lead.card.source_id = own(),
            Column::Title => lead.card.title = own(),
            Column::FirstName => lead.card.first_name = own(),
            Column::LastName => lead.card.last_name = own(),
            Column::Address => match &mut lead.card.address {
                Some(address) => *address = format!("{address}, {text}"),
                none => *none = own(),
            },
            Column::City => lead.card.city = own(),
            Column::PostalCode => lead.card.postal_code = own(),
            Column::Email => lead.card.email = own(),
            Column::Comments => lead.card.comments = own(),
            Column::Rank => lead.rank = whole(text, "rank")?,
            Column::Priority => lead.priority = whole(text, "priority")?,
            Column::Tag(name) => {
                lead.tags.insert(name.clone(), text.to_owned());
            }
            _ => self.set_checked(lead, column, text)?,
        }
        Ok(())
    }

    /// Columns whose value must mean something.
    fn set_checked(&self, lead: &mut NewLead, column: &Column, text: &str) -> Result<(), String> {
        let say = |what: &str, write: &str| format!("{what} `{}` {write}", shown(text));
        match column {
            Column::State => {
                let state = places::state(text);
                lead.state = Some(state.ok_or_else(|| say("state", "is not a code such as FL"))?);
            }
            Column::Country => {
                let country = places::country(text);
                let write = "is no country; write two letters (ISO 3166-1), such as US";
                lead.country = Some(country.ok_or_else(|| say("country", write))?);
            }
            Column::TimeZone => {
                let write = "is no IANA time zone; write America/New_York, say, or leave it empty";
                TimeZone::get(text).map_err(|_| say("time_zone", write))?;
                lead.time_zone = Some(text.to_owned());
            }
            // VICIdial's `owner` may name people who are no agents here: kept as a tag then.
            Column::Owner => match self.options.agents.get(text) {
                Some(agent) => lead.owner = Some(*agent),
                None => {
                    lead.tags.insert("owner".to_owned(), text.to_owned());
                }
            },
            Column::Needs => {
                lead.needs = needs(text).ok_or_else(|| {
                    say("needs", "is not a list of skills; write spanish:3 loans:5")
                })?
            }
            Column::Consent => {
                lead.consent = match text.to_ascii_lowercase().as_str() {
                    "y" | "yes" | "true" | "1" | "given" => Consent::Given,
                    "n" | "no" | "false" | "0" | "withdrawn" => Consent::Withdrawn,
                    "unknown" => Consent::Unknown,
                    _ => return Err(say("consent", "is not yes, no or unknown")),
                }
            }
            Column::Callback => {
                let write = "is no instant; write 2026-12-01T15:00:00-05:00";
                let at: jiff::Timestamp = text.parse().map_err(|_| say("callback", write))?;
                let at = Wall(at.as_millisecond());
                lead.callback = Some(Callback { at, agent: None });
            }
            Column::AnswerChance => {
                let chance = text.parse::<f64>().ok().filter(|p| (0.0..=1.0).contains(p));
                let write = "is not a chance from 0 to 1";
                lead.answer_chance = Some(chance.ok_or_else(|| say("answer_chance", write))?);
            }
            _ => {}
        }
        Ok(())
    }
}
