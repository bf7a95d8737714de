//! Log lines: which, how, and where to.

use super::error::CliError;
use carillon_live::config::{Config, LogFormat};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// What `[node] log` lets through.
///
/// # Errors
/// It is no filter: [`CliError::Usage`].
pub fn filter(config: &Config) -> Result<EnvFilter, CliError> {
    EnvFilter::try_new(&config.node.log).map_err(|error| {
        CliError::Usage(format!(
            "{}: node.log: `{}` is no log filter ({error}); write error, warn, info, debug or trace, or \
             info,carillon_sip=debug",
            config.source.display(),
            config.node.log
        ))
    })
}

/// Log lines to standard error, as `[node] log` and `log_format` say.
///
/// # Errors
/// The filter is faulty, or a log runs already.
pub fn to_stderr(config: &Config) -> Result<(), CliError> {
    let filter = filter(config)?;
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(!plain && std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let set = match config.node.log_format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    set.map_err(|error| CliError::Failed(format!("cannot start logging: {error}")))
}

/// Log lines of the demo to standard error, if the environment asks for any (`RUST_LOG`).
pub fn if_asked() {
    if let Ok(filter) = EnvFilter::try_from_default_env() {
        let builder = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr);
        // A log that was started already goes on.
        let _ = builder.try_init();
    }
}
