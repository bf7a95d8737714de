//! The floor as pages and command line see it: actions become inputs, questions go to the
//! store and to the board.

mod actions;
mod conversations;
mod metrics;
mod quality;
mod recordings;
mod report;
mod traces;
mod views;

use crate::clock::NodeClock;
use crate::config::{CampaignSettings, Config};
use crate::engine::Inputs;
use crate::error::NodeError;
use crate::explain;
use crate::recording::Archive;
use crate::store_port::HeldLeads;
use crate::switch::{KEYPAD, LadderKey, Ladders, Notice};
use crate::vitals::VitalCounters;
use carillon_api::port::{
    Action, ActionError, ActionReply, Answer, BoardStatus, CallFilter, CallTrace, CaptureStream,
    DecisionFilter, Explanation, ExtraMetric, Floor, KeypadCode, LeadCard, LeadView, ListView,
    OpenRecording, Problem, QualityAsk, QualityView, RecordingAsk, RecordingView, Report,
    ReportRange, Sight, Subject, TraceFilter, TraceKey, TraceSummary, TraceView,
};
use carillon_decision::call::CallRecord;
use carillon_decision::id::{AgentId, CallId, CampaignId, DecisionId, LeadId};
use carillon_decision::pacing_decision::PacingDecision;
use carillon_store::{Store, StoreError};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use subtle::ConstantTimeEq;
use tokio::sync::{mpsc, watch};

/// How long a page waits for the store.
const PATIENCE: Duration = Duration::from_secs(5);

/// The live floor behind pages and command line.
pub struct FloorPort {
    config: Arc<Config>,
    clock: NodeClock,
    store: Arc<dyn Store>,
    inputs: Inputs,
    notices: mpsc::Sender<Notice>,
    status: watch::Receiver<Arc<BoardStatus>>,
    ladders: Ladders,
    vitals: Arc<VitalCounters>,
    stop: watch::Sender<Option<bool>>,
    held: HeldLeads,
    archive: Archive,
}

impl std::fmt::Debug for FloorPort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FloorPort").finish_non_exhaustive()
    }
}

impl FloorPort {
    #[allow(clippy::too_many_arguments, reason = "one call, in start")]
    pub(crate) fn new(
        config: Arc<Config>,
        clock: NodeClock,
        store: Arc<dyn Store>,
        inputs: Inputs,
        notices: mpsc::Sender<Notice>,
        status: watch::Receiver<Arc<BoardStatus>>,
        ladders: Ladders,
        vitals: Arc<VitalCounters>,
        stop: watch::Sender<Option<bool>>,
        held: HeldLeads,
        archive: Archive,
    ) -> Self {
        Self {
            config,
            clock,
            store,
            inputs,
            notices,
            status,
            ladders,
            vitals,
            stop,
            held,
            archive,
        }
    }

    /// The configuration, with the ids of the store.
    pub fn config(&self) -> &Config {
        &self.config
    }

    fn board(&self) -> Arc<BoardStatus> {
        Arc::clone(&self.status.borrow())
    }

    fn campaign(&self, name: &str) -> Result<&CampaignSettings, ActionError> {
        self.config
            .campaign(name)
            .ok_or_else(|| ActionError::not_found(format!("campaign {name}")))
    }

    fn campaign_by_id(&self, id: CampaignId) -> Option<&CampaignSettings> {
        self.config.campaigns.iter().find(|c| c.engine.id == id)
    }

    fn campaign_name(&self, id: CampaignId) -> String {
        let known = self.campaign_by_id(id).map(|c| c.engine.name.clone());
        known.unwrap_or_else(|| format!("campaign {id}"))
    }

    fn optional_campaign(&self, name: Option<&str>) -> Result<Option<CampaignId>, ActionError> {
        name.map(|name| self.campaign(name).map(|c| c.engine.id))
            .transpose()
    }

    fn agent_name(&self, id: AgentId) -> Option<String> {
        self.config
            .agents
            .iter()
            .find(|a| a.engine.id == id)
            .map(|a| a.display_name.clone())
    }

    async fn explained(&self, subject: Subject) -> Result<Explanation, ActionError> {
        match subject {
            Subject::Lead(id) => {
                let mut details = asked(self.store.lead(id)).await?;
                // Agents' words about a person are for the card, not for whoever may read.
                details.history.iter_mut().for_each(|e| e.note = None);
                let campaign = self.campaign_by_id(details.campaign).ok_or_else(|| {
                    ActionError::not_found(format!("campaign {}", details.campaign))
                })?;
                Ok(explain::lead(
                    &details,
                    &campaign.engine,
                    self.clock.now().wall,
                ))
            }
            Subject::Call(id) => {
                let mut entry = asked(self.store.call(id)).await?;
                entry.note = None;
                let ladder = self.ladders.get(LadderKey::Call(id));
                Ok(explain::call(&entry, ladder.as_ref(), &self.config))
            }
            Subject::Decision(id) => {
                let decision = asked(self.store.decision(id)).await?;
                Ok(explain::decision(&decision, &self.config))
            }
        }
    }

    async fn past_decisions(
        &self,
        filter: DecisionFilter,
    ) -> Result<Vec<PacingDecision>, ActionError> {
        let one = self.optional_campaign(filter.campaign.as_deref())?;
        let all = self.config.campaigns.iter().map(|c| c.engine.id);
        let wanted: Vec<CampaignId> = one.map_or_else(|| all.collect(), |id| vec![id]);
        let limit = filter.limit.clamp(1, 1_000);
        let mut found = Vec::new();
        for campaign in wanted {
            found.extend(asked(self.store.decisions(campaign, limit)).await?);
        }
        found.sort_by_key(|d| std::cmp::Reverse(d.id));
        found.truncate(limit as usize);
        Ok(found)
    }

