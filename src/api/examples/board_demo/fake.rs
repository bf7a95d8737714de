//! The port over the made-up floor.

#[path = "fake_recordings.rs"]
pub mod recordings;

use super::world::{World, number};
use carillon_api::port::*;
use carillon_decision::agent::{AgentState, BreakReason};
use carillon_decision::call::{CallRecord, Direction};
use carillon_decision::campaign::{Dial, Disposition};
use carillon_decision::id::{AgentId, CallId, CampaignId, DecisionId, LeadId};
use carillon_decision::pacing::{Constraint, Pace, PaceInputs};
use carillon_decision::pacing_decision::PacingDecision;
use carillon_decision::time::Wall;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

/// PIN of every made-up agent.
pub const PIN: &str = "2468";

/// A made-up floor behind the port.
pub struct Fake {
    world: Mutex<World>,
    board: watch::Sender<Arc<BoardStatus>>,
    /// What was asked for, in order.
    pub asked: Mutex<Vec<Action>>,
}

impl Fake {
    /// A floor at `now` (Unix ms).
    pub fn new(now: i64) -> Arc<Self> {
        let world = World::new(now);
        let board = watch::Sender::new(Arc::new(world.board()));
        Arc::new(Self {
            world: Mutex::new(world),
            board,
            asked: Mutex::default(),
        })
    }

    /// Moves on by `ms` and publishes.
    pub fn step(&self, ms: i64) {
        let mut world = self.world.lock().unwrap();
        world.step(ms);
        self.board.send_replace(Arc::new(world.board()));
    }

    fn change(&self, action: Action) -> Result<ActionReply, ActionError> {
        self.asked.lock().unwrap().push(action.clone());
        let mut world = self.world.lock().unwrap();
        let reply = apply(&mut world, action)?;
        self.board.send_replace(Arc::new(world.board()));
        Ok(reply)
    }

    fn desk(&self, name: &str) -> Option<usize> {
        self.world
            .lock()
            .unwrap()
            .desks
            .iter()
            .position(|d| d.name == name)
    }
}

fn apply(world: &mut World, action: Action) -> Result<ActionReply, ActionError> {
    match action {
        Action::Campaign { name, dials } => {
            if name != "autumn-renewals" {
                return Err(ActionError::not_found(format!("campaign {name}")));
            }
            for dial in dials {
                match dial {
                    Dial::Running(on) => world.running = on,
                    Dial::Mode(mode) => world.tuning.mode = mode,
                    Dial::Cap(cap) => world.tuning.cap = cap,
                    Dial::MaxLinesPerAgent(most) => world.tuning.max_lines_per_agent = most,
                    Dial::RingCancel(on) => world.tuning.ring_cancel = on,
                }
            }
            Ok(ActionReply::done("campaign changed"))
        }
        Action::Agent {
            name,
            action,
            by_supervisor,
        } => {
            let Some(desk) = world.desks.iter().position(|d| d.name == name) else {
                return Err(ActionError::not_found(format!("agent {name}")));
            };
            agent(world, desk, action, by_supervisor);
            Ok(ActionReply::done(format!("agent {name} changed")))
        }
        Action::Disposition(entry) => {
            if entry.ready {
                world.set(entry.agent.0 as usize - 1, AgentState::Ready, i64::MAX);
            }
            Ok(ActionReply::done(format!("noted as {}", entry.code)))
        }
        Action::Drain { on } => {
            world.draining = on;
            Ok(ActionReply::done("draining changed"))
        }
        Action::TrunkTest { .. } => Ok(ActionReply {
            message: "answered after 2.1 s, ended".into(),
            ladder: vec!["INVITE →".into(), "← 180 Ringing".into(), "← 200 OK".into()],
            passed: Some(true),
        }),
        Action::List { .. }
        | Action::Note(_)
        | Action::Review(_)
        | Action::Stop { .. }
        | Action::Conversation { .. }
        | Action::Supervise(_)
        | Action::Record(_) => Ok(ActionReply::done("done")),
    }
}

fn agent(world: &mut World, desk: usize, action: AgentAction, by_supervisor: bool) {
    let why = if by_supervisor {
        BreakReason::Supervisor
    } else {
        BreakReason::Requested
    };
    let state = match action {
        AgentAction::Login => AgentState::Break(BreakReason::NotReady),
        AgentAction::Ready => AgentState::Ready,
        AgentAction::Break => AgentState::Break(why),
        AgentAction::Logout => AgentState::LoggedOut,
        AgentAction::Hangup => return world.hang_up(desk),
    };
    world.set(desk, state, i64::MAX);
}

