//! The row of a call record.

use carillon_decision::time::Wall;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::io::{Read, Write};

/// One call. Spans are seconds with three decimals, absent where they do not apply.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CallRow {
    /// Number or name of the call in its system.
    pub call: String,
    /// Campaign.
    pub campaign: String,
    /// Which way it went.
    pub direction: Way,
    /// Trunk it went over.
    pub trunk: String,
    /// Lead it was placed for.
    pub lead: String,
    /// When it was placed, RFC 3339 with milliseconds.
    #[serde(serialize_with = "write_instant", deserialize_with = "read_instant")]
    pub placed: Wall,
    /// Placed to first ringing sign.
    pub ring_after_s: Option<f64>,
    /// Placed to answer, by whatever answered.
    pub answer_after_s: Option<f64>,
    /// Placed to end.
    pub end_after_s: Option<f64>,
    /// Who answered.
    pub who: Option<Who>,
    /// How it ended, by the stable names of `docs/OPERATING.md`: `connected`, `abandoned`,
    /// `machine`, `busy`, `no_answer`, `cancelled` (hung up by us while ringing) …
    pub outcome: String,
    /// The agent's disposition code.
    pub disposition: String,
    /// From the start of the abandonment clock to the agent, or to giving up.
    pub wait_s: Option<f64>,
    /// Agent who talked.
    pub agent: String,
    /// Conversation with agents.
    pub talk_s: Option<f64>,
    /// Wrap-up after it; as far as it went when the records end.
    pub wrap_s: Option<f64>,
    /// The wrap-up was cut off: by its limit, or by the end of the records.
    pub wrap_cut: bool,
    /// Who ended an answered call.
    pub ended_by: Option<EndedBy>,
    /// The call this one replaced after trunk trouble.
    pub follows: String,
}

/// Which way a call went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// Dialed for a lead.
    #[default]
    Outbound,
    /// They dialed.
    Inbound,
    /// Dialed for a conversation under way.
    Transfer,
}

/// Who answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// A person.
    Person,
    /// An answering machine or announcement.
    Machine,
    /// A fax or modem.
    Fax,
    /// Tones of a network: not in service.
    Tone,
    /// Nobody was heard.
    Silence,
    /// Somebody or something: the records do not tell.
    Unknown,
}

/// Who ended an answered call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// The customer or the network.
    Customer,
    /// The agent.
    Agent,
    /// The dialer: the conversation was cut off.
    System,
}

/// Call records that cannot be read or written at all.
#[derive(Debug, thiserror::Error)]
pub enum CallRowError {
    /// Not our columns, or a row that does not fit them.
    #[error("call_rows: {name}: {source}")]
    Csv {
        /// File.
        name: String,
        /// Line and column.
        source: csv::Error,
    },
}

/// Milliseconds as seconds.
#[must_use]
pub fn milliseconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}

