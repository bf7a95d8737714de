//! RFC 4475: every message of "SIP Torture Test Messages", and what an endpoint does with it.
//!
//! The messages are in `messages/`, one a file, octet for octet as they travel. The binary part of
//! `mpart01` is our own: octets with the same traits (NUL, line ends, a message within).

#[path = "../harness/mod.rs"]
mod harness;

mod document;
mod outcome;
mod readings;
mod registering;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Where the messages are.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/torture/messages")
}

/// The messages by their names.
fn messages() -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(folder()).unwrap().map(|f| f.unwrap().path());
    let sip = files.filter(|p| p.extension().is_some_and(|e| e == "sip"));
    sip.map(|path| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, fs::read(&path).unwrap())
    })
    .collect()
}

/// One message.
fn message(name: &str) -> Vec<u8> {
    fs::read(folder().join(format!("{name}.sip"))).unwrap()
}
