//! Faults of a configuration file, for people.

use serde::Serialize;
use std::fmt;
use std::path::PathBuf;

/// One fault, with the place it stands at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConfigError {
    /// The file.
    pub file: PathBuf,
    /// Line, from 1; 0 when the file could not be read.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Key path, such as `campaign[0].ring_timeout`; empty for a fault of the syntax.
    pub key: String,
    /// What is wrong, with the value found.
    pub problem: String,
    /// What may stand there, and what to do.
    pub remedy: String,
    /// The line of the file; empty where it may hold a secret.
    pub excerpt: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        f.write_str(": ")?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.problem)?;
        if !self.excerpt.is_empty() {
            let gutter = self.line.to_string().len();
            write!(f, "\n  {} | {}", self.line, self.excerpt)?;
            // The place may lie in a part that is not shown.
            if self.column <= self.excerpt.chars().count() {
                write!(
                    f,
                    "\n  {:gutter$} | {:>column$}",
                    "",
                    "^",
                    column = self.column
                )?;
            }
        }
        if !self.remedy.is_empty() {
            write!(f, "\n  {}", self.remedy)?;
        }
        Ok(())
    }
}

/// Every fault found, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct ConfigErrors {
    /// At least one.
    pub errors: Vec<ConfigError>,
}

impl ConfigErrors {
    /// Stable code of this kind of error.
    pub const CODE: &'static str = "CONF-001";
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for error in &self.errors {
            writeln!(f, "{error}")?;
        }
        match self.errors.len() {
            1 => f.write_str("1 fault"),
            n => write!(f, "{n} faults"),
        }
    }
}

/// Something a reader should know although it is no fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Line, from 1.
    pub line: usize,
    /// Key path.
    pub key: String,
    /// In words.
    pub text: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}: {}", self.line, self.key, self.text)
    }
}