fn answer<T: Send + 'static>(result: Result<T, ActionError>) -> Answer<'static, T> {
    Box::pin(std::future::ready(result))
}

impl Floor for Fake {
    fn status(&self) -> watch::Receiver<Arc<BoardStatus>> {
        self.board.subscribe()
    }

    fn act(&self, action: Action) -> Answer<'_, ActionReply> {
        answer(self.change(action))
    }

    /// Nothing of this floor goes over SIP: an empty dialog.
    fn trace(&self, _key: TraceKey, _view: TraceView) -> Answer<'_, CallTrace> {
        answer(Ok(CallTrace::default()))
    }

    fn trace_file(&self, _key: TraceKey, _sight: Sight) -> Answer<'_, Vec<u8>> {
        answer(Ok(Vec::new()))
    }

    fn sign_in<'a>(&'a self, name: &'a str, pin: &'a str) -> Answer<'a, AgentId> {
        answer(match self.desk(name) {
            Some(desk) if pin == PIN => Ok(AgentId(desk as u32 + 1)),
            _ => Err(ActionError::new(
                Problem::Credentials,
                "FAKE-001",
                "name or PIN is wrong",
                "try again, or ask a supervisor",
            )),
        })
    }

    fn card(&self, id: AgentId) -> Answer<'_, Option<LeadCard>> {
        let world = self.world.lock().unwrap();
        let desk = &world.desks[id.0 as usize - 1];
        answer(Ok(desk.state.call().map(|call| card(call, world.now))))
    }

    fn explain(&self, subject: Subject) -> Answer<'_, Explanation> {
        let message = matches!(subject, Subject::Call(_)).then(|| ExplainStep {
            topic: SIP_TOPIC.into(),
            verdict: Verdict::Fact,
            detail: "0 ms sent to 192.0.2.10:5060: INVITE sip:+12025550142@192.0.2.10 (sdp)".into(),
        });
        let what = match subject {
            Subject::Lead(LeadId(404)) => return answer(Err(ActionError::not_found("lead 404"))),
            Subject::Lead(id) => format!("lead {id}"),
            Subject::Call(id) => format!("call {id}"),
            Subject::Decision(id) => format!("decision {id}"),
        };
        let step = ExplainStep {
            topic: "outside_hours".into(),
            verdict: Verdict::Stop,
            detail: "07:41 in America/Los_Angeles (number prefix); calls from 08:00".into(),
        };
        let summary = "not dialed: outside calling hours".into();
        answer(Ok(Explanation {
            subject: what,
            summary,
            steps: [step].into_iter().chain(message).collect(),
            next_at: None,
        }))
    }

    fn decision(&self, id: DecisionId) -> Answer<'_, PacingDecision> {
        answer(Ok(decision(id)))
    }

    fn decisions(&self, filter: DecisionFilter) -> Answer<'_, Vec<PacingDecision>> {
        answer(Ok((0..u64::from(filter.limit.min(3)))
            .map(|i| decision(DecisionId(9 - i)))
            .collect()))
    }

    fn calls(&self, filter: CallFilter) -> Answer<'_, Vec<CallRecord>> {
        let mut records = self.world.lock().unwrap().records();
        records.truncate(filter.limit as usize);
        answer(Ok(records))
    }

    fn lead(&self, id: LeadId) -> Answer<'_, LeadView> {
        answer(Ok(LeadView {
            id,
            campaign: "autumn-renewals".into(),
            list: "2026-10".into(),
            vendor_code: Some("C-0192".into()),
            status: "due".into(),
            next_at: Some(Wall(1_795_276_800_000)),
            refusal: None,
            numbers: number(id)
                .map(|number| LeadViewNumber {
                    number,
                    retired: false,
                    listed: vec![],
                })
                .into_iter()
                .collect(),
            zone: Some("America/New_York".into()),
            priority: 0,
            rank: 10,
            tags: vec![("language".into(), "es".into())],
            attempts: vec![],
        }))
    }

    fn quality_calls(&self, ask: QualityAsk) -> Answer<'_, Vec<QualityView>> {
        let mut known = vec![quality(CallId(40_007)), quality(CallId(40_008))];
        known.truncate(ask.limit as usize);
        if ask.waiting {
            known.iter_mut().for_each(|call| call.review = None);
        }
        answer(Ok(known))
    }

    fn recordings(&self, ask: RecordingAsk) -> Answer<'_, Vec<RecordingView>> {
        answer(Ok(recordings::listed(&ask)))
    }

    fn recording(&self, id: u64) -> Answer<'_, RecordingView> {
        answer(recordings::one(id))
    }

    fn open_recording(&self, id: u64) -> Answer<'_, OpenRecording> {
        recordings::open(id)
    }

    fn quality(&self, call: CallId) -> Answer<'_, QualityView> {
        answer(Ok(quality(call)))
    }

    fn report(&self, _: ReportRange) -> Answer<'_, Report> {
        answer(Ok(Report::default()))
    }

    fn lists(&self, _: Option<String>) -> Answer<'_, Vec<ListView>> {
        let list = |id: &str, active, leads, open| ListView {
            id: id.into(),
            campaign: "autumn-renewals".into(),
            active,
            leads,
            open,
            closed: leads - open,
        };
        answer(Ok(vec![
            list("2026-10", true, 5200, 3120),
            list("2026-11", false, 8000, 8000),
        ]))
    }

    fn keypad(&self) -> Vec<KeypadCode> {
        let code = |keys: &str, does: &str| KeypadCode {
            keys: keys.into(),
            does: does.into(),
        };
        vec![
            code("*1", "Ready"),
            code("*2", "Break"),
            code("*3", "Hang up the customer"),
        ]
    }

    fn extra_metrics(&self) -> Vec<ExtraMetric> {
        vec![ExtraMetric {
            name: "carillon_sip_dialogs_active".into(),
            help: "Dialogs in progress.".into(),
            kind: MetricKind::Gauge,
            labels: vec![],
            value: 7.0,
        }]
    }
}

