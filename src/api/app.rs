//! What every handler shares.

use crate::config::ApiConfig;
use crate::guard::{Limiter, Passes, Secret, Sessions};
use crate::hub::Hub;
use crate::port::Floor;
use carillon_decision::time::Now;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Semaphore, watch};

pub(crate) struct App {
    pub floor: Arc<dyn Floor>,
    pub config: ApiConfig,
    pub token: Secret,
    pub hub: Hub,
    /// A permit for each open event stream, and for each recording that is being sent.
    pub streams: Arc<Semaphore>,
    /// True once the server shuts down: streams then end.
    pub closing: watch::Receiver<bool>,
    limiter: Mutex<Limiter>,
    sessions: Mutex<Sessions>,
    passes: Mutex<Passes>,
}

impl App {
    pub fn new(floor: Arc<dyn Floor>, config: ApiConfig, closing: watch::Receiver<bool>) -> Self {
        let hub = Hub::start(floor.status(), closing.clone());
        Self {
            token: Secret::new(&config.token),
            streams: Arc::new(Semaphore::new(config.streams_max)),
            hub,
            floor,
            config,
            closing,
            limiter: Mutex::default(),
            sessions: Mutex::default(),
            passes: Mutex::default(),
        }
    }

    pub fn now(&self) -> Now {
        (self.config.clock)()
    }

    // All are consistent after every statement, so a poisoned lock is still good.
    pub fn limiter(&self) -> MutexGuard<'_, Limiter> {
        self.limiter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn passes(&self) -> MutexGuard<'_, Passes> {
        self.passes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
