//! Answers, ordinary and odd.

use super::situation::{callee, situations};

situations! { "answers":
    rings_and_answers = callee("answer", &["connected"]);
    answers_at_once = callee("immediate_answer", &["connected"]);
    early_media = callee("early", &["connected"]);
    session_in_the_183_alone = callee("early_answer", &["connected"]);
    every_provisional = callee("every_provisional", &["connected"]);
    without_sdp = callee("no_sdp", &["media"]);
    audio_refused = callee("rejected_audio", &["media"]);
    without_contact = callee("no_contact", &["connected"]);
    changed_tag = callee("changed_tag", &["connected"]);
}
