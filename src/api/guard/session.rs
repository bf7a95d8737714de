//! Agents' sessions: a random token in a cookie that scripts cannot read.

use super::token::digest;
use axum::http::{HeaderMap, header};
use carillon_decision::id::AgentId;
use carillon_decision::time::Mono;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::watch;

/// Name of the cookie.
pub(crate) const COOKIE: &str = "carillon_agent";
/// A session ends after a long shift at the latest.
pub(crate) const LIFETIME: Duration = Duration::from_secs(12 * 3600);

/// A signed-in agent.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub agent: AgentId,
    /// Login name.
    pub name: String,
    pub expires: Mono,
    /// Closed when the session ends.
    pub alive: watch::Receiver<()>,
}

struct Entry {
    key: [u8; 32],
    session: Session,
    /// Dropped with the entry: streams of the session then end.
    _alive: watch::Sender<()>,
}

/// Sessions by agent: signing in again ends the earlier one, so there is never more than one
/// for each agent. Tokens are kept as digests only.
#[derive(Default)]
pub(crate) struct Sessions {
    by_agent: BTreeMap<AgentId, Entry>,
}

impl Sessions {
    /// Opens a session and returns its token.
    pub fn open(&mut self, agent: AgentId, name: &str, random: [u8; 32], now: Mono) -> String {
        let token: String = random.iter().map(|b| format!("{b:02x}")).collect();
        let (alive, watcher) = watch::channel(());
        let session = Session {
            agent,
            name: name.to_owned(),
            expires: now + LIFETIME,
            alive: watcher,
        };
        let entry = Entry {
            key: digest(&token),
            session,
            _alive: alive,
        };
        self.by_agent.insert(agent, entry);
        token
    }

    /// The session of that token, if it has not ended.
    pub fn find(&mut self, token: &str, now: Mono) -> Option<Session> {
        self.by_agent.retain(|_, e| now < e.session.expires);
        let key = digest(token);
        self.by_agent
            .values()
            .find(|e| e.key == key)
            .map(|e| e.session.clone())
    }

    /// Ends the agent's session.
    pub fn close(&mut self, agent: AgentId) {
        self.by_agent.remove(&agent);
    }
}

/// The session token among a request's cookies.
pub(crate) fn cookie_of(headers: &HeaderMap) -> Option<String> {
    named_cookie(headers, COOKIE)
}

/// The cookie of that name.
pub(super) fn named_cookie(headers: &HeaderMap, wanted: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == wanted)
        .map(|(_, value)| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_by_time_by_closing_and_by_signing_in_again() {
        let mut sessions = Sessions::default();
        let now = Mono::from_secs(1);
        let first = sessions.open(AgentId(1), "amy", [1; 32], now);
        let held = sessions.find(&first, now).expect("open");
        let second = sessions.open(AgentId(1), "amy", [2; 32], now);
        assert!(sessions.find(&first, now).is_none() && held.alive.has_changed().is_err());
        assert!(sessions.find(&second, now + LIFETIME).is_none());
        let third = sessions.open(AgentId(1), "amy", [3; 32], now);
        sessions.close(AgentId(1));
        assert!(sessions.find(&third, now).is_none());
    }
}
