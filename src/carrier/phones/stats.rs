//! What the phones saw.

/// Figures since the start; the first three are of now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PhonesStats {
    /// Phones registered.
    pub registered: usize,
    /// Lines connected.
    pub lines_up: usize,
    /// Agents who hear somebody.
    pub talking: usize,
    /// Conversations begun.
    pub conversations: u64,
    /// Wrap-ups begun.
    pub wraps: u64,
    /// Lines lost, or never had.
    pub lines_lost: u64,
    /// Registrations refused or not answered.
    pub registrations_failed: u64,
}
