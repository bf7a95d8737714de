//! Leads and do-not-call lists from files.
