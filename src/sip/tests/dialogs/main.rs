//! What runs within dialogs, both as caller and as callee: changes of the session, session timers,
//! reliable provisional responses, transfers, redirections, delayed offers.

#[path = "../harness/mod.rs"]
mod harness;

mod broken_streams;
mod challenges;
mod delayed_offers;
mod early_updates;
mod headers;
mod interleavings;
mod mutated;
mod redirections;
mod reliable;
mod reoffers;
mod replacements;
mod session_timers;
mod strange;
mod transfers;

use carillon_sip::{EndpointConfig, Event, LegKey, SessionDescription, SessionTimer};
use harness::*;

/// A calls B and B answers: both legs.
fn talking(net: &mut Net) -> (LegKey, LegKey) {
    let (_, leg) = ringing(net);
    net.at(B, |b, now| b.answer(now, leg, &sdp(B, 5000)).unwrap());
    net.run(50);
    (net.answered(A)[0], leg)
}

/// A calls a peer written by hand, which answers with these lines: A's leg and the INVITE.
fn talking_to_raw(net: &mut Net, extra: &str) -> (LegKey, Vec<u8>) {
    net.at(A, |a, now| a.invite(now, to_raw()).unwrap());
    net.run(20);
    let invite = net.inbox.last().unwrap().bytes.clone();
    let extra = format!("{RAW_CONTACT}{extra}");
    let ok = respond(&invite, "200 OK", "t", &extra, &sdp(RAW, 6000));
    net.raw(RAW, A, ok);
    net.run(20);
    (*net.answered(A).last().unwrap(), invite)
}

/// The request that reached RAW last, which begins so.
fn last_request(net: &Net, start: &str) -> Vec<u8> {
    let found = net.inbox.iter().rev().find(|d| d.is(start));
    let found = found.unwrap_or_else(|| panic!("no {start}\n{}", net.ladder()));
    found.bytes.clone()
}

/// A request of RAW's within the dialog of an INVITE it answered with tag `t`.
fn within(invite: &[u8], method: &str, cseq: u32, extra: &str, body: &[u8]) -> Vec<u8> {
    let kind = if body.is_empty() {
        ""
    } else {
        "Content-Type: application/sdp\r\n"
    };
    let mut out = format!(
        "{method} sip:100@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKw{method}{cseq};rport\r\n\
         Max-Forwards: 70\r\nFrom: {};tag=t\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {cseq} {method}\r\n\
         {RAW_CONTACT}{extra}{kind}Content-Length: {}\r\n\r\n",
        header(invite, "To"),
        header(invite, "From"),
        header(invite, "Call-ID"),
        body.len()
    )
    .into_bytes();
    out.extend_from_slice(body);
    out
}

/// The media changes one side saw: (remote port, local direction).
fn changes(net: &Net, who: &str) -> Vec<(u16, &'static str, bool)> {
    let seen = net.seen(who).into_iter();
    let found = seen.filter_map(|e| match e {
        Event::MediaChanged { remote, local, .. } => {
            let audio = remote.audio().unwrap();
            Some((
                audio.remote.unwrap().port(),
                local.media[0].direction.as_str(),
                audio.held,
            ))
        }
        _ => None,
    });
    found.collect()
}

fn with_timer(mut config: EndpointConfig, timer: Option<SessionTimer>) -> EndpointConfig {
    config.session.timer = timer;
    config
}

/// Both hang up and everything is forgotten.
fn settle(net: &mut Net, leg: LegKey) {
    net.at(A, |a, now| a.bye(now, leg, None));
    net.run(40_000);
    for who in [A, B] {
        net.assert_idle(who);
    }
}

fn version(bytes: &[u8]) -> u64 {
    let at = bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    SessionDescription::parse(&bytes[at + 4..]).unwrap().version
}
