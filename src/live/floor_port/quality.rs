//! Quality of calls, and reviews.

use super::{FloorPort, asked};
use crate::quality::report_of;
use carillon_api::port::{
    ActionError, ActionReply, QualityAsk, QualityProblem, QualityView, ReviewEntry, ReviewView,
};
use carillon_decision::id::CallId;
use carillon_media::quality::picture;
use carillon_store::{CallReview, QualityEntry, QualityFilter, ReviewState};

impl FloorPort {
    pub(super) async fn quality_listed(
        &self,
        ask: QualityAsk,
    ) -> Result<Vec<QualityView>, ActionError> {
        let agent = match &ask.agent {
            None => None,
            Some(name) => {
                let known = self.config.agent(name);
                let known = known.ok_or_else(|| ActionError::not_found(format!("agent {name}")))?;
                Some(known.engine.id)
            }
        };
        let filter = QualityFilter {
            campaign: self.optional_campaign(ask.campaign.as_deref())?,
            agent,
            from: ask.from,
            to: None,
            with_problems: ask.problems,
            problem: None,
            review: ask.waiting.then_some(ReviewState::Waiting),
            before: ask.before,
        };
        let found = asked(self.store.quality_calls(filter, ask.limit.clamp(1, 1_000))).await?;
        Ok(found
            .into_iter()
            .map(|e| self.quality_view(e, false))
            .collect())
    }

    pub(super) async fn quality_of(&self, call: CallId) -> Result<QualityView, ActionError> {
        let entry = asked(self.store.quality(call)).await?;
        Ok(self.quality_view(entry, true))
    }

    fn quality_view(&self, entry: QualityEntry, whole: bool) -> QualityView {
        let QualityEntry { record, review } = entry;
        let report = report_of(&record);
        let strip = report.quality.conversation.as_ref().map(|c| &c.strip);
        QualityView {
            call: record.call.0,
            at_ms: record.at.0,
            campaign: self.campaign_name(record.campaign),
            agent: record.agent.and_then(|id| self.agent_name(id)),
            mos_customer: record.mos_customer,
            mos_agent: record.mos_agent,
            problems: report
                .problems
                .iter()
                .map(|problem| QualityProblem {
                    kind: problem.kind.name().to_owned(),
                    found: problem.found.clone(),
                    remedy: problem.kind.remedy().to_owned(),
                })
                .collect(),
            drawn: record.drawn,
            review: review.map(|review| ReviewView {
                reviewer: review.reviewer,
                at_ms: review.at.0,
                score: review.score,
                note: Some(review.note),
            }),
            picture: match whole {
                true => strip.map(picture::text).unwrap_or_default(),
                false => Vec::new(),
            },
            figures: whole
                .then(|| serde_json::to_value(&report.quality).ok())
                .flatten(),
        }
    }

    /// Straight to the store, as notes are: it is about people and decides nothing.
    pub(super) async fn reviewed(&self, entry: ReviewEntry) -> Result<ActionReply, ActionError> {
        let review = CallReview {
            reviewer: entry.reviewer,
            at: self.clock.now().wall,
            score: entry.score,
            note: entry.note,
        };
        asked(self.store.review_call(entry.call, review)).await?;
        Ok(ActionReply::done(format!(
            "call {} is reviewed",
            entry.call
        )))
    }
}
