//! A recorded day lived again: a heap of events around the engine.

use super::change::Change;
use super::course::Attempt;
use super::figures::{DayTotals, Tally, share};
use super::recording::{Offered, Recording};
use crate::callee::stream;
use crate::list::LeadList;
use carillon_decision::agent::AgentState;
use carillon_decision::call::{Cause, Direction};
use carillon_decision::engine::{Engine, EngineConfig, Output};
use carillon_decision::event::{Command, Input, Progress};
use carillon_decision::id::{AgentId, CallId, CampaignId, LeadId};
use carillon_decision::lead::{Facts, Lead};
use carillon_decision::time::{Mono, Now, Wall};
use rand_pcg::Pcg64Mcg;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

/// Streams of chance, one per part of a fate.
const STREAM_COURSE: u64 = 50;
const STREAM_TALK: u64 = 51;
const STREAM_WRAP: u64 = 52;
/// Attempts on a lead that have streams of their own.
const ATTEMPTS_APART: u64 = 1 << 10;

enum Event {
    Wake,
    /// The next input that comes whatever the pace.
    Kept(usize),
    Hear(Box<Input>),
    /// News of a call, void once it is over or hung up.
    News(CallId, Progress),
    TalkOver(CallId),
    WrapOver(AgentId, CallId, Attempt),
}

struct Call {
    attempt: Attempt,
    answered: bool,
    /// An agent or the message is ordered: the callee no longer tires.
    served: bool,
    ended: bool,
}

/// A recorded day in the middle of being lived again.
pub(super) struct Day<'a> {
    recording: &'a Recording,
    changes: &'a [Change],
    campaign: CampaignId,
    future: u64,
    engine: Engine,
    now: Mono,
    heap: BinaryHeap<Reverse<(u64, u64)>>,
    events: BTreeMap<u64, Event>,
    serial: u64,
    wake_at: Option<Mono>,
    lists: BTreeMap<CampaignId, LeadList>,
    /// Leads like those of the recorded day, made where it had more than it offered.
    alike: u64,
    attempts: BTreeMap<LeadId, u32>,
    calls: BTreeMap<CallId, Call>,
    /// Dialed calls of which something was drawn.
    drawn: BTreeSet<CallId>,
    agents: BTreeMap<AgentId, AgentState>,
    tally: Tally,
}

impl<'a> Day<'a> {
    /// At the recorded day's first input.
    pub(super) fn new(
        recording: &'a Recording,
        changes: &'a [Change],
        campaign: CampaignId,
        future: u64,
    ) -> Self {
        let list = |(id, offered): (&CampaignId, &Offered)| {
            let mut list = LeadList::of(Vec::new());
            for (k, (at, lead)) in offered.leads.iter().enumerate() {
                // In the order of offer; a promised callback not before its time.
                let due = match lead.callback {
                    Some(_) => *at,
                    None => Wall(k as i64),
                };
                list.add(lead.clone(), due);
            }
            (*id, list)
        };
        Self {
            engine: Engine::new(EngineConfig {
                seed: recording.config.seed.wrapping_add(future),
                ..recording.config
            }),
            now: recording.start.mono,
            heap: BinaryHeap::new(),
            events: BTreeMap::new(),
            serial: 0,
            wake_at: None,
            lists: recording.lists.iter().map(list).collect(),
            alike: 0,
            attempts: BTreeMap::new(),
            calls: BTreeMap::new(),
            drawn: BTreeSet::new(),
            agents: BTreeMap::new(),
            tally: Tally::default(),
            recording,
            changes,
            campaign,
            future,
        }
    }

    /// Lives to the recorded day's last input.
    pub(super) fn run(mut self) -> DayTotals {
        self.keep(0);
        while let Some(Reverse((at, key))) = self.heap.pop() {
            if at > self.recording.end.0 {
                break;
            }
            if let Some(event) = self.events.remove(&key) {
                self.now = Mono(at);
                self.play(event);
            }
        }
        self.now = self.recording.end;
        let mut totals = self.tally.close(&self.engine.status(self.clocks()));
        totals.drawn_share = share(self.drawn.len() as f64, totals.placed as f64);
        totals
    }

    fn clocks(&self) -> Now {
        let start = self.recording.start;
        Now {
            mono: self.now,
            wall: start.wall + self.now.since(start.mono),
        }
    }

    fn schedule(&mut self, after_ns: u64, event: Event) {
        self.schedule_at(self.now.0.saturating_add(after_ns), event);
    }

    fn schedule_at(&mut self, at: u64, event: Event) {
        self.serial += 1;
        self.events.insert(self.serial, event);
        self.heap.push(Reverse((at, self.serial)));
    }

