//! HTTP API, wallboard and agent pages, metrics.
