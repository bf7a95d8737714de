//! The Americas outside the United States.

use super::{AbandonClock, AbandonWindow, Abandonment, Rule, RuleStatus, h, week};

pub(super) const RULES: &[Rule] = &[Rule {
    id: "ca-utr",
    pack: "ca",
    country: Some("CA"),
    week: Some(week(
        &[(h(9), h(21) + 30)],
        &[(h(10), h(18))],
        &[(h(10), h(18))],
    )),
    abandonment: Some(Abandonment {
        permille_max: 50,
        window: AbandonWindow::CalendarMonth,
        wait_ms_max: 2000,
        clock: AbandonClock::Answer,
    }),
    citation: "CRTC Unsolicited Telecommunications Rules",
    status: RuleStatus::Secondary,
    note: "National do-not-call copy at most 31 days old. The abandonment limit is from memory: \
           confirm.",
    ..Rule::BASE
}];
