//! What an authenticated REGISTER does (RFC 3261 §10.3, RFC 3327, RFC 5626 §6).

use std::time::{Duration, Instant};

use super::Registrar;
use super::bound::{Bound, Origin};
use crate::event::Binding;
use crate::headers::{NameAddr, lex};
use crate::message::{HeaderName, Message};
use crate::peer::Peer;
use crate::uri::{self, Uri};

/// Longest Contact or Path URI kept, octets.
const URI_MAX: usize = 1024;

/// Most Path elements kept.
const PATH_MAX: usize = 8;

/// How to answer an authenticated REGISTER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Status.
    pub code: u16,
    /// Header lines of the response.
    pub headers: Vec<(&'static str, String)>,
    /// Whether the user's bindings are others than before.
    pub changed: bool,
}

impl Outcome {
    fn refuse(code: u16) -> Self {
        Self {
            code,
            headers: Vec::new(),
            changed: false,
        }
    }
}

/// Why a REGISTER changes nothing.
type Refusal = u16;

impl Registrar {
    /// Serves a REGISTER of an authenticated user. `is_proxied`: the source is an allowed proxy,
    /// so its Path is taken and its streams may come and go; the Path of anybody else is ignored,
    /// as it would send calls elsewhere.
    ///
    /// All contacts are stored or none. 200 lists every binding; 400 for a Contact that cannot be
    /// read or `*` beside others, 403 for another's address of record or more contacts than
    /// allowed, 423 with Min-Expires, 500 for a REGISTER that was overtaken by a later one.
    pub fn register(
        &mut self,
        now: Instant,
        request: &Message<'_>,
        source: Peer,
        is_proxied: bool,
        user: &str,
    ) -> Outcome {
        let Some(aor) = request.to().and_then(|t| uri::Uri::parse(t.uri)) else {
            return Outcome::refuse(400);
        };
        // An address of record is a SIP or SIPS URI (RFC 3261 §10.2, RFC 4475 §3.3.4).
        let is_sip = [&b"sip"[..], b"sips"]
            .iter()
            .any(|s| aor.scheme.eq_ignore_ascii_case(s));
        if !is_sip {
            return Outcome::refuse(400);
        }
        if aor.user_text() != user {
            return Outcome::refuse(403);
        }
        let path: Vec<&[u8]> = match is_proxied {
            true => request.list(HeaderName::Path).collect(),
            false => Vec::new(),
        };
        let origin = Origin {
            now,
            source,
            is_proxied,
            path: &path,
            is_outbound: is_outbound(request, &path),
            request,
        };
        let before = self.current(now, user);
        if let Err(code) = self.apply(&origin, user) {
            let mut refused = Outcome::refuse(code);
            if code == 423 {
                let minimum = self.config.min_expires.as_secs().to_string();
                refused.headers.push(("Min-Expires", minimum));
            }
            return refused;
        }
        Outcome {
            code: 200,
            headers: self.answer_lines(&origin, user),
            changed: reach(&before) != reach(&self.current(now, user)),
        }
    }

    fn answer_lines(&self, origin: &Origin<'_>, user: &str) -> Vec<(&'static str, String)> {
        let contacts = self.bindings.lines(origin.now, user);
        let mut lines: Vec<_> = contacts.into_iter().map(|c| ("Contact", c)).collect();
        lines.extend(origin.path.iter().map(|p| ("Path", lex::text(p))));
        if origin.is_outbound {
            lines.push(("Require", "outbound".to_owned()));
        }
        lines.push(("Supported", "path, outbound".to_owned()));
        lines
    }

    fn apply(&mut self, origin: &Origin<'_>, user: &str) -> Result<(), Refusal> {
        let request = origin.request;
        let contacts: Vec<&[u8]> = request.list(HeaderName::Contact).collect();
        if contacts.contains(&&b"*"[..]) {
            return self.remove_all(request, contacts.len(), user);
        }
        if contacts.len() > self.config.max_bindings {
            return Err(403);
        }
        if origin.path.len() > PATH_MAX || origin.path.iter().any(|p| p.len() > URI_MAX) {
            return Err(400);
        }
        let bound = contacts
            .into_iter()
            .map(|contact| self.bound(origin, contact))
            .collect::<Result<Vec<Bound>, Refusal>>()?;
        // All or nothing (§10.3 step 7): check the order of every one before storing any.
        if bound.iter().any(|b| self.bindings.is_out_of_order(user, b)) {
            return Err(500);
        }
        for binding in bound {
            let most = self.config.max_bindings;
            self.bindings.put(user, binding, most, origin.now);
        }
        Ok(())
    }

    /// `Contact: *` (§10.2.2): alone and with Expires 0 only.
    fn remove_all(
        &mut self,
        request: &Message<'_>,
        contacts: usize,
        user: &str,
    ) -> Result<(), Refusal> {
        if contacts > 1 || request.number(HeaderName::Expires) != Some(0) {
            return Err(400);
        }
        let cseq = request.cseq().map_or(0, |c| c.number);
        if self.bindings.has_newer(user, request.call_id(), cseq) {
            return Err(500);
        }
        self.bindings.remove_all(user);
        Ok(())
    }

    fn bound(&self, origin: &Origin<'_>, contact: &[u8]) -> Result<Bound, Refusal> {
        let address = NameAddr::parse(contact)
            .filter(|a| a.uri.len() <= URI_MAX && a.params.len() <= URI_MAX)
            .ok_or(400u16)?;
        // A value that is no number counts as not given (§20.10).
        let asked = address
            .param(b"expires")
            .and_then(lex::leading_number)
            .or_else(|| origin.request.number(HeaderName::Expires))
            .map_or(self.config.default_expires, |s| {
                Duration::from_secs(s.into())
            });
        if !asked.is_zero() && asked < self.config.min_expires {
            return Err(423);
        }
        let granted = asked.min(self.config.max_expires);
        Ok(Bound::new(&address, origin, granted))
    }
}

/// What calls to the user depend on.
fn reach(list: &[Binding]) -> Vec<(&str, Peer, &[String])> {
    let places = list.iter();
    places
        .map(|b| (b.contact.as_str(), b.source, &b.path[..]))
        .collect()
}

/// The phone wants its flows kept apart and every hop can do that (RFC 5626 §6): it registers
/// directly, or over an edge proxy that put `ob` into its Path. Otherwise `reg-id` is ignored.
fn is_outbound(request: &Message<'_>, path: &[&[u8]]) -> bool {
    let supported = request
        .list(HeaderName::Supported)
        .any(|o| o.eq_ignore_ascii_case(b"outbound"));
    let has_flow = request
        .list(HeaderName::Contact)
        .filter_map(NameAddr::parse)
        .any(|c| c.param(b"reg-id").is_some() && c.param(b"+sip.instance").is_some());
    let first_hop = path.last().and_then(|p| NameAddr::parse(p));
    let is_direct = request.list(HeaderName::Via).nth(1).is_none();
    let by_edge = first_hop
        .and_then(|p| Uri::parse(p.uri))
        .is_some_and(|u| u.param(b"ob").is_some());
    supported && has_flow && (is_direct || by_edge)
}
