//! Proof on software we did not write: a proxy as edge, softphones as agents' phones, scanners as
//! strangers, and a network that loses packets.

mod codecs;
mod floor;
mod hearing;
mod kamailio;
mod link;
mod lossy;
mod phones;
mod process;
mod softphones;
mod strangers;
mod talk_floor;
mod talks;
