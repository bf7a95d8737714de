//! Fields of a row as values, and their faults in words.

use super::columns::Column;
use carillon_decision::routing::Need;

/// `spanish:3 loans` → skills with their least level (1 where none is given).
pub(super) fn needs(text: &str) -> Option<Vec<Need>> {
    let need = |word: &str| {
        let (skill, level) = match word.split_once(':') {
            Some((skill, level)) => (skill, level.parse().ok().filter(|l| (1..=10).contains(l))?),
            None => (word, 1),
        };
        let skill = (!skill.is_empty()).then(|| skill.to_owned())?;
        Some(Need {
            skill,
            level,
            drop_after: None,
        })
    };
    text.split([' ', ';', ','])
        .filter(|word| !word.is_empty())
        .map(need)
        .collect()
}

/// A whole number of that column.
pub(super) fn whole(text: &str, column: &str) -> Result<i32, String> {
    text.parse()
        .map_err(|_| format!("{column} `{}` is not a whole number", shown(text)))
}

/// Why a field cannot be read as text, with the octet to look for.
pub(super) fn not_utf8(column: &Column, bytes: &[u8], error: std::str::Utf8Error) -> String {
    let byte = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
    let name = match column {
        Column::Tag(name) => name.clone(),
        column => super::columns::normal(&spaced(&format!("{column:?}"))),
    };
    format!("is not UTF-8 text (byte 0x{byte:02X} in column {name}); save the file as UTF-8")
}

/// `FirstName` → `First Name`.
fn spaced(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push(' ');
        }
        out.push(c);
    }
    out
}

/// A value as it may stand in a reason: short, without control characters.
pub(super) fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}
