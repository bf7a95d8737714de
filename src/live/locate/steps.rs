//! The steps of RFC 3263 §4: from a query to targets.

use super::dns::{Answer, Dns, Silence, Srv};
use super::error::LocateError;
use super::query::{Family, Query, Reach};
use super::services::{Service, by_convention, of_naptr};
use super::target::{Located, Target};
use carillon_sip::{Peer, TransportKind};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Most targets kept of one query, and most SRV records read of one service.
const TARGETS_MAX: usize = 16;
const RECORDS_MAX: usize = 32;
/// How long an answer with gaps stands: asked again soon.
const GAP_TTL: Duration = Duration::from_secs(30);

/// How long answers stand, whatever their records say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TtlLimits {
    /// Shortest. Default 5 s: a TTL of 0 must not become a stream of questions.
    pub min: Duration,
    /// Longest. Default 1 h: a carrier that moves is followed within this.
    pub max: Duration,
    /// Longest that "there is none" stands. Default 5 min: a corrected zone is seen soon.
    pub none_max: Duration,
}

impl Default for TtlLimits {
    fn default() -> Self {
        Self {
            min: Duration::from_secs(5),
            max: Duration::from_secs(3_600),
            none_max: Duration::from_secs(300),
        }
    }
}

/// What a run found, or why nothing, and how long that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) result: Result<Located, LocateError>,
    pub(super) expires_at: Instant,
}

/// The target of a query whose host is an address: no DNS is asked. `None` for names.
///
/// # Errors
/// [`LocateError::OutOfReach`].
pub fn fixed(query: &Query, reach: &Reach) -> Option<Result<Target, LocateError>> {
    let address = query.address()?;
    Some(plain_transport(query, reach).and_then(|transport| {
        let family = Family::of(address);
        if !reach.families(transport).contains(&family) {
            return Err(no_family(query, transport, family));
        }
        let port = query.port.unwrap_or(transport.default_port());
        Ok(Target::fixed(Peer::new(
            transport,
            SocketAddr::new(address, port),
        )))
    }))
}

/// The transport where neither NAPTR nor SRV says one (RFC 3263 §4.1): the stated one, UDP for
/// `sip`, TLS for `sips`; TCP or TLS where UDP is not spoken.
fn plain_transport(query: &Query, reach: &Reach) -> Result<TransportKind, LocateError> {
    let spoken = reach.transports(query.secure);
    let wanted = query.transport.or_else(|| spoken.first().copied());
    let wanted = wanted.unwrap_or(if query.secure {
        TransportKind::Tls
    } else {
        TransportKind::Udp
    });
    let fits = !query.secure || wanted == TransportKind::Tls;
    if fits && reach.speaks(wanted) {
        return Ok(wanted);
    }
    Err(LocateError::OutOfReach {
        query: query.to_string(),
        needed: wanted.via_token().to_owned(),
        remedy: "add a listener of that transport to [sip], or state another transport",
    })
}

fn no_family(query: &Query, transport: TransportKind, family: Family) -> LocateError {
    let kind = match family {
        Family::V4 => "IPv4",
        Family::V6 => "IPv6",
    };
    LocateError::OutOfReach {
        query: query.to_string(),
        needed: format!("{} over {kind}", transport.via_token()),
        remedy: "let [sip] bind an address of that family, or write an address of the other",
    }
}

/// One run through the steps.
pub(super) struct Search<'a> {
    dns: &'a Dns,
    query: &'a Query,
    reach: &'a Reach,
    ttl: Duration,
    targets: Vec<Target>,
    names: u16,
    trail: Vec<String>,
    tried: Vec<String>,
    gaps: Vec<String>,
    refused: bool,
}

impl<'a> Search<'a> {
    pub(super) fn new(dns: &'a Dns, query: &'a Query, reach: &'a Reach) -> Self {
        Self {
            dns,
            query,
            reach,
            ttl: Duration::MAX,
            targets: Vec::new(),
            names: 0,
            trail: Vec::new(),
            tried: Vec::new(),
            gaps: Vec::new(),
            refused: false,
        }
    }

    /// Runs the steps. `now` is when the answers are taken to have come.
    pub(super) async fn run(mut self, now: Instant, limits: TtlLimits) -> Outcome {
        let unreachable = match fixed(self.query, self.reach) {
            Some(Ok(target)) => {
                self.trail.push("an address: nothing to look up".to_owned());
                self.targets.push(target);
                None
            }
            Some(Err(error)) => Some(error),
            None => self.by_name().await.err(),
        };
        self.outcome(unreachable, now, limits)
    }

    async fn by_name(&mut self) -> Result<(), LocateError> {
        let plain = plain_transport(self.query, self.reach)?;
        if self.query.port.is_none() {
            let named = match self.query.transport {
                Some(_) => Vec::new(),
                None => self.naptr().await,
            };
            self.services(named, true).await;
            if self.targets.is_empty() {
                self.services(by_convention(self.query, self.reach), false)
                    .await;
            }
        }
        if self.targets.is_empty() && !self.refused {
            let port = self.query.port.unwrap_or(plain.default_port());
            let host = self.query.host.clone();
            self.hosts(plain, 0, vec![(Srv::none(port), host)]).await;
        }
        Ok(())
    }

    async fn naptr(&mut self) -> Vec<Service> {
        let host = &self.query.host;
        let answer = self.dns.naptr(host).await;
        let answer = self.heard("NAPTR", host, answer);
        for record in &answer {
            self.trail.push(format!(
                "NAPTR {host}: order {}, preference {}, {} {} → {}",
                record.order, record.preference, record.flags, record.service, record.replacement
            ));
        }
        of_naptr(&answer, self.query, self.reach)
    }

