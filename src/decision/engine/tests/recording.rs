//! Announcements and recordings: on what ground, and when not.

use super::conversations::*;
use super::*;
use crate::conversation::{
    Announcement, Consent, ConsultStep, Destination, RecordingOrder, TalkStep, TransferKind,
    TransferTo,
};

fn config(consent: Consent) -> CampaignConfig {
    let mut config = campaign(Mode::Progressive);
    config.conversation.recording.share = 1.0;
    config.conversation.recording.consent = consent;
    config.conversation.destinations = vec![Destination {
        name: "claims".into(),
        number: E164::new(12_125_550_190).unwrap(),
    }];
    config
}

/// The prompt that tells of the recording.
fn notice() -> Option<String> {
    Some("recorded".into())
}

/// A bridged call to a person in `state`, with everything ordered since the bridge.
fn bridged(config: CampaignConfig, state: Option<&str>) -> (Floor, CallId) {
    let mut floor = Floor::with(config, 1);
    let mut lead = floor.lead();
    lead.state = state.map(str::to_owned);
    if state == Some("CA") {
        // A Californian with a number from there.
        lead.numbers[0].number = E164::new(14_155_550_123).unwrap();
    }
    floor.offer(vec![lead]);
    let call = floor.originated()[0];
    floor.rings(call);
    floor.news(call, Progress::Answered);
    floor.orders.clear();
    floor.news(call, Progress::Bridged);
    (floor, call)
}

/// Takes what recorder and announcer were told, in short.
fn told(floor: &mut Floor) -> Vec<String> {
    floor.take(|c| match c {
        Command::Announce { prompt, .. } => Some(format!("say {prompt}")),
        Command::Recorder { order, .. } => Some(match order {
            RecordingOrder::Start { class, consent } => format!("start {class}: {consent}"),
            RecordingOrder::Pause { reason } => format!("pause: {reason}"),
            RecordingOrder::Resume => "resume".to_owned(),
            RecordingOrder::Stop => "stop".to_owned(),
        }),
        _ => None,
    })
}

fn pause(floor: &mut Floor, pause: bool) {
    floor.tell(Input::AgentRecording { agent: ONE, pause });
}

#[test]
fn consent_given_before_starts_at_the_bridge_and_stops_at_the_end() {
    let (mut floor, call) = bridged(config(Consent::Given), Some("CA"));
    assert_eq!(told(&mut floor), ["start standard: given before the call"]);
    floor.pass(10.0);
    floor.news(call, Progress::HungUp);
    let orders = std::mem::take(&mut floor.orders);
    let stop = |c: &Command| {
        matches!(
            c,
            Command::Recorder {
                order: RecordingOrder::Stop,
                ..
            }
        )
    };
    assert_eq!(orders.iter().filter(|c| stop(c)).count(), 1);
    let record = orders.iter().find_map(|c| match c {
        Command::Record(record) => Some(record),
        _ => None,
    });
    assert!(record.unwrap().recorded);
}

#[test]
fn the_announcement_comes_before_the_notice_and_the_notice_before_the_recording() {
    let prompt = "recorded".into();
    let mut config = config(Consent::Announce { prompt });
    config.conversation.announcement = Some(Announcement {
        prompt: "bank".into(),
    });
    let (mut floor, call) = bridged(config, Some("NY"));
    assert_eq!(told(&mut floor), ["say bank"]);
    floor.pass(2.0);
    floor.news(call, Progress::AnnouncementEnded);
    assert_eq!(told(&mut floor), ["say recorded"]);
    floor.pass(3.0);
    floor.news(call, Progress::AnnouncementEnded);
    assert_eq!(told(&mut floor), ["start standard: announced"]);
    floor.news(call, Progress::AnnouncementEnded);
    assert_eq!(told(&mut floor), Vec::<String>::new());
}

#[test]
fn a_notice_that_was_never_heard_is_no_consent() {
    let prompt = "recorded".into();
    let (mut floor, call) = bridged(config(Consent::Announce { prompt }), Some("NY"));
    floor.orders.clear();
    floor.pass(120.0);
    assert_eq!(told(&mut floor), Vec::<String>::new());
    floor.news(call, Progress::HungUp);
    assert!(!floor.records()[0].recorded);
}

#[test]
fn one_party_states_are_recorded_at_once_and_all_party_states_are_told_first() {
    let all = |prompt| config(Consent::AllParties { prompt });
    let (mut floor, _) = bridged(all(notice()), Some("NY"));
    assert_eq!(told(&mut floor), ["start standard: one-party state US-NY"]);
    let (mut floor, call) = bridged(all(notice()), Some("CA"));
    assert_eq!(told(&mut floor), ["say recorded"]);
    floor.news(call, Progress::AnnouncementEnded);
    assert_eq!(
        told(&mut floor),
        ["start standard: announced, all-party place US-CA"]
    );
    let (mut floor, call) = bridged(all(None), Some("CA"));
    assert_eq!(told(&mut floor), Vec::<String>::new());
    floor.news(call, Progress::HungUp);
    let record = floor.records().remove(0);
    assert!(!record.recorded);
    let why = match &record.events[0].what {
        TalkStep::NotRecorded { why } => why,
        other => panic!("{other:?}"),
    };
    assert!(why.contains("US-CA") && why.contains("632"), "{why}");
}

