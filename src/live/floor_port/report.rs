//! Figures of a stretch of time, by campaign.

use super::{FloorPort, asked};
use crate::config::CampaignSettings;
use carillon_api::port::{ActionError, CampaignReport, Problem, Report, ReportRange};
use carillon_decision::time::Wall;
use carillon_store::{CallFilter, Report as Figures};
use std::collections::BTreeMap;

/// Calls whose dispositions are counted in one report.
const DISPOSED_MAX: u32 = 50_000;

impl FloorPort {
    pub(super) async fn reported(&self, range: ReportRange) -> Result<Report, ActionError> {
        let now = self.clock.now().wall;
        let to = range.to.unwrap_or(now);
        let one = self.optional_campaign(range.campaign.as_deref())?;
        let wanted: Vec<&CampaignSettings> = self
            .config
            .campaigns
            .iter()
            .filter(|c| one.is_none_or(|id| c.engine.id == id))
            .collect();
        let day = wanted
            .first()
            .map_or(now, |c| start_of_day(now, &c.engine.ledger_zone));
        let from = range.from.unwrap_or(day);
        if from > to {
            return Err(ActionError::new(
                Problem::Invalid,
                "LIVE-RANGE",
                "the range ends before it begins",
                "swap `from` and `to`",
            ));
        }
        let mut campaigns = Vec::new();
        for settings in wanted {
            campaigns.push(self.campaign_report(settings, from, to).await?);
        }
        Ok(Report {
            from: from.to_string(),
            to: to.to_string(),
            campaigns,
        })
    }

    async fn campaign_report(
        &self,
        settings: &CampaignSettings,
        from: Wall,
        to: Wall,
    ) -> Result<CampaignReport, ActionError> {
        let id = settings.engine.id;
        let figures = asked(self.store.report(from, to, Some(id))).await?;
        let called = CallFilter {
            campaign: Some(id),
            from: Some(from),
            to: Some(to),
            ..CallFilter::default()
        };
        let mut dispositions = BTreeMap::new();
        for entry in asked(self.store.calls(called, DISPOSED_MAX)).await? {
            if let Some(code) = entry.disposition {
                *dispositions.entry(code).or_insert(0) += 1;
            }
        }
        let board = self.board();
        let mode = board
            .floor
            .campaigns
            .iter()
            .find(|c| c.id == id)
            .map(|c| c.mode.clone());
        let (busy, ready, duty) = agents_time(&figures);
        Ok(CampaignReport {
            id,
            campaign: settings.engine.name.clone(),
            mode: mode.unwrap_or_default(),
            placed: figures.placed,
            answered_human: figures.answered_human,
            connected: figures.connected,
            abandoned: figures.abandoned,
            abandonment: figures.abandonment,
            answer_rate: figures.connect_rate,
            utilisation: share(busy, duty),
            idle_seconds_per_call: share(ready, figures.connected as f64),
            talk_seconds_mean: figures.talk_ms.mean * 1e-3,
            bridge_ms_p99: self.vitals.bridge_summary().p99_s * 1e3,
            outcomes: figures.outcomes,
            refused: figures.refusals,
            dispositions,
        })
    }
}

/// Agents' seconds: talking and wrapping up, ready, on duty.
fn agents_time(figures: &Figures) -> (f64, f64, f64) {
    figures
        .agents
        .iter()
        .map(|a| a.times)
        .fold((0.0, 0.0, 0.0), |(busy, ready, duty), t| {
            let working = t.talk_s + t.wrap_s;
            let all = working + t.ready_s + t.reserved_s + t.break_s;
            (busy + working, ready + t.ready_s, duty + all)
        })
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// Midnight before `now` in a zone; 24 hours ago where the zone is unknown.
fn start_of_day(now: Wall, zone: &str) -> Wall {
    let zoned = now.timestamp().in_tz(zone).and_then(|z| z.start_of_day());
    match zoned {
        Ok(start) => Wall(start.timestamp().as_millisecond()),
        Err(_) => Wall(now.0 - Wall::DAY_MS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_begins_at_local_midnight() {
        // 2026-03-08 12:00 UTC: New York springs forward that day, midnight was 05:00 UTC.
        let noon = Wall(1_772_971_200_000);
        assert_eq!(
            start_of_day(noon, "America/New_York").to_string(),
            "2026-03-08T05:00:00Z"
        );
        assert_eq!(start_of_day(noon, "nowhere"), Wall(noon.0 - Wall::DAY_MS));
    }
}
