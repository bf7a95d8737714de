//! Checking credentials: our own client's, and those of phones that do it in their own way.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::{client, client_of, take};
use crate::config::{Secret, User};
use crate::digest::{
    Algorithm, ClientAuth, Covered, DigestCredentials, Nonces, Verdict, challenge_value, verify,
};
use crate::token::Tokens;

struct Server {
    tokens: Tokens,
    nonces: Nonces,
    now: Instant,
    source: IpAddr,
    user: User,
}

impl Server {
    fn new() -> Self {
        Self {
            tokens: Tokens::new(&[1; 32], "x"),
            nonces: Nonces::new(Duration::from_secs(300)),
            now: crate::test_clock::start(),
            source: "192.0.2.1".parse().unwrap(),
            user: User {
                name: "1001".into(),
                secret: Secret::Password("pw".into()),
            },
        }
    }

    fn nonce(&mut self) -> String {
        self.nonces.draw(&self.tokens, self.now, self.source)
    }

    fn challenge(&mut self, auth: &mut ClientAuth, algorithm: &str, qop: &str) {
        let nonce = self.nonce();
        assert!(take(
            auth,
            &format!(
                "Proxy-Authenticate: Digest realm=\"r\",nonce=\"{nonce}\",algorithm={algorithm},qop=\"{qop}\"\r\n"
            )
        ));
    }

    fn check(&mut self, line: &[u8], method: &[u8]) -> Verdict {
        let found = DigestCredentials::parse(line).expect("credentials");
        let user = (found.username == self.user.name).then(|| self.user.clone());
        let covered = Covered {
            method,
            body: b"body",
            source: self.source,
        };
        let (nonces, tokens) = (&mut self.nonces, &self.tokens);
        verify(&found, user.as_ref(), &covered, nonces, tokens, self.now)
    }
}

fn sign(auth: &mut ClientAuth) -> Vec<u8> {
    auth.authorize("REGISTER", b"sip:r", b"body", "c0")
        .remove(0)
        .1
}

#[test]
fn our_client_is_understood_in_every_variant() {
    for algorithm in [
        "MD5",
        "SHA-256",
        "SHA-512-256",
        "MD5-sess",
        "SHA-256-sess",
        "SHA-512-256-sess",
    ] {
        for qop in ["auth", "auth-int", ""] {
            let mut server = Server::new();
            let mut auth = client();
            server.challenge(&mut auth, algorithm, qop);
            let line = sign(&mut auth);
            let what = format!("{algorithm} {qop}");
            assert_eq!(server.check(&line, b"INVITE"), Verdict::Refused, "{what}");
            assert_eq!(server.check(&line, b"REGISTER"), Verdict::Good, "{what}");
            assert_eq!(
                server.check(&line, b"REGISTER"),
                Verdict::Stale,
                "replayed: {what}"
            );
            // The next count of the same nonce is good; without qop there is no count.
            let again = sign(&mut auth);
            let expected = if qop.is_empty() {
                Verdict::Stale
            } else {
                Verdict::Good
            };
            assert_eq!(server.check(&again, b"REGISTER"), expected, "{what}");
        }
    }
}

#[test]
fn nonces_age_and_belong_to_their_source() {
    let mut server = Server::new();
    let mut auth = client();
    server.challenge(&mut auth, "SHA-256", "auth");
    let home = server.source;
    server.source = "192.0.2.2".parse().unwrap();
    assert_eq!(server.check(&sign(&mut auth), b"REGISTER"), Verdict::Stale);
    server.source = home;
    server.now += Duration::from_secs(300);
    assert_eq!(server.check(&sign(&mut auth), b"REGISTER"), Verdict::Good);
    server.now += Duration::from_secs(1);
    assert_eq!(server.check(&sign(&mut auth), b"REGISTER"), Verdict::Stale);
    assert_eq!(server.nonces.remembered(), 0);
    // A nonce of an earlier process, or an invented one.
    server.challenge(&mut auth, "SHA-256", "auth");
    server.tokens = Tokens::new(&[2; 32], "x");
    assert_eq!(server.check(&sign(&mut auth), b"REGISTER"), Verdict::Stale);
    let invented =
        b"Digest username=\"1001\", realm=\"r\", nonce=\"x\", uri=\"sip:r\", response=\"0\"";
    assert_eq!(server.check(invented, b"REGISTER"), Verdict::Stale);
}

