//! Messages over connections, whoever opened them.

use super::rig::{Options, Rig, expect, expect_end, message, soon, write};
use crate::wire::{Arrival, Path, WireLimits};
use carillon_sip::TransportKind::{Tcp, Udp};
use carillon_sip::{Peer, Transmit};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream, UdpSocket};

#[tokio::test]
async fn one_octet_at_a_time_and_two_in_one_segment() {
    let mut rig = Rig::plain();
    let mut phone = TcpStream::connect(rig.at(Tcp)).await.unwrap();
    phone.set_nodelay(true).unwrap();
    let from = Peer::tcp(phone.local_addr().unwrap());
    for octet in message("one") {
        write(&mut phone, &[octet]).await;
    }
    assert_eq!(rig.message().await, (from, message("one")));
    write(
        &mut phone,
        &[message("two"), b"\r\n".to_vec(), message("three")].concat(),
    )
    .await;
    assert_eq!(rig.message().await, (from, message("two")));
    assert_eq!(rig.message().await, (from, message("three")));
    assert_eq!(rig.counters.figures().open, 1);
}

#[tokio::test]
async fn a_ping_is_answered_and_answers_go_back_over_the_same_connection() {
    let mut rig = Rig::plain();
    let mut phone = TcpStream::connect(rig.at(Tcp)).await.unwrap();
    write(&mut phone, b"\r\n\r\n").await;
    expect(&mut phone, b"\r\n").await;
    write(&mut phone, &message("q")).await;
    let (from, _) = rig.message().await;
    rig.send(from, &message("answer"));
    expect(&mut phone, &message("answer")).await;
    assert_eq!(rig.counters.figures().opened, 1);
}

#[tokio::test]
async fn garbage_closes_the_connection_and_only_that_one() {
    let mut rig = Rig::plain();
    let mut good = TcpStream::connect(rig.at(Tcp)).await.unwrap();
    let mut bad = TcpStream::connect(rig.at(Tcp)).await.unwrap();
    write(&mut bad, &message("before")).await;
    rig.message().await;
    write(&mut bad, b"\x16\x03\x01\x02\x00\x01\x00").await;
    let lost = rig.lost().await;
    assert!(
        lost.is_trouble && lost.why.contains("does not speak SIP"),
        "{lost:?}"
    );
    expect_end(&mut bad).await;
    write(&mut good, &message("after")).await;
    assert_eq!(rig.message().await.1, message("after"));
    assert_eq!(rig.counters.figures().broken, 1);
}

#[tokio::test]
async fn a_peer_that_closed_is_connected_to_anew_by_the_next_message() {
    let mut rig = Rig::plain();
    let trunk = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peer = Peer::tcp(trunk.local_addr().unwrap());
    for round in ["first", "second"] {
        rig.send(peer, &message(round));
        let (mut stream, _) = soon("a connection", trunk.accept()).await.unwrap();
        expect(&mut stream, &message(round)).await;
        drop(stream);
        let lost = rig.lost().await;
        assert_eq!((lost.peer, lost.is_trouble), (peer, false), "{lost:?}");
    }
    let figures = rig.counters.figures();
    assert_eq!((figures.opened, figures.open, figures.broken), (2, 0, 0));
}

#[tokio::test]
async fn what_is_sent_while_a_connection_opens_leaves_in_order_over_it() {
    let mut rig = Rig::plain();
    let trunk = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peer = Peer::tcp(trunk.local_addr().unwrap());
    for n in 0..100 {
        rig.send(peer, &message(&n.to_string()));
    }
    let (mut stream, _) = soon("a connection", trunk.accept()).await.unwrap();
    for n in 0..100 {
        expect(&mut stream, &message(&n.to_string())).await;
    }
    assert_eq!(rig.next().await, Arrival::Open(peer));
}

#[tokio::test]
async fn a_refused_connection_is_told_with_its_cause() {
    let mut rig = Rig::plain();
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peer = Peer::tcp(closed.local_addr().unwrap());
    drop(closed);
    rig.send(peer, &message("x"));
    let lost = rig.lost().await;
    assert_eq!((lost.peer, lost.is_trouble), (peer, true));
    assert!(lost.why.contains("connection refused"), "{lost:?}");
    assert_eq!(rig.counters.figures().unreachable, 1);
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_given_up_and_delays_nobody() {
    let mut rig = Rig::plain();
    let deaf = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stuck = Peer::tcp(deaf.local_addr().unwrap());
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let good = Peer::tcp(other.local_addr().unwrap());
    rig.send(good, &message("hello"));
    let (mut listening, _) = soon("a connection", other.accept()).await.unwrap();
    expect(&mut listening, &message("hello")).await;
    rig.send(stuck, &message("hello"));
    let (_unread, _) = soon("a connection", deaf.accept()).await.unwrap();
    let big = [message("x"), message("y").repeat(400)].concat();
    let mut rounds = 0;
    let why = loop {
        rig.send(stuck, &big);
        let text = message(&rounds.to_string());
        rig.send(good, &text);
        expect(&mut listening, &text).await;
        rounds += 1;
        // The kernel's buffers take a few MB first.
        assert!(rounds < 10_000, "it was never given up");
        let mut buffer = [0; 10];
        match rig.wire.try_next(&mut buffer) {
            Some(Arrival::Lost(lost)) => break lost,
            Some(Arrival::Open(_)) | None => {}
            Some(other) => panic!("{other:?}"),
        }
    };
    assert!(
        why.peer == stuck && why.why.contains("does not read"),
        "{why:?}"
    );
}

#[tokio::test]
async fn a_source_may_hold_so_many_connections_and_no_more() {
    let limits = WireLimits {
        per_source_max: 2,
        ..WireLimits::default()
    };
    let mut rig = Rig::limited(limits);
    let address = rig.at(Tcp);
    let mut held = Vec::new();
    for n in 0..2 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        write(&mut stream, &message(&n.to_string())).await;
        rig.message().await;
        held.push(stream);
    }
    let mut third = TcpStream::connect(address).await.unwrap();
    expect_end(&mut third).await;
    assert_eq!(rig.counters.figures().refused, 1);
    drop(held.pop());
    rig.lost().await;
    // Its place is free as soon as its task has ended.
    soon("a free place", async {
        loop {
            let mut again = TcpStream::connect(address).await.unwrap();
            // A refused one may be reset while this is written.
            use tokio::io::AsyncWriteExt as _;
            let _ = again.write_all(&message("again")).await;
            tokio::select! {
                arrival = rig.next() => match arrival {
                    Arrival::Message(_, bytes) => break assert_eq!(bytes, message("again")),
                    other => panic!("{other:?}"),
                },
                () = expect_end(&mut again) => {}
            }
        }
    })
    .await;
}

