//! The interface of the store: one trait a subject, all of them together [`Store`].

use crate::call::{Attempt, CallEntry, CallFilter, OpenAttempt};
use crate::dnc::{DncChange, DncImported, DncList, DncMembership};
use crate::error::StoreError;
use crate::lead::{
    ImportOptions, ImportRow, LeadDetails, LeasedLeads, ListSummary, NewLead, Takeover,
};
use crate::log::{AgentChange, AlertEntry, Health, NameKind, WrapUp};
use crate::quality::{CallReview, QualityEntry, QualityFilter, QualityRecord, ReviewTally};
use crate::recording::RecordingStore;
use crate::report::Report;
use crate::upkeep::CheckReport;
use carillon_decision::call::{CallRecord, Outcome};
use carillon_decision::event::LeadUpdate;
use carillon_decision::id::{CallId, CampaignId, DecisionId, LeadId, SnapshotId};
use carillon_decision::lead::Consent;
use carillon_decision::ledger::LedgerState;
use carillon_decision::number::E164;
use carillon_decision::pacing_decision::PacingDecision;
use carillon_decision::time::Wall;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;
use tokio::sync::watch;

/// Most numbers in one do-not-call import batch.
pub const NUMBERS_PER_BATCH_MAX: usize = 5_000;

/// Most characters in an agent's note.
pub const NOTE_CHARS_MAX: usize = 2_000;

/// A boxed future of a store method, so that `dyn Store` works.
pub type Fut<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Everything the store offers.
pub trait Store:
    NameStore
    + LeadStore
    + DncStore
    + CallStore
    + QualityStore
    + RecordingStore
    + LogStore
    + UpkeepStore
{
}

impl<T> Store for T where
    T: NameStore
        + LeadStore
        + DncStore
        + CallStore
        + QualityStore
        + RecordingStore
        + LogStore
        + UpkeepStore
{
}

/// Names and the ids that stand for them across restarts.
pub trait NameStore: Send + Sync {
    /// Ids of these names, in their order; new names get the next free id, from 1.
    /// Wrap them in `CampaignId`, `AgentId` or `TrunkId`.
    fn ensure_names(&self, kind: NameKind, names: Vec<String>) -> Fut<'_, Vec<u32>>;

    /// Every known name of a kind with its id, by id.
    fn names(&self, kind: NameKind) -> Fut<'_, Vec<(u32, String)>>;
}

/// Leads: in, out on lease, and back.
pub trait LeadStore: Send + Sync {
    /// Imports a batch of at most [`crate::LEADS_PER_BATCH_MAX`] leads in one transaction: all rows or,
    /// on error, none. Importing the same rows again changes nothing. One answer per row, in order.
    fn import_leads(&self, options: ImportOptions, leads: Vec<NewLead>) -> Fut<'_, Vec<ImportRow>>;

    /// Lists of a campaign with their sizes, by name.
    fn lists(&self, campaign: CampaignId) -> Fut<'_, Vec<ListSummary>>;

    /// Switches a list on or off. Leads that are leased already are finished first.
    /// Answers `false` when the campaign has no such list.
    fn set_list_active(&self, campaign: CampaignId, list: &str, active: bool) -> Fut<'_, bool>;

    /// Takes over whatever an earlier process of this owner held, and makes this handle the
    /// owner's only one: an earlier process still running gets [`StoreError::Fenced`] from now
    /// on. Call once at start-up, after the open attempts were settled.
    fn release_leases(&self, owner: &str) -> Fut<'_, Takeover>;

    /// Leases up to `count` leads that are due at `now`, until `now + lease_for`. A lease that
    /// runs out frees the lead, so it must outlast time in the hopper plus the longest call,
    /// or be renewed.
    fn lease_leads(
        &self,
        campaign: CampaignId,
        now: Wall,
        count: u32,
        lease_for: Duration,
    ) -> Fut<'_, LeasedLeads>;

