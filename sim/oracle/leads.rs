//! Whom may be called now: own arithmetic on zones, lists and what happened before.

use super::Oracle;
use carillon_decision::call::{CallRecord, Direction, Outcome};
use carillon_decision::campaign::CampaignConfig;
use carillon_decision::event::Originate;
use carillon_decision::id::LeadId;
use carillon_decision::lead::Lead;
use carillon_decision::number::E164;
use carillon_decision::time::Wall;

/// The earliest and latest minute of a day at which the law of the United States has people
/// called (16 CFR 310.4(c)).
const US_DAY: (u16, u16) = (8 * 60, 21 * 60);

/// A person as the world knows one.
#[derive(Debug)]
pub(super) struct PersonTruth {
    numbers: Vec<E164>,
    zone: Option<String>,
    in_us: bool,
    /// The call they are in.
    pub(super) call: Option<carillon_decision::id::CallId>,
    /// Attempts that reached the person's line: when they began.
    attempts: Vec<Wall>,
    /// Ends of attempts: outcome and instant.
    ends: Vec<(Outcome, Wall)>,
    /// Why they must not be called again.
    pub(super) closed: Option<String>,
}

impl PersonTruth {
    /// The number tried first.
    pub(super) fn first_number(&self) -> Option<E164> {
        self.numbers.first().copied()
    }
}

impl Oracle {
    /// A person on a list of the world.
    pub(super) fn enlist(&mut self, lead: &Lead) {
        if let Some(name) = &lead.zone
            && let Ok(zone) = jiff::tz::TimeZone::get(name)
        {
            self.zones.entry(name.clone()).or_insert(zone);
        }
        let listed = lead.numbers.iter().filter(|n| !n.listed.is_empty());
        self.listed.extend(listed.map(|n| n.number));
        let person = PersonTruth {
            numbers: lead.numbers.iter().map(|n| n.number).collect(),
            zone: lead.zone.clone(),
            in_us: lead.country.as_deref() == Some("US"),
            call: None,
            attempts: Vec::new(),
            ends: Vec::new(),
            closed: None,
        };
        self.people.insert(lead.id, person);
    }

    /// Judges whether this person may be called now.
    pub(super) fn may_call(&mut self, order: &Originate) {
        let lead = order.lead;
        let number = order.permit.number();
        if !self.leased.contains(&lead) {
            self.breach("lease", format!("lead {lead} is called without a lease"));
        }
        if self.listed.contains(&number) {
            self.breach(
                "do-not-call",
                format!("lead {lead} is on the do-not-call list"),
            );
        }
        let Some((campaign, _)) = self.campaigns.get(&order.campaign) else {
            return self.breach("paused", format!("campaign {} is unknown", order.campaign));
        };
        let Some(person) = self.people.get(&lead) else {
            return self.breach("permit", format!("lead {lead} is on no list"));
        };
        let mut found = Vec::new();
        if !person.numbers.contains(&number) {
            found.push((
                "permit",
                format!(
                    "call {} goes to a number that is not lead {lead}'s",
                    order.call
                ),
            ));
        }
        if let Some(other) = person.call {
            found.push((
                "lead-twice",
                format!("lead {lead} is in two calls, {other} and {}", order.call),
            ));
        }
        if let Some(why) = &person.closed {
            found.push(("reached", format!("lead {lead} is called though {why}")));
        }
        found.extend(
            self.hours(person, campaign)
                .map(|why| ("hours", format!("lead {lead}: {why}"))),
        );
        // A call that takes the place of one that failed on its trunk is the same attempt.
        if order.follows.is_none() {
            found.extend(too_often(person, campaign, self.now.wall, lead));
        }
        for (oracle, what) in found {
            self.breach(oracle, what);
        }
        if let Some(person) = self.people.get_mut(&lead) {
            person.call = Some(order.call);
        }
    }

    fn hours(&self, person: &PersonTruth, campaign: &CampaignConfig) -> Option<String> {
        let zone = person.zone.as_ref()?;
        let local = self
            .now
            .wall
            .timestamp()
            .to_zoned(self.zones.get(zone)?.clone());
        let minute = local.hour() as u16 * 60 + local.minute() as u16;
        let open = campaign.compliance.hours.as_ref().is_none_or(|hours| {
            let spans = hours.on(local.weekday());
            spans
                .iter()
                .any(|span| (span.from_minute()..span.to_minute()).contains(&minute))
        });
        let lawful = !person.in_us || (US_DAY.0..US_DAY.1).contains(&minute);
        match (open, lawful) {
            (true, true) => None,
            (false, _) => Some(format!(
                "{} in {zone} is outside the campaign's hours",
                local.time()
            )),
            (_, false) => Some(format!(
                "{} in {zone} is outside the law's hours",
                local.time()
            )),
        }
    }

    /// A call to a lead is over.
    pub(super) fn attempt_over(&mut self, record: &CallRecord, trouble: bool) {
        let (Some(lead), Direction::Outbound) = (record.lead, record.direction) else {
            return;
        };
        let now = self.now.wall;
        let Some((campaign, _)) = self.campaigns.get(&record.campaign) else {
            return;
        };
        let Some(person) = self.people.get_mut(&lead) else {
            return;
        };
        person.call = person.call.filter(|call| *call != record.call);
        person.ends.push((record.outcome, now));
        if !trouble {
            person.attempts.push(record.started);
        }
        let rule = campaign.retry.rules.get(record.outcome.name());
        let alike = person
            .ends
            .iter()
            .filter(|(outcome, _)| *outcome == record.outcome)
            .count();
        person.closed = match rule {
            _ if person.closed.is_some() => person.closed.take(),
            _ if record.outcome == Outcome::Connected => Some("an agent has talked to them".into()),
            None => Some(format!("nothing follows {}", record.outcome.name())),
            Some(rule) if alike >= rule.most as usize => {
                Some(format!("{} was their last", record.outcome.name()))
            }
            Some(_) if person.attempts.len() >= campaign.retry.attempts_max as usize => {
                Some("their attempts are used up".into())
            }
            Some(_) => None,
        };
    }
}

/// What speaks against another attempt now.
fn too_often(
    person: &PersonTruth,
    campaign: &CampaignConfig,
    now: Wall,
    lead: LeadId,
) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let caps = &campaign.compliance.attempts;
    let lately = person
        .attempts
        .iter()
        .filter(|at| now.millis_since(**at) < Wall::DAY_MS);
    let count = lately.count() as u32;
    if caps.per_day > 0 && count >= caps.per_day {
        found.push((
            "attempts",
            format!("attempt {} on lead {lead} in 24 hours", count + 1),
        ));
    }
    let gap_ms = caps.min_gap.as_millis() as i64;
    let last = person.attempts.iter().max();
    if let Some(since) = last
        .map(|at| now.millis_since(*at))
        .filter(|since| *since < gap_ms)
    {
        found.push((
            "gap",
            format!("lead {lead} was called {} s ago", since / 1000),
        ));
    }
    if let Some((outcome, at)) = person.ends.last()
        && let Some(rule) = campaign.retry.rules.get(outcome.name())
    {
        let since = now.millis_since(*at);
        if since < rule.after.as_millis() as i64 {
            let what = format!("lead {lead} was {} {} s ago", outcome.name(), since / 1000);
            found.push(("gap", what));
        }
    }
    found
}
