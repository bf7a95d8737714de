//! Any octets as challenges, credentials and as the answer to a request of ours.
#![no_main]

use carillon_sip::Credentials;
use carillon_sip::digest::{Challenge, ClientAuth, DigestCredentials};
use carillon_sip::message::{Bounds, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = (Challenge::parse_all(bytes), DigestCredentials::parse(bytes));
    let line: Vec<u8> = bytes.iter().copied().filter(|b| !b"\r\n".contains(b)).collect();
    let challenges = Challenge::parse_all(&line);
    let mut response = b"SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: ".to_vec();
    response.extend_from_slice(&line);
    response.extend_from_slice(b"\r\nContent-Length: 0\r\n\r\n");
    let message = parse(&response, &Bounds::default()).expect("a response");
    let mut auth = ClientAuth::new(Credentials {
        username: "alice \"1\"".into(),
        password: "secret".into(),
    });
    // A server that draws no nonce is answered, but as a server we would not take that answer.
    let without_nonce = challenges.iter().any(|c| c.nonce.is_empty());
    if !auth.take(&message) || without_nonce {
        return;
    }
    let answers = auth.authorize("INVITE", b"sip:bob@192.0.2.1", b"v=0", "c1");
    assert!(!answers.is_empty());
    for (_, value) in answers {
        assert!(!value.contains(&b'\n') && !value.contains(&b'\r'), "{value:?}");
        let back = DigestCredentials::parse(&value).expect("our own credentials can be read");
        // With `userhash` the name itself does not travel (RFC 7616 §3.4.4).
        if !challenges.iter().any(|c| c.userhash) {
            assert_eq!(back.username, "alice \"1\"");
        }
        assert!(back.hash().is_some());
    }
});
