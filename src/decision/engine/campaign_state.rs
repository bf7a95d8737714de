//! A campaign's running state.

use crate::call::Outcome;
use crate::campaign::CampaignConfig;
use crate::compliance::{Gate, RefusalCode};
use crate::id::{DecisionId, LeadId};
use crate::lead::Hopper;
use crate::ledger::{LedgerState, Tally, WindowKind};
use crate::pacing::{Constraint, Pace, Pacer};
use crate::routing::CallerIdUse;
use crate::status::Totals;
use crate::time::{Mono, Now, Wall};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Campaign {
    pub config: CampaignConfig,
    pub running: bool,
    pub ledger: LedgerState,
    pub pacer: Pacer,
    pub hopper: Hopper,
    /// Leads that are in a call now.
    pub in_call: BTreeSet<LeadId>,
    pub caller_ids: CallerIdUse,
    /// `NeedLeads` is ordered and not answered.
    pub asked: bool,
    pub exhausted: bool,
    /// Not to ask for leads before this instant.
    pub ask_after: Mono,
    /// Leads turned away because of the hour since the list last gave one that could be dialed.
    pub hours_refused: u32,
    pub tick_at: Option<Mono>,
    /// It is time to pace, whatever was done just now.
    pub tick_due: bool,
    /// When pacing last looked at the floor.
    pub looked: Mono,
    pub last_pace: Option<Pace>,
    pub last_decision: Option<DecisionId>,
    /// What the last recorded decision was bound by, and when it was taken.
    pub recorded: Option<(Constraint, Mono)>,
    pub started: Option<Now>,
    pub counts: Counts,
    /// People whom screening has probably lost and the pacer has not been told of.
    unseen: f64,
    /// Compiled rules; rebuilt from `config`, never stored.
    #[serde(skip)]
    pub gate: Option<Gate>,
    #[serde(skip)]
    zone: Option<TimeZone>,
}

/// Counters since the engine started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counts {
    pub placed: u64,
    pub answered_human: u64,
    pub connected: u64,
    pub abandoned: u64,
    pub outcomes: BTreeMap<Outcome, u64>,
    pub refused: BTreeMap<RefusalCode, u64>,
    pub bound_by: BTreeMap<Constraint, u64>,
}

impl Counts {
    pub fn totals(&self) -> Totals {
        fn named<K: Copy>(
            map: &BTreeMap<K, u64>,
            name: fn(K) -> &'static str,
        ) -> BTreeMap<String, u64> {
            map.iter().map(|(k, n)| (name(*k).to_owned(), *n)).collect()
        }
        Totals {
            placed: self.placed,
            answered_human: self.answered_human,
            connected: self.connected,
            abandoned: self.abandoned,
            outcomes: named(&self.outcomes, Outcome::name),
            refused: named(&self.refused, RefusalCode::name),
            bound_by: named(&self.bound_by, Constraint::code),
        }
    }
}

impl Campaign {
    pub fn new(config: CampaignConfig, now: Now) -> Self {
        let mut campaign = Self {
            config,
            running: false,
            ledger: LedgerState::starting(now.wall),
            pacer: Pacer::new(),
            hopper: Hopper::default(),
            in_call: BTreeSet::new(),
            caller_ids: CallerIdUse::default(),
            asked: false,
            exhausted: false,
            ask_after: Mono(0),
            hours_refused: 0,
            tick_at: None,
            tick_due: false,
            looked: Mono(0),
            last_pace: None,
            last_decision: None,
            recorded: None,
            started: None,
            counts: Counts::default(),
            unseen: 0.0,
            gate: None,
            zone: None,
        };
        campaign.compile();
        campaign
    }

    /// Rebuilds what is derived from the configuration. Rules that cannot be compiled leave
    /// the campaign without a gate, and without a gate nothing is dialed.
    pub fn compile(&mut self) {
        let mut rules = self.config.compliance.clone();
        // Modes that never dial ahead have an agent for every call; the others do not,
        // whatever the file said of the mode it began with.
        rules.agent_guaranteed = !self.config.tuning.mode.overdials();
        self.gate = Gate::new(&rules).ok();
        self.zone = Some(TimeZone::get(&self.config.ledger_zone).unwrap_or(TimeZone::UTC));
    }

    pub fn tally(&self, kind: WindowKind, now: Wall) -> Tally {
        let utc = TimeZone::UTC;
        let zone = self.zone.as_ref().unwrap_or(&utc);
        self.ledger
            .tally_from(kind.start(now, self.ledger.since, zone))
    }

    pub fn enter_ledger(&mut self, answered_at: Wall, abandoned: bool) {
        self.ledger.enter(answered_at, abandoned);
        self.pacer.observe_person(abandoned);
        self.unseen += self.unseen_per_person();
        while self.unseen >= 1.0 {
            self.unseen -= 1.0;
            self.pacer.observe_person(true);
        }
        self.counts.answered_human += 1;
        if abandoned {
            self.counts.abandoned += 1;
        } else {
            self.counts.connected += 1;
        }
    }

    /// People taken for machines, by screening's known error, for each person who was not.
    fn unseen_per_person(&self) -> f64 {
        let lost = match self.config.screening.is_on() {
            true => self.config.tuning.people_as_machines,
            false => 0.0,
        };
        lost / (1.0 - lost)
    }

    /// How many people were probably taken for machines while so many were told as people. They
    /// are abandoned by law, and no ledger has them.
    pub fn unseen_people(&self, answered: u64) -> u64 {
        (answered as f64 * self.unseen_per_person()).round() as u64
    }
}
