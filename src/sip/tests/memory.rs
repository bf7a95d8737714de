//! What a call costs in memory after its end, while its transactions linger (RFC 3261 timers D, I,
//! J, K, L, M), counted by the allocator. One test alone, as it counts for the whole process.
#![allow(
    unsafe_code,
    reason = "an allocator that counts cannot be written without"
)]

mod harness;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use carillon_sip::{Endpoint, Event, Peer};
use harness::*;

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is passed on to the system's allocator; only sizes are noted.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const CALLS: usize = 10_000;
const LIMIT: usize = 4_096;

fn live() -> usize {
    LIVE.load(Ordering::Relaxed)
}

/// Hands messages to and fro until nobody has anything to say; B answers what comes in, A hangs up
/// what was answered.
fn talk(now: Instant, a: &mut Endpoint, b: &mut Endpoint) {
    let (at_a, at_b) = (Peer::udp(addr(A)), Peer::udp(addr(B)));
    loop {
        let mut idle = true;
        while let Some(t) = a.poll_transmit() {
            b.receive(now, at_a, &t.bytes);
            idle = false;
        }
        while let Some(t) = b.poll_transmit() {
            a.receive(now, at_b, &t.bytes);
            idle = false;
        }
        while let Some(event) = b.poll_event() {
            if let Event::Incoming(call) = event {
                b.ring(now, call.leg, 180, None).unwrap();
                b.answer(now, call.leg, &sdp(B, 5000)).unwrap();
            }
        }
        while let Some(event) = a.poll_event() {
            if let Event::Answered { leg, .. } = event {
                a.bye(now, leg, None);
            }
        }
        if idle {
            return;
        }
    }
}

fn pass(until: Instant, a: &mut Endpoint, b: &mut Endpoint) {
    while let Some(at) = a.next_timeout().into_iter().chain(b.next_timeout()).min() {
        if at > until {
            break;
        }
        a.handle_timeout(at);
        b.handle_timeout(at);
        talk(at, a, b);
    }
}

#[test]
fn an_ended_call_holds_at_most_4_kb_a_side_and_nothing_in_the_end() {
    let (mut a, mut b) = (Endpoint::new(config(A)), Endpoint::new(open(config(B))));
    let mut now = start();
    // The first call makes room in queues that stay.
    a.invite(now, to_b()).unwrap();
    talk(now, &mut a, &mut b);
    now += Duration::from_secs(60);
    pass(now, &mut a, &mut b);
    assert_eq!(
        (a.held(), b.held()),
        (
            carillon_sip::endpoint::Held::default(),
            carillon_sip::endpoint::Held::default()
        )
    );
    let before = live();
    for _ in 0..CALLS {
        a.invite(now, to_b()).unwrap();
        talk(now, &mut a, &mut b);
        now += Duration::from_micros(100);
        pass(now, &mut a, &mut b);
    }
    let per_call = (live() - before) / CALLS;
    assert_eq!(
        (a.held().legs, b.held().legs),
        (0, 0),
        "every call has ended"
    );
    assert_eq!(a.held().client_transactions, 2 * CALLS, "and lingers");
    assert_eq!(b.held().server_transactions, 2 * CALLS);
    let both = live();
    now += Duration::from_secs(60);
    pass(now, &mut a, &mut b);
    let left = live().saturating_sub(before);
    assert_eq!(a.held(), carillon_sip::endpoint::Held::default());
    assert_eq!(b.held(), carillon_sip::endpoint::Held::default());
    assert!(left / CALLS == 0, "{left} octets stay for ever");
    // The same again with fewer, one side at a time.
    const FEWER: usize = 1_000;
    for _ in 0..FEWER {
        a.invite(now, to_b()).unwrap();
        talk(now, &mut a, &mut b);
    }
    let together = live();
    drop(a);
    let caller = (together - live()) / FEWER;
    let without_caller = live();
    drop(b);
    let callee = (without_caller - live()) / FEWER;
    eprintln!("caller {caller}, callee {callee}, both {per_call}");
    assert!(
        both >= before && caller <= LIMIT && callee <= LIMIT,
        "caller {caller}, callee {callee}, both {per_call}"
    );
    assert!(
        caller > 200 && callee > 200,
        "they were counted: caller {caller}, callee {callee}"
    );
}
