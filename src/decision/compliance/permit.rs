//! The right to place one call, and what it was granted on.

use super::rules::RuleStatus;
use crate::id::{LeadId, SnapshotId};
use crate::number::E164;
use crate::time::Wall;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// Where the time zone of a callee was taken from, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ZoneSource {
    /// The zone given with the lead.
    LeadZone,
    /// Country and state of the lead's address.
    Address,
    /// The number's prefix, with all zones it may ring in.
    NumberPrefix,
    /// The campaign's default for numbers of unknown zone.
    CampaignDefault,
}

impl ZoneSource {
    /// Stable name, as stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            ZoneSource::LeadZone => "lead_zone",
            ZoneSource::Address => "address",
            ZoneSource::NumberPrefix => "number_prefix",
            ZoneSource::CampaignDefault => "campaign_default",
        }
    }
}

/// Ring time the rules of the callee's places ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RingLimits {
    /// Let it ring at least so long before giving up.
    pub at_least: Option<Duration>,
    /// Give up no later than this.
    pub at_most: Option<Duration>,
}

impl RingLimits {
    /// `wanted`, pulled into the limits; the minimum wins over a maximum below it.
    pub fn clamp(self, wanted: Duration) -> Duration {
        let capped = self.at_most.map_or(wanted, |most| wanted.min(most));
        self.at_least.map_or(capped, |least| capped.max(least))
    }
}

/// The right to place one call. Only [`super::Gate::permit`] makes one, placing the call
/// consumes it, and it goes stale on its own: dialing around the rules does not compile.
///
/// Neither `Clone` nor serialisable; records take its [`PermitSummary`].
#[derive(Debug)]
pub struct DialPermit {
    pub(super) lead: LeadId,
    pub(super) number: E164,
    pub(super) number_index: usize,
    pub(super) issued: Wall,
    pub(super) expires: Wall,
    pub(super) ring: RingLimits,
    pub(super) source: ZoneSource,
    pub(super) zones: Vec<&'static str>,
    pub(super) places: Vec<&'static str>,
    pub(super) rules: Vec<(Arc<str>, RuleStatus)>,
    pub(super) snapshot: SnapshotId,
}

impl DialPermit {
    /// The longest life of a permit. It ends earlier where calling hours do.
    pub const LIFETIME: Duration = Duration::from_secs(10);

    /// The lead it was granted for.
    pub fn lead(&self) -> LeadId {
        self.lead
    }

    /// The number it was granted for.
    pub fn number(&self) -> E164 {
        self.number
    }

    /// Index of that number among the lead's.
    pub fn number_index(&self) -> usize {
        self.number_index
    }

    /// When it was granted.
    pub fn issued(&self) -> Wall {
        self.issued
    }

    /// First instant at which it no longer holds.
    pub fn expires(&self) -> Wall {
        self.expires
    }

    /// Whether a call may be placed on it at `now`. A clock set back before the grant
    /// voids it too.
    pub fn is_valid_at(&self, now: Wall) -> bool {
        self.issued <= now && now < self.expires
    }

    /// Ring time the callee's places ask for.
    pub fn ring_limits(&self) -> RingLimits {
        self.ring
    }

    /// Where the zones came from.
    pub fn zone_source(&self) -> ZoneSource {
        self.source
    }

    /// Every zone the hours were checked in.
    pub fn zones(&self) -> &[&'static str] {
        &self.zones
    }

    /// Every place whose rules were applied (`US-FL`, `GB`).
    pub fn places(&self) -> &[&'static str] {
        &self.places
    }

    /// State of the do-not-call lists it was granted at.
    pub fn snapshot(&self) -> SnapshotId {
        self.snapshot
    }

    /// What call records keep of it.
    pub fn summary(&self) -> PermitSummary {
        PermitSummary {
            lead: self.lead,
            number: self.number,
            issued: self.issued,
            expires: self.expires,
            source: self.source,
            zones: self.zones.iter().map(|z| (*z).to_owned()).collect(),
            places: self.places.iter().map(|p| (*p).to_owned()).collect(),
            rules: self
                .rules
                .iter()
                .map(|(rule, status)| RulePass {
                    rule: rule.to_string(),
                    status: *status,
                })
                .collect(),
            snapshot: self.snapshot,
        }
    }
}

/// A rule that was checked and passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulePass {
    /// Its id.
    pub rule: String,
    /// Its standing.
    pub status: RuleStatus,
}

/// What call records keep of a permit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PermitSummary {
    /// The lead.
    pub lead: LeadId,
    /// The number.
    pub number: E164,
    /// When it was granted.
    pub issued: Wall,
    /// First instant at which it no longer held.
    pub expires: Wall,
    /// Where the zones came from.
    pub source: ZoneSource,
    /// Every IANA zone the hours were checked in.
    pub zones: Vec<String>,
    /// Every place whose rules were applied (`US-FL`, `GB`).
    pub places: Vec<String>,
    /// Rules that were checked, all passed.
    pub rules: Vec<RulePass>,
    /// State of the do-not-call lists.
    pub snapshot: SnapshotId,
}
