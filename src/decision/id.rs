//! Identifiers: plain numbers with a type each, so that one cannot stand for another.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// A campaign: one list of people, one set of rules, one abandonment ledger.
    CampaignId(u32)
);
id!(
    /// A lead: one person to talk to, with one or several numbers.
    LeadId(u64)
);
id!(
    /// One call: one outbound INVITE (one attempt record) or one inbound INVITE.
    /// Grows by one per call and is never reused, also across restarts.
    CallId(u64)
);
id!(
    /// An agent.
    AgentId(u32)
);
id!(
    /// A trunk: one carrier or PBX to send calls to.
    TrunkId(u32)
);
id!(
    /// A pacing decision, so that each call can name the decision it came from.
    DecisionId(u64)
);
id!(
    /// A state of the do-not-call lists: grows with each change to them.
    SnapshotId(u64)
);
