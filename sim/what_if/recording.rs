//! A recorded day taken apart: fates of calls, and what did not depend on the pace.

use super::change::WhatIfError;
use super::course::{Fate, Fates};
use super::dialed::{Dialed, is_far_end, seen};
use super::figures::{DayTotals, Tally};
use carillon_decision::agent::AgentState;
use carillon_decision::engine::{Engine, EngineConfig, Output};
use carillon_decision::event::{Command, Input, Progress};
use carillon_decision::id::{AgentId, CallId, CampaignId, LeadId};
use carillon_decision::lead::Lead;
use carillon_decision::time::{Mono, Now, Wall};
use std::collections::{BTreeMap, BTreeSet};

/// What a journal tells of its day.
#[derive(Clone, Debug)]
pub struct Recording {
    /// The day's totals.
    pub totals: DayTotals,
    pub(super) config: EngineConfig,
    /// Inputs that come whatever the pace, with their times.
    pub(super) kept: Vec<(Now, Input)>,
    pub(super) lists: BTreeMap<CampaignId, Offered>,
    pub(super) fates: Fates,
    pub(super) delays: Delays,
    pub(super) start: Now,
    pub(super) end: Mono,
    campaigns: BTreeMap<CampaignId, String>,
}

/// The leads of a campaign.
#[derive(Clone, Debug, Default)]
pub(super) struct Offered {
    /// As first offered, in that order, and when.
    pub leads: Vec<(Wall, Lead)>,
    /// Whether the store ever had no more: then there are no others.
    pub ran_dry: bool,
    known: BTreeSet<LeadId>,
}

/// What the machinery took on that day, ns: medians.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Delays {
    /// Joining two legs.
    pub join: u64,
    /// Hanging up.
    pub end: u64,
    /// An agent's phone until it is answered.
    pub line: u64,
    /// The message to people nobody can serve.
    pub message: u64,
    /// An announcement at the bridge.
    pub announcement: u64,
    /// The store's answer.
    pub leads: u64,
}

impl Recording {
    /// Takes a day apart: what a fresh engine was started with, and every input it heard.
    ///
    /// # Errors
    /// [`WhatIfError::TooLittle`] without a whole conversation, [`WhatIfError::Inbound`] when
    /// agents talked to people who called in.
    pub fn take(
        config: EngineConfig,
        inputs: impl IntoIterator<Item = (Now, Input)>,
    ) -> Result<Self, WhatIfError> {
        let mut taker = Taker::new(config);
        for (now, input) in inputs {
            taker.hear(now, input);
        }
        taker.finish()
    }

    /// The campaign of this name, or the only one.
    pub(super) fn campaign(&self, name: Option<&str>) -> Result<CampaignId, WhatIfError> {
        let names = || self.campaigns.values().cloned().collect::<Vec<_>>();
        let mut found = self
            .campaigns
            .iter()
            .filter(|(_, known)| name.is_none_or(|name| name == known.as_str()));
        match (found.next(), found.next(), name) {
            (Some((id, _)), None, _) => Ok(*id),
            (Some(_), Some(_), _) => Err(WhatIfError::SeveralCampaigns(names())),
            (None, ..) => Err(WhatIfError::UnknownCampaign {
                name: name.unwrap_or_default().to_owned(),
                known: names(),
            }),
        }
    }

    /// First input to last, s.
    pub(super) fn seconds(&self) -> f64 {
        self.end.since(self.start.mono).as_secs_f64()
    }
}

struct Taker {
    config: EngineConfig,
    engine: Engine,
    tally: Tally,
    kept: Vec<(Now, Input)>,
    lists: BTreeMap<CampaignId, Offered>,
    campaigns: BTreeMap<CampaignId, String>,
    attempts: BTreeMap<LeadId, u32>,
    calls: BTreeMap<CallId, Dialed>,
    inbound: BTreeSet<CallId>,
    inbound_talks: usize,
    agents: BTreeMap<AgentId, AgentState>,
    wraps: BTreeMap<AgentId, (CallId, Mono)>,
    /// Lines we dropped: their end is no news.
    dropped: BTreeSet<AgentId>,
    asked: BTreeMap<Asked, Mono>,
    took: BTreeMap<What, Vec<u64>>,
    start: Option<Now>,
    now: Now,
}

/// What was ordered and will be reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Join,
    End,
    Line,
    Message,
    Announcement,
    Leads,
}

/// Of what, and whose: a call's, agent's or campaign's number.
type Asked = (What, u64);

