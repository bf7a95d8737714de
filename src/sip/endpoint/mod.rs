//! The façade: one user agent over one local address.

mod api;

pub use api::{Counters, Held, Invite, Register, Started, Transmit, TransportKind};

use std::net::SocketAddr;
use std::time::Instant;

use crate::config::EndpointConfig;
use crate::error::SipError;
use crate::event::{CallKey, Event, LegKey, RequestKey};
use crate::headers::Reason;

/// One user agent over one local address: UAC, UAS and registrar.
///
/// Not `Sync` by need: one owner drives it. Spread load by Call-ID hash over several endpoints.
pub struct Endpoint {
    config: EndpointConfig,
}

#[allow(unused_variables)]
impl Endpoint {
    /// A new endpoint. Does nothing until driven.
    pub fn new(config: EndpointConfig) -> Self {
        Self { config }
    }

    /// Takes one datagram. Never panics, whatever the octets.
    pub fn receive(&mut self, now: Instant, from: SocketAddr, bytes: &[u8]) {}

    /// Runs every timer that is due.
    pub fn handle_timeout(&mut self, now: Instant) {}

    /// When [`Self::handle_timeout`] wants to be called next.
    pub fn next_timeout(&self) -> Option<Instant> {
        None
    }

    /// Next datagram to send; call until `None` after each mutation.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        None
    }

    /// Next event; call until `None` after each mutation.
    pub fn poll_event(&mut self) -> Option<Event> {
        None
    }

    /// What was counted so far.
    pub fn counters(&self) -> Counters {
        Counters::default()
    }

    /// How much is held now.
    pub fn held(&self) -> Held {
        Held::default()
    }

    /// The settings.
    pub fn config(&self) -> &EndpointConfig {
        &self.config
    }

    /// Places a call.
    ///
    /// # Errors
    /// [`SipError::Invalid`] for URIs or headers that cannot be sent, [`SipError::Full`].
    pub fn invite(&mut self, now: Instant, invite: Invite) -> Result<CallKey, SipError> {
        Err(SipError::Full { what: "call" })
    }

    /// Gives up an outgoing call that is not answered yet. Before a provisional response has come
    /// the wish is remembered and CANCEL leaves right after it (RFC 3261 §9.1). An answer that
    /// crosses is still reported. No effect on a call that has its final response.
    pub fn cancel(&mut self, now: Instant, call: CallKey, reason: Option<Reason>) {}

    /// Ends a leg that stands. On an incoming leg whose 2xx is not acknowledged yet the BYE waits
    /// for the ACK (RFC 3261 §15). No effect on a leg that is gone or not answered.
    pub fn bye(&mut self, now: Instant, leg: LegKey, reason: Option<Reason>) {}

    /// Sends 101–199 for an incoming call, with SDP for early media.
    ///
    /// # Errors
    /// [`SipError::Gone`] when the call has ended, [`SipError::Invalid`] for another code.
    pub fn ring(
        &mut self,
        now: Instant,
        leg: LegKey,
        code: u16,
        sdp: Option<&[u8]>,
    ) -> Result<(), SipError> {
        Ok(())
    }

    /// Answers an incoming call with 200 and this SDP (the answer, or the offer if the INVITE had
    /// none). The 200 is repeated until acknowledged.
    ///
    /// # Errors
    /// [`SipError::Gone`] when the call has ended.
    pub fn answer(&mut self, now: Instant, leg: LegKey, sdp: &[u8]) -> Result<(), SipError> {
        Ok(())
    }

    /// Refuses an incoming call with 300–699. An empty phrase gives the standard one.
    ///
    /// # Errors
    /// [`SipError::Gone`] when the call has ended, [`SipError::Invalid`] for another code.
    pub fn reject(
        &mut self,
        now: Instant,
        leg: LegKey,
        code: u16,
        phrase: &str,
        headers: &[(String, String)],
    ) -> Result<(), SipError> {
        Ok(())
    }

    /// Asks whether a peer is alive; ends in [`Event::OptionsReply`].
    ///
    /// # Errors
    /// [`SipError::Invalid`], [`SipError::Full`].
    pub fn options(&mut self, now: Instant, uri: &str, next_hop: SocketAddr) -> Started {
        Err(SipError::Full { what: "request" })
    }

    /// Registers and keeps the registration up until [`Self::unregister`].
    ///
    /// # Errors
    /// [`SipError::Invalid`], [`SipError::Full`].
    pub fn register(&mut self, now: Instant, register: Register) -> Started {
        Err(SipError::Full { what: "request" })
    }

    /// Removes a registration; ends in [`Event::Unregistered`].
    pub fn unregister(&mut self, now: Instant, key: RequestKey) {}

    /// Where a user of our registrar can be reached now, best first.
    pub fn bindings(&self, now: Instant, user: &str) -> Vec<crate::event::Binding> {
        Vec::new()
    }

    /// Replaces the users of the registrar; bindings of users who are gone are removed.
    pub fn set_users(&mut self, now: Instant, users: Vec<crate::config::User>) {}

    /// Replaces who may call in.
    pub fn set_policy(&mut self, policy: crate::config::Policy) {}
}
