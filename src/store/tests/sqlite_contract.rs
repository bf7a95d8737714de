//! The SQLite store keeps the contract.

mod contract;

use carillon_store::{SqliteOptions, SqliteStore, Store};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};

static HOME: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    // Left to the system's own cleaning: statics are not dropped.
    tempfile::tempdir().unwrap()
});

fn open(name: &str) -> Pin<Box<dyn Future<Output = Arc<dyn Store>> + Send>> {
    let path = HOME.path().join(format!("{name}.db"));
    Box::pin(async move {
        let store = SqliteStore::open(SqliteOptions::new(path)).await.unwrap();
        Arc::new(store) as Arc<dyn Store>
    })
}

contract::contract_tests!(open);
