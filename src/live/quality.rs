//! From what was measured of a call to what is stored of it.

use carillon_decision::id::{AgentId, CallId, CampaignId};
use carillon_decision::sample;
use carillon_decision::time::Wall;
use carillon_media::quality::path::PathQuality;
use carillon_media::quality::report::{CallQuality, ProblemLimits, QualityReport};
use carillon_store::QualityRecord;
use std::time::Duration;

/// Whose quality it is, and by which rules of its campaign it is judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured<'a> {
    /// The call.
    pub call: CallId,
    /// The bridge.
    pub at: Wall,
    /// The campaign.
    pub campaign: CampaignId,
    /// Its name: part of the key of the draw, so that the same campaign draws alike everywhere.
    pub campaign_name: &'a str,
    /// Who talked first.
    pub agent: Option<AgentId>,
    /// The agent is to speak within this of the bridge; none: not checked.
    pub speaks_within: Option<Duration>,
    /// Share of the campaign's conversations drawn for review, 0 to 1.
    pub review_share: f64,
}

/// What is stored of a call: problems as judged now, and whether it is drawn for review.
#[must_use]
pub fn record(about: &Measured<'_>, quality: CallQuality) -> QualityRecord {
    let limits = ProblemLimits {
        agent_speaks_within_ms: about.speaks_within.map(|d| d.as_millis() as u64),
        ..ProblemLimits::default()
    };
    let report = QualityReport::of(quality, &limits);
    let worst = |path: &Option<PathQuality>| path.as_ref().map(|p| p.worst_mos);
    let key = sample::key(&["review", about.campaign_name]);
    QualityRecord {
        call: about.call,
        at: about.at,
        campaign: about.campaign,
        agent: about.agent,
        mos_customer: worst(&report.quality.customer_hears),
        mos_agent: worst(&report.quality.agent_hears),
        problems: report
            .problems
            .iter()
            .map(|p| p.kind.name().to_owned())
            .collect(),
        drawn: sample::drawn(key, about.call, about.review_share),
        report: serde_json::to_string(&report).unwrap_or_else(|_| "{}".to_owned()),
    }
}

/// The stored report; an empty one where it cannot be read.
#[must_use]
pub fn report_of(record: &QualityRecord) -> QualityReport {
    serde_json::from_str(&record.report).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_media::quality::conversation::ConversationFigures;

    #[test]
    fn a_record_holds_what_its_report_says_and_reads_back() {
        let about = Measured {
            call: CallId(7),
            at: Wall(1_000),
            campaign: CampaignId(1),
            campaign_name: "loans",
            agent: Some(AgentId(2)),
            speaks_within: Some(Duration::from_secs(3)),
            review_share: 0.3,
        };
        let quality = CallQuality {
            conversation: Some(ConversationFigures {
                talk_ms: 60_000,
                agent_spoke_after_ms: Some(4_000),
                longest_dead_air_ms: 20_000,
                ..ConversationFigures::default()
            }),
            ..CallQuality::default()
        };
        let stored = record(&about, quality.clone());
        assert_eq!(stored.problems, ["agent_late", "dead_air"]);
        assert_eq!((stored.mos_customer, stored.mos_agent), (None, None));
        // Call 7 of `loans` is drawn at 30 % (see the draw's own test), call 4 is not.
        assert!(stored.drawn);
        let other = Measured {
            call: CallId(4),
            speaks_within: None,
            ..about
        };
        let other = record(&other, quality.clone());
        assert!(!other.drawn && other.problems == ["dead_air"]);
        let report = report_of(&stored);
        assert_eq!((report.quality, report.problems.len()), (quality, 2));
        let broken = QualityRecord {
            report: "?".to_owned(),
            ..stored
        };
        assert_eq!(report_of(&broken), QualityReport::default());
    }
}
