//! A far end that sends octets as the test wants them, for what SIPp cannot write: garbage,
//! messages in pieces, several in one segment.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

/// Longest wait for a message. Only a failing test ever takes it.
const PATIENCE: Duration = Duration::from_secs(120);

/// What goes wrong in a script, in words.
pub type Fault = String;

/// A carrier of one call.
pub struct RawPeer {
    wire: Wire,
    address: SocketAddr,
    /// Octets of the stream not read as messages yet.
    rest: Vec<u8>,
}

enum Wire {
    Udp(UdpSocket, Option<SocketAddr>),
    Tcp(TcpListener, Option<TcpStream>),
}

impl RawPeer {
    /// Listens for datagrams.
    pub fn udp(port: u16) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).expect("a free port");
        socket
            .set_read_timeout(Some(PATIENCE))
            .expect("a socket takes a timeout");
        Self::over(Wire::Udp(socket, None), port)
    }

    /// Listens for a connection.
    pub fn tcp(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("a free port");
        Self::over(Wire::Tcp(listener, None), port)
    }

    fn over(wire: Wire, port: u16) -> Self {
        Self {
            wire,
            address: (Ipv4Addr::LOCALHOST, port).into(),
            rest: Vec::new(),
        }
    }

    /// The next message, which must begin like this; repetitions of the one before are not
    /// passed over.
    pub fn receive(&mut self, begins: &str) -> Result<String, Fault> {
        let text = match &self.wire {
            Wire::Udp(..) => self.datagram(),
            Wire::Tcp(..) => self.read_stream(),
        }
        .map_err(|error| format!("no {begins}: {error}"))?;
        if text.starts_with(begins) {
            return Ok(text);
        }
        Err(format!("instead of {begins} came:\n{text}"))
    }

    /// Waits for the far side to close the connection.
    pub fn closed(&mut self) -> Result<(), Fault> {
        let mut more = [0; 1024];
        match self.stream().and_then(|mut stream| stream.read(&mut more)) {
            Ok(0) => Ok(()),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(()),
            Ok(n) => Err(format!(
                "not closed: {:?}",
                String::from_utf8_lossy(&more[..n])
            )),
            Err(error) => Err(format!("not closed: {error}")),
        }
    }

    /// Opens a connection of its own to where `invite` came from.
    pub fn call_back(&mut self, invite: &str) -> Result<(), Fault> {
        let contact = header(invite, "Contact").unwrap_or_default();
        let host = contact.split(['@', '>', ';']).nth(1).unwrap_or_default();
        let opened = TcpStream::connect(host).and_then(|stream| {
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            Ok(stream)
        });
        let opened = opened.map_err(|error| format!("no connection to {host}: {error}"))?;
        if let Wire::Tcp(_, stream) = &mut self.wire {
            *stream = Some(opened);
        }
        self.rest.clear();
        Ok(())
    }

    /// Sends octets: one datagram, or one write.
    pub fn send(&mut self, octets: impl AsRef<[u8]>) -> Result<(), Fault> {
        let octets = octets.as_ref();
        let sent = match &self.wire {
            Wire::Udp(socket, Some(to)) => socket.send_to(octets, *to).map(drop),
            Wire::Udp(_, None) => Err(ErrorKind::NotConnected.into()),
            Wire::Tcp(..) => self
                .stream()
                .and_then(|mut stream| stream.write_all(octets)),
        };
        sent.map_err(|error| format!("not sent: {error}"))
    }

    /// Sends each octet in a segment of its own.
    pub fn send_octet_by_octet(&mut self, octets: impl AsRef<[u8]>) -> Result<(), Fault> {
        octets
            .as_ref()
            .iter()
            .try_for_each(|octet| self.send([*octet]))
    }

    fn datagram(&mut self) -> std::io::Result<String> {
        let Wire::Udp(socket, far) = &mut self.wire else {
            return Err(ErrorKind::Unsupported.into());
        };
        let mut buffer = vec![0; 65_536];
        let (length, from) = socket.recv_from(&mut buffer)?;
        *far = Some(from);
        Ok(String::from_utf8_lossy(&buffer[..length]).into_owned())
    }

    fn stream(&mut self) -> std::io::Result<&TcpStream> {
        let Wire::Tcp(listener, stream) = &mut self.wire else {
            return Err(ErrorKind::Unsupported.into());
        };
        if stream.is_none() {
            let (accepted, _) = listener.accept()?;
            accepted.set_nodelay(true)?;
            accepted.set_read_timeout(Some(PATIENCE))?;
            *stream = Some(accepted);
        }
        stream
            .as_ref()
            .ok_or_else(|| ErrorKind::NotConnected.into())
    }

    /// One message of the stream, as its Content-Length says.
    fn read_stream(&mut self) -> std::io::Result<String> {
        loop {
            // Keep-alives between messages (RFC 5626 §3.5.1).
            while self.rest.starts_with(b"\r\n") {
                self.rest.drain(..2);
            }
            if let Some(length) = whole(&self.rest) {
                let message: Vec<u8> = self.rest.drain(..length).collect();
                return Ok(String::from_utf8_lossy(&message).into_owned());
            }
            let mut more = [0; 4096];
            let read = self.stream()?.read(&mut more)?;
            if read == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            self.rest.extend_from_slice(&more[..read]);
        }
    }

    /// A response to `request`, from a callee of that tag; a 200 to an INVITE has a session.
    pub fn response(&self, request: &str, status: &str, tag: &str) -> String {
        let line = |name: &str| header(request, name).unwrap_or_default();
        let to = line("To");
        let to = match to.contains(";tag=") {
            true => to.to_owned(),
            false => format!("{to};tag={tag}"),
        };
        let body = match request.starts_with("INVITE") && status.starts_with("200") {
            true => self.session(),
            false => String::new(),
        };
        let kind = match body.is_empty() {
            true => "",
            false => "Content-Type: application/sdp\r\n",
        };
        format!(
            "SIP/2.0 {status}\r\nVia: {}\r\nFrom: {}\r\nTo: {to}\r\nCall-ID: {}\r\nCSeq: {}\r\n\
             Contact: <sip:{}{}>\r\n{kind}Content-Length: {}\r\n\r\n{body}",
            line("Via"),
            line("From"),
            line("Call-ID"),
            line("CSeq"),
            self.address,
            self.parameter(),
            body.len(),
        )
    }

    /// A request of the callee's within the call that `invite` began.
    pub fn request(&self, invite: &str, method: &str, cseq: u32, tag: &str) -> String {
        let line = |name: &str| header(invite, name).unwrap_or_default();
        let target = line("Contact").trim_matches(['<', '>']);
        let token = match self.wire {
            Wire::Udp(..) => "UDP",
            Wire::Tcp(..) => "TCP",
        };
        format!(
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/{token} {};branch=z9hG4bK-{tag}-{cseq}\r\n\
             From: {};tag={tag}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {cseq} {method}\r\n\
             Max-Forwards: 70\r\nContact: <sip:{}{}>\r\nContent-Length: 0\r\n\r\n",
            self.address,
            line("To"),
            line("From"),
            line("Call-ID"),
            self.address,
            self.parameter(),
        )
    }

    fn parameter(&self) -> &'static str {
        match self.wire {
            Wire::Udp(..) => "",
            Wire::Tcp(..) => ";transport=tcp",
        }
    }

    fn session(&self) -> String {
        let ip = self.address.ip();
        // Nobody listens at that port: the call carries no audio of ours.
        format!(
            "v=0\r\no=raw 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
             m=audio 9 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
        )
    }
}

/// Value of the first header line of that name.
pub fn header<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    let head = message.split("\r\n\r\n").next()?;
    head.split("\r\n").skip(1).find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found
            .trim()
            .eq_ignore_ascii_case(name)
            .then(|| value.trim())
    })
}

/// Length of the whole message these octets begin with.
fn whole(octets: &[u8]) -> Option<usize> {
    let head = octets.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&octets[..head]);
    let body: usize = header(&text, "Content-Length")?.parse().ok()?;
    (octets.len() >= head + body).then_some(head + body)
}
