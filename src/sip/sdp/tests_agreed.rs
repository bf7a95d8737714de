//! Offers and answers with all codecs and keys, and what they agree on.

use super::*;
use crate::error::SipError;

const A: &str = "192.0.2.1:4000";
const B: &str = "198.51.100.1:6000";

fn all(address: &str) -> MediaSpec {
    let codecs = [Codec::Opus, Codec::G722, Codec::Pcmu, Codec::Pcma];
    MediaSpec::g711(address.parse().unwrap(), 9).with_codecs(&codecs)
}

fn secured(address: &str, policy: SrtpPolicy, fill: u8) -> MediaSpec {
    let mut entropy = [fill; 60];
    entropy[30..].fill(fill + 1);
    MediaSpec::g711(address.parse().unwrap(), 9).with_srtp(policy, &entropy)
}

/// Over the wire and back.
fn sent(sdp: &SessionDescription) -> SessionDescription {
    let back = SessionDescription::parse(&sdp.to_bytes()).unwrap();
    assert_eq!(&back, sdp, "written and read alike");
    back
}

fn parse(lines: &str) -> SessionDescription {
    let text = format!("v=0\nc=IN IP4 192.0.2.1\n{lines}");
    SessionDescription::parse(text.as_bytes()).unwrap()
}

fn exchange(a: &MediaSpec, b: &MediaSpec) -> Result<(Agreed, Agreed), SipError> {
    let offer = sent(&SessionDescription::offer(a));
    let answer = sent(&SessionDescription::answer(&offer, b)?);
    Ok((
        Agreed::between(&offer, &answer)?,
        Agreed::between(&answer, &offer)?,
    ))
}

