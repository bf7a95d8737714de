//! What phones are started with.

use crate::error::CarrierError;
use carillon_media::dtmf::event_of_digit;
use carillon_sim::agent::AgentLaw;
use carillon_sip::Codec;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// How phones are started.
#[derive(Clone, Debug)]
pub struct PhonesOptions {
    /// SIP address; port 0 takes any free one. RTP takes any free port of the same address.
    /// Default `127.0.0.1:0`.
    pub bind: SocketAddr,
    /// The dialer's SIP address: registrar, and the only one that may call.
    pub registrar: SocketAddr,
    /// Host part of the phones' addresses and digest realm. Default `carillon`.
    pub realm: String,
    /// Who sits at the phones.
    pub users: Vec<PhoneUser>,
    /// How long they wrap up.
    pub law: AgentLaw,
    /// Seed of that: the k-th wrap-up of the floor lasts `law.wrap_s(seed, k)`, k from 0.
    pub seed: u64,
    /// How their lines come up. Default [`Login::Calls`] with `login`.
    pub login: Login,
    /// Keys for "ready", pressed when the line is up and after wrap-up. Default `*1`.
    pub ready_keys: String,
    /// Time asked for at the registrar; refreshed before. Default 10 min.
    pub expires: Duration,
    /// Codecs the phones speak. Default PCMU and PCMA.
    pub codecs: Vec<Codec>,
}

/// A phone's account with the dialer.
#[derive(Clone, PartialEq, Eq)]
pub struct PhoneUser {
    /// Digest user name, and user part of the address.
    pub name: String,
    /// Password. Not shown by `Debug`.
    pub password: String,
}

impl std::fmt::Debug for PhoneUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PhoneUser")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// How a line comes up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// The phone calls this user of the dialer, and again when the line is lost.
    Calls(String),
    /// The dialer calls the phone.
    Waits,
}

impl PhonesOptions {
    /// Phones on loopback for these users.
    pub fn new(registrar: SocketAddr, users: Vec<PhoneUser>, law: AgentLaw, seed: u64) -> Self {
        Self {
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            registrar,
            realm: "carillon".into(),
            users,
            law,
            seed,
            login: Login::Calls("login".into()),
            ready_keys: "*1".into(),
            expires: Duration::from_secs(600),
            codecs: vec![Codec::Pcmu, Codec::Pcma],
        }
    }

    pub(super) fn check(&self) -> Result<(), CarrierError> {
        let bad = |setting, problem: String| Err(CarrierError::Setting { setting, problem });
        if self.users.is_empty() {
            return bad("users", "nobody; give at least one".into());
        }
        if let Some(key) = self
            .ready_keys
            .chars()
            .find(|k| event_of_digit(*k).is_none())
        {
            return bad(
                "ready_keys",
                format!("`{key}` is no key; allowed are 0-9, *, #, A-D"),
            );
        }
        if self.codecs.is_empty() {
            return bad("codecs", "none; give PCMU, PCMA or both".into());
        }
        Ok(())
    }
}
