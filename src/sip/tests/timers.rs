//! The timers of RFC 3261 as the wire sees them: what an endpoint hands out, when, and not a
//! nanosecond before. The machines alone are tested beside them, in `transaction`.

mod harness;

use std::time::{Duration, Instant};

use carillon_sip::{Endpoint, Event, Timers, summary};
use harness::*;

/// T1, T2, T4 in milliseconds: the RFC's and others.
const BASES: [(u64, u64, u64); 2] = [(500, 4_000, 5_000), (200, 1_000, 900)];

/// An endpoint in the middle of something, and the instant from which time is counted.
struct Scene {
    endpoint: Endpoint,
    start: Instant,
}

/// What is repeated, where that is written, how it begins, which line starts what is sent, and
/// when it is sent and ends, for each of the two sets of values.
struct Row {
    what: &'static str,
    section: &'static str,
    begin: fn(&mut Scene),
    line: &'static str,
    expected: [&'static str; 2],
}

const ROWS: [Row; 7] = [
    Row {
        what: "INVITE, timers A and B",
        section: "RFC 3261 §17.1.1.2",
        begin: invite,
        line: "INVITE",
        expected: [
            "0 500 1500 3500 7500 15500 31500 over 32000",
            "0 200 600 1400 3000 6200 12600 over 12800",
        ],
    },
    Row {
        what: "BYE, timers E and F",
        section: "RFC 3261 §17.1.2.2",
        begin: bye,
        line: "BYE",
        expected: [
            "0 500 1500 3500 7500 11500 15500 19500 23500 27500 31500 over 32000",
            "0 200 600 1400 2400 3400 4400 5400 6400 7400 8400 9400 10400 11400 12400 over 12800",
        ],
    },
    Row {
        what: "REGISTER, timers E and F",
        section: "RFC 3261 §17.1.2.2",
        begin: register_at_raw,
        line: "REGISTER",
        expected: [
            "0 500 1500 3500 7500 11500 15500 19500 23500 27500 31500 over 32000",
            "0 200 600 1400 2400 3400 4400 5400 6400 7400 8400 9400 10400 11400 12400 over 12800",
        ],
    },
    Row {
        what: "OPTIONS in Proceeding, timer E at T2",
        section: "RFC 3261 §17.1.2.2",
        begin: options_heard,
        line: "OPTIONS",
        expected: [
            "4000 8000 12000 16000 20000 24000 28000 over 32000",
            "1000 2000 3000 4000 5000 6000 7000 8000 9000 10000 11000 12000 over 12800",
        ],
    },
    Row {
        what: "CANCEL, timers E and F, and the INVITE's end 64·T1 after it",
        section: "RFC 3261 §9.1",
        begin: cancel,
        line: "CANCEL",
        expected: [
            "0 500 1500 3500 7500 11500 15500 19500 23500 27500 31500 over 32000",
            "0 200 600 1400 2400 3400 4400 5400 6400 7400 8400 9400 10400 11400 12400 over 12800",
        ],
    },
    Row {
        what: "2xx to INVITE until its ACK",
        section: "RFC 3261 §13.3.1.4",
        begin: answer,
        line: "200",
        expected: [
            "0 500 1500 3500 7500 11500 15500 19500 23500 27500 31500 over 32000",
            "0 200 600 1400 2400 3400 4400 5400 6400 7400 8400 9400 10400 11400 12400 over 12800",
        ],
    },
    Row {
        what: "180 each minute until proceeding_max",
        section: "RFC 3261 §13.3.1.1",
        begin: ring,
        line: "180",
        expected: [
            "0 60000 120000 180000 240000 300000 over 300000",
            "0 60000 120000 180000 240000 300000 over 300000",
        ],
    },
];

fn scene(base: (u64, u64, u64)) -> Scene {
    let mut config = open(config(A));
    config.timers = Timers {
        t1: Duration::from_millis(base.0),
        t2: Duration::from_millis(base.1),
        t4: Duration::from_millis(base.2),
        ..Timers::default()
    };
    Scene {
        endpoint: Endpoint::new(config),
        start: start(),
    }
}

impl Scene {
    /// The first datagram handed out that begins with `line`.
    fn take(&mut self, line: &str) -> Vec<u8> {
        while let Some(sent) = self.endpoint.poll_transmit() {
            if summary(&sent.bytes).starts_with(line) {
                return sent.bytes;
            }
        }
        panic!("no {line}")
    }

