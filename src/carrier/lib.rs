//! The other side of the floor, for the demo and for load: a carrier with its callees, and
//! agents' phones. Real SIP and RTP over UDP, in real time.
//!
//! Both draw what people do from the laws of [`carillon_sim`], so that a live run and a
//! simulated day meet the same people: the n-th INVITE the [`Carrier`] takes is call number n
//! of the simulated world.
//!
//! ```text
//!  Carrier (one thread)            dialer            Phones (one thread)
//!  callees ── SIP, RTP ────────►  Carillon  ◄──────── SIP, RTP ── agents
//! ```
//!
//! **One thread and two sockets carry all callees; another thread and two more all phones.**
//! Calls share one RTP port and are told apart by the address the far end sends from, so the
//! far end must send from the port its SDP names (symmetric RTP, RFC 4961), as Carillon does.
//!
//! Code map: [`exchange`] is the carrier, [`phones`] the phones; `lines` holds RTP streams,
//! `ear` and `voice` what is heard and said on them, `driver` the loop that turns both.

mod driver;
mod ear;
mod error;
pub mod exchange;
mod lines;
pub mod phones;
mod sockets;
pub mod tones;
mod voice;

pub use ear::Heard;
pub use error::CarrierError;
pub use exchange::{Carrier, CarrierHandle, CarrierOptions, CarrierStats};
pub use phones::{Login, PhoneUser, Phones, PhonesHandle, PhonesOptions, PhonesStats};
pub use sockets::fresh_secret;
