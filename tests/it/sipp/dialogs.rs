//! Requests within a call, and its end.

use super::situation::{callee, situations};

situations! { "dialogs":
    hold_and_back = callee("hold_and_back", &["connected"]);
    hold_by_inactive_and_back = callee("hold_inactive", &["connected"]);
    codec_change = callee("codec_change", &["connected"]);
    reinvite_without_offer = callee("reinvite_without_offer", &["connected"]);
    reinvite_with_no_codec_of_ours = callee("reinvite_with_nothing_common", &["connected"]);
    reinvite_over_an_open_one_491 = callee("reinvite_over_open_one", &["connected"]).raw();
    reinvite_crosses_our_bye = callee("reinvite_crosses_bye", &["connected"]).we_hang_up();
    update_refresh = callee("update_refresh", &["connected"]);
    info_dtmf = callee("info_dtmf", &["connected"]);
    options_in_the_call = callee("options_in_the_call", &["connected"]);
    unknown_method_501 = callee("unknown_method", &["connected"]);
    unknown_extension_420 = callee("unknown_extension", &["connected"]);
    old_cseq_500 = callee("old_cseq", &["connected"]);
    wrong_tag_481 = callee("wrong_tag", &["connected"]);
    bye_with_reason = callee("bye_with_reason", &["connected"]);
    bye_before_our_ack = callee("bye_before_ack", &["connected"]).options(&["-pause_msg_ign"]);
    bye_crosses_our_bye = callee("bye_crosses_bye", &["connected"]).we_hang_up();
    bye_of_ours_gets_481 = callee("bye_481", &["connected"]).we_hang_up();
    loose_routes = callee("loose_route", &["connected"]).we_hang_up();
    strict_route = callee("strict_route", &["connected"]).we_hang_up();
}
