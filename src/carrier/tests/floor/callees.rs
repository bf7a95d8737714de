//! What callees do, as the dialer sees it.

use crate::dialer::Dialer;
use carillon_carrier::{Carrier, CarrierHandle, CarrierOptions, CarrierStats, tones};
use carillon_media::tone::sine;
use carillon_media::{
    GreetingEvent, GreetingSettings, LegPort, MediaEvent, PlayOptions, Prompt, Repeat, Who, prompts,
};
use carillon_sim::{Fate, Scenario};
use carillon_sip::{Codec, EndCause, Event};

fn carrier(script: Vec<Fate>, patience_s: f64) -> CarrierHandle {
    let mut law = Scenario::demo().callees;
    law.patience_s = patience_s;
    Carrier::start(CarrierOptions {
        script,
        ..CarrierOptions::new(law, 1)
    })
    .unwrap()
}

async fn dialer() -> Dialer {
    Dialer::new(Codec::Pcmu, None, "login").await
}

fn person(ring_s: f64, talk_s: f64) -> Fate {
    Fate::Human {
        ring_s,
        greeting_s: 0.6,
        talk_s,
    }
}

async fn all_ended(carrier: &CarrierHandle) -> CarrierStats {
    carrier
        .watch()
        .wait_for(|s| s.placed > 0 && s.up == 0)
        .await
        .unwrap()
        .clone()
}

async fn verdict(dialer: &Dialer, port: LegPort) -> Who {
    let wanted = move |event: &MediaEvent| match event {
        MediaEvent::Greeting {
            leg,
            event: GreetingEvent::Verdict { who, .. },
        } if *leg == port.leg => Some(*who),
        _ => None,
    };
    dialer.media_until(wanted).await
}

