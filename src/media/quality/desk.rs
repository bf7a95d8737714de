//! Follows many conversations at once: hears their audio from the keeper, is told of bridges,
//! holds and packet counts by the switch, and tells alarms and, at the end, the report.
//!
//! [`listener`] gives both halves: a [`QualityListener`] for the keeper's thread and a
//! [`QualityDesk`] for whoever switches the calls. Neither ever waits for the other.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use super::alarm::Alarm;
use super::conversation::{Conversation, ConversationSettings, Mark};
use super::path::{IntervalScores, LegCounts, PathMeter};
use super::report::CallQuality;
use crate::recording::ConversationListener;

/// Orders and news that may wait.
const QUEUE: usize = 4_096;
/// Audio on its way when a call ends is waited for no longer than this.
const AUDIO_WAIT: Duration = Duration::from_secs(5);
/// A conversation whose audio ended and of which nothing more was told is over after this.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60);

/// Packets counted on both legs of a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BothLegs {
    /// The customer's leg.
    pub customer: LegCounts,
    /// The leg of the agent who is with the customer.
    pub agent: LegCounts,
}

#[derive(Clone, Debug)]
enum Order {
    Watch(ConversationSettings),
    Mark(Mark, Option<BothLegs>),
    Legs(BothLegs),
    End(Option<BothLegs>),
}

/// What the listener tells. `tap` is the number given to the tap.
#[derive(Clone, Debug, PartialEq)]
pub enum QualityNews {
    /// An alarm comes or goes; it prints as a sentence.
    Alarm {
        /// Whose.
        tap: u64,
        /// Which.
        alarm: Alarm,
    },
    /// How the last interval sounded to each side.
    Scores {
        /// Whose.
        tap: u64,
        /// The scores.
        scores: IntervalScores,
    },
    /// The conversation is over. Told once for each that was watched.
    Report {
        /// Whose.
        tap: u64,
        /// Everything measured.
        quality: Box<CallQuality>,
    },
}

/// The switch's half. Calls never wait: an order that finds the queue full is lost, and the
/// method answers `false`.
#[derive(Clone, Debug)]
pub struct QualityDesk {
    orders: Sender<(u64, Instant, Order)>,
    news: Receiver<QualityNews>,
}

impl QualityDesk {
    /// Follow the conversation on this tap of the customer's leg. Before or after the tap is put
    /// on.
    pub fn watch(&self, tap: u64, at: Instant, settings: ConversationSettings) -> bool {
        self.order(tap, at, Order::Watch(settings))
    }

    /// Something happened at `at`. Give the counts of both legs with [`Mark::Bridged`] and
    /// [`Mark::HoldEnds`], so that packets of before are left out, and another agent's after a
    /// transfer are not taken for the first one's.
    pub fn mark(&self, tap: u64, at: Instant, mark: Mark, legs: Option<BothLegs>) -> bool {
        self.order(tap, at, Order::Mark(mark, legs))
    }

    /// The counts now, while customer and agent are joined. Every ten seconds is good.
    pub fn legs(&self, tap: u64, at: Instant, legs: BothLegs) -> bool {
        self.order(tap, at, Order::Legs(legs))
    }

    /// The call is over: report once its audio has been heard to the end. Give the last counts if
    /// customer and agent were joined until now.
    pub fn end(&self, tap: u64, at: Instant, legs: Option<BothLegs>) -> bool {
        self.order(tap, at, Order::End(legs))
    }

    /// Alarms and reports.
    #[must_use]
    pub fn news(&self) -> &Receiver<QualityNews> {
        &self.news
    }

    fn order(&self, tap: u64, at: Instant, order: Order) -> bool {
        self.orders.try_send((tap, at, order)).is_ok()
    }
}

/// Both halves.
#[must_use]
pub fn listener() -> (QualityListener, QualityDesk) {
    let (orders, taken) = bounded(QUEUE);
    let (told, news) = bounded(QUEUE);
    let listener = QualityListener {
        orders: taken,
        news: told,
        waiting: VecDeque::new(),
        watched: HashMap::new(),
        began: HashMap::new(),
    };
    (listener, QualityDesk { orders, news })
}

#[derive(Debug)]
struct Watched {
    conversation: Conversation,
    /// Instant of the audio's first sample; none before any came.
    origin: Option<Instant>,
    /// Marks from before the audio.
    early: Vec<(Instant, Mark)>,
    path: Option<PathMeter>,
    bridged: Option<Instant>,
    ended: Option<Instant>,
    audio_over: bool,
    quiet_since: Option<Instant>,
}

/// The keeper's half.
#[derive(Debug)]
pub struct QualityListener {
    orders: Receiver<(u64, Instant, Order)>,
    news: Sender<QualityNews>,
    /// News that found the queue full.
    waiting: VecDeque<QualityNews>,
    watched: HashMap<u64, Watched>,
    /// Time lines that have begun.
    began: HashMap<u64, Instant>,
}

impl QualityListener {
    fn take_orders(&mut self) {
        while let Ok((tap, at, order)) = self.orders.try_recv() {
            match order {
                Order::Watch(settings) => {
                    self.watched
                        .entry(tap)
                        .or_insert_with(|| Watched::new(settings));
                }
                order => {
                    let waiting = &mut self.waiting;
                    let tell = |alarm| waiting.push_back(QualityNews::Alarm { tap, alarm });
                    let watched = self.watched.get_mut(&tap);
                    let scores = watched.and_then(|watched| watched.order(at, order, tell));
                    let scores = scores.map(|scores| QualityNews::Scores { tap, scores });
                    self.waiting.extend(scores);
                }
            }
        }
    }

