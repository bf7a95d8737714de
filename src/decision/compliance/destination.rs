//! Permits for outside destinations of conversations: numbers of the house's own choosing, bound
//! by no rule for leads.

use super::gate::Gate;
use super::number_kind;
use super::permit::{DialPermit, RingLimits, ZoneSource};
use super::places::{self, Place};
use super::refusal::{Refusal, RefusalCode};
use super::rules::RuleStatus;
use crate::conversation::Destination;
use crate::id::{LeadId, SnapshotId};
use crate::number::E164;
use crate::time::Wall;

/// Places a number may ring in; empty where it tells none.
pub fn places_of_number(number: E164) -> &'static [Place] {
    match places::of_number(number) {
        Some(row) => &row.places,
        None => places::split(number).map_or(&[], |split| split.countries),
    }
}

impl Gate {
    /// The right to call the destination `name` of `destinations` at `now`, for a conversation
    /// with `lead`. A business number somebody configured: hours, lists and caps are for leads
    /// and do not apply; the kinds of numbers that nobody dials still do.
    ///
    /// # Errors
    /// There is no destination of that name, or its number is an emergency, short, premium-rate
    /// or impossible one.
    pub fn permit_destination(
        &self,
        destinations: &[Destination],
        name: &str,
        lead: Option<LeadId>,
        now: Wall,
    ) -> Result<DialPermit, Refusal> {
        let refuse = |code, detail| Refusal {
            code,
            rule: "destination".to_owned(),
            zone: None,
            source: None,
            not_before: None,
            detail,
        };
        let Some(destination) = destinations.iter().find(|d| d.name == name) else {
            let detail = format!("the campaign has no destination `{name}`");
            return Err(refuse(RefusalCode::NoNumber, detail));
        };
        let number = destination.number;
        let row = places::of_number(number);
        if let Some(code) = number_kind::refused(number, row) {
            let detail = format!("destination `{name}` may not be called: {code}");
            return Err(refuse(code, detail));
        }
        let zones = row.map(|row| row.zones.iter().map(|z| z.name.as_str()).collect());
        Ok(DialPermit {
            // A permit names its lead; a caller whom nobody knows has none.
            lead: lead.unwrap_or_default(),
            number,
            number_index: 0,
            issued: now,
            expires: now + DialPermit::LIFETIME,
            ring: RingLimits::default(),
            source: ZoneSource::NumberPrefix,
            zones: zones.unwrap_or_default(),
            places: places_of_number(number).to_vec(),
            rules: ["destination", "number-plan"]
                .map(|rule| (rule.into(), RuleStatus::House))
                .to_vec(),
            snapshot: SnapshotId::default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compliance::ComplianceRules;

    #[test]
    fn only_configured_numbers_that_may_be_dialed_get_a_permit() {
        let gate = Gate::new(&ComplianceRules::default()).unwrap();
        let destination = |name: &str, number: &str| Destination {
            name: name.to_owned(),
            number: number.parse().unwrap(),
        };
        let list = [
            destination("claims", "+442079460123"),
            destination("trap", "+19005550123"),
            destination("police", "+12129115550"),
        ];
        // Four in the morning in London: hours are for leads.
        let now = Wall(
            "2026-03-10T04:00:00Z"
                .parse::<jiff::Timestamp>()
                .unwrap()
                .as_millisecond(),
        );
        let permit = gate.permit_destination(&list, "claims", None, now).unwrap();
        assert_eq!(permit.number(), list[0].number);
        assert!(permit.is_valid_at(now) && !permit.is_valid_at(permit.expires()));
        assert_eq!(permit.summary().rules[0].rule, "destination");
        assert!(permit.places().contains(&"GB"));
        let code = |name: &str| {
            gate.permit_destination(&list, name, None, now)
                .unwrap_err()
                .code
        };
        assert_eq!(code("trap"), RefusalCode::PremiumNumber);
        assert_eq!(code("police"), RefusalCode::EmergencyNumber);
        assert_eq!(code("mum"), RefusalCode::NoNumber);
    }
}