fn write_instant<S: Serializer>(at: &Wall, to: S) -> Result<S::Ok, S::Error> {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    to.collect_str(&at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"))
}

fn read_instant<'de, D: Deserializer<'de>>(from: D) -> Result<Wall, D::Error> {
    let text = String::deserialize(from)?;
    let at: jiff::Timestamp = text.parse().map_err(|_| {
        serde::de::Error::custom(format!(
            "`{text}` is no instant; write 2026-03-10T15:00:00.000Z"
        ))
    })?;
    Ok(Wall(at.as_millisecond()))
}

/// Writes rows, header first.
///
/// # Errors
/// [`CallRowError::Csv`] when nothing can be written; `name` is for the message.
pub fn write_rows(
    to: impl Write,
    name: &str,
    rows: impl IntoIterator<Item = CallRow>,
) -> Result<u64, CallRowError> {
    let mut to = Calls::new(to, name)?;
    rows.into_iter().try_for_each(|row| to.write(&row))?;
    to.finish()
}

/// A file of call records that is being written, row by row.
pub struct Calls<W: Write> {
    to: csv::Writer<W>,
    name: String,
    rows: u64,
}

impl<W: Write> Calls<W> {
    /// Begins with the header, so that a file without calls can be read too.
    ///
    /// # Errors
    /// [`CallRowError::Csv`].
    pub fn new(to: W, name: &str) -> Result<Self, CallRowError> {
        let mut calls = Self {
            to: csv::WriterBuilder::new().has_headers(false).from_writer(to),
            name: name.to_owned(),
            rows: 0,
        };
        let written = calls.to.write_record(COLUMNS);
        calls.told(written)?;
        Ok(calls)
    }

    /// Writes a row.
    ///
    /// # Errors
    /// [`CallRowError::Csv`].
    pub fn write(&mut self, row: &CallRow) -> Result<(), CallRowError> {
        self.rows += 1;
        let written = self.to.serialize(row);
        self.told(written)
    }

    /// Writes what waits; answers how many rows there are.
    ///
    /// # Errors
    /// [`CallRowError::Csv`].
    pub fn finish(mut self) -> Result<u64, CallRowError> {
        let written = self.to.flush().map_err(csv::Error::from);
        self.told(written)?;
        Ok(self.rows)
    }

    fn told(&self, written: Result<(), csv::Error>) -> Result<(), CallRowError> {
        written.map_err(|source| CallRowError::Csv {
            name: self.name.clone(),
            source,
        })
    }
}

/// The columns, in order.
pub const COLUMNS: [&str; 19] = [
    "call",
    "campaign",
    "direction",
    "trunk",
    "lead",
    "placed",
    "ring_after_s",
    "answer_after_s",
    "end_after_s",
    "who",
    "outcome",
    "disposition",
    "wait_s",
    "agent",
    "talk_s",
    "wrap_s",
    "wrap_cut",
    "ended_by",
    "follows",
];

/// Reads rows that [`write_rows`] wrote; columns by name, in any order, others are left alone.
///
/// # Errors
/// [`CallRowError::Csv`] at the first row that does not fit.
pub fn read_rows(from: impl Read, name: &str) -> Result<Vec<CallRow>, CallRowError> {
    let mut from = csv::Reader::from_reader(from);
    from.deserialize()
        .collect::<Result<_, _>>()
        .map_err(|source| CallRowError::Csv {
            name: name.to_owned(),
            source,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> CallRow {
        CallRow {
            call: "17".into(),
            campaign: "spring, north".into(),
            placed: Wall(1_773_154_800_123),
            ring_after_s: Some(0.05),
            answer_after_s: Some(11.204),
            end_after_s: Some(44.0),
            who: Some(Who::Person),
            outcome: "connected".into(),
            talk_s: Some(31.5),
            wrap_s: Some(8.25),
            wrap_cut: true,
            ended_by: Some(EndedBy::Customer),
            ..CallRow::default()
        }
    }

    #[test]
    fn rows_come_back_equal_and_name_their_columns() {
        let unanswered = CallRow {
            call: "18".into(),
            outcome: "no_answer".into(),
            ..CallRow::default()
        };
        let rows = vec![row(), unanswered];
        let mut file = Vec::new();
        assert_eq!(write_rows(&mut file, "t", rows.clone()).unwrap(), 2);
        let text = String::from_utf8(file.clone()).unwrap();
        let first = text.lines().nth(1).unwrap();
        assert!(first.contains("\"spring, north\",outbound,,,2026-03-10T15:00:00.123Z,0.05,11.204,44.0,person,connected"), "{first}");
        assert_eq!(read_rows(&file[..], "t").unwrap(), rows);
        // The header is what serde would have written.
        let mut by_serde = csv::Writer::from_writer(Vec::new());
        by_serde.serialize(row()).unwrap();
        let by_serde = String::from_utf8(by_serde.into_inner().unwrap()).unwrap();
        assert_eq!(text.lines().next(), by_serde.lines().next());
    }

    #[test]
    fn a_file_without_calls_has_a_header() {
        let mut file = Vec::new();
        assert_eq!(write_rows(&mut file, "t", []).unwrap(), 0);
        assert_eq!(read_rows(&file[..], "t").unwrap(), []);
        assert!(file.starts_with(b"call,campaign,"));
    }

    #[test]
    fn a_row_that_does_not_fit_names_file_line_and_what_is_allowed() {
        let text = "call,placed,outcome\n1,yesterday,busy\n";
        let error = read_rows(text.as_bytes(), "x.csv").unwrap_err().to_string();
        assert!(
            error.contains("x.csv") && error.contains("line: 2") && error.contains("2026-03-10T"),
            "{error}"
        );
    }
}
