//! The part of `carillon check` that asks each trunk whether it is there (OPTIONS).

use super::check::Finding;
use super::check_names;
use super::error::CliError;
use super::offline::block_on;
use carillon_live::config::{Config, TrunkSettings, new_token};
use carillon_live::locate::{Locator, Target};
use carillon_live::{Asked, NodeClock};
use carillon_sip::{Endpoint, EndpointConfig, Event, Peer, TransportKind};
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// How long an answer is waited for: four retransmissions of RFC 3261 timer E.
const PATIENCE: Duration = Duration::from_secs(4);

/// One finding a trunk; all are asked at once.
pub(super) fn check_trunks(config: &Config) -> Vec<Finding> {
    let locator = check_names::locator(config);
    std::thread::scope(|scope| {
        let asked: Vec<_> = config
            .trunks
            .iter()
            .map(|trunk| (trunk, scope.spawn(|| ask(config, &locator, trunk))))
            .collect();
        let finding =
            |(trunk, answer): (&TrunkSettings, std::thread::ScopedJoinHandle<'_, Answer>)| {
                let answer = answer
                    .join()
                    .unwrap_or(Answer::Failed("the check itself failed".to_owned()));
                describe(trunk, answer)
            };
        asked.into_iter().map(finding).collect()
    })
}

/// What came of asking.
enum Answer {
    NotAsked,
    Status(SocketAddr, u16),
    Silent(SocketAddr),
    NoConnection(SocketAddr, String),
    Unresolved(String),
    Failed(String),
}

fn describe(trunk: &TrunkSettings, answer: Answer) -> Finding {
    let what = format!("trunk {}", trunk.engine.name);
    match answer {
        Answer::NotAsked => Finding::good(&what, "not asked (options = false)"),
        Answer::Status(address, code) if trunk.profile.options_accept.accepts(code) => {
            Finding::good(&what, format!("{address} answers OPTIONS with {code}"))
        }
        Answer::Status(address, code) => Finding::fault(
            &what,
            format!(
                "{address} answers OPTIONS with {code}, which profile {} takes for down",
                trunk.profile.name
            ),
            "ask the carrier, or choose a profile whose options_accept has this code",
        ),
        Answer::Silent(address) => Finding::fault(
            &what,
            format!(
                "{address} does not answer OPTIONS within {} s",
                PATIENCE.as_secs()
            ),
            "check address, firewall, and that the carrier knows this machine's address and port; \
             a carrier that never answers OPTIONS needs options = false",
        ),
        Answer::NoConnection(address, why) => Finding::fault(
            &what,
            format!(
                "no connection to {}:{address}: {why}",
                trunk.transport.param()
            ),
            "check `transport`, `address` and the far side's firewall",
        ),
        Answer::Unresolved(why) => Finding::fault(
            &what,
            format!("{} has no address: {why}", trunk.host),
            "check `address` and this machine's name service",
        ),
        Answer::Failed(why) => Finding::fault(&what, why, "check [sip] bind and the network"),
    }
}

fn ask(config: &Config, locator: &Locator, trunk: &TrunkSettings) -> Answer {
    if !trunk.options {
        return Answer::NotAsked;
    }
    let located = block_on(async { Ok(locator.locate(&trunk.query).await) });
    let target = match located {
        Ok(Ok(located)) => located.targets.into_iter().min_by_key(Target::rank),
        Ok(Err(error)) => return Answer::Unresolved(error.to_string()),
        Err(error) => return Answer::Failed(error.to_string()),
    };
    let Some(Target { peer, .. }) = target else {
        return Answer::Unresolved("no target".to_owned());
    };
    if peer.transport != TransportKind::Udp {
        return ask_stream(config, trunk, peer);
    }
    let address = peer.address;
    match exchange(config, trunk, address) {
        Ok(Some(code)) => Answer::Status(address, code),
        Ok(None) => Answer::Silent(address),
        // The far port is closed: as good as silence, and the remedy is the same.
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Answer::Silent(address),
        Err(error) => Answer::Failed(error.to_string()),
    }
}

/// The same over TCP or TLS.
fn ask_stream(config: &Config, trunk: &TrunkSettings, target: Peer) -> Answer {
    let address = target.address;
    let asked = block_on(async {
        let asked = carillon_live::ask_trunk(config, trunk, target, PATIENCE).await;
        asked.map_err(CliError::from)
    });
    match asked {
        Ok(Asked::Status(code)) => Answer::Status(address, code),
        Ok(Asked::Silent) => Answer::Silent(address),
        Ok(Asked::NoConnection(why)) => Answer::NoConnection(address, why),
        Err(error) => Answer::Failed(error.to_string()),
    }
}

