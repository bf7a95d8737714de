//! Call records of a simulated day, for those who ask for them. Nothing decides by them.

use super::calendar::seconds;
use super::callers::Person;
use crate::calls::{CallRow, EndedBy, Who};
use carillon_decision::time::Wall;

/// What happened to a call.
#[derive(Clone, Copy, Debug)]
pub(super) enum News {
    /// It was placed.
    Placed,
    /// It was answered.
    Answered,
    /// An agent takes it, for as long as the person has to say.
    Taken(u32, Person),
    /// It ended, with this outcome.
    Ended(&'static str),
}

/// A call that is up.
#[derive(Clone, Copy, Debug, Default)]
struct Up {
    placed: u64,
    answered: Option<u64>,
}

/// The records of a day.
#[derive(Debug)]
pub(super) struct CallLog {
    /// The rows, by the end of their calls.
    pub rows: Vec<CallRow>,
    up: Vec<Up>,
    dawn: Wall,
    end: u64,
    campaign: String,
}

impl CallLog {
    /// Records of the day that begins at `dawn` and ends after `end` ns, of this campaign.
    pub fn new(dawn: Wall, end: u64, campaign: String) -> Self {
        Self {
            rows: Vec::new(),
            up: Vec::new(),
            dawn,
            end,
            campaign,
        }
    }

    /// News of the call in this place, `now` ns after dawn.
    pub fn hear(&mut self, place: u32, now: u64, news: News) {
        let place = place as usize;
        if self.up.len() <= place {
            self.up.resize(place + 1, Up::default());
        }
        match news {
            News::Placed => {
                self.up[place] = Up {
                    placed: now,
                    answered: None,
                };
            }
            News::Answered => self.up[place].answered = Some(now),
            News::Taken(agent, person) => self.taken(self.up[place], now, agent, person),
            News::Ended(outcome) => {
                let mut row = self.row(self.up[place], outcome);
                row.end_after_s = Some(span(self.up[place].placed, now));
                if outcome == "abandoned" {
                    row.wait_s = self.up[place].answered.map(|at| span(at, now));
                }
                self.rows.push(row);
            }
        }
    }

    fn row(&self, up: Up, outcome: &str) -> CallRow {
        CallRow {
            call: (self.rows.len() + 1).to_string(),
            campaign: self.campaign.clone(),
            placed: Wall(self.dawn.0 + (up.placed / 1_000_000) as i64),
            answer_after_s: up.answered.map(|at| span(up.placed, at)),
            who: match outcome {
                "connected" | "abandoned" => Some(Who::Person),
                "machine" => Some(Who::Machine),
                _ => None,
            },
            outcome: outcome.to_owned(),
            ..CallRow::default()
        }
    }

    /// What the day's end cuts off is told as far as it went.
    fn taken(&mut self, up: Up, now: u64, agent: u32, person: Person) {
        let left_s = seconds(self.end.saturating_sub(now));
        let over = person.talk_s <= left_s;
        let talk_s = person.talk_s.min(left_s);
        let wrap_s = person.wrap_s.min(left_s - talk_s);
        let row = CallRow {
            end_after_s: Some(thousandths(span(up.placed, now) + talk_s)),
            wait_s: up.answered.map(|at| span(at, now)),
            agent: format!("agent{:03}", agent + 1),
            talk_s: Some(thousandths(talk_s)),
            wrap_s: over.then_some(thousandths(wrap_s)),
            wrap_cut: over && wrap_s < person.wrap_s,
            ended_by: Some(match over {
                true => EndedBy::Customer,
                false => EndedBy::System,
            }),
            ..self.row(up, "connected")
        };
        self.rows.push(row);
    }
}

fn span(from: u64, to: u64) -> f64 {
    thousandths(seconds(to - from))
}

fn thousandths(s: f64) -> f64 {
    (s * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use crate::calibrate::{Calibration, read};
    use crate::calls::write_rows;
    use crate::pacing::{PacingScenario, run_day, run_day_recorded};
    use carillon_decision::time::Wall;
    use jiff::tz::TimeZone;

    /// The records tell what the figures tell, asking for them changes nothing, and they lead back
    /// to the scenario they came of.
    #[test]
    fn a_simulated_days_records_lead_back_to_its_scenario() {
        let mut scenario = PacingScenario::shipped("reference").unwrap();
        (scenario.agents, scenario.hours) = (20, 4.0);
        let dawn = Wall(1_773_133_200_000);
        let (day, rows) = run_day_recorded(&scenario, scenario.policy, 3, dawn);
        assert_eq!(day, run_day(&scenario, scenario.policy, 3));
        let count = |outcome: &str| rows.iter().filter(|r| r.outcome == outcome).count() as u64;
        assert_eq!(count("connected"), day.connected);
        assert_eq!(count("abandoned"), day.abandoned);
        assert_eq!(count("cancelled"), day.cancelled);
        // Calls that the end finds up leave no record.
        let records = rows.len() as u64;
        assert!(
            records <= day.placed && records + 200 > day.placed,
            "{records} of {}",
            day.placed
        );
        let busy: f64 = rows
            .iter()
            .map(|r| r.talk_s.unwrap_or(0.0) + r.wrap_s.unwrap_or(0.0))
            .sum();
        let share = busy / (20.0 * 4.0 * 3600.0);
        assert!(
            (share - day.utilisation).abs() < 1e-4,
            "{share} {}",
            day.utilisation
        );
        let mut file = Vec::new();
        write_rows(&mut file, "t", rows).unwrap();
        let reading = read(&file[..], "t", None, &TimeZone::UTC).unwrap();
        assert_eq!(reading.skipped, []);
        let found = Calibration::of("t", reading, &TimeZone::UTC, 1).scenario();
        assert!(
            (found.p_human / scenario.p_human - 1.0).abs() < 0.1,
            "{}",
            found.p_human
        );
        for (law, was) in [
            (&found.ring, &scenario.ring),
            (&found.talk, &scenario.talk),
            (&found.wrap, &scenario.wrap),
        ] {
            assert!(
                (law.mean_s() / was.mean_s() - 1.0).abs() < 0.1,
                "{law:?} {was:?}"
            );
        }
    }
}
