//! REGISTER and OPTIONS of others.

use std::time::Instant;

use super::Endpoint;
use super::access::Inbound;
use super::agenda::Target;
use super::stub::Reply;
use crate::event::Event;
use crate::peer::Peer;
use crate::registrar::Registrar;

impl Endpoint {
    pub(super) fn answer_options(&mut self, inbound: &Inbound<'_, '_>) {
        let headers = self.capabilities(inbound.source);
        self.refuse_with(inbound, 200, &headers);
    }

    /// Header lines of an answer to OPTIONS (§11.2).
    pub(super) fn capabilities(&self, to: Peer) -> [(&'static str, String); 3] {
        [
            ("Allow", self.allow()),
            ("Accept", "application/sdp".to_owned()),
            ("Contact", self.contact("", to)),
        ]
    }

    pub(super) fn on_register(&mut self, inbound: &Inbound<'_, '_>) {
        let Some(user) = self.authenticate(inbound) else {
            return;
        };
        if self.is_full() {
            self.refuse_full(inbound);
            return;
        }
        let Inbound {
            now,
            source,
            request,
            ..
        } = *inbound;
        let Some(registrar) = &mut self.registrar else {
            return;
        };
        let is_proxied = self.config.policy.trusts(source);
        let outcome = registrar.register(now, request, source, is_proxied, &user);
        let bindings = registrar.current(now, &user);
        // Kept, as a repetition would look out of order to the registrar.
        let id = self.start_server(inbound);
        let tag = self.tokens.tag();
        let reply = Reply {
            code: outcome.code,
            tag: &tag,
            headers: &outcome.headers,
            ..Reply::default()
        };
        self.respond(now, id, &reply);
        if outcome.changed {
            self.events
                .push_back(Event::BindingsChanged { user, bindings });
        }
        self.schedule_registrar();
    }

    pub(super) fn schedule_registrar(&mut self) {
        let next = self.registrar.as_ref().and_then(Registrar::next_expiry);
        self.agenda.set(Target::Registrar, next);
    }

    pub(super) fn on_registrar_timer(&mut self, now: Instant) {
        let Some(registrar) = &mut self.registrar else {
            return;
        };
        let users = registrar.expire(now);
        self.report_bindings(now, users);
    }

    /// A stream is gone: phones registered over it cannot be called until they come back.
    pub(super) fn close_bindings(&mut self, now: Instant, stream: Peer) {
        let Some(registrar) = &mut self.registrar else {
            return;
        };
        let users = registrar.close(stream);
        if !users.is_empty() {
            self.report_bindings(now, users);
        }
    }

    fn report_bindings(&mut self, now: Instant, users: Vec<String>) {
        for user in users {
            let bindings = self.bindings(now, &user);
            self.events
                .push_back(Event::BindingsChanged { user, bindings });
        }
        self.schedule_registrar();
    }
}
