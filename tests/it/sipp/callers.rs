//! Calls that come in, from trunks and from strangers.

use super::floor::{MESSAGE, NOBODY, QUEUE};
use super::situation::{caller, situations, stranger};

situations! { "callers":
    answered = caller("call_in", QUEUE, &["connected"]);
    without_offer = caller("call_in_without_offer", QUEUE, &["connected"]);
    lost_200_of_ours = caller("call_in_lost_200", QUEUE, &["connected"]).raw();
    never_acknowledges = caller("call_in_never_acked", QUEUE, &["connected"]).slow();
    bye_before_the_ack = caller("call_in_bye_before_ack", QUEUE, &["connected"]);
    cancel_too_late = caller("call_in_cancel_too_late", QUEUE, &["connected"]);
    reinvite_before_the_ack_491 = caller("call_in_reinvite_before_ack", QUEUE, &["connected"]).raw();
    invite_again_after_our_200 = caller("call_in_twice", QUEUE, &["connected"]).raw();
    unknown_number_404 = caller("call_in_unknown_number", NOBODY, &[]);
    message_and_our_bye = caller("call_in_message", MESSAGE, &["inbound_message"]);
    reinvite_moves_the_target =
        caller("call_in_moved_target", MESSAGE, &["inbound_message"]);
    reinvite_crosses_our_bye = caller("call_in_reinvite_crosses_bye", MESSAGE, &["inbound_message"]);
    stranger_calls = stranger("stranger_calls").options(&["-s", QUEUE]);
    stranger_asks = stranger("stranger_asks");
}
