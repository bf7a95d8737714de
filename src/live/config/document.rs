//! A TOML document with its faults collected on the way.

use super::error::{ConfigError, ConfigErrors, Note};
use std::cell::RefCell;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::de::DeTable;

/// The text of a file, and what was found wrong in it so far.
pub(crate) struct Document<'t> {
    file: PathBuf,
    text: &'t str,
    errors: RefCell<Vec<(usize, ConfigError)>>,
    notes: RefCell<Vec<Note>>,
}

impl<'t> Document<'t> {
    pub(crate) fn new(file: &Path, text: &'t str) -> Self {
        Self {
            file: file.to_owned(),
            text,
            errors: RefCell::default(),
            notes: RefCell::default(),
        }
    }

    /// The document's tables; faults of the syntax are recorded, and what could be read
    /// nevertheless is returned.
    pub(crate) fn parse(&self) -> DeTable<'t> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            let remedy = "write `key = value`, text in \"quotes\", tables as [name] and lists of \
                          tables as [[name]]";
            self.fault(span, "", error.message().to_owned(), remedy);
        }
        table.into_inner()
    }

    /// Directory that relative paths count from.
    pub(crate) fn directory(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new(""))
    }

    /// Records a fault at a place of the text.
    pub(crate) fn fault(
        &self,
        span: Range<usize>,
        key: &str,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.push(span, key, problem.into(), remedy.into(), |line, _| {
            without_secrets(line)
        });
    }

    /// Records a fault of a key alone: its value, which may be anything, is not shown.
    pub(crate) fn fault_of_key(
        &self,
        span: Range<usize>,
        key: &str,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let written = self.text.get(span.clone()).map_or(0, str::len);
        let key_only = |line: &str, at: usize| {
            let shown = line.get(..at + written).unwrap_or("");
            // What stands before it on the line may be a secret.
            match at == 0 || !speaks_of_secrets(shown) {
                true => format!("{shown} = ..."),
                false => String::new(),
            }
        };
        self.push(span, key, problem.into(), remedy.into(), key_only);
    }

    fn push(
        &self,
        span: Range<usize>,
        key: &str,
        problem: String,
        remedy: String,
        excerpt: impl Fn(&str, usize) -> String,
    ) {
        let at = span.start.min(self.text.len());
        let (line, column, text) = self.place(at);
        let octets = text
            .char_indices()
            .nth(column - 1)
            .map_or(text.len(), |(n, _)| n);
        let error = ConfigError {
            file: self.file.clone(),
            line,
            column,
            key: key.to_owned(),
            problem,
            remedy,
            excerpt: excerpt(text, octets),
        };
        self.errors.borrow_mut().push((at, error));
    }

    /// Records a note at a place of the text.
    pub(crate) fn note(&self, span: Range<usize>, key: &str, text: impl Into<String>) {
        let (line, ..) = self.place(span.start.min(self.text.len()));
        let key = key.to_owned();
        let text = text.into();
        self.notes.borrow_mut().push(Note { line, key, text });
    }

    /// Whether anything was wrong so far.
    pub(crate) fn has_faults(&self) -> bool {
        !self.errors.borrow().is_empty()
    }

    /// The value with its notes, or every fault in the order of the file.
    pub(crate) fn finish<T>(self, value: Option<T>) -> Result<(T, Vec<Note>), ConfigErrors> {
        let mut errors = self.errors.into_inner();
        errors.sort_by_key(|(at, _)| *at);
        let errors: Vec<_> = errors.into_iter().map(|(_, error)| error).collect();
        match value {
            Some(value) if errors.is_empty() => {
                let mut notes = self.notes.into_inner();
                notes.sort_by_key(|note| note.line);
                Ok((value, notes))
            }
            _ => Err(ConfigErrors { errors }),
        }
    }

    /// Line and column from 1, and the line.
    fn place(&self, at: usize) -> (usize, usize, &'t str) {
        let before = &self.text.as_bytes()[..at];
        let line = before.iter().filter(|&&b| b == b'\n').count() + 1;
        let start = before
            .iter()
            .rposition(|&b| b == b'\n')
            .map_or(0, |p| p + 1);
        let rest = self.text.get(start..).unwrap_or("");
        let text = rest.lines().next().unwrap_or("");
        let column = self
            .text
            .get(start..at)
            .map_or(1, |t| t.chars().count() + 1);
        (line, column, text)
    }
}

/// A line as it may be shown: the value is left out where the key speaks of a secret.
fn without_secrets(line: &str) -> String {
    match line.find('=') {
        Some(equals) if speaks_of_secrets(&line[..equals]) => format!("{}= ***", &line[..equals]),
        // A piece of a value alone, or a line that holds a key further on.
        _ if speaks_of_secrets(line) => String::new(),
        _ if line.chars().count() > 100 => line.chars().take(97).chain("...".chars()).collect(),
        _ => line.to_owned(),
    }
}

fn speaks_of_secrets(text: &str) -> bool {
    const WORDS: [&str; 8] = [
        "pas", "pwd", "pin", "token", "secret", "cred", "auth", "key",
    ];
    let lower = text.to_ascii_lowercase();
    WORDS.iter().any(|word| lower.contains(word))
}

impl ConfigErrors {
    /// A file that could not be read at all.
    pub(crate) fn unreadable(file: &Path, error: &std::io::Error) -> Self {
        let remedy = match error.kind() {
            std::io::ErrorKind::NotFound => {
                "write one with `carillon init`, or name another with --config FILE or \
                 CARILLON_CONFIG"
            }
            std::io::ErrorKind::InvalidData => "save it as UTF-8 text",
            _ => "check its permissions",
        };
        Self {
            errors: vec![ConfigError {
                file: file.to_owned(),
                line: 0,
                column: 0,
                key: String::new(),
                problem: format!("cannot be read: {error}"),
                remedy: remedy.to_owned(),
                excerpt: String::new(),
            }],
        }
    }
}