/// Sends OPTIONS and waits; the final status, if one came.
fn exchange(
    config: &Config,
    trunk: &TrunkSettings,
    address: SocketAddr,
) -> io::Result<Option<u16>> {
    // The carrier may know us by our port; a running node holds it.
    let family = |bind: &&SocketAddr| bind.is_ipv4() == address.is_ipv4();
    let bind = config.sip.bind.iter().find(family).copied();
    let bind = bind.ok_or_else(|| io::Error::other("[sip] bind has no address of this family"))?;
    let socket =
        UdpSocket::bind(bind).or_else(|_| UdpSocket::bind(SocketAddr::new(bind.ip(), 0)))?;
    // Connected, so that the system tells the local address and of a closed port.
    socket.connect(address)?;
    let seed = new_token().map_err(io::Error::other)?;
    let mut octets = [0; 32];
    octets.copy_from_slice(&seed.as_bytes()[..32]);
    let mut settings = EndpointConfig::new(socket.local_addr()?, octets);
    settings.listeners[0].advertised = config.sip.external_for(bind.is_ipv4()).cloned();
    settings.user_agent.clone_from(&config.sip.user_agent);
    let mut endpoint = Endpoint::new(settings);
    let clock = NodeClock::start();
    let begin = clock.instant();
    let host = match trunk.host.parse::<IpAddr>() {
        Ok(IpAddr::V6(ip)) => format!("[{ip}]"),
        _ => trunk.host.clone(),
    };
    let uri = format!("sip:{host}:{}", trunk.port);
    endpoint
        .options(begin, &uri, address)
        .map_err(io::Error::other)?;
    let mut datagram = vec![0; 65_535];
    loop {
        while let Some(transmit) = endpoint.poll_transmit() {
            socket.send(&transmit.bytes)?;
        }
        while let Some(event) = endpoint.poll_event() {
            if let Event::OptionsReply {
                code, timed_out, ..
            } = event
            {
                return Ok((!timed_out).then_some(code));
            }
        }
        let now = clock.instant();
        let Some(left) = (begin + PATIENCE)
            .checked_duration_since(now)
            .filter(|d| !d.is_zero())
        else {
            return Ok(None);
        };
        socket.set_read_timeout(Some(wait(endpoint.next_timeout(), now).min(left)))?;
        match socket.recv(&mut datagram) {
            Ok(length) => endpoint.receive(clock.instant(), address, &datagram[..length]),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                ) => {}
            Err(error) => return Err(error),
        }
        endpoint.handle_timeout(clock.instant());
    }
}

/// Time until a timer is due, at least a millisecond: zero would wait for ever.
fn wait(due: Option<Instant>, now: Instant) -> Duration {
    let until = due.map_or(PATIENCE, |due| due.saturating_duration_since(now));
    until.max(Duration::from_millis(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn config(port: u16, lines: &str) -> Config {
        let text = format!(
            "[sip]\nbind = \"127.0.0.1:0\"\n[[trunk]]\nname = \"a\"\naddress = \"127.0.0.1:{port}\"\n\
             channels = 1\ncalls_per_second = 1\n{lines}"
        );
        Config::parse(Path::new("carillon.toml"), &text).unwrap()
    }

    /// Answers one request with this status line and the headers every answer copies.
    fn answering(status: &'static str) -> u16 {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let mut bytes = vec![0; 4096];
            let (length, from) = socket.recv_from(&mut bytes).unwrap();
            let request = String::from_utf8_lossy(&bytes[..length]).into_owned();
            let copied = request.lines().filter(|line| {
                ["Via:", "From:", "To:", "Call-ID:", "CSeq:"]
                    .iter()
                    .any(|name| line.starts_with(name))
            });
            let copied: String = copied.map(|line| format!("{line}\r\n")).collect();
            let answer = format!("SIP/2.0 {status}\r\n{copied}Content-Length: 0\r\n\r\n");
            socket.send_to(answer.as_bytes(), from).unwrap();
        });
        port
    }

    #[test]
    fn a_trunk_that_answers_is_good_as_its_profile_says() {
        let ask = |status, lines| check_trunks(&config(answering(status), lines)).remove(0);
        let good = ask("404 Not Found", "");
        assert_eq!(
            (good.state, good.found.contains("OPTIONS with 404")),
            ("ok", true),
            "{good:?}"
        );
        let bad = ask("404 Not Found", "profile = \"freeswitch\"\n");
        assert_eq!(bad.state, "fault");
        assert!(bad.remedy.contains("options_accept"), "{bad:?}");
        assert_eq!(ask("503 Service Unavailable", "").state, "fault");
    }

    #[test]
    fn a_closed_port_is_a_fault_and_an_unasked_trunk_is_not() {
        let free = UdpSocket::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let silent = check_trunks(&config(free, "")).remove(0);
        assert!(
            silent.state == "fault" && silent.found.contains("does not answer"),
            "{silent:?}"
        );
        assert_eq!(
            check_trunks(&config(free, "options = false\n"))
                .remove(0)
                .state,
            "ok"
        );
    }
}
