//! Call records: one row a call, live or simulated, as CSV.
//!
//! [`CallRow`] is the one column format; `carillon report calls`, `carillon demo --calls` and
//! `carillon sim run --calls` write it, calibration reads it.

mod row;

pub use row::{
    CallRow, CallRowError, Calls, EndedBy, Way, Who, milliseconds, read_rows, write_rows,
};
