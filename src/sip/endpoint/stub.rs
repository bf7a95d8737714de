//! What is kept of a request to answer it, and the key of its server transaction.

use std::net::SocketAddr;

use crate::headers::Via;
use crate::message::{HeaderName, Message, Method, StartLine, Writer};
use crate::token::COOKIE;

/// The lines every response copies from its request (RFC 3261 §8.2.6.2).
#[derive(Debug, Clone)]
pub(super) struct Stub {
    /// Via, From, Call-ID, CSeq, ready to be sent.
    head: Vec<u8>,
    record_routes: Vec<u8>,
    to: Vec<u8>,
    tagged: bool,
    timestamp: Vec<u8>,
    is_invite: bool,
}

/// A response to be built.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reply<'a> {
    pub(super) code: u16,
    /// Empty: the standard phrase.
    pub(super) phrase: &'a str,
    /// Our tag, added when the request had none and the code is above 100.
    pub(super) tag: &'a str,
    pub(super) headers: &'a [(&'a str, String)],
    /// SDP.
    pub(super) body: &'a [u8],
}

impl Stub {
    pub(super) fn new(request: &Message<'_>, via: &Via<'_>, source: SocketAddr) -> Self {
        let mut head = Writer::block();
        head.copy("Via", &via.stamped(source));
        for further in request.list(HeaderName::Via).skip(1) {
            head.copy("Via", further);
        }
        for name in [HeaderName::From, HeaderName::CallId, HeaderName::CSeq] {
            head.copy(name.as_str(), request.first(name).unwrap_or(b""));
        }
        let mut routes = Writer::block();
        for route in request.all(HeaderName::RecordRoute) {
            routes.copy("Record-Route", route);
        }
        Self {
            head: head.into_block(),
            record_routes: routes.into_block(),
            to: request.first(HeaderName::To).unwrap_or(b"").to_vec(),
            tagged: !request.to_tag().is_empty(),
            timestamp: request.first(HeaderName::Timestamp).unwrap_or(b"").to_vec(),
            is_invite: request.method() == Some(Method::Invite),
        }
    }

    pub(super) fn build(&self, reply: &Reply<'_>, server: &str) -> Vec<u8> {
        let mut out = Writer::response(reply.code, reply.phrase);
        out.lines(&self.head);
        if self.tagged || reply.code == 100 || reply.tag.is_empty() {
            out.copy("To", &self.to);
        } else {
            out.copy(
                "To",
                &[&self.to[..], b";tag=", reply.tag.as_bytes()].concat(),
            );
        }
        if self.is_invite && (101..300).contains(&reply.code) {
            out.lines(&self.record_routes);
        }
        if reply.code == 100 && !self.timestamp.is_empty() {
            out.copy("Timestamp", &self.timestamp);
        }
        for (name, value) in reply.headers {
            out.header(name, value);
        }
        if !server.is_empty() {
            out.header("Server", server);
        }
        out.finish("application/sdp", reply.body)
    }
}

/// Key of the server transaction a request belongs to (§17.2.3); an ACK gives its INVITE's.
pub(super) fn transaction_key(request: &Message<'_>, via: &Via<'_>) -> Vec<u8> {
    let StartLine::Request { method, token, uri } = request.start else {
        return Vec::new();
    };
    let token = if method == Method::Ack {
        b"INVITE"
    } else {
        token
    };
    keyed(request, via, token, uri)
}

/// Key of the INVITE that a CANCEL is for (§9.2).
pub(super) fn cancelled_key(request: &Message<'_>, via: &Via<'_>) -> Vec<u8> {
    keyed(request, via, b"INVITE", request.uri())
}

fn keyed(request: &Message<'_>, via: &Via<'_>, token: &[u8], uri: &[u8]) -> Vec<u8> {
    let cookie = via.branch.get(..COOKIE.len());
    if cookie.is_some_and(|c| c.eq_ignore_ascii_case(COOKIE.as_bytes())) {
        let sent_by = via.sent_by.to_ascii_lowercase();
        return [via.branch, &sent_by, token].join(&0);
    }
    // RFC 2543: no unique branch.
    let number = request.cseq().map_or(0, |c| c.number).to_be_bytes();
    let parts: [&[u8]; 7] = [
        b"",
        token,
        uri,
        request.from_tag(),
        request.call_id(),
        &number,
        via.sent_by,
    ];
    parts.join(&0)
}

/// Same request over two paths (§8.2.2.2): same From tag, Call-ID and CSeq.
pub(super) fn merge_key(request: &Message<'_>) -> Vec<u8> {
    let number = request.cseq().map_or(0, |c| c.number).to_be_bytes();
    let token = request.cseq().map_or(&b""[..], |c| c.token);
    [request.from_tag(), request.call_id(), &number, token].join(&0)
}