    fn tell_waiting(&mut self) {
        while let Some(news) = self.waiting.pop_front() {
            match self.news.try_send(news) {
                Ok(()) => {}
                Err(TrySendError::Full(news)) => {
                    self.waiting.push_front(news);
                    return;
                }
                // Nobody wants to know.
                Err(TrySendError::Disconnected(_)) => self.waiting.clear(),
            }
        }
    }

    fn report_ended(&mut self, now: Instant) {
        let over: Vec<u64> = self
            .watched
            .iter_mut()
            .filter_map(|(tap, watched)| watched.is_over(now).then_some(*tap))
            .collect();
        for tap in over {
            let Some(watched) = self.watched.remove(&tap) else {
                continue;
            };
            let waiting = &mut self.waiting;
            let quality =
                watched.report(|alarm| waiting.push_back(QualityNews::Alarm { tap, alarm }));
            waiting.push_back(QualityNews::Report {
                tap,
                quality: Box::new(quality),
            });
        }
    }
}

impl ConversationListener for QualityListener {
    fn began(&mut self, tap: u64, at: Instant) {
        self.began.insert(tap, at);
    }

    fn block(&mut self, tap: u64, at_ms: u64, left: &[i16], right: &[i16]) {
        if !self.watched.contains_key(&tap) {
            self.take_orders();
        }
        let Some(watched) = self.watched.get_mut(&tap) else {
            return;
        };
        if watched.origin.is_none()
            && let Some(began) = self.began.get(&tap)
        {
            watched.begin(*began + Duration::from_millis(at_ms));
        }
        let waiting = &mut self.waiting;
        watched.conversation.push(left, right, |alarm| {
            waiting.push_back(QualityNews::Alarm { tap, alarm });
        });
    }

    fn ended(&mut self, tap: u64, _length_ms: u64) {
        self.take_orders();
        self.began.remove(&tap);
        if let Some(watched) = self.watched.get_mut(&tap) {
            watched.audio_over = true;
        }
    }

    fn tick(&mut self, now: Instant) {
        self.take_orders();
        self.report_ended(now);
        self.tell_waiting();
    }
}

impl Watched {
    fn new(settings: ConversationSettings) -> Self {
        Self {
            conversation: Conversation::new(settings),
            origin: None,
            early: Vec::new(),
            path: None,
            bridged: None,
            ended: None,
            audio_over: false,
            quiet_since: None,
        }
    }

    /// The first sample heard is of this instant.
    fn begin(&mut self, origin: Instant) {
        self.origin = Some(origin);
        for (at, mark) in std::mem::take(&mut self.early) {
            self.mark(at, mark);
        }
    }

    fn mark(&mut self, at: Instant, mark: Mark) {
        match self.origin {
            Some(origin) => {
                let at_ms = at.saturating_duration_since(origin).as_millis() as u64;
                self.conversation.mark(at_ms, mark);
            }
            None => self.early.push((at, mark)),
        }
    }

    /// Does as told; answers the scores of the interval that this ended.
    fn order(
        &mut self,
        at: Instant,
        order: Order,
        tell: impl FnMut(Alarm),
    ) -> Option<IntervalScores> {
        match order {
            Order::Watch(_) => None,
            Order::Mark(mark, legs) => {
                if mark == Mark::Bridged {
                    self.bridged.get_or_insert(at);
                }
                if let (Mark::Bridged | Mark::HoldEnds, Some(legs)) = (mark, legs) {
                    match &mut self.path {
                        Some(path) => path.resume(legs.customer, legs.agent),
                        None => self.path = Some(PathMeter::new(legs.customer, legs.agent)),
                    }
                }
                self.mark(at, mark);
                None
            }
            Order::Legs(legs) => self.count(at, &legs, tell),
            Order::End(legs) => {
                let scores = legs.and_then(|legs| self.count(at, &legs, tell));
                self.mark(at, Mark::Parted);
                self.ended.get_or_insert(at);
                scores
            }
        }
    }

    fn count(
        &mut self,
        at: Instant,
        legs: &BothLegs,
        tell: impl FnMut(Alarm),
    ) -> Option<IntervalScores> {
        let path = self.path.as_mut()?;
        let since = self
            .bridged
            .map_or(Duration::ZERO, |b| at.saturating_duration_since(b));
        let scores = path.sample(since.as_millis() as u64, legs.customer, legs.agent);
        self.conversation.scores(&scores, tell);
        Some(scores)
    }

    /// Everything that will come has come.
    fn is_over(&mut self, now: Instant) -> bool {
        if let Some(at) = self.ended {
            let waited = now.saturating_duration_since(at) >= AUDIO_WAIT;
            return self.audio_over || waited;
        }
        if !self.audio_over {
            return false;
        }
        let quiet = *self.quiet_since.get_or_insert(now);
        now.saturating_duration_since(quiet) >= FORGOTTEN_AFTER
    }

    fn report(self, tell: impl FnMut(Alarm)) -> CallQuality {
        let path = self.path.as_ref();
        let (customer_hears, agent_hears) = (
            path.and_then(PathMeter::customer_hears),
            path.and_then(PathMeter::agent_hears),
        );
        // Counts without a single sample of audio say nothing about the conversation.
        let heard = self.origin.is_some();
        let figures = self.conversation.finish(tell);
        CallQuality {
            customer_hears,
            agent_hears,
            conversation: heard.then_some(figures),
        }
    }
}

#[cfg(test)]
#[path = "desk_tests.rs"]
mod tests;