    /// Extends leases of this process to `until`; answers how many it still holds. Name only
    /// leads that are at hand, so that leases nobody remembers run out.
    fn renew_leases(&self, leads: Vec<LeadId>, until: Wall) -> Fut<'_, u64>;

    /// Ends a lease and stores where the lead stands at `at`.
    fn finish_lead(
        &self,
        campaign: CampaignId,
        lead: LeadId,
        update: LeadUpdate,
        at: Wall,
    ) -> Fut<'_, ()>;

    /// Marks a number of a lead as not in service.
    fn retire_number(&self, lead: LeadId, number: E164) -> Fut<'_, ()>;

    /// Enters consent given or withdrawn.
    fn set_consent(&self, lead: LeadId, consent: Consent) -> Fut<'_, ()>;

    /// Everything stored of a lead.
    fn lead(&self, id: LeadId) -> Fut<'_, LeadDetails>;

    /// Leads with this number (`+12025550123`) or this vendor lead code, at most 100, by id.
    fn find_leads(&self, number_or_code: &str) -> Fut<'_, Vec<LeadId>>;
}

/// Do-not-call lists.
pub trait DncStore: Send + Sync {
    /// Adds a batch of at most [`NUMBERS_PER_BATCH_MAX`] numbers to a list, which is made when
    /// first named.
    fn dnc_import(&self, list: &str, numbers: Vec<E164>, at: Wall) -> Fut<'_, DncImported>;

    /// Adds one number at once, before imports that wait. Kept when the store refuses writes.
    /// Answers the state of the lists with it.
    fn dnc_add(&self, list: &str, number: E164, at: Wall) -> Fut<'_, SnapshotId>;

    /// Takes one number off a list; answers whether it stood there.
    fn dnc_remove(&self, list: &str, number: E164) -> Fut<'_, bool>;

    /// Lists a number stands on, by name.
    fn dnc_check(&self, number: E164) -> Fut<'_, Vec<DncMembership>>;

    /// Every list with its size, by name.
    fn dnc_lists(&self) -> Fut<'_, Vec<DncList>>;

    /// State of the lists now.
    fn dnc_snapshot(&self) -> Fut<'_, SnapshotId>;

    /// Numbers that joined a list after `snapshot`, by any process, oldest first, at most
    /// `limit`. Ask again from the last one's snapshot.
    fn dnc_changes_since(&self, snapshot: SnapshotId, limit: u32) -> Fut<'_, Vec<DncChange>>;
}

/// Attempts and call records.
pub trait CallStore: Send + Sync {
    /// Stores an attempt; send the INVITE only after `Ok`. Never kept: on error it is not stored.
    fn begin_attempt(&self, attempt: Attempt) -> Fut<'_, ()>;

    /// Writes the call record and closes the attempt, together. A second record of a call is
    /// [`StoreError::Duplicate`].
    fn finish_call(&self, record: CallRecord) -> Fut<'_, ()>;

    /// Enters the agent's disposition of a call, before or after its record. A second one
    /// replaces it.
    fn set_disposition(&self, call: CallId, disposition: &str) -> Fut<'_, ()>;

    /// Enters the agent's note of a call, before or after its record. A second one replaces it,
    /// an empty one takes it away. More than [`NOTE_CHARS_MAX`] characters are [`StoreError::TooLarge`].
    fn set_note(&self, call: CallId, note: &str) -> Fut<'_, ()>;

    /// Attempts without a record, oldest first.
    fn unfinished_attempts(&self) -> Fut<'_, Vec<OpenAttempt>>;

    /// Closes an attempt that a crash left open: writes the record it never got, with unknown
    /// times, and counts the attempt against the lead where the outcome does. `false` when it
    /// was closed already.
    fn settle_attempt(&self, call: CallId, outcome: Outcome) -> Fut<'_, bool>;

    /// First call id of a new process: larger than any used before. Leaves a gap for ids that
    /// were used and never stored.
    fn next_call_id(&self) -> Fut<'_, CallId>;

    /// A call with its record.
    fn call(&self, id: CallId) -> Fut<'_, CallEntry>;

