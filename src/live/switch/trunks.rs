//! Trunks as signalling sees them: addresses, number forms, INVITEs, health counters.

use super::audio::AudioRules;
use super::test_report::TestStep;
use crate::config::{NumberBase, NumberFormat, TrunkSettings};
use crate::locate::{LocateError, Pool, Target};
use crate::profiles::CallerIdHeader;
use carillon_decision::id::TrunkId;
use carillon_decision::number::E164;
use carillon_sip::{Credentials, Invite, Network, Peer, Register, RequestKey, SessionDescription};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// How long a registration with a carrier is asked for.
const REGISTER_FOR: Duration = Duration::from_secs(300);

/// One trunk.
#[derive(Debug)]
pub(crate) struct TrunkLine {
    pub(crate) id: TrunkId,
    pub(crate) settings: TrunkSettings,
    /// Where its host name, or its outbound proxy's, leads now.
    pub(crate) pool: Pool<RequestKey>,
    /// Why it is nowhere; `None` while it has targets.
    pub(super) lost: Option<String>,
    pub(super) health: Health,
}

/// What is known of a trunk's health.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// The registration, where one is kept, and the target it is kept at.
    pub(super) registration: Option<(RequestKey, Peer)>,
    /// Service-Route of the registration (RFC 3608), nearest first; mostly empty.
    pub(super) service_route: Vec<String>,
    /// Why the registration does not stand; `None` while it does, or none is asked for.
    pub(super) unregistered: Option<String>,
    /// What was reported to the engine last.
    pub(super) reported: Option<Result<(), String>>,
}

impl TrunkLine {
    pub(crate) fn new(
        now: Instant,
        settings: TrunkSettings,
        found: &Result<Vec<Target>, LocateError>,
    ) -> Self {
        let health = Health {
            unregistered: settings.register.then(|| "not registered yet".to_owned()),
            ..Health::default()
        };
        let mut line = Self {
            id: settings.engine.id,
            settings,
            pool: Pool::default(),
            lost: None,
            health,
        };
        line.found(now, found);
        line
    }

    /// Takes what a look-up found; says whether any address came or left. A trunk that is nowhere
    /// any more has no targets.
    pub(super) fn found(&mut self, now: Instant, found: &Result<Vec<Target>, LocateError>) -> bool {
        self.lost = found.as_ref().err().map(ToString::to_string);
        let targets = found.as_deref().unwrap_or_default();
        let changed = self.pool.replace(now, targets);
        if !self.settings.options {
            for peer in self.pool.peers() {
                if let Some(spot) = self.pool.spot_mut(peer) {
                    spot.answers = Some(Ok(()));
                }
            }
        }
        changed
    }

