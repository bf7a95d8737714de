//! Every timer fires at its instant: tables of (ms since start, what happens).

use std::time::{Duration, Instant};

use super::*;
use crate::config::Timers;

fn ms(start: Instant, at: u64) -> Instant {
    start + Duration::from_millis(at)
}

fn word(step: Step) -> &'static str {
    match step {
        Step {
            timed_out: true, ..
        } => "timeout",
        Step {
            terminated: true, ..
        } => "end",
        Step {
            retransmit: true, ..
        } => "again",
        _ => "nothing",
    }
}

/// Runs a machine by its own deadlines until it has none.
macro_rules! run {
    ($machine:expr, $start:expr) => {{
        let mut seen = Vec::new();
        while let Some(at) = $machine.deadline() {
            assert!(
                word($machine.on_timeout(at - Duration::from_nanos(1))) == "nothing",
                "early"
            );
            let step = $machine.on_timeout(at);
            seen.push(((at - $start).as_millis() as u64, word(step)));
            assert!(seen.len() < 100, "never ends");
        }
        seen
    }};
}

fn doubling(capped: bool) -> Vec<(u64, &'static str)> {
    let times: &[u64] = if capped {
        &[
            500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500,
        ]
    } else {
        &[500, 1500, 3500, 7500, 15500, 31500]
    };
    times.iter().map(|t| (*t, "again")).collect()
}

#[test]
fn client_invite_timers_a_and_b() {
    let t = crate::test_clock::start();
    let mut m = ClientInvite::new(t, Timers::default(), false);
    let mut want = doubling(false);
    want.push((32_000, "timeout"));
    assert_eq!(run!(m, t), want);
    let mut m = ClientInvite::new(t, Timers::default(), true);
    assert_eq!(run!(m, t), [(32_000, "timeout")]);
}

#[test]
fn client_invite_provisional_stops_a_and_b() {
    let t = crate::test_clock::start();
    let mut m = ClientInvite::new(t, Timers::default(), false);
    assert!(m.on_response(ms(t, 100), 180).deliver);
    assert_eq!(m.deadline(), None);
    assert!(m.is_open());
}

#[test]
fn client_invite_timer_d_and_m() {
    let t = crate::test_clock::start();
    // (code, reliable, end)
    for (code, reliable, want) in [
        (486, false, vec![(32_100, "end")]),
        (486, true, vec![]),
        (200, false, vec![(32_100, "end")]),
        (200, true, vec![(32_100, "end")]),
    ] {
        let mut m = ClientInvite::new(t, Timers::default(), reliable);
        let step = m.on_response(ms(t, 100), code);
        assert!(step.deliver);
        assert_eq!(step.ack, code >= 300);
        assert_eq!(step.terminated, code >= 300 && reliable);
        if !reliable && code >= 300 {
            let again = m.on_response(ms(t, 200), code);
            assert!(again.ack && !again.deliver);
            assert_eq!(m.on_response(ms(t, 200), 200), Step::NONE);
        }
        if code == 200 {
            assert!(m.on_response(ms(t, 300), 200).deliver, "every 2xx goes up");
            assert_eq!(m.on_response(ms(t, 300), 486), Step::NONE);
        }
        assert_eq!(run!(m, t), want, "{code} {reliable}");
    }
}

#[test]
fn client_other_timers_e_f_k() {
    let t = crate::test_clock::start();
    let mut m = ClientOther::new(t, Timers::default(), false);
    let mut want = doubling(true);
    want.push((32_000, "timeout"));
    assert_eq!(run!(m, t), want);

    let mut m = ClientOther::new(t, Timers::default(), true);
    assert_eq!(run!(m, t), [(32_000, "timeout")]);

    // A provisional response slows the repetition to T2 and does not stop F.
    let mut m = ClientOther::new(t, Timers::default(), false);
    assert!(m.on_response(ms(t, 600), 100).deliver);
    assert_eq!(m.deadline(), Some(ms(t, 4_600)));
    let seen = run!(m, t);
    assert_eq!(seen[..2], [(4_600, "again"), (8_600, "again")]);
    assert_eq!(seen.last(), Some(&(32_000, "timeout")));

    for (reliable, want) in [(false, vec![(5_100, "end")]), (true, vec![])] {
        let mut m = ClientOther::new(t, Timers::default(), reliable);
        let step = m.on_response(ms(t, 100), 200);
        assert!(step.deliver && step.terminated == reliable);
        assert_eq!(m.on_response(ms(t, 150), 200), Step::NONE);
        assert_eq!(run!(m, t), want);
    }
}

#[test]
fn server_invite_timers_g_h() {
    let t = crate::test_clock::start();
    let mut m = ServerInvite::new(Timers::default(), false);
    assert_eq!(m.deadline(), None);
    assert!(m.on_sent(t, 180));
    assert!(m.on_invite().retransmit);
    assert!(m.on_sent(t, 486));
    assert!(!m.on_sent(t, 487), "one final response");
    assert!(m.on_invite().retransmit);
    let mut want = doubling(true);
    want.push((32_000, "timeout"));
    assert_eq!(run!(m, t), want);
}

#[test]
fn server_invite_timers_i_and_l() {
    let t = crate::test_clock::start();
    let mut m = ServerInvite::new(Timers::default(), false);
    m.on_sent(t, 486);
    assert_eq!(m.on_ack(ms(t, 100)), Step::NONE);
    assert_eq!(m.on_invite(), Step::NONE);
    assert_eq!(run!(m, t), [(5_100, "end")]);

    let mut m = ServerInvite::new(Timers::default(), true);
    m.on_sent(t, 486);
    assert_eq!(m.deadline(), Some(ms(t, 32_000)));
    assert!(m.on_ack(ms(t, 100)).terminated);

    let mut m = ServerInvite::new(Timers::default(), false);
    m.on_sent(t, 200);
    assert_eq!(m.on_invite(), Step::NONE, "Accepted absorbs the INVITE");
    assert!(m.on_ack(ms(t, 100)).deliver);
    assert_eq!(run!(m, t), [(32_000, "end")]);
}

#[test]
fn server_other_timer_j_and_rfc4320() {
    let t = crate::test_clock::start();
    let mut m = ServerOther::new(t, Timers::default(), false);
    assert_eq!(m.on_request(), Step::NONE);
    assert!(!m.on_sent(t, 180));
    assert!(!m.on_sent(t, 408));
    assert!(m.on_sent(ms(t, 100), 200));
    assert!(m.on_request().retransmit);
    assert_eq!(run!(m, t), [(32_100, "end")]);

    let mut m = ServerOther::new(t, Timers::default(), false);
    assert!(!m.on_sent(ms(t, 32_000), 200), "the client has given up");

    let mut m = ServerOther::new(t, Timers::default(), true);
    assert!(m.on_sent(ms(t, 100), 200));
    assert_eq!(run!(m, t), [(100, "end")]);
}

#[test]
fn late_wake_up_does_not_burst() {
    let t = crate::test_clock::start();
    let mut m = ClientOther::new(t, Timers::default(), false);
    assert!(m.on_timeout(ms(t, 10_000)).retransmit);
    assert!(m.deadline().unwrap() > ms(t, 10_000));
}
