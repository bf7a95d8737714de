//! The thread that owns the engine, and the queues around it.

mod board;
mod dispatch;
mod inputs;
mod journal_tap;
mod thread;

pub(crate) use board::{Board, Names};
pub(crate) use dispatch::Outlets;
pub use inputs::Inputs;
pub(crate) use inputs::{Message, News, queue};
pub(crate) use journal_tap::Tap;
pub(crate) use thread::EngineThread;
