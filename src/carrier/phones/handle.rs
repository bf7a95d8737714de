//! Running phones, from outside.

use super::room::{Order, Room};
use super::{PhonesOptions, PhonesStats};
use crate::driver::{self, Ground};
use crate::ear::{Heard, Hears};
use crate::error::CarrierError;
use carillon_sip::{Network, Policy};
use std::net::SocketAddr;
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot, watch};

/// Starts phones.
#[derive(Debug)]
pub struct Phones;

impl Phones {
    /// Starts the phones of all users on one thread; they register at once and log in.
    ///
    /// # Errors
    /// [`CarrierError::Setting`], [`CarrierError::Bind`], [`CarrierError::Start`].
    pub fn start(options: PhonesOptions) -> Result<PhonesHandle, CarrierError> {
        options.check()?;
        let mut ground = Ground::bind(options.bind, options.codecs.clone(), Hears::Callees)?;
        ground.config.user_agent = "Carillon phone".into();
        ground.config.policy = Policy::default().allow_source(Network::socket(options.registrar));
        let address = ground.config.local();
        let (stats_to, stats) = watch::channel(PhonesStats::default());
        let room = Room::new(options, stats_to);
        let (orders, thread) = driver::spawn("phones", room, ground)?;
        Ok(PhonesHandle {
            address,
            orders,
            stats,
            thread: Some(thread),
        })
    }
}

/// Running phones. Dropping the handle ends them without a goodbye.
#[derive(Debug)]
pub struct PhonesHandle {
    address: SocketAddr,
    orders: mpsc::Sender<Order>,
    stats: watch::Receiver<PhonesStats>,
    thread: Option<JoinHandle<()>>,
}

impl PhonesHandle {
    /// Where the phones are.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Figures so far.
    pub fn stats(&self) -> PhonesStats {
        self.stats.borrow().clone()
    }

    /// Figures as they change.
    pub fn watch(&self) -> watch::Receiver<PhonesStats> {
        self.stats.clone()
    }

    /// What the agent at this place in the list of users hears in the next 100 ms. `None`
    /// when the line is not up, or ends meanwhile.
    pub async fn tone_levels(&self, agent: usize) -> Option<Heard> {
        let (reply, answer) = oneshot::channel();
        self.orders
            .send(Order::Listen { agent, reply })
            .await
            .ok()?;
        answer.await.ok()
    }

    /// The agent presses keys (`0`–`9`, `*`, `#`, `A`–`D`), besides those pressed anyway.
    ///
    /// # Errors
    /// [`CarrierError::Stopped`].
    pub async fn press(&self, agent: usize, keys: &str) -> Result<(), CarrierError> {
        self.order(Order::Press {
            agent,
            keys: keys.to_owned(),
        })
        .await
    }

    /// The agent's phone goes dead in the middle of whatever it does: it says no goodbye, sends
    /// no audio any more and does not come back.
    ///
    /// # Errors
    /// [`CarrierError::Stopped`].
    pub async fn unplug(&self, agent: usize) -> Result<(), CarrierError> {
        self.order(Order::Unplug { agent }).await
    }

    async fn order(&self, order: Order) -> Result<(), CarrierError> {
        self.orders
            .send(order)
            .await
            .map_err(|_| CarrierError::Stopped)
    }

    /// Hangs up every line, takes the registrations back, and ends within 2 s. Answers the
    /// figures of the moment of asking.
    pub async fn stop(mut self) -> PhonesStats {
        let (reply, answer) = oneshot::channel();
        // A thread that is gone has stopped.
        let _ = self.orders.send(Order::Stop { reply }).await;
        let last = answer.await.unwrap_or_else(|_| self.stats());
        if let Some(thread) = self.thread.take() {
            let joined = tokio::task::spawn_blocking(move || thread.join()).await;
            if !matches!(joined, Ok(Ok(()))) {
                tracing::error!("the phones' thread ended in a panic");
            }
        }
        last
    }
}
