//! SIP messages of recent calls, for people and tools.

use super::FloorPort;
use crate::capture::{self, CaptureFile, Dialog, LadderKey, Tap};
use crate::clock::wall_us;
use carillon_api::port::{
    ActionError, CallTrace, CaptureStream, Problem, Sight, TraceFilter, TraceKey, TraceSummary,
    TraceView,
};
use carillon_decision::call::EndedBy;
use carillon_decision::id::{AgentId, CallId};
use carillon_store::StoreError;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::mpsc;

/// How often a live capture hands on what has passed.
const EVERY: Duration = Duration::from_millis(50);
/// Pieces of a live capture that may wait for its reader.
const PIECES_MAX: usize = 16;
/// Octets after which a piece is handed on.
const PIECE: usize = 256 * 1024;

impl FloorPort {
    pub(super) async fn listed_traces(
        &self,
        filter: TraceFilter,
    ) -> Result<Vec<TraceSummary>, ActionError> {
        self.check_sight(filter.sight)?;
        let capture = self.ladders.capture().clone();
        let sight = filter.sight;
        // Reading thousands of messages takes its time: not on the pages' threads.
        let found = tokio::task::spawn_blocking(move || {
            let wanted = |d: &Dialog| match &filter.number {
                Some(digits) => capture::is_about(d, digits),
                None => true,
            };
            let limit = filter.limit.clamp(1, 1_000) as usize;
            let known = capture.latest(true).filter(&wanted).take(limit);
            let mut found: Vec<Dialog> = known.collect();
            if filter.all {
                found.extend(capture.latest(false).filter(&wanted).take(limit));
                found.sort_by_key(|d| std::cmp::Reverse(d.messages.last().map(|m| m.at_us)));
                found.truncate(limit);
            }
            let summary = |d: &Dialog| (capture::summary(d, sight), agent_of(d));
            found.iter().map(summary).collect::<Vec<_>>()
        });
        let found = found.await.map_err(|_| ended())?;
        let named = found.into_iter().map(|(mut summary, agent)| {
            summary.agent = agent.and_then(|id| self.login_name(id));
            summary
        });
        Ok(named.collect())
    }

    pub(super) async fn traced(
        &self,
        key: TraceKey,
        view: TraceView,
    ) -> Result<CallTrace, ActionError> {
        self.check_sight(view.sight)?;
        let dialog = self.dialog(key).await?;
        let mut trace = capture::trace(&dialog, view);
        let agent = agent_of(&dialog).and_then(|id| self.login_name(id));
        self.name_peers(&dialog, agent.as_deref(), &mut trace);
        trace.summary.agent = agent;
        if let Some(call) = trace.summary.call {
            match self.store.call(CallId(call)).await {
                Ok(entry) => {
                    let record = entry.record;
                    trace.cause = Some(record.outcome.name().to_owned());
                    trace.ended_by = record.ended_by.map(|by| ended_by(by).to_owned());
                }
                // It goes on, or its record is on its way.
                Err(StoreError::NotFound { .. }) => {}
                // The messages are worth showing all the same.
                Err(error) => tracing::debug!(%error, call, "the record of a traced call"),
            }
        }
        Ok(trace)
    }

    pub(super) async fn traced_file(
        &self,
        key: TraceKey,
        sight: Sight,
    ) -> Result<Vec<u8>, ActionError> {
        self.check_sight(sight)?;
        let dialog = self.dialog(key).await?;
        let mut file = CaptureFile::new(sight);
        let mut out = file.begin();
        for message in &dialog.messages {
            file.add(message, &mut out);
        }
        let last = dialog.messages.last().map_or(0, |m| m.at_us);
        file.end(last, u64::from(dialog.dropped), &mut out);
        Ok(out)
    }

    pub(super) fn captured(
        &self,
        sight: Sight,
        span: Duration,
    ) -> Result<CaptureStream, ActionError> {
        self.check_sight(sight)?;
        let tap = self.ladders.capture().tap().ok_or_else(|| {
            ActionError::new(
                Problem::Unavailable,
                "LIVE-CAPTURE",
                "too many captures run already",
                "end one of them",
            )
        })?;
        let (to, pieces) = mpsc::channel(PIECES_MAX);
        tokio::spawn(run_capture(tap, CaptureFile::new(sight), span, to));
        Ok(pieces)
    }