impl Taker {
    fn new(config: EngineConfig) -> Self {
        Self {
            engine: Engine::new(config),
            config,
            tally: Tally::default(),
            kept: Vec::new(),
            lists: BTreeMap::new(),
            campaigns: BTreeMap::new(),
            attempts: BTreeMap::new(),
            calls: BTreeMap::new(),
            inbound: BTreeSet::new(),
            inbound_talks: 0,
            agents: BTreeMap::new(),
            wraps: BTreeMap::new(),
            dropped: BTreeSet::new(),
            asked: BTreeMap::new(),
            took: BTreeMap::new(),
            start: None,
            now: Now {
                mono: Mono(0),
                wall: Wall(0),
            },
        }
    }

    fn hear(&mut self, now: Now, input: Input) {
        self.start.get_or_insert(now);
        self.now = now;
        self.tally.hear(&input);
        self.learn(&input);
        if self.comes_anyway(&input) {
            self.kept.push((now, input.clone()));
        }
        self.engine.handle(now, input);
        while let Output::Command(command) = self.engine.poll() {
            self.tally.watch(&command);
            self.watch(command);
        }
    }

    /// Whether an input would have come with any other pace too.
    fn comes_anyway(&mut self, input: &Input) -> bool {
        match input {
            Input::Campaign(_)
            | Input::Adjust { .. }
            | Input::LedgerRestored { .. }
            | Input::Trunk(_)
            | Input::TrunkHealth { .. }
            | Input::Listed { .. }
            | Input::LeadWithdrawn { .. }
            | Input::Agent(_)
            | Input::AgentLogin { .. }
            | Input::AgentBreak { .. }
            | Input::AgentLogout { .. }
            | Input::StoreHealth { .. }
            | Input::Drain { .. } => true,
            // Out of a wrap-up it belongs to the conversation.
            Input::AgentReady { agent } => {
                !matches!(self.agents.get(agent), Some(AgentState::WrapUp(_)))
            }
            // Lines that we called or dropped follow our orders.
            Input::AgentLine { agent, up: true } => !self.took(What::Line, u64::from(agent.0)),
            Input::AgentLine { agent, up: false } => !self.dropped.remove(agent),
            _ => false,
        }
    }

    fn learn(&mut self, input: &Input) {
        match input {
            Input::Campaign(campaign) => {
                self.campaigns.insert(campaign.id, campaign.name.clone());
            }
            Input::LeadsOffered {
                campaign,
                leads,
                exhausted,
            } => {
                self.took(What::Leads, u64::from(campaign.0));
                let list = self.lists.entry(*campaign).or_default();
                list.ran_dry |= exhausted;
                for lead in leads {
                    if list.known.insert(lead.id) {
                        list.leads.push((self.now.wall, lead.clone()));
                    }
                }
            }
            Input::AgentDisposition {
                call,
                disposition,
                callback,
                ..
            } => {
                if let Some(dialed) = self.calls.get_mut(call) {
                    dialed.said = Some((disposition.clone(), *callback));
                }
            }
            Input::Progress { call, progress } => self.news(*call, progress),
            _ => {}
        }
    }

    fn news(&mut self, id: CallId, progress: &Progress) {
        let done = match progress {
            Progress::Bridged => Some(What::Join),
            Progress::MessageEnded => Some(What::Message),
            Progress::AnnouncementEnded => Some(What::Announcement),
            Progress::HungUp | Progress::Failed { .. } => Some(What::End),
            _ => None,
        };
        if let Some(what) = done {
            self.took(what, id.0);
        }
        let now = self.now.mono;
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let after = (now.since(call.placed)).as_nanos() as u64;
        let ended = matches!(progress, Progress::HungUp | Progress::Failed { .. });
        if ended && let Some(since) = call.bridged.take() {
            call.talk = Some(seen(since, now, true));
        }
        // What follows our own hanging up, or our service, is not the callee's doing.
        if call.ending || ended && call.served {
            return;
        }
        match progress {
            Progress::Answered => call.came = Some(after),
            Progress::Verdict { .. } => call.told = true,
            Progress::Failed { .. } | Progress::HungUp => {
                call.came.get_or_insert(after);
                call.told = true;
            }
            Progress::Bridged => call.bridged = Some(now),
            _ => {}
        }
        if is_far_end(progress) {
            call.news.push((after, progress.clone()));
        }
    }

