//! The locator against a real name server on loopback.

#[path = "../../../tests/it/support/dns.rs"]
mod dns;

use super::*;
use carillon_sip::TransportKind::{Tcp, Tls, Udp};
use carillon_sip::{Peer, TransportKind};
use dns::{Mood, NameServer, address, naptr, srv};
use hickory_resolver::proto::rr::RecordType;
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Notify, mpsc};

/// Longest wait for anything. Only a failing test ever takes it.
const PATIENCE: Duration = Duration::from_secs(30);

fn v4(transports: &[TransportKind]) -> Reach {
    Reach::new(transports.iter().map(|t| (*t, Family::V4)))
}

fn locator(server: &NameServer, reach: Reach) -> Locator {
    Locator::new(LocatorConfig {
        servers: vec![server.address],
        reach,
        limits: TtlLimits::default(),
    })
}

fn query(uri: &str) -> Query {
    Query::of_uri(uri).unwrap()
}

fn shown(located: &Located) -> Vec<String> {
    let text = |t: &Target| format!("{} {}/{}", t.peer, t.priority, t.weight);
    located.targets.iter().map(text).collect()
}

async fn locate(locator: &Locator, uri: &str) -> Result<Vec<String>, LocateError> {
    locator.locate(&query(uri)).await.map(|l| shown(&l))
}

#[tokio::test]
async fn naptr_leads_to_srv_and_srv_to_addresses() {
    let server = NameServer::start();
    server.zone(&[
        (
            "carrier.example",
            300,
            naptr(20, 10, "SIP+D2T", "tcp.carrier.example"),
        ),
        (
            "carrier.example",
            300,
            naptr(10, 20, "SIP+D2U", "udp.carrier.example"),
        ),
        (
            "carrier.example",
            300,
            naptr(10, 10, "E2U+sip", "enum.carrier.example"),
        ),
        (
            "udp.carrier.example",
            300,
            srv(20, 0, 5060, "backup.example"),
        ),
        (
            "udp.carrier.example",
            300,
            srv(10, 5, 5070, "edge2.example"),
        ),
        (
            "udp.carrier.example",
            300,
            srv(10, 60, 5060, "edge1.example"),
        ),
        ("edge1.example", 300, address("192.0.2.12")),
        ("edge1.example", 300, address("192.0.2.11")),
        ("edge2.example", 300, address("192.0.2.21")),
        ("backup.example", 300, address("198.51.100.1")),
    ]);
    let found = locator(&server, v4(&[Udp, Tcp]));
    let found = found.locate(&query("sip:carrier.example")).await.unwrap();
    assert_eq!(
        shown(&found),
        [
            "192.0.2.11:5060 10/60",
            "192.0.2.12:5060 10/60",
            "192.0.2.21:5070 10/5",
            "198.51.100.1:5060 20/0"
        ]
    );
    let asked = server.asked();
    assert_eq!(asked[0], "NAPTR carrier.example");
    assert_eq!(asked[1], "SRV udp.carrier.example");
    assert!(!asked.iter().any(|q| q.contains("_sip")), "{asked:?}");
    assert!(
        found
            .trail
            .iter()
            .any(|l| l.starts_with("NAPTR carrier.example: order 10"))
    );
    assert!(found.gap.is_none());
    // Weights as drawn through the whole way: 60 and 5 of 65, the two addresses of one share.
    let mut chance = StdRng::seed_from_u64(11);
    let second = Peer::udp("192.0.2.21:5070".parse().unwrap());
    let draws = (0..6_500).filter(|_| draw(&found.targets, &mut chance).unwrap().peer == second);
    let draws = draws.count();
    assert!((400..=600).contains(&draws), "{draws}");
}

#[tokio::test]
async fn without_naptr_the_first_transport_with_srv_records_is_used() {
    let server = NameServer::start();
    server.zone(&[
        (
            "_sip._tcp.carrier.example",
            300,
            srv(1, 0, 5080, "edge.example"),
        ),
        (
            "_sips._tcp.carrier.example",
            300,
            srv(1, 0, 5081, "edge.example"),
        ),
        ("edge.example", 300, address("192.0.2.1")),
    ]);
    let all = locator(&server, v4(&[Udp, Tcp, Tls]));
    let found = locate(&all, "sip:carrier.example").await.unwrap();
    assert_eq!(found, ["tcp:192.0.2.1:5080 1/0"]);
    assert_eq!(
        server.asked(),
        [
            "NAPTR carrier.example",
            "SRV _sip._udp.carrier.example",
            "SRV _sip._tcp.carrier.example",
            "A edge.example"
        ]
    );
    let found = locate(&all, "sips:carrier.example").await.unwrap();
    assert_eq!(found, ["tls:192.0.2.1:5081 1/0"]);
    let found = locate(&all, "sip:carrier.example;transport=tls")
        .await
        .unwrap();
    assert_eq!(found, ["tls:192.0.2.1:5081 1/0"]);
}

