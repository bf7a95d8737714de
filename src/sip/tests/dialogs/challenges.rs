//! 401 and 407 to what we send within dialogs, and reliable responses to re-INVITEs.

use carillon_sip::{Credentials, Event, Invite, LegKey, ReferOutcome};

use crate::harness::*;
use crate::{changes, last_request};

const LINE: &str = "Proxy-Authenticate: Digest realm=\"p\", nonce=\"n1\"\r\n";

/// A calls RAW with a password; RAW has the call.
fn placed(net: &mut Net) -> Vec<u8> {
    let credentials = Some(Credentials {
        username: "u".into(),
        password: "p".into(),
    });
    let invite = Invite {
        credentials,
        ..to_raw()
    };
    net.at(A, |a, now| a.invite(now, invite).unwrap());
    net.run(20);
    last_request(net, "INVITE")
}

fn answered(net: &mut Net) -> LegKey {
    let invite = placed(net);
    let ok = respond(&invite, "200 OK", "t", RAW_CONTACT, &sdp(RAW, 6000));
    net.raw(RAW, A, ok);
    net.run(20);
    net.answered(A)[0]
}

/// Challenges the request that begins so; gives the next try of it.
fn challenge(net: &mut Net, start: &str) -> (Vec<u8>, Vec<u8>) {
    let first = last_request(net, start);
    net.raw(RAW, A, respond(&first, "407 x", "", LINE, b""));
    net.run(20);
    let again = last_request(net, start);
    let number = |m: &[u8]| {
        header(m, "CSeq")
            .split(' ')
            .next()
            .unwrap()
            .parse::<u32>()
            .unwrap()
    };
    assert_eq!(number(&again), number(&first) + 1, "{}", net.ladder());
    assert!(header(&again, "Proxy-Authorization").contains("nonce=\"n1\""));
    assert_ne!(header(&again, "Via"), header(&first, "Via"));
    for name in [
        "To",
        "From",
        "Call-ID",
        "Contact",
        "RAck",
        "Refer-To",
        "Event",
        "Subscription-State",
    ] {
        assert_eq!(header(&again, name), header(&first, name), "{name}");
    }
    (first, again)
}

#[test]
fn a_prack_goes_again_with_credentials() {
    let mut net = Net::with_raw();
    let invite = placed(&mut net);
    let extra = format!("{RAW_CONTACT}Require: 100rel\r\nRSeq: 9\r\n");
    net.raw(RAW, A, respond(&invite, "180 x", "t", &extra, b""));
    net.run(20);
    let (_, again) = challenge(&mut net, "PRACK");
    assert_eq!(header(&again, "RAck"), "9 1 INVITE");
}

#[test]
fn a_refer_goes_again_with_credentials_and_is_followed() {
    let mut net = Net::with_raw();
    let a = answered(&mut net);
    net.at(A, |e, now| {
        e.refer(now, a, "sip:200@192.0.2.9", None).unwrap()
    });
    net.run(20);
    let (_, again) = challenge(&mut net, "REFER");
    net.raw(RAW, A, respond(&again, "202 x", "", "", b""));
    net.run(20);
    let agreed = |e: &Event| matches!(e, Event::ReferProgress { code: 100, .. });
    assert_eq!(net.count(A, agreed), 1);
    // Without any password the challenge is a refusal.
    let mut net = Net::with_raw();
    let (a, _) = crate::talking_to_raw(&mut net, "");
    net.at(A, |e, now| {
        e.refer(now, a, "sip:200@192.0.2.9", None).unwrap()
    });
    net.run(20);
    let refer = last_request(&net, "REFER");
    net.raw(RAW, A, respond(&refer, "407 x", "", LINE, b""));
    net.run(20);
    let refused = |e: &Event| {
        let expected = ReferOutcome::Refused { code: 407 };
        matches!(e, Event::ReferEnded { outcome, .. } if *outcome == expected)
    };
    assert_eq!(net.count(A, refused), 1);
    assert_eq!(net.sent_by(A, "REFER"), 1);
}

#[test]
fn an_update_goes_again_with_credentials() {
    let mut net = Net::with_raw();
    let invite = placed(&mut net);
    let extra = format!("{RAW_CONTACT}Allow: UPDATE\r\nSession-Expires: 100;refresher=uac\r\n");
    net.raw(
        RAW,
        A,
        respond(&invite, "200 OK", "t", &extra, &sdp(RAW, 6000)),
    );
    net.run(50_020);
    let (_, again) = challenge(&mut net, "UPDATE");
    net.raw(RAW, A, respond(&again, "200 OK", "", &extra, b""));
    net.run(20);
    assert_eq!(net.count(A, |e| matches!(e, Event::Ended { .. })), 0);
}

#[test]
fn reliable_responses_to_a_reinvite_are_acknowledged_too() {
    let mut net = Net::with_raw();
    let invite = placed(&mut net);
    let reliable = |rseq: u32| format!("{RAW_CONTACT}Require: 100rel\r\nRSeq: {rseq}\r\n");
    net.raw(RAW, A, respond(&invite, "180 x", "t", &reliable(70), b""));
    net.raw(
        RAW,
        A,
        respond(&invite, "200 OK", "t", RAW_CONTACT, &sdp(RAW, 6000)),
    );
    net.run(20);
    let a = net.answered(A)[0];
    net.at(A, |e, now| e.hold(now, a, true).unwrap());
    net.run(20);
    let offer = last_request(&net, "INVITE");
    // Numbered anew, and below the first.
    net.raw(RAW, A, respond(&offer, "183 x", "", &reliable(3), b""));
    net.run(20);
    let number = header(&offer, "CSeq").split(' ').next().unwrap().to_owned();
    let prack = last_request(&net, "PRACK");
    assert_eq!(header(&prack, "RAck"), format!("3 {number} INVITE"));
    net.raw(
        RAW,
        A,
        respond(&offer, "200 OK", "", RAW_CONTACT, &sdp(RAW, 6000)),
    );
    net.run(20);
    assert_eq!(changes(&net, A), [(6000, "sendonly", false)]);
    let ack = last_request(&net, "ACK");
    assert_eq!(
        header(&ack, "CSeq"),
        format!("{number} ACK"),
        "not the PRACK's number"
    );
}
