//! `carillon init`: a configuration to begin with.

use super::error::CliError;
use super::out::Out;
use carillon_live::config::{TEMPLATE, new_token};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

/// The token's file, beside the configuration.
const TOKEN_FILE: &str = "supervisor.token";
/// The template's line about it.
const TOKEN_LINE: &str = "# supervisor_token = \"file:supervisor.token\"";

/// Writes `file` and, beside it, a fresh supervisor's token. Overwrites nothing.
pub fn init(file: &Path, out: &Out) -> Result<(), CliError> {
    let directory = file.parent().unwrap_or(Path::new(""));
    let token_file = directory.join(TOKEN_FILE);
    if file.exists() {
        return Err(CliError::Failed(format!(
            "{} exists already and is left as it is; name another file, or move it away first",
            file.display()
        )));
    }
    if !directory.as_os_str().is_empty() {
        std::fs::create_dir_all(directory).map_err(|error| cannot_write(directory, &error))?;
    }
    let fresh = write_token(&token_file)?;
    write_new(file, with_token(TEMPLATE).as_bytes(), 0o644)?;
    out.document(
        &serde_json::json!({"config": file, "token_file": token_file, "token_made": fresh}),
    );
    let config = file.display();
    out.line(format!("wrote {config}"));
    let what = if fresh { "wrote" } else { "kept" };
    out.line(format!(
        "{what} {} (who holds it may change the floor)",
        token_file.display()
    ));
    out.line("");
    out.line("Next:");
    out.line(format!(
        "  1. edit {config}: a [[trunk]], an [[agent]], a [[campaign]]"
    ));
    let with = if file == Path::new("carillon.toml") {
        String::new()
    } else {
        format!("--config {config} ")
    };
    for (n, command) in [
        "check",
        "leads import LEADS.csv --campaign NAME",
        "serve",
        "campaign start NAME",
    ]
    .iter()
    .enumerate()
    {
        out.line(format!("  {}. carillon {with}{command}", n + 2));
    }
    Ok(())
}

/// The template with the token's line switched on.
pub fn with_token(template: &str) -> String {
    template.replacen(TOKEN_LINE, TOKEN_LINE.trim_start_matches("# "), 1)
}

/// Writes a token unless the file holds one already; `true` when it was made now.
fn write_token(file: &Path) -> Result<bool, CliError> {
    if file.exists() {
        return Ok(false);
    }
    let token =
        new_token().map_err(|why| CliError::Failed(format!("no randomness for a token: {why}")))?;
    write_new(file, format!("{token}\n").as_bytes(), 0o600)?;
    Ok(true)
}

fn write_new(file: &Path, bytes: &[u8], mode: u32) -> Result<(), CliError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let written = options
        .open(file)
        .and_then(|mut open| open.write_all(bytes));
    written.map_err(|error| cannot_write(file, &error))
}

fn cannot_write(path: &Path, error: &io::Error) -> CliError {
    CliError::Failed(format!(
        "cannot write {}: {error}; check the directory and its permissions",
        path.display()
    ))
}