#[tokio::test(flavor = "multi_thread")]
async fn busy_wrong_and_no_answer_end_as_networks_end_them() {
    let script = vec![
        Fate::Busy { after_s: 0.05 },
        Fate::WrongNumber { after_s: 0.05 },
        Fate::NoAnswer,
    ];
    let carrier = carrier(script, 8.0);
    let mut dialer = dialer().await;
    for code in [486, 404] {
        dialer.dial(carrier.address()).await;
        assert_eq!(dialer.failed().await, code);
    }
    let (call, _) = dialer.dial(carrier.address()).await;
    let ringing = |e: &Event| matches!(e, Event::Provisional { code: 180, .. }).then_some(());
    dialer.until(ringing).await;
    dialer.cancel(call).await;
    assert_eq!(dialer.failed().await, 487);
    let stats = all_ended(&carrier).await;
    assert_eq!(
        (stats.placed, stats.cancelled, stats.answered, stats.up_most),
        (3, 1, 0, 1)
    );
    assert_eq!(stats.fates.get("busy"), Some(&1));
    assert_eq!(carrier.stop().await.up, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_out_of_service_plays_its_tones_before_any_answer() {
    let carrier = carrier(vec![Fate::NotInService { after_s: 0.05 }], 8.0);
    let mut dialer = dialer().await;
    let (_, port) = dialer.dial(carrier.address()).await;
    let early = |e: &Event| match e {
        Event::Provisional { code: 183, sdp, .. } => sdp.clone(),
        _ => None,
    };
    let sdp = dialer.until(early).await;
    dialer.hear(port, &sdp);
    dialer
        .relay
        .watch_greeting(port.leg, GreetingSettings::default())
        .unwrap();
    let heard = verdict(&dialer, port).await;
    assert!(matches!(heard, Who::Sit(_)), "{heard:?}");
    assert_eq!(dialer.failed().await, 404);
    all_ended(&carrier).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_and_machines_are_told_apart_by_their_greetings() {
    let greeting = |greeting_s| Fate::Human {
        ring_s: 0.1,
        greeting_s,
        talk_s: 1.0,
    };
    let machine = |greeting_s| Fate::Machine {
        ring_s: 0.1,
        greeting_s,
    };
    let people = [0.5, 0.84, 0.88, 0.97].map(greeting);
    let machines = [6.0, 7.0, 9.0].map(machine);
    let carrier = carrier([&people[..], &machines[..]].concat(), 8.0);
    let mut dialer = dialer().await;
    for (number, fate) in people.iter().chain(&machines).enumerate() {
        let (_, port) = dialer.dial(carrier.address()).await;
        let leg = dialer.answered(port).await;
        dialer
            .relay
            .watch_greeting(port.leg, GreetingSettings::default())
            .unwrap();
        let heard = verdict(&dialer, port).await;
        let as_wanted = match fate {
            Fate::Human { .. } => heard == Who::Person,
            _ => heard == Who::Machine,
        };
        assert!(as_wanted, "call {number}, {fate:?}: {heard:?}");
        dialer.bye(leg).await;
        let ended = |e: &Event| matches!(e, Event::Ended { .. }).then_some(());
        dialer.until(ended).await;
    }
    let stats = all_ended(&carrier).await;
    assert_eq!(
        (stats.answered, stats.answered_human, stats.ended_by_dialer),
        (7, 4, 7)
    );
    assert_eq!(
        (stats.connected, stats.abandoned, stats.lost_patience),
        (0, 4, 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_is_heard_answered_and_left_after_the_talk() {
    let carrier = carrier(vec![person(0.1, 1.5)], 8.0);
    let mut dialer = Dialer::new(Codec::Pcma, None, "login").await;
    let (_, port) = dialer.dial(carrier.address()).await;
    dialer.answered(port).await;
    let hz = tones::of_agent(3);
    let voice = Prompt::from_samples(sine(hz, tones::LEVEL_DB, 100));
    let forever = PlayOptions {
        repeat: Repeat::Forever,
        ..PlayOptions::default()
    };
    dialer.relay.play(port.leg, &voice, forever).unwrap();
    dialer
        .hear_tone(port, tones::of_call(0), tones::LEVEL_DB)
        .await;
    let heard = carrier.tone_levels(0).await.unwrap();
    assert!(
        (heard.tone_db(hz) - tones::LEVEL_DB).abs() < 1.0,
        "{heard:?}"
    );
    assert!(heard.tone_db(tones::of_agent(5)) < -45.0, "{heard:?}");
    let ended = |e: &Event| match e {
        Event::Ended { cause, .. } => Some(*cause),
        _ => None,
    };
    assert_eq!(dialer.until(ended).await, EndCause::RemoteBye);
    let stats = all_ended(&carrier).await;
    assert_eq!(
        (stats.connected, stats.abandoned, stats.ended_by_callee),
        (1, 0, 1)
    );
    assert_eq!(carrier.tone_levels(0).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_left_and_the_message_is_heard_out() {
    let carrier = carrier(vec![person(0.1, 1.0), person(0.1, 1.0)], 0.5);
    let mut dialer = dialer().await;
    let (_, port) = dialer.dial(carrier.address()).await;
    dialer.answered(port).await;
    let ended = |e: &Event| matches!(e, Event::Ended { .. }).then_some(());
    dialer.until(ended).await;
    assert_eq!(all_ended(&carrier).await.lost_patience, 1);

    let (_, port) = dialer.dial(carrier.address()).await;
    let leg = dialer.answered(port).await;
    // Longer than onset, greeting and patience together.
    let abandon = prompts::builtin("abandon").unwrap();
    let message = Prompt::from_samples(abandon.samples()[..8 * 3_500].to_vec());
    dialer
        .relay
        .play(port.leg, &message, PlayOptions::default())
        .unwrap();
    let over = |e: &MediaEvent| match e {
        MediaEvent::PlayEnded { completed, .. } => Some(*completed),
        _ => None,
    };
    assert!(dialer.media_until(over).await);
    dialer.bye(leg).await;
    let stats = carrier
        .watch()
        .wait_for(|s| s.placed == 2 && s.up == 0)
        .await
        .unwrap()
        .clone();
    assert_eq!(
        (stats.heard_message, stats.abandoned, stats.lost_patience),
        (1, 2, 1)
    );
    assert_eq!((stats.connected, stats.ended_by_dialer), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_its_channels_the_carrier_refuses_and_a_stop_ends_what_is_up() {
    let law = Scenario::demo().callees;
    let script = vec![
        Fate::NoAnswer,
        Fate::Machine {
            ring_s: 0.1,
            greeting_s: 6.0,
        },
    ];
    let options = CarrierOptions {
        script,
        channels: 2,
        ..CarrierOptions::new(law, 1)
    };
    let carrier = Carrier::start(options).unwrap();
    let mut dialer = dialer().await;
    dialer.dial(carrier.address()).await;
    let (_, port) = dialer.dial(carrier.address()).await;
    dialer.answered(port).await;
    dialer.dial(carrier.address()).await;
    assert_eq!(dialer.failed().await, 503);
    let stopping = tokio::spawn(carrier.stop());
    let (mut declined, mut hung_up) = (false, false);
    let both = |e: &Event| {
        declined |= matches!(e, Event::Failed(f) if f.code == 480);
        hung_up |= matches!(e, Event::Ended { .. });
        (declined && hung_up).then_some(())
    };
    dialer.until(both).await;
    let stats = stopping.await.unwrap();
    assert_eq!((stats.up, stats.refused), (2, 1));
}
