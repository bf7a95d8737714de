//! The live world: sockets, clock, engine thread, trunks, agents' lines.
