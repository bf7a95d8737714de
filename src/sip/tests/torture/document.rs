//! The table in the documentation and the messages are the same.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::messages;
use super::outcome::OUTCOMES;

/// First column of the table's rows: `| `name` | …`.
fn documented() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/sip/rfc4475.md");
    let text = fs::read_to_string(path).unwrap();
    let rows = text.lines().filter_map(|l| l.strip_prefix("| `"));
    rows.map(|row| row.split('`').next().unwrap().to_owned())
        .collect()
}

#[test]
fn the_table_names_every_message_once_and_no_other() {
    let files: BTreeSet<String> = messages().into_keys().collect();
    assert_eq!(files.len(), 49, "RFC 4475 has 49 messages");
    let rows = documented();
    let named: BTreeSet<String> = rows.iter().cloned().collect();
    assert_eq!(named, files);
    assert_eq!(rows.len(), named.len(), "a row twice");
    let checked: BTreeSet<String> = OUTCOMES.iter().map(|o| o.name.to_owned()).collect();
    assert_eq!(checked, files, "messages that no outcome is checked of");
}

#[test]
fn the_messages_travelled_as_they_should() {
    for (name, bytes) in messages() {
        // A message about its own line ends would not be caught here: RFC 4475 has none.
        let text = String::from_utf8_lossy(&bytes);
        let head = text.split("\r\n\r\n").next().unwrap();
        assert!(head.len() < text.len(), "{name} has no blank line");
        assert!(!head.replace("\r\n", "").contains(['\r', '\n']), "{name}");
    }
}
