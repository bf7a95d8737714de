//! Stored calls as rows of call records.

use carillon_decision::call::{AmdVerdict, CallRecord, Cause, Direction, EndedBy, Outcome};
use carillon_decision::id::{CallId, CampaignId};
use carillon_decision::time::Wall;
use carillon_sim::calls::{self, CallRow, CallRowError, Calls, Way, Who, milliseconds};
use carillon_store::{CallEntry, CallFilter, NameKind, Store, StoreError, WrapUp};
use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

/// Calls are read in stretches of time, so that years of them need no memory: the first is this
/// long, later ones twice the one before, or half of it where it held too many calls.
const STRETCH_MS: i64 = 3_600_000;
/// Calls held at once.
const CALLS_MAX: u32 = 20_000;
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
    export_by(store, stretch, limit, to, name, CALLS_MAX).await
}

/// The same with `held` calls at once.
async fn export_by(
    store: &dyn Store,
    stretch: Stretch,
    limit: impl Fn(&str) -> Option<Duration>,
    to: impl Write,
    name: &str,
    held: u32,
) -> Result<u64, ExportError> {
    let names = Names::of(store).await?;
    let mut rows = Calls::new(to, name)?;
    let mut from = stretch.from;
    let mut length = STRETCH_MS;
    while from < stretch.to {
        let until = Wall(from.0.saturating_add(length).min(stretch.to.0));
        let filter = CallFilter {
            campaign: stretch.campaign,
            from: Some(from),
            to: Some(until),
            ..CallFilter::default()
        };
        // An instant is never halved, however many calls it has.
        let most = if length > 1 { held } else { u32::MAX };
        let calls = store.calls(filter, most).await?;
        if calls.len() as u64 == u64::from(most) {
            length /= 2;
            continue;
        }
        length = length.saturating_mul(2);
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

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_decision::agent::AgentState;
    use carillon_decision::id::{AgentId, LeadId, TrunkId};
    use carillon_decision::number::E164;
    use carillon_store::{
        AgentChange, CallStore, LogStore, NameStore, SqliteOptions, SqliteStore, UpkeepStore,
    };

    const NOON: Wall = Wall(1_773_144_000_000);

    fn record(call: u64, started: Wall, outcome: Outcome) -> CallRecord {
        let number = E164::new(12_025_550_100).expect("a number");
        let connected = outcome == Outcome::Connected;
        CallRecord {
            call: CallId(call),
            campaign: CampaignId(1),
            lead: Some(LeadId(7)),
            direction: Direction::Outbound,
            number: Some(number),
            caller_id: number,
            trunk: TrunkId(1),
            agent: connected.then_some(AgentId(1)),
            started,
            total_ms: 42_500,
            pdd_ms: Some(120),
            ring_ms: None,
            answer_ms: connected.then_some(9_250),
            wait_ms: connected.then_some(700),
            talk_ms: connected.then_some(31_000),
            hold_ms: 0,
            message_left: false,
            recorded: false,
            events: Vec::new(),
            outcome,
            verdict: None,
            ended_by: connected.then_some(EndedBy::Customer),
            late_answer: false,
            follows: None,
            decision: None,
            permit: None,
        }
    }

    async fn store(directory: &std::path::Path) -> SqliteStore {
        let store = SqliteStore::open(SqliteOptions::new(directory.join("t.db")))
            .await
            .unwrap();
        for (kind, name) in [
            (NameKind::Campaign, "spring"),
            (NameKind::Agent, "ana"),
            (NameKind::Trunk, "carrier"),
        ] {
            store
                .ensure_names(kind, vec![name.to_owned()])
                .await
                .unwrap();
        }
        let busy = Outcome::Unanswered(Cause::Busy);
        // Stretches of an hour meet at 13:00: each call is in one of them.
        let one = Wall(NOON.0 + STRETCH_MS);
        for (call, at, outcome) in [(2, one, busy), (1, NOON, Outcome::Connected)] {
            store.finish_call(record(call, at, outcome)).await.unwrap();
        }
        let wrap = AgentState::WrapUp(CallId(1));
        for (from, to, after_ms) in [
            (AgentState::Talking(CallId(1)), wrap, 42_500),
            (wrap, AgentState::Ready, 50_250),
        ] {
            let change = AgentChange {
                agent: AgentId(1),
                from,
                to,
                at: Wall(NOON.0 + after_ms),
            };
            store.record_agent_change(change).await.unwrap();
        }
        store
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn stored_calls_become_rows_with_names_and_wrap_up() {
        let directory = tempfile::tempdir().unwrap();
        let store = store(directory.path()).await;
        let stretch = Stretch {
            from: NOON,
            to: Wall(NOON.0 + 2 * STRETCH_MS),
            campaign: None,
        };
        let mut file = Vec::new();
        let written = export(&store, stretch, |_| None, &mut file, "t")
            .await
            .unwrap();
        let rows = calls::read_rows(&file[..], "t").unwrap();
        assert_eq!((written, rows.len()), (2, 2));
        let first = &rows[0];
        assert_eq!((first.call.as_str(), first.placed), ("1", NOON));
        assert_eq!(
            (first.campaign.as_str(), first.trunk.as_str()),
            ("spring", "carrier")
        );
        assert_eq!((first.lead.as_str(), first.agent.as_str()), ("7", "ana"));
        assert_eq!(
            (first.who, first.outcome.as_str()),
            (Some(Who::Person), "connected")
        );
        assert_eq!(
            (first.answer_after_s, first.talk_s),
            (Some(9.25), Some(31.0))
        );
        assert_eq!(
            (first.wait_s, first.wrap_s, first.wrap_cut),
            (Some(0.7), Some(7.75), false)
        );
        assert_eq!(first.ended_by, Some(calls::EndedBy::Customer));
        assert_eq!((rows[1].outcome.as_str(), rows[1].who), ("busy", None));
        // A wrap-up as long as its limit was ended by it; a later stretch has the other call alone.
        let limit = |_: &str| Some(Duration::from_millis(7_800));
        let mut file = Vec::new();
        export(&store, stretch, limit, &mut file, "t")
            .await
            .unwrap();
        assert!(calls::read_rows(&file[..], "t").unwrap()[0].wrap_cut);
        let later = Stretch {
            from: Wall(NOON.0 + 1),
            ..stretch
        };
        let mut file = Vec::new();
        assert_eq!(
            export(&store, later, limit, &mut file, "t").await.unwrap(),
            1
        );
        // However few calls are held at once, the file is the same.
        let year = Stretch {
            from: Wall(NOON.0 - 365 * Wall::DAY_MS),
            ..stretch
        };
        let mut all = Vec::new();
        export(&store, year, limit, &mut all, "t").await.unwrap();
        let mut by_one = Vec::new();
        export_by(&store, year, limit, &mut by_one, "t", 1)
            .await
            .unwrap();
        assert_eq!((all.len(), all), (by_one.len(), by_one));
        store.close().await.unwrap();
    }
}
