//! Labelled clips: the CSV that `tests/amd/make_corpus` writes, or a user's own.
//!
//! Columns needed: `file` (8 kHz mono WAV, relative to the CSV), `set` (`tune` or `test`),
//! `class` (`person`, `machine`, others) and `voice` (whoever speaks; no voice may be in both
//! sets). Others are used where they are there.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use carillon_media::Prompt;

pub type Outcome<T> = Result<T, Box<dyn Error>>;

/// A clip and what is known about it.
#[derive(Clone, Debug)]
pub struct Clip {
    columns: BTreeMap<String, String>,
    path: PathBuf,
}

impl Clip {
    /// What is heard.
    pub fn samples(&self) -> Outcome<Vec<i16>> {
        Ok(Prompt::from_wav(&self.path)?.samples().to_vec())
    }

    /// A column; empty when it is not there.
    pub fn get(&self, name: &str) -> &str {
        self.columns.get(name).map_or("", String::as_str)
    }

    /// A column that holds a number.
    pub fn number(&self, name: &str) -> Option<f32> {
        self.get(name).parse().ok()
    }

    pub fn is(&self, class: &str) -> bool {
        self.get("class") == class
    }
}

/// The clips of a set, in the order of the list.
pub fn load(list: &Path, set: &str) -> Outcome<Vec<Clip>> {
    let text = fs::read_to_string(list).map_err(|e| format!("{}: {e}", list.display()))?;
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let folder = list.parent().unwrap_or(Path::new("."));
    let mut clips = Vec::new();
    for line in lines {
        let columns: BTreeMap<String, String> = header
            .iter()
            .zip(line.split(','))
            .map(|(name, value)| ((*name).to_owned(), value.trim().to_owned()))
            .collect();
        if columns.get("set").is_some_and(|s| s == set) {
            let file = folder.join(
                columns
                    .get("file")
                    .ok_or("the list has no column \"file\"")?,
            );
            clips.push(Clip {
                columns,
                path: file,
            });
        }
    }
    Ok(clips)
}
