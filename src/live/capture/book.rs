//! Whole messages by call, bounded in octets and calls; the call that was silent longest is
//! forgotten first, with all its messages: half a ladder explains nothing.
//!
//! Dialogs the house knows (calls, agents' lines, tests) and all others (registrations, OPTIONS,
//! strangers) have shares of their own, so that a scanner cannot push real calls out.

use super::message::Captured;
use super::settings::Room;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Messages kept of one call; further ones are counted. A call makes fewer than 30.
pub(super) const MESSAGES_MAX: usize = 500;
/// What the book keeps besides the octets of a message, octets.
const OVERHEAD: usize = 200;
/// What the book keeps of a dialog besides its messages, octets.
const DIALOG_OVERHEAD: usize = 400;

/// What a dialog is filed under besides its Call-ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LadderKey {
    /// A call of the engine's.
    Call(carillon_decision::id::CallId),
    /// The latest line of an agent's phone.
    Agent(carillon_decision::id::AgentId),
    /// A trunk test, by its number.
    Test(u64),
    /// A leg that came in and is not decided about yet, by its number.
    Leg(u64),
}

/// A dialog as found: shared messages, cheap to hand out.
#[derive(Clone, Debug)]
pub(crate) struct Dialog {
    pub(crate) call_id: Arc<str>,
    /// What it is to the house; empty for strangers, registrations and OPTIONS.
    pub(crate) keys: Vec<LadderKey>,
    pub(crate) messages: Vec<Arc<Captured>>,
    /// Messages that were not kept.
    pub(crate) dropped: u32,
    /// Grows with each message of any dialog; the larger, the later its latest one.
    pub(super) turn: u64,
}

/// Dialogs of one share.
struct Share {
    /// By their latest turn.
    order: BTreeMap<u64, Arc<str>>,
    octets: usize,
    room: Room,
}

impl Share {
    fn new(room: Room) -> Self {
        Self {
            order: BTreeMap::new(),
            octets: 0,
            room,
        }
    }

    fn is_full(&self) -> bool {
        self.octets > self.room.octets || self.order.len() > self.room.dialogs
    }

    fn take(&mut self, entry: &Entry) {
        self.octets -= entry.octets;
        self.order.remove(&entry.dialog.turn);
    }

    fn put(&mut self, entry: &Entry) {
        self.octets += entry.octets;
        let id = Arc::clone(&entry.dialog.call_id);
        self.order.insert(entry.dialog.turn, id);
    }
}

struct Entry {
    dialog: Dialog,
    octets: usize,
}

impl Entry {
    fn new(call_id: &str) -> Self {
        Self {
            octets: DIALOG_OVERHEAD + call_id.len(),
            dialog: Dialog {
                call_id: Arc::from(call_id),
                keys: Vec::new(),
                messages: Vec::new(),
                dropped: 0,
                turn: 0,
            },
        }
    }

    fn is_known(&self) -> bool {
        !self.dialog.keys.is_empty()
    }
}

pub(super) struct Book {
    /// Looked up only: its order means nothing.
    dialogs: HashMap<Arc<str>, Entry>,
    names: BTreeMap<LadderKey, Arc<str>>,
    known: Share,
    others: Share,
    turn: u64,
}

impl Book {
    pub(super) fn new(known: Room, others: Room) -> Self {
        Self {
            dialogs: HashMap::new(),
            names: BTreeMap::new(),
            known: Share::new(known),
            others: Share::new(others),
            turn: 0,
        }
    }

    fn share(&mut self, known: bool) -> &mut Share {
        match known {
            true => &mut self.known,
            false => &mut self.others,
        }
    }

