//! Whom the demo calls: the scenario's people as leads, some on the do-not-call list.

use super::DemoError;
use carillon_decision::id::CampaignId;
use carillon_decision::time::Wall;
use carillon_sim::Scenario;
use carillon_sim::list::{DNC_LIST, Person, people};
use carillon_store::{
    DncStore, ImportOptions, LEADS_PER_BATCH_MAX, LeadCard, LeadStore, NUMBERS_PER_BATCH_MAX,
    NameKind, NameStore, NewLead, SqliteStore,
};

/// Name of the demo's lead list.
const LIST: &str = "demo";

/// Fills the store.
pub(super) async fn fill(
    store: &SqliteStore,
    scenario: &Scenario,
    seed: u64,
    now: Wall,
) -> Result<(), DemoError> {
    let name = carillon_sim::floor::campaign(scenario).name;
    let ids = store.ensure_names(NameKind::Campaign, vec![name]).await?;
    let campaign = CampaignId(ids.first().copied().unwrap_or(1));
    let people = people(scenario.leads, scenario.listed, seed);
    for (batch, part) in people.chunks(LEADS_PER_BATCH_MAX).enumerate() {
        let first = batch * LEADS_PER_BATCH_MAX + 1;
        let leads = part
            .iter()
            .enumerate()
            .map(|(place, person)| lead(first + place, person))
            .collect();
        let options = ImportOptions {
            campaign,
            list: LIST.into(),
            update: false,
        };
        store.import_leads(options, leads).await?;
    }
    let listed: Vec<_> = people
        .iter()
        .filter(|p| p.listed)
        .map(|p| p.number)
        .collect();
    for part in listed.chunks(NUMBERS_PER_BATCH_MAX) {
        store.dnc_import(DNC_LIST, part.to_vec(), now).await?;
    }
    Ok(())
}

fn lead(number: usize, person: &Person) -> NewLead {
    NewLead {
        card: LeadCard {
            vendor_lead_code: Some(format!("DEMO-{number:05}")),
            first_name: Some(person.first_name.into()),
            last_name: Some(person.last_name.into()),
            ..LeadCard::default()
        },
        numbers: vec![person.number],
        time_zone: Some(person.zone.into()),
        country: Some(person.country.into()),
        state: person.state.map(str::to_owned),
        ..NewLead::default()
    }
}
