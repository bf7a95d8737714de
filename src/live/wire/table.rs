//! Which connection leads to whom. Owned by the switch's thread; tasks tell it by news.

use super::flow::{Ending, Line, News, Refused};
use carillon_sip::Peer;
use std::collections::{BTreeMap, VecDeque};

/// A connection that is gone, or could not be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lost {
    /// Where it led.
    pub(crate) peer: Peer,
    /// In words, with what to do.
    pub(crate) why: String,
    /// Something went wrong, as opposed to a goodbye.
    pub(crate) is_trouble: bool,
    /// A request of ours was to leave over it.
    pub(crate) asked: bool,
}

#[derive(Debug)]
struct Entry {
    id: u64,
    line: Line,
    asked: bool,
}

/// The connections, by where they lead.
#[derive(Debug, Default)]
pub(super) struct Table {
    entries: BTreeMap<Peer, Entry>,
    /// What the switch has to be told.
    pub(super) lost: VecDeque<Lost>,
}

/// What a piece of news means for the switch.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// A message came.
    Message(Peer, Vec<u8>),
    /// A connection of ours is open.
    Open(Peer),
    /// Nothing it needs to know now.
    Nothing,
}

impl Table {
    /// Queues a message on the connection to `peer`.
    ///
    /// # Errors
    /// The message, when there is no connection: the caller opens one.
    pub(super) fn send(&mut self, peer: Peer, bytes: Vec<u8>) -> Result<(), Vec<u8>> {
        let Some(entry) = self.entries.get_mut(&peer) else {
            return Err(bytes);
        };
        entry.asked |= is_request(&bytes);
        match entry.line.send(bytes) {
            Ok(()) => Ok(()),
            // It has just ended: the next one is opened anew.
            Err(Refused::Gone(bytes)) => {
                self.entries.remove(&peer);
                Err(bytes)
            }
            Err(Refused::Full) => {
                entry.line.cut();
                let asked = entry.asked;
                self.entries.remove(&peer);
                self.lose(peer, &Ending::Stuck, asked);
                Ok(())
            }
        }
    }

    /// Enters a connection; it takes the place of an older one to the same peer.
    /// `asked`: a request of ours waits on it already.
    pub(super) fn insert(&mut self, peer: Peer, id: u64, line: Line, asked: bool) {
        self.entries.insert(peer, Entry { id, line, asked });
    }

    /// Takes in what a connection's task tells.
    pub(super) fn news(&mut self, news: News) -> Told {
        match news {
            News::Accepted { peer, id, line } => {
                self.insert(peer, id, line, false);
                Told::Nothing
            }
            News::Connected { peer } => Told::Open(peer),
            News::Message { peer, bytes } => Told::Message(peer, bytes),
            News::Ended { peer, id, why } => {
                // Another one may have taken its place.
                let asked = self.entries.get(&peer).filter(|e| e.id == id);
                if let Some(asked) = asked.map(|e| e.asked) {
                    self.entries.remove(&peer);
                    self.lose(peer, &why, asked);
                }
                Told::Nothing
            }
        }
    }

    pub(super) fn lose(&mut self, peer: Peer, why: &Ending, asked: bool) {
        self.lost.push_back(Lost {
            peer,
            asked,
            why: why.to_string(),
            is_trouble: why.is_broken() || matches!(why, Ending::NotOpened(_)),
        });
    }

    /// Says of every connection whether somebody needs it.
    pub(super) fn hold(&self, needed: impl Fn(&Peer) -> bool) {
        for (peer, entry) in &self.entries {
            entry.line.hold(needed(peer));
        }
    }

    /// Lets every connection write what waits, and end.
    pub(super) fn close_all(&mut self) {
        self.entries.clear();
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}

/// Whether octets are a request, as opposed to an answer.
pub(super) fn is_request(bytes: &[u8]) -> bool {
    !bytes.starts_with(b"SIP/2.0 ")
}

#[cfg(test)]
mod tests {
    use super::super::flow::line;
    use super::super::limits::WireLimits;
    use super::*;

    fn peer() -> Peer {
        Peer::tcp("192.0.2.1:5060".parse().unwrap())
    }

    fn ended(id: u64) -> News {
        News::Ended {
            peer: peer(),
            id,
            why: Ending::Closed,
        }
    }

    #[test]
    fn a_newer_connection_is_not_lost_with_the_older_one() {
        let mut table = Table::default();
        let limits = WireLimits::default();
        let (first, _first) = line(&limits);
        let (second, _second) = line(&limits);
        table.insert(peer(), 1, first, false);
        table.insert(peer(), 2, second, false);
        assert_eq!(table.news(ended(1)), Told::Nothing);
        assert!(table.lost.is_empty());
        assert_eq!(table.send(peer(), vec![1]), Ok(()));
        table.news(ended(2));
        assert_eq!(table.lost.len(), 1);
        assert!(!table.lost[0].is_trouble && table.lost[0].asked);
        assert_eq!(table.send(peer(), vec![2]), Err(vec![2]));
    }

    #[test]
    fn a_connection_that_only_answered_is_told_apart() {
        let mut table = Table::default();
        let (own, _task) = line(&WireLimits::default());
        table.insert(peer(), 1, own, false);
        assert_eq!(
            table.send(peer(), b"SIP/2.0 403 Forbidden".to_vec()),
            Ok(())
        );
        table.news(ended(1));
        assert!(!table.lost[0].asked);
    }

    #[test]
    fn a_connection_that_just_ended_gives_the_message_back() {
        let mut table = Table::default();
        let (own, task) = line(&WireLimits::default());
        table.insert(peer(), 1, own, false);
        drop(task);
        assert_eq!(table.send(peer(), vec![7]), Err(vec![7]));
        // Its end comes late and says nothing about the next one.
        table.news(ended(1));
        assert!(table.lost.is_empty());
    }

    #[test]
    fn who_does_not_read_is_given_up() {
        let mut table = Table::default();
        let limits = WireLimits {
            queue_messages: 4,
            queue_octets: 1_000,
            ..WireLimits::default()
        };
        for (size, most) in [(1, 4), (300, 3)] {
            let (own, _task) = line(&limits);
            table.insert(peer(), 1, own, false);
            for _ in 0..most {
                assert_eq!(table.send(peer(), vec![0; size]), Ok(()));
            }
            assert!(table.lost.is_empty());
            assert_eq!(table.send(peer(), vec![0; size]), Ok(()));
            let lost = table.lost.pop_front().unwrap();
            assert!(
                lost.is_trouble && lost.why.contains("does not read"),
                "{lost:?}"
            );
            assert_eq!(table.len(), 0);
        }
    }
}