#[test]
fn callers_are_placed_by_their_number() {
    let prompt = notice();
    let mut floor = Floor::with(config(Consent::AllParties { prompt }), 1);
    let trunk = TrunkId(1);
    let to = E164::new(12_125_550_199).unwrap();
    let from = E164::new(12_125_550_105);
    floor.tell(Input::Inbound {
        leg: 1,
        from,
        to,
        trunk,
    });
    let call = floor.bridges()[0].0;
    floor.news(call, Progress::Bridged);
    assert_eq!(told(&mut floor), ["start standard: one-party state US-NY"]);
    floor.news(call, Progress::HungUp);
    floor.tell(Input::AgentReady { agent: ONE });
    floor.orders.clear();
    // A caller who hides their number may be anywhere.
    floor.tell(Input::Inbound {
        leg: 2,
        from: None,
        to,
        trunk,
    });
    let call = floor.bridges()[0].0;
    floor.news(call, Progress::Bridged);
    assert_eq!(told(&mut floor), ["say recorded"]);
}

#[test]
fn the_share_is_drawn_by_call_and_campaign() {
    let mut some = config(Consent::Given);
    some.conversation.recording.share = 0.5;
    let mut floor = Floor::with(some, 1);
    let mut recorded = Vec::new();
    for _ in 0..20 {
        let call = floor.dialed(1)[0];
        floor.rings(call);
        floor.news(call, Progress::Answered);
        floor.orders.clear();
        floor.news(call, Progress::Bridged);
        if !told(&mut floor).is_empty() {
            recorded.push(call);
        }
        floor.news(call, Progress::HungUp);
        floor.tell(Input::AgentReady { agent: ONE });
    }
    let key = u64::from(CAMPAIGN.0);
    let drawn: Vec<CallId> = (1..=20)
        .map(CallId)
        .filter(|call| crate::sample::drawn(key, *call, 0.5))
        .collect();
    assert_eq!(recorded, drawn);
    assert!((4..=16).contains(&recorded.len()));
}

#[test]
fn agents_pause_where_they_may() {
    let (mut floor, _) = bridged(config(Consent::Given), Some("NY"));
    floor.orders.clear();
    pause(&mut floor, true);
    pause(&mut floor, true);
    assert_eq!(told(&mut floor), ["pause: asked for by the agent"]);
    pause(&mut floor, false);
    assert_eq!(told(&mut floor), ["resume"]);
    let mut strict = config(Consent::Given);
    strict.conversation.recording.agents_pause = false;
    let (mut floor, _) = bridged(strict, Some("NY"));
    pause(&mut floor, true);
    assert_eq!(floor.refusals(), ["not_allowed"]);
    let (mut floor, _) = talking(1);
    pause(&mut floor, true);
    assert_eq!(floor.refusals(), ["wrong_moment"], "nothing is recorded");
}

#[test]
fn a_pause_asked_for_during_the_notice_holds_from_the_start() {
    let prompt = "recorded".into();
    let (mut floor, call) = bridged(config(Consent::Announce { prompt }), Some("NY"));
    pause(&mut floor, true);
    floor.orders.clear();
    floor.news(call, Progress::AnnouncementEnded);
    assert_eq!(
        told(&mut floor),
        ["start standard: announced", "pause: asked for by the agent"]
    );
}

#[test]
fn supervisors_start_and_end_recordings() {
    let mut none = config(Consent::AllParties { prompt: notice() });
    none.conversation.recording.share = 0.0;
    let (mut floor, call) = bridged(none, Some("CA"));
    assert_eq!(told(&mut floor), Vec::<String>::new());
    floor.tell(Input::Recording { call, on: true });
    assert_eq!(
        told(&mut floor),
        ["say recorded"],
        "nobody's order is consent"
    );
    floor.tell(Input::Recording { call, on: true });
    assert_eq!(told(&mut floor), Vec::<String>::new());
    floor.news(call, Progress::AnnouncementEnded);
    assert_eq!(told(&mut floor).len(), 1);
    floor.tell(Input::Recording { call, on: false });
    assert_eq!(told(&mut floor), ["stop"]);
    floor.tell(Input::Recording { call, on: true });
    assert_eq!(
        told(&mut floor),
        ["start standard: announced, all-party place US-CA"],
        "told once is enough"
    );
    let mut silent = config(Consent::AllParties { prompt: None });
    silent.conversation.recording.share = 0.0;
    let (mut floor, call) = bridged(silent, Some("CA"));
    floor.orders.clear();
    floor.tell(Input::Recording { call, on: true });
    let alerts = floor.take(|c| match c {
        Command::Alert(crate::event::Alert::Conversation { problem, .. }) => Some(problem.clone()),
        _ => None,
    });
    assert!(alerts[0].contains("cannot be recorded"), "{alerts:?}");
}

#[test]
fn a_transfer_keeps_the_recording_and_passing_outside_ends_it() {
    let (mut floor, call) = bridged(config(Consent::Given), Some("NY"));
    floor.agent(2, LineKind::NailedUp, &[]);
    floor.orders.clear();
    let to = TransferTo::Agent(TWO);
    transfer(&mut floor, to, TransferKind::Blind);
    floor.news(call, Progress::Bridged);
    assert_eq!(told(&mut floor), Vec::<String>::new());
    let agent = TWO;
    let to = TransferTo::Destination("claims".into());
    let kind = TransferKind::Blind;
    floor.tell(Input::AgentTransfer { agent, to, kind });
    assert_eq!(told(&mut floor), ["stop"], "nobody of the house takes part");
}

#[test]
fn an_outside_party_in_the_talk_is_not_recorded() {
    let (mut floor, _) = bridged(config(Consent::Given), Some("NY"));
    let to = TransferTo::Destination("claims".into());
    transfer(&mut floor, to, TransferKind::Attended);
    let out = floor.take(|c| match c {
        Command::CallOut(order) => Some(order.call),
        _ => None,
    })[0];
    floor.news(out, Progress::Answered);
    step(&mut floor, ConsultStep::Join);
    assert_eq!(told(&mut floor), ["pause: an outside party is on the line"]);
    step(&mut floor, ConsultStep::Cancel);
    assert_eq!(told(&mut floor), ["resume"]);
}
