//! What agents' phones do, as the dialer sees it.

use crate::dialer::Dialer;
use carillon_carrier::{Login, PhoneUser, Phones, PhonesHandle, PhonesOptions, tones};
use carillon_media::tone::{Tone, sine};
use carillon_media::{LegPort, MediaEvent, PlayOptions, Prompt, Repeat};
use carillon_sim::agent::AgentLaw;
use carillon_sim::callee::Span;
use carillon_sip::{Codec, Event, RegistrarConfig, Secret, User};
use std::time::Instant;

async fn dialer() -> Dialer {
    let users = ["anna", "bert"].map(|name| User {
        name: name.into(),
        secret: Secret::Password(format!("{name}-secret")),
    });
    Dialer::new(
        Codec::Pcma,
        Some(RegistrarConfig::new("carillon", users.to_vec())),
        "login",
    )
    .await
}

fn phones(dialer: &Dialer, names: &[&str], login: Login) -> PhonesHandle {
    let user = |name: &&str| PhoneUser {
        name: (*name).into(),
        password: format!("{name}-secret"),
    };
    let law = AgentLaw {
        wrap: Span {
            mean_s: 0.8,
            sd_s: 0.01,
        },
    };
    let users = names.iter().map(user).collect();
    let options = PhonesOptions {
        login,
        ..PhonesOptions::new(dialer.address(), users, law, 1)
    };
    Phones::start(options).unwrap()
}

async fn keys(dialer: &Dialer, port: LegPort) -> String {
    let mut keys = String::new();
    let pressed = move |event: &MediaEvent| match event {
        MediaEvent::Dtmf { leg, digit, .. } if *leg == port.leg => {
            keys.push(*digit);
            (keys.len() == 2).then(|| keys.clone())
        }
        _ => None,
    };
    dialer.media_until(pressed).await
}

async fn logs_in(dialer: &mut Dialer) -> LegPort {
    let call = dialer
        .until(|event| match event {
            Event::Incoming(call) => Some(call.clone()),
            _ => None,
        })
        .await;
    assert_eq!(
        (call.user.as_deref(), call.to_user.as_str()),
        (Some("anna"), "login")
    );
    dialer.pick_up(&call).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_logs_in_talks_wraps_up_and_is_ready_again() {
    let mut dialer = dialer().await;
    let phones = phones(&dialer, &["anna"], Login::Calls("login".into()));
    let port = logs_in(&mut dialer).await;
    // The ACK goes both ways only while somebody drives the endpoint.
    let acked = |e: &Event| matches!(e, Event::Acked { .. }).then_some(());
    dialer.until(acked).await;
    assert_eq!(keys(&dialer, port).await, "*1");

    let zip = Prompt::tone(&Tone::zip());
    let customer = Prompt::from_samples(sine(tones::of_call(5), tones::LEVEL_DB, 100));
    dialer
        .relay
        .play(port.leg, &zip, PlayOptions::default())
        .unwrap();
    dialer
        .media_until(|e| matches!(e, MediaEvent::PlayEnded { .. }).then_some(()))
        .await;
    let forever = PlayOptions {
        repeat: Repeat::Forever,
        ..PlayOptions::default()
    };
    dialer.relay.play(port.leg, &customer, forever).unwrap();
    dialer
        .hear_tone(port, tones::of_agent(0), tones::LEVEL_DB)
        .await;
    let heard = phones.tone_levels(0).await.unwrap();
    assert!(
        (heard.tone_db(tones::of_call(5)) - tones::LEVEL_DB).abs() < 1.0,
        "{heard:?}"
    );
    assert_eq!((phones.stats().conversations, phones.stats().wraps), (1, 0));

    dialer.relay.stop_play(port.leg).unwrap();
    let over = Instant::now();
    assert_eq!(keys(&dialer, port).await, "*1");
    // Wrap-up counts from the last sound to the last key, less one frame of scheduling.
    assert!(over.elapsed().as_secs_f64() > 0.72, "{:?}", over.elapsed());
    let stats = phones.stats();
    assert_eq!(
        (
            stats.conversations,
            stats.wraps,
            stats.registered,
            stats.lines_up
        ),
        (1, 1, 1, 1)
    );

    let stopping = tokio::spawn(phones.stop());
    let mut gone = (false, false);
    let both = |event: &Event| {
        gone.0 |= matches!(event, Event::Ended { .. });
        gone.1 |= matches!(event, Event::BindingsChanged { bindings, .. } if bindings.is_empty());
        (gone == (true, true)).then_some(())
    };
    dialer.until(both).await;
    assert_eq!(stopping.await.unwrap().lines_lost, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_is_called_picks_up_and_a_wrong_password_stays_out() {
    let mut dialer = dialer().await;
    let users = vec![PhoneUser {
        name: "bert".into(),
        password: "guessed".into(),
    }];
    let law = AgentLaw {
        wrap: Span {
            mean_s: 1.0,
            sd_s: 0.1,
        },
    };
    let stranger = Phones::start(PhonesOptions::new(dialer.address(), users, law, 1)).unwrap();
    let known = phones(&dialer, &["anna"], Login::Waits);
    let contact = dialer
        .until(|event| match event {
            Event::BindingsChanged { user, bindings } => {
                assert_eq!(user, "anna");
                bindings.first().map(|b| (b.contact.clone(), b.source))
            }
            _ => None,
        })
        .await;
    let (_, port) = dialer.call(&contact.0, contact.1).await;
    dialer.answered(port).await;
    assert_eq!(keys(&dialer, port).await, "*1");
    assert_eq!(known.stats().lines_up, 1);
    let mut failed = stranger.watch();
    let refused = async {
        failed
            .wait_for(|s| s.registrations_failed > 0)
            .await
            .unwrap()
            .clone()
    };
    let never = |_: &Event| None::<()>;
    let stats = tokio::select! {
        stats = refused => stats,
        () = dialer.until(never) => unreachable!(),
    };
    assert_eq!((stats.registered, stats.lines_up), (0, 0));
}
