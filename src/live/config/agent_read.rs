//! Reads `[[agent]]`.

use super::floor::{AgentPhone, AgentSettings, CampaignSettings};
use super::ids::Names;
use super::section::{Item, Section};
use super::{secret_read, value};
use crate::profiles::{CodecName, SRTP, read_phone_codecs};
use carillon_decision::agent::{AgentProfile, LineKind, Role};
use carillon_decision::id::{AgentId, CampaignId};
use std::collections::BTreeMap;

pub(super) fn agents(root: &Section<'_>, campaigns: &[CampaignSettings]) -> Vec<AgentSettings> {
    let mut names = Names::new("agent");
    let read = |table: Section<'_>| agent(table, campaigns, &mut names);
    root.sections("agent")
        .into_iter()
        .filter_map(read)
        .collect()
}

fn agent(
    table: Section<'_>,
    campaigns: &[CampaignSettings],
    names: &mut Names,
) -> Option<AgentSettings> {
    let (name, id) = names.read(&table, "\"anna\"");
    let lines = [
        ("nailed_up", LineKind::NailedUp),
        ("ring_first", LineKind::RingFirst),
    ];
    let line = table.choice("line", &lines).unwrap_or(LineKind::NailedUp);
    let roles = [("agent", Role::Agent), ("supervisor", Role::Supervisor)];
    let role = table.choice("role", &roles).unwrap_or_default();
    let serves = table
        .get("campaigns")
        .map(|item| campaign_ids(&item, campaigns))
        .unwrap_or_default();
    if line == LineKind::RingFirst {
        refuse_overdial(&table, &serves, campaigns);
    }
    let phone = table.get("phone").map(|item| phone(&item));
    let password = table
        .get("password")
        .and_then(|item| secret_read::secret(&item));
    let phone = match phone {
        Some(phone) => phone,
        None if table.raw("password").is_none() => {
            table.fault(
                "Carillon cannot reach this agent's phone",
                "write phone = \"sip:user@host\" for a fixed address, or password = \"env:NAME\" \
                 so that the phone can register under the agent's name",
            );
            None
        }
        None => Some(AgentPhone::Registered(name.clone())),
    };
    let display_name = table.string("display_name").unwrap_or_else(|| name.clone());
    let pin = table.get("pin").and_then(|item| secret_read::pin(&item));
    let skills = table
        .section("skills")
        .map(|t| skills(&t))
        .unwrap_or_default();
    let codecs = table.get("codecs");
    let codecs = codecs.and_then(|item| read_phone_codecs(&item));
    let srtp = table.choice("srtp", &SRTP).unwrap_or_default();
    table.finish(&[]);
    Some(AgentSettings {
        engine: AgentProfile {
            id: AgentId(id),
            name,
            skills,
            campaigns: serves,
            line,
            role,
        },
        display_name,
        pin,
        password,
        phone: phone?,
        codecs: codecs.unwrap_or_else(|| vec![CodecName::Pcmu, CodecName::Pcma]),
        srtp,
    })
}

fn phone(item: &Item<'_>) -> Option<AgentPhone> {
    let text = item.text().map(str::trim).unwrap_or("");
    let uri = text.strip_prefix("sip:").is_some_and(|rest| {
        !rest.is_empty()
            && rest
                .bytes()
                .all(|b| b.is_ascii_graphic() && !b"<>\"".contains(&b))
    });
    if !uri {
        item.expected("a SIP URI, such as \"sip:anna@192.0.2.10:5060\"; leave the key out for a phone that registers");
    }
    uri.then(|| AgentPhone::Uri(text.to_owned()))
}

fn skills(table: &Section<'_>) -> BTreeMap<String, u8> {
    let level = |(skill, _, item): (&str, _, Item<'_>)| {
        let level = item.integer(1..=10).and_then(|n| u8::try_from(n).ok())?;
        Some((skill.to_owned(), level))
    };
    table.entries().into_iter().filter_map(level).collect()
}

fn campaign_ids(item: &Item<'_>, campaigns: &[CampaignSettings]) -> Vec<CampaignId> {
    let names: Vec<&str> = campaigns.iter().map(|c| c.engine.name.as_str()).collect();
    let mut ids = Vec::new();
    for each in item.list("a list of campaign names; leave the key out for all") {
        let Some(name) = each.string() else { continue };
        match campaigns.iter().find(|c| c.engine.name == name) {
            Some(campaign) => ids.push(campaign.engine.id),
            None => each.fault(
                format!("no campaign is named \"{name}\""),
                value::suggestion(&name, &names, "campaigns of this file"),
            ),
        }
    }
    ids
}

/// A customer who answered must not wait for an agent's phone to ring.
fn refuse_overdial(table: &Section<'_>, serves: &[CampaignId], campaigns: &[CampaignSettings]) {
    let overdialing = campaigns.iter().find(|c| {
        !c.engine.tuning.mode.allows_ring_first()
            && (serves.is_empty() || serves.contains(&c.engine.id))
    });
    if let (Some(campaign), Some(line)) = (overdialing, table.raw("line")) {
        line.fault(
            format!(
                "\"ring_first\" cannot serve campaign \"{}\" in mode {}: its customers would wait for a phone",
                campaign.engine.name, campaign.engine.tuning.mode
            ),
            "use line = \"nailed_up\", name only campaigns in mode manual with a ratio up to 1, or \
             change the campaign's mode",
        );
    }
}
