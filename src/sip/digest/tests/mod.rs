//! Published examples, and both sides against each other.

mod client;
mod info;
mod known_answers;
mod properties;
mod server;

use super::ClientAuth;
use crate::config::Credentials;
use crate::message::{Bounds, HeaderName, parse};

fn take(auth: &mut ClientAuth, lines: &str) -> bool {
    let bytes = format!("SIP/2.0 401 Unauthorized\r\n{lines}\r\n").into_bytes();
    auth.take(&parse(&bytes, &Bounds::default()).unwrap())
}

fn client_of(username: &str, password: &str) -> ClientAuth {
    ClientAuth::new(Credentials {
        username: username.into(),
        password: password.into(),
    })
}

fn client() -> ClientAuth {
    client_of("1001", "pw")
}

/// Header name and value of each line for one more request.
fn lines(auth: &mut ClientAuth) -> Vec<(HeaderName, String)> {
    let lines = auth.authorize("INVITE", b"sip:a@b", b"", "c0");
    lines
        .into_iter()
        .map(|(n, v)| (n, String::from_utf8(v).unwrap()))
        .collect()
}

fn only_line(auth: &mut ClientAuth) -> String {
    let mut lines = lines(auth);
    assert_eq!(lines.len(), 1);
    lines.remove(0).1
}
