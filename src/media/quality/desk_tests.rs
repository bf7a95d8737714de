//! Orders, audio and time come in from different threads; reports come out once.

use super::super::alarm::AlarmKind;
use super::super::emodel::Impairment;
use super::super::voices::{babble, silence};
use super::*;

fn legs(expected: u64, lost: u64) -> BothLegs {
    let leg = |lost| LegCounts {
        codec: Impairment::G711_CONCEALED,
        expected,
        lost,
        discarded: 0,
        loss_runs: 0,
        jitter_ms: 1.0,
        buffer_ms: None,
        far: None,
    };
    BothLegs {
        customer: leg(lost),
        agent: leg(0),
    }
}

/// Any instant will do: everything is relative to it.
#[allow(
    clippy::disallowed_methods,
    reason = "instants can be made no other way"
)]
fn start() -> Instant {
    Instant::now()
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

const TAP: u64 = 7;

/// Plays both sides from `from_ms` in blocks of 40 ms.
fn play(listener: &mut QualityListener, from_ms: u64, left: &[i16], right: &[i16]) {
    for (n, (left, right)) in left.chunks(320).zip(right.chunks(320)).enumerate() {
        listener.block(TAP, from_ms + 40 * n as u64, left, right);
    }
}

fn report(desk: &QualityDesk) -> Option<CallQuality> {
    desk.news().try_iter().find_map(|news| match news {
        QualityNews::Report { tap: TAP, quality } => Some(*quality),
        _ => None,
    })
}

#[test]
fn a_call_is_followed_from_the_bridge_to_its_report() {
    let (mut listener, desk) = listener();
    let t0 = start();
    assert!(desk.watch(TAP, t0, ConversationSettings::default()));
    listener.began(TAP, t0);
    // The agent's line counted before; the customer's greeting is not of the conversation.
    desk.mark(
        TAP,
        t0 + ms(2_000),
        Mark::Bridged,
        Some(legs(10_000, 9_000)),
    );
    play(&mut listener, 0, &babble(-26.0, 2_000, 1), &silence(2_000));
    listener.tick(t0 + ms(2_000));
    let talk = [silence(1_000), babble(-26.0, 9_000, 2)].concat();
    play(&mut listener, 2_000, &silence(10_000), &talk);
    desk.legs(TAP, t0 + ms(12_000), legs(10_500, 9_100));
    listener.tick(t0 + ms(12_000));
    let alarm = desk.news().try_recv().unwrap();
    assert!(
        matches!(&alarm, QualityNews::Alarm { tap: TAP, alarm } if alarm.raised),
        "{alarm:?}"
    );
    let scores = desk.news().try_recv().unwrap();
    let QualityNews::Scores { tap: TAP, scores } = scores else {
        panic!("{scores:?}")
    };
    // A fifth of the customer's packets was lost on their way to the agent.
    let (agent, customer) = (scores.agent_hears.unwrap(), scores.customer_hears.unwrap());
    assert!(agent < 3.0 && customer > 4.0, "{scores:?}");
    desk.end(TAP, t0 + ms(12_500), None);
    listener.tick(t0 + ms(12_500));
    assert_eq!(report(&desk), None, "audio may still come");
    listener.ended(TAP, 12_000);
    listener.tick(t0 + ms(12_520));
    let quality = report(&desk).unwrap();
    assert_eq!(quality.agent_hears.unwrap().loss_to_us_percent, 20.0);
    let talk = quality.conversation.unwrap();
    assert_eq!(talk.talk_ms, 10_000);
    assert!(talk.agent_spoke_after_ms.unwrap().abs_diff(1_000) < 50);
    assert_eq!(talk.customer.speech_ms, 0);
    // Once only.
    listener.tick(t0 + ms(99_000));
    assert_eq!(report(&desk), None);
}

#[test]
fn a_call_without_audio_is_reported_from_its_packets() {
    let (mut listener, desk) = listener();
    let t0 = start();
    desk.watch(TAP, t0, ConversationSettings::default());
    desk.mark(TAP, t0, Mark::Bridged, Some(legs(0, 0)));
    desk.end(TAP, t0 + ms(10_000), Some(legs(500, 0)));
    listener.tick(t0 + ms(10_000));
    assert_eq!(report(&desk), None);
    listener.tick(t0 + ms(15_000));
    let quality = report(&desk).unwrap();
    assert!(quality.conversation.is_none() && quality.agent_hears.unwrap().mos > 4.3);
}

#[test]
fn a_watch_that_begins_in_the_middle_keeps_its_time() {
    let (mut listener, desk) = listener();
    let t0 = start();
    listener.began(TAP, t0);
    play(&mut listener, 0, &silence(30_000), &silence(30_000));
    desk.watch(TAP, t0 + ms(30_000), ConversationSettings::default());
    desk.mark(TAP, t0 + ms(31_000), Mark::Bridged, None);
    let agent = [silence(3_000), babble(-26.0, 3_000, 3)].concat();
    play(&mut listener, 30_000, &silence(6_000), &agent);
    listener.ended(TAP, 36_000);
    listener.tick(t0 + ms(36_000));
    // Nobody says that the call is over: it is after a minute.
    assert_eq!(report(&desk), None);
    listener.tick(t0 + ms(96_000));
    let talk = report(&desk).unwrap().conversation.unwrap();
    assert_eq!(talk.talk_ms, 5_000);
    assert!(talk.agent_spoke_after_ms.unwrap().abs_diff(2_000) < 50);
}

#[test]
fn unwatched_taps_and_a_full_queue_do_no_harm() {
    let (mut listener, desk) = listener();
    let t0 = start();
    play(&mut listener, 0, &silence(1_000), &silence(1_000));
    listener.ended(TAP, 1_000);
    listener.tick(t0);
    assert!(desk.news().is_empty());
    // More reports than the queue holds: none is lost.
    let calls = QUEUE as u64 + 100;
    for tap in 0..calls {
        desk.watch(tap, t0, ConversationSettings::default());
        desk.end(tap, t0, None);
        listener.tick(t0);
    }
    listener.tick(t0 + AUDIO_WAIT);
    let mut told = desk.news().try_iter().count();
    listener.tick(t0 + AUDIO_WAIT);
    told += desk.news().try_iter().count();
    assert_eq!(told as u64, calls);
}

#[test]
fn alarms_are_sentences() {
    let alarm = |kind, raised, figure| {
        Alarm {
            at_ms: 0,
            kind,
            raised,
            figure,
        }
        .to_string()
    };
    assert_eq!(
        alarm(AlarmKind::DeadAir, true, 8_000.0),
        "nobody has spoken for 8 s"
    );
    let side = super::super::conversation::Side::Customer;
    assert_eq!(
        alarm(AlarmKind::LowMos(side), true, 2.44),
        "the line sounds bad to the customer (MOS 2.4)"
    );
    assert_eq!(
        alarm(AlarmKind::Clipping(side), true, 0.034),
        "the customer's speech is clipped (3.4 %)"
    );
}
