//! RFC 2617 §3.5, RFC 7616 §3.9.1 and §3.9.2 (with erratum 4897: the RFC's own digests are of an
//! early SHA-512/256), the RFC 2069 example with its erratum, and values computed with OpenSSL for
//! what the RFCs give no example of.

use super::{client_of, take};
use crate::digest::{Algorithm, Qop, ResponseInput};

/// Challenge, credentials and request of an example, and what the answer has to hold.
struct Example {
    name: &'static str,
    challenge: &'static str,
    username: &'static str,
    password: &'static str,
    uri: &'static str,
    cnonce: &'static str,
    holds: &'static [&'static str],
}

const EXAMPLES: [Example; 5] = [
    Example {
        name: "RFC 2617 §3.5",
        challenge: "realm=\"testrealm@host.com\", qop=\"auth,auth-int\", \
            nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
        username: "Mufasa",
        password: "Circle Of Life",
        uri: "/dir/index.html",
        cnonce: "0a4f113b",
        holds: &[
            "response=\"6629fae49393a05397450978507c4ef1\"",
            "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
            "qop=auth, nc=00000001",
        ],
    },
    Example {
        name: "RFC 2069 §2.4 as corrected",
        challenge: "realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"",
        username: "Mufasa",
        password: "CircleOfLife",
        uri: "/dir/index.html",
        cnonce: "unused",
        holds: &["response=\"1949323746fe6a43ef61f9606e7febea\""],
    },
    Example {
        name: "RFC 7616 §3.9.1, MD5",
        challenge: "realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=MD5, \
            nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
            opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"",
        username: "Mufasa",
        password: "Circle of Life",
        uri: "/dir/index.html",
        cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        holds: &[
            "response=\"8ca523f5e9506fed4657c9700eebdbec\"",
            "algorithm=MD5",
        ],
    },
    Example {
        name: "RFC 7616 §3.9.1, SHA-256",
        challenge: "realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=SHA-256, \
            nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
            opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"",
        username: "Mufasa",
        password: "Circle of Life",
        uri: "/dir/index.html",
        cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        holds: &[
            "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\"",
            "algorithm=SHA-256",
        ],
    },
    Example {
        name: "RFC 7616 §3.9.2, SHA-512-256 with userhash",
        challenge: "realm=\"api@example.org\", qop=\"auth\", algorithm=SHA-512-256, \
            nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", \
            opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS\", charset=UTF-8, userhash=true",
        username: "Jäsøn Doe",
        password: "Secret, or not?",
        uri: "/doe.json",
        cnonce: "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
        holds: &[
            "username=\"793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b\"",
            "response=\"3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5\"",
            "userhash=true",
        ],
    },
];

#[test]
fn published_examples() {
    for example in EXAMPLES {
        let mut auth = client_of(example.username, example.password);
        let line = format!("WWW-Authenticate: Digest {}\r\n", example.challenge);
        assert!(take(&mut auth, &line), "{}", example.name);
        let uri = example.uri.as_bytes();
        let lines = auth.authorize("GET", uri, b"", example.cnonce);
        let value = String::from_utf8(lines[0].1.clone()).unwrap();
        for part in example.holds {
            assert!(value.contains(part), "{}: {value}", example.name);
        }
        let is_old = !example.challenge.contains("qop");
        assert_eq!(value.contains("cnonce="), !is_old, "{value}");
    }
}

#[test]
fn every_variant_of_every_algorithm() {
    // (algorithm, session, qop, method, body, response), computed with OpenSSL.
    let int = Some(Qop::AuthInt);
    let table = [
        (
            Algorithm::Md5,
            false,
            int,
            "77226bb823dc077c1ad3537415667bae",
        ),
        (
            Algorithm::Md5,
            true,
            Some(Qop::Auth),
            "e4e4ea61d186d07a92c9e1f6919902e9",
        ),
        (
            Algorithm::Md5,
            true,
            int,
            "8527c9ab1b4eed3fd75491f811944e26",
        ),
        (
            Algorithm::Md5,
            false,
            None,
            "bf57e4e0d0bffc0fbaedce64d59add5e",
        ),
        (
            Algorithm::Sha256,
            false,
            int,
            "554a9ffe79ce71c3cb6c9630deddd2787d8033f895e5cdef6a73c8e84ed4c979",
        ),
        (
            Algorithm::Sha256,
            true,
            Some(Qop::Auth),
            "5da59c9ca40954be9d5063a15a174066c8251be2c10cf47c144c366dc7daf792",
        ),
        (
            Algorithm::Sha256,
            true,
            int,
            "0b4a1efc19e1b701ec5775b6b16dde0fc416102e34a6c5bd6f957b20b5d79170",
        ),
        (
            Algorithm::Sha256,
            false,
            None,
            "38aad98c50c33abe72c5f88dd17246ffcfa6b1f68852c855719ff0659386c0ca",
        ),
        (
            Algorithm::Sha512_256,
            false,
            int,
            "e9a7fbc1c80a10421c59a0c982f28d40e0ddc7b62ef3dc4faf68f179c6e05922",
        ),
        (
            Algorithm::Sha512_256,
            true,
            Some(Qop::Auth),
            "077d9677be83f41f162d1a4453dc163389919f81e5927391d972f477da767633",
        ),
        (
            Algorithm::Sha512_256,
            true,
            int,
            "0220683d8c9faccc1d05bd2ef0e7ccdff87eacd5f06fb6bfd9cd7d3acf66a00b",
        ),
        (
            Algorithm::Sha512_256,
            false,
            None,
            "9e960b3a01beb63f1ea5d45d43bd8a2178879d3c9ddbbdb0624187ca823c6eca",
        ),
    ];
    for (algorithm, session, qop, expected) in table {
        let ha1 = algorithm.ha1("bob", "biloxi.com", "zanzibar");
        let input = ResponseInput {
            algorithm,
            session,
            ha1: &ha1,
            nonce: b"dcd98b7102dd2f0e8b11d0f600bfb0c093",
            nc: b"00000001",
            cnonce: b"0a4f113b",
            qop,
            method: b"INVITE",
            uri: b"sip:bob@biloxi.com",
            body: b"v=0\r\n",
        };
        assert_eq!(
            input.response(),
            expected,
            "{algorithm:?} {session} {qop:?}"
        );
    }
}
