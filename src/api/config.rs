//! Settings of the HTTP side.

use carillon_decision::time::Now;
use std::net::SocketAddr;
use std::sync::Arc;

/// Reads both clocks. The caller's, so that tests decide what time it is.
pub type Clock = Arc<dyn Fn() -> Now + Send + Sync>;

/// Gives 32 unpredictable octets from the operating system, for session tokens.
pub type Entropy = Arc<dyn Fn() -> [u8; 32] + Send + Sync>;

/// Who may read without the supervisor's token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// Everybody who reaches the address.
    Open,
    /// Holders of the token.
    Token,
}

impl Reads {
    /// The default for an address: open on loopback, by token elsewhere.
    pub fn for_address(address: SocketAddr) -> Self {
        if address.ip().is_loopback() {
            Reads::Open
        } else {
            Reads::Token
        }
    }
}

/// Settings of the HTTP side.
#[derive(Clone)]
pub struct ApiConfig {
    /// The supervisor's token; every change needs it. At least 16 characters of chance.
    pub token: String,
    /// Who may read.
    pub reads: Reads,
    /// Host names, without port, under which browsers reach this server besides `localhost` and
    /// IP addresses. Requests for other names are refused (DNS rebinding).
    pub hosts: Vec<String>,
    /// Whether browsers reach it by HTTPS (through a proxy): agent cookies are then `Secure`.
    pub https: bool,
    /// Most event streams at once, 1 to 10,000.
    pub streams_max: usize,
    /// Reads the clocks.
    pub clock: Clock,
    /// Gives chance for session tokens.
    pub entropy: Entropy,
}

impl ApiConfig {
    /// Defaults for an address: reads by [`Reads::for_address`], no extra host names, HTTP,
    /// 200 event streams.
    pub fn new(address: SocketAddr, token: String, clock: Clock, entropy: Entropy) -> Self {
        Self {
            token,
            reads: Reads::for_address(address),
            hosts: Vec::new(),
            https: false,
            streams_max: 200,
            clock,
            entropy,
        }
    }
}