    fn check_sight(&self, sight: Sight) -> Result<(), ActionError> {
        match sight == Sight::Whole && !self.config.capture.unmasked {
            true => Err(ActionError::new(
                Problem::Conflict,
                "LIVE-CAPTURE",
                "this node shows no keys pressed: they may be card data",
                "ask without --unmasked, or set [capture] unmasked = true and restart the node",
            )),
            false => Ok(()),
        }
    }

    async fn dialog(&self, key: TraceKey) -> Result<Dialog, ActionError> {
        let capture = self.ladders.capture().clone();
        let (found, what) = match key {
            TraceKey::Call(call) => {
                let mut found = capture.named(LadderKey::Call(call));
                if found.is_none() {
                    // A Call-ID may look like one of our ids.
                    found = capture.by_call_id(&call.to_string());
                }
                (found, format!("the messages of call {call}"))
            }
            TraceKey::Agent(name) => {
                let agent = self.config.agent(&name);
                let agent = agent.ok_or_else(|| ActionError::not_found(format!("agent {name}")))?;
                let found = capture.named(LadderKey::Agent(agent.engine.id));
                (found, format!("a line of agent {name}"))
            }
            TraceKey::Number(digits) => {
                let search = move || {
                    let known = capture.latest(true).find(|d| capture::is_about(d, &digits));
                    known.or_else(|| {
                        capture
                            .latest(false)
                            .find(|d| capture::is_about(d, &digits))
                    })
                };
                let found = tokio::task::spawn_blocking(search).await;
                (
                    found.map_err(|_| ended())?,
                    "a call with that number".to_owned(),
                )
            }
            TraceKey::CallId(id) => (capture.by_call_id(&id), format!("Call-ID {id}")),
        };
        found.ok_or_else(|| {
            ActionError::new(
                Problem::NotFound,
                "API-404",
                format!("{what}: no longer remembered, or never seen"),
                "see `carillon calls list`; [capture] memory and calls say how much is remembered",
            )
        })
    }

    fn login_name(&self, id: AgentId) -> Option<String> {
        let agents = &self.config.agents;
        let found = agents.iter().find(|a| a.engine.id == id);
        found.map(|a| a.engine.name.clone())
    }

    /// Names the peers the configuration knows: trunks by their address, an agent's phone as
    /// that agent's.
    fn name_peers(&self, dialog: &Dialog, agent: Option<&str>, trace: &mut CallTrace) {
        for (n, peer) in capture::peers(dialog).iter().enumerate() {
            let ip = peer.ip().to_canonical().to_string();
            let mut trunks = self.config.trunks.iter().filter(|t| t.host == ip);
            let trunk = trunks
                .clone()
                .find(|t| t.port == peer.port())
                .or_else(|| trunks.next());
            let name = match (agent, n) {
                (Some(agent), 0) => Some(agent.to_owned()),
                (Some(_), _) => None,
                (None, _) => trunk.map(|t| t.engine.name.clone()),
            };
            if let Some(told) = trace.peers.get_mut(n) {
                told.name = name;
            }
        }
    }
}

fn agent_of(dialog: &Dialog) -> Option<AgentId> {
    dialog.keys.iter().find_map(|key| match key {
        LadderKey::Agent(id) => Some(*id),
        _ => None,
    })
}

fn ended_by(by: EndedBy) -> &'static str {
    match by {
        EndedBy::Customer => "customer",
        EndedBy::Agent => "agent",
        EndedBy::System => "system",
    }
}

fn ended() -> ActionError {
    super::unavailable("the node is stopping")
}

/// Writes a live capture until its time is over or its reader goes.
async fn run_capture(tap: Tap, mut file: CaptureFile, span: Duration, to: mpsc::Sender<Vec<u8>>) {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let end = tokio::time::Instant::now() + span;
    let mut out = file.begin();
    loop {
        let over = tokio::time::Instant::now() >= end;
        for message in tap.messages.try_iter().take(tap.messages.len()) {
            file.add(&message, &mut out);
            if out.len() >= PIECE && to.send(std::mem::take(&mut out)).await.is_err() {
                return;
            }
        }
        if over {
            file.end(wall_us(), tap.dropped.load(Ordering::Relaxed), &mut out);
        }
        if !out.is_empty() && to.send(std::mem::take(&mut out)).await.is_err() {
            return;
        }
        if over {
            return;
        }
        tokio::select! {
            _ = tick.tick() => {}
            () = to.closed() => return,
        }
    }
}
