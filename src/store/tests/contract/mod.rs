//! What every store must do, whatever database is behind it.
//!
//! `contract_tests!(open)` makes a test of each case. `open(name)` opens the database of that
//! name: an empty one the first time, the same one again after that.
#![allow(dead_code, unused_macros, unused_imports)] // each test file uses its part

pub mod calls;
pub mod dnc;
pub mod leads;
pub mod lease;
pub mod logs;
pub mod make;
pub mod quality;
pub mod recordings;
pub mod report;

use carillon_store::Store;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// Opens the database of a name.
pub type Open = dyn Fn(&str) -> Pin<Box<dyn Future<Output = Arc<dyn Store>> + Send>> + Sync;

macro_rules! contract_tests {
    ($open:expr; $($area:ident :: $case:ident),* $(,)?) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            $crate::contract::$area::$case(&$open).await;
        })*
    };
    ($open:expr) => {
        $crate::contract::contract_tests! { $open;
            logs::names_keep_their_ids,
            logs::decisions_are_found_and_pruned,
            logs::decision_ids_never_come_back,
            logs::alerts_come_newest_first,
            logs::wrap_ups_are_told_from_the_agents_log,
            leads::an_import_repeats_without_doubling,
            leads::an_update_keeps_status_and_retired_numbers,
            leads::bad_rows_and_large_batches_are_refused,
            leads::lists_count_by_status_and_switch,
            leads::details_tell_everything,
            leads::leads_are_found_by_number_and_code,
            leads::withdrawn_consent_survives_imports,
            lease::the_best_goes_first,
            lease::order_holds_for_many_leads,
            lease::a_leased_lead_is_offered_once,
            lease::a_lead_waits_for_its_instant,
            lease::a_callback_goes_before_priority,
            lease::facts_are_read_with_the_lead,
            lease::a_person_on_the_list_twice_has_one_history,
            lease::an_older_process_is_fenced,
            lease::a_refusal_is_kept_and_counted,
            dnc::an_import_counts_new_and_known,
            dnc::changes_are_fed_in_pages,
            dnc::removal_moves_the_snapshot,
            calls::an_attempt_is_open_until_its_record,
            calls::a_record_comes_back_equal,
            calls::a_call_has_one_record,
            calls::a_crashed_attempt_is_settled_once,
            calls::a_destination_called_for_a_conversation_is_no_attempt_on_anyone,
            calls::trunk_trouble_costs_no_attempt,
            calls::dispositions_come_in_either_order,
            calls::a_note_is_kept_with_its_call_and_lead,
            calls::call_ids_never_come_back,
            calls::filters_narrow_and_newest_come_first,
            calls::the_ledger_counts_by_quarter_of_answer,
            quality::a_measured_call_comes_back_equal,
            quality::filters_narrow_and_pages_follow,
            quality::reviews_wait_oldest_first_and_are_replaced,
            quality::reviews_are_tallied_by_agent,
            recordings::a_recording_is_open_until_it_ends,
            recordings::recordings_are_found_by_what_people_know,
            recordings::an_expired_recording_goes_and_its_row_stays,
            recordings::a_held_recording_is_not_deleted,
            recordings::recording_ids_never_come_back,
            report::figures_match_the_records,
            report::agents_time_is_split_by_state,
        }
    };
}
pub(crate) use contract_tests;
