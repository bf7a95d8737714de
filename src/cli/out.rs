//! What people see: tables, marks, colours on a terminal only, JSON when asked.

use serde::Serialize;
use std::io::{self, IsTerminal, Write};

/// Where answers go.
pub struct Out {
    /// One JSON document instead of text.
    pub json: bool,
    colour: bool,
}

/// How good a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// Worth a look.
    Warn,
    /// Wrong.
    Bad,
    /// Neither.
    Plain,
}

impl Out {
    /// Output to standard output. Colours: on a terminal, unless `NO_COLOR` is set.
    pub fn new(json: bool) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let colour = wanted && !json && io::stdout().is_terminal();
        Self { json, colour }
    }

    /// A line of text; nothing in JSON mode.
    pub fn line(&self, text: impl AsRef<str>) {
        if !self.json {
            write_line(text.as_ref());
        }
    }

    /// The JSON document; nothing in text mode.
    pub fn document(&self, value: &impl Serialize) {
        if self.json {
            let text = serde_json::to_string_pretty(value);
            write_line(&text.unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}")));
        }
    }

    /// A text in the colour of its tone.
    pub fn toned(&self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Good => "32",
            Tone::Warn => "33",
            Tone::Bad => "31",
            Tone::Plain => return text.to_owned(),
        };
        match self.colour {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }

    /// A table with aligned columns; the first row is the header.
    pub fn table(&self, rows: &[Vec<String>]) {
        for line in aligned(rows) {
            self.line(line);
        }
    }

    /// Names and values, one a line.
    pub fn pairs(&self, pairs: &[(&str, String)]) {
        let width = pairs
            .iter()
            .map(|(name, _)| name.chars().count())
            .max()
            .unwrap_or(0);
        for (name, value) in pairs {
            self.line(format!("{name:width$}  {value}"));
        }
    }
}

/// A closed pipe ends the output, not the program with a panic.
fn write_line(text: &str) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// Rows with columns two spaces apart; columns of figures to the right.
fn aligned(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |n: usize| {
        rows.iter()
            .filter_map(|r| r.get(n))
            .map(|c| c.chars().count())
            .max()
            .unwrap_or(0)
    };
    let is_figure = |text: &str| {
        text.is_empty() || text == "-" || text.starts_with(|c: char| c.is_ascii_digit())
    };
    let figures: Vec<bool> = (0..columns)
        .map(|n| {
            rows.len() > 1
                && rows
                    .iter()
                    .skip(1)
                    .filter_map(|r| r.get(n))
                    .all(|c| is_figure(c))
        })
        .collect();
    rows.iter()
        .map(|row| {
            let cells = row.iter().enumerate().map(|(n, cell)| match figures[n] {
                true => format!("{cell:>width$}", width = width(n)),
                false => format!("{cell:<width$}", width = width(n)),
            });
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        })
        .collect()
}

/// A share as per cent: `2.9 %`.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_figures_to_the_right() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let lines = aligned(&[
            row(["name", "calls", "state"]),
            row(["anna", "7", "ready"]),
            row(["bob", "123", "on a break"]),
        ]);
        assert_eq!(
            lines,
            [
                "name  calls  state",
                "anna      7  ready",
                "bob     123  on a break"
            ]
        );
    }
}