#[test]
fn no_two_nonces_are_the_same() {
    let mut server = Server::new();
    assert_ne!(server.nonce(), server.nonce(), "two phones behind one NAT");
}

#[test]
fn wrong_passwords_and_unknown_users_are_the_same() {
    for (username, password) in [
        ("1001", "guess"),
        ("nobody", "pw"),
        ("nobody", "nobody"),
        ("", ""),
    ] {
        let mut server = Server::new();
        let mut auth = client_of(username, password);
        server.challenge(&mut auth, "SHA-256", "auth");
        let line = sign(&mut auth);
        assert_eq!(
            server.check(&line, b"REGISTER"),
            Verdict::Refused,
            "{username}"
        );
        assert_eq!(server.nonces.remembered(), 0, "strangers fill no memory");
    }
}

#[test]
fn stored_digests_serve_their_algorithms_only() {
    let mut server = Server::new();
    server.user.secret = Secret::Ha1 {
        md5: None,
        sha256: Some(Algorithm::Sha256.ha1("1001", "r", "pw")),
    };
    for (algorithm, verdict) in [
        ("SHA-256", Verdict::Good),
        ("MD5", Verdict::Refused),
        ("SHA-512-256", Verdict::Refused),
    ] {
        let mut auth = client();
        server.challenge(&mut auth, algorithm, "auth");
        assert_eq!(
            server.check(&sign(&mut auth), b"REGISTER"),
            verdict,
            "{algorithm}"
        );
    }
}

#[test]
fn extended_usernames_are_decoded() {
    let mut server = Server::new();
    server.user.name = "Jäsøn Doe".into();
    let mut auth = client_of("Jäsøn Doe", "pw");
    server.challenge(&mut auth, "SHA-256", "auth");
    let line = String::from_utf8(sign(&mut auth)).unwrap();
    let line = line.replace(
        "username=\"Jäsøn Doe\"",
        "username*=UTF-8''J%C3%A4s%C3%B8n%20Doe",
    );
    assert!(line.contains("username*"));
    assert_eq!(server.check(line.as_bytes(), b"REGISTER"), Verdict::Good);
}

#[test]
fn incomplete_credentials_are_none() {
    let whole = "Digest username=\"u\", realm=\"r\", nonce=\"n\", uri=\"sip:r\", response=\"0\", qop=auth, nc=00000001, cnonce=\"c\"";
    assert!(DigestCredentials::parse(whole.as_bytes()).is_some());
    for (part, instead) in [
        ("Digest", "Basic"),
        ("nonce=\"n\", ", ""),
        ("response=\"0\", ", ""),
        ("nc=00000001", "nc="),
        ("nc=00000001", "nc=+0000001"),
        ("nc=00000001", "nc=000000001"),
        ("nc=00000001", "nc=0000000g"),
        (", cnonce=\"c\"", ""),
        ("qop=auth", "qop=auth-conf"),
        ("username=\"u\"", "username*=latin1''u"),
    ] {
        let broken = whole.replace(part, instead);
        assert_ne!(broken, whole);
        assert_eq!(
            DigestCredentials::parse(broken.as_bytes()),
            None,
            "{broken}"
        );
    }
}

#[test]
fn our_challenges_are_readable() {
    let value = challenge_value("a \"b\"", "n", Algorithm::Sha512_256, true);
    let found = crate::digest::Challenge::parse_all(value.as_bytes()).remove(0);
    assert_eq!(found.realm, b"a \"b\"");
    assert!(found.stale && found.qop.is_some());
    assert_eq!(found.algorithm.hash, Algorithm::Sha512_256);
}
