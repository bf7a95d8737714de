//! The service: answers from the book, asks DNS, and keeps watched names fresh. All of it on
//! tokio tasks; nobody who places calls waits for a name.

use super::book::{Book, Entry};
use super::dns::Dns;
use super::error::LocateError;
use super::query::{Query, Reach};
use super::steps::{Outcome, Search, TtlLimits};
use super::target::{Located, Target};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, mpsc};

/// Shortest time between two runs for one name, however often somebody asks to look again.
const RUNS_APART: Duration = Duration::from_secs(2);

/// Settings of a [`Locator`].
#[derive(Clone, Debug)]
pub struct LocatorConfig {
    /// Name servers; none: those of the system.
    pub servers: Vec<SocketAddr>,
    /// What our listeners speak.
    pub reach: Reach,
    /// How long answers stand.
    pub limits: TtlLimits,
}

/// What is new about a watched query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The query.
    pub query: Query,
    /// Its targets, or why there are none.
    pub result: Result<Vec<Target>, LocateError>,
}

/// Finds where to send. Cheap to clone; all clones share what they know.
#[derive(Clone, Debug)]
pub struct Locator(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    config: LocatorConfig,
    book: Mutex<Book>,
}

impl Locator {
    /// A locator that knows nothing yet.
    pub fn new(config: LocatorConfig) -> Self {
        Self(Arc::new(Shared {
            config,
            book: Mutex::default(),
        }))
    }

    /// What our listeners speak.
    pub fn reach(&self) -> &Reach {
        &self.0.config.reach
    }

    /// The targets of a query: from the book while they stand, else from DNS; those known
    /// before while DNS is silent.
    ///
    /// # Errors
    /// [`LocateError`].
    pub async fn locate(&self, query: &Query) -> Result<Located, LocateError> {
        let known = self.book().standing(Instant::now(), query).cloned();
        match known {
            Some(entry) => entry.result,
            None => self.ask(query).await.result,
        }
    }

    /// Asks DNS now, whatever is known.
    async fn ask(&self, query: &Query) -> Entry {
        let limits = self.0.config.limits;
        let outcome = match Dns::new(&self.0.config.servers) {
            Ok(dns) => {
                let search = Search::new(&dns, query, self.reach());
                search.run(Instant::now(), limits).await
            }
            Err(silence) => Outcome {
                result: Err(LocateError::Silent {
                    query: query.to_string(),
                    why: silence.0,
                }),
                expires_at: Instant::now() + limits.min,
            },
        };
        self.book().learn(Instant::now(), query, outcome).clone()
    }

    /// Keeps one name fresh until `to` is closed: tells what was found first, and each change
    /// after it. `again` asks for a look before the records' time is over.
    pub async fn watch<M>(
        self,
        query: Query,
        to: mpsc::Sender<M>,
        wrap: fn(Sighting) -> M,
        again: Arc<Notify>,
    ) {
        let mut told = None;
        let mut is_stale = false;
        // What was located before the watch began needs no question.
        let mut known = self.book().standing(Instant::now(), &query).cloned();
        loop {
            let asked = tokio::time::Instant::now();
            let entry = match known.take() {
                Some(entry) => entry,
                None => self.ask(&query).await,
            };
            if entry.stale.is_some() != is_stale {
                is_stale = entry.stale.is_some();
                log_stale(&query, entry.stale.as_deref());
            }
            let result = entry.result.map(|located| located.targets);
            if told.as_ref() != Some(&result) {
                log_found(&query, &result);
                told = Some(result.clone());
                let sighting = Sighting {
                    query: query.clone(),
                    result,
                };
                if to.send(wrap(sighting)).await.is_err() {
                    return;
                }
            }
            let due = tokio::time::Instant::from_std(entry.refresh_at);
            tokio::select! {
                () = tokio::time::sleep_until(due) => {}
                () = again.notified() => tokio::time::sleep_until(asked + RUNS_APART).await,
                () = to.closed() => return,
            }
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        // A panic while an entry was replaced leaves at worst a name to be asked for again.
        self.0.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn log_stale(query: &Query, why: Option<&str>) {
    match why {
        Some(why) => {
            tracing::warn!(%query, why, "DNS is silent: the targets known before stay in use")
        }
        None => tracing::info!(%query, "DNS answers again"),
    }
}

fn log_found(query: &Query, result: &Result<Vec<Target>, LocateError>) {
    match result {
        Ok(targets) => {
            let found: Vec<String> = targets.iter().map(|t| t.peer.to_string()).collect();
            tracing::info!(%query, targets = found.join(" "), "located");
        }
        Err(error) => tracing::warn!(%error, "not located"),
    }
}
