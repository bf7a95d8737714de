//! Both sides agree on any words, and no octets upset them.

use std::time::Duration;

use proptest::prelude::*;

use super::{client_of, take};
use crate::config::{Secret, User};
use crate::digest::{
    Algorithm, Challenge, ClientAuth, Covered, DigestCredentials, Nonces, Verdict, challenge_value,
    verify,
};
use crate::message::{Bounds, parse};
use crate::token::Tokens;

/// Whatever can stand in one header line.
fn words() -> impl Strategy<Value = String> {
    let any = proptest::char::any().prop_filter("one line", |c| !c.is_control());
    let telling =
        proptest::sample::select(vec!['"', '\\', ',', '=', ' ', '<', '>', ':', '\'', 'ü']);
    proptest::collection::vec(prop_oneof![any, telling], 0..24)
        .prop_map(|v| v.into_iter().collect())
}

proptest! {
    #[test]
    fn any_words_prove_their_user(
        name in words(),
        realm in words(),
        password in words(),
        body in proptest::collection::vec(any::<u8>(), 0..40),
        algorithm in proptest::sample::select(vec![Algorithm::Md5, Algorithm::Sha256, Algorithm::Sha512_256]),
    ) {
        let tokens = Tokens::new(&[1; 32], "x");
        let now = crate::test_clock::start();
        let source = "192.0.2.1".parse().unwrap();
        let mut nonces = Nonces::new(Duration::from_secs(300));
        let nonce = nonces.draw(&tokens, now, source);
        let value = challenge_value(&realm, &nonce, algorithm, false);
        let mut auth = client_of(&name, &password);
        let line = format!("WWW-Authenticate: {value}\r\n");
        prop_assert!(take(&mut auth, &line), "{}", line);
        let answer = auth.authorize("INVITE", b"sip:a@b;x=\"1\"", &body, "c").remove(0).1;
        let found = DigestCredentials::parse(&answer).unwrap();
        prop_assert_eq!(&found.username, &name);
        prop_assert_eq!(&found.realm, &realm);
        let mut check = |password: &str| {
            let user = User { name: name.clone(), secret: Secret::Password(password.into()) };
            let covered = Covered { method: b"INVITE", body: &body, source };
            verify(&found, Some(&user), &covered, &mut nonces, &tokens, now)
        };
        prop_assert_eq!(check(&format!("{password}x")), Verdict::Refused);
        prop_assert_eq!(check(&password), Verdict::Good);
        prop_assert_eq!(check(&password), Verdict::Stale);
    }

    #[test]
    fn no_octets_upset_the_readers(octets in proptest::collection::vec(any::<u8>(), 0..120)) {
        for line in [octets.clone(), [b"Digest ", &octets[..]].concat()] {
            let _ = DigestCredentials::parse(&line);
            for challenge in Challenge::parse_all(&line) {
                prop_assert!(challenge.nonce.len() <= 1024);
            }
            let mut message = b"SIP/2.0 401 X\r\nWWW-Authenticate: ".to_vec();
            message.extend(line.iter().map(|b| if matches!(b, b'\r' | b'\n') { b' ' } else { *b }));
            message.extend_from_slice(b"\r\nAuthentication-Info: nextnonce=\"a\", rspauth=");
            message.extend_from_slice(b"\"1\"\r\n\r\n");
            if let Ok(response) = parse(&message, &Bounds::default()) {
                let mut auth: ClientAuth = client_of("u", "p");
                if auth.take(&response) {
                    for (_, value) in auth.authorize("INVITE", b"sip:a", b"", "c") {
                        prop_assert!(!value.contains(&b'\r') && !value.contains(&b'\n'));
                    }
                    auth.learn(&response);
                }
            }
        }
    }
}
