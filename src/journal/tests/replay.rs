//! A journal replays into the same commands, or says where it does not.

mod common;

use carillon_decision::{Engine, EngineConfig, Input};
use carillon_journal::{Header, JournalError, Reader, replay};
use common::{Parrot, at, config, inputs, record};

fn fresh(header: &Header) -> Result<Engine, String> {
    Ok(Engine::new(header.config))
}

#[test]
fn the_engine_replays_to_identical_commands() {
    let bytes = record(
        &Header::new("test", config()),
        Engine::new(config()),
        inputs(),
    );
    let report = replay(Reader::open(&bytes[..]).unwrap(), fresh).unwrap();
    assert!(report.is_identical(), "{:#?}", report.first_difference);
    assert_eq!(report.inputs, inputs().len() as u64);
    assert_eq!(report.compared, report.inputs);
    assert!(
        report.commands > 20,
        "the recording drives calls: {}",
        report.commands
    );
}

#[test]
fn another_start_shows_at_the_first_command_it_changes() {
    let bytes = record(
        &Header::new("test", config()),
        Engine::new(config()),
        inputs(),
    );
    let other = |header: &Header| {
        let first_call = carillon_decision::id::CallId(header.config.first_call.0 + 1);
        Ok(Engine::new(EngineConfig {
            first_call,
            ..header.config
        }))
    };
    let report = replay(Reader::open(&bytes[..]).unwrap(), other).unwrap();
    let difference = report.first_difference.expect("call ids differ");
    assert!(
        matches!(difference.input, Input::LeadsOffered { .. }),
        "{:?}",
        difference.input
    );
    assert!(
        difference
            .commands
            .iter()
            .any(|c| c.starts_with("Originate"))
    );
}

#[test]
fn a_difference_names_frame_input_and_commands() {
    let bytes = record(&Header::new("test", config()), Parrot::default(), inputs());
    let slips = |_: &Header| {
        Ok(Parrot {
            slips_at: Some(3),
            ..Parrot::default()
        })
    };
    let report = replay(Reader::open(&bytes[..]).unwrap(), slips).unwrap();
    let difference = report.first_difference.unwrap();
    assert_eq!((difference.frame, difference.now), (3, at(2_100)));
    assert_eq!(difference.input, inputs()[3]);
    assert_eq!(difference.commands.len(), 2);
    assert!(difference.commands[1].contains('!'));
    assert_ne!(difference.recorded, difference.replayed);
    assert_eq!(
        (report.inputs, report.commands),
        (4, 8),
        "it ends at the difference"
    );
}

#[test]
fn a_rotated_file_replays_from_its_snapshot() {
    let first = Header::new("test", config());
    let (before, after) = {
        let mut all = inputs();
        let after = all.split_off(9);
        (all, after)
    };
    let mut engine = Engine::new(config());
    for (i, input) in before.into_iter().enumerate() {
        engine.handle(at(i as u64 * 700), input);
        while let carillon_decision::Output::Command(_) = engine.poll() {}
    }
    let header = first.next_part(engine.snapshot().unwrap());
    assert_eq!(header.part, 1);
    let bytes = record(&header, engine, after);
    let restored = |header: &Header| {
        let bytes = header.snapshot.as_ref().ok_or("no snapshot")?;
        Engine::restore(bytes).map_err(|e| e.to_string())
    };
    let report = replay(Reader::open(&bytes[..]).unwrap(), restored).unwrap();
    assert!(report.is_identical(), "{:#?}", report.first_difference);
    assert!(report.commands > 0);
}

#[test]
fn a_recording_of_another_engine_is_told() {
    let header = Header::new("abc", config());
    assert!(header.check_engine("abc").is_ok());
    let other = Header {
        engine_version: "0.0.1".to_owned(),
        ..header.clone()
    };
    for refused in [header.check_engine("def"), other.check_engine("abc")] {
        assert!(matches!(refused, Err(JournalError::OtherEngine { .. })));
    }
}
