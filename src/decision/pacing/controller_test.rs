//! Behaviour of decisions.
