//! A running carrier, from outside.

use super::hall::{Hall, Order};
use super::{CarrierOptions, CarrierStats};
use crate::driver::{self, Ground};
use crate::ear::{Heard, Hears};
use crate::error::CarrierError;
use carillon_sip::Policy;
use std::net::SocketAddr;
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot, watch};

/// Starts carriers.
#[derive(Debug)]
pub struct Carrier;

impl Carrier {
    /// Starts a carrier on a thread of its own.
    ///
    /// # Errors
    /// [`CarrierError::Setting`], [`CarrierError::Bind`], [`CarrierError::Start`].
    pub fn start(options: CarrierOptions) -> Result<CarrierHandle, CarrierError> {
        options.check()?;
        let mut ground = Ground::bind(options.bind, options.codecs.clone(), Hears::Agents)?;
        ground.config.user_agent = "Carillon carrier".into();
        ground.config.policy = options
            .callers
            .iter()
            .fold(Policy::default(), |p, n| p.allow_source(*n));
        let address = ground.config.local();
        let (stats_to, stats) = watch::channel(CarrierStats::default());
        let hall = Hall::new(options, stats_to);
        let (orders, thread) = driver::spawn("carrier", hall, ground)?;
        Ok(CarrierHandle {
            address,
            orders,
            stats,
            thread: Some(thread),
        })
    }
}

/// A running carrier. Dropping the handle ends it without a goodbye to its callers.
#[derive(Debug)]
pub struct CarrierHandle {
    address: SocketAddr,
    orders: mpsc::Sender<Order>,
    stats: watch::Receiver<CarrierStats>,
    thread: Option<JoinHandle<()>>,
}

impl CarrierHandle {
    /// Where it takes calls.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Figures so far.
    pub fn stats(&self) -> CarrierStats {
        self.stats.borrow().clone()
    }

    /// Figures as they change.
    pub fn watch(&self) -> watch::Receiver<CarrierStats> {
        self.stats.clone()
    }

    /// What the callee of call `number` (from 0) hears in the next 100 ms. `None` when the
    /// call is not up, or ends meanwhile.
    pub async fn tone_levels(&self, number: u64) -> Option<Heard> {
        let (reply, answer) = oneshot::channel();
        self.orders
            .send(Order::Listen { number, reply })
            .await
            .ok()?;
        answer.await.ok()
    }

    /// Every callee hangs up or, where nobody answered yet, declines with 480.
    ///
    /// # Errors
    /// [`CarrierError::Stopped`].
    pub async fn hang_up_all(&self) -> Result<(), CarrierError> {
        self.orders
            .send(Order::HangUpAll)
            .await
            .map_err(|_| CarrierError::Stopped)
    }

    /// Hangs up everything, waits up to 2 s for the dialer to confirm, and ends. Answers the
    /// figures of the moment of asking, so that calls then up show as such.
    pub async fn stop(mut self) -> CarrierStats {
        let (reply, answer) = oneshot::channel();
        // A thread that is gone has stopped.
        let _ = self.orders.send(Order::Stop { reply }).await;
        let last = answer.await.unwrap_or_else(|_| self.stats());
        if let Some(thread) = self.thread.take() {
            let joined = tokio::task::spawn_blocking(move || thread.join()).await;
            if !matches!(joined, Ok(Ok(()))) {
                tracing::error!("the carrier's thread ended in a panic");
            }
        }
        last
    }
}
