//! What each parser reads out of a message, in one form.

use carillon_sip::message::{Bounds, StartLine, parse};

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    Accepted,
    Method,
    Uri,
    Code,
    CallId,
    CSeq,
    FromTag,
    ToTag,
    Branch,
    Body,
}

const COMPARED: [Field; 9] = [
    Field::Method,
    Field::Uri,
    Field::Code,
    Field::CallId,
    Field::CSeq,
    Field::FromTag,
    Field::ToTag,
    Field::Branch,
    Field::Body,
];

/// What a parser said; a field it could not read is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    pub accepted: bool,
    fields: [String; 9],
}

impl Reading {
    fn set(&mut self, field: Field, text: impl Into<String>) {
        let at = COMPARED.iter().position(|f| *f == field).unwrap();
        self.fields[at] = text.into();
    }

    /// A field's text; `yes` or `no` for [`Field::Accepted`].
    pub fn get(&self, field: Field) -> &str {
        match COMPARED.iter().position(|f| *f == field) {
            Some(at) => &self.fields[at],
            None if self.accepted => "yes",
            None => "no",
        }
    }

    /// Where two readings differ. Of messages that one does not accept nothing else is compared.
    pub fn differences(&self, other: &Self) -> Vec<Field> {
        if self.accepted != other.accepted {
            return vec![Field::Accepted];
        }
        if !self.accepted {
            return Vec::new();
        }
        let differ = COMPARED.iter().filter(|f| self.get(**f) != other.get(**f));
        differ.copied().collect()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Ours. A message with a defect counts as not accepted: it is answered 400 or 505.
pub fn ours(bytes: &[u8]) -> Reading {
    let mut found = Reading::default();
    let Ok(message) = parse(bytes, &Bounds::default()) else {
        return found;
    };
    found.accepted = message.defect.is_none();
    match message.start {
        StartLine::Request { token, uri, .. } => {
            found.set(Field::Method, text(token));
            found.set(Field::Uri, text(uri));
        }
        StartLine::Response { code, .. } => found.set(Field::Code, code.to_string()),
    }
    found.set(Field::CallId, text(message.call_id()));
    if let Some(cseq) = message.cseq() {
        found.set(Field::CSeq, format!("{} {}", cseq.number, text(cseq.token)));
    }
    found.set(Field::FromTag, text(message.from_tag()));
    found.set(Field::ToTag, text(message.to_tag()));
    found.set(
        Field::Branch,
        message.via().map(|v| text(v.branch)).unwrap_or_default(),
    );
    found.set(Field::Body, message.body.len().to_string());
    found
}

macro_rules! theirs {
    ($name:ident, $message:path, $prelude:ident :: $($path:ident)::+, $tag:ident) => {
        /// Theirs, headers typed where they have types.
        pub fn $name(bytes: &[u8]) -> Reading {
            use $prelude::$($path)::+::*;
            use $message as SipMessage;
            let mut found = Reading::default();
            let read = std::panic::catch_unwind(|| SipMessage::try_from(bytes));
            let Ok(Ok(message)) = read else {
                return found;
            };
            found.accepted = true;
            match &message {
                SipMessage::Request(r) => {
                    found.set(Field::Method, r.method.to_string());
                    found.set(Field::Uri, r.uri.to_string());
                    found.set(Field::Body, r.body.len().to_string());
                }
                SipMessage::Response(r) => {
                    found.set(Field::Code, r.status_code.to_string()[..3].to_owned());
                    found.set(Field::Body, r.body.len().to_string());
                }
            }
            if let Ok(id) = message.call_id_header() {
                found.set(Field::CallId, id.value());
            }
            if let Some(cseq) = message.cseq_header().ok().and_then(|h| h.typed().ok()) {
                found.set(Field::CSeq, format!("{} {}", cseq.seq, cseq.method));
            }
            let from = message.from_header().ok().and_then(|h| h.typed().ok());
            if let Some(tag) = from.as_ref().and_then(|f| f.tag()) {
                found.set(Field::FromTag, tag.value());
            }
            let to = message.to_header().ok().and_then(|h| h.typed().ok());
            if let Some(tag) = to.as_ref().and_then(|f| f.tag()) {
                found.set(Field::ToTag, tag.value());
            }
            let via = message.via_header().ok().and_then(|h| h.typed().ok());
            if let Some(branch) = via.as_ref().and_then(|v| v.branch()) {
                found.set(Field::Branch, branch.value());
            }
            found
        }
    };
}

theirs!(rsip, rsip::SipMessage, rsip::prelude, tag);
theirs!(
    rsipstack,
    rsipstack::sip::SipMessage,
    rsipstack::sip::prelude,
    tag
);
