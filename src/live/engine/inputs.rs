//! The way in to the engine: a bounded queue whose fullness is the sender's business.

use crate::error::NodeError;
use carillon_decision::Input;
use crossbeam_channel::{Receiver, Sender, TrySendError};
use std::collections::VecDeque;
use std::time::Duration;

/// Inputs that may wait for the engine.
const INPUTS_MAX: usize = 65_536;
/// How long a supervisor's order waits for room.
const PATIENCE: Duration = Duration::from_secs(5);
const RETRY_EVERY: Duration = Duration::from_millis(10);

/// What the engine thread is handed.
#[derive(Debug)]
pub(crate) enum Message {
    /// An input.
    Input(Input),
    /// End the thread; everything before it is handled first.
    Stop,
}

/// Sends inputs to the engine. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Inputs {
    queue: Sender<Message>,
}

/// The engine's end of the queue.
pub(crate) fn queue() -> (Inputs, Receiver<Message>) {
    let (queue, receiver) = crossbeam_channel::bounded(INPUTS_MAX);
    (Inputs { queue }, receiver)
}

impl Inputs {
    /// Hands an input over, waiting up to 5 s for room.
    ///
    /// # Errors
    /// [`NodeError::Busy`] when there is no room, [`NodeError::Stopped`] after the engine's end.
    pub async fn send(&self, input: Input) -> Result<(), NodeError> {
        let mut input = input;
        let rounds = PATIENCE.as_millis() / RETRY_EVERY.as_millis();
        for _ in 0..rounds {
            match self.offer(input) {
                Ok(()) => return Ok(()),
                Err(Refused::Full(back)) => input = *back,
                Err(Refused::Stopped) => return Err(NodeError::Stopped),
            }
            tokio::time::sleep(RETRY_EVERY).await;
        }
        Err(NodeError::Busy("the engine's queue is full"))
    }

    /// Inputs that wait now.
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    pub(crate) fn offer(&self, input: Input) -> Result<(), Refused> {
        match self.queue.try_send(Message::Input(input)) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(Message::Input(input))) => Err(Refused::Full(Box::new(input))),
            Err(_) => Err(Refused::Stopped),
        }
    }

    /// Ends the engine thread, behind everything already queued.
    pub(crate) fn stop(&self) {
        // A full queue of a dead engine has no reader; a live one makes room.
        let _ = self.queue.send_timeout(Message::Stop, PATIENCE);
    }
}

/// Why an input was not taken.
#[derive(Debug)]
pub(crate) enum Refused {
    /// No room now.
    Full(Box<Input>),
    /// The engine has ended.
    Stopped,
}

/// News of calls in progress, in order, kept while the engine has no room: none may be lost,
/// or a call would hang. Bounded by the calls in progress: a stalled engine orders no new ones.
#[derive(Debug)]
pub(crate) struct News {
    inputs: Inputs,
    kept: VecDeque<Input>,
}

impl News {
    pub(crate) fn new(inputs: Inputs) -> Self {
        Self {
            inputs,
            kept: VecDeque::new(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    pub(crate) fn tell(&mut self, input: Input) {
        self.kept.push_back(input);
        self.flush();
    }

    /// Hands over what there is room for; whether everything went.
    pub(crate) fn flush(&mut self) -> bool {
        while let Some(input) = self.kept.pop_front() {
            match self.inputs.offer(input) {
                Ok(()) => {}
                Err(Refused::Full(back)) => {
                    self.kept.push_front(*back);
                    return false;
                }
                Err(Refused::Stopped) => self.kept.clear(),
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_decision::Progress;
    use carillon_decision::id::CallId;

    fn sent(call: u64) -> Input {
        Input::Progress {
            call: CallId(call),
            progress: Progress::Sent,
        }
    }

    #[test]
    fn news_waits_for_room_and_keeps_its_order() {
        let (queue, reader) = crossbeam_channel::bounded(2);
        let mut news = News::new(Inputs { queue });
        for call in 0..4 {
            news.tell(sent(call));
        }
        assert!(!news.flush());
        let mut seen = Vec::new();
        while let Ok(Message::Input(input)) = reader.try_recv() {
            seen.push(input);
            news.flush();
        }
        assert_eq!(seen, (0..4).map(sent).collect::<Vec<_>>());
        assert!(news.flush());
    }

    #[test]
    fn a_stopped_engine_is_told_apart_from_a_busy_one() {
        let (inputs, reader) = queue();
        drop(reader);
        assert!(matches!(inputs.offer(sent(1)), Err(Refused::Stopped)));
    }
}
