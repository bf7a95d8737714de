//! Slow, silent and idle peers. The spans are short here; `pulse` has the real ones in virtual
//! time.

use super::rig::{Options, Rig, expect, expect_end, message, soon, write};
use crate::wire::{Path, WireLimits};
use carillon_sip::Peer;
use carillon_sip::TransportKind::Tcp;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const SHORT: Duration = Duration::from_millis(200);

#[tokio::test]
async fn half_a_message_is_not_waited_for() {
    let mut rig = Rig::limited(WireLimits {
        complete_within: SHORT,
        ..WireLimits::default()
    });
    let mut silent = TcpStream::connect(rig.at(Tcp)).await.unwrap();
    assert!(rig.lost().await.why.contains("not complete in time"));
    expect_end(&mut silent).await;
    let mut slow = TcpStream::connect(rig.at(Tcp)).await.unwrap();
    write(&mut slow, &message("whole")).await;
    rig.message().await;
    // Octets that come now and then do not move the end.
    let drops = async {
        for octet in message("drops").iter().take(20).cycle() {
            // A line without end: the message never completes. It may be closed by now.
            let _ = slow.write_all(&[*octet]).await;
            tokio::time::sleep(SHORT / 20).await;
        }
    };
    tokio::select! {
        () = drops => unreachable!("a cycle has no end"),
        lost = rig.lost() => assert!(lost.why.contains("in time"), "{lost:?}"),
    }
    expect_end(&mut slow).await;
}

#[tokio::test]
async fn our_pings_go_out_and_a_peer_that_stops_answering_is_left() {
    let trunk = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peer = Peer::tcp(trunk.local_addr().unwrap());
    let mut rig = Rig::new(Options {
        limits: WireLimits {
            pong_within: SHORT,
            ..WireLimits::default()
        },
        paths: vec![Path {
            trunk: "pbx".to_owned(),
            peers: vec![peer],
            tls: None,
            keep_alive: Some(SHORT / 4),
        }],
        ..Options::default()
    });
    rig.send(peer, &message("x"));
    let (mut stream, _) = soon("a connection", trunk.accept()).await.unwrap();
    expect(&mut stream, &message("x")).await;
    for _ in 0..3 {
        expect(&mut stream, b"\r\n\r\n").await;
        write(&mut stream, b"\r\n").await;
    }
    let lost = rig.lost().await;
    assert!(lost.why.contains("keep-alive was not answered"), "{lost:?}");
    expect_end(&mut stream).await;
}

#[tokio::test]
async fn an_idle_connection_goes_and_a_needed_one_stays() {
    let mut rig = Rig::limited(WireLimits {
        idle: SHORT,
        ..WireLimits::default()
    });
    let mut needed = TcpStream::connect(rig.at(Tcp)).await.unwrap();
    write(&mut needed, &message("a")).await;
    let (kept, _) = rig.message().await;
    rig.wire.hold(|peer| *peer == kept);
    let mut unused = TcpStream::connect(rig.at(Tcp)).await.unwrap();
    write(&mut unused, &message("b")).await;
    let (gone, _) = rig.message().await;
    let lost = rig.lost().await;
    assert_eq!((lost.peer, lost.is_trouble), (gone, false), "{lost:?}");
    expect_end(&mut unused).await;
    rig.send(kept, &message("still there"));
    expect(&mut needed, &message("still there")).await;
    rig.wire.hold(|_| false);
    assert_eq!(rig.lost().await.peer, kept);
    let mut rest = Vec::new();
    needed.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty());
}
