//! Durable truth: leads, attempts, call records, do-not-call lists.
