//! Requests of ours within dialogs, and what their answers mean for the dialog.

use std::time::Instant;

use super::Endpoint;
use super::agenda::ClientId;
use super::client::{Head, Purpose};
use crate::dialog::record_route;
use crate::event::{EndCause, Event, LegKey};
use crate::headers::Reason;
use crate::message::{self, Bounds, HeaderName, Message, Method, Writer};
use crate::peer::Peer;

/// What a request within a dialog is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// Re-INVITE or UPDATE: see `reoffer`.
    Change,
    /// PRACK: see `reliable`.
    Prack,
    /// REFER: see `refer`.
    Refer,
    /// NOTIFY: see `referral`.
    Notify,
}

/// A request within a dialog, about to be written.
pub(super) struct Within<'a> {
    pub(super) method: Method,
    pub(super) purpose: Purpose,
    /// Header lines beyond those every request has.
    pub(super) lines: &'a [u8],
    pub(super) content_type: &'a str,
    pub(super) body: &'a [u8],
}

/// An answer to a request within a dialog.
#[derive(Clone, Copy)]
pub(super) struct Reaction<'m, 'a> {
    pub(super) now: Instant,
    pub(super) from: Peer,
    pub(super) response: &'m Message<'a>,
    pub(super) code: u16,
    /// Of the request.
    pub(super) branch: u64,
}

impl Endpoint {
    /// Sends a request within a dialog; gives its branch. `None`: the leg is gone.
    pub(super) fn send_within(
        &mut self,
        now: Instant,
        key: LegKey,
        request: &Within<'_>,
    ) -> Option<u64> {
        // Taken out for the time of writing, as `open` draws from the endpoint.
        let mut leg = self.legs.remove(&key)?;
        let cseq = leg.dialog.next_cseq();
        let (uri, routes) = leg.dialog.request_route();
        let head = Head {
            method: request.method,
            uri: &uri,
            routes: &routes,
            from: &leg.dialog.local,
            to: &leg.dialog.remote,
            call_id: &leg.dialog.id.call_id,
            cseq,
        };
        let to = leg.dialog.next_hop();
        let (branch, mut out) = self.open(&head, to);
        let mut auth_lines = Writer::block();
        if let Some(auth) = &mut leg.auth {
            let cnonce = self.tokens.tag();
            let method = request.method.as_str();
            for (name, value) in auth.authorize(method, &uri, request.body, &cnonce) {
                auth_lines.header(name.as_str(), value);
            }
        }
        let auth_lines = auth_lines.into_exact_block();
        out.lines(&auth_lines).lines(request.lines);
        if request.method == Method::Invite {
            leg.ack_lines = auth_lines;
        }
        if !self.config.user_agent.is_empty() {
            out.header("User-Agent", &self.config.user_agent);
        }
        let bytes = out.finish(request.content_type, request.body);
        let id = ClientId {
            branch,
            is_cancel: false,
        };
        self.legs.insert(key, leg);
        self.start_client(now, id, request.method, request.purpose, to, bytes);
        Some(branch)
    }

    /// An answer to a request within a dialog came. `request` is the request, as long as it is
    /// kept (401 and 407 to anything but INVITE).
    pub(super) fn on_within_response(
        &mut self,
        reaction: &Reaction<'_, '_>,
        key: LegKey,
        asked: Asked,
        request: &[u8],
    ) {
        let Reaction {
            now,
            response,
            code,
            ..
        } = *reaction;
        if asked == Asked::Change {
            self.on_change_response(reaction, key);
            return;
        }
        if matches!(code, 401 | 407) {
            let leg = self.legs.get_mut(&key);
            let auth = leg.and_then(|l| l.auth.as_mut());
            if auth.is_some_and(|a| a.take(response))
                && self.repeat_within(now, key, asked, request, reaction.branch)
            {
                return;
            }
        }
        if code < 200 {
            return;
        }
        match asked {
            Asked::Refer => self.on_refer_response(reaction, key),
            Asked::Notify => self.on_notify_response(now, key, code),
            // A PRACK that is refused says nothing about the call: its INVITE goes on.
            Asked::Prack | Asked::Change => {}
        }
    }

