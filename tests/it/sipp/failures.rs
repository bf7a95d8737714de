//! Final answers other than 200.

use super::situation::{callee, situations};

situations! { "failures":
    busy_486 = callee("busy", &["busy"]);
    not_found_404 = callee("notfound", &["disconnected"]);
    forbidden_403 = callee("refuse_403", &["refused"]);
    timeout_408 = callee("refuse_408", &["trunk_failure"]);
    gone_410 = callee("refuse_410", &["disconnected"]);
    unavailable_480 = callee("refuse_480", &["no_answer"]);
    unavailable_480_with_reason_busy = callee("refuse_480_busy", &["busy"]);
    busy_486_after_ringing = callee("ring_and_refuse_486", &["busy"]);
    not_acceptable_488 = callee("refuse_488", &["media"]);
    server_error_500 = callee("refuse_500", &["congestion"]);
    overloaded_503_with_retry_after = callee("refuse_503", &["congestion"]);
    overloaded_503_and_the_next_trunk_answers =
        callee("refuse_503", &["congestion", "connected"]).second("immediate_answer");
    busy_everywhere_600 = callee("refuse_600", &["busy"]);
    declined_603 = callee("refuse_603", &["declined"]);
    declined_603_with_reason_blocked = callee("refuse_603_blocked", &["blocked"]);
    rejected_608 = callee("refuse_608", &["blocked"]);
    redirect_302_to_itself = callee("refuse_302_loop", &["congestion"]);
    lost_ack = callee("refuse_lost_ack", &["busy"]).raw();
}