    /// `sip`, or `sips` where the trunk is to be met so (RFC 5630).
    fn scheme(&self) -> &'static str {
        if self.settings.sips { "sips" } else { "sip" }
    }

    /// Host and port as written in URIs.
    fn authority(&self) -> String {
        let host = &self.settings.host;
        let host = match host.parse::<IpAddr>() {
            Ok(IpAddr::V6(_)) => format!("[{host}]"),
            _ => host.clone(),
        };
        match self.settings.port {
            port if port == self.settings.transport.default_port() => host,
            port => format!("{host}:{port}"),
        }
    }

    /// Whom OPTIONS ask: the next hop itself.
    pub(crate) fn options_uri(&self) -> String {
        match &self.settings.outbound_proxy {
            Some(proxy) => proxy.clone(),
            None => format!("{}:{}", self.scheme(), self.authority()),
        }
    }

    /// What is known of the trunk before a test call: its answers to OPTIONS, its registration.
    pub(super) fn standing(&self) -> Vec<TestStep> {
        const SILENT: &str =
            "check host, port and transport of the trunk, and the firewall between";
        const REFUSED: &str = "check username, password and from_domain of the trunk";
        let options = match (self.settings.options, self.pool.health()) {
            (false, _) => TestStep::skipped("options", "options = false"),
            (true, Some(Ok(()))) => TestStep::passed("options", "answered"),
            (true, Some(Err(why))) => TestStep::failed("options", why, SILENT),
            (true, None) => TestStep::skipped("options", "no answer yet"),
        };
        let registration = match (self.settings.register, &self.health.unregistered) {
            (false, _) => TestStep::skipped("registration", "not asked for"),
            (true, None) => TestStep::passed("registration", "stands"),
            (true, Some(why)) => TestStep::failed("registration", why.clone(), REFUSED),
        };
        vec![options, registration]
    }

    pub(super) fn credentials(&self) -> Option<Credentials> {
        let username = self.settings.username.clone()?;
        let password = self.settings.password.as_ref()?.expose().to_owned();
        Some(Credentials { username, password })
    }

    /// What calls of the trunk are offered.
    pub(crate) fn audio(&self) -> AudioRules {
        AudioRules {
            codecs: self.settings.codecs.iter().map(|c| c.codec()).collect(),
            srtp: self.settings.srtp.policy(),
        }
    }

    /// The registration this trunk wants, where it wants one, at one of its targets.
    pub(super) fn register(&self, next_hop: Peer) -> Option<Register> {
        let credentials = self.credentials().filter(|_| self.settings.register)?;
        let domain = self.domain();
        Some(Register {
            registrar: format!("{}:{domain}", self.scheme()),
            aor: format!(
                "{}:{}@{domain}",
                self.scheme(),
                user_part(&credentials.username)
            ),
            contact_user: credentials.username.clone(),
            expires: REGISTER_FOR,
            credentials: Some(credentials),
            next_hop,
        })
    }

    fn domain(&self) -> String {
        let own = self.settings.from_domain.clone();
        own.unwrap_or_else(|| self.authority())
    }

    /// The INVITE of a call to `number` that shows `caller_id`, with this offer, sent to
    /// one of the trunk's targets.
    pub(crate) fn invite(
        &self,
        next_hop: Peer,
        number: E164,
        caller_id: E164,
        offer: &SessionDescription,
    ) -> Invite {
        let to_user = user_part(&self.settings.number_format.write(number));
        let shown = user_part(&self.settings.caller_id_format.write(caller_id));
        let domain = self.domain();
        let scheme = self.scheme();
        let shown_uri = format!("{scheme}:{shown}@{domain}");
        let account = self.settings.username.as_deref().map(user_part);
        let (from, asserted) = match (self.settings.caller_id_header, account) {
            (CallerIdHeader::From, _) => (shown_uri, None),
            (CallerIdHeader::Both, _) | (CallerIdHeader::PAssertedIdentity, None) => {
                (shown_uri.clone(), Some(shown_uri))
            }
            (CallerIdHeader::PAssertedIdentity, Some(account)) => {
                (format!("{scheme}:{account}@{domain}"), Some(shown_uri))
            }
        };
        let asserted = asserted.map(|uri| ("P-Asserted-Identity".to_owned(), format!("<{uri}>")));
        let request_uri = format!("{scheme}:{to_user}@{}", self.authority());
        Invite {
            to: request_uri.clone(),
            request_uri,
            next_hop,
            from,
            display: String::new(),
            contact_user: shown,
            body: offer.to_bytes(),
            headers: self
                .routes()
                .into_iter()
                .chain(asserted)
                .chain(self.settings.headers.iter().cloned())
                .collect(),
            credentials: self.credentials(),
            session: self.settings.profile.session.options(),
        }
    }

    /// The route set that calls begin with (RFC 3261 §8.1.2): what the registrar gave, else the
    /// outbound proxy. The trunk's domain stays in the request-URI.
    fn routes(&self) -> Vec<(String, String)> {
        let given = &self.health.service_route;
        let own = || self.settings.outbound_proxy.iter().cloned().collect();
        let routes: Vec<String> = if given.is_empty() {
            own()
        } else {
            given.clone()
        };
        let line = |uri: String| match uri.starts_with('<') || uri.contains(" <") {
            true => ("Route".to_owned(), uri),
            false => ("Route".to_owned(), format!("<{uri}>")),
        };
        routes.into_iter().map(line).collect()
    }

    /// Whether a request from `source` comes from this trunk: the very socket, or the host.
    pub(super) fn is_source(&self, source: SocketAddr) -> Option<bool> {
        let ip = source.ip().to_canonical();
        let of_host = self.pool.sources().filter(|a| a.ip().to_canonical() == ip);
        of_host.map(|a| a.port() == source.port()).max()
    }

    /// The number a user part of this trunk stands for.
    pub(super) fn read_number(&self, user: &str, format: &NumberFormat) -> Option<E164> {
        read_number(user, format)
    }
}

