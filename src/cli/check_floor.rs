//! The part of `carillon check` that looks at agents, campaigns and trunks together.

use super::check::Finding;
use carillon_live::config::{AgentPhone, AgentSettings, Config};

/// What the file says is there for a campaign to work.
pub(super) fn floor(config: &Config) -> Vec<Finding> {
    let missing = |what: &str, table: &str| {
        Finding::warning(
            what,
            "none",
            format!("add a table [[{table}]] to {}", config.source.display()),
        )
    };
    let mut findings = Vec::new();
    if config.trunks.is_empty() {
        findings.push(missing("trunks", "trunk"));
    }
    if config.agents.is_empty() {
        findings.push(missing("agents", "agent"));
    }
    if config.campaigns.is_empty() {
        findings.push(missing("campaigns", "campaign"));
    }
    for campaign in &config.campaigns {
        let engine = &campaign.engine;
        let what = format!("campaign {}", engine.name);
        let serves = |a: &&AgentSettings| {
            a.engine.campaigns.is_empty() || a.engine.campaigns.contains(&engine.id)
        };
        let able = |a: &&AgentSettings| {
            engine.needs.iter().all(|need| {
                need.drop_after.is_some()
                    || a.engine
                        .skills
                        .get(&need.skill)
                        .is_some_and(|level| *level >= need.level)
            })
        };
        let agents = config.agents.iter().filter(serves).count();
        let skilled = config.agents.iter().filter(serves).filter(able).count();
        let groups = &engine.trunk_groups;
        let trunks = config
            .trunks
            .iter()
            .filter(|t| groups.is_empty() || groups.contains(&t.engine.group))
            .count();
        findings.push(match (agents, skilled, trunks) {
            (0, ..) => Finding::warning(
                &what,
                "no agent serves it",
                "name it in an agent's `campaigns`, or leave that key out",
            ),
            (_, 0, _) => Finding::warning(
                &what,
                "no agent who serves it has the skills it needs",
                "give agents these skills, or the needs a drop_after",
            ),
            (.., 0) => Finding::warning(
                &what,
                "no trunk is in its groups",
                "change its trunk_groups, or add a trunk",
            ),
            _ => Finding::good(
                &what,
                format!(
                    "agents {skilled}, trunks {trunks}, mode {}",
                    engine.tuning.mode
                ),
            ),
        });
    }
    let open = config.agents.iter().filter(|a| a.pin.is_none());
    let open: Vec<&str> = open.map(|a| a.engine.name.as_str()).collect();
    if !open.is_empty() {
        findings.push(Finding::warning(
            "agents without a PIN",
            open.join(", "),
            "they cannot use the agent page or log in by phone; add pin = \"env:NAME\"",
        ));
    }
    let silent = config
        .agents
        .iter()
        .filter(|a| matches!(a.phone, AgentPhone::Registered(_)) && a.password.is_none());
    findings.extend(silent.map(|a| {
        Finding::fault(
            &format!("agent {}", a.engine.name),
            "its phone cannot register",
            "add password = \"env:NAME\"",
        )
    }));
    findings
}
