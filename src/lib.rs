//! Carillon: a predictive dialer and call-routing engine with SIP integration.
//!
//! The program is its command line ([`cli`]); everything it does lives in the crates below it
//! (`docs/ARCHITECTURE.md`).

pub mod call_rows;
pub mod cli;
pub mod demo;
