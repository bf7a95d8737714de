//! A dialog's messages as a trace: what each says, what was said before, what ended it.

use super::book::{Dialog, LadderKey};
use super::mask::masked;
use super::message::Captured;
use super::read::{Read, read};
use carillon_api::port::{
    CallTrace, Sight, TraceMessage, TracePeer, TraceSummary, TraceView, digits_of,
};
use carillon_sip::Peer;
use std::collections::BTreeSet;

/// The dialog in one line. Agents are named by the caller.
pub(crate) fn summary(dialog: &Dialog, sight: Sight) -> TraceSummary {
    let reads: Vec<Read> = dialog.messages.iter().map(|m| read(m, sight)).collect();
    summary_of(dialog, &reads)
}

fn summary_of(dialog: &Dialog, reads: &[Read]) -> TraceSummary {
    let (first, last) = (dialog.messages.first(), dialog.messages.last());
    let at = |m: Option<&std::sync::Arc<Captured>>| m.map_or(0, |m| m.at_us);
    let read = reads.first().cloned().unwrap_or_default();
    let call = dialog.keys.iter().find_map(|key| match key {
        LadderKey::Call(call) => Some(call.0),
        _ => None,
    });
    let lasted = at(last).saturating_sub(at(first));
    TraceSummary {
        call,
        agent: None,
        call_id: dialog.call_id.to_string(),
        kind: kind(dialog).to_owned(),
        method: read.cseq.map(|(_, method)| method).unwrap_or_default(),
        from: read.from,
        to: read.to,
        started: written(at(first)),
        lasted_ms: u64::try_from(lasted / 1000).unwrap_or(0),
        messages: u32::try_from(dialog.messages.len()).unwrap_or(u32::MAX),
        ended: ended(dialog, reads),
    }
}

fn kind(dialog: &Dialog) -> &'static str {
    let sent = dialog.messages.first().is_some_and(|m| m.sent);
    let of_key = dialog.keys.iter().map(|key| match key {
        LadderKey::Call(_) if sent => "outbound",
        LadderKey::Call(_) | LadderKey::Leg(_) => "inbound",
        LadderKey::Agent(_) => "agent",
        LadderKey::Test(_) => "test",
    });
    of_key.min().unwrap_or("other")
}

/// Whether a dialog is from or to a number, given in digits. House and network write numbers
/// with and without country code, so the shorter may be the end of the longer.
pub(crate) fn is_about(dialog: &Dialog, digits: &str) -> bool {
    let Some(first) = dialog.messages.first() else {
        return false;
    };
    let told = read(first, Sight::Whole);
    [told.from, told.to].iter().any(|user| {
        let user = digits_of(user);
        user.len() >= carillon_api::port::NUMBER_DIGITS_MIN
            && (user.ends_with(digits) || digits.ends_with(&user))
    })
}

/// The whole trace. Cause, agent and names of peers are the caller's to add.
pub(crate) fn trace(dialog: &Dialog, view: TraceView) -> CallTrace {
    let reads: Vec<Read> = dialog
        .messages
        .iter()
        .map(|m| read(m, view.sight))
        .collect();
    let summary = summary_of(dialog, &reads);
    let peers = peers(dialog);
    let begin = dialog.messages.first().map_or(0, |m| m.at_us);
    let mut seen = BTreeSet::new();
    let messages = dialog.messages.iter().zip(reads).map(|(message, told)| {
        let again = !seen.insert((message.sent, message.peer, &message.bytes));
        let peer = peers.iter().position(|p| *p == message.peer);
        TraceMessage {
            at: written(message.at_us),
            after_us: message.at_us.saturating_sub(begin),
            sent: message.sent,
            peer: peer.and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
            label: told.label,
            cseq: told
                .cseq
                .map_or_else(String::new, |(n, m)| format!("{n} {m}")),
            again,
            sdp: told.sdp,
            note: told.note,
            text: view
                .full
                .then(|| String::from_utf8_lossy(&masked(&message.bytes, view.sight)).into_owned()),
        }
    });
    CallTrace {
        messages: messages.collect(),
        summary,
        cause: None,
        ended_by: None,
        peers: peers
            .iter()
            .map(|peer| TracePeer {
                address: peer.to_string(),
                name: None,
            })
            .collect(),
        dropped: dialog.dropped,
    }
}

/// The other sides, in the order they appear.
pub(crate) fn peers(dialog: &Dialog) -> Vec<Peer> {
    let mut found: Vec<Peer> = Vec::new();
    for message in &dialog.messages {
        if !found.contains(&message.peer) {
            found.push(message.peer);
        }
    }
    found
}

