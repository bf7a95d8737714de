//! An authoritative name server on loopback, over UDP, whose zone a test writes and changes.
#![allow(dead_code, reason = "each test binary uses its part")]

use hickory_resolver::proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, NAPTR, SOA, SRV};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How the server behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// It answers from its zone.
    Answers,
    /// It takes questions and says nothing.
    Silent,
    /// It says SERVFAIL.
    Fails,
    /// It is silent about this type of record and answers the rest.
    SilentAbout(RecordType),
}

/// Records, how the server behaves, and what it was asked.
#[derive(Debug)]
struct Zone {
    records: Vec<(Name, u32, RData)>,
    mood: Mood,
    /// TTL of negative answers, by the zone's SOA; without one none is stated.
    negative_ttl: Option<u32>,
    asked: Vec<String>,
}

/// See the module. It ends when it is dropped.
pub struct NameServer {
    /// Where it listens.
    pub address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
    stop: Arc<AtomicBool>,
}

impl NameServer {
    /// Starts a server with an empty zone.
    pub fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port on loopback");
        let address = socket.local_addr().expect("bound");
        // Bounds how long the thread outlives the test.
        let often = Some(Duration::from_millis(100));
        socket.set_read_timeout(often).expect("set");
        let zone = Arc::new(Mutex::new(Zone {
            records: Vec::new(),
            mood: Mood::Answers,
            negative_ttl: Some(60),
            asked: Vec::new(),
        }));
        let stop = Arc::new(AtomicBool::new(false));
        let (served, ended) = (Arc::clone(&zone), Arc::clone(&stop));
        std::thread::spawn(move || {
            let mut buffer = [0; 4_096];
            while !ended.load(Ordering::Relaxed) {
                let Ok((length, from)) = socket.recv_from(&mut buffer) else {
                    continue;
                };
                let answer = served.lock().expect("whole").answer(&buffer[..length]);
                if let Some(answer) = answer {
                    socket.send_to(&answer, from).expect("sent");
                }
            }
        });
        Self {
            address,
            zone,
            stop,
        }
    }

    /// Replaces the whole zone.
    pub fn zone(&self, records: &[(&str, u32, RData)]) {
        let owned = records
            .iter()
            .map(|(name, ttl, data)| (full(name), *ttl, data.clone()));
        self.lock().records = owned.collect();
    }

    /// Changes how it behaves.
    pub fn mood(&self, mood: Mood) {
        self.lock().mood = mood;
    }

    /// TTL of negative answers from now on.
    pub fn negative_ttl(&self, ttl: Option<u32>) {
        self.lock().negative_ttl = ttl;
    }

    /// Questions since this was asked last, as `TYPE name`, in order, repetitions left out.
    pub fn asked(&self) -> Vec<String> {
        let mut asked = std::mem::take(&mut self.lock().asked);
        asked.dedup();
        asked
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Zone> {
        self.zone.lock().expect("the server's thread is well")
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Zone {
    fn answer(&mut self, question: &[u8]) -> Option<Vec<u8>> {
        let question = Message::from_vec(question).ok()?;
        let query = question.queries.first()?.clone();
        let kind = query.query_type();
        self.asked.push(format!(
            "{kind} {}",
            query.name().to_ascii().trim_end_matches('.')
        ));
        let mut answer = Message::new(question.metadata.id, MessageType::Response, OpCode::Query);
        answer.metadata.authoritative = true;
        answer.metadata.recursion_available = true;
        answer.add_query(query.clone());
        match self.mood {
            Mood::Silent => return None,
            Mood::SilentAbout(this) if this == kind => return None,
            Mood::Fails => answer.metadata.response_code = ResponseCode::ServFail,
            Mood::Answers | Mood::SilentAbout(_) => self.fill(&mut answer, query.name(), kind),
        }
        answer.to_vec().ok()
    }

    fn fill(&self, answer: &mut Message, name: &Name, kind: RecordType) {
        let of_name = || self.records.iter().filter(|(owner, _, _)| owner == name);
        for (owner, ttl, data) in of_name().filter(|(_, _, d)| d.record_type() == kind) {
            answer.add_answer(Record::from_rdata(owner.clone(), *ttl, data.clone()));
        }
        if !answer.answers.is_empty() {
            return;
        }
        if of_name().next().is_none() {
            answer.metadata.response_code = ResponseCode::NXDomain;
        }
        if let Some(ttl) = self.negative_ttl {
            let soa = SOA::new(full("ns"), full("admin"), 1, 60, 60, 60, ttl);
            answer.add_authority(Record::from_rdata(full("example"), ttl, RData::SOA(soa)));
        }
    }
}

fn full(name: &str) -> Name {
    let mut name = Name::from_ascii(name).expect("a name");
    name.set_fqdn(true);
    name
}

/// A NAPTR record with the flag `s`.
pub fn naptr(order: u16, preference: u16, service: &str, replacement: &str) -> RData {
    let octets = |text: &str| text.as_bytes().to_vec().into_boxed_slice();
    RData::NAPTR(NAPTR::new(
        order,
        preference,
        octets("s"),
        octets(service),
        octets(""),
        full(replacement),
    ))
}

/// An SRV record.
pub fn srv(priority: u16, weight: u16, port: u16, target: &str) -> RData {
    RData::SRV(SRV::new(priority, weight, port, full(target)))
}

/// An A or AAAA record.
pub fn address(text: &str) -> RData {
    match text.parse().expect("an address") {
        IpAddr::V4(ip) => RData::A(A(ip)),
        IpAddr::V6(ip) => RData::AAAA(AAAA(ip)),
    }
}
