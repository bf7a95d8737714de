//! Who answered: the patience of each mode, the law's clock, and messages on machines.

use super::*;
use crate::call::Outcome;
use crate::conversation::MachineRule;

const RATIO_2: Mode = Mode::ManualRatio { ratio: 2.0 };

fn floor(screening: Screening, clock: AbandonmentClock, agents: u32) -> Floor {
    let mut config = campaign(Mode::Progressive);
    config.screening = screening;
    config.abandonment.clock = clock;
    config.conversation.machine = MachineRule::LeaveMessage {
        prompt: "call us".into(),
    };
    Floor::with(config, agents)
}

fn answered(floor: &mut Floor) -> CallId {
    let call = floor.dialed(1)[0];
    floor.rings(call);
    floor.news(call, Progress::Answered);
    call
}

fn greeting_ended(floor: &mut Floor, call: CallId, ago_ms: u64) {
    let ago = Duration::from_millis(ago_ms);
    floor.news(call, Progress::GreetingEnded { ago });
}

fn verdict(floor: &mut Floor, call: CallId, who: AmdVerdict) {
    let greeting_ended = Duration::ZERO;
    floor.news(
        call,
        Progress::Verdict {
            who,
            greeting_ended,
        },
    );
}

#[test]
fn the_end_of_the_greeting_sets_the_deadline_in_both_modes() {
    for screening in [Screening::Fast, Screening::Careful] {
        let mut floor = floor(screening, AbandonmentClock::GreetingEnd, 1);
        let call = answered(&mut floor);
        floor.pass(0.4);
        floor.news(call, Progress::SpeechStarted);
        floor.pass(1.0);
        // Ended 0.2 s ago: the law gives 2 s, of which 0.3 s are kept for joining.
        greeting_ended(&mut floor, call, 200);
        floor.pass(1.499);
        assert_eq!(floor.bridges(), [], "{screening:?}");
        floor.pass(0.001);
        assert_eq!(floor.bridges(), [(call, AgentId(1))], "{screening:?}");
    }
}

#[test]
fn a_second_hello_does_not_win_time() {
    let mut floor = floor(Screening::Careful, AbandonmentClock::GreetingEnd, 1);
    let call = answered(&mut floor);
    floor.news(call, Progress::SpeechStarted);
    floor.pass(0.6);
    greeting_ended(&mut floor, call, 0);
    floor.pass(1.0);
    floor.news(call, Progress::SpeechStarted);
    floor.pass(0.3);
    greeting_ended(&mut floor, call, 0);
    floor.pass(0.4);
    assert_eq!(floor.bridges(), [(call, AgentId(1))]);
}

#[test]
fn long_speech_is_waited_for_longer_where_care_is_asked_for() {
    for (screening, limit) in [(Screening::Fast, 4.0), (Screening::Careful, 6.0)] {
        let mut floor = floor(screening, AbandonmentClock::GreetingEnd, 1);
        let call = answered(&mut floor);
        floor.pass(0.5);
        floor.news(call, Progress::SpeechStarted);
        floor.pass(limit - 0.001);
        assert_eq!(floor.bridges(), [], "{screening:?}");
        floor.pass(0.001);
        assert_eq!(floor.bridges(), [(call, AgentId(1))], "{screening:?}");
    }
}

/// Taken for a person while they seemed to speak, who had ended their greeting just before: the
/// clock runs since then, not since we gave up listening.
#[test]
fn a_greeting_that_ended_before_patience_did_sets_the_deadline() {
    for told_by_verdict in [true, false] {
        let mut config = campaign(RATIO_2);
        config.screening = Screening::Fast;
        let mut floor = Floor::with(config, 1);
        let calls = floor.dialed(2);
        for call in &calls {
            floor.rings(*call);
            floor.news(*call, Progress::Answered);
            floor.news(*call, Progress::SpeechStarted);
        }
        floor.pass(4.1);
        assert_eq!(floor.bridges(), [(calls[0], AgentId(1))]);
        let ago = Duration::from_millis(600);
        floor.news(
            calls[1],
            match told_by_verdict {
                true => Progress::Verdict {
                    who: AmdVerdict::Person,
                    greeting_ended: ago,
                },
                false => Progress::GreetingEnded { ago },
            },
        );
        floor.pass(1.399);
        assert_eq!(floor.messages(), [], "told by verdict: {told_by_verdict}");
        floor.pass(0.001);
        assert_eq!(
            floor.messages(),
            [calls[1]],
            "told by verdict: {told_by_verdict}"
        );
    }
}

