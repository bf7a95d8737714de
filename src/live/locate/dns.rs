//! Records from DNS, with the time they stand. The only file that knows the DNS library.

use super::query::Family;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::rr::{RData, RecordType};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// How long one server has to answer one question, and how often it is asked again.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
const REPEATS: usize = 1;
/// How long "there is none" stands where the zone does not say (RFC 2308 §5 leaves it open).
const NONE_FOR: Duration = Duration::from_secs(30);

/// Records of one question; none when the name or the type does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer<T> {
    pub(super) records: Vec<T>,
    /// How long it stands: the shortest TTL of the answer, or the zone's negative TTL.
    pub(super) ttl: Duration,
}

/// One NAPTR record (RFC 3403 §4.1), as far as RFC 3263 reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Naptr {
    pub(super) order: u16,
    pub(super) preference: u16,
    pub(super) flags: String,
    pub(super) service: String,
    pub(super) regexp: String,
    pub(super) replacement: String,
}

/// One SRV record (RFC 2782).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Srv {
    pub(super) priority: u16,
    pub(super) weight: u16,
    pub(super) port: u16,
    /// Without the final dot; empty for the root: the service is not offered.
    pub(super) target: String,
}

/// DNS did not answer: nobody there, or a server that fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Silence(pub(super) String);

/// Asks name servers.
#[derive(Clone)]
pub(super) struct Dns {
    resolver: TokioResolver,
}

impl Dns {
    /// Asks `servers`, or those of the system (`/etc/resolv.conf`, read anew each time) when
    /// there are none. The hosts file is honoured for addresses.
    pub(super) fn new(servers: &[SocketAddr]) -> Result<Self, Silence> {
        let told = |e: NetError| Silence(format!("the system's DNS settings cannot be used: {e}"));
        let mut builder = if servers.is_empty() {
            TokioResolver::builder_tokio().map_err(told)?
        } else {
            let config =
                ResolverConfig::from_name_servers(servers.iter().map(name_server).collect());
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        };
        let options = builder.options_mut();
        options.timeout = ANSWER_WITHIN;
        options.attempts = REPEATS;
        // Times to live, and answers kept beyond them, are looked after by the book.
        options.cache_size = 0;
        options.use_hosts_file = ResolveHosts::Always;
        let resolver = builder.build().map_err(told)?;
        Ok(Self { resolver })
    }

    pub(super) async fn naptr(&self, name: &str) -> Result<Answer<Naptr>, Silence> {
        self.ask(&full(name), RecordType::NAPTR, |data| match data {
            RData::NAPTR(r) => Some(Naptr {
                order: r.order,
                preference: r.preference,
                flags: text(&r.flags),
                service: text(&r.services),
                regexp: text(&r.regexp),
                replacement: bare(&r.replacement.to_ascii()),
            }),
            _ => None,
        })
        .await
    }

    pub(super) async fn srv(&self, name: &str) -> Result<Answer<Srv>, Silence> {
        self.ask(&full(name), RecordType::SRV, |data| match data {
            RData::SRV(r) => Some(Srv {
                priority: r.priority,
                weight: r.weight,
                port: r.port,
                target: bare(&r.target.to_ascii()),
            }),
            _ => None,
        })
        .await
    }

    pub(super) async fn addresses(
        &self,
        name: &str,
        family: Family,
    ) -> Result<Answer<IpAddr>, Silence> {
        let kind = match family {
            Family::V4 => RecordType::A,
            Family::V6 => RecordType::AAAA,
        };
        self.ask(name, kind, |data| match data {
            RData::A(r) => Some(IpAddr::V4(r.0)),
            RData::AAAA(r) => Some(IpAddr::V6(r.0)),
            _ => None,
        })
        .await
    }

    async fn ask<T>(
        &self,
        name: &str,
        kind: RecordType,
        read: impl Fn(&RData) -> Option<T>,
    ) -> Result<Answer<T>, Silence> {
        match self.resolver.lookup(name, kind).await {
            Ok(found) => {
                let ttl = found.answers().iter().map(|r| r.ttl).min().unwrap_or(0);
                Ok(Answer {
                    records: found
                        .answers()
                        .iter()
                        .filter_map(|r| read(&r.data))
                        .collect(),
                    ttl: Duration::from_secs(ttl.into()),
                })
            }
            Err(NetError::Dns(DnsError::NoRecordsFound(none))) => Ok(Answer {
                records: Vec::new(),
                ttl: none
                    .negative_ttl
                    .map_or(NONE_FOR, |s| Duration::from_secs(s.into())),
            }),
            Err(error) => Err(Silence(format!("{kind} {name}: {error}"))),
        }
    }
}

fn name_server(address: &SocketAddr) -> NameServerConfig {
    let on_port = |mut connection: ConnectionConfig| {
        connection.port = address.port();
        connection
    };
    let connections = vec![
        on_port(ConnectionConfig::udp()),
        on_port(ConnectionConfig::tcp()),
    ];
    NameServerConfig::new(address.ip(), true, connections)
}

/// A name with a dot in it is complete. One without may mean a host of the local domain, as for
/// every other program: it is looked for in the system's search list.
fn full(name: &str) -> String {
    let labels = name.split('.').skip_while(|label| label.starts_with('_'));
    match labels.count() > 1 {
        true => format!("{name}."),
        false => name.to_owned(),
    }
}

fn bare(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_without_a_dot_are_searched_for() {
        assert_eq!(full("sip.example.net"), "sip.example.net.");
        assert_eq!(full("_sip._udp.example.net"), "_sip._udp.example.net.");
        assert_eq!(full("_sip._udp.pbx"), "_sip._udp.pbx");
        assert_eq!(full("pbx"), "pbx");
    }
}
