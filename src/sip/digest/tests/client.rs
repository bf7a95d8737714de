//! Which challenge is answered, how often, and when it is given up.

use super::{client, client_of, lines, only_line, take};
use crate::digest::{Algorithm, Challenge};
use crate::message::HeaderName;

#[test]
fn the_strongest_known_challenge_of_a_realm_is_answered() {
    let offer = |algorithm: &str| {
        let parameter = match algorithm {
            "" => String::new(),
            name => format!(", algorithm={name}"),
        };
        format!("WWW-Authenticate: Digest realm=\"r\", nonce=\"of {algorithm}\"{parameter}\r\n")
    };
    // (offered, taken)
    for (offered, taken) in [
        (&["MD5", "SHA-256"][..], "SHA-256"),
        (&["SHA-512-256", "SHA-256", "MD5"], "SHA-512-256"),
        (&["MD5", "SHA-512-256", "SHA-256"], "SHA-512-256"),
        (&["", "SHA-256-sess"], "SHA-256-sess"),
        (&["SHA-256", "SHA-256-sess"], "SHA-256"),
        (&["SHA3-512", "AKAv1-MD5", "md5"], "md5"),
        (&["SHA-512", ""], ""),
        (&["sha256", "MD5"], "sha256"),
    ] {
        let mut auth = client();
        let all: String = offered.iter().map(|a| offer(a)).collect();
        assert!(take(&mut auth, &all), "{offered:?}");
        let line = only_line(&mut auth);
        assert!(line.contains(&format!("nonce=\"of {taken}\"")), "{line}");
        let echoed = format!("algorithm={taken}");
        assert_eq!(line.contains("algorithm="), !taken.is_empty(), "{line}");
        assert!(taken.is_empty() || line.contains(&echoed), "{line}");
    }
    let mut auth = client();
    assert!(!take(&mut auth, &offer("SHA3-512")), "none that we know");
    assert!(!take(&mut auth, "WWW-Authenticate: Basic realm=\"r\"\r\n"));
    assert!(!take(&mut auth, ""));
    assert!(!auth.is_challenged());
}

#[test]
fn qop_lists() {
    // (list as written, qop in the answer; "" none; None: not answerable)
    for (list, used) in [
        ("qop=\"auth\"", Some("auth")),
        ("qop=\"auth,auth-int\"", Some("auth")),
        ("qop=\"auth-int, auth\"", Some("auth")),
        ("qop=\" auth-int \"", Some("auth-int")),
        ("qop=\"auth-int,auth-conf\"", Some("auth-int")),
        ("qop=\"token, AUTH ,x\"", Some("auth")),
        ("qop=auth", Some("auth")),
        ("qop=\"auth-conf\"", None),
        ("qop=\"\"", Some("")),
        ("QOP = \"auth\"", Some("auth")),
        ("stale=false", Some("")),
    ] {
        let mut auth = client();
        let line = format!("WWW-Authenticate: Digest realm=\"r\", {list}, nonce=\"n\"\r\n");
        assert_eq!(take(&mut auth, &line), used.is_some(), "{list}");
        let Some(used) = used else { continue };
        let answer = only_line(&mut auth);
        if used.is_empty() {
            assert!(
                !answer.contains("qop") && !answer.contains("nc="),
                "{answer}"
            );
        } else {
            assert!(
                answer.contains(&format!("qop={used}, nc=00000001")),
                "{answer}"
            );
        }
    }
}

#[test]
fn two_realms_are_answered_at_once_and_one_after_the_other() {
    let www = "WWW-Authenticate: Digest realm=\"s\", nonce=\"2\"\r\n";
    let proxy = "Proxy-Authenticate: Digest realm=\"p\", nonce=\"1\"\r\n";
    let other = "Proxy-Authenticate: Digest realm=\"q\", nonce=\"3\"\r\n";
    let names =
        |auth: &mut _| -> Vec<HeaderName> { lines(auth).into_iter().map(|l| l.0).collect() };
    let (server_name, proxy_name) = (HeaderName::Authorization, HeaderName::ProxyAuthorization);

    let mut auth = client();
    assert!(take(&mut auth, &format!("{proxy}{www}{other}")));
    assert_eq!(names(&mut auth), [server_name, proxy_name, proxy_name]);

    let mut auth = client();
    assert!(take(&mut auth, proxy));
    assert_eq!(names(&mut auth), [proxy_name]);
    assert!(take(&mut auth, www));
    assert_eq!(names(&mut auth), [proxy_name, server_name]);

    // The same realm name at a proxy and at the server are two.
    let mut auth = client();
    assert!(take(
        &mut auth,
        &format!("{www}{}", proxy.replace("\"p\"", "\"s\""))
    ));
    assert_eq!(names(&mut auth), [server_name, proxy_name]);
}

/// One challenge of several: nonce, `stale` as written, whether we go on.
type Asked = (&'static str, &'static str, bool);