#[tokio::test]
async fn a_stated_port_asks_for_addresses_only_and_no_records_at_all_mean_the_default_port() {
    let server = NameServer::start();
    server.zone(&[
        ("pbx.example", 300, address("192.0.2.9")),
        ("_sip._udp.pbx.example", 300, srv(1, 0, 5099, "pbx.example")),
        ("plain.example", 300, address("192.0.2.8")),
    ]);
    let locator = locator(&server, v4(&[Udp, Tcp, Tls]));
    let found = locate(&locator, "sip:pbx.example:5070").await.unwrap();
    assert_eq!(found, ["192.0.2.9:5070 0/0"]);
    assert_eq!(server.asked(), ["A pbx.example"]);
    let found = locate(&locator, "sip:plain.example").await.unwrap();
    assert_eq!(found, ["192.0.2.8:5060 0/0"]);
    let found = locate(&locator, "sip:plain.example;transport=tls")
        .await
        .unwrap();
    assert_eq!(found, ["tls:192.0.2.8:5061 0/0"]);
}

#[tokio::test]
async fn both_families_are_found_in_the_order_of_our_listeners() {
    let server = NameServer::start();
    server.zone(&[
        ("dual.example", 300, address("192.0.2.1")),
        ("dual.example", 300, address("2001:db8::1")),
        ("six.example", 300, address("2001:db8::6")),
    ]);
    let dual = Reach::new([(Udp, Family::V6), (Udp, Family::V4)]);
    let both = locator(&server, dual);
    assert_eq!(
        locate(&both, "sip:dual.example:5060").await.unwrap(),
        ["[2001:db8::1]:5060 0/0", "192.0.2.1:5060 0/0"]
    );
    let four = locator(&server, v4(&[Udp]));
    assert_eq!(
        locate(&four, "sip:dual.example:5060").await.unwrap(),
        ["192.0.2.1:5060 0/0"]
    );
    let none = locate(&four, "sip:six.example:5060").await.unwrap_err();
    assert!(matches!(none, LocateError::NotFound { .. }), "{none}");
}

