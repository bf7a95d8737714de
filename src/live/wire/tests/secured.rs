//! TLS: who is trusted, who is not, and what is said about it.

use super::rig::{Options, Rig, expect, expect_end, message, soon, write};
use crate::config::{TlsListen, TrunkCa, TrunkTls};
use crate::wire::{Arrival, Lost, Path, TlsClient, TlsServer, WireLimits};
use carillon_sip::TransportKind::{Tcp, Tls};
use carillon_sip::{Peer, TransportKind};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// A CA of our own, and the files of what it signs.
struct House {
    directory: tempfile::TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl House {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Two houses of one name would be one CA with two keys.
        let name = directory.path().display().to_string();
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, name);
        let ca = params.self_signed(&key).unwrap();
        std::fs::write(directory.path().join("ca.pem"), ca.pem()).unwrap();
        Self {
            directory,
            issuer: Issuer::new(params, key),
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes NAME.pem and NAME.key for these host names; valid until 2 days ago if expired.
    fn issue(&self, file: &str, hosts: &[&str], expired: bool) -> (PathBuf, PathBuf) {
        let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(hosts).unwrap();
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        let end_year = if expired { 2021 } else { 2099 };
        params.not_after = rcgen::date_time_ymd(end_year, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let files = (
            self.file(&format!("{file}.pem")),
            self.file(&format!("{file}.key")),
        );
        std::fs::write(&files.0, certificate.pem()).unwrap();
        std::fs::write(&files.1, key.serialize_pem()).unwrap();
        files
    }

    fn listen(&self, file: &str, hosts: &[&str]) -> TlsListen {
        let (certificate, key) = self.issue(file, hosts, false);
        TlsListen {
            bind: Vec::new(),
            certificate,
            key,
            client_ca: None,
            external_port: None,
        }
    }

    fn trust(&self) -> TrunkTls {
        TrunkTls {
            ca: TrunkCa::File(self.file("ca.pem")),
            server_name: None,
            identity: None,
            verify: true,
        }
    }
}

fn pbx(listen: &TlsListen) -> Rig {
    Rig::new(Options {
        tls: Some(Arc::new(TlsServer::server(listen).unwrap())),
        ..Options::default()
    })
}

/// A dialer whose trunk `host` is at this address.
fn dialer(host: &str, at: SocketAddr, tls: &TrunkTls) -> (Rig, Peer) {
    let peer = Peer::new(TransportKind::Tls, at);
    let client = TlsClient::new("pbx", host, tls).unwrap();
    let path = Path {
        trunk: "pbx".to_owned(),
        peers: vec![peer],
        tls: Some(Arc::new(client)),
        keep_alive: None,
    };
    let rig = Rig::new(Options {
        paths: vec![path],
        ..Options::default()
    });
    (rig, peer)
}

/// What the dialer hears of a connection that must fail.
async fn failure(host: &str, at: SocketAddr, tls: &TrunkTls) -> Lost {
    let (mut dialer, peer) = dialer(host, at, tls);
    dialer.send(peer, &message("x"));
    let lost = dialer.lost().await;
    assert!(lost.is_trouble && lost.peer == peer, "{lost:?}");
    assert_eq!(dialer.counters.figures().handshakes_failed, 1);
    lost
}

/// A message there and one back.
async fn talk(dialer: &mut Rig, pbx: &mut Rig, peer: Peer) {
    dialer.send(peer, &message("there"));
    let (from, bytes) = pbx.message().await;
    assert_eq!((from.transport, bytes), (Tls, message("there")));
    pbx.send(from, &message("back"));
    loop {
        match dialer.next().await {
            Arrival::Open(_) => {}
            Arrival::Message(from, bytes) => {
                return assert_eq!((from, bytes), (peer, message("back")));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_trunk_that_proves_its_configured_name_is_talked_to() {
    let house = House::new();
    let mut pbx = pbx(&house.listen("node", &["pbx.example"]));
    let (mut dialer, peer) = dialer("pbx.example", pbx.at(Tls), &house.trust());
    talk(&mut dialer, &mut pbx, peer).await;
    assert_eq!(dialer.counters.figures().handshakes_failed, 0);
}

#[tokio::test]
async fn a_wrong_name_is_refused_and_the_names_it_has_are_told() {
    let house = House::new();
    let pbx = pbx(&house.listen("node", &["other.example", "third.example"]));
    let lost = failure("pbx.example", pbx.at(Tls), &house.trust()).await;
    for part in [
        "\"pbx.example\"",
        "other.example",
        "third.example",
        "server_name",
    ] {
        assert!(lost.why.contains(part), "{lost:?}");
    }
}

#[tokio::test]
async fn server_name_names_what_the_certificate_must_carry() {
    let house = House::new();
    let mut pbx = pbx(&house.listen("node", &["other.example"]));
    let trust = TrunkTls {
        server_name: Some("other.example".to_owned()),
        ..house.trust()
    };
    let (mut dialer, peer) = dialer("pbx.example", pbx.at(Tls), &trust);
    talk(&mut dialer, &mut pbx, peer).await;
}

#[tokio::test]
async fn an_unknown_ca_is_refused_unless_told_otherwise() {
    let (house, stranger) = (House::new(), House::new());
    let mut pbx = pbx(&stranger.listen("node", &["pbx.example"]));
    let lost = failure("pbx.example", pbx.at(Tls), &house.trust()).await;
    assert!(lost.why.contains("CA that is not trusted"), "{lost:?}");
    let insecure = TrunkTls {
        verify: false,
        ..house.trust()
    };
    let (mut dialer, peer) = dialer("elsewhere.example", pbx.at(Tls), &insecure);
    talk(&mut dialer, &mut pbx, peer).await;
}

#[tokio::test]
async fn an_expired_certificate_is_refused_and_its_age_told() {
    let house = House::new();
    let mut listen = house.listen("node", &["pbx.example"]);
    (listen.certificate, listen.key) = house.issue("old", &["pbx.example"], true);
    let pbx = pbx(&listen);
    let lost = failure("pbx.example", pbx.at(Tls), &house.trust()).await;
    assert!(
        lost.why.contains("expired") && lost.why.contains("days ago"),
        "{lost:?}"
    );
}

#[tokio::test]
async fn a_certificate_of_ours_is_shown_where_it_is_wanted() {
    let house = House::new();
    let listen = TlsListen {
        client_ca: Some(house.file("ca.pem")),
        ..house.listen("node", &["pbx.example"])
    };
    let mut pbx = pbx(&listen);
    let (mut nobody, peer) = dialer("pbx.example", pbx.at(Tls), &house.trust());
    nobody.send(peer, &message("x"));
    // TLS 1.3 tells the client only after its side of the handshake is done.
    let lost = nobody.lost().await;
    assert!(lost.why.contains("wants a certificate of ours"), "{lost:?}");
    let known = TrunkTls {
        identity: Some(house.issue("dialer", &["dialer.example"], false)),
        ..house.trust()
    };
    let (mut dialer, peer) = dialer("pbx.example", pbx.at(Tls), &known);
    talk(&mut dialer, &mut pbx, peer).await;
    assert_eq!(pbx.counters.figures().handshakes_failed, 1);
}

#[tokio::test]
async fn a_port_that_does_not_speak_tls_is_told_apart() {
    let house = House::new();
    let plain = Rig::plain();
    let lost = failure("pbx.example", plain.at(Tcp), &house.trust()).await;
    // Our listener closes at the first octet that is no SIP.
    assert!(
        lost.why.contains("cut it off") || lost.why.contains("reset"),
        "{lost:?}"
    );
    let answers = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = answers.local_addr().unwrap();
    let answering = async {
        let (mut stream, _) = answers.accept().await.unwrap();
        write(&mut stream, b"SIP/2.0 400 Bad Request\r\n\r\n").await;
        expect_end(&mut stream).await;
    };
    let trust = house.trust();
    let (lost, ()) = tokio::join!(failure("pbx.example", at, &trust), answering);
    assert!(lost.why.contains("does not speak TLS"), "{lost:?}");
}

#[tokio::test]
async fn a_handshake_that_stops_is_ended() {
    let house = House::new();
    let listen = house.listen("node", &["pbx.example"]);
    let rig = Rig::new(Options {
        tls: Some(Arc::new(TlsServer::server(&listen).unwrap())),
        limits: WireLimits {
            handshake_within: Duration::from_millis(200),
            ..WireLimits::default()
        },
        ..Options::default()
    });
    let mut silent = TcpStream::connect(rig.at(Tls)).await.unwrap();
    expect_end(&mut silent).await;
    let figures = rig.counters.figures();
    assert_eq!((figures.handshakes_failed, figures.opened), (1, 0));
}

#[tokio::test]
async fn a_tls_address_no_trunk_stands_for_is_not_talked_to() {
    let house = House::new();
    let pbx = pbx(&house.listen("node", &["pbx.example"]));
    let mut stranger = Rig::plain();
    stranger.send(Peer::tls(pbx.at(Tls)), &message("x"));
    let lost = stranger.lost().await;
    assert!(lost.why.contains("no trunk over TLS"), "{lost:?}");
}

#[tokio::test]
async fn a_renewed_certificate_serves_the_next_connection() {
    use super::super::tls::Renew;
    let house = House::new();
    let listen = house.listen("node", &["before.example"]);
    let server = Arc::new(TlsServer::server(&listen).unwrap());
    let mut pbx = Rig::new(Options {
        tls: Some(Arc::clone(&server)),
        ..Options::default()
    });
    let (mut first, peer) = dialer("before.example", pbx.at(Tls), &house.trust());
    talk(&mut first, &mut pbx, peer).await;
    house.issue("node", &["after.example"], false);
    server.renew(true);
    let (mut second, peer) = dialer("after.example", pbx.at(Tls), &house.trust());
    talk(&mut second, &mut pbx, peer).await;
    // The open connection lives on.
    talk(&mut first, &mut pbx, peer).await;
    // What cannot be used leaves the old one in use.
    std::fs::write(&listen.certificate, "nonsense").unwrap();
    server.renew(true);
    let (mut third, peer) = dialer("after.example", pbx.at(Tls), &house.trust());
    talk(&mut third, &mut pbx, peer).await;
    let end_of_2098 = 4_070_908_800;
    assert_eq!(server.ends().unwrap().unix_s, end_of_2098);
}

#[test]
fn files_that_cannot_be_used_say_why_and_what_to_do() {
    let house = House::new();
    let good = house.listen("node", &["pbx.example"]);
    let problem = |listen: &TlsListen| TlsServer::server(listen).unwrap_err().to_string();
    let missing = TlsListen {
        certificate: house.file("nowhere.pem"),
        ..good.clone()
    };
    let text = problem(&missing);
    assert!(
        text.contains("nowhere.pem") && text.contains("PEM file"),
        "{text}"
    );
    let swapped = TlsListen {
        certificate: good.key.clone(),
        key: good.certificate.clone(),
        ..good.clone()
    };
    assert!(problem(&swapped).contains("no certificate in it"));
    let (_, other_key) = house.issue("other", &["other.example"], false);
    let mixed = TlsListen {
        key: other_key,
        ..good
    };
    let text = problem(&mixed);
    assert!(
        text.contains("does not belong to the certificate"),
        "{text}"
    );
}

#[tokio::test]
async fn secured_phones_are_served_in_pieces_too() {
    let house = House::new();
    let mut pbx = pbx(&house.listen("node", &["pbx.example"]));
    let trust = TlsClient::new("pbx", "pbx.example", &house.trust()).unwrap();
    let connector = tokio_rustls::TlsConnector::from(trust.config.get());
    let stream = TcpStream::connect(pbx.at(Tls)).await.unwrap();
    let handshake = connector.connect(trust.name.clone(), stream);
    let mut phone = soon("a handshake", handshake).await.unwrap();
    for octet in message("one") {
        write(&mut phone, &[octet]).await;
    }
    let (from, bytes) = pbx.message().await;
    assert_eq!(bytes, message("one"));
    pbx.send(from, &message("answer"));
    expect(&mut phone, &message("answer")).await;
}
