//! Working on the database without a node, or beside one.

use super::error::CliError;
use carillon_decision::time::Wall;
use carillon_live::NodeClock;
use carillon_live::config::Config;
use carillon_store::{NameKind, NameStore, SqliteOptions, SqliteStore, UpkeepStore};
use std::future::Future;
use std::path::Path;

/// Runs a future on a runtime of its own.
pub fn block_on<T>(future: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| CliError::Failed(format!("cannot start: {error}")))?
        .block_on(future)
}

/// Opens the database for a change: made, with its directory, when it does not exist yet.
pub async fn open_or_make(config: &Config) -> Result<SqliteStore, CliError> {
    if let Some(directory) = config
        .store
        .path
        .parent()
        .filter(|d| !d.as_os_str().is_empty())
    {
        std::fs::create_dir_all(directory).map_err(|error| {
            CliError::Failed(format!(
                "cannot make {}: {error}; make it, or change [node] data_dir",
                directory.display()
            ))
        })?;
    }
    Ok(SqliteStore::open(SqliteOptions::new(&config.store.path)).await?)
}

/// Opens the database that exists.
pub async fn open(config: &Config) -> Result<SqliteStore, CliError> {
    let path: &Path = &config.store.path;
    if !path.exists() {
        return Err(CliError::Failed(format!(
            "there is no database {} yet; `carillon leads import` or `carillon serve` makes it",
            path.display()
        )));
    }
    Ok(SqliteStore::open(SqliteOptions::new(path)).await?)
}

/// Closes the database after the work, whatever came of the work.
pub async fn closing<T>(store: &SqliteStore, result: Result<T, CliError>) -> Result<T, CliError> {
    let closed = store.close().await;
    let value = result?;
    closed?;
    Ok(value)
}

/// Name of an id, as people know it.
pub async fn name_of(store: &SqliteStore, kind: NameKind, id: u32) -> Result<String, CliError> {
    let names = store.names(kind).await?;
    let found = names
        .into_iter()
        .find(|(known, _)| *known == id)
        .map(|(_, name)| name);
    Ok(found.unwrap_or_else(|| format!("{} {id}", kind.name())))
}

/// The wall clock.
pub fn now() -> Wall {
    NodeClock::start().now().wall
}
