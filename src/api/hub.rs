//! The board, rendered once for all who watch it, and its last ten minutes.

use crate::port::BoardStatus;
use crate::view::BoardView;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use utoipa::ToSchema;

/// At most four boards a second.
const SPACING: Duration = Duration::from_millis(250);
/// Spacing of the chart's samples, and how far back they reach.
const SAMPLE_MS: i64 = 2_000;
const HISTORY_MS: i64 = 600_000;

/// A campaign's figures at one instant of the chart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Sample {
    /// When.
    pub at_ms: i64,
    /// Campaign id.
    pub campaign: u32,
    /// Lines in flight, conversations left out.
    pub lines: u32,
    /// Conversations.
    pub talking: u32,
    /// Abandonment in the first window, 0–1.
    pub abandonment: f64,
}

/// A board ready to be sent.
pub(crate) struct Frame {
    pub view: BoardView,
    pub json: String,
}

/// Follows the floor.
pub(crate) struct Hub {
    frames: watch::Receiver<Arc<Frame>>,
    history: Arc<Mutex<History>>,
}

#[derive(Default)]
struct History {
    samples: VecDeque<Sample>,
    last_ms: Option<i64>,
}

impl Hub {
    /// Follows `status` until the floor or the server closes.
    pub fn start(
        status: watch::Receiver<Arc<BoardStatus>>,
        closing: watch::Receiver<bool>,
    ) -> Self {
        let first = Frame::of(&status.borrow().clone(), None);
        let history = Arc::new(Mutex::new(History::default()));
        lock(&history).add(&first.view);
        let (sender, frames) = watch::channel(Arc::new(first));
        tokio::spawn(follow(status, closing, sender, Arc::clone(&history)));
        Self { frames, history }
    }

    /// The latest board and those to come.
    pub fn frames(&self) -> watch::Receiver<Arc<Frame>> {
        self.frames.clone()
    }

    /// The last ten minutes, oldest first.
    pub fn history(&self) -> Vec<Sample> {
        lock(&self.history).samples.iter().cloned().collect()
    }
}

async fn follow(
    mut status: watch::Receiver<Arc<BoardStatus>>,
    mut closing: watch::Receiver<bool>,
    frames: watch::Sender<Arc<Frame>>,
    history: Arc<Mutex<History>>,
) {
    loop {
        tokio::select! {
            changed = status.changed() => if changed.is_err() { return },
            _ = closing.wait_for(|closed| *closed) => return,
        }
        let now = status.borrow_and_update().clone();
        let before = frames.borrow().clone();
        let frame = Frame::of(&now, Some(&before.view));
        lock(&history).add(&frame.view);
        if frame.view.differs(&before.view) {
            frames.send_replace(Arc::new(frame));
            tokio::time::sleep(SPACING).await;
        }
    }
}

fn lock(history: &Mutex<History>) -> MutexGuard<'_, History> {
    // A sample is added whole or not at all: a poisoned lock is still good.
    history.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Frame {
    fn of(status: &BoardStatus, before: Option<&BoardView>) -> Self {
        let view = BoardView::of(status).for_stream(before);
        let json = serde_json::to_string(&view).expect("plain values with text keys");
        Self { view, json }
    }
}

impl History {
    fn add(&mut self, view: &BoardView) {
        let now = view.at_ms;
        if self
            .last_ms
            .is_some_and(|last| (0..SAMPLE_MS).contains(&(now - last)))
        {
            return;
        }
        // A clock that was set back would leave samples from the future.
        self.samples
            .retain(|s| s.at_ms < now && now - s.at_ms <= HISTORY_MS);
        self.last_ms = Some(now);
        for campaign in &view.campaigns {
            self.samples.push_back(Sample {
                at_ms: now,
                campaign: campaign.id,
                lines: campaign.lines.total - campaign.lines.talking,
                talking: campaign.lines.talking,
                abandonment: campaign.windows.first().map_or(0.0, |w| w.share),
            });
        }
    }
}
