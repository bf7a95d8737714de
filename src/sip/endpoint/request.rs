//! Our requests outside dialogs: OPTIONS here, REGISTER in `registration`.

use std::time::Instant;

use super::agenda::ClientId;
use super::client::{Head, Purpose};
use super::registration::Registration;
use super::{Endpoint, Started};
use crate::error::SipError;
use crate::event::{Event, RequestKey};
use crate::message::{Message, Method};
use crate::peer::Peer;
use crate::uri::is_sendable;

/// A request of ours outside dialogs.
#[derive(Debug)]
pub(super) enum Outgoing {
    Options,
    Register(Box<Registration>),
}

impl Endpoint {
    /// Asks whether a peer is alive; ends in [`Event::OptionsReply`].
    ///
    /// # Errors
    /// [`SipError::Invalid`], [`SipError::Full`].
    pub fn options(&mut self, now: Instant, uri: &str, next_hop: impl Into<Peer>) -> Started {
        let next_hop = next_hop.into();
        self.check_request(&[uri])?;
        let key = RequestKey(self.draw_key());
        let from = format!(
            "<sip:{}>;tag={}",
            self.locals.sent_by(next_hop),
            self.tokens.tag()
        );
        let to = format!("<{uri}>");
        let call_id = self.tokens.call_id();
        let head = Head {
            method: Method::Options,
            uri: uri.as_bytes(),
            routes: &[],
            from: from.as_bytes(),
            to: to.as_bytes(),
            call_id: call_id.as_bytes(),
            cseq: 1,
        };
        let (branch, mut out) = self.open(&head, next_hop);
        out.header("Contact", self.contact("", next_hop));
        out.header("Accept", "application/sdp");
        if !self.config.user_agent.is_empty() {
            out.header("User-Agent", &self.config.user_agent);
        }
        self.requests.insert(key, Outgoing::Options);
        let id = ClientId {
            branch,
            is_cancel: false,
        };
        let bytes = out.finish("", b"");
        self.start_client(
            now,
            id,
            Method::Options,
            Purpose::Request(key),
            next_hop,
            bytes,
        );
        Ok(key)
    }

    pub(super) fn check_request(&self, uris: &[&str]) -> Result<(), SipError> {
        if uris.iter().any(|u| !is_sendable(u.as_bytes())) {
            return Err(SipError::Invalid { what: "URI" });
        }
        if self.is_full() {
            return Err(SipError::Full {
                what: "transaction",
            });
        }
        Ok(())
    }

    pub(super) fn on_request_response(
        &mut self,
        now: Instant,
        key: RequestKey,
        response: &Message<'_>,
        code: u16,
    ) {
        if code < 200 {
            return;
        }
        match self.requests.get(&key) {
            Some(Outgoing::Options) => self.end_options(key, code, false),
            Some(Outgoing::Register(_)) => self.on_register_response(now, key, response, code),
            None => {}
        }
    }

    fn end_options(&mut self, key: RequestKey, code: u16, timed_out: bool) {
        self.requests.remove(&key);
        self.events.push_back(Event::OptionsReply {
            key,
            code,
            timed_out,
        });
    }

    /// Only registrations set this timer.
    pub(super) fn on_request_timer(&mut self, now: Instant, key: RequestKey) {
        self.send_register(now, key);
    }

    /// The stream the request waits on could not be opened, or broke.
    pub(super) fn on_request_unreachable(&mut self, now: Instant, key: RequestKey) {
        self.on_request_lost(now, key, 503);
    }

    pub(super) fn on_request_timeout(&mut self, now: Instant, key: RequestKey) {
        self.on_request_lost(now, key, 408);
    }

    fn on_request_lost(&mut self, now: Instant, key: RequestKey, code: u16) {
        match self.requests.get(&key) {
            Some(Outgoing::Options) => self.end_options(key, code, true),
            Some(Outgoing::Register(_)) => self.on_register_lost(now, key, code),
            None => {}
        }
    }

    /// Whether a registration of ours stands on this stream.
    pub(super) fn is_registered_over(&self, stream: Peer) -> bool {
        let mut all = self.requests.values();
        all.any(|o| matches!(o, Outgoing::Register(r) if r.is_idle_on(stream)))
    }

    /// A stream is gone: what was registered over it is registered again.
    pub(super) fn on_flow_lost(&mut self, now: Instant, stream: Peer) {
        let keys: Vec<RequestKey> = self
            .requests
            .iter()
            .filter(|(_, o)| matches!(o, Outgoing::Register(r) if r.is_idle_on(stream)))
            .map(|(key, _)| *key)
            .collect();
        for key in keys {
            self.on_registration_flow_lost(now, key);
        }
    }
}