#[test]
fn refusals_and_stale_nonces() {
    let line = |nonce: &str, stale: &str| {
        format!("WWW-Authenticate: Digest realm=\"r\", nonce=\"{nonce}\", stale={stale}\r\n")
    };
    let table: [(&str, &[Asked]); 6] = [
        (
            "same nonce again",
            &[("1", "false", true), ("1", "false", false)],
        ),
        (
            "a second refusal",
            &[
                ("1", "false", true),
                ("2", "false", true),
                ("3", "false", false),
            ],
        ),
        (
            "stale is no refusal",
            &[
                ("1", "false", true),
                ("2", "TRUE", true),
                ("3", "\"true\"", true),
                ("4", "false", true),
                ("5", "false", false),
            ],
        ),
        (
            "always stale",
            &[
                ("1", "false", true),
                ("2", "true", true),
                ("3", "true", true),
                ("4", "true", true),
                ("5", "true", false),
            ],
        ),
        (
            "stale with the nonce we used",
            &[("1", "false", true), ("1", "true", true)],
        ),
        (
            "stale from the start",
            &[
                ("1", "true", true),
                ("2", "false", true),
                ("3", "false", false),
            ],
        ),
    ];
    for (name, challenges) in table {
        let mut auth = client();
        for (nonce, stale, goes_on) in challenges {
            assert_eq!(
                take(&mut auth, &line(nonce, stale)),
                *goes_on,
                "{name}: {nonce}"
            );
            only_line(&mut auth);
        }
    }
    // What was accepted in between counts no more.
    let mut auth = client();
    for nonce in 1..20 {
        assert!(take(&mut auth, &line(&nonce.to_string(), "false")));
        auth.accepted();
    }
}

#[test]
fn counts_grow_with_each_request_and_start_again_with_each_nonce() {
    let line = |nonce: &str| {
        format!(
            "WWW-Authenticate: Digest realm=\"r\", nonce=\"{nonce}\", qop=\"auth\", stale=true\r\n"
        )
    };
    let mut auth = client();
    assert!(lines(&mut auth).is_empty(), "nothing before a challenge");
    assert!(take(&mut auth, &line("1")));
    for count in 1..=17 {
        assert!(only_line(&mut auth).contains(&format!("nc={count:08x}")));
    }
    assert!(take(&mut auth, &line("2")));
    assert!(only_line(&mut auth).contains("nc=00000001"));
}

#[test]
fn a_session_keeps_the_client_nonce_of_its_key() {
    let challenge = |nonce: &str| {
        format!(
            "WWW-Authenticate: Digest realm=r, nonce=\"{nonce}\", algorithm=MD5-sess, qop=auth, stale=true\r\n"
        )
    };
    let mut auth = client();
    let cnonce = |auth: &mut crate::digest::ClientAuth, drawn: &str| {
        let lines = auth.authorize("INVITE", b"sip:a", b"", drawn);
        String::from_utf8(lines[0].1.clone()).unwrap()
    };
    assert!(take(&mut auth, &challenge("1")));
    assert!(cnonce(&mut auth, "first").contains("cnonce=\"first\""));
    assert!(cnonce(&mut auth, "second").contains("cnonce=\"first\""));
    assert!(take(&mut auth, &challenge("2")));
    assert!(cnonce(&mut auth, "third").contains("cnonce=\"third\""));
}

#[test]
fn strings_with_escapes_and_other_scripts() {
    let mut auth = client_of("Jäsøn \"J\" \\Doe", "pw");
    assert!(take(
        &mut auth,
        "WWW-Authenticate: Digest realm=\"Zürich, \\\"HQ\\\" <1>\", nonce=\"a\\\\b=,\", \
         opaque=\"\\\"\", domain=\"sip:a sip:b\", x-new=1, qop=\"auth\"\r\n"
    ));
    let line = only_line(&mut auth);
    assert!(
        line.contains("username=\"Jäsøn \\\"J\\\" \\\\Doe\""),
        "{line}"
    );
    assert!(line.contains("realm=\"Zürich, \\\"HQ\\\" <1>\""), "{line}");
    assert!(line.contains("nonce=\"a\\\\b=,\""), "{line}");
    assert!(line.contains("opaque=\"\\\"\""), "{line}");
    let ha1 = Algorithm::Md5.ha1("Jäsøn \"J\" \\Doe", "Zürich, \"HQ\" <1>", "pw");
    let a2 = Algorithm::Md5.digest(&[b"INVITE", b"sip:a@b"]);
    let parts: [&[u8]; 6] = [
        ha1.as_bytes(),
        b"a\\b=,",
        b"00000001",
        b"c0",
        b"auth",
        a2.as_bytes(),
    ];
    let response = Algorithm::Md5.digest(&parts);
    assert!(
        line.contains(&response),
        "unescaped values are hashed: {line}"
    );
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
fn strange_challenges_are_left_out_and_bounded() {
    let long = "n".repeat(2000);
    for line in [
        "Digest",
        "Digest realm=\"r\"",
        "Digest nonce=\"n\"",
        "digest realm=\"r\",,,nonce",
        &format!("Digest realm=\"r\", nonce=\"{long}\""),
        "realm=\"r\", nonce=\"n\"",
    ] {
        let found = Challenge::parse_all(line.as_bytes());
        assert!(
            found.is_empty() || found[0].nonce.is_empty(),
            "{line}: {found:?}"
        );
    }
    let mut auth = client();
    let realm = |n: u8| format!("WWW-Authenticate: Digest realm=\"{n}\", nonce=\"n\"\r\n");
    let four: String = (0..4).map(realm).collect();
    assert!(take(&mut auth, &four));
    assert!(!take(&mut auth, &realm(9)), "a fifth realm");
    assert_eq!(lines(&mut auth).len(), 4);
}
