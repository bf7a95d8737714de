//! VICIdial's rows: `vicidial_log`, alone or joined by `uniqueid` with `vicidial_carrier_log`
//! (`dial_time`, `answered_time`, `dialstatus`) and `vicidial_agent_log` (`talk_sec`, `dispo_sec`).

use super::read::{Cells, Found, Row};
use crate::calls::{CallRow, EndedBy, Who};
use carillon_decision::time::Wall;

/// Users that are programs.
const PROGRAMS: [&str; 3] = ["VDAD", "VDCL", "VDHC"];

/// A row as a call.
pub(super) fn call(cells: &Cells<'_>) -> Found {
    let placed = placed(cells)?;
    let status = cells
        .text("status")
        .unwrap_or_default()
        .to_ascii_uppercase();
    let carrier = cells
        .text("dialstatus")
        .unwrap_or_default()
        .to_ascii_uppercase();
    let agent = cells
        .text("user")
        .filter(|user| !PROGRAMS.contains(user))
        .unwrap_or_default();
    let (outcome, who) = match status.as_str() {
        "" => by_carrier(&carrier)?,
        "QUEUE" | "INCALL" | "DISPO" | "XFER" | "LIVE" => {
            return Ok(Row::Beside("still under way"));
        }
        "NEW" | "DNCL" | "DNCC" | "LRERR" | "ERI" => return Ok(Row::Beside("never sent")),
        status => by_status(status, !agent.is_empty())?,
    };
    let length = cells.seconds("length_in_sec")?;
    let ring = cells.seconds("dial_time")?;
    let connected = outcome == "connected";
    let talk = match cells.seconds("talk_sec")? {
        Some(talk) => Some(talk),
        None => cells.seconds("answered_time")?.or(length),
    };
    let answered = who.is_some();
    Ok(Row::Call(Box::new(CallRow {
        call: cells.text("uniqueid").unwrap_or_default().to_owned(),
        campaign: cells.text("campaign_id").unwrap_or_default().to_owned(),
        lead: cells.text("lead_id").unwrap_or_default().to_owned(),
        placed,
        answer_after_s: ring.filter(|_| answered),
        // Its length counts from the answer where there was one: ringing is in no column of it.
        end_after_s: if answered { None } else { ring.or(length) },
        who,
        outcome: outcome.to_owned(),
        disposition: status,
        wait_s: cells.seconds("queue_seconds")?,
        agent: agent.to_owned(),
        talk_s: talk.filter(|_| connected),
        wrap_s: cells.seconds("dispo_sec")?.filter(|_| connected),
        ended_by: match cells.text("term_reason") {
            Some("CALLER") => Some(EndedBy::Customer),
            Some("AGENT") => Some(EndedBy::Agent),
            _ => None,
        },
        ..CallRow::default()
    })))
}

fn placed(cells: &Cells<'_>) -> Result<Wall, String> {
    if let Some(epoch) = cells.seconds("start_epoch")?.filter(|s| *s > 0.0) {
        return Ok(Wall((epoch * 1000.0) as i64));
    }
    cells
        .instant("call_date")?
        .ok_or_else(|| "no call_date".to_owned())
}

/// System statuses, and those an agent gives where no person talked.
fn by_status(status: &str, with_agent: bool) -> Result<(&'static str, Option<Who>), String> {
    Ok(match status {
        "NA" | "CPDNA" | "N" | "TIMEOT" => ("no_answer", None),
        "AB" | "B" | "CPDB" | "CPDATB" => ("busy", None),
        "ADC" | "ADCT" | "DC" | "CPDINV" | "CPDUK" | "CPDSI" | "CPDSNC" | "CPDSR" | "CPDSUK" => {
            ("disconnected", None)
        }
        "CPDREJ" => ("declined", None),
        "AA" | "AM" | "AL" | "A" | "SVYVM" => ("machine", Some(Who::Machine)),
        "AFAX" | "FAX" => ("fax", Some(Who::Fax)),
        "DROP" | "PDROP" | "XDROP" => ("abandoned", Some(Who::Person)),
        "PU" => ("silent", Some(Who::Silence)),
        _ if with_agent => ("connected", Some(Who::Person)),
        other => return Err(format!("status {other} without an agent")),
    })
}

fn by_carrier(dialstatus: &str) -> Result<(&'static str, Option<Who>), String> {
    Ok(match dialstatus {
        "BUSY" => ("busy", None),
        "NOANSWER" => ("no_answer", None),
        "CANCEL" => ("cancelled", None),
        "CONGESTION" => ("congestion", None),
        "CHANUNAVAIL" => ("trunk_failure", None),
        "ANSWER" => ("silent", Some(Who::Unknown)),
        "" => return Err("neither status nor dialstatus".to_owned()),
        other => return Err(format!("dialstatus {other} is not known")),
    })
}