    fn reply(&mut self, request: &[u8], status: &str, lines: &str, body: &[u8]) {
        let bytes = respond(request, status, "x", lines, body);
        self.endpoint.receive(self.start, addr(RAW), &bytes);
    }

    fn event<T>(&mut self, wanted: impl Fn(&Event) -> Option<T>) -> T {
        while let Some(event) = self.endpoint.poll_event() {
            if let Some(found) = wanted(&event) {
                return found;
            }
        }
        panic!("no such event")
    }

    /// Lets all time pass by the endpoint's own deadlines, each also tried a nanosecond early;
    /// gives when datagrams beginning with `line` left and when the first event came.
    fn run(&mut self, line: &str) -> String {
        let mut seen = Vec::new();
        let ms = |at: Instant| (at - self.start).as_nanos() as f64 / 1e6;
        let mut note = |endpoint: &mut Endpoint, at: Instant| {
            let mut any = false;
            while let Some(sent) = endpoint.poll_transmit() {
                any = true;
                if summary(&sent.bytes).starts_with(line) {
                    seen.push(ms(at).to_string());
                }
            }
            if endpoint.poll_event().is_some() {
                seen.push(format!("over {}", ms(at)));
                return (any, true);
            }
            (any, false)
        };
        note(&mut self.endpoint, self.start);
        for _ in 0..200 {
            let at = self.endpoint.next_timeout().expect("a timer");
            if at > self.start {
                self.endpoint.handle_timeout(at - Duration::from_nanos(1));
                assert_eq!(note(&mut self.endpoint, at), (false, false), "early");
            }
            self.endpoint.handle_timeout(at);
            if note(&mut self.endpoint, at).1 {
                return seen.join(" ");
            }
        }
        panic!("never ends: {seen:?}")
    }
}

fn invite(scene: &mut Scene) {
    scene.endpoint.invite(scene.start, to_raw()).unwrap();
}

fn answered_call(scene: &mut Scene) -> carillon_sip::LegKey {
    invite(scene);
    let request = scene.take("INVITE");
    scene.reply(&request, "200 OK", RAW_CONTACT, &sdp(RAW, 6000));
    scene.take("ACK");
    scene.event(|e| match e {
        Event::Answered { leg, .. } => Some(*leg),
        _ => None,
    })
}

fn bye(scene: &mut Scene) {
    let leg = answered_call(scene);
    scene.endpoint.bye(scene.start, leg, None);
}

fn register_at_raw(scene: &mut Scene) {
    let mut wish = register("1001", "pw", 600);
    wish.next_hop = addr(RAW).into();
    scene.endpoint.register(scene.start, wish).unwrap();
}

fn options_heard(scene: &mut Scene) {
    let options = scene
        .endpoint
        .options(scene.start, "sip:x@192.0.2.9", addr(RAW));
    options.unwrap();
    let request = scene.take("OPTIONS");
    scene.reply(&request, "100 Trying", "", b"");
}

fn cancel(scene: &mut Scene) {
    let call = scene.endpoint.invite(scene.start, to_raw()).unwrap();
    let request = scene.take("INVITE");
    scene.reply(&request, "180 Ringing", "", b"");
    scene.event(|e| matches!(e, Event::Provisional { .. }).then_some(()));
    scene.endpoint.cancel(scene.start, call, None);
}

const INCOMING: &str = "INVITE sip:100@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKt\r\n\
    From: <sip:a@x>;tag=1\r\nTo: <sip:100@192.0.2.1>\r\nCall-ID: t\r\nCSeq: 1 INVITE\r\n\
    Contact: <sip:a@192.0.2.9>\r\nContent-Length: 0\r\n\r\n";

fn incoming(scene: &mut Scene) -> carillon_sip::LegKey {
    scene
        .endpoint
        .receive(scene.start, addr(RAW), INCOMING.as_bytes());
    // 100 leaves at once, so the 200 ms of §17.2.1 never pass.
    scene.take("100");
    scene.event(|e| match e {
        Event::Incoming(call) => Some(call.leg),
        _ => None,
    })
}

fn answer(scene: &mut Scene) {
    let leg = incoming(scene);
    scene
        .endpoint
        .answer(scene.start, leg, &sdp(A, 4000))
        .unwrap();
}

fn ring(scene: &mut Scene) {
    let leg = incoming(scene);
    scene.endpoint.ring(scene.start, leg, 180, None).unwrap();
}

#[test]
fn what_is_repeated_leaves_at_its_instants() {
    for row in ROWS {
        for (index, base) in BASES.into_iter().enumerate() {
            let mut scene = scene(base);
            (row.begin)(&mut scene);
            let seen = scene.run(row.line);
            assert_eq!(
                seen, row.expected[index],
                "{} ({}), {base:?}",
                row.what, row.section
            );
        }
    }
}

/// After the last millisecond of a lingering transaction the same message means something else.
struct Linger {
    what: &'static str,
    section: &'static str,
    /// Brings the transaction there; gives the message that is repeated.
    begin: fn(&mut Scene) -> Vec<u8>,
    /// When it is forgotten, in ms, for each set of values.
    until: [u64; 2],
    /// What a repetition is answered with before and after; empty: nothing.
    replies: [&'static str; 2],
}

const LINGERS: [Linger; 5] = [
    Linger {
        what: "timer D: each 486 gets its ACK",
        section: "RFC 3261 §17.1.1.2, at least 32 s",
        begin: |scene| {
            invite(scene);
            let request = scene.take("INVITE");
            let response = respond(&request, "486 Busy Here", "x", "", b"");
            scene.endpoint.receive(scene.start, addr(RAW), &response);
            scene.take("ACK");
            response
        },
        until: [32_000, 32_000],
        replies: ["ACK", ""],
    },
    Linger {
        what: "timer M: a second 200 is acknowledged as one of the call; later acknowledged and hung up",
        section: "RFC 6026 §8.4",
        begin: |scene| {
            invite(scene);
            let request = scene.take("INVITE");
            let response = respond(&request, "200 OK", "x", RAW_CONTACT, &sdp(RAW, 6000));
            scene.endpoint.receive(scene.start, addr(RAW), &response);
            scene.take("ACK");
            let leg = scene.event(|e| match e {
                Event::Answered { leg, .. } => Some(*leg),
                _ => None,
            });
            // The leg is gone by then: only the transaction knows the call.
            scene.endpoint.bye(scene.start, leg, None);
            let bye = scene.take("BYE");
            scene.reply(&bye, "200 OK", "", b"");
            response
        },
        until: [32_000, 12_800],
        replies: ["ACK", "ACK BYE"],
    },
    Linger {
        what: "timer J: a repeated BYE gets the same answer; later there is no dialog",
        section: "RFC 3261 §17.2.2",
        begin: |scene| {
            let leg = incoming(scene);
            scene
                .endpoint
                .answer(scene.start, leg, &sdp(A, 4000))
                .unwrap();
            let ok = scene.take("200");
            let tag = header(&ok, "To");
            let in_dialog = |method: &str, n: u32| {
                let text = INCOMING
                    .replace("INVITE", method)
                    .replace("CSeq: 1", &format!("CSeq: {n}"));
                let text = text.replace("branch=z9hG4bKt", &format!("branch=z9hG4bK{method}"));
                text.replace("To: <sip:100@192.0.2.1>", &format!("To: {tag}"))
                    .into_bytes()
            };
            scene
                .endpoint
                .receive(scene.start, addr(RAW), &in_dialog("ACK", 1));
            let bye = in_dialog("BYE", 2);
            scene.endpoint.receive(scene.start, addr(RAW), &bye);
            scene.take("200");
            bye
        },
        until: [32_000, 12_800],
        replies: ["200", "481"],
    },
    Linger {
        what: "timer I: a repeated ACK is absorbed, and so is the INVITE; later it is a new call",
        section: "RFC 3261 §17.2.1",
        begin: |scene| {
            let leg = incoming(scene);
            scene
                .endpoint
                .reject(scene.start, leg, 486, "", &[])
                .unwrap();
            scene.take("486");
            let ack = INCOMING.replace("INVITE", "ACK");
            scene
                .endpoint
                .receive(scene.start, addr(RAW), ack.as_bytes());
            INCOMING.as_bytes().to_vec()
        },
        until: [5_000, 900],
        replies: ["", "100"],
    },
    Linger {
        what: "timer L: the INVITE is absorbed after our 200; later it is a new call",
        section: "RFC 6026 §8.7",
        begin: |scene| {
            let leg = incoming(scene);
            scene
                .endpoint
                .answer(scene.start, leg, &sdp(A, 4000))
                .unwrap();
            scene.take("200");
            let ack = INCOMING.replace("INVITE", "ACK");
            let ack = ack.replace("branch=z9hG4bKt", "branch=z9hG4bKother");
            scene
                .endpoint
                .receive(scene.start, addr(RAW), ack.as_bytes());
            INCOMING.as_bytes().to_vec()
        },
        until: [32_000, 12_800],
        replies: ["", "100"],
    },
];

/// Runs the clock to `at`, throwing away what leaves on the way.
fn pass(scene: &mut Scene, at: Instant) {
    while let Some(next) = scene.endpoint.next_timeout().filter(|next| *next <= at) {
        scene.endpoint.handle_timeout(next);
    }
    while scene.endpoint.poll_transmit().is_some() {}
}

#[test]
fn what_lingers_is_forgotten_at_its_instant() {
    for row in LINGERS {
        for (index, base) in BASES.into_iter().enumerate() {
            let end = Duration::from_millis(row.until[index]);
            for (after, expected) in [(false, row.replies[0]), (true, row.replies[1])] {
                let mut scene = scene(base);
                let message = (row.begin)(&mut scene);
                let at = scene.start + end - Duration::from_nanos(u64::from(!after));
                pass(&mut scene, at);
                scene.endpoint.receive(at, addr(RAW), &message);
                let mut replies = Vec::new();
                while let Some(sent) = scene.endpoint.poll_transmit() {
                    let text = summary(&sent.bytes);
                    replies.push(text.split(' ').next().unwrap().to_owned());
                }
                assert_eq!(
                    replies.join(" "),
                    expected,
                    "{} ({}), {base:?}, after: {after}",
                    row.what,
                    row.section
                );
            }
        }
    }
}

#[test]
fn timer_k_absorbs_late_answers_of_options() {
    for (base, until) in BASES.into_iter().zip([5_000, 900]) {
        for after in [false, true] {
            let mut scene = scene(base);
            let (endpoint, start) = (&mut scene.endpoint, scene.start);
            endpoint
                .options(start, "sip:x@192.0.2.9", addr(RAW))
                .unwrap();
            let request = scene.take("OPTIONS");
            scene.reply(&request, "200 OK", "", b"");
            let at = start + Duration::from_millis(until) - Duration::from_nanos(u64::from(!after));
            pass(&mut scene, at);
            let again = respond(&request, "200 OK", "x", "", b"");
            scene.endpoint.receive(at, addr(RAW), &again);
            let counters = scene.endpoint.counters();
            let seen = (
                counters.retransmissions_received,
                counters.dropped_stray_responses,
            );
            assert_eq!(seen, if after { (0, 1) } else { (1, 0) }, "{base:?}");
        }
    }
}
