//! What a situation is, and how a theme lists its own.

use crate::support::raw::{Fault, RawPeer};

/// What a far end of the test's own making does.
pub(super) type Script = fn(&mut RawPeer) -> Result<(), Fault>;

/// Who SIPp is in a situation.
#[derive(Clone, Copy, Debug)]
pub(super) enum Role {
    /// A carrier: a lead is dialed over a trunk that ends there.
    Callee,
    /// A carrier that calls one of our numbers: its user part.
    Caller(&'static str),
    /// Somebody at an address that is no trunk's.
    Stranger,
    /// The same, of the test's own making: how it listens, and what it does.
    Raw(fn(u16) -> RawPeer, Script),
    /// A carrier that a trunk registers with, and over which no lead is dialed.
    Registrar,
}

/// One situation: the far end's behaviour, and what must come of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Situation {
    /// `theme.name`, given by [`situations`].
    pub(super) name: &'static str,
    /// File in `tests/sipp`, without `.xml`; empty where SIPp cannot play it.
    pub(super) scenario: &'static str,
    pub(super) role: Role,
    /// Further options of SIPp.
    pub(super) options: &'static [&'static str],
    /// Host the far ends listen at.
    pub(super) host: &'static str,
    /// Further lines of its `[[trunk]]`.
    pub(super) trunk: &'static str,
    /// Outcome of each call record it leaves, in order of their calls; `, late` after those
    /// that answered across our CANCEL or as a further fork.
    pub(super) records: &'static [&'static str],
    /// Scenario of a second trunk to the same number, where there is one.
    pub(super) second: Option<&'static str>,
    /// An agent hangs up as soon as the conversation stands.
    pub(super) we_hang_up: bool,
    /// It takes tens of seconds, so it is dialed first.
    pub(super) slow: bool,
}

/// A carrier behaves like this, and these outcomes are recorded.
pub(super) const fn callee(scenario: &'static str, records: &'static [&'static str]) -> Situation {
    Situation {
        name: "",
        scenario,
        role: Role::Callee,
        options: &[],
        host: "127.0.0.1",
        trunk: "",
        records,
        second: None,
        we_hang_up: false,
        slow: false,
    }
}

/// A carrier that SIPp cannot play.
pub(super) const fn raw(
    listen: fn(u16) -> RawPeer,
    script: Script,
    records: &'static [&'static str],
) -> Situation {
    let mut situation = callee("", records);
    situation.role = Role::Raw(listen, script);
    situation
}

/// A carrier calls `number` of ours.
pub(super) const fn caller(
    scenario: &'static str,
    number: &'static str,
    records: &'static [&'static str],
) -> Situation {
    let mut situation = callee(scenario, records);
    situation.role = Role::Caller(number);
    situation
}

/// Somebody unknown does this: no record comes of it.
pub(super) const fn stranger(scenario: &'static str) -> Situation {
    let mut situation = callee(scenario, &[]);
    situation.role = Role::Stranger;
    situation
}

/// A trunk registers with a carrier that behaves like this.
pub(super) const fn registrar(scenario: &'static str) -> Situation {
    let mut situation = callee(scenario, &[]);
    situation.role = Role::Registrar;
    situation.trunk = "register = true";
    situation
}

impl Situation {
    /// Whether a lead is dialed.
    pub(super) fn is_dialed(&self) -> bool {
        matches!(self.role, Role::Callee | Role::Raw(..))
    }

    pub(super) const fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// SIPp sees every repetition: it neither recognizes nor makes any by itself.
    pub(super) const fn raw(mut self) -> Self {
        self.options = &["-nr"];
        self
    }

    /// Its far ends listen at this host.
    pub(super) const fn at(mut self, host: &'static str) -> Self {
        self.host = host;
        self
    }

    /// Further lines of its trunk.
    pub(super) const fn trunk(mut self, lines: &'static str) -> Self {
        self.trunk = lines;
        self
    }

    pub(super) const fn options(mut self, options: &'static [&'static str]) -> Self {
        self.options = options;
        self
    }

    pub(super) const fn second(mut self, scenario: &'static str) -> Self {
        self.second = Some(scenario);
        self
    }

    pub(super) const fn we_hang_up(mut self) -> Self {
        self.we_hang_up = true;
        self
    }

    pub(super) const fn slow(mut self) -> Self {
        self.slow = true;
        self
    }
}

/// Lists a theme's situations, and makes each a test of its own: it asks the run that all
/// share how this one went.
macro_rules! situations {
    ($theme:literal: $($(#[$about:meta])* $name:ident = $situation:expr;)+) => {
        pub(super) const ALL: &[super::situation::Situation] =
            &[$($situation.named(concat!($theme, ".", stringify!($name)))),+];
        $($(#[$about])*
        #[test]
        fn $name() {
            super::run::verdict(concat!($theme, ".", stringify!($name)));
        })+
    };
}
pub(super) use situations;
