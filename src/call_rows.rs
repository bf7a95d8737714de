//! Stored calls as rows of call records.

use carillon_decision::call::{AmdVerdict, CallRecord, Cause, Direction, EndedBy, Outcome};
use carillon_decision::id::{CallId, CampaignId};
use carillon_decision::time::Wall;
use carillon_sim::calls::{self, CallRow, CallRowError, Calls, Way, Who, milliseconds};
use carillon_store::{CallEntry, CallFilter, NameKind, Store, StoreError, WrapUp};
use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

/// Calls are read in stretches of an hour, so that years of them need no memory.
const STRETCH_MS: i64 = 3_600_000;
/// A conversation begun in a stretch ends, and its wrap-up begins, at most this much later.
const TALK_LONGEST_MS: i64 = Wall::DAY_MS;
/// A wrap-up this close to its limit was ended by it.
const AT_LIMIT: Duration = Duration::from_millis(250);

/// Which calls.
#[derive(Clone, Copy, Debug)]
pub struct Stretch {
    /// Placed at or after.
    pub from: Wall,
    /// Placed before.
    pub to: Wall,
    /// Of this campaign only.
    pub campaign: Option<CampaignId>,
}

/// Calls that cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The store.
    #[error("{0}; {remedy}", remedy = .0.remedy())]
    Store(#[from] StoreError),
    /// The file.
    #[error("{0}")]
    File(#[from] CallRowError),
}

/// Names behind the ids of a database.
struct Names {
    campaigns: BTreeMap<u32, String>,
    agents: BTreeMap<u32, String>,
    trunks: BTreeMap<u32, String>,
}

impl Names {
    async fn of(store: &dyn Store) -> Result<Self, StoreError> {
        let all = async |kind| Ok::<_, StoreError>(store.names(kind).await?.into_iter().collect());
        Ok(Self {
            campaigns: all(NameKind::Campaign).await?,
            agents: all(NameKind::Agent).await?,
            trunks: all(NameKind::Trunk).await?,
        })
    }
}

/// Writes the calls of a stretch by the time they were placed; answers how many. `limit` is the
/// longest wrap-up of a campaign by name, where it has one. Calls whose times a crash took are
/// left out.
///
/// # Errors
/// [`ExportError`].
pub async fn export(
    store: &dyn Store,
    stretch: Stretch,
    limit: impl Fn(&str) -> Option<Duration>,
    to: impl Write,
    name: &str,
) -> Result<u64, ExportError> {
    let names = Names::of(store).await?;
    let mut rows = Calls::new(to, name)?;
    let mut from = stretch.from;
    while from < stretch.to {
        let until = Wall(from.0.saturating_add(STRETCH_MS).min(stretch.to.0));
        let filter = CallFilter {
            campaign: stretch.campaign,
            from: Some(from),
            to: Some(until),
            ..CallFilter::default()
        };
        let calls = store.calls(filter, u32::MAX).await?;
        if !calls.is_empty() {
            let late = Wall(until.0.saturating_add(TALK_LONGEST_MS));
            let wraps = store.wrap_ups(from, late).await?;
            let wraps: BTreeMap<CallId, WrapUp> = last_of_each(wraps);
            for entry in calls.iter().rev().filter(|entry| !entry.settled) {
                let wrap = wraps.get(&entry.record.call);
                rows.write(&row(entry, wrap, &names, &limit))?;
            }
        }
        from = until;
    }
    Ok(rows.finish()?)
}

/// The wrap-up of the agent who talked last.
fn last_of_each(wraps: Vec<WrapUp>) -> BTreeMap<CallId, WrapUp> {
    let mut last: BTreeMap<CallId, WrapUp> = BTreeMap::new();
    for wrap in wraps {
        let kept = last.entry(wrap.call).or_insert(wrap);
        if wrap.began > kept.began {
            *kept = wrap;
        }
    }
    last
}

fn row(
    entry: &CallEntry,
    wrap: Option<&WrapUp>,
    names: &Names,
    limit: &impl Fn(&str) -> Option<Duration>,
) -> CallRow {
    let record = &entry.record;
    let named = |names: &BTreeMap<u32, String>, id: u32| {
        names.get(&id).cloned().unwrap_or_else(|| id.to_string())
    };
    let campaign = named(&names.campaigns, record.campaign.0);
    let spent = wrap.and_then(|wrap| {
        let ms = wrap.ended?.0.saturating_sub(wrap.began.0);
        u64::try_from(ms).ok().map(Duration::from_millis)
    });
    let limit = limit(&campaign);
    CallRow {
        call: record.call.0.to_string(),
        direction: match record.direction {
            Direction::Outbound => Way::Outbound,
            Direction::Inbound => Way::Inbound,
            Direction::Transfer => Way::Transfer,
        },
        trunk: named(&names.trunks, record.trunk.0),
        lead: record
            .lead
            .map(|lead| lead.0.to_string())
            .unwrap_or_default(),
        placed: record.started,
        ring_after_s: record.pdd_ms.map(milliseconds),
        answer_after_s: record.answer_ms.map(milliseconds),
        end_after_s: Some(milliseconds(record.total_ms)),
        who: who(record),
        outcome: record.outcome.name().to_owned(),
        disposition: entry.disposition.clone().unwrap_or_default(),
        wait_s: record.wait_ms.map(milliseconds),
        agent: record
            .agent
            .map(|agent| named(&names.agents, agent.0))
            .unwrap_or_default(),
        talk_s: record.talk_ms.map(milliseconds),
        wrap_s: spent.map(|spent| spent.as_secs_f64()),
        wrap_cut: spent
            .zip(limit)
            .is_some_and(|(spent, limit)| spent + AT_LIMIT >= limit),
        ended_by: record.ended_by.map(|by| match by {
            EndedBy::Customer => calls::EndedBy::Customer,
            EndedBy::Agent => calls::EndedBy::Agent,
            EndedBy::System => calls::EndedBy::System,
        }),
        follows: record
            .follows
            .map(|call| call.0.to_string())
            .unwrap_or_default(),
        campaign,
    }
}

/// Who answered: the outcome where it tells, what was heard where it does not.
fn who(record: &CallRecord) -> Option<Who> {
    match (record.outcome, record.verdict) {
        (Outcome::Connected | Outcome::Abandoned, _) => Some(Who::Person),
        (Outcome::Machine, _) => Some(Who::Machine),
        (Outcome::Fax, _) => Some(Who::Fax),
        (Outcome::Silent, _) => Some(Who::Silence),
        (Outcome::Unanswered(Cause::Disconnected), Some(AmdVerdict::NotInService)) => {
            Some(Who::Tone)
        }
        _ => record.answer_ms.map(|_| Who::Unknown),
    }
}
