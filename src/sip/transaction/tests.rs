//! Every timer of RFC 3261 (table 4) and RFC 6026 fires at its instant and not a nanosecond before,
//! with the values of the RFC and with others, over UDP and over reliable transports.

use std::time::{Duration, Instant};

use super::*;
use crate::config::Timers;

/// T1, T2, T4 in milliseconds: the RFC's, those of a fast network, those of a slow one.
const BASES: [(u64, u64, u64); 3] = [
    (500, 4_000, 5_000),
    (100, 1_000, 700),
    (1_000, 2_000, 3_000),
];

/// What a row expects, in milliseconds since the start: instants of retransmission, then how it
/// ends (`timeout`: the peer is silent; `end`: forgotten) and when. `-`: no timer runs.
struct Row {
    timers: &'static str,
    section: &'static str,
    make: fn(Instant, Timers, bool) -> Box<dyn Machine>,
    udp: [&'static str; 3],
    reliable: [&'static str; 3],
}

const ROWS: [Row; 12] = [
    Row {
        timers: "A, B",
        section: "RFC 3261 §17.1.1.2",
        make: |t, timers, reliable| Box::new(ClientInvite::new(t, timers, reliable)),
        udp: [
            "500 1500 3500 7500 15500 31500 timeout 32000",
            "100 300 700 1500 3100 6300 timeout 6400",
            "1000 3000 7000 15000 31000 63000 timeout 64000",
        ],
        reliable: ["timeout 32000", "timeout 6400", "timeout 64000"],
    },
    Row {
        timers: "none in Proceeding",
        section: "RFC 3261 §17.1.1.2",
        make: |t, timers, reliable| {
            let mut m = ClientInvite::new(t, timers, reliable);
            assert!(m.on_response(t, 180).deliver && m.is_open());
            Box::new(m)
        },
        udp: ["-", "-", "-"],
        reliable: ["-", "-", "-"],
    },
    Row {
        timers: "D",
        section: "RFC 3261 §17.1.1.2: at least 32 s",
        make: |t, timers, reliable| {
            let mut m = ClientInvite::new(t, timers, reliable);
            let step = m.on_response(t, 486);
            assert!(step.deliver && step.ack && step.terminated == reliable);
            Box::new(m)
        },
        udp: ["end 32000", "end 32000", "end 64000"],
        reliable: ["-", "-", "-"],
    },
    Row {
        timers: "M",
        section: "RFC 6026 §8.4",
        make: |t, timers, reliable| {
            let mut m = ClientInvite::new(t, timers, reliable);
            assert!(m.on_response(t, 200).deliver);
            Box::new(m)
        },
        udp: ["end 32000", "end 6400", "end 64000"],
        reliable: ["end 32000", "end 6400", "end 64000"],
    },
    Row {
        timers: "E, F in Trying",
        section: "RFC 3261 §17.1.2.2",
        make: |t, timers, reliable| Box::new(ClientOther::new(t, timers, reliable)),
        udp: [
            "500 1500 3500 7500 11500 15500 19500 23500 27500 31500 timeout 32000",
            "100 300 700 1500 2500 3500 4500 5500 timeout 6400",
            "1000 3000 5000 7000 9000 11000 13000 15000 17000 19000 21000 23000 25000 27000 29000 \
             31000 33000 35000 37000 39000 41000 43000 45000 47000 49000 51000 53000 55000 57000 \
             59000 61000 63000 timeout 64000",
        ],
        reliable: ["timeout 32000", "timeout 6400", "timeout 64000"],
    },
    Row {
        timers: "E, F in Proceeding",
        section: "RFC 3261 §17.1.2.2: every T2",
        make: |t, timers, reliable| {
            let mut m = ClientOther::new(t, timers, reliable);
            assert!(m.on_response(t, 100).deliver);
            // Another one does not push the timer further.
            assert!(m.on_response(t + Duration::from_millis(50), 180).deliver);
            Box::new(m)
        },
        udp: [
            "4000 8000 12000 16000 20000 24000 28000 timeout 32000",
            "1000 2000 3000 4000 5000 6000 timeout 6400",
            "2000 4000 6000 8000 10000 12000 14000 16000 18000 20000 22000 24000 26000 28000 30000 \
             32000 34000 36000 38000 40000 42000 44000 46000 48000 50000 52000 54000 56000 58000 \
             60000 62000 timeout 64000",
        ],
        reliable: ["timeout 32000", "timeout 6400", "timeout 64000"],
    },
    Row {
        timers: "K",
        section: "RFC 3261 §17.1.2.2",
        make: |t, timers, reliable| {
            let mut m = ClientOther::new(t, timers, reliable);
            let step = m.on_response(t, 200);
            assert!(step.deliver && step.terminated == reliable);
            Box::new(m)
        },
        udp: ["end 5000", "end 700", "end 3000"],
        reliable: ["-", "-", "-"],
    },
    Row {
        timers: "G, H",
        section: "RFC 3261 §17.2.1",
        make: |t, timers, reliable| {
            let mut m = ServerInvite::new(timers, reliable);
            assert!(m.deadline().is_none() && m.on_sent(t, 486));
            Box::new(m)
        },
        udp: [
            "500 1500 3500 7500 11500 15500 19500 23500 27500 31500 timeout 32000",
            "100 300 700 1500 2500 3500 4500 5500 timeout 6400",
            "1000 3000 5000 7000 9000 11000 13000 15000 17000 19000 21000 23000 25000 27000 29000 \
             31000 33000 35000 37000 39000 41000 43000 45000 47000 49000 51000 53000 55000 57000 \
             59000 61000 63000 timeout 64000",
        ],
        reliable: ["timeout 32000", "timeout 6400", "timeout 64000"],
    },
    Row {
        timers: "I",
        section: "RFC 3261 §17.2.1",
        make: |t, timers, reliable| {
            let mut m = ServerInvite::new(timers, reliable);
            assert!(m.on_sent(t, 486));
            assert_eq!(m.on_ack(t).terminated, reliable);
            Box::new(m)
        },
        udp: ["end 5000", "end 700", "end 3000"],
        reliable: ["-", "-", "-"],
    },
    Row {
        timers: "L",
        section: "RFC 6026 §8.7",
        make: |t, timers, reliable| {
            let mut m = ServerInvite::new(timers, reliable);
            assert!(m.on_sent(t, 200));
            assert!(m.on_ack(t).deliver, "an ACK does not end it");
            Box::new(m)
        },
        udp: ["end 32000", "end 6400", "end 64000"],
        reliable: ["end 32000", "end 6400", "end 64000"],
    },
    Row {
        timers: "J",
        section: "RFC 3261 §17.2.2",
        make: |t, timers, reliable| {
            let mut m = ServerOther::new(t, timers, reliable);
            assert!(m.on_sent(t, 200));
            Box::new(m)
        },
        udp: ["end 32000", "end 6400", "end 64000"],
        reliable: ["end 0", "end 0", "end 0"],
    },
    Row {
        timers: "none answered: the client's F",
        section: "RFC 4320 §4.2",
        make: |t, timers, reliable| Box::new(ServerOther::new(t, timers, reliable)),
        udp: ["end 32000", "end 6400", "end 64000"],
        reliable: ["end 32000", "end 6400", "end 64000"],
    },
];

trait Machine {
    fn deadline(&self) -> Option<Instant>;
    fn on_timeout(&mut self, now: Instant) -> Step;
}

macro_rules! machines {
    ($($name:ident),+) => {$(
        impl Machine for $name {
            fn deadline(&self) -> Option<Instant> {
                $name::deadline(self)
            }
            fn on_timeout(&mut self, now: Instant) -> Step {
                $name::on_timeout(self, now)
            }
        }
    )+};
}
machines!(ClientInvite, ClientOther, ServerInvite, ServerOther);

/// Runs a machine by its own deadlines, each also asked a nanosecond too early.
fn run(machine: &mut dyn Machine, start: Instant, most: usize) -> String {
    let mut seen = Vec::new();
    while let Some(at) = machine.deadline() {
        if at > start {
            let early = machine.on_timeout(at - Duration::from_nanos(1));
            assert_eq!(early, Step::NONE, "early");
            assert_eq!(machine.deadline(), Some(at), "moved");
        }
        let step = machine.on_timeout(at);
        let ms = (at - start).as_nanos() as f64 / 1e6;
        seen.push(match step {
            Step {
                timed_out: true,
                terminated: true,
                ..
            } => format!("timeout {ms}"),
            Step {
                terminated: true, ..
            } => format!("end {ms}"),
            Step {
                retransmit: true, ..
            } => ms.to_string(),
            other => panic!("{other:?} at {ms}"),
        });
        if seen.len() == most {
            break;
        }
    }
    if seen.is_empty() {
        "-".to_owned()
    } else {
        seen.join(" ")
    }
}

#[test]
fn every_timer_fires_at_its_instant() {
    let start = crate::test_clock::start();
    for row in ROWS {
        for (base, (t1, t2, t4)) in BASES.into_iter().enumerate() {
            let timers = Timers {
                t1: Duration::from_millis(t1),
                t2: Duration::from_millis(t2),
                t4: Duration::from_millis(t4),
                ..Timers::default()
            };
            for (reliable, expected) in [(false, row.udp[base]), (true, row.reliable[base])] {
                let mut machine = (row.make)(start, timers, reliable);
                let what = format!(
                    "{} ({}), {timers:?}, reliable: {reliable}",
                    row.timers, row.section
                );
                assert_eq!(run(machine.as_mut(), start, 100), expected, "{what}");
                assert_eq!(
                    machine.on_timeout(start + Duration::from_secs(900)),
                    Step::NONE,
                    "{what}"
                );
            }
        }
    }
}

#[test]
fn a_provisional_response_is_repeated_each_minute() {
    let start = crate::test_clock::start();
    for reliable in [false, true] {
        let mut m = ServerInvite::new(Timers::default(), reliable);
        assert!(m.on_sent(start, 100));
        assert_eq!(m.deadline(), None, "100 goes one hop only");
        assert!(m.on_sent(start, 180));
        assert_eq!(run(&mut m, start, 3), "60000 120000 180000");
        // A new one starts the minute anew; a final one ends it.
        let later = start + Duration::from_secs(200);
        assert!(m.on_sent(later, 183));
        assert_eq!(run(&mut m, later, 2), "60000 120000");
        assert!(m.on_sent(later, 200));
        assert_eq!(run(&mut m, later, 9), "end 32000");
    }
}

#[test]
fn repeated_messages_in_each_state() {
    let t = crate::test_clock::start();
    let mut m = ClientInvite::new(t, Timers::default(), false);
    m.on_response(t, 486);
    let again = m.on_response(t, 486);
    assert!(again.ack && !again.deliver, "each 486 gets its ACK");
    assert_eq!(m.on_response(t, 200), Step::NONE);
    assert_eq!(m.on_response(t, 180), Step::NONE);

    let mut m = ClientInvite::new(t, Timers::default(), false);
    m.on_response(t, 200);
    assert!(m.on_response(t, 200).deliver, "every 2xx goes up");
    assert_eq!(m.on_response(t, 486), Step::NONE);

    let mut m = ClientOther::new(t, Timers::default(), false);
    m.on_response(t, 200);
    assert_eq!(m.on_response(t, 200), Step::NONE);

    let mut m = ServerInvite::new(Timers::default(), false);
    assert!(m.on_sent(t, 180) && m.on_invite().retransmit);
    assert!(m.on_sent(t, 486) && m.on_invite().retransmit);
    assert!(!m.on_sent(t, 487), "one final response");
    m.on_ack(t);
    assert_eq!(m.on_invite(), Step::NONE, "Confirmed absorbs the INVITE");

    let mut m = ServerInvite::new(Timers::default(), false);
    m.on_sent(t, 200);
    assert_eq!(m.on_invite(), Step::NONE, "Accepted absorbs the INVITE");

    let mut m = ServerOther::new(t, Timers::default(), false);
    assert_eq!(m.on_request(), Step::NONE, "nothing to repeat yet");
    assert!(!m.on_sent(t, 180) && !m.on_sent(t, 408), "RFC 4320");
    assert!(m.on_sent(t, 200) && m.on_request().retransmit);

    let mut m = ServerOther::new(t, Timers::default(), false);
    assert!(
        !m.on_sent(t + Duration::from_secs(32), 200),
        "the client has given up"
    );
}

#[test]
fn late_wake_up_does_not_burst() {
    let t = crate::test_clock::start();
    let late = t + Duration::from_secs(10);
    let mut m = ClientOther::new(t, Timers::default(), false);
    assert!(m.on_timeout(late).retransmit);
    assert!(m.deadline().unwrap() > late);
}