    /// SRV records of each service. NAPTR's services are all of use, in their order; of the names
    /// made by convention the first that exists decides the transport.
    async fn services(&mut self, services: Vec<Service>, all: bool) {
        for (place, service) in services.into_iter().enumerate() {
            let answer = self.dns.srv(&service.name).await;
            let mut records = self.heard("SRV", &service.name, answer);
            records.sort_by_key(|r| (r.priority, std::cmp::Reverse(r.weight)));
            records.truncate(RECORDS_MAX);
            for record in &records {
                let target = match record.target.as_str() {
                    "" => ".",
                    name => name,
                };
                self.trail.push(format!(
                    "SRV {}: priority {}, weight {} → {target}:{}",
                    service.name, record.priority, record.weight, record.port
                ));
            }
            // RFC 2782: a target of "." means that the service is decidedly not available.
            self.refused |= !records.is_empty() && records.iter().all(|r| r.target.is_empty());
            records.retain(|r| !r.target.is_empty());
            let hosts = records.into_iter().map(|r| {
                let host = r.target.clone();
                (r, host)
            });
            let place = if all { place as u16 } else { 0 };
            self.hosts(service.transport, place, hosts.collect()).await;
            if !all && !self.targets.is_empty() {
                break;
            }
        }
    }

    /// Addresses of hosts, asked for all at once; targets in the order of the hosts.
    async fn hosts(&mut self, transport: TransportKind, place: u16, hosts: Vec<(Srv, String)>) {
        let families = self.reach.families(transport);
        let mut questions = JoinSet::new();
        for (at, (_, host)) in hosts.iter().enumerate() {
            for (rank, family) in families.iter().copied().enumerate() {
                let (dns, host) = (self.dns.clone(), host.clone());
                questions.spawn(async move {
                    let answer = match host.parse::<IpAddr>() {
                        // Not allowed in SRV (RFC 2782), but seen.
                        Ok(ip) => Ok(literal(ip, family)),
                        Err(_) => dns.addresses(&host, family).await,
                    };
                    (at, rank, answer)
                });
            }
        }
        let mut answers = questions.join_all().await;
        answers.sort_by_key(|(at, rank, _)| (*at, *rank));
        let first = self.names;
        self.names = first.saturating_add(hosts.len() as u16);
        for (at, rank, answer) in answers {
            let (Some((srv, host)), Some(family)) = (hosts.get(at), families.get(rank)) else {
                continue;
            };
            let kind = match family {
                Family::V4 => "A",
                Family::V6 => "AAAA",
            };
            let mut found = self.heard(kind, host, answer);
            // Servers turn the order round to spread load; the draw does that here.
            found.sort();
            found.dedup();
            for address in found {
                self.trail.push(format!("{kind} {host} → {address}"));
                self.add(Target {
                    peer: Peer::new(transport, SocketAddr::new(address, srv.port)),
                    service: place,
                    priority: srv.priority,
                    weight: srv.weight,
                    name: first.saturating_add(at as u16),
                    family: rank as u16,
                });
            }
        }
    }

    fn add(&mut self, target: Target) {
        let known = self.targets.iter().any(|t| t.peer == target.peer);
        if !known && self.targets.len() < TARGETS_MAX {
            self.targets.push(target);
        }
    }

    /// Takes an answer's time to live into account; silence leaves a gap.
    fn heard<T>(&mut self, kind: &str, name: &str, answer: Result<Answer<T>, Silence>) -> Vec<T> {
        match answer {
            Ok(answer) => {
                self.ttl = self.ttl.min(answer.ttl);
                if answer.records.is_empty() {
                    self.tried.push(format!("{kind} {name}"));
                }
                answer.records
            }
            Err(Silence(why)) => {
                self.trail.push(format!("{kind} {name}: no answer"));
                self.gaps.push(why);
                Vec::new()
            }
        }
    }

    fn outcome(self, unreachable: Option<LocateError>, now: Instant, limits: TtlLimits) -> Outcome {
        let query = self.query.to_string();
        let gap = (!self.gaps.is_empty()).then(|| self.gaps.join("; "));
        let (error, longest) = match (unreachable, &gap) {
            (Some(error), _) => (error, limits.max),
            (None, _) if !self.targets.is_empty() => {
                let longest = if gap.is_some() { GAP_TTL } else { limits.max };
                let expires_at = now + self.ttl.min(longest).clamp(limits.min, limits.max);
                let located = Located {
                    targets: self.targets,
                    expires_at,
                    trail: self.trail,
                    gap,
                };
                let result = Ok(located);
                return Outcome { result, expires_at };
            }
            (None, Some(why)) => {
                let why = why.clone();
                (LocateError::Silent { query, why }, GAP_TTL)
            }
            (None, None) if self.refused => (LocateError::NotOffered { query }, limits.none_max),
            (None, None) => {
                let tried = format!("asked for {}", self.tried.join(", "));
                (LocateError::NotFound { query, tried }, limits.none_max)
            }
        };
        let stands = self.ttl.min(longest).max(limits.min.min(longest));
        Outcome {
            result: Err(error),
            expires_at: now + stands,
        }
    }
}

fn literal(ip: IpAddr, family: Family) -> Answer<IpAddr> {
    Answer {
        records: (Family::of(ip) == family)
            .then_some(ip)
            .into_iter()
            .collect(),
        ttl: Duration::MAX,
    }
}

impl Srv {
    /// What stands for a host without SRV records.
    fn none(port: u16) -> Self {
        Self {
            priority: 0,
            weight: 0,
            port,
            target: String::new(),
        }
    }
}
