//! What flows between the engine and the store: attempts, leads, records, lists, health.

mod attempts;
mod feed;
mod leads;
mod records;

pub(crate) use attempts::{ATTEMPTS_MAX, AttemptJob, run_attempts};
pub(crate) use feed::{run_dnc_feed, run_health};
pub(crate) use leads::{HeldLeads, LEADS_MAX, LeadsWanted, run_leads, run_renewal};
pub(crate) use records::{RecordJob, Records, records_queue, run_records};
