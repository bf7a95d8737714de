//! Authentication-Info: the next nonce and the server's own proof.

use super::{client_of, take};
use crate::digest::{ClientAuth, Mutual};
use crate::message::{Bounds, parse};

/// Of bob at biloxi.com, INVITE sip:bob@biloxi.com, nc 1, computed with OpenSSL.
const PROOF: &str = "9175a7857f138ef9768651f475f1d73a";

fn challenged(algorithm: &str) -> ClientAuth {
    let mut auth = client_of("bob", "zanzibar");
    assert!(take(
        &mut auth,
        &format!(
            "WWW-Authenticate: Digest realm=\"biloxi.com\", qop=\"auth\", algorithm={algorithm}, \
             nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"\r\n"
        )
    ));
    sign(&mut auth);
    auth
}

fn sign(auth: &mut ClientAuth) -> String {
    let lines = auth.authorize("INVITE", b"sip:bob@biloxi.com", b"", "0a4f113b");
    String::from_utf8(lines[0].1.clone()).unwrap()
}

fn learn(auth: &mut ClientAuth, line: &str) -> Mutual {
    let bytes = format!("SIP/2.0 200 OK\r\n{line}\r\n\r\n").into_bytes();
    auth.learn(&parse(&bytes, &Bounds::default()).unwrap())
}

#[test]
fn the_next_nonce_is_used_from_the_next_request_on() {
    let mut auth = challenged("MD5");
    let info = "Authentication-Info: nextnonce=\"fresh\"";
    assert_eq!(learn(&mut auth, info), Mutual::Absent);
    let line = sign(&mut auth);
    assert!(
        line.contains("nonce=\"fresh\"") && line.contains("nc=00000001"),
        "{line}"
    );
    // The same one again is no new nonce: counting goes on.
    learn(&mut auth, info);
    assert!(sign(&mut auth).contains("nc=00000002"));
}

#[test]
fn the_servers_proof_is_checked() {
    let mut auth = challenged("MD5");
    let right = format!(
        "AUTHENTICATION-INFO: qop=auth, rspauth=\"{PROOF}\", cnonce=\"0a4f113b\", nc=00000001, nextnonce=\"n2\""
    );
    assert_eq!(learn(&mut auth, &right), Mutual::Proven);
    assert!(sign(&mut auth).contains("nonce=\"n2\""));

    let mut auth = challenged("MD5");
    let wrong = right.replace(PROOF, &PROOF.replace('9', "0"));
    assert_eq!(learn(&mut auth, &wrong), Mutual::Mismatch);
    let line = sign(&mut auth);
    assert!(
        !line.contains("n2"),
        "what is not proven is not used: {line}"
    );
    assert!(line.contains("nc=00000002"), "{line}");
}

#[test]
fn proofs_of_proxies_and_with_body() {
    let mut auth = challenged("MD5");
    let proxy = format!("Proxy-Authentication-Info: rspauth=\"{PROOF}\"");
    assert_eq!(
        learn(&mut auth, &proxy),
        Mutual::Absent,
        "no proxy asked us"
    );
    // auth-int covers the response's body: an empty one hashes differently from none.
    let with_body = format!("Authentication-Info: qop=auth-int, rspauth=\"{PROOF}\"");
    assert_eq!(learn(&mut auth, &with_body), Mutual::Mismatch);
    assert_eq!(learn(&mut client_of("a", "b"), &with_body), Mutual::Absent);
}

#[test]
fn a_session_goes_on_with_its_nonce() {
    let mut auth = challenged("MD5-sess");
    learn(&mut auth, "Authentication-Info: nextnonce=\"fresh\"");
    let line = sign(&mut auth);
    assert!(
        !line.contains("fresh") && line.contains("nc=00000002"),
        "{line}"
    );
}
