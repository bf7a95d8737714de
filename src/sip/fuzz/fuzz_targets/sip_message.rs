//! Any octets as one message: nothing panics, and what was understood is written and read back
//! as the same message.
#![no_main]

use carillon_sip::headers::{CSeq, NameAddr, Reason, Via, lex};
use carillon_sip::message::{Bounds, HeaderName, Message, parse};
use carillon_sip::summary;
use libfuzzer_sys::fuzz_target;

fn is_part(whole: &[u8], part: &[u8]) -> bool {
    let (from, to) = (whole.as_ptr_range(), part.as_ptr_range());
    part.is_empty() || from.start <= to.start && to.end <= from.end
}

fn typed(bytes: &[u8], message: &Message<'_>) {
    for header in &message.headers {
        assert!(is_part(bytes, header.raw_name) && is_part(bytes, header.value));
        assert!(!header.raw_name.contains(&b'\n'));
        let _ = NameAddr::parse(header.value).map(|a| a.display_text());
        let _ = (Via::parse(header.value), CSeq::parse(header.value));
    }
    for via in message.list(HeaderName::Via).filter_map(Via::parse) {
        let stamped = via.stamped("192.0.2.1:5060".parse().unwrap());
        let back = Via::parse(&stamped).expect("what we stamp can be read");
        assert_eq!((back.branch, back.host, back.port), (via.branch, via.host, via.port));
        let _ = via.reply_to("[2001:db8::1]:5060".parse().unwrap(), false);
    }
    for contact in message.list(HeaderName::Contact).filter_map(NameAddr::parse) {
        assert!(is_part(bytes, contact.uri) && is_part(bytes, contact.params));
    }
    for reason in Reason::all(message) {
        let text = reason.to_string();
        assert!(!text.contains(['\r', '\n']), "{text:?}");
    }
    let _ = (message.via(), message.from(), message.to(), message.contact(), message.cseq());
    let _ = (message.from_tag(), message.to_tag(), message.phrase(), message.sdp_body());
    let _ = (message.number(HeaderName::Expires), message.named("subject"));
    let _ = lex::text(message.uri());
}

fuzz_target!(|bytes: &[u8]| {
    assert!(!summary(bytes).contains('\n'));
    let Ok(first) = parse(bytes, &Bounds::default()) else {
        return;
    };
    assert!(is_part(bytes, first.body));
    typed(bytes, &first);
    if first.defect.is_some() {
        return;
    }
    let written = first.to_bytes();
    let second = parse(&written, &Bounds { max_headers: 257 }).expect("what we write can be read");
    assert_eq!(second.start, first.start);
    assert_eq!(second.body, first.body);
    assert_eq!(second.defect, None);
    let kept = |m: &Message<'_>| -> Vec<(Vec<u8>, Vec<u8>)> {
        let kept = m.headers.iter().filter(|h| h.name != HeaderName::ContentLength);
        kept.map(|h| (h.raw_name.to_vec(), h.value.to_vec())).collect()
    };
    assert_eq!(kept(&second), kept(&first));
    assert_eq!(second.to_bytes(), written);
});