    /// Takes a dialog, new if need be, changes it, and puts it back as the latest one.
    fn change(&mut self, call_id: &str, change: impl FnOnce(&mut Entry)) -> u64 {
        self.turn += 1;
        let turn = self.turn;
        let mut entry = match self.dialogs.remove(call_id) {
            Some(entry) => {
                self.share(entry.is_known()).take(&entry);
                entry
            }
            None => Entry::new(call_id),
        };
        change(&mut entry);
        entry.dialog.turn = turn;
        let known = entry.is_known();
        self.share(known).put(&entry);
        self.dialogs
            .insert(Arc::clone(&entry.dialog.call_id), entry);
        self.forget(known)
    }

    /// Files a message. Answers how many dialogs were forgotten for it.
    pub(super) fn add(&mut self, call_id: &str, message: Arc<Captured>) -> u64 {
        self.change(call_id, |entry| {
            if entry.dialog.messages.len() < MESSAGES_MAX {
                entry.octets += message.bytes.len() + OVERHEAD;
                entry.dialog.messages.push(message);
            } else {
                entry.dialog.dropped = entry.dialog.dropped.saturating_add(1);
            }
        })
    }

    /// Makes a dialog, there already or to come, one of the house's. Answers as
    /// [`Book::add`].
    pub(super) fn name(&mut self, key: LadderKey, call_id: &str) -> u64 {
        let forgotten = self.change(call_id, |entry| {
            if !entry.dialog.keys.contains(&key) {
                entry.dialog.keys.push(key);
            }
        });
        if let Some(entry) = self.dialogs.get(call_id) {
            // A name that goes to another dialog (an agent's new line) leaves the old one its
            // mark, and so its share.
            self.names.insert(key, Arc::clone(&entry.dialog.call_id));
        }
        forgotten
    }

    /// Lets what `from` names be found by `to` too; a leg's name has then done its work.
    pub(super) fn alias(&mut self, from: LadderKey, to: LadderKey) -> u64 {
        let Some(id) = self.names.get(&from).cloned() else {
            return 0;
        };
        let forgotten = self.name(to, &id);
        if matches!(from, LadderKey::Leg(_)) {
            self.names.remove(&from);
            if let Some(entry) = self.dialogs.get_mut(&id) {
                entry.dialog.keys.retain(|key| *key != from);
            }
        }
        forgotten
    }

    fn forget(&mut self, known: bool) -> u64 {
        let mut forgotten = 0;
        while self.share(known).is_full() {
            let oldest = self.share(known).order.first_key_value();
            let Some(id) = oldest.map(|(_, id)| Arc::clone(id)) else {
                break;
            };
            let Some(entry) = self.dialogs.remove(&id) else {
                break;
            };
            self.share(known).take(&entry);
            for key in entry.dialog.keys {
                if self.names.get(&key) == Some(&id) {
                    self.names.remove(&key);
                }
            }
            forgotten += 1;
        }
        forgotten
    }

    pub(super) fn named(&self, key: LadderKey) -> Option<Dialog> {
        self.by_call_id(self.names.get(&key)?)
    }

    pub(super) fn by_call_id(&self, call_id: &str) -> Option<Dialog> {
        let entry = self.dialogs.get(call_id)?;
        (!entry.dialog.messages.is_empty()).then(|| entry.dialog.clone())
    }

    /// Up to `count` dialogs of a share whose latest message is older than `before`, latest
    /// first.
    pub(super) fn page(&self, known: bool, before: u64, count: usize) -> Vec<Dialog> {
        let share = if known { &self.known } else { &self.others };
        let latest = share.order.range(..before).rev();
        let found = latest.filter_map(|(_, id)| self.by_call_id(id));
        found.take(count).collect()
    }

