//! Several phones behind one number.

use super::situation::{callee, situations};

situations! { "forks":
    two_answers = callee("fork_two_answers", &["connected", "connected, late"]);
    our_reinvite_to_the_second_meets_491 =
        callee("fork_reinvite_491", &["connected", "connected, late"]);
    second_answer_without_sdp = callee("fork_second_without_sdp", &["connected"]);
    one_of_three = callee("fork_one_of_three", &["connected"]);
    answer_after_486 = callee("fork_answer_after_486", &["busy"]);
}