#[test]
fn all_codecs_are_offered_and_the_first_common_one_is_agreed_on_both_sides() {
    let offer = SessionDescription::offer(&all(A));
    let text = String::from_utf8(offer.to_bytes()).unwrap();
    for line in [
        "m=audio 4000 RTP/AVP 111 9 0 8 101 110\r\n",
        "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 maxplaybackrate=8000;",
        "a=rtpmap:9 G722/8000\r\n",
        "a=rtpmap:101 telephone-event/8000\r\n",
        "a=rtpmap:110 telephone-event/48000\r\n",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    let (a, b) = exchange(&all(A), &all(B)).unwrap();
    assert_eq!((a.send, b.send.codec), (b.send, Codec::Opus));
    assert!(a.send.fec, "in-band FEC is asked for");
    assert_eq!(a.receive.len(), 4);
    let event = EventFormat {
        payload_type: 110,
        rate: 48_000,
    };
    assert_eq!(a.telephone_event, Some(event));
    let g711 = MediaSpec::g711(B.parse().unwrap(), 1);
    let (a, b) = exchange(&all(A), &g711).unwrap();
    assert_eq!((a.send.codec, b.send.codec), (Codec::Pcmu, Codec::Pcmu));
    assert_eq!(a.telephone_event.unwrap().payload_type, 101);
    assert_eq!(a.remote, Some(B.parse().unwrap()));
    assert_eq!(a.rtcp, Some("198.51.100.1:6001".parse().unwrap()));
}

#[test]
fn a_softphones_numbers_and_parameters_are_kept() {
    let offer = parse(
        "m=audio 4000 RTP/AVP 96 9 0 97 13 98\na=rtpmap:96 opus/48000/2\n\
         a=fmtp:96 useinbandfec=0; maxaveragebitrate=20000\na=rtpmap:97 telephone-event/48000\n\
         a=rtpmap:98 telephone-event/8000\na=maxptime:40\na=ptime:60\n",
    );
    let answer = SessionDescription::answer(&offer, &all(B)).unwrap();
    assert_eq!(answer.media[0].format_list, "96 9 0 97 98");
    let agreed = Agreed::between(&answer, &offer).unwrap();
    let opus = AudioFormat {
        codec: Codec::Opus,
        payload_type: 96,
        fec: false,
        max_bitrate: Some(20_000),
    };
    assert_eq!((agreed.send, agreed.ptime_ms), (opus, 40));
    let mut quiet = all(B);
    quiet.comfort_noise = true;
    let answer = SessionDescription::answer(&offer, &quiet).unwrap();
    assert_eq!(answer.media[0].format_list, "96 9 0 97 13 98");
    assert!(Agreed::between(&answer, &offer).unwrap().comfort_noise);
}

#[test]
fn the_policies_meet_as_their_names_say() {
    use SrtpPolicy::{Off, Optional, Required};
    for (offering, answering, outcome) in [
        (Off, Off, Ok(false)),
        (Off, Optional, Ok(false)),
        (Off, Required, Err(())),
        (Optional, Off, Ok(false)),
        (Optional, Optional, Ok(true)),
        (Optional, Required, Ok(true)),
        (Required, Off, Err(())),
        (Required, Optional, Ok(true)),
        (Required, Required, Ok(true)),
    ] {
        let (a, b) = (secured(A, offering, 1), secured(B, answering, 5));
        let got = exchange(&a, &b);
        let told = got.as_ref().map(|(a, _)| a.keys.is_some());
        assert_eq!(told.map_err(|_| ()), outcome, "{offering:?} {answering:?}");
        match got {
            Ok((a, b)) => {
                let (Some(a), Some(b)) = (a.keys, b.keys) else {
                    continue;
                };
                assert_eq!(a.suite, CryptoSuite::AesCm128HmacSha1_80);
                assert_eq!((&a.ours, &a.theirs), (&b.theirs, &b.ours));
                assert_eq!(a.ours.expose(), &[1; 30]);
                assert_eq!(a.theirs.expose(), &[5; 30]);
            }
            Err(error) => assert_eq!(error.code(), "SIP-SDP-SRTP"),
        }
    }
}

const KEY: &str = "inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";

#[test]
fn the_offered_order_of_suites_decides_and_the_answer_carries_its_tag() {
    let offer = parse(&format!(
        "m=audio 4000 RTP/SAVPF 0\na=crypto:7 AEAD_AES_256_GCM {KEY}\n\
         a=crypto:8 AES_CM_128_HMAC_SHA1_32 {KEY}\na=crypto:9 AES_CM_128_HMAC_SHA1_80 {KEY}\n"
    ));
    let answer = SessionDescription::answer(&offer, &secured(B, SrtpPolicy::Optional, 5)).unwrap();
    let text = String::from_utf8(answer.to_bytes()).unwrap();
    assert!(text.contains("m=audio 6000 RTP/SAVPF 0\r\n"), "{text}");
    assert_eq!(text.matches("a=crypto:").count(), 1);
    assert!(text.contains("a=crypto:8 AES_CM_128_HMAC_SHA1_32 inline:"));
    let keys = Agreed::between(&answer, &offer).unwrap().keys.unwrap();
    assert_eq!(keys.suite, CryptoSuite::AesCm128HmacSha1_32);
    assert_eq!(keys.ours.expose(), &[6; 30], "each suite has its own key");
}

#[test]
fn secured_offers_without_a_usable_key_are_named() {
    for lines in [
        "m=audio 4000 RTP/SAVP 0\n".to_owned(),
        format!("m=audio 4000 RTP/SAVP 0\na=crypto:1 AES_CM_128_HMAC_SHA1_80 {KEY}|2^31|1:4\n"),
        format!("m=audio 4000 RTP/SAVP 0\na=crypto:1 FUTURE {KEY}\n"),
    ] {
        let offer = parse(&lines);
        assert!(offer.audio().is_none(), "{lines}");
        let spec = secured(B, SrtpPolicy::Optional, 5);
        let error = SessionDescription::answer(&offer, &spec).unwrap_err();
        assert_eq!(error.code(), "SIP-SDP-SRTP", "{lines}");
        assert!(error.to_string().contains("without MKI"));
    }
    // An answer that takes another line than was offered.
    let ours = SessionDescription::offer(&secured(A, SrtpPolicy::Required, 1));
    let answer = parse(&format!(
        "m=audio 4000 RTP/SAVP 0\na=crypto:3 AES_CM_128_HMAC_SHA1_80 {KEY}\n"
    ));
    assert!(Agreed::between(&ours, &answer).is_err());
    let plain = parse("m=audio 4000 RTP/AVP 0\n");
    assert!(
        Agreed::between(&ours, &plain).is_err(),
        "no silent fall back"
    );
}

#[test]
fn later_offers_keep_keys_codecs_and_protection() {
    let first = parse(&format!(
        "m=audio 4000 RTP/SAVP 9 0\na=rtcp-mux\na=crypto:1 AES_CM_128_HMAC_SHA1_80 {KEY}\n"
    ));
    let spec = secured(B, SrtpPolicy::Optional, 5)
        .with_codecs(&[Codec::G722, Codec::Pcmu])
        .with_rtcp_mux();
    let ours = SessionDescription::answer(&first, &spec).unwrap();
    let again = ours.answer_again(&first).unwrap();
    assert_eq!(again.media, ours.media);
    assert!(again.media[0].rtcp_mux);
    // The peer changes its key, or the suite: ours stays.
    let other = parse(&format!(
        "m=audio 4000 RTP/SAVP 9 0\na=crypto:4 AES_CM_128_HMAC_SHA1_32 {KEY}\n"
    ));
    let again = ours.answer_again(&other).unwrap();
    let keys = Agreed::between(&again, &other).unwrap().keys.unwrap();
    assert_eq!(
        (keys.suite, keys.ours.expose()),
        (CryptoSuite::AesCm128HmacSha1_32, &[5; 30])
    );
    // A change to the line of audio back to the clear is refused; so are keys never agreed on.
    let plain = parse("m=audio 4000 RTP/AVP 9 0\n");
    assert_eq!(
        ours.answer_again(&plain).unwrap_err().code(),
        "SIP-SDP-SRTP"
    );
    let bare = SessionDescription::answer(&plain, &spec).unwrap();
    assert_eq!(
        bare.answer_again(&first).unwrap_err().code(),
        "SIP-SDP-SRTP"
    );
    // Opus was never ours in this session.
    let wide = parse("m=audio 4000 RTP/AVP 96 8\na=rtpmap:96 opus/48000/2\n");
    assert_eq!(bare.answer_again(&wide).unwrap().media[0].format_list, "8");
}

#[test]
fn rtcp_goes_where_the_peer_says() {
    let address = |lines: &str, mux: bool| {
        let offer = parse(lines);
        let mut spec = all(B);
        spec.rtcp_mux = mux;
        let answer = SessionDescription::answer(&offer, &spec).unwrap();
        let agreed = Agreed::between(&answer, &sent(&offer)).unwrap();
        (agreed.rtcp_mux, agreed.rtcp.unwrap().to_string())
    };
    let audio = "m=audio 4000 RTP/AVP 0\n";
    let told = |extra: &str| format!("{audio}{extra}");
    assert_eq!(address(audio, true), (false, "192.0.2.1:4001".to_owned()));
    let port = told("a=rtcp:53020\n");
    assert_eq!(address(&port, true), (false, "192.0.2.1:53020".to_owned()));
    let host = told("a=rtcp:53020 IN IP4 192.0.2.9\na=rtcp-mux\n");
    assert_eq!(address(&host, false), (false, "192.0.2.9:53020".to_owned()));
    assert_eq!(address(&host, true), (true, "192.0.2.1:4000".to_owned()));
}

#[test]
fn fax_and_video_are_refused_in_their_places() {
    let offer = parse(
        "m=video 5000 RTP/AVP 31\na=rtcp-mux\nm=audio 4000 RTP/AVP 0\nm=image 4002 udptl t38\n\
         a=T38FaxVersion:0\nm=audio 4004 RTP/AVP 8\n",
    );
    let answer = SessionDescription::answer(&offer, &all(B)).unwrap();
    let answer = SessionDescription::parse(&answer.to_bytes()).unwrap();
    let ports: Vec<u16> = answer.media.iter().map(|m| m.port).collect();
    assert_eq!(ports, [0, 6000, 0, 0]);
    let kinds: Vec<&str> = answer.media.iter().map(|m| m.kind.as_str()).collect();
    assert_eq!(kinds, ["video", "audio", "image", "audio"]);
    let fax = parse("m=audio 0 RTP/AVP 0\nm=image 4002 udptl t38\n");
    let refused = SessionDescription::answer(&fax, &all(B)).unwrap_err();
    assert_eq!(refused.code(), "SIP-SDP-NO-CODEC");
}
