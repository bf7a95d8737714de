//! A campaign's dials as requests spell them, with the names other dialers gave them.

use crate::error::ApiError;
use carillon_decision::campaign::Dial;
use carillon_decision::pacing::{Mode, PacingError, Tuning};
use serde::Deserialize;
use utoipa::ToSchema;

/// Changes to a campaign; fields left out stay as they are, and either all take effect or none.
///
/// Names of other dialers are taken as well: `auto_dial_level` for `ratio`,
/// `adaptive_maximum_level` and `maxLinesPerAgent` for `max_lines_per_agent`;
/// `adaptive_dropped_percentage`, `callAbandonLimit` and `targetRate`, all in percent, for `cap`.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CampaignRequest {
    /// Start or pause dialing.
    running: Option<bool>,
    /// `predictive`, `predictive-hard`, `progressive`, `erlang-c`, or `manual` with a `ratio`.
    mode: Option<String>,
    /// Lines per idle agent, 0 to 100. Without a mode it sets mode `manual`.
    #[serde(alias = "auto_dial_level")]
    ratio: Option<f64>,
    /// Abandonment cap as a share above 0 and below 1, such as 0.03.
    cap: Option<f64>,
    /// The same in percent, 0.1 to 99, such as 3.
    #[serde(
        alias = "adaptive_dropped_percentage",
        alias = "callAbandonLimit",
        alias = "targetRate"
    )]
    cap_percent: Option<f64>,
    /// Most lines per agent, above 0 and up to 1000.
    #[serde(alias = "adaptive_maximum_level", alias = "maxLinesPerAgent")]
    max_lines_per_agent: Option<f64>,
    /// Hang up calls past the legal ring time when too many were dialed.
    ring_cancel: Option<bool>,
}

impl CampaignRequest {
    /// The dials to turn, each in its range; never none.
    ///
    /// # Errors
    /// The first value that cannot be used.
    pub fn dials(&self) -> Result<Vec<Dial>, ApiError> {
        let mut dials = Vec::new();
        if let Some(mode) = self.mode()? {
            dials.push(Dial::Mode(mode));
        }
        if let Some(cap) = self.cap()? {
            dials.push(Dial::Cap(cap));
        }
        if let Some(most) = self.max_lines_per_agent {
            dials.push(Dial::MaxLinesPerAgent(most));
        }
        if let Some(on) = self.ring_cancel {
            dials.push(Dial::RingCancel(on));
        }
        let mut tuning = Tuning::default();
        for dial in &dials {
            match *dial {
                Dial::Mode(mode) => tuning.mode = mode,
                Dial::Cap(cap) => tuning.cap = cap,
                Dial::MaxLinesPerAgent(most) => tuning.max_lines_per_agent = most,
                Dial::RingCancel(_) | Dial::Running(_) => {}
            }
        }
        tuning.check().map_err(|e| refused(&e))?;
        // Last, so that dialing starts with the new settings.
        if let Some(on) = self.running {
            dials.push(Dial::Running(on));
        }
        if dials.is_empty() {
            let remedy =
                "name at least one of running, mode, ratio, cap, max_lines_per_agent, ring_cancel";
            return Err(ApiError::invalid(
                "API-013",
                "the request changes nothing",
                remedy,
            ));
        }
        Ok(dials)
    }

    fn mode(&self) -> Result<Option<Mode>, ApiError> {
        let manual = |name: &str| matches!(name, "manual" | "ratio");
        match (self.mode.as_deref(), self.ratio) {
            (None, None) => Ok(None),
            (None, Some(ratio)) => Ok(Some(Mode::ManualRatio { ratio })),
            (Some(name), Some(ratio)) if manual(name) => Ok(Some(Mode::ManualRatio { ratio })),
            (Some(name), None) if manual(name) => Err(ApiError::invalid(
                "API-014",
                "mode manual needs a ratio",
                "add `ratio`, lines per idle agent from 0 to 100",
            )),
            (Some(name), Some(_)) => Err(ApiError::invalid(
                "API-014",
                format!("a ratio does not go with mode {name}"),
                "leave out `ratio`, or use mode manual",
            )),
            (Some(name), None) => name.parse().map(Some).map_err(|e| refused(&e)),
        }
    }

    fn cap(&self) -> Result<Option<f64>, ApiError> {
        match (self.cap, self.cap_percent) {
            (Some(_), Some(_)) => Err(ApiError::invalid(
                "API-014",
                "the cap is given twice",
                "give `cap` as a share or its alias in percent, not both",
            )),
            (Some(cap), None) => Ok(Some(cap)),
            // A share mistaken for percent would all but stop the floor: 0.03 % for 3 %.
            (None, Some(percent)) if !(0.1..=99.0).contains(&percent) => Err(ApiError::invalid(
                "API-015",
                format!("a cap of {percent} percent is out of range"),
                "give percent from 0.1 to 99 (3 for 3 %), or `cap` as a share (0.03)",
            )),
            (None, Some(percent)) => Ok(Some(percent / 100.0)),
            (None, None) => Ok(None),
        }
    }
}

fn refused(error: &PacingError) -> ApiError {
    let text = error.to_string();
    let text = text
        .strip_prefix(error.code())
        .unwrap_or(&text)
        .trim_start_matches(": ");
    let (message, remedy) = text
        .split_once("; ")
        .unwrap_or((text, "see /api/openapi.json"));
    ApiError::invalid(error.code(), message, remedy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn dials(body: serde_json::Value) -> Result<Vec<Dial>, String> {
        let request: CampaignRequest = serde_json::from_value(body).expect("readable");
        request.dials().map_err(|e| e.body.code)
    }

    #[test]
    fn names_of_other_dialers_mean_the_same() {
        let ours = dials(json!({"ratio": 1.5, "cap": 0.03, "max_lines_per_agent": 3.0}));
        assert_eq!(
            ours,
            Ok(vec![
                Dial::Mode(Mode::ManualRatio { ratio: 1.5 }),
                Dial::Cap(0.03),
                Dial::MaxLinesPerAgent(3.0)
            ])
        );
        let vicidial = json!({"auto_dial_level": 1.5, "adaptive_dropped_percentage": 3,
            "adaptive_maximum_level": 3});
        assert_eq!(dials(vicidial), ours);
        let cisco = json!({"ratio": 1.5, "callAbandonLimit": 3, "maxLinesPerAgent": 3});
        assert_eq!(dials(cisco), ours);
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_its_code() {
        assert_eq!(dials(json!({})), Err("API-013".into()));
        assert_eq!(dials(json!({"mode": "manual"})), Err("API-014".into()));
        assert_eq!(
            dials(json!({"mode": "progressive", "ratio": 2})),
            Err("API-014".into())
        );
        assert_eq!(
            dials(json!({"cap": 0.03, "targetRate": 3})),
            Err("API-014".into())
        );
        assert_eq!(
            dials(json!({"callAbandonLimit": 0.03})),
            Err("API-015".into())
        );
        assert_eq!(dials(json!({"mode": "turbo"})), Err("PACE-001".into()));
        assert_eq!(dials(json!({"ratio": -1})), Err("PACE-002".into()));
        assert_eq!(dials(json!({"cap": 3})), Err("PACE-003".into()));
        assert_eq!(
            dials(json!({"max_lines_per_agent": 0})),
            Err("PACE-004".into())
        );
    }

    #[test]
    fn dialing_starts_after_the_new_settings() {
        let turned = dials(json!({"running": true, "mode": "progressive"})).unwrap();
        assert_eq!(
            turned,
            vec![Dial::Mode(Mode::Progressive), Dial::Running(true)]
        );
    }
}
