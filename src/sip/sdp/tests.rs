use super::*;

const OFFER: &str = "v=0\r\no=- 42 7 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
    m=audio 4000 RTP/AVP 18 8 0 96\r\na=rtpmap:96 telephone-event/8000\r\na=fmtp:96 0-16\r\n\
    a=ptime:30\r\na=sendonly\r\nm=video 0 RTP/AVP 31\r\nm=image 4002 udptl t38\r\n";

fn spec() -> MediaSpec {
    MediaSpec::g711("198.51.100.1:6000".parse().unwrap(), 9)
}

#[test]
fn reads_a_full_offer() {
    let sdp = SessionDescription::parse(OFFER.as_bytes()).unwrap();
    let audio = sdp.audio().unwrap();
    assert_eq!(audio.remote, Some("192.0.2.1:4000".parse().unwrap()));
    assert_eq!(audio.codecs, [Codec::Pcma, Codec::Pcmu]);
    assert_eq!(audio.telephone_event, Some(96));
    assert_eq!(audio.ptime_ms, 30);
    assert!(audio.held);
    assert_eq!((sdp.session_id, sdp.version, sdp.media.len()), (42, 7, 3));
}

#[test]
fn answers_with_the_offers_order_and_refuses_the_rest() {
    let offer = SessionDescription::parse(OFFER.as_bytes()).unwrap();
    let answer = SessionDescription::answer(&offer, &spec()).unwrap();
    let text = String::from_utf8(answer.to_bytes()).unwrap();
    assert!(text.contains("m=audio 6000 RTP/AVP 8 0 96\r\n"), "{text}");
    assert!(text.contains("a=recvonly\r\n"), "{text}");
    assert!(
        text.contains("m=video 0 RTP/AVP 31\r\nm=image 0 udptl t38\r\n"),
        "{text}"
    );
    let back = SessionDescription::parse(text.as_bytes()).unwrap();
    assert_eq!(back.to_bytes(), text.as_bytes());
}

#[test]
fn our_offer_is_read_back_as_it_was_meant() {
    let offer = SessionDescription::offer(&spec());
    let back = SessionDescription::parse(&offer.to_bytes()).unwrap();
    assert_eq!(back, offer);
    let six = MediaSpec::g711("[2001:db8::5]:6002".parse().unwrap(), 1);
    let text = String::from_utf8(SessionDescription::offer(&six).to_bytes()).unwrap();
    assert!(text.contains("c=IN IP6 2001:db8::5\r\n"));
}

#[test]
fn hold_and_return_within_a_session() {
    let ours = SessionDescription::offer(&spec());
    for (line, held, reply) in [
        ("a=sendonly", true, Direction::RecvOnly),
        ("a=inactive", true, Direction::Inactive),
        ("a=recvonly", false, Direction::SendOnly),
        ("a=sendrecv", false, Direction::SendRecv),
    ] {
        let text = format!("v=0\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0\n{line}\n");
        let offer = SessionDescription::parse(text.as_bytes()).unwrap();
        assert_eq!(offer.audio().unwrap().held, held, "{line}");
        let answer = ours.answer_again(&offer).unwrap();
        assert_eq!(answer.media[0].direction, reply);
        assert_eq!(answer.version, ours.version + 1);
        assert_eq!(answer.media[0].port, 6000);
    }
    let old =
        SessionDescription::parse(b"v=0\nc=IN IP4 0.0.0.0\nm=audio 4000 RTP/AVP 0\n").unwrap();
    let audio = old.audio().unwrap();
    assert!(audio.held && audio.remote.is_none());
    assert_eq!(
        ours.answer_again(&old).unwrap().media[0].direction,
        Direction::RecvOnly
    );
    let both = b"v=0\nc=IN IP4 0.0.0.0\nm=audio 4000 RTP/AVP 0\na=inactive\n";
    let both = SessionDescription::parse(both).unwrap();
    assert_eq!(
        ours.answer_again(&both).unwrap().media[0].direction,
        Direction::Inactive,
        "an inactive stream is answered inactive (RFC 3264 §6.1)"
    );
}

#[test]
fn tolerates_odd_bodies() {
    let media_level = b"v=0\r\nm=audio 4000/2 RTP/AVP 0\r\nc=IN IP4 192.0.2.77/127\r\na=ptime:20.0\r\n\xff\xfe\r\njunk\r\n";
    let audio = SessionDescription::parse(media_level)
        .unwrap()
        .audio()
        .unwrap();
    assert_eq!(audio.remote, Some("192.0.2.77:4000".parse().unwrap()));
    assert_eq!(audio.ptime_ms, 20);
    let name = b"v=0\nc=IN IP4 media.example\nm=audio 4000 RTP/AVP 8\n";
    let audio = SessionDescription::parse(name).unwrap().audio().unwrap();
    assert!(audio.remote.is_none() && !audio.held);
    assert!(SessionDescription::parse(b"v=0\r\n").is_err());
    assert!(SessionDescription::parse(b"").is_err());
    assert!(SessionDescription::parse(b"v=0\r\nm=audio 1 RTP/AVP 0\r\nm=\r\n").is_err());
    let none = SessionDescription::parse(b"v=0\nm=audio 4000 RTP/AVP 18 4\n").unwrap();
    assert!(none.audio().is_none());
    assert!(SessionDescription::answer(&none, &spec()).is_err());
    let secure = SessionDescription::parse(b"v=0\nm=audio 4000 RTP/SAVP 0\n").unwrap();
    assert!(secure.audio().is_none());
}

#[test]
fn remapped_static_numbers_are_not_trusted() {
    let text = b"v=0\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0\na=rtpmap:0 opus/48000\n";
    assert!(SessionDescription::parse(text).unwrap().audio().is_none());
}
