//! How much is kept, and where it goes.

/// Room for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    /// Octets, what the keeping itself costs included.
    pub(crate) octets: usize,
    /// Dialogs.
    pub(crate) dialogs: usize,
}

impl Default for Room {
    /// 64 MiB, 20,000 dialogs: the messages of about 10,000 calls.
    fn default() -> Self {
        Self {
            octets: 64 << 20,
            dialogs: 20_000,
        }
    }
}

/// Where Homer listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HomerSettings {
    /// Host and UDP port.
    pub(crate) host: (String, u16),
    /// Capture agent id, chunk 0x000c.
    pub(crate) capture_id: u32,
    /// Key the collector asks for, chunk 0x000e; empty: none is sent.
    pub(crate) auth_key: String,
    /// Numbers and digits are hidden.
    pub(crate) masked: bool,
    /// Name of this node, chunk 0x0013.
    pub(crate) node: String,
}