#[tokio::test]
async fn trunks_are_above_the_limit() {
    let limits = WireLimits {
        per_source_max: 1,
        connections_max: 1,
        ..WireLimits::default()
    };
    let trunk = Path {
        trunk: "pbx".to_owned(),
        peers: vec![Peer::tcp("127.0.0.1:5060".parse().unwrap())],
        tls: None,
        keep_alive: None,
    };
    let mut rig = Rig::new(Options {
        limits,
        paths: vec![trunk],
        ..Options::default()
    });
    let mut held = Vec::new();
    for n in 0..10 {
        let mut stream = TcpStream::connect(rig.at(Tcp)).await.unwrap();
        write(&mut stream, &message(&n.to_string())).await;
        rig.message().await;
        held.push(stream);
    }
    assert_eq!(rig.counters.figures().open, 10);
}

#[tokio::test]
async fn both_families_and_all_transports_at_once() {
    let mut rig = Rig::new(Options {
        bind: vec!["127.0.0.1:0".parse().unwrap(), "[::1]:0".parse().unwrap()],
        ..Options::default()
    });
    let mut held = Vec::new();
    for (kind, local) in rig.locals().to_vec() {
        let text = message(&format!("{kind:?}-{local}"));
        if kind == Udp {
            let peer = UdpSocket::bind((local.ip(), 0)).await.unwrap();
            peer.send_to(&text, local).await.unwrap();
            let (from, bytes) = rig.message().await;
            assert_eq!(
                (from, bytes),
                (peer.local_addr().unwrap().into(), text.clone())
            );
            rig.send(from, &text);
            let mut buffer = vec![0; 1_000];
            let (length, source) = soon("a datagram", peer.recv_from(&mut buffer))
                .await
                .unwrap();
            assert_eq!((&buffer[..length], source), (&text[..], local));
        } else {
            let mut peer = TcpStream::connect(local).await.unwrap();
            write(&mut peer, &text).await;
            let (from, bytes) = rig.message().await;
            assert_eq!(
                (from, bytes),
                (Peer::tcp(peer.local_addr().unwrap()), text.clone())
            );
            rig.send(from, &text);
            expect(&mut peer, &text).await;
            held.push(peer);
        }
    }
}

#[tokio::test]
async fn answers_leave_from_the_udp_socket_that_was_written_to() {
    let mut rig = Rig::new(Options {
        bind: vec![
            "127.0.0.1:0".parse().unwrap(),
            "127.0.0.1:0".parse().unwrap(),
        ],
        tcp: false,
        ..Options::default()
    });
    let locals = rig.locals().to_vec();
    for (_, local) in locals.iter().rev() {
        let peer = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        peer.send_to(&message("q"), local).await.unwrap();
        let (from, _) = rig.message().await;
        rig.send(from, &message("a"));
        let mut buffer = vec![0; 1_000];
        let (_, source) = soon("a datagram", peer.recv_from(&mut buffer))
            .await
            .unwrap();
        assert_eq!(source, *local);
    }
}

#[tokio::test]
async fn a_stop_writes_what_waits_and_says_goodbye() {
    let mut rig = Rig::plain();
    let mut phone = TcpStream::connect(rig.at(Tcp)).await.unwrap();
    write(&mut phone, &message("q")).await;
    let (from, _) = rig.message().await;
    for n in 0..50 {
        rig.send(from, &message(&n.to_string()));
    }
    let close = rig.wire.close(Duration::from_secs(10));
    soon("the stop", close).await;
    for n in 0..50 {
        expect(&mut phone, &message(&n.to_string())).await;
    }
    expect_end(&mut phone).await;
}

#[tokio::test]
async fn a_wire_without_sockets_says_so() {
    let mut wire = crate::wire::Wire::deaf(WireLimits::default(), Default::default());
    let peer = Peer::tcp("192.0.2.1:5060".parse().unwrap());
    let bytes = message("x");
    wire.send(Transmit { to: peer, bytes });
    match wire.try_next(&mut [0; 10]) {
        Some(Arrival::Lost(lost)) => assert_eq!(lost.peer, peer),
        other => panic!("{other:?}"),
    }
}
