//! Certificates are renewed every few weeks: files that change are read again, without a
//! restart and without touching connections that are open.

use super::error::TlsError;
use super::material::Ends;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

type Load<T> = dyn Fn() -> Result<(T, Option<Ends>), TlsError> + Send + Sync;

/// Something built from files, and built again when they change.
pub(crate) struct Renewable<T> {
    whose: String,
    files: Vec<PathBuf>,
    load: Box<Load<T>>,
    now: RwLock<(Arc<T>, Option<Ends>)>,
    /// When each file had been changed, at the last look.
    changed: Mutex<Vec<Option<SystemTime>>>,
}

/// A [`Renewable`] of any kind.
pub(in crate::wire) trait Renew: Send + Sync {
    /// Builds it anew, where a file has changed or `anyway`. A fault leaves the old one.
    fn renew(&self, anyway: bool);
    /// When its certificate ends.
    fn ends(&self) -> Option<Ends>;
    /// Whose it is, in words.
    fn whose(&self) -> &str;
}

impl<T> Renewable<T> {
    pub(super) fn new(
        whose: String,
        files: Vec<PathBuf>,
        load: impl Fn() -> Result<(T, Option<Ends>), TlsError> + Send + Sync + 'static,
    ) -> Result<Self, TlsError> {
        // Looked at before reading: a change in between is then read again, not missed.
        let changed = times(&files);
        let (value, ends) = load()?;
        Ok(Self {
            whose,
            files,
            load: Box::new(load),
            now: RwLock::new((Arc::new(value), ends)),
            changed: Mutex::new(changed),
        })
    }

    /// As of now.
    pub(in crate::wire) fn get(&self) -> Arc<T> {
        let now = self.now.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&now.0)
    }
}

impl<T: Send + Sync> Renew for Renewable<T> {
    fn renew(&self, anyway: bool) {
        let times = times(&self.files);
        let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        if *changed == times && !anyway {
            return;
        }
        *changed = times;
        match (self.load)() {
            Ok((value, ends)) => {
                let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
                *now = (Arc::new(value), ends);
                tracing::info!(whose = self.whose, "certificates read again");
            }
            Err(error) => {
                tracing::error!(
                    whose = self.whose, %error,
                    "new certificates cannot be used: the old ones stay in use"
                );
            }
        }
    }

    fn ends(&self) -> Option<Ends> {
        let now = self.now.read().unwrap_or_else(PoisonError::into_inner);
        now.1.clone()
    }

    fn whose(&self) -> &str {
        &self.whose
    }
}

fn times(files: &[PathBuf]) -> Vec<Option<SystemTime>> {
    let time = |file: &PathBuf| std::fs::metadata(file).and_then(|m| m.modified()).ok();
    files.iter().map(time).collect()
}

impl<T> fmt::Debug for Renewable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Renewable")
            .field("whose", &self.whose)
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}
