//! Which extensions we take, and which requests demand others.

use super::Endpoint;
use crate::headers::lex;
use crate::message::{HeaderName, Message, Method};
use crate::options::Reliable;

impl Endpoint {
    /// Extensions a request requires that we do not have, for `Unsupported` of a 420.
    pub(super) fn unsupported_of(&self, request: &Message<'_>) -> Option<String> {
        let options = &self.config.session;
        let is_invite = request.method() == Some(Method::Invite);
        let known = |name: &[u8]| match name.to_ascii_lowercase().as_slice() {
            b"100rel" => is_invite && options.reliable != Reliable::Off,
            b"timer" => options.timer.is_some(),
            b"replaces" => is_invite,
            b"norefersub" => true,
            _ => false,
        };
        let required = request.list(HeaderName::Require);
        let missing: Vec<String> = required.filter(|n| !known(n)).map(lex::text).collect();
        (!missing.is_empty()).then(|| missing.join(", "))
    }

    /// Methods we serve.
    pub(super) fn allow(&self) -> String {
        let register = if self.registrar.is_some() {
            ", REGISTER"
        } else {
            ""
        };
        format!("INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, REFER, NOTIFY{register}")
    }

    /// Whether a method is served at all, within a dialog or outside.
    pub(super) fn serves(&self, method: Method) -> bool {
        match method {
            Method::Register => self.registrar.is_some(),
            Method::Invite
            | Method::Ack
            | Method::Cancel
            | Method::Bye
            | Method::Options
            | Method::Info
            | Method::Update
            | Method::Prack
            | Method::Refer
            | Method::Notify => true,
            _ => false,
        }
    }
}
