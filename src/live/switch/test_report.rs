//! What a test call tells: step by step what worked, and what to do about what did not.

use super::ladder::Ladder;
use carillon_decision::call::Cause;
use carillon_sip::Failure;
use serde::Serialize;
use std::time::Duration;

/// What came of a test call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TestReport {
    /// The trunk can place calls.
    pub passed: bool,
    /// What happened, one sentence.
    pub verdict: String,
    /// What to do about it; empty when nothing needs doing.
    pub remedy: String,
    /// Each thing tried, in order.
    pub steps: Vec<TestStep>,
    /// The messages.
    pub ladder: Ladder,
}

/// One thing tried on a trunk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TestStep {
    /// `options`, `registration`, `call`, `audio`, `dtmf`, `hold`, `resume`, `hang_up`.
    pub step: &'static str,
    /// Whether it worked; `None`: it was not tried.
    pub passed: Option<bool>,
    /// What was seen.
    pub seen: String,
    /// What to do about it; empty when nothing needs doing.
    pub remedy: &'static str,
}

impl TestStep {
    pub(super) fn passed(step: &'static str, seen: impl Into<String>) -> Self {
        Self {
            step,
            passed: Some(true),
            seen: seen.into(),
            remedy: "",
        }
    }

    pub(super) fn failed(
        step: &'static str,
        seen: impl Into<String>,
        remedy: &'static str,
    ) -> Self {
        Self {
            step,
            passed: Some(false),
            seen: seen.into(),
            remedy,
        }
    }

    pub(super) fn skipped(step: &'static str, seen: impl Into<String>) -> Self {
        Self {
            step,
            passed: None,
            seen: seen.into(),
            remedy: "",
        }
    }

    /// As people read it: `ok`, `FAIL` or `–`, the step, what was seen, what to do.
    pub fn text(&self) -> String {
        let mark = match self.passed {
            Some(true) => "ok  ",
            Some(false) => "FAIL",
            None => "–   ",
        };
        let line = format!("{mark} {:<13}{}", self.step, self.seen);
        if self.remedy.is_empty() {
            line
        } else {
            format!("{line}\n     → {}", self.remedy)
        }
    }
}

impl TestReport {
    /// The report of a test whose steps are these. Steps that failed after the call itself was
    /// up (keys, hold) are told, but such a trunk can place calls.
    pub(super) fn of(name: &str, steps: Vec<TestStep>, ladder: Ladder) -> Self {
        let failed = |step: &&TestStep| step.passed == Some(false);
        let grave = |step: &&TestStep| {
            failed(step) && matches!(step.step, "options" | "registration" | "call" | "audio")
        };
        let first = steps.iter().find(grave).or(steps.iter().find(failed));
        let passed = !steps.iter().any(|s| grave(&s));
        let (verdict, remedy) = match first {
            Some(step) if passed => (
                format!(
                    "`{name}`: calls and audio work; {}: {}",
                    step.step, step.seen
                ),
                step.remedy.to_owned(),
            ),
            Some(step) => (
                format!("`{name}`: {}: {}", step.step, step.seen),
                step.remedy.to_owned(),
            ),
            None => {
                let all = steps.iter().filter(|s| s.passed == Some(true)).count();
                (format!("`{name}` works: {all} steps passed"), String::new())
            }
        };
        Self {
            passed,
            verdict,
            remedy,
            steps,
            ladder,
        }
    }
}

/// What a failed call says of the trunk. A busy or unanswered phone shows that the trunk works.
pub(super) fn judge_failure(
    failure: &Failure,
    cause: Option<Cause>,
    rang: bool,
    ring_max: Duration,
) -> TestStep {
    let answer = format!("{} {}", failure.code, failure.phrase);
    if failure.after_cancel && rang {
        let seconds = ring_max.as_secs();
        return TestStep::passed(
            "call",
            format!(
                "it rang for {seconds} s and nobody answered: calls work, the rest was not tried"
            ),
        );
    }
    if failure.transport_error {
        return TestStep::failed(
            "call",
            "there is no connection to it",
            "check host, port and transport of the trunk, and over TLS its certificate (the log says more)",
        );
    }
    if failure.timed_out || cause.is_none() {
        return TestStep::failed(
            "call",
            "no answer at all",
            "check host and port of the trunk, and the firewall between",
        );
    }
    let remedy = match cause.unwrap_or(Cause::TrunkFailure) {
        Cause::Busy | Cause::NoAnswer | Cause::Declined => {
            let seen = format!("the phone said {answer}: calls work, the rest was not tried");
            return TestStep::passed("call", seen);
        }
        Cause::TrunkAuth => "check username and password of the trunk",
        Cause::Disconnected => "check the number, and the trunk's number_format",
        Cause::Blocked => "the caller ID is blocked: show another, or have it cleared",
        Cause::Refused => "ask the carrier whether this address and caller ID may call there",
        Cause::Media => "allow PCMU or PCMA on the trunk",
        _ => "the carrier cannot take calls now: try later, ask it if it stays so",
    };
    TestStep::failed("call", format!("it answered {answer}"), remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_step_is_the_verdict() {
        let ok = TestStep::passed("call", "answered");
        let hold = TestStep::failed("hold", "488", "allow it");
        let audio = TestStep::failed("audio", "none came", "open the firewall");
        let report = |steps: &[&TestStep]| {
            let steps = steps.iter().map(|s| (*s).clone()).collect();
            TestReport::of("a", steps, Ladder::default())
        };
        assert!(report(&[&ok]).passed);
        let held = report(&[&ok, &hold]);
        assert!(held.passed && held.verdict.contains("hold: 488"));
        assert_eq!(held.remedy, "allow it");
        let deaf = report(&[&ok, &audio, &hold]);
        assert!(!deaf.passed && deaf.verdict.contains("audio"), "{deaf:?}");
        assert_eq!(hold.text(), "FAIL hold         488\n     → allow it");
    }
}
