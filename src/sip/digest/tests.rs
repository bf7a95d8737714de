//! Known answers from RFC 2617 §3.5 and RFC 7616 §3.9.1, and both sides against each other.

use std::time::Duration;

use super::*;
use crate::config::{Credentials, Secret, User};
use crate::message::{Bounds, HeaderName, parse};
use crate::token::Tokens;

fn input<'a>(algorithm: Algorithm, ha1: &'a str) -> ResponseInput<'a> {
    ResponseInput {
        algorithm,
        session: false,
        ha1,
        nonce: b"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        nc: b"00000001",
        cnonce: b"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        qop: Some(Qop::Auth),
        method: b"GET",
        uri: b"/dir/index.html",
        body: b"",
    }
}

#[test]
fn rfc_7616_examples() {
    let md5 = Algorithm::Md5.ha1("Mufasa", "http-auth@example.org", "Circle of Life");
    assert_eq!(
        input(Algorithm::Md5, &md5).response(),
        "8ca523f5e9506fed4657c9700eebdbec"
    );
    let sha = Algorithm::Sha256.ha1("Mufasa", "http-auth@example.org", "Circle of Life");
    assert_eq!(
        input(Algorithm::Sha256, &sha).response(),
        "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
    );
}

fn challenge(lines: &str) -> Vec<u8> {
    format!("SIP/2.0 401 Unauthorized\r\n{lines}\r\n").into_bytes()
}

fn take(auth: &mut ClientAuth, lines: &str) -> bool {
    let bytes = challenge(lines);
    auth.take(&parse(&bytes, &Bounds::default()).unwrap())
}

fn client() -> ClientAuth {
    ClientAuth::new(Credentials {
        username: "1001".into(),
        password: "pw".into(),
    })
}

fn only_line(auth: &mut ClientAuth) -> String {
    let lines = auth.authorize("INVITE", b"sip:a@b", b"", "c0");
    assert_eq!(lines.len(), 1);
    String::from_utf8(lines[0].1.clone()).unwrap()
}

#[test]
fn strongest_known_challenge_is_chosen_and_qop_list_gives_auth() {
    let mut auth = client();
    assert!(take(
        &mut auth,
        "WWW-Authenticate: Digest realm=\"r\", nonce=\"n1\", algorithm=MD5, qop=\"auth\"\r\n\
         WWW-Authenticate: Digest realm=\"r\",nonce=\"n2\",algorithm=SHA-512-256,qop=\"auth\"\r\n\
         WWW-Authenticate: Digest realm=\"r\", nonce=\"n3\", algorithm=SHA-256, qop=\"auth,auth-int\"\r\n\
         WWW-Authenticate: Basic realm=\"r\"\r\n"
    ));
    let line = only_line(&mut auth);
    assert!(
        line.contains("nonce=\"n3\"") && line.contains("algorithm=SHA-256"),
        "{line}"
    );
    assert!(line.contains("qop=auth, nc=00000001"), "{line}");
}

#[test]
fn several_challenges_on_one_line() {
    let found = Challenge::parse_all(
        b"Digest realm=\"a, b\", nonce=\"1\", Basic realm=\"z\", Digest realm=c,nonce=2,opaque=\"\"",
    );
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].realm, b"a, b");
    assert_eq!(
        (found[1].realm.as_slice(), found[1].opaque.as_deref()),
        (&b"c"[..], Some(&b""[..]))
    );
}

#[test]
fn session_variant_and_auth_int_verify_on_the_server() {
    let user = User {
        name: "1001".into(),
        secret: Secret::Password("pw".into()),
    };
    let tokens = Tokens::new(&[1; 32], "x");
    let now = crate::test_clock::start();
    let source = "192.0.2.1".parse().unwrap();
    for (algorithm, qop) in [
        ("MD5-sess", "auth-int"),
        ("SHA-256-sess", "auth"),
        ("SHA-256", "auth-int"),
        ("MD5", ""),
    ] {
        let mut nonces = Nonces::new(Duration::from_secs(300));
        let nonce = nonces.draw(&tokens, now, source);
        let mut auth = client();
        assert!(take(
            &mut auth,
            &format!(
                "Proxy-Authenticate: Digest realm=\"r\",nonce=\"{nonce}\",algorithm={algorithm},qop=\"{qop}\"\r\n"
            )
        ));
        let lines = auth.authorize("REGISTER", b"sip:r", b"body", "c0");
        assert_eq!(lines[0].0, HeaderName::ProxyAuthorization);
        let found = DigestCredentials::parse(&lines[0].1).unwrap();
        let covered = Covered {
            method: b"REGISTER",
            body: b"body",
            source,
        };
        let mut check = |user, now, covered: &Covered<'_>| {
            verify(&found, user, covered, &mut nonces, &tokens, now)
        };
        assert_eq!(
            check(Some(&user), now, &covered),
            Verdict::Good,
            "{algorithm} {qop}"
        );
        assert_eq!(check(None, now, &covered), Verdict::Refused);
        let other = Covered {
            method: b"INVITE",
            body: b"body",
            source,
        };
        assert_eq!(check(Some(&user), now, &other), Verdict::Refused);
        let elsewhere = Covered {
            source: "192.0.2.2".parse().unwrap(),
            ..covered
        };
        assert_eq!(check(Some(&user), now, &elsewhere), Verdict::Stale);
        let late = now + Duration::from_secs(302);
        let covered = Covered {
            method: b"REGISTER",
            body: b"body",
            source,
        };
        assert_eq!(check(Some(&user), late, &covered), Verdict::Stale);
    }
}

#[test]
fn refused_twice_gives_up_and_stale_retries() {
    let line = |nonce: &str, stale: bool| {
        format!("WWW-Authenticate: Digest realm=\"r\", nonce=\"{nonce}\", stale={stale}\r\n")
    };
    let mut auth = client();
    assert!(take(&mut auth, &line("1", false)));
    assert!(
        !take(&mut auth, &line("1", false)),
        "same nonce: nothing would change"
    );
    let mut auth = client();
    assert!(take(&mut auth, &line("1", false)));
    assert!(take(&mut auth, &line("2", false)));
    assert!(!take(&mut auth, &line("3", false)));
    let mut auth = client();
    assert!(take(&mut auth, &line("1", false)));
    for nonce in ["2", "3", "4"] {
        assert!(take(&mut auth, &line(nonce, true)));
    }
    assert!(
        !take(&mut auth, &line("5", true)),
        "a server that is always stale"
    );
    let mut auth = client();
    assert!(!take(&mut auth, "WWW-Authenticate: Basic realm=\"r\"\r\n"));
}

#[test]
fn proxy_then_server_challenge_keeps_both() {
    let mut auth = client();
    assert!(take(
        &mut auth,
        "Proxy-Authenticate: Digest realm=\"p\", nonce=\"1\"\r\n"
    ));
    assert!(take(
        &mut auth,
        "WWW-Authenticate: Digest realm=\"s\", nonce=\"2\"\r\n"
    ));
    let names: Vec<HeaderName> = auth
        .authorize("INVITE", b"sip:a", b"", "c")
        .into_iter()
        .map(|l| l.0)
        .collect();
    assert_eq!(
        names,
        [HeaderName::ProxyAuthorization, HeaderName::Authorization]
    );
}
