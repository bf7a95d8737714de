//! Fax and video offered in mid-call are refused cleanly: the conversation goes on.

use super::{AGENT_HZ, CUSTOMER_HZ, Floor, at_once};
use carillon_sip::Event;

/// The streams of the node's answer to a description offered on the customer's leg.
fn offer(floor: &Floor, sdp: &str) -> Vec<String> {
    let leg = floor.customer.leg;
    let sent = floor
        .peer
        .with(|e, now| e.reoffer(now, leg, sdp.as_bytes()));
    sent.expect("the call stands");
    let answered = |event| match event {
        Event::MediaChanged {
            leg: of, remote, ..
        } if of == leg => Some(remote),
        Event::ReofferFailed { leg: of, code } if of == leg => panic!("refused: {code}"),
        _ => None,
    };
    let answer = at_once(|| floor.peer.wait("an answer to the offer", answered));
    let text = String::from_utf8(answer.to_bytes()).expect("SDP is text");
    let streams = text.lines().filter(|l| l.starts_with("m="));
    streams.map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn fax_and_video_beside_the_audio_are_refused_and_the_conversation_goes_on() {
    let floor = Floor::start(77, "").await;
    let ours = floor
        .peer
        .with(|e, _| e.local_sdp(floor.customer.leg).cloned());
    let ours = String::from_utf8(ours.expect("agreed").to_bytes()).expect("SDP is text");
    let more = "m=video 40002 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n\
                m=image 40004 udptl t38\r\na=T38FaxVersion:0\r\n";
    let streams = offer(&floor, &format!("{ours}{more}"));
    assert_eq!(streams.len(), 3, "{streams:?}");
    assert!(streams[0].starts_with("m=audio ") && !streams[0].starts_with("m=audio 0 "));
    assert!(streams[1].starts_with("m=video 0 "), "{streams:?}");
    assert!(streams[2].starts_with("m=image 0 "), "{streams:?}");
    floor.circle(&[(floor.desk, AGENT_HZ), (floor.customer, CUSTOMER_HZ)]);
    floor.stop().await;
}
