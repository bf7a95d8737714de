//! Progressive mode: one line per free agent.

use super::controller::Wish;
use super::guards::Constraint;
use super::view::FloorCounts;

/// One call in flight for every idle agent whom no waiting person needs.
pub(super) fn wish(counts: &FloorCounts) -> Wish {
    Wish {
        lines: counts.one_to_one(),
        binding: Some(Constraint::Agents),
        ..Wish::default()
    }
}
