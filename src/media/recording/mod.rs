//! Conversations kept: what taps tell becomes aligned stereo audio ([`timeline`]), handed by one
//! thread ([`keeper`]) to whoever listens ([`ConversationListener`]).

mod conversation;
pub mod keeper;
pub mod timeline;
mod way_line;

#[cfg(test)]
mod timeline_tests;

pub use conversation::ConversationListener;
pub use keeper::{Keeper, KeeperDesk};
pub use timeline::{Timeline, TimelineFigures};
pub use way_line::WayFigures;
