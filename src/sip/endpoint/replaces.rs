//! INVITEs that take the place of a call (RFC 3891).

use super::Endpoint;
use super::leg::Phase;
use crate::dialog::DialogId;
use crate::event::LegKey;
use crate::headers::lex;
use crate::message::{HeaderName, Message};

impl Endpoint {
    /// The leg that a `Replaces` value names, seen from us: `to-tag` is ours.
    pub(super) fn leg_replaced(&self, value: &[u8]) -> Option<LegKey> {
        let end = lex::until(value, b';');
        let call_id = lex::trim(&value[..end]);
        let params = value.get(end + 1..).unwrap_or(&[]);
        let id = DialogId {
            call_id: call_id.to_vec(),
            local_tag: lex::param(params, b"to-tag")?.to_vec(),
            remote_tag: lex::param(params, b"from-tag")?.to_vec(),
        };
        self.dialogs.get(&id).copied()
    }

    /// The leg a new INVITE is to replace; `Err` holds the status to refuse with (§3).
    pub(super) fn replacement(&self, request: &Message<'_>) -> Result<Option<LegKey>, u16> {
        let mut values = request.all(HeaderName::Replaces);
        let Some(value) = values.next() else {
            return Ok(None);
        };
        if values.next().is_some() {
            return Err(400);
        }
        let key = self.leg_replaced(value).ok_or(481u16)?;
        let leg = self.legs.get(&key).ok_or(481u16)?;
        let early_only = lex::param(value, b"early-only").is_some();
        match leg.phase {
            Phase::Up if early_only => Err(486),
            // A call of ours that rings can be taken over; one that rings here cannot.
            Phase::Up | Phase::Early => Ok(Some(key)),
            Phase::Ringing(_) => Err(481),
            Phase::Ending => Err(603),
        }
    }
}