    /// Calls that match, newest first.
    fn calls(&self, filter: CallFilter, limit: u32) -> Fut<'_, Vec<CallEntry>>;

    /// The abandonment ledger from the outbound call records: tallies of calls answered at or
    /// after `since`. [`LedgerState::since`] is the start of the campaign's first call, or
    /// `since` when it has none.
    fn ledger(&self, campaign: CampaignId, since: Wall) -> Fut<'_, LedgerState>;

    /// Figures of `[from, to)`.
    fn report(&self, from: Wall, to: Wall, campaign: Option<CampaignId>) -> Fut<'_, Report>;
}

/// How good calls were, and what reviewers say of them.
pub trait QualityStore: Send + Sync {
    /// Stores a call's quality, before or after its record. A second one of a call is
    /// [`StoreError::Duplicate`].
    fn record_quality(&self, record: QualityRecord) -> Fut<'_, ()>;

    /// Enters a review of a measured call, drawn or not; a later one replaces it. A note of more
    /// than [`NOTE_CHARS_MAX`] characters, a name of more than
    /// [`crate::REVIEWER_CHARS_MAX`] or a score above [`crate::REVIEW_SCORE_MAX`] are
    /// [`StoreError::TooLarge`]. Never kept: on error it is not stored.
    fn review_call(&self, call: CallId, review: CallReview) -> Fut<'_, ()>;

    /// A call's quality.
    fn quality(&self, call: CallId) -> Fut<'_, QualityEntry>;

    /// Calls that match, newest first; those that wait for review oldest first.
    fn quality_calls(&self, filter: QualityFilter, limit: u32) -> Fut<'_, Vec<QualityEntry>>;

    /// How far the reviews of calls begun in `[from, to)` are, by agent.
    fn review_tally(
        &self,
        from: Wall,
        to: Wall,
        campaign: Option<CampaignId>,
    ) -> Fut<'_, Vec<ReviewTally>>;
}

/// Logs: decisions, agents, alerts.
pub trait LogStore: Send + Sync {
    /// Stores a pacing decision.
    fn record_decision(&self, decision: PacingDecision) -> Fut<'_, ()>;

    /// First decision id of a new process.
    fn next_decision_id(&self) -> Fut<'_, DecisionId>;

    /// A decision.
    fn decision(&self, id: DecisionId) -> Fut<'_, PacingDecision>;

    /// The last decisions of a campaign, newest first.
    fn decisions(&self, campaign: CampaignId, last: u32) -> Fut<'_, Vec<PacingDecision>>;

    /// Stores a change of an agent's state.
    fn record_agent_change(&self, change: AgentChange) -> Fut<'_, ()>;

    /// Wrap-ups begun in `[from, to)`, by agent and time.
    fn wrap_ups(&self, from: Wall, to: Wall) -> Fut<'_, Vec<WrapUp>>;

    /// Stores an alert.
    fn record_alert(&self, entry: AlertEntry) -> Fut<'_, ()>;

    /// Alerts, newest first.
    fn alerts(&self, last: u32) -> Fut<'_, Vec<AlertEntry>>;

    /// Deletes decisions and alerts from before `before`, in small transactions; answers how
    /// many. Call records, attempts and the agents' log stay: the law asks for years of them
    /// (16 CFR 310.5: five).
    fn prune(&self, before: Wall) -> Fut<'_, u64>;
}

/// Looking after the database.
pub trait UpkeepStore: Send + Sync {
    /// Whether the store takes writes, with changes.
    fn health(&self) -> watch::Receiver<Health>;

    /// Writes a consistent copy to `path`, while running. The file must not exist.
    fn backup(&self, path: &Path) -> Fut<'_, ()>;

    /// Checks the database for `carillon check`. Reads all of it: minutes for tens of gigabytes.
    fn check(&self) -> Fut<'_, CheckReport>;

    /// Writes what waits and closes. [`StoreError::Closed`] tells how many kept entries could
    /// not be written.
    fn close(&self) -> Fut<'_, ()>;
}