#[test]
fn where_the_clock_runs_from_the_answer_speech_wins_no_time() {
    for screening in [Screening::Fast, Screening::Careful] {
        let mut floor = floor(screening, AbandonmentClock::Answer, 1);
        let call = answered(&mut floor);
        floor.pass(0.5);
        floor.news(call, Progress::SpeechStarted);
        floor.pass(1.0);
        greeting_ended(&mut floor, call, 0);
        floor.pass(0.199);
        assert_eq!(floor.bridges(), [], "{screening:?}");
        floor.pass(0.001);
        assert_eq!(floor.bridges(), [(call, AgentId(1))], "{screening:?}");
    }
}

#[test]
fn an_undecided_person_without_an_agent_is_abandoned_at_the_legal_instant() {
    let mut config = campaign(RATIO_2);
    config.screening = Screening::Careful;
    let mut floor = Floor::with(config, 1);
    let calls = floor.dialed(2);
    for call in &calls {
        floor.rings(*call);
        floor.news(*call, Progress::Answered);
        floor.news(*call, Progress::SpeechStarted);
    }
    floor.pass(1.0);
    for call in &calls {
        greeting_ended(&mut floor, *call, 0);
    }
    floor.pass(1.7);
    assert_eq!(floor.bridges().len(), 1);
    floor.news(calls[0], Progress::Bridged);
    floor.pass(0.299);
    assert_eq!(floor.messages(), []);
    floor.pass(0.001);
    assert_eq!(floor.messages(), [calls[1]]);
    assert_eq!(floor.today(), (2, 1));
}

#[test]
fn a_message_is_left_after_the_beep_and_no_agent_is_held() {
    let mut floor = floor(Screening::Careful, AbandonmentClock::GreetingEnd, 1);
    let call = answered(&mut floor);
    floor.news(call, Progress::SpeechStarted);
    floor.pass(4.0);
    verdict(&mut floor, call, AmdVerdict::Machine);
    assert_eq!(floor.state(1), AgentState::Ready);
    floor.pass(6.0);
    assert_eq!(floor.messages(), []);
    floor.orders.clear();
    floor.news(call, Progress::MachineListens);
    let said = floor.take(|c| match c {
        Command::PlayMessage { call, prompt } => Some((*call, prompt.clone())),
        _ => None,
    });
    assert_eq!(said, [(call, "call us".to_owned())]);
    floor.news(call, Progress::MessageEnded);
    assert_eq!(floor.hang_ups(), [call]);
    floor.news(call, Progress::HungUp);
    let record = floor.records().remove(0);
    assert_eq!(
        (record.outcome, record.message_left),
        (Outcome::Machine, true)
    );
    assert_eq!((record.agent, floor.today()), (None, (0, 0)));
}

#[test]
fn a_machine_that_never_listens_or_cuts_us_off_gets_no_message() {
    for cut_off in [false, true] {
        let mut floor = floor(Screening::Fast, AbandonmentClock::GreetingEnd, 1);
        let call = answered(&mut floor);
        verdict(&mut floor, call, AmdVerdict::Machine);
        if cut_off {
            floor.news(call, Progress::MachineListens);
            floor.pass(3.0);
        } else {
            floor.pass(39.9);
            assert_eq!(floor.hang_ups(), []);
            floor.pass(0.1);
            assert_eq!(floor.hang_ups(), [call]);
        }
        floor.news(call, Progress::HungUp);
        let record = floor.records().remove(0);
        assert_eq!(
            (record.outcome, record.message_left),
            (Outcome::Machine, false)
        );
    }
}

#[test]
fn a_beep_before_any_verdict_is_a_machine_that_listens() {
    let mut floor = floor(Screening::Careful, AbandonmentClock::GreetingEnd, 1);
    let call = answered(&mut floor);
    floor.news(call, Progress::MachineListens);
    assert_eq!(floor.messages(), [call]);
    assert_eq!(floor.state(1), AgentState::Ready);
}

#[test]
fn a_fax_never_gets_a_message() {
    let mut floor = floor(Screening::Careful, AbandonmentClock::GreetingEnd, 1);
    let call = answered(&mut floor);
    verdict(&mut floor, call, AmdVerdict::Fax);
    assert_eq!(floor.hang_ups(), [call]);
}

