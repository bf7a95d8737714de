//! How many REGISTER a second one endpoint serves, digest included (`cargo bench -p carillon-sip
//! --bench registrar`).
//!
//! `first`: each phone is challenged and registers (two REGISTER, both answers counted as one
//! registration). `refresh`: each phone registers again with credentials from the start. Both with
//! SHA-256 and with MD5. One thread, messages parsed and written, nothing sent.
#![allow(clippy::print_stdout, reason = "a report for people")]
#![allow(
    clippy::disallowed_methods,
    reason = "measures time, decides nothing by it"
)]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use carillon_sip::digest::{Algorithm, ClientAuth};
use carillon_sip::message::{Bounds, parse};
use carillon_sip::{Credentials, Endpoint, EndpointConfig, RegistrarConfig, Secret, User};

/// Phones, each at an address of its own.
const PHONES: u32 = 20_000;
/// Rounds of refreshes.
const ROUNDS: u32 = 3;

struct Phone {
    user: String,
    source: SocketAddr,
    auth: ClientAuth,
    cseq: u32,
}

fn phone(n: u32) -> Phone {
    let user = format!("phone{n}");
    Phone {
        source: SocketAddr::from((std::net::Ipv4Addr::from(0x0a00_0000 + n), 5060)),
        auth: ClientAuth::new(Credentials {
            username: user.clone(),
            password: format!("secret{n}"),
        }),
        user,
        cseq: 0,
    }
}

fn endpoint(algorithm: Algorithm) -> Endpoint {
    let users = (0..PHONES).map(|n| User {
        name: format!("phone{n}"),
        secret: Secret::Password(format!("secret{n}")),
    });
    let mut registrar = RegistrarConfig::new("carillon", users.collect());
    registrar.algorithms = vec![algorithm];
    let mut config = EndpointConfig::new(SocketAddr::from(([192, 0, 2, 1], 5060)), [7; 32]);
    config.registrar = Some(registrar);
    config.limits.sources.max_sources = PHONES as usize * 2;
    config.limits.max_transactions = PHONES as usize * 8;
    Endpoint::new(config)
}

impl Phone {
    /// The next REGISTER, made outside the time measured.
    fn request(&mut self) -> Vec<u8> {
        self.cseq += 1;
        let (user, source, cseq) = (&self.user, self.source, self.cseq);
        let lines = self
            .auth
            .authorize("REGISTER", b"sip:carillon", b"", "0a4f113b");
        let mut text = format!(
            "REGISTER sip:carillon SIP/2.0\r\nVia: SIP/2.0/UDP {source};branch=z9hG4bK{user}.{cseq};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:{user}@carillon>;tag={user}\r\nTo: <sip:{user}@carillon>\r\n\
             Call-ID: {user}@{source}\r\nCSeq: {cseq} REGISTER\r\nContact: <sip:{user}@{source}>\r\n\
             Expires: 600\r\nUser-Agent: Phone/1.0\r\n"
        )
        .into_bytes();
        for (name, value) in lines {
            text.extend_from_slice(format!("{}: ", name.as_str()).as_bytes());
            text.extend_from_slice(&value);
            text.extend_from_slice(b"\r\n");
        }
        text.extend_from_slice(b"Content-Length: 0\r\n\r\n");
        text
    }
}

/// Feeds one REGISTER of every phone; gives the time the endpoint took and how many it accepted.
fn round(endpoint: &mut Endpoint, phones: &mut [Phone], now: Instant) -> (Duration, usize) {
    let requests: Vec<Vec<u8>> = phones.iter_mut().map(Phone::request).collect();
    let mut replies = Vec::with_capacity(requests.len());
    let begin = Instant::now();
    for (phone, request) in phones.iter().zip(&requests) {
        endpoint.receive(now, phone.source, request);
        while let Some(sent) = endpoint.poll_transmit() {
            replies.push(sent.bytes);
        }
        while endpoint.poll_event().is_some() {}
    }
    let took = begin.elapsed();
    let mut accepted = 0;
    for (phone, reply) in phones.iter_mut().zip(&replies) {
        let response = parse(reply, &Bounds::default()).expect("SIP");
        match response.code() {
            Some(401) => assert!(phone.auth.take(&response), "a challenge"),
            Some(200) => accepted += 1,
            _ => {}
        }
    }
    (took, accepted)
}

fn main() {
    for algorithm in [Algorithm::Sha256, Algorithm::Md5] {
        let mut endpoint = endpoint(algorithm);
        let mut phones: Vec<Phone> = (0..PHONES).map(phone).collect();
        let mut now = Instant::now();
        let (asked, none) = round(&mut endpoint, &mut phones, now);
        let (served, all) = round(&mut endpoint, &mut phones, now);
        assert_eq!(
            (none, all),
            (0, PHONES as usize),
            "all are challenged, then registered"
        );
        let token = algorithm.token();
        let rate = |count: u32, took: Duration| f64::from(count) / took.as_secs_f64();
        println!(
            "first   {token:8} {:>9.0} registrations/s (challenge included)",
            rate(PHONES, asked + served)
        );
        let mut took = Duration::ZERO;
        for _ in 0..ROUNDS {
            now += Duration::from_secs(60);
            endpoint.handle_timeout(now);
            let (time, accepted) = round(&mut endpoint, &mut phones, now);
            assert_eq!(
                accepted, PHONES as usize,
                "nonces are good for five minutes"
            );
            took += time;
        }
        println!(
            "refresh {token:8} {:>9.0} REGISTER/s, {} bindings held",
            rate(PHONES * ROUNDS, took),
            endpoint.held().bindings
        );
    }
}
