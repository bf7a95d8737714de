//! Which services of a domain are asked for: NAPTR records read as RFC 3263 §4.1 says, and the
//! SRV names used without them.

use super::dns::Naptr;
use super::query::{Query, Reach};
use carillon_sip::TransportKind;

/// Most NAPTR services followed for one name.
const SERVICES_MAX: usize = 4;

/// A transport and the name of the SRV records that say where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Service {
    pub(super) transport: TransportKind,
    pub(super) name: String,
}

/// The services of usable NAPTR records, wanted first: known to us, spoken by a listener, with
/// the flag `s` and a replacement instead of an expression. Only those of the lowest such order
/// count (RFC 3403 §4.1); preference sorts them.
pub(super) fn of_naptr(records: &[Naptr], query: &Query, reach: &Reach) -> Vec<Service> {
    let spoken = reach.transports(query.secure);
    let usable = |record: &&Naptr| {
        record.flags.eq_ignore_ascii_case("s")
            && record.regexp.is_empty()
            && !record.replacement.is_empty()
            && transport_of(&record.service).is_some_and(|t| spoken.contains(&t))
    };
    let mut found: Vec<&Naptr> = records.iter().filter(usable).collect();
    let order = found.iter().map(|r| r.order).min();
    found.retain(|r| Some(r.order) == order);
    found.sort_by_key(|r| r.preference);
    let service = |record: &Naptr| {
        Some(Service {
            transport: transport_of(&record.service)?,
            name: record.replacement.clone(),
        })
    };
    found
        .into_iter()
        .filter_map(service)
        .take(SERVICES_MAX)
        .collect()
}

/// The services asked for where NAPTR says nothing (RFC 3263 §4.1, last paragraphs; §4.2): that
/// of the stated transport, else each that is spoken.
pub(super) fn by_convention(query: &Query, reach: &Reach) -> Vec<Service> {
    let transports = match query.transport {
        Some(stated) => vec![stated],
        None => reach.transports(query.secure),
    };
    let service = |transport: TransportKind| Service {
        name: format!("{}.{}", label(transport), query.host),
        transport,
    };
    transports.into_iter().map(service).collect()
}

fn label(transport: TransportKind) -> &'static str {
    match transport {
        TransportKind::Tls => "_sips._tcp",
        TransportKind::Tcp => "_sip._tcp",
        _ => "_sip._udp",
    }
}

/// The IANA registry of RFC 3263 §10.
fn transport_of(service: &str) -> Option<TransportKind> {
    let known = [
        ("SIP+D2U", TransportKind::Udp),
        ("SIP+D2T", TransportKind::Tcp),
        ("SIPS+D2T", TransportKind::Tls),
    ];
    known
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(service))
        .map(|(_, transport)| transport)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::locate::query::Family;

    fn naptr(order: u16, preference: u16, service: &str) -> Naptr {
        Naptr {
            order,
            preference,
            flags: "s".into(),
            service: service.into(),
            regexp: String::new(),
            replacement: format!("srv-{order}-{preference}.example"),
        }
    }

    fn reach(transports: &[TransportKind]) -> Reach {
        Reach::new(transports.iter().map(|t| (*t, Family::V4)))
    }

    fn names(services: &[Service]) -> Vec<&str> {
        services.iter().map(|s| s.name.as_str()).collect()
    }

    #[test]
    fn the_lowest_usable_order_wins_and_preference_sorts_it() {
        let records = [
            naptr(50, 50, "SIPS+D2T"),
            naptr(90, 60, "SIP+D2T"),
            naptr(90, 50, "sip+d2u"),
            naptr(100, 1, "SIP+D2U"),
        ];
        let plain = Query::new("example", None, None);
        let tls = reach(&[TransportKind::Tls]);
        assert_eq!(
            names(&of_naptr(&records, &plain, &tls)),
            ["srv-50-50.example"]
        );
        let clear = reach(&[TransportKind::Udp, TransportKind::Tcp, TransportKind::Tls]);
        assert_eq!(
            names(&of_naptr(&records, &plain, &clear)),
            ["srv-90-50.example", "srv-90-60.example"]
        );
        let udp = reach(&[TransportKind::Udp]);
        assert_eq!(
            names(&of_naptr(&records, &plain, &udp)),
            ["srv-90-50.example"]
        );
    }

    #[test]
    fn sips_takes_sips_services_only() {
        let secure = Query {
            secure: true,
            ..Query::new("example", None, None)
        };
        let all = reach(&[TransportKind::Udp, TransportKind::Tls]);
        let records = [naptr(10, 1, "SIP+D2U"), naptr(20, 1, "SIPS+D2T")];
        assert_eq!(
            names(&of_naptr(&records, &secure, &all)),
            ["srv-20-1.example"]
        );
        assert_eq!(names(&by_convention(&secure, &all)), ["_sips._tcp.example"]);
    }

    #[test]
    fn records_of_other_kinds_are_no_services() {
        let mut address = naptr(1, 1, "SIP+D2U");
        address.flags = "a".into();
        let mut expression = naptr(1, 1, "SIP+D2U");
        expression.regexp = "!^.*$!sip:x@example!".into();
        let records = [address, expression, naptr(1, 1, "E2U+sip")];
        let plain = Query::new("example", None, None);
        assert!(of_naptr(&records, &plain, &reach(&[TransportKind::Udp])).is_empty());
    }

    #[test]
    fn without_naptr_each_spoken_transport_is_asked_for_in_order() {
        let plain = Query::new("example", None, None);
        let all = reach(&[TransportKind::Tls, TransportKind::Tcp, TransportKind::Udp]);
        assert_eq!(
            names(&by_convention(&plain, &all)),
            ["_sip._udp.example", "_sip._tcp.example"]
        );
        let tls = Query::new("example", None, Some(TransportKind::Tls));
        assert_eq!(names(&by_convention(&tls, &all)), ["_sips._tcp.example"]);
    }
}
