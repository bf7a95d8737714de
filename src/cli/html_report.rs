//! `--html FILE`: reports of the simulator as one file.

use super::args_sim::WorldArgs;
use super::error::CliError;
use super::out::Out;
use carillon_sim::html::Page;
use carillon_sim::html::reports::Source;
use clap::Args;
use std::path::{Path, PathBuf};

/// The report's file.
#[derive(Debug, Args)]
pub struct HtmlArgs {
    /// Write a report with plots to this file: one HTML file that opens without a network and
    /// prints.
    #[arg(long = "html", value_name = "FILE")]
    pub file: Option<PathBuf>,
}

impl HtmlArgs {
    /// Refuses what cannot be written before anything runs.
    pub fn check(&self) -> Result<(), CliError> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let wrong = |why: &str| {
            let told = format!("--html {}: {why}", file.display());
            Err(CliError::Usage(told))
        };
        let folder = match file.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        if !folder.is_dir() {
            return wrong("its folder does not exist: make it, or write another path");
        }
        if file.is_dir() {
            return wrong("this is a folder: write the name of a file in it, such as report.html");
        }
        Ok(())
    }

    /// Writes the report, if one is wanted.
    pub fn write(&self, page: impl FnOnce() -> Page, out: &Out) -> Result<(), CliError> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        std::fs::write(file, page().render())
            .map_err(|error| CliError::Failed(format!("--html {}: {error}", file.display())))?;
        out.line(format!("report: {}", file.display()));
        Ok(())
    }
}

/// Where a report of this world comes from.
pub fn source(world: &WorldArgs) -> Source {
    Source {
        scenario: world.scenario.clone(),
        first_seed: world.seed,
        command: command(std::env::args().skip(1)),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// The line as it may be typed again.
pub fn command(words: impl Iterator<Item = String>) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=.,:/%+@".contains(c);
    let quoted = |word: String| match !word.is_empty() && word.chars().all(plain) {
        true => word,
        false => format!("'{}'", word.replace('\'', r"'\''")),
    };
    let words = words.map(quoted);
    ["carillon".to_owned()]
        .into_iter()
        .chain(words)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_can_be_typed_again() {
        let words = ["sim", "run", "my day.toml", "--set", "title=it's"].map(String::from);
        assert_eq!(
            command(words.into_iter()),
            r"carillon sim run 'my day.toml' --set 'title=it'\''s'"
        );
    }

    #[test]
    fn a_report_that_cannot_be_written_is_refused_before_anything_runs() {
        let dir = tempfile::tempdir().unwrap();
        let of = |file: PathBuf| HtmlArgs { file: Some(file) }.check();
        assert!(of(dir.path().join("report.html")).is_ok());
        for (file, told) in [
            (dir.path().to_owned(), "is a folder"),
            (dir.path().join("no/report.html"), "does not exist"),
        ] {
            let said = of(file).unwrap_err().to_string();
            assert!(said.contains(told), "{said}");
        }
    }
}