    /// Sends a refused request again, this time with credentials.
    fn repeat_within(
        &mut self,
        now: Instant,
        key: LegKey,
        asked: Asked,
        request: &[u8],
        branch: u64,
    ) -> bool {
        use HeaderName as H;
        let Ok(old) = message::parse(request, &Bounds::default()) else {
            return false;
        };
        let Some(method) = old.method() else {
            return false;
        };
        let written_anew = [
            H::Via,
            H::MaxForwards,
            H::Route,
            H::From,
            H::To,
            H::CallId,
            H::CSeq,
            H::Authorization,
            H::ProxyAuthorization,
            H::UserAgent,
            H::ContentType,
            H::ContentLength,
        ];
        let mut lines = Writer::block();
        for header in old
            .headers
            .iter()
            .filter(|h| !written_anew.contains(&h.name))
        {
            lines.copy(&String::from_utf8_lossy(header.raw_name), header.value);
        }
        let kind = old.first(H::ContentType).unwrap_or(b"");
        let within = Within {
            method,
            purpose: Purpose::Within(key, asked),
            lines: &lines.into_block(),
            content_type: &String::from_utf8_lossy(kind),
            body: old.body,
        };
        let Some(fresh) = self.send_within(now, key, &within) else {
            return false;
        };
        if asked == Asked::Refer {
            self.renumber_transfer(key, branch, fresh);
        }
        true
    }

    /// A request within a dialog was not answered at all: as if 408 had come (RFC 3261 §12.2.1.2).
    pub(super) fn on_within_timeout(
        &mut self,
        now: Instant,
        key: LegKey,
        asked: Asked,
        branch: u64,
    ) {
        match asked {
            Asked::Change => self.on_change_timeout(now, key, branch),
            Asked::Refer => self.on_refer_timeout(now, key, branch),
            Asked::Notify => self.on_notify_response(now, key, 408),
            Asked::Prack => {}
        }
    }

    /// The stream a request within a dialog waited on could not be opened or broke: as if 503 had
    /// come (RFC 3261 §8.1.3.1). The dialog stands; there may be a new stream for the next try.
    pub(super) fn on_within_unreachable(
        &mut self,
        now: Instant,
        key: LegKey,
        asked: Asked,
        branch: u64,
    ) {
        match asked {
            Asked::Change => self.on_change_unreachable(now, key, branch),
            Asked::Refer => self.on_refer_unreachable(key, branch),
            Asked::Notify => self.on_notify_response(now, key, 503),
            Asked::Prack => {}
        }
    }

    /// ACK of a 2xx to a re-INVITE: the dialog's route set, the target of the 2xx (§12.2.1.2).
    pub(super) fn acknowledge_within(&mut self, key: LegKey, response: &Message<'_>) {
        let Some(leg) = self.legs.get(&key) else {
            return;
        };
        let mut dialog = leg.dialog.clone();
        dialog.refresh(response, dialog.source);
        let lines = leg.ack_lines.clone();
        let cseq = response.cseq().map_or(0, |c| c.number);
        self.send_ack(&dialog, cseq, &lines, b"");
    }

    /// Writes and sends an ACK of a 2xx; gives what was sent.
    pub(super) fn send_ack(
        &mut self,
        dialog: &crate::dialog::Dialog,
        cseq: u32,
        lines: &[u8],
        body: &[u8],
    ) -> (Peer, Vec<u8>) {
        let (uri, routes) = dialog.request_route();
        let head = Head {
            method: Method::Ack,
            uri: &uri,
            routes: &routes,
            from: &dialog.local,
            to: &dialog.remote,
            call_id: &dialog.id.call_id,
            cseq,
        };
        let to = dialog.next_hop();
        let (_, mut out) = self.open(&head, to);
        out.lines(lines);
        let bytes = out.finish("application/sdp", body);
        self.send(to, bytes.clone());
        (to, bytes)
    }

    /// ACK of a 2xx to a re-INVITE whose leg has ended meanwhile, so that it is not repeated.
    pub(super) fn acknowledge_orphan(&mut self, from: Peer, response: &Message<'_>) {
        let to_uri = response.to().map_or(&b"sip:unknown"[..], |t| t.uri);
        let mut dialog = crate::dialog::Dialog::uac(response, to_uri, from);
        dialog.routes = record_route(response, true);
        let cseq = response.cseq().map_or(0, |c| c.number);
        self.send_ack(&dialog, cseq, b"", b"");
    }

    /// Ends a leg that stands for a reason of its own: reported at once, the BYE goes on behind it
    /// with everything a BYE needs.
    pub(super) fn give_up_leg(
        &mut self,
        now: Instant,
        key: LegKey,
        cause: EndCause,
        reason: Option<Reason>,
    ) {
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        leg.is_reported = true;
        self.close_usages(key);
        self.events.push_back(Event::Ended {
            leg: key,
            cause,
            reasons: Vec::new(),
        });
        self.send_bye(now, key, reason);
    }
}
