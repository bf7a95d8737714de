//! How many messages a second are parsed: ours, `rsipstack` and `rsip`, in alternating rounds of
//! one run (`cargo bench -p carillon-sip --bench parse`).
//!
//! The message is an INVITE of 807 octets as a carrier sends it. The work is the same for all
//! three: the start line, every header line split and told apart, the body, and the headers a user
//! agent needs typed (Via, From, To, Call-ID, CSeq, Contact). `lines` does the first part only.
#![allow(clippy::print_stdout, reason = "a report for people")]
#![allow(
    clippy::disallowed_methods,
    reason = "measures time, decides nothing by it"
)]

use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

use carillon_sip::message::{Bounds, parse};
use carillon_sip::uri::Uri;

/// Rounds a parser runs; the median counts. Odd.
const ROUNDS: usize = 15;
/// Messages a round.
const MESSAGES: u32 = 40_000;
/// Octets of the message, as in the measurements of `rsipstack` this is compared with.
const OCTETS: usize = 807;

fn invite() -> Vec<u8> {
    let sdp = "v=0\r\no=- 1748293041 1748293041 IN IP4 198.51.100.24\r\ns=-\r\n\
        c=IN IP4 198.51.100.24\r\nt=0 0\r\nm=audio 23456 RTP/AVP 0 8 101\r\n\
        a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\n";
    let head = "INVITE sip:+12025550143@192.0.2.10:5060;user=phone SIP/2.0\r\n\
        Via: SIP/2.0/UDP 198.51.100.20:5060;branch=z9hG4bK7f3a.9c1d2b;rport\r\n\
        Max-Forwards: 69\r\n\
        From: \"Example Co\" <sip:+12025550100@198.51.100.20>;tag=4a1c9e77\r\n\
        To: <sip:+12025550143@192.0.2.10>\r\n\
        Call-ID: 58d1f0a26c4b4d8e@198.51.100.20\r\n\
        CSeq: 1 INVITE\r\n\
        Contact: <sip:+12025550100@198.51.100.20:5060;transport=udp>\r\n\
        Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE\r\n\
        Supported: timer, replaces\r\n\
        User-Agent: ExampleSBC/9.2\r\n";
    let tail = format!(
        "Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
        sdp.len()
    );
    let filler = OCTETS - head.len() - tail.len() - "X-Pad: \r\n".len();
    format!("{head}X-Pad: {}\r\n{tail}", "x".repeat(filler)).into_bytes()
}

fn ours_lines(bytes: &[u8]) -> usize {
    let message = parse(bytes, &Bounds::default()).expect("SIP");
    message.headers.len() + message.body.len()
}

fn ours_typed(bytes: &[u8]) -> usize {
    let message = parse(bytes, &Bounds::default()).expect("SIP");
    let via = message.via().expect("Via");
    let (from, to) = (message.from().expect("From"), message.to().expect("To"));
    let contact = message.contact().expect("Contact");
    // The others type the URIs too.
    let uris = [message.uri(), from.uri, to.uri, contact.uri].map(|u| Uri::parse(u).expect("URI"));
    via.branch.len()
        + from.param(b"tag").map_or(0, <[u8]>::len)
        + to.param(b"tag").map_or(0, <[u8]>::len)
        + message.call_id().len()
        + message.cseq().expect("CSeq").number as usize
        + uris.iter().map(|u| u.host.len()).sum::<usize>()
}

fn rsipstack_lines(bytes: &[u8]) -> usize {
    let message = rsipstack::sip::SipMessage::try_from(bytes).expect("SIP");
    match message {
        rsipstack::sip::SipMessage::Request(r) => r.headers.iter().count() + r.body.len(),
        rsipstack::sip::SipMessage::Response(_) => 0,
    }
}

