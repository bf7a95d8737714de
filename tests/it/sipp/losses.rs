//! Messages lost or doubled on the way.

use super::situation::{callee, situations};

situations! { "losses":
    lost_invite = callee("lost_invite", &["connected"]).raw();
    lost_200 = callee("lost_200", &["connected"]);
    lost_ack = callee("lost_ack", &["connected"]).raw();
    lost_200_to_their_bye = callee("lost_bye_200", &["connected"]).raw();
    lost_bye_of_ours = callee("lost_bye", &["connected"]).raw().we_hang_up();
    everything_twice = callee("everything_twice", &["connected"]).raw();
}
