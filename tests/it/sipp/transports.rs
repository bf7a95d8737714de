//! The same call over other transports.

use super::situation::{callee, situations};

situations! { "transports":
    over_tcp = callee("immediate_answer", &["connected"])
        .options(&["-t", "t1"]).trunk("transport = \"tcp\"");
    over_tcp_busy = callee("busy", &["busy"])
        .options(&["-t", "t1"]).trunk("transport = \"tcp\"");
    over_tcp_we_cancel = callee("noanswer", &["no_answer"])
        .options(&["-t", "t1"]).trunk("transport = \"tcp\"").slow();
    over_tcp_we_hang_up = callee("bye_481", &["connected"])
        .options(&["-t", "t1"]).trunk("transport = \"tcp\"").we_hang_up();
    over_ipv6 = callee("answer", &["connected"]).at("[::1]");
    over_ipv6_we_cancel = callee("noanswer", &["no_answer"]).at("[::1]").slow();
}