/// The allow-list entry of a trunk: its host from any port, because carriers call from many;
/// on loopback, where phones live too, its very socket.
pub(crate) fn source_of(address: SocketAddr) -> Network {
    if address.ip().is_loopback() {
        Network::socket(address)
    } else {
        Network::host(address.ip())
    }
}

/// A user part with what RFC 3261 §25.1 forbids there escaped (`#` of tech prefixes).
pub(super) fn user_part(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => escaped.push(char::from(byte)),
            b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')' => {
                escaped.push(char::from(byte))
            }
            b'&' | b'=' | b'+' | b'$' | b',' | b';' | b'?' | b'/' => escaped.push(char::from(byte)),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

/// Undoes [`NumberFormat::write`] as far as that can be told.
fn read_number(user: &str, format: &NumberFormat) -> Option<E164> {
    if let Ok(number) = user.parse::<E164>() {
        return Some(number);
    }
    let bare = user.strip_prefix(format.prepend.as_str()).unwrap_or(user);
    if bare.is_empty() || !bare.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let digits = match &format.base {
        NumberBase::E164Plus | NumberBase::E164 => {
            let strip = format.strip.trim_start_matches('+');
            format!("{strip}{bare}")
        }
        NumberBase::National {
            calling_code,
            national_prefix,
            international_prefix,
        } => {
            if let Some(rest) = bare.strip_prefix(international_prefix.as_str()) {
                rest.to_owned()
            } else {
                let rest = bare.strip_prefix(national_prefix.as_str())?;
                format!("{calling_code}{rest}")
            }
        }
    };
    digits.parse().ok().and_then(E164::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> E164 {
        text.parse().unwrap()
    }

    #[test]
    fn numbers_read_back_as_they_were_written() {
        let national = NumberBase::National {
            calling_code: "44".into(),
            national_prefix: "0".into(),
            international_prefix: "00".into(),
        };
        let plain = |base| NumberFormat {
            base,
            strip: String::new(),
            prepend: String::new(),
        };
        let forms = [
            plain(NumberBase::E164Plus),
            plain(NumberBase::E164),
            plain(national),
            NumberFormat {
                base: NumberBase::E164,
                strip: "1".into(),
                prepend: String::new(),
            },
        ];
        for format in &forms {
            for n in ["+442079460123", "+12025550123"] {
                let strips_other = !format.strip.is_empty() && n.starts_with("+44");
                if !strips_other {
                    assert_eq!(
                        read_number(&format.write(number(n)), format),
                        Some(number(n)),
                        "{format:?}"
                    );
                }
            }
        }
        assert_eq!(read_number("anonymous", &forms[0]), None);
    }

    #[test]
    fn tech_prefixes_are_escaped_where_the_grammar_asks_for_it() {
        assert_eq!(user_part("9#1202"), "9%231202");
        assert_eq!(user_part("+1202*7"), "+1202*7");
        assert_eq!(user_part("a b@c"), "a%20b%40c");
    }
}