    fn schedule_input(&mut self, after_ns: u64, input: Input) {
        self.schedule(after_ns, Event::Hear(Box::new(input)));
    }

    /// Plans an input that comes whatever the pace.
    fn keep(&mut self, k: usize) {
        if let Some((now, _)) = self.recording.kept.get(k) {
            self.schedule_at(now.mono.0.max(self.now.0), Event::Kept(k));
        }
    }

    fn play(&mut self, event: Event) {
        match event {
            Event::Wake => {
                if self.wake_at.is_some_and(|at| at <= self.now) {
                    self.wake_at = None;
                    self.hear(Input::Tick);
                }
            }
            Event::Kept(k) => {
                self.keep(k + 1);
                if let Some(input) = self.changed(&self.recording.kept[k].1) {
                    self.hear(input);
                }
            }
            Event::Hear(input) => self.hear(*input),
            Event::News(id, progress) => self.news(id, progress),
            Event::TalkOver(id) => self.talk_over(id),
            Event::WrapOver(agent, call, attempt) => self.wrap_over(agent, call, attempt),
        }
    }

    /// A recorded input under the changed settings; nothing of a dial turned that is held now.
    fn changed(&self, input: &Input) -> Option<Input> {
        match input {
            Input::Campaign(campaign) if campaign.id == self.campaign => {
                let mut campaign = campaign.clone();
                for change in self.changes {
                    change.apply(&mut campaign.tuning);
                }
                Some(Input::Campaign(campaign))
            }
            Input::Adjust { campaign, dial } if *campaign == self.campaign => {
                let held = self.changes.iter().any(|change| change.overrules(dial));
                (!held).then(|| input.clone())
            }
            input => Some(input.clone()),
        }
    }

    fn hear(&mut self, input: Input) {
        self.tally.hear(&input);
        self.engine.handle(self.clocks(), input);
        loop {
            match self.engine.poll() {
                Output::Command(command) => {
                    self.tally.watch(&command);
                    self.obey(command);
                }
                Output::Wait(until) => {
                    let planned = self.wake_at.filter(|planned| *planned > self.now);
                    if let Some(at) = until.filter(|at| planned.is_none_or(|p| *at < p)) {
                        self.wake_at = Some(at);
                        self.schedule_at(at.0.max(self.now.0), Event::Wake);
                    }
                    return;
                }
            }
        }
    }

    fn obey(&mut self, command: Command) {
        let delays = self.recording.delays;
        match command {
            Command::NeedLeads { campaign, count } => self.offer(campaign, count),
            Command::LeadDone {
                campaign,
                lead,
                update,
            } => {
                if let Some(list) = self.lists.get_mut(&campaign) {
                    list.done(lead, &update);
                }
            }
            Command::Originate(order) => self.place(order.call, order.lead),
            Command::HangUp { call } => self.hang_up(call),
            Command::Bridge { call, .. } => self.bridge(call),
            Command::PlayMessage { call, .. } => {
                if let Some(call) = self.calls.get_mut(&call) {
                    call.served = true;
                }
                self.schedule(delays.message, Event::News(call, Progress::MessageEnded));
            }
            Command::Announce { call, .. } => {
                let over = Progress::AnnouncementEnded;
                self.schedule(delays.announcement, Event::News(call, over));
            }
            Command::RingAgent { agent } => {
                self.schedule_input(delays.line, Input::AgentLine { agent, up: true });
            }
            Command::AgentChanged { agent, to, .. } => self.agent_is(agent, to),
            Command::EnterDoNotCall {
                lead,
                number,
                campaign,
            } => {
                if let Some(list) = self.lists.get_mut(&campaign) {
                    list.enter_do_not_call(lead, number);
                }
            }
            Command::Record(record) if record.direction == Direction::Outbound => {
                if let Some(list) = self.lists.get_mut(&record.campaign) {
                    list.record(&record);
                }
            }
            // Nobody in a what-if transfers, records or calls in.
            _ => {}
        }
    }

    /// Leads that are due, and others like them where the recorded day never saw its list's end.
    fn offer(&mut self, campaign: CampaignId, count: u32) {
        let wall = self.clocks().wall;
        let (Some(list), Some(offered)) = (
            self.lists.get_mut(&campaign),
            self.recording.lists.get(&campaign),
        ) else {
            return;
        };
        let (mut leads, mut exhausted) = list.lease(wall, count);
        if exhausted && !offered.ran_dry && !offered.leads.is_empty() {
            for _ in leads.len()..count as usize {
                let (_, like) = &offered.leads[self.alike as usize % offered.leads.len()];
                list.add(alike(like, LeadId(u64::MAX / 4 + self.alike)), wall);
                self.alike += 1;
            }
            let (more, _) = list.lease(wall, count - leads.len() as u32);
            leads.extend(more);
            exhausted = false;
        }
        let offer = Input::LeadsOffered {
            campaign,
            leads,
            exhausted,
        };
        self.schedule_input(self.recording.delays.leads, offer);
    }

