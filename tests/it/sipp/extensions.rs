//! Reliable provisional responses, session timers, transfers.

use super::floor::QUEUE;
use super::situation::{callee, caller, situations};

situations! { "extensions":
    prack = callee("prack", &["connected"]);
    lost_prack = callee("prack_lost", &["connected"]).raw();
    session_interval_too_small_422 = callee("session_422", &["connected"]);
    session_expires = callee("session_expires", &["connected"]).slow();
    session_refreshed_by_us = callee("session_we_refresh", &["connected"]).slow();
    session_refresh_meets_491 = callee("session_refresh_491", &["connected"]).slow();
    session_refreshed_by_them = callee("session_they_refresh", &["connected"]);
    caller_with_too_short_a_session_422 = caller("call_in_422", QUEUE, &["connected"]);
    refer_declined_603 = callee("refer_declined", &["connected"]);
}