#[tokio::test]
async fn addresses_need_no_dns_but_a_listener_of_their_kind() {
    let server = NameServer::start();
    let locator = locator(&server, v4(&[Udp]));
    assert_eq!(
        locate(&locator, "sip:192.0.2.7").await.unwrap(),
        ["192.0.2.7:5060 0/0"]
    );
    for uri in [
        "sip:[2001:db8::7]",
        "sips:192.0.2.7",
        "sip:192.0.2.7;transport=tcp",
        "sip:carrier.example;transport=tcp",
    ] {
        let error = locate(&locator, uri).await.unwrap_err();
        assert!(matches!(error, LocateError::OutOfReach { .. }), "{error}");
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn what_does_not_exist_and_what_is_not_offered_are_told_apart_from_silence() {
    let server = NameServer::start();
    server.zone(&[
        ("_sip._udp.closed.example", 300, srv(0, 0, 0, ".")),
        ("_sip._tcp.closed.example", 300, srv(0, 0, 0, ".")),
        ("closed.example", 300, address("192.0.2.1")),
    ]);
    let locator = locator(&server, v4(&[Udp, Tcp]));
    let nothing = locate(&locator, "sip:nobody.example").await.unwrap_err();
    assert!(matches!(nothing, LocateError::NotFound { .. }), "{nothing}");
    assert!(
        nothing.to_string().contains("A nobody.example"),
        "{nothing}"
    );
    let closed = locate(&locator, "sip:closed.example").await.unwrap_err();
    assert!(matches!(closed, LocateError::NotOffered { .. }), "{closed}");
    server.mood(Mood::Fails);
    let failed = locate(&locator, "sip:other.example").await.unwrap_err();
    assert!(failed.is_silence(), "{failed}");
}

#[tokio::test]
async fn a_server_that_knows_no_naptr_does_not_stop_the_search() {
    let server = NameServer::start();
    server.zone(&[
        (
            "_sip._udp.carrier.example",
            300,
            srv(1, 0, 5060, "edge.example"),
        ),
        ("edge.example", 300, address("192.0.2.1")),
    ]);
    server.mood(Mood::SilentAbout(RecordType::NAPTR));
    let locator = locator(&server, v4(&[Udp]));
    let asked = Instant::now();
    let found = locator.locate(&query("sip:carrier.example")).await.unwrap();
    assert_eq!(shown(&found), ["192.0.2.1:5060 1/0"]);
    assert!(found.gap.is_some(), "{found:?}");
    assert!(
        asked.elapsed() < Duration::from_secs(15),
        "{:?}",
        asked.elapsed()
    );
    let stands = found.expires_at.duration_since(asked);
    assert!(
        stands < Duration::from_secs(45),
        "asked again soon: {stands:?}"
    );
}

#[tokio::test]
async fn the_shortest_ttl_counts_within_bounds() {
    let server = NameServer::start();
    server.negative_ttl(Some(40));
    server.zone(&[
        (
            "_sip._udp.carrier.example",
            900,
            srv(1, 0, 5060, "edge.example"),
        ),
        ("edge.example", 700, address("192.0.2.1")),
        ("short.example", 0, address("192.0.2.2")),
        ("long.example", 1_000_000, address("192.0.2.3")),
    ]);
    let locator = locator(&server, v4(&[Udp]));
    let cases = [
        // The denied NAPTR stands 40 s, and may exist then.
        ("sip:carrier.example", 40),
        ("sip:carrier.example;transport=udp", 700),
        ("sip:short.example:5060", 5),
        ("sip:long.example:5060", 3_600),
    ];
    for (uri, seconds) in cases {
        let before = Instant::now();
        let found = locator.locate(&query(uri)).await.unwrap();
        let (least, most) = (before, Instant::now());
        let ttl = Duration::from_secs(seconds);
        assert!(found.expires_at >= least + ttl, "{uri}");
        assert!(found.expires_at <= most + ttl, "{uri}");
    }
    server.asked();
    locate(&locator, "sip:long.example:5060").await.unwrap();
    assert!(server.asked().is_empty(), "answered from the book");
}

/// A locator whose answers stand for 50 ms at least, and a watch on one name.
fn watch(server: &NameServer, uri: &str) -> (mpsc::Receiver<Sighting>, Arc<Notify>) {
    let limits = TtlLimits {
        min: Duration::from_millis(50),
        ..TtlLimits::default()
    };
    let locator = Locator::new(LocatorConfig {
        servers: vec![server.address],
        reach: v4(&[Udp]),
        limits,
    });
    let (to, from) = mpsc::channel(8);
    let again = Arc::new(Notify::new());
    tokio::spawn(locator.watch(query(uri), to, |s| s, Arc::clone(&again)));
    (from, again)
}

async fn next(from: &mut mpsc::Receiver<Sighting>) -> Result<Vec<String>, LocateError> {
    let sighting = tokio::time::timeout(PATIENCE, from.recv()).await;
    let result = sighting
        .expect("news in time")
        .expect("the watch runs")
        .result;
    result.map(|targets| targets.iter().map(|t| t.peer.to_string()).collect())
}

#[tokio::test]
async fn a_watched_name_is_followed_when_its_ttl_is_over() {
    let server = NameServer::start();
    server.zone(&[("moving.example", 0, address("192.0.2.1"))]);
    let (mut news, _again) = watch(&server, "sip:moving.example:5060");
    assert_eq!(next(&mut news).await.unwrap(), ["192.0.2.1:5060"]);
    server.zone(&[("moving.example", 0, address("192.0.2.2"))]);
    assert_eq!(next(&mut news).await.unwrap(), ["192.0.2.2:5060"]);
    server.zone(&[]);
    let gone = next(&mut news).await.unwrap_err();
    assert!(matches!(gone, LocateError::NotFound { .. }), "{gone}");
}

#[tokio::test]
async fn targets_stay_while_dns_is_down_and_a_nudge_asks_again_at_once() {
    let server = NameServer::start();
    // It stands an hour: only the nudge asks again.
    server.zone(&[("carrier.example", 3_600, address("192.0.2.1"))]);
    let (mut news, again) = watch(&server, "sip:carrier.example:5060");
    assert_eq!(next(&mut news).await.unwrap(), ["192.0.2.1:5060"]);
    server.mood(Mood::Fails);
    server.asked();
    again.notify_one();
    let asked = tokio::time::timeout(PATIENCE, async {
        while server.asked().is_empty() {
            tokio::task::yield_now().await;
        }
    });
    asked.await.expect("the nudge leads to a question");
    assert!(news.try_recv().is_err(), "silence changes nothing");
    server.zone(&[("carrier.example", 3_600, address("192.0.2.2"))]);
    server.mood(Mood::Answers);
    again.notify_one();
    assert_eq!(next(&mut news).await.unwrap(), ["192.0.2.2:5060"]);
}

#[tokio::test]
async fn a_silent_server_is_given_up_within_seconds() {
    let server = NameServer::start();
    server.mood(Mood::Silent);
    let locator = locator(&server, v4(&[Udp]));
    let asked = Instant::now();
    let silent = locate(&locator, "sip:carrier.example:5060")
        .await
        .unwrap_err();
    assert!(silent.is_silence(), "{silent}");
    assert!(
        asked.elapsed() < Duration::from_secs(15),
        "{:?}",
        asked.elapsed()
    );
}