    fn chance(&self, source: u64, (lead, attempt): Attempt) -> Pcg64Mcg {
        let key = lead.0.wrapping_mul(ATTEMPTS_APART) + u64::from(attempt);
        stream(self.future, source, key)
    }

    /// The carrier takes the call; its fate unfolds.
    fn place(&mut self, id: CallId, lead: LeadId) {
        let attempts = self.attempts.entry(lead).or_default();
        let attempt = (lead, *attempts);
        *attempts += 1;
        let mut rng = self.chance(STREAM_COURSE, attempt);
        let (news, drawn) = self.recording.fates.course(attempt, &mut rng);
        if drawn {
            self.drawn.insert(id);
        }
        self.calls.insert(
            id,
            Call {
                attempt,
                answered: false,
                served: false,
                ended: false,
            },
        );
        for (after, progress) in news {
            self.schedule(after, Event::News(id, progress));
        }
    }

    fn news(&mut self, id: CallId, progress: Progress) {
        let Some(call) = self.calls.get_mut(&id).filter(|call| !call.ended) else {
            return;
        };
        call.answered |= progress == Progress::Answered;
        let ends = matches!(progress, Progress::Failed { .. } | Progress::HungUp);
        // Somebody who tired of waiting on the recorded day is served now.
        if progress == Progress::HungUp && call.served {
            return;
        }
        call.ended = ends;
        self.hear(Input::Progress { call: id, progress });
    }

    fn hang_up(&mut self, id: CallId) {
        let Some(call) = self.calls.get_mut(&id).filter(|call| !call.ended) else {
            return;
        };
        call.ended = true;
        let progress = match call.answered {
            true => Progress::HungUp,
            false => Progress::Failed {
                cause: Cause::NoAnswer,
                retry_after: None,
            },
        };
        let end = self.recording.delays.end;
        self.schedule_input(end, Input::Progress { call: id, progress });
    }

    fn bridge(&mut self, id: CallId) {
        let Some(call) = self.calls.get_mut(&id).filter(|call| !call.ended) else {
            return;
        };
        call.served = true;
        let attempt = call.attempt;
        let mut rng = self.chance(STREAM_TALK, attempt);
        let (talk, drawn) = self.recording.fates.talk(attempt, &mut rng);
        if drawn {
            self.drawn.insert(id);
        }
        let join = self.recording.delays.join;
        self.schedule(join, Event::News(id, Progress::Bridged));
        self.schedule(join + talk, Event::TalkOver(id));
    }

    fn talk_over(&mut self, id: CallId) {
        if let Some(call) = self.calls.get_mut(&id).filter(|call| !call.ended) {
            call.ended = true;
            let progress = Progress::HungUp;
            self.hear(Input::Progress { call: id, progress });
        }
    }

    fn agent_is(&mut self, agent: AgentId, state: AgentState) {
        self.agents.insert(agent, state);
        let AgentState::WrapUp(id) = state else {
            return;
        };
        let Some(call) = self.calls.get(&id) else {
            return;
        };
        let attempt = call.attempt;
        let mut rng = self.chance(STREAM_WRAP, attempt);
        let wrap = self.recording.fates.wrap(attempt, &mut rng);
        self.schedule(wrap, Event::WrapOver(agent, id, attempt));
    }

    /// The agent says what was said on the recorded day, if it is still that wrap-up.
    fn wrap_over(&mut self, agent: AgentId, call: CallId, attempt: Attempt) {
        if self.agents.get(&agent) != Some(&AgentState::WrapUp(call)) {
            return;
        }
        let said = self.recording.fates.of_attempt(attempt);
        let input = match said.and_then(|fate| fate.said.clone()) {
            Some((disposition, callback)) => Input::AgentDisposition {
                agent,
                call,
                disposition,
                callback,
                ready: true,
            },
            None => Input::AgentReady { agent },
        };
        self.hear(input);
    }
}

/// A lead nobody has called yet, like this one.
fn alike(like: &Lead, id: LeadId) -> Lead {
    Lead {
        id,
        callback: None,
        facts: Facts {
            history: Vec::new(),
            ..like.facts.clone()
        },
        ..like.clone()
    }
}