    fn watch(&mut self, command: Command) {
        let now = self.now.mono;
        match command {
            Command::NeedLeads { campaign, .. } => self.ask(What::Leads, u64::from(campaign.0)),
            Command::Originate(order) => {
                let attempts = self.attempts.entry(order.lead).or_default();
                let attempt = (order.lead, *attempts);
                *attempts += 1;
                self.calls.insert(order.call, Dialed::new(attempt, now));
            }
            Command::HangUp { call } => {
                self.ask(What::End, call.0);
                if let Some(dialed) = self.calls.get_mut(&call) {
                    let after = now.since(dialed.placed).as_nanos() as u64;
                    dialed.given_up.get_or_insert(after);
                    dialed.ending = true;
                }
            }
            Command::Bridge { call, .. } => {
                self.ask(What::Join, call.0);
                self.inbound_talks += usize::from(self.inbound.contains(&call));
                self.serve(call);
            }
            Command::PlayMessage { call, .. } => {
                self.ask(What::Message, call.0);
                self.serve(call);
            }
            Command::Announce { call, .. } => self.ask(What::Announcement, call.0),
            Command::AnswerInbound { call, .. } => {
                self.inbound.insert(call);
            }
            Command::RingAgent { agent } => {
                self.dropped.remove(&agent);
                self.ask(What::Line, u64::from(agent.0));
            }
            Command::DropAgentLine { agent } => {
                self.dropped.insert(agent);
            }
            Command::AgentChanged { agent, to, .. } => self.agent_is(agent, to),
            _ => {}
        }
    }

    fn serve(&mut self, call: CallId) {
        if let Some(dialed) = self.calls.get_mut(&call) {
            dialed.served = true;
        }
    }

    fn agent_is(&mut self, agent: AgentId, state: AgentState) {
        let now = self.now.mono;
        self.agents.insert(agent, state);
        self.end_wrap(agent, true);
        if let AgentState::WrapUp(call) = state {
            self.wraps.insert(agent, (call, now));
        }
    }

    fn end_wrap(&mut self, agent: AgentId, whole: bool) {
        if let Some((call, since)) = self.wraps.remove(&agent)
            && let Some(dialed) = self.calls.get_mut(&call)
        {
            dialed.wrap = Some(seen(since, self.now.mono, whole));
        }
    }

    fn ask(&mut self, what: What, of: u64) {
        self.asked.entry((what, of)).or_insert(self.now.mono);
    }

    /// Notes how long something took; whether it had been asked for.
    fn took(&mut self, what: What, of: u64) -> bool {
        let Some(since) = self.asked.remove(&(what, of)) else {
            return false;
        };
        let ns = self.now.mono.since(since).as_nanos() as u64;
        self.took.entry(what).or_default().push(ns);
        true
    }

    fn finish(mut self) -> Result<Recording, WhatIfError> {
        let end = self.now.mono;
        for agent in self.agents.keys().copied().collect::<Vec<_>>() {
            self.end_wrap(agent, false);
        }
        let totals = self.tally.close(&self.engine.status(self.now));
        let delays = self.delays();
        let calls = self.calls.into_values();
        let fates: Vec<Fate> = calls.map(|call| call.fate(end)).collect();
        let talks = fates.iter().filter(|f| f.talk.is_some_and(|t| t.whole));
        let talks = talks.count();
        if self.inbound_talks > 0 {
            return Err(WhatIfError::Inbound(self.inbound_talks));
        }
        if talks == 0 {
            let calls = fates.len();
            return Err(WhatIfError::TooLittle { calls, talks });
        }
        Ok(Recording {
            totals,
            config: self.config,
            kept: self.kept,
            lists: self.lists,
            fates: Fates::of(fates),
            delays,
            start: self.start.unwrap_or(self.now),
            end,
            campaigns: self.campaigns,
        })
    }

    /// Medians; where nothing was seen, what a loopback carrier takes.
    fn delays(&mut self) -> Delays {
        let mut median = |what, otherwise| match self.took.get_mut(&what) {
            Some(ns) => {
                ns.sort_unstable();
                ns[ns.len() / 2]
            }
            None => otherwise,
        };
        Delays {
            join: median(What::Join, 2_000_000),
            end: median(What::End, 20_000_000),
            line: median(What::Line, 200_000_000),
            message: median(What::Message, 7_000_000_000),
            announcement: median(What::Announcement, 1_000_000_000),
            leads: median(What::Leads, 1_000_000),
        }
    }
}