#[test]
fn a_person_taken_for_a_machine_meets_an_agent_while_the_law_allows_it() {
    let mut floor = floor(Screening::Fast, AbandonmentClock::GreetingEnd, 1);
    let call = answered(&mut floor);
    floor.news(call, Progress::SpeechStarted);
    floor.pass(0.8);
    greeting_ended(&mut floor, call, 0);
    verdict(&mut floor, call, AmdVerdict::Machine);
    floor.pass(1.5);
    verdict(&mut floor, call, AmdVerdict::Person);
    assert_eq!(floor.bridges(), [(call, AgentId(1))]);
    floor.news(call, Progress::Bridged);
    floor.news(call, Progress::HungUp);
    let record = floor.records().remove(0);
    assert_eq!(record.outcome, Outcome::Connected);
    assert_eq!(record.verdict, Some(AmdVerdict::Person));
    assert_eq!(floor.today(), (1, 0));
}

#[test]
fn a_person_taken_for_a_machine_too_long_is_abandoned_even_with_an_idle_agent() {
    for after_hang_up in [false, true] {
        let mut floor = floor(Screening::Fast, AbandonmentClock::GreetingEnd, 1);
        if after_hang_up {
            let mut config = campaign(Mode::Progressive);
            config.screening = Screening::Fast;
            floor = Floor::with(config, 1);
        }
        let call = answered(&mut floor);
        floor.pass(0.8);
        greeting_ended(&mut floor, call, 0);
        verdict(&mut floor, call, AmdVerdict::Machine);
        floor.pass(3.0);
        floor.orders.clear();
        verdict(&mut floor, call, AmdVerdict::Person);
        assert_eq!(floor.today(), (1, 1), "after the hang-up: {after_hang_up}");
        assert_eq!(floor.messages().is_empty(), after_hang_up);
        floor.news(call, Progress::HungUp);
        let record = floor.records().remove(0);
        assert_eq!(record.outcome, Outcome::Abandoned);
        assert_eq!((floor.state(1), floor.today()), (AgentState::Ready, (1, 1)));
    }
}

#[test]
fn whoever_speaks_into_the_message_for_machines_was_abandoned() {
    let mut floor = floor(Screening::Fast, AbandonmentClock::GreetingEnd, 1);
    let call = answered(&mut floor);
    verdict(&mut floor, call, AmdVerdict::Machine);
    floor.pass(2.5);
    floor.news(call, Progress::MachineListens);
    verdict(&mut floor, call, AmdVerdict::Person);
    floor.news(call, Progress::MessageEnded);
    floor.news(call, Progress::HungUp);
    let record = floor.records().remove(0);
    assert_eq!(
        (record.outcome, record.message_left),
        (Outcome::Abandoned, false)
    );
    assert_eq!(floor.today(), (1, 1));
}

#[test]
fn an_agent_leaves_the_message_on_a_machine_and_is_free() {
    let mut floor = floor(Screening::Off, AbandonmentClock::GreetingEnd, 1);
    let call = answered(&mut floor);
    floor.news(call, Progress::Bridged);
    floor.pass(8.0);
    floor.orders.clear();
    floor.tell(Input::AgentDropMessage { agent: AgentId(1) });
    let orders = std::mem::take(&mut floor.orders);
    let silenced = orders
        .iter()
        .any(|c| matches!(c, Command::Audio(plan) if plan.call == call && plan.parties.is_empty()));
    assert!(silenced, "the agent hears the machine no more");
    assert!(
        orders
            .iter()
            .any(|c| matches!(c, Command::PlayMessage { prompt, .. } if prompt == "call us"))
    );
    assert_eq!(floor.state(1), AgentState::WrapUp(call));
    floor.pass(9.0);
    floor.news(call, Progress::MessageEnded);
    floor.news(call, Progress::HungUp);
    let record = floor.records().remove(0);
    assert_eq!(record.outcome, Outcome::Connected);
    assert_eq!(record.verdict, Some(AmdVerdict::Machine));
    assert_eq!((record.message_left, record.talk_ms), (true, Some(8_000)));
    assert_eq!((record.agent, floor.today()), (Some(AgentId(1)), (1, 0)));
}

#[test]
fn no_message_no_drop() {
    let mut floor = Floor::open(Mode::Progressive, 1);
    let call = answered(&mut floor);
    floor.news(call, Progress::Bridged);
    floor.orders.clear();
    floor.tell(Input::AgentDropMessage { agent: AgentId(1) });
    assert_eq!(floor.refusals(), ["not_allowed"]);
    assert_eq!(floor.state(1), AgentState::Talking(call));
}
