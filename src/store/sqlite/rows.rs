//! Values as SQLite holds them, and back.

use crate::error::StoreError;
use carillon_decision::call::{AmdVerdict, Direction, EndedBy, Outcome};
use carillon_decision::lead::{Consent, LeadStatus};
use carillon_decision::number::E164;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::error::ErrorKind;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row, Sqlite, Type};

/// Primary result codes that mean the database, not the statement, is at fault
/// (<https://sqlite.org/rescode.html>): BUSY, LOCKED, NOMEM, READONLY, IOERR, CORRUPT, FULL,
/// CANTOPEN, PROTOCOL, NOTADB.
const TROUBLE: [u32; 10] = [5, 6, 7, 8, 10, 11, 13, 14, 15, 26];

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let code = match &error {
            sqlx::Error::Database(e) => e.code().and_then(|c| c.parse::<u32>().ok()),
            sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed | sqlx::Error::PoolTimedOut => {
                return StoreError::Unwritable {
                    reason: error.to_string(),
                };
            }
            _ => None,
        };
        match code {
            Some(code) if TROUBLE.contains(&(code & 0xff)) => StoreError::Unwritable {
                reason: error.to_string(),
            },
            _ => StoreError::Database(error.to_string()),
        }
    }
}

/// [`StoreError::Duplicate`] for a broken unique key.
pub(super) fn duplicate(what: &'static str, id: u64) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |error| match &error {
        sqlx::Error::Database(e) if e.kind() == ErrorKind::UniqueViolation => {
            StoreError::Duplicate { what, id }
        }
        _ => error.into(),
    }
}

/// A column.
pub(super) fn get<'r, T>(row: &'r SqliteRow, column: &'static str) -> Result<T, StoreError>
where
    T: Decode<'r, Sqlite> + Type<Sqlite>,
{
    row.try_get(column).map_err(|e| StoreError::Corrupt {
        what: column,
        why: e.to_string(),
    })
}

/// An unsigned column.
pub(super) fn unsigned(row: &SqliteRow, column: &'static str) -> Result<u64, StoreError> {
    let value: i64 = get(row, column)?;
    u64::try_from(value).map_err(|e| StoreError::Corrupt {
        what: column,
        why: e.to_string(),
    })
}

/// An unsigned column that may be absent.
pub(super) fn maybe_unsigned(
    row: &SqliteRow,
    column: &'static str,
) -> Result<Option<u64>, StoreError> {
    let value: Option<i64> = get(row, column)?;
    value
        .map(|v| {
            u64::try_from(v).map_err(|e| StoreError::Corrupt {
                what: column,
                why: e.to_string(),
            })
        })
        .transpose()
}

/// A small id.
pub(super) fn id32(row: &SqliteRow, column: &'static str) -> Result<u32, StoreError> {
    get(row, column)
}

/// A telephone number.
pub(super) fn number(digits: i64) -> Result<E164, StoreError> {
    u64::try_from(digits)
        .ok()
        .and_then(E164::new)
        .ok_or_else(|| StoreError::Corrupt {
            what: "number",
            why: format!("{digits} digits"),
        })
}

/// A telephone number as stored.
pub(super) fn digits(number: E164) -> i64 {
    // At most 15 digits: far below i64::MAX.
    number.digits() as i64
}

/// A structure as stored.
pub(super) fn to_json<T: Serialize>(what: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::Corrupt {
        what,
        why: e.to_string(),
    })
}

/// A stored structure.
pub(super) fn from_json<T: DeserializeOwned>(
    what: &'static str,
    text: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|e| StoreError::Corrupt {
        what,
        why: e.to_string(),
    })
}

fn unknown(what: &'static str, name: &str) -> StoreError {
    StoreError::Corrupt {
        what,
        why: format!("unknown name `{name}`"),
    }
}

pub(super) fn outcome(name: &str) -> Result<Outcome, StoreError> {
    Outcome::from_name(name).ok_or_else(|| unknown("outcome", name))
}

pub(super) fn status(name: &str) -> Result<LeadStatus, StoreError> {
    LeadStatus::from_name(name).ok_or_else(|| unknown("status", name))
}

pub(super) fn consent_code(consent: Consent) -> i64 {
    match consent {
        Consent::Unknown => 0,
        Consent::Given => 1,
        Consent::Withdrawn => 2,
    }
}

pub(super) fn consent(code: i64) -> Result<Consent, StoreError> {
    match code {
        0 => Ok(Consent::Unknown),
        1 => Ok(Consent::Given),
        2 => Ok(Consent::Withdrawn),
        _ => Err(unknown("consent", &code.to_string())),
    }
}

/// What the column `inbound` holds. Ledgers, histories and reports count what has 0.
pub(super) fn direction_code(direction: Direction) -> i64 {
    match direction {
        Direction::Outbound => 0,
        Direction::Inbound => 1,
        Direction::Transfer => 2,
    }
}

pub(super) fn direction(code: i64) -> Result<Direction, StoreError> {
    match code {
        0 => Ok(Direction::Outbound),
        1 => Ok(Direction::Inbound),
        2 => Ok(Direction::Transfer),
        _ => Err(unknown("direction", &code.to_string())),
    }
}

pub(super) fn verdict_name(verdict: AmdVerdict) -> &'static str {
    match verdict {
        AmdVerdict::Person => "person",
        AmdVerdict::Machine => "machine",
        AmdVerdict::Fax => "fax",
        AmdVerdict::NotInService => "not_in_service",
    }
}

pub(super) fn verdict(name: &str) -> Result<AmdVerdict, StoreError> {
    [
        AmdVerdict::Person,
        AmdVerdict::Machine,
        AmdVerdict::Fax,
        AmdVerdict::NotInService,
    ]
    .into_iter()
    .find(|v| verdict_name(*v) == name)
    .ok_or_else(|| unknown("verdict", name))
}

pub(super) fn ended_by_name(ended_by: EndedBy) -> &'static str {
    match ended_by {
        EndedBy::Customer => "customer",
        EndedBy::Agent => "agent",
        EndedBy::System => "system",
    }
}

pub(super) fn ended_by(name: &str) -> Result<EndedBy, StoreError> {
    [EndedBy::Customer, EndedBy::Agent, EndedBy::System]
        .into_iter()
        .find(|e| ended_by_name(*e) == name)
        .ok_or_else(|| unknown("ended_by", name))
}
