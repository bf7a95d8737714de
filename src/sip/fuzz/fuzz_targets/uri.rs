//! Any octets as a URI, an address and a host with port.
#![no_main]

use carillon_sip::headers::{NameAddr, Via, host_port, lex};
use carillon_sip::uri::{Uri, is_sendable, user_of};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(uri) = Uri::parse(bytes) {
        assert!(!uri.scheme.is_empty());
        let _ = (uri.user_text(), uri.ip(), uri.socket(), uri.param(b"transport"));
        assert!(uri.user.len() + uri.host.len() + uri.params.len() < bytes.len());
    }
    let _ = (user_of(bytes), host_port(bytes), is_sendable(bytes));
    if let Some(address) = NameAddr::parse(bytes) {
        let _ = (address.display_text(), address.param(b"tag"));
        // The same address in brackets means the same.
        let again = [b"<", address.uri, b">;", address.params].concat();
        let back = NameAddr::parse(&again).expect("brackets change nothing");
        assert_eq!((back.uri, back.params), (address.uri, address.params));
    }
    if let Some(via) = Via::parse(bytes) {
        let _ = via.stamped("192.0.2.1:5060".parse().unwrap());
    }
    let once = lex::unescape(bytes);
    assert!(once.len() <= bytes.len());
    let text = String::from_utf8_lossy(bytes);
    let clean: String = text.chars().filter(|c| !c.is_control()).collect();
    let clean = lex::trim(clean.as_bytes()).to_vec();
    let clean = String::from_utf8(clean).expect("trimming takes ASCII only");
    assert_eq!(lex::unquote(lex::quote(&clean).as_bytes()), clean.as_bytes());
});
