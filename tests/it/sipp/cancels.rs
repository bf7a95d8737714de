//! Ring time-outs: our CANCEL, and what crosses it.

use super::situation::{callee, situations};

situations! { "cancels":
    rings_until_we_give_up = callee("noanswer", &["no_answer"]).slow();
    silence_after_100 = callee("silence_after_100", &["trunk_failure"]).slow();
    nothing_at_all = callee("silence", &["trunk_failure"]).raw().slow();
    first_sign_after_the_time_out = callee("cancel_after_late_180", &["no_answer"]).raw().slow();
    late_200_crosses_the_cancel = callee("late_200", &["connected, late"]).slow();
    busy_crosses_the_cancel = callee("busy_after_cancel", &["no_answer"]).slow();
    lost_cancel = callee("lost_cancel", &["no_answer"]).raw().slow();
    cancel_refused_481 = callee("cancel_481", &["no_answer"]).slow();
    lost_487 = callee("lost_487", &["no_answer"]).slow();
    no_487_ever = callee("silence_after_cancel", &["no_answer"]).slow();
    answer_after_the_487 = callee("answer_after_487", &["no_answer"]).slow();
}