/// How a dialog ended, as far as SIP tells; `None`: it goes on.
fn ended(dialog: &Dialog, reads: &[Read]) -> Option<String> {
    let told = || dialog.messages.iter().zip(reads);
    let who = |m: &Captured| match m.sent {
        true => "us".to_owned(),
        false => m.peer.to_string(),
    };
    let why = |r: &Read| {
        let reason = r.reason.as_ref();
        reason.map_or_else(String::new, |reason| format!(" ({reason})"))
    };
    if let Some((m, r)) = told().find(|(_, r)| r.method.as_deref() == Some("BYE")) {
        return Some(format!("BYE from {}{}", who(m), why(r)));
    }
    let opening = reads.first().and_then(|r| r.cseq.clone())?.1;
    let last = told().rfind(|(_, r)| r.is_final_of(&opening));
    let cancelled = told().find(|(_, r)| r.method.as_deref() == Some("CANCEL"));
    let (m, r) = match (last, cancelled) {
        (None, None) => return None,
        (None, Some((m, r))) => {
            return Some(format!(
                "CANCEL from {}, no final answer yet{}",
                who(m),
                why(r)
            ));
        }
        (Some(last), _) => last,
    };
    let code = r.code.unwrap_or(0);
    let number = r.cseq.as_ref().map(|(number, _)| *number);
    let request_after = |code: u16| {
        // A challenge, or a redirection, that we (or they) followed: the call goes on.
        (300..500).contains(&code)
            && told().any(|(_, later)| {
                later.method.as_deref() == Some(opening.as_str())
                    && later.cseq.as_ref().map(|(n, _)| *n) > number
            })
    };
    if opening == "INVITE" && (code < 300 || request_after(code)) {
        return None;
    }
    let cancel = match cancelled {
        Some((m, r)) => format!(", after CANCEL from {}{}", who(m), why(r)),
        None => String::new(),
    };
    Some(format!("{} from {}{}{cancel}", r.label, who(m), why(r)))
}

/// RFC 3339 in UTC with microseconds.
fn written(at_us: i64) -> String {
    match jiff::Timestamp::from_microsecond(at_us) {
        Ok(at) => format!("{at:.6}"),
        Err(_) => format!("{at_us} us"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;
    use std::sync::Arc;

    fn dialog(messages: &[(bool, &str, &str)]) -> Dialog {
        let peer = Peer::udp(SocketAddr::from(([192, 0, 2, 1], 5060)));
        let made = messages.iter().enumerate().map(|(n, (sent, start, rest))| {
            let text = format!(
                "{start}\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\nFrom: <sip:+12025550100@h>;tag=a\r\n\
                 To: <sip:9%23+442079460018@h>\r\nCall-ID: x\r\nCSeq: {rest}\r\nContent-Length: 0\r\n\r\n"
            );
            Arc::new(Captured {
                at_us: 1_000_000 + n as i64 * 1_500,
                sent: *sent,
                local: SocketAddr::from(([192, 0, 2, 9], 5060)),
                peer,
                bytes: text.into_bytes().into(),
            })
        });
        Dialog {
            call_id: Arc::from("x"),
            keys: Vec::new(),
            messages: made.collect(),
            dropped: 0,
            turn: 1,
        }
    }

    const INVITE: (bool, &str, &str) = (true, "INVITE sip:+442079460018@h SIP/2.0", "1 INVITE");

    #[test]
    fn what_ended_a_call_is_told() {
        let busy = (
            false,
            "SIP/2.0 486 Busy Here",
            "1 INVITE\r\nReason: Q.850;cause=17",
        );
        let challenge = (
            false,
            "SIP/2.0 407 Proxy Authentication Required",
            "1 INVITE",
        );
        let again = (true, "INVITE sip:+442079460018@h SIP/2.0", "2 INVITE");
        let ok = (false, "SIP/2.0 200 OK", "2 INVITE");
        let bye = (
            false,
            "BYE sip:us@h SIP/2.0",
            "7 BYE\r\nReason: Q.850;cause=16",
        );
        let cancel = (true, "CANCEL sip:+442079460018@h SIP/2.0", "1 CANCEL");
        let gone = (false, "SIP/2.0 487 Request Terminated", "1 INVITE");
        for (messages, told) in [
            (vec![INVITE], None),
            (
                vec![INVITE, busy],
                Some("486 Busy Here from 192.0.2.1:5060 (Q.850;cause=17)"),
            ),
            (vec![INVITE, challenge, again], None),
            (
                vec![INVITE, challenge],
                Some("407 Proxy Authentication Required from 192.0.2.1:5060"),
            ),
            (vec![INVITE, challenge, again, ok], None),
            (
                vec![INVITE, challenge, again, ok, bye],
                Some("BYE from 192.0.2.1:5060 (Q.850;cause=16)"),
            ),
            (
                vec![INVITE, cancel],
                Some("CANCEL from us, no final answer yet"),
            ),
            (
                vec![INVITE, cancel, gone],
                Some("487 Request Terminated from 192.0.2.1:5060, after CANCEL from us"),
            ),
        ] {
            assert_eq!(
                summary(&dialog(&messages), Sight::Masked).ended.as_deref(),
                told
            );
        }
    }

    #[test]
    fn repeated_messages_are_marked_and_numbers_masked() {
        let told = trace(&dialog(&[INVITE, INVITE]), TraceView::default());
        assert_eq!(
            told.messages.iter().map(|m| m.again).collect::<Vec<_>>(),
            [false, true]
        );
        assert_eq!(told.messages[1].after_us, 1_500);
        assert_eq!(told.messages[0].at, "1970-01-01T00:00:01.000000Z");
        assert_eq!(
            (told.summary.from.as_str(), told.summary.to.as_str()),
            ("+1202***0100", "9#+4420****0018")
        );
        assert_eq!(told.messages[0].text, None);
        let whole = trace(
            &dialog(&[INVITE]),
            TraceView {
                full: true,
                sight: Sight::Numbers,
            },
        );
        assert!(
            whole.messages[0]
                .text
                .as_ref()
                .unwrap()
                .contains("INVITE sip:+442079460018@h")
        );
    }

    #[test]
    fn a_number_is_found_however_the_trunk_writes_it() {
        let dialog = dialog(&[INVITE]);
        for (digits, found) in [
            ("442079460018", true),
            ("9460018", true),
            ("12025550100", true),
            ("0012025550100", true),
            ("442079460019", false),
        ] {
            assert_eq!(is_about(&dialog, digits), found, "{digits}");
        }
    }
}
