use super::*;
use crate::calls::{EndedBy, Who};

const VICIDIAL: &str = include_str!("samples/vicidial.csv");
const MASTER: &str = include_str!("samples/master.csv");

fn reading(text: &str) -> Reading {
    read(text.as_bytes(), "x.csv", None, &TimeZone::UTC).unwrap()
}

#[test]
fn vicidials_log_is_recognised_and_its_statuses_are_understood() {
    let found = reading(VICIDIAL);
    assert_eq!((found.format, found.rows), (Format::Vicidial, 10));
    let told: Vec<(&str, Option<Who>)> = found
        .calls
        .iter()
        .map(|call| (call.outcome.as_str(), call.who))
        .collect();
    assert_eq!(
        told,
        [
            ("connected", Some(Who::Person)),
            ("no_answer", None),
            ("machine", Some(Who::Machine)),
            ("busy", None),
            ("abandoned", Some(Who::Person)),
            ("disconnected", None),
            ("connected", Some(Who::Person)),
        ]
    );
    let sale = &found.calls[0];
    assert_eq!(sale.placed.to_string(), "2026-03-10T14:00:05Z");
    assert_eq!(
        (sale.answer_after_s, sale.talk_s, sale.wrap_s),
        (Some(9.0), Some(184.0), Some(21.0))
    );
    assert_eq!(
        (sale.agent.as_str(), sale.ended_by),
        ("6012", Some(EndedBy::Customer))
    );
    // Rung for 26 s in vain; the carrier's log says so.
    assert_eq!(found.calls[1].end_after_s, Some(26.0));
    assert_eq!(found.beside.get("still under way"), Some(&1));
    let why: Vec<(u64, &str)> = found
        .skipped
        .iter()
        .map(|s| (s.line, s.why.as_str()))
        .collect();
    assert_eq!(
        why,
        [
            (9, "length_in_sec is `-4`, not seconds from 0"),
            (
                11,
                "call_date is `yesterday`, not a time such as 2026-03-10 15:00:00"
            )
        ]
    );
}

#[test]
fn asterisks_records_are_read_with_a_header_and_without() {
    let plain = reading(MASTER);
    assert_eq!((plain.format, plain.rows), (Format::Asterisk, 6));
    let told: Vec<&str> = plain
        .calls
        .iter()
        .map(|call| call.outcome.as_str())
        .collect();
    assert_eq!(told, ["connected", "no_answer", "busy", "disconnected"]);
    let first = &plain.calls[0];
    assert_eq!(
        (first.answer_after_s, first.talk_s, first.who),
        (Some(11.0), Some(63.0), Some(Who::Unknown))
    );
    let why: Vec<(u64, &str)> = plain
        .skipped
        .iter()
        .map(|s| (s.line, s.why.as_str()))
        .collect();
    assert_eq!(
        why,
        [
            (5, "billsec is more than duration"),
            (6, "answered before its start")
        ]
    );
    // The same calls out of a table: another order, no times of answers.
    let table = "calldate,clid,src,dst,duration,billsec,disposition,uniqueid\n\
                 2026-03-10 09:00:00,x,y,z,74,63,ANSWERED,1773133200.1\n";
    let table = reading(table);
    assert_eq!(table.format, Format::Asterisk);
    assert_eq!(table.calls[0].answer_after_s, Some(11.0));
    // A zone moves the times of those who name none.
    let zone = TimeZone::get("America/New_York").unwrap();
    let moved = read(MASTER.as_bytes(), "x", None, &zone).unwrap();
    assert_eq!(moved.calls[0].placed.to_string(), "2026-03-10T13:00:00Z");
}

#[test]
fn our_own_rows_are_judged_one_by_one() {
    let text = "call,direction,placed,answer_after_s,end_after_s,outcome,talk_s\n\
        1,outbound,2026-03-10T15:00:00.000Z,9.5,40,connected,28\n\
        2,inbound,2026-03-10T15:00:00.000Z,0,40,connected,28\n\
        3,outbound,2026-03-10T15:00:00.000Z,50,40,machine,\n\
        4,outbound,2026-03-10T15:00:00.000Z,9.5,40,connected,\n\
        5,outbound,2026-03-10T15:00:00.000Z,,25,away,\n\
        6,outbound,2026-03-10T15:00:00.000Z,,soon,no_answer,\n\
        7,outbound,2026-03-10T15:00:00.000Z,9,30,connected,28\n\
        8,outbound,,,25,no_answer,\n\
        9,outbound,2026-03-10T15:00:00.000Z,,-1,no_answer,\n";
    let found = reading(text);
    assert_eq!((found.rows, found.calls.len()), (9, 1));
    assert_eq!(found.beside.get("inbound calls and transfers"), Some(&1));
    let lines: Vec<u64> = found.skipped.iter().map(|s| s.line).collect();
    assert_eq!(lines, [4, 5, 6, 7, 8, 9, 10]);
    let why = |k: usize| found.skipped[k].why.as_str();
    assert_eq!(why(0), "answered after its end");
    assert_eq!(why(1), "connected without talk_s");
    assert!(why(2).contains("`away`") && why(3).starts_with("end_after_s: "));
    assert_eq!(why(4), "talked longer than it lasted");
    assert!(why(5).contains("is no instant"), "{}", why(5));
    assert!(why(6).contains("-1"));
}

#[test]
fn a_file_of_nobodys_columns_is_refused_with_what_is_allowed() {
    let error = |text: &str, format| {
        read(text.as_bytes(), "x.csv", format, &TimeZone::UTC)
            .unwrap_err()
            .to_string()
    };
    let nobody = error("name,price\nbread,3\n", None);
    assert!(
        nobody.contains("x.csv: line 1: name,price") && nobody.contains("--format"),
        "{nobody}"
    );
    assert!(error("", None).contains("nothing"));
    // call_log knows lengths and no endings.
    let log = error(
        "uniqueid,start_epoch,length_in_sec\n1,1773154800,30\n",
        Some(Format::Vicidial),
    );
    assert!(
        log.contains("no column status") && log.contains("vicidial_log"),
        "{log}"
    );
}
