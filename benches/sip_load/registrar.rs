//! The registrar under load: SIPp registers phones with digest at a fixed rate.

use crate::peers::Peer;
use crate::{Load, thread_cpu};
use carillon_sip::digest::Algorithm;
use carillon_sip::{Endpoint, EndpointConfig, Network, RegistrarConfig, Secret, User};
use std::fmt::Write as _;
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Users that register, over and over.
const USERS: u32 = 5_000;

/// Runs the part and prints its figures; true when nothing failed.
pub fn run(load: &Load) -> Result<bool, String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let mut users = "SEQUENTIAL\n".to_owned();
    for n in 0..USERS {
        let _ = writeln!(users, "u{n};[authentication username=u{n} password=load]");
    }
    let file = folder.path().join("users.csv");
    std::fs::write(&file, users).map_err(|e| e.to_string())?;
    let socket = UdpSocket::bind("127.0.0.1:22900").map_err(|e| e.to_string())?;
    let stop = Arc::new(AtomicBool::new(false));
    let serving = {
        let stop = stop.clone();
        std::thread::spawn(move || serve(&socket, &stop))
    };
    let calls = u64::from(load.registers) * load.length.as_secs();
    let arguments = [
        "127.0.0.1:22900".to_owned(),
        "-inf".to_owned(),
        file.display().to_string(),
        "-r".to_owned(),
        load.registers.to_string(),
        "-m".to_owned(),
        calls.to_string(),
    ];
    let peer = Peer::start(50, "register.xml", &arguments, folder.path())?;
    let counted = peer.wait(load.length + Duration::from_secs(60));
    stop.store(true, Ordering::Relaxed);
    let (endpoint, cpu) = serving.join().map_err(|_| "the registrar panicked")?;
    let counters = endpoint.counters();
    println!(
        "registrar: {} of {calls} phones registered, {} failed, {} repeated by them; {} REGISTER \
         received, {} challenges, {} refused; {:.1} µs CPU a phone (two REGISTER and sockets), \
         {} bindings held",
        counted.good,
        counted.failed,
        counted.repeated,
        counters.requests_received,
        counters.challenges_sent,
        counters.auth_failures,
        cpu.as_secs_f64() * 1e6 / counted.good.max(1) as f64,
        endpoint.held().bindings,
    );
    Ok(counted.good == calls && counted.failed == 0)
}

fn serve(socket: &UdpSocket, stop: &AtomicBool) -> (Endpoint, Duration) {
    let local = socket.local_addr().expect("it is bound");
    let mut config = EndpointConfig::new(local, [3; 32]);
    let users = (0..USERS).map(|n| User {
        name: format!("u{n}"),
        secret: Secret::Password("load".to_owned()),
    });
    let mut registrar = RegistrarConfig::new("127.0.0.1", users.collect());
    // SIPp 3.6 answers nothing else.
    registrar.algorithms = vec![Algorithm::Md5];
    config.registrar = Some(registrar);
    let loopback: Network = "127.0.0.0/8".parse().expect("a network");
    config.limits.sources.requests_per_second = 1_000_000;
    config.limits.sources.burst = 1_000_000;
    config.policy = config.policy.allow_source(loopback);
    let mut endpoint = Endpoint::new(config);
    let _ = socket.set_read_timeout(Some(Duration::from_millis(5)));
    let (mut buffer, start) = ([0_u8; 65_535], thread_cpu());
    while !stop.load(Ordering::Relaxed) {
        if let Ok((length, from)) = socket.recv_from(&mut buffer) {
            endpoint.receive(Instant::now(), from, &buffer[..length]);
        }
        if endpoint
            .next_timeout()
            .is_some_and(|at| at <= Instant::now())
        {
            endpoint.handle_timeout(Instant::now());
        }
        while let Some(transmit) = endpoint.poll_transmit() {
            let _ = socket.send_to(&transmit.bytes, transmit.to.address);
        }
        while endpoint.poll_event().is_some() {}
    }
    (endpoint, thread_cpu() - start)
}
