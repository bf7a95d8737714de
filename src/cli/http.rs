//! Talking to the running node.

use super::error::CliError;
use carillon_live::config::{Config, Secret};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

/// The API of the node a configuration describes.
pub struct Node {
    agent: ureq::Agent,
    base: String,
    token: Option<Secret>,
}

/// Body of the node's refusals.
#[derive(serde::Deserialize)]
struct Refusal {
    code: String,
    message: String,
    remedy: String,
}

impl Node {
    /// The node of this configuration; nothing is sent yet.
    pub fn of(config: &Config) -> Self {
        let agent = ureq::Agent::config_builder()
            // A test call may ring for a while; everything else answers within seconds.
            .timeout_global(Some(Duration::from_secs(120)))
            .timeout_connect(Some(Duration::from_secs(3)))
            .http_status_as_error(false)
            .proxy(None)
            .build()
            .new_agent();
        Self {
            agent,
            base: format!("http://{}", reachable(config.web.bind)),
            token: config.web.supervisor_token.clone(),
        }
    }

    /// Reads a path.
    ///
    /// # Errors
    /// No node answers, or it refuses.
    pub fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, CliError> {
        let mut request = self.agent.get(format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {}", token.expose()));
        }
        self.answer(request.call())
    }

    /// Asks for a change.
    ///
    /// # Errors
    /// No node answers, it refuses, or the configuration holds no token.
    pub fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, CliError> {
        let Some(token) = &self.token else {
            return Err(CliError::Usage(
                "changes need the supervisor's token: set [web] supervisor_token in the \
                 configuration, for the node and for this command"
                    .to_owned(),
            ));
        };
        let request = self
            .agent
            .post(format!("{}{path}", self.base))
            .header("Authorization", format!("Bearer {}", token.expose()));
        self.answer(request.send_json(body))
    }

    /// Reads what a path gives, octet for octet and as long as it comes.
    ///
    /// # Errors
    /// As [`Node::get`].
    pub fn download(&self, path: &str) -> Result<impl std::io::Read + use<>, CliError> {
        let request = self.agent.get(format!("{}{path}", self.base));
        // A capture lasts as long as it was asked for.
        let mut request = request.config().timeout_global(None).build();
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {}", token.expose()));
        }
        let response = request.call().map_err(|error| self.unreachable(&error))?;
        match response.status().is_success() {
            true => Ok(response.into_body().into_reader()),
            false => Err(self.refused(response)),
        }
    }

    fn answer<T: DeserializeOwned>(
        &self,
        result: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<T, CliError> {
        let mut response = result.map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        if status.is_success() {
            return response.body_mut().read_json().map_err(|error| {
                CliError::Failed(format!(
                    "the node at {} answers something unexpected ({error}); is it Carillon, and of \
                     this version?",
                    self.base
                ))
            });
        }
        Err(self.refused(response))
    }

    fn refused(&self, mut response: ureq::http::Response<ureq::Body>) -> CliError {
        let status = response.status();
        CliError::Failed(match response.body_mut().read_json::<Refusal>() {
            Ok(refusal) => format!("{}: {}; {}", refusal.code, refusal.message, refusal.remedy),
            Err(_) => format!(
                "{} answers {status}; another program may hold that port",
                self.base
            ),
        })
    }

    fn unreachable(&self, error: &ureq::Error) -> CliError {
        match error {
            ureq::Error::Io(_) | ureq::Error::ConnectionFailed | ureq::Error::HostNotFound => {
                CliError::NoNode(format!(
                    "no node answers at {} ([web] bind); start it with `carillon serve`",
                    self.base
                ))
            }
            ureq::Error::Timeout(_) => CliError::Failed(format!(
                "the node at {} does not answer in time; see its log, or try again",
                self.base
            )),
            other => CliError::Failed(format!(
                "talking to the node at {} failed: {other}",
                self.base
            )),
        }
    }
}

/// An address to connect to for one that was bound: the wildcard is reached on this machine.
fn reachable(bind: SocketAddr) -> SocketAddr {
    let ip = match bind.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, bind.port())
}

/// A text as one part of a path or a query (RFC 3986 §2.3).
pub fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_octet_for_octet() {
        assert_eq!(escaped("gold list/2 é"), "gold%20list%2F2%20%C3%A9");
    }

    #[test]
    fn a_wildcard_is_reached_on_this_machine() {
        assert_eq!(
            reachable("0.0.0.0:80".parse().unwrap()).to_string(),
            "127.0.0.1:80"
        );
        assert_eq!(
            reachable("[::]:80".parse().unwrap()).to_string(),
            "[::1]:80"
        );
    }
}
