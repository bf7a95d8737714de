//! A decision in words for a supervisor.

use std::fmt::Write as _;

use super::controller::Pace;
use super::guards::Constraint;
use super::mode::Mode;

impl Pace {
    /// Why this many lines, in one sentence with the numbers it rests on, such as "dialing 3
    /// lines: 2 agents idle and 1.0 expected free within 12 s, 0.6 answers expected from 4 calls
    /// in flight; one more line would risk 2.6 % abandonment (2.1 % allowed now)".
    #[must_use]
    pub fn describe(&self) -> String {
        let mut text = match self.lines {
            0 => "dialing no more for now".to_owned(),
            1 => "dialing 1 line".to_owned(),
            n => format!("dialing {n} lines"),
        };
        if !self.cancel.is_empty() {
            write_to(
                &mut text,
                format_args!(", hanging up {} that rang long enough", self.cancel.len()),
            );
        }
        write_to(&mut text, format_args!(": {}", self.floor()));
        write_to(&mut text, format_args!("; {}", self.reason()));
        text
    }

    fn floor(&self) -> String {
        let i = &self.inputs;
        let c = &i.counts;
        let mut text = format!("{} idle", plural(c.idle, "agent"));
        if matches!(i.mode, Mode::Predictive { .. }) && i.horizon_s > 0.0 {
            write_to(
                &mut text,
                format_args!(
                    " and {:.1} expected free within {:.0} s, {:.1} answers expected from {} in flight",
                    i.expected_frees,
                    i.horizon_s,
                    i.expected_answers,
                    plural(c.in_flight, "call"),
                ),
            );
        } else {
            write_to(
                &mut text,
                format_args!(", {} in flight", plural(c.in_flight, "call")),
            );
        }
        if c.waiting > 0 {
            write_to(
                &mut text,
                format_args!(", {} waiting", plural(c.waiting, "person")),
            );
        }
        text
    }

    fn reason(&self) -> String {
        let i = &self.inputs;
        let risk = || {
            format!(
                "one more line would risk {:.1} % abandonment ({:.1} % allowed now)",
                100.0 * i.overdial_next,
                100.0 * i.threshold
            )
        };
        match self.binding {
            Constraint::Agents if i.threshold > 0.0 => risk(),
            Constraint::AbandonmentBudget => format!(
                "{}, because {} of {} answers were abandoned in the window (cap {:.1} %)",
                risk(),
                i.window.abandoned,
                i.window.answered,
                100.0 * i.cap
            ),
            Constraint::Agents => "one line for each free agent".to_owned(),
            other if self.wanted_before_caps > self.lines => {
                format!(
                    "{} wanted, but {}",
                    self.wanted_before_caps,
                    other.describe()
                )
            }
            other => other.describe().to_owned(),
        }
    }
}

fn plural(n: u32, noun: &str) -> String {
    match (n, noun) {
        (1, noun) => format!("1 {noun}"),
        (n, "person") => format!("{n} people"),
        (n, noun) => format!("{n} {noun}s"),
    }
}

fn write_to(text: &mut String, what: std::fmt::Arguments<'_>) {
    text.write_fmt(what)
        .expect("writing to a String cannot fail");
}
