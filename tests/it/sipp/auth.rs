//! Challenges.

use super::situation::{callee, situations};

situations! { "auth":
    challenged_401 = callee("auth401", &["connected"]);
    challenged_407 = callee("auth407", &["connected"]);
    both_one_after_the_other = callee("auth_both", &["connected"]);
    stale_nonce = callee("auth_stale", &["connected"]);
    wrong_password = callee("auth_refused", &["trunk_auth"]);
    challenged_bye = callee("bye_challenged", &["connected"]).we_hang_up();
}
