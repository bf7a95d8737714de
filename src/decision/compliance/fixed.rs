//! Checks that neither place nor time changes: the number itself, lists, consent.

use super::config::{ComplianceRules, OWN_DNC_LIST, REASSIGNED_LIST};
use super::gate::RuleCheck;
use super::number_kind;
use super::places::Row;
use super::refusal::{Refusal, RefusalCode};
use super::rules::RuleStatus;
use crate::lead::{Consent, Lead, LeadNumber};

/// A check that neither place nor time changes.
pub(super) struct Fixed {
    rule: &'static str,
    citation: &'static str,
    status: RuleStatus,
    /// The refusal and its sentence, or the sentence of the pass.
    verdict: Result<&'static str, (RefusalCode, String)>,
}

/// The checks on number, lists and consent, in order. Lazy: the first refusal ends it.
pub(super) fn fixed_checks<'a>(
    rules: &'a ComplianceRules,
    lead: &'a Lead,
    number: &'a LeadNumber,
    row: Option<&'static Row>,
) -> impl Iterator<Item = Fixed> + 'a {
    (0..4).map(move |n| match n {
        0 => in_service(number),
        1 => number_plan(number, row),
        2 => do_not_call(rules, lead, number),
        _ => consent(rules, lead),
    })
}

fn in_service(number: &LeadNumber) -> Fixed {
    Fixed {
        rule: "in-service",
        citation: "earlier calls",
        status: RuleStatus::House,
        verdict: match number.retired {
            false => Ok("not known to be out of service"),
            true => Err((
                RefusalCode::RetiredNumber,
                "the number is known to be out of service".to_owned(),
            )),
        },
    }
}

fn number_plan(number: &LeadNumber, row: Option<&'static Row>) -> Fixed {
    let sentence = |code| match code {
        RefusalCode::EmergencyNumber => "may reach an emergency service",
        RefusalCode::ShortNumber => "is a short code",
        RefusalCode::PremiumNumber => "costs its caller more than a call",
        RefusalCode::SpecialNumber => "is a pager or a voicemail access",
        _ => "does not exist in its country's numbering plan",
    };
    Fixed {
        rule: "number-plan",
        citation: "national numbering plans (libphonenumber)",
        status: RuleStatus::House,
        verdict: match number_kind::refused(number.number, row) {
            None => Ok("a subscriber's number"),
            Some(code) => Err((
                code,
                format!("{} {}", number.number.masked(), sentence(code)),
            )),
        },
    }
}

fn do_not_call(rules: &ComplianceRules, lead: &Lead, number: &LeadNumber) -> Fixed {
    let applies = |list: &&String| {
        let own = list.as_str() == OWN_DNC_LIST || list.as_str() == REASSIGNED_LIST;
        own || rules
            .dnc_lists
            .as_ref()
            .is_none_or(|lists| lists.contains(list))
    };
    let snapshot = lead.facts.snapshot;
    let verdict = match number.listed.iter().find(applies) {
        None => Ok("on no do-not-call list that applies"),
        Some(list) if list == REASSIGNED_LIST => Err((
            RefusalCode::Reassigned,
            "the number belongs to somebody else since consent was given".to_owned(),
        )),
        Some(list) => Err((
            RefusalCode::DoNotCall,
            format!("on the do-not-call list `{list}` (state {snapshot})"),
        )),
    };
    Fixed {
        rule: "do-not-call",
        citation: "do-not-call lists that apply",
        status: RuleStatus::Law,
        verdict,
    }
}

fn consent(rules: &ComplianceRules, lead: &Lead) -> Fixed {
    let refuse = |text: &str| Err((RefusalCode::NoConsent, text.to_owned()));
    Fixed {
        rule: "consent",
        citation: "consent register",
        status: RuleStatus::House,
        verdict: match lead.facts.consent {
            Consent::Withdrawn => refuse("consent was withdrawn"),
            Consent::Unknown if rules.require_consent => {
                refuse("the campaign asks for consent and none is on file")
            }
            Consent::Unknown => Ok("the campaign does not ask for consent"),
            Consent::Given => Ok("consent is on file"),
        },
    }
}

impl Fixed {
    pub(super) fn into_refusal(self) -> Result<(), Refusal> {
        match self.verdict {
            Ok(_) => Ok(()),
            Err((code, detail)) => Err(fixed_refusal(self.rule, code, detail)),
        }
    }
}

impl From<Fixed> for RuleCheck {
    fn from(check: Fixed) -> Self {
        let (passed, code, detail) = match check.verdict {
            Ok(detail) => (true, None, detail.to_owned()),
            Err((code, detail)) => (false, Some(code), detail),
        };
        Self {
            rule: check.rule.to_owned(),
            citation: check.citation.to_owned(),
            status: check.status,
            passed,
            code,
            zone: None,
            source: None,
            detail,
            not_before: None,
        }
    }
}

/// A refusal that time does not lift.
pub(super) fn fixed_refusal(rule: &str, code: RefusalCode, detail: String) -> Refusal {
    Refusal {
        code,
        rule: rule.to_owned(),
        zone: None,
        source: None,
        not_before: None,
        detail,
    }
}