fn rsipstack_typed(bytes: &[u8]) -> usize {
    use rsipstack::sip::prelude::*;
    let message = rsipstack::sip::SipMessage::try_from(bytes).expect("SIP");
    let via = message.via_header().expect("Via").typed().expect("Via");
    let from = message.from_header().expect("From").typed().expect("From");
    let to = message.to_header().expect("To").typed().expect("To");
    let contact = message.contact_header().expect("Contact").typed();
    let cseq = message.cseq_header().expect("CSeq").typed().expect("CSeq");
    black_box((&to, &contact));
    via.branch().map_or(0, |b| b.value().len())
        + from.tag().map_or(0, |t| t.value().len())
        + message.call_id_header().expect("Call-ID").value().len()
        + cseq.seq as usize
}

fn rsip_lines(bytes: &[u8]) -> usize {
    match rsip::SipMessage::try_from(bytes).expect("SIP") {
        rsip::SipMessage::Request(r) => r.headers.iter().count() + r.body.len(),
        rsip::SipMessage::Response(_) => 0,
    }
}

fn rsip_typed(bytes: &[u8]) -> usize {
    use rsip::prelude::*;
    let message = rsip::SipMessage::try_from(bytes).expect("SIP");
    let via = message.via_header().expect("Via").typed().expect("Via");
    let from = message.from_header().expect("From").typed().expect("From");
    let to = message.to_header().expect("To").typed().expect("To");
    let contact = message.contact_header().expect("Contact").typed();
    let cseq = message.cseq_header().expect("CSeq").typed().expect("CSeq");
    black_box((&to, &contact));
    via.branch().map_or(0, |b| b.value().len())
        + from.tag().map_or(0, |t| t.value().len())
        + message.call_id_header().expect("Call-ID").value().len()
        + usize::from(cseq.seq as u16)
}

/// Time this thread has been on a processor, so that what else runs on the machine counts little;
/// the wall clock where the system does not tell.
fn processor_time(begin: Instant) -> Duration {
    let told = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let spent = told.and_then(|text| text.split(' ').next()?.parse().ok());
    spent.map_or_else(|| begin.elapsed(), Duration::from_nanos)
}

struct Contender {
    name: &'static str,
    run: fn(&[u8]) -> usize,
    /// Messages a second, one figure a round.
    rates: Vec<f64>,
}

fn main() {
    let bytes = invite();
    assert_eq!(bytes.len(), OCTETS);
    let contender = |name, run| Contender {
        name,
        run,
        rates: Vec::with_capacity(ROUNDS),
    };
    let mut contenders = [
        contender("carillon, lines", ours_lines as fn(&[u8]) -> usize),
        contender("rsipstack, lines", rsipstack_lines),
        contender("rsip, lines", rsip_lines),
        contender("carillon, typed", ours_typed),
        contender("rsipstack, typed", rsipstack_typed),
        contender("rsip, typed", rsip_typed),
    ];
    // One alone, for a profiler.
    let only = std::env::args().skip(1).find(|a| !a.starts_with('-'));
    let wanted = |c: &Contender| only.as_ref().is_none_or(|name| c.name == name);
    let begin = Instant::now();
    for _ in 0..ROUNDS {
        for contender in contenders.iter_mut().filter(|c| wanted(c)) {
            let from = processor_time(begin);
            for _ in 0..MESSAGES {
                black_box((contender.run)(black_box(&bytes)));
            }
            let seconds = (processor_time(begin) - from).as_secs_f64();
            contender.rates.push(f64::from(MESSAGES) / seconds);
        }
    }
    println!("{OCTETS} octets, {ROUNDS} rounds of {MESSAGES}, messages a second of processor time");
    println!("{:<18} {:>12} {:>12} {:>12}", "", "median", "least", "most");
    for contender in contenders.iter_mut().filter(|c| wanted(c)) {
        contender.rates.sort_by(f64::total_cmp);
        let rates = &contender.rates;
        println!(
            "{:<18} {:>12.0} {:>12.0} {:>12.0}",
            contender.name,
            rates[ROUNDS / 2],
            rates[0],
            rates[ROUNDS - 1]
        );
    }
}
