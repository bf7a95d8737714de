//! How good a call was: what the network did to it, and how the conversation went.
//!
//! * [`emodel`]: the E-model, from loss and delay to a score;
//! * [`path`]: what each side heard, from the packets of both legs;
//! * [`activity`], [`speech_level`]: one side's speech, frame by frame;
//! * [`conversation`]: both sides together, with alarms ([`alarm`]) while it lasts.
//!
//! * [`report`]: all of it for one call, with the problems named; [`picture`]: for people to see;
//! * [`desk`]: many calls at once, on the keeper's thread.
//!
//! Everything but the desk is pure; it takes constant memory a call, however long it lasts.

pub mod activity;
pub mod alarm;
pub mod conversation;
pub mod desk;
pub mod emodel;
pub mod path;
pub mod picture;
pub mod report;
pub mod speech_level;
pub mod strip;
mod turns;
#[cfg(test)]
mod voices;
