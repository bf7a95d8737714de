//! The carrier and the phones against a dialer made of a bare endpoint and the relay.

mod callees;
mod dialer;
mod phones;