    fn verified(&self, name: &str, pin: &str) -> Result<AgentId, ActionError> {
        let agent = self.config.agent(name);
        let known = agent
            .and_then(|a| a.pin.as_ref())
            .map(|p| p.expose().to_owned());
        // An unknown name costs the same comparison as a wrong PIN.
        let expected = known
            .clone()
            .unwrap_or_else(|| "\0".repeat(pin.len().max(1)));
        let right = bool::from(expected.as_bytes().ct_eq(pin.as_bytes()));
        match agent {
            Some(agent) if right && known.is_some() => Ok(agent.engine.id),
            _ => Err(ActionError::new(
                Problem::Credentials,
                "LIVE-PIN",
                "name or PIN is wrong",
                "ask the supervisor for the PIN",
            )),
        }
    }
}

/// Waits for the store, as long as a page does.
async fn asked<T>(answer: impl Future<Output = Result<T, StoreError>>) -> Result<T, ActionError> {
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(store_problem(&error)),
        Err(_) => Err(unavailable("the store does not answer")),
    }
}

fn store_problem(error: &StoreError) -> ActionError {
    let problem = match error {
        StoreError::NotFound { .. } => Problem::NotFound,
        StoreError::TooLarge { .. } => Problem::Invalid,
        StoreError::Corrupt { .. } | StoreError::Database(_) => Problem::Internal,
        _ => Problem::Unavailable,
    };
    ActionError::new(problem, error.code(), error.to_string(), error.remedy())
}

fn unavailable(what: &str) -> ActionError {
    ActionError::new(
        Problem::Unavailable,
        "LIVE-BUSY",
        what,
        "try again in a moment",
    )
}

fn node_problem(error: &NodeError) -> ActionError {
    ActionError::new(
        Problem::Unavailable,
        error.code(),
        error.to_string(),
        "try again in a moment",
    )
}

impl Floor for FloorPort {
    fn status(&self) -> watch::Receiver<Arc<BoardStatus>> {
        self.status.clone()
    }

    fn act(&self, action: Action) -> Answer<'_, ActionReply> {
        Box::pin(self.acted(action))
    }

    fn sign_in<'a>(&'a self, name: &'a str, pin: &'a str) -> Answer<'a, AgentId> {
        Box::pin(async move { self.verified(name, pin) })
    }

    fn card(&self, agent: AgentId) -> Answer<'_, Option<LeadCard>> {
        Box::pin(self.card_of(agent))
    }

    fn explain(&self, subject: Subject) -> Answer<'_, Explanation> {
        Box::pin(self.explained(subject))
    }

    fn decision(&self, id: DecisionId) -> Answer<'_, PacingDecision> {
        Box::pin(asked(self.store.decision(id)))
    }

    fn decisions(&self, filter: DecisionFilter) -> Answer<'_, Vec<PacingDecision>> {
        Box::pin(self.past_decisions(filter))
    }

    fn calls(&self, filter: CallFilter) -> Answer<'_, Vec<CallRecord>> {
        Box::pin(self.past_calls(filter))
    }

    fn lead(&self, id: LeadId) -> Answer<'_, LeadView> {
        Box::pin(self.lead_view(id))
    }

    fn report(&self, range: ReportRange) -> Answer<'_, Report> {
        Box::pin(self.reported(range))
    }

    fn lists(&self, campaign: Option<String>) -> Answer<'_, Vec<ListView>> {
        Box::pin(self.list_views(campaign))
    }

    fn quality_calls(&self, ask: QualityAsk) -> Answer<'_, Vec<QualityView>> {
        Box::pin(self.quality_listed(ask))
    }

    fn quality(&self, call: CallId) -> Answer<'_, QualityView> {
        Box::pin(self.quality_of(call))
    }

    fn recordings(&self, ask: RecordingAsk) -> Answer<'_, Vec<RecordingView>> {
        Box::pin(self.recordings_listed(ask))
    }

    fn recording(&self, id: u64) -> Answer<'_, RecordingView> {
        Box::pin(self.recording_of(id))
    }

    fn open_recording(&self, id: u64) -> Answer<'_, OpenRecording> {
        Box::pin(self.recording_opened(id))
    }

    fn traces(&self, filter: TraceFilter) -> Answer<'_, Vec<TraceSummary>> {
        Box::pin(self.listed_traces(filter))
    }

    fn trace(&self, key: TraceKey, view: TraceView) -> Answer<'_, CallTrace> {
        Box::pin(self.traced(key, view))
    }

    fn trace_file(&self, key: TraceKey, sight: Sight) -> Answer<'_, Vec<u8>> {
        Box::pin(self.traced_file(key, sight))
    }

    fn capture(&self, sight: Sight, span: Duration) -> Answer<'_, CaptureStream> {
        Box::pin(async move { self.captured(sight, span) })
    }

    fn keypad(&self) -> Vec<KeypadCode> {
        let code = |(keys, does): &(&str, &str)| KeypadCode {
            keys: (*keys).to_owned(),
            does: (*does).to_owned(),
        };
        KEYPAD.iter().map(code).collect()
    }

    fn extra_metrics(&self) -> Vec<ExtraMetric> {
        let mut all = metrics::all(&self.vitals, self.inputs.waiting());
        all.extend(metrics::of_capture(self.ladders.capture()));
        all
    }
}
