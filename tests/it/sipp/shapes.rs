//! Messages written in every way the grammar allows.

use super::situation::{callee, situations};

situations! { "shapes":
    compact_headers = callee("compact_headers", &["connected"]);
    folded_headers = callee("folded_headers", &["connected"]);
    huge_headers = callee("huge_headers", &["connected"]);
}