fn decision(id: DecisionId) -> PacingDecision {
    PacingDecision {
        id,
        campaign: CampaignId(1),
        at: Wall(1_795_276_800_000),
        mode: "predictive".into(),
        placed: 2,
        pace: Pace {
            lines: 2,
            cancel: vec![],
            wanted_before_caps: 2,
            binding: Constraint::Agents,
            inputs: PaceInputs::default(),
        },
    }
}

fn quality(call: CallId) -> QualityView {
    QualityView {
        call: call.0,
        at_ms: 1_795_276_800_000,
        campaign: "autumn-renewals".into(),
        agent: Some("amara".into()),
        mos_customer: Some(4.3),
        mos_agent: Some(2.6),
        problems: vec![QualityProblem {
            kind: "agent_hears_badly".into(),
            found: "MOS 2.6 at worst (40 s after the bridge), 4.1 overall".into(),
            remedy: "compare loss to us with loss from us".into(),
        }],
        drawn: true,
        review: Some(ReviewView {
            reviewer: "ines".into(),
            at_ms: 1_795_276_900_000,
            score: 80,
            note: Some("named the bank at once".into()),
        }),
        picture: vec!["agent     ██▃▁  ".into(), "customer    ▂██▅".into()],
        figures: None,
    }
}

fn card(call: CallId, now: i64) -> LeadCard {
    let say = |code: &str, name: &str| Disposition {
        code: code.into(),
        name: name.into(),
        completed: code != "CALLBK",
        dnc: code == "DNC",
        callback: code == "CALLBK",
        sale: code == "SALE",
    };
    let note = |days: i64, what: &str, agent: Option<&str>, note: Option<&str>| CardNote {
        at: Wall(now - days * Wall::DAY_MS),
        what: what.into(),
        agent: agent.map(Into::into),
        note: note.map(Into::into),
    };
    let lead = LeadId(call.0 - 40_000);
    LeadCard {
        call,
        lead: Some(lead),
        direction: Direction::Outbound,
        campaign: "autumn-renewals".into(),
        name: "Marguerite Oyelaran".into(),
        number: number(lead),
        address: vec!["418 Larkspur Lane".into(), "Burlington, VT 05401".into()],
        zone: Some("America/New_York".into()),
        tags: vec![
            ("language".into(), "English".into()),
            ("plan".into(), "Home Plus 300".into()),
            ("renews".into(), "2026-12-04".into()),
        ],
        history: vec![
            note(2, "No answer", None, None),
            note(
                9,
                "Call back",
                Some("ines"),
                Some("Asked for the new price in writing first."),
            ),
        ],
        script: Some(
            "Good morning, this is NAME from Northbank about your plan that renews in December.\n\
             Confirm the person before naming the plan."
                .into(),
        ),
        dispositions: vec![
            say("SALE", "Renewed"),
            say("CALLBK", "Call back"),
            say("NI", "Not interested"),
            say("WRONG", "Wrong person"),
            say("DNC", "Do not call again"),
        ],
        chosen: None,
        note: None,
        wrap_up_limit: Some(Duration::from_secs(30)),
        destinations: vec!["billing".into(), "retention desk".into()],
        leaves_message: true,
        may_pause: true,
    }
}
