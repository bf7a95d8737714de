//! Where a callee may be: places whose rules bind, zones whose clocks count.

use super::config::UnknownZone;
use super::permit::ZoneSource;
use super::places::{self, Place, Row};
use super::zones::{Zone, zone};
use crate::lead::Lead;
use crate::number::E164;

/// Where a callee may be.
#[derive(Debug)]
pub(super) struct Callee {
    /// Places of the address; of the number where there is no address.
    pub(super) places: Vec<Place>,
    /// Places of the number, for rules that go by area code.
    pub(super) number_places: &'static [Place],
    /// Every zone it may be in; never empty.
    pub(super) zones: Vec<&'static Zone>,
    /// Where the zones came from.
    pub(super) source: ZoneSource,
}

/// Nobody knows the zone; the text says why, for people.
pub(super) struct NoZone(pub(super) String);

impl Callee {
    /// Resolves a lead's number: the lead's own zone wins over the address, the address
    /// over the number's prefix, the prefix over the campaign's default.
    pub(super) fn resolve(
        lead: &Lead,
        number: E164,
        row: Option<&'static Row>,
        unknown: &UnknownZone,
    ) -> Result<Callee, NoZone> {
        let number_places: &'static [Place] = match row {
            Some(row) => &row.places,
            None => places::split(number).map_or(&[], |split| split.countries),
        };
        let address = address_of(lead, number_places);
        let (zones, source) = zones_of(lead, address, row, unknown)?;
        Ok(Callee {
            places: places_of(address, number_places),
            number_places,
            zones,
            source,
        })
    }

    /// Every place whose rules may bind, each once.
    pub(super) fn all_places(&self) -> Vec<Place> {
        let mut all = self.places.clone();
        for place in self.number_places {
            if !all.contains(place) {
                all.push(place);
            }
        }
        all
    }
}

fn address_of(lead: &Lead, number_places: &[Place]) -> Option<Place> {
    let state = lead.state.as_deref();
    match (&lead.country, number_places) {
        (Some(country), _) => places::of_address(country, state),
        // A state alone belongs to the number's country.
        (None, [first, ..]) if state.is_some() => {
            places::of_address(places::country(first), state).filter(|p| places::state(p).is_some())
        }
        _ => None,
    }
}

fn places_of(address: Option<Place>, number_places: &[Place]) -> Vec<Place> {
    let Some(address) = address else {
        return number_places.to_vec();
    };
    // An address that names no state leaves the number's states plausible.
    let mut all = vec![address];
    if places::state(address).is_none() {
        let same = |p: &&Place| places::country(p) == address && !all.contains(p);
        let more: Vec<Place> = number_places.iter().filter(same).copied().collect();
        all.extend(more);
    }
    all
}

fn zones_of(
    lead: &Lead,
    address: Option<Place>,
    row: Option<&'static Row>,
    unknown: &UnknownZone,
) -> Result<(Vec<&'static Zone>, ZoneSource), NoZone> {
    if let Some(name) = lead.zone.as_deref() {
        return match zone(name) {
            Some(zone) => Ok((vec![zone], ZoneSource::LeadZone)),
            None => Err(NoZone(format!(
                "the lead's zone `{name}` is not an IANA zone"
            ))),
        };
    }
    if let Some(address) = address {
        let zones = places::zones_of(address);
        let narrowed = row.filter(|row| {
            zones.len() > 1
                && places::state(address).is_none()
                && row.places.iter().any(|p| places::country(p) == address)
        });
        match narrowed {
            Some(row) if !row.zones.is_empty() => {
                return Ok((row.zones.clone(), ZoneSource::NumberPrefix));
            }
            _ if !zones.is_empty() => return Ok((zones.to_vec(), ZoneSource::Address)),
            _ => {}
        }
    }
    if let Some(row) = row.filter(|row| !row.zones.is_empty()) {
        return Ok((row.zones.clone(), ZoneSource::NumberPrefix));
    }
    match unknown {
        UnknownZone::Use(name) => match zone(name) {
            Some(zone) => Ok((vec![zone], ZoneSource::CampaignDefault)),
            None => Err(NoZone(format!(
                "the default zone `{name}` is not an IANA zone"
            ))),
        },
        UnknownZone::Refuse => Err(NoZone(
            "neither lead, address nor number prefix tell the callee's time zone".to_owned(),
        )),
    }
}
