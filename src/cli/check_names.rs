//! The part of `carillon check` that looks up where trunks and agents' phones are.

use super::check::Finding;
use carillon_live::config::{AgentPhone, Config};
use carillon_live::locate::{
    LocateError, Located, Locator, LocatorConfig, Query, Reach, TtlLimits,
};

/// A locator that asks as the node would.
pub(super) fn locator(config: &Config) -> Locator {
    Locator::new(LocatorConfig {
        servers: config.sip.dns.clone(),
        reach: Reach::of(&config.sip),
        limits: TtlLimits::default(),
    })
}

/// One finding for each trunk and each agent's phone that is named, not numbered: the records
/// followed and the targets found, or why there are none.
pub(super) async fn names(config: &Config, locator: &Locator) -> Vec<Finding> {
    let trunks = config
        .trunks
        .iter()
        .map(|t| (format!("trunk {} in DNS", t.engine.name), t.query.clone()));
    let phones = config.agents.iter().filter_map(|agent| match &agent.phone {
        AgentPhone::Uri(uri) => {
            let what = format!("phone of {} in DNS", agent.engine.name);
            Some((what, Query::of_uri(uri)?))
        }
        AgentPhone::Registered(_) => None,
    });
    let mut findings = Vec::new();
    for (what, query) in trunks.chain(phones) {
        // Addresses have nothing to look up; whether a listener speaks what they need still counts.
        let result = locator.locate(&query).await;
        if query.address().is_none() || result.is_err() {
            findings.push(describe(&what, &query, result));
        }
    }
    findings
}

fn describe(what: &str, query: &Query, result: Result<Located, LocateError>) -> Finding {
    match result {
        Ok(located) => {
            let target = |t: &carillon_live::locate::Target| match (t.priority, t.weight) {
                (0, 0) => t.peer.to_string(),
                (priority, weight) => format!("{} ({priority}/{weight})", t.peer),
            };
            let targets: Vec<String> = located.targets.iter().map(target).collect();
            let found = format!(
                "{query} leads to {} by {}",
                targets.join(", "),
                located.trail.join("; ")
            );
            match located.gap {
                None => Finding::good(what, found),
                Some(gap) => Finding::warning(
                    what,
                    format!("{found}, but DNS left questions open: {gap}"),
                    "use a name server that answers NAPTR and SRV: [sip] dns",
                ),
            }
        }
        Err(error) => {
            // The text ends with what to do.
            let text = error.to_string();
            let (found, remedy) = text.rsplit_once("; ").unwrap_or((&text, ""));
            Finding::fault(what, found, remedy)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[tokio::test]
    async fn a_name_nobody_answers_for_is_a_fault_with_a_remedy() {
        // A port nobody listens on: the system says so at once.
        let closed = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = closed.local_addr().unwrap().port();
        drop(closed);
        let text = format!(
            "[sip]\nbind = \"127.0.0.1:0\"\ndns = [\"127.0.0.1:{port}\"]\n[[trunk]]\nname = \"a\"\n\
             address = \"sip.carrier.example\"\nchannels = 1\ncalls_per_second = 1\n\
             [[trunk]]\nname = \"b\"\naddress = \"127.0.0.1:5070\"\nchannels = 1\n\
             calls_per_second = 1\n"
        );
        let config = Config::parse(Path::new("carillon.toml"), &text).unwrap();
        let findings = names(&config, &locator(&config)).await;
        assert_eq!(findings.len(), 1, "addresses are not looked up");
        assert_eq!(findings[0].state, "fault");
        assert!(
            findings[0].found.contains("sip.carrier.example"),
            "{findings:?}"
        );
        assert!(findings[0].remedy.contains("[sip] dns"), "{findings:?}");
    }
}