    /// Octets and dialogs held.
    pub(super) fn held(&self) -> (usize, usize) {
        (self.known.octets + self.others.octets, self.dialogs.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_decision::id::CallId;
    use carillon_sip::Peer;
    use std::net::SocketAddr;

    fn message(octets: usize) -> Arc<Captured> {
        let address = SocketAddr::from(([192, 0, 2, 1], 5060));
        Arc::new(Captured {
            at_us: 0,
            sent: true,
            local: address,
            peer: Peer::udp(address),
            bytes: vec![b'x'; octets].into(),
        })
    }

    fn book(octets: usize, dialogs: usize) -> Book {
        let room = Room { octets, dialogs };
        Book::new(room, room)
    }

    #[test]
    fn the_call_silent_longest_goes_first_and_whole() {
        let mut book = book(usize::MAX, 3);
        for id in ["a", "b", "c"] {
            book.add(id, message(10));
            book.add(id, message(10));
        }
        assert_eq!(book.add("a", message(10)), 0);
        assert_eq!(book.add("d", message(10)), 1);
        assert!(book.by_call_id("b").is_none());
        assert_eq!(book.by_call_id("a").unwrap().messages.len(), 3);
        let page = |before| -> Vec<String> {
            let page = book.page(false, before, 2);
            page.iter().map(|d| d.call_id.to_string()).collect()
        };
        assert_eq!(page(u64::MAX), ["d", "a"]);
        let turn = book.by_call_id("a").unwrap().turn;
        assert_eq!(page(turn), ["c"]);
    }

    #[test]
    fn octets_are_bounded_and_counted_exactly() {
        let mut book = book(50_000, usize::MAX);
        for n in 0..1_000_u64 {
            let id = n.to_string();
            if n % 2 == 0 {
                book.name(LadderKey::Call(CallId(n)), &id);
            }
            book.add(&id, message(700));
            book.add(&id, message(300));
            assert!(book.held().0 <= 100_000);
        }
        let held = |known| book.page(known, u64::MAX, usize::MAX);
        let all = held(true).into_iter().chain(held(false));
        let octets = all.map(|d| {
            let of_messages = d.messages.iter().map(|m| m.bytes.len() + OVERHEAD);
            DIALOG_OVERHEAD + d.call_id.len() + of_messages.sum::<usize>()
        });
        assert_eq!(octets.sum::<usize>(), book.held().0);
        assert_eq!(
            book.names.len(),
            held(true).len(),
            "names go with their calls"
        );
    }

    #[test]
    fn strangers_cannot_push_calls_out() {
        let mut book = book(20_000, usize::MAX);
        book.name(LadderKey::Call(CallId(7)), "ours");
        book.add("ours", message(800));
        for n in 0..10_000 {
            book.add(&format!("scan-{n}"), message(800));
        }
        assert_eq!(
            book.named(LadderKey::Call(CallId(7)))
                .unwrap()
                .messages
                .len(),
            1
        );
        assert!(book.held().0 < 40_000);
    }

    #[test]
    fn one_call_cannot_grow_without_end() {
        let mut book = book(usize::MAX, usize::MAX);
        for _ in 0..MESSAGES_MAX + 4 {
            book.add("a", message(10));
        }
        let dialog = book.by_call_id("a").unwrap();
        assert_eq!((dialog.messages.len(), dialog.dropped), (MESSAGES_MAX, 4));
    }

    #[test]
    fn a_leg_that_came_in_becomes_a_call_and_an_agents_name_moves_on() {
        let mut book = book(usize::MAX, usize::MAX);
        let agent = LadderKey::Agent(carillon_decision::id::AgentId(3));
        book.add("in", message(10));
        book.name(LadderKey::Leg(9), "in");
        book.alias(LadderKey::Leg(9), LadderKey::Call(CallId(1)));
        assert!(book.named(LadderKey::Leg(9)).is_none());
        assert_eq!(
            book.named(LadderKey::Call(CallId(1))).unwrap().keys,
            [LadderKey::Call(CallId(1))]
        );
        for line in ["first", "second"] {
            book.name(agent, line);
            book.add(line, message(10));
        }
        assert_eq!(&*book.named(agent).unwrap().call_id, "second");
        assert_eq!(book.by_call_id("first").unwrap().keys, [agent]);
    }
}
