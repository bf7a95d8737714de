//! SIP answers to causes (RFC 3261 §21, RFC 3326, RFC 3398 §8.2.6, RFC 8197, RFC 8688, Q.850).

use super::Profile;
use carillon_decision::call::Cause;
use serde::Serialize;
use std::collections::BTreeMap;

/// Which final answer means what: the built-in table, with a profile's exceptions over it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CauseMap {
    /// SIP code → cause, where this carrier means something else than the table.
    #[serde(serialize_with = "names")]
    pub codes: BTreeMap<u16, Cause>,
    /// Q.850 cause of a Reason header → cause, likewise.
    #[serde(serialize_with = "names")]
    pub q850: BTreeMap<u16, Cause>,
    /// Whether a Q.850 Reason refines what the code says. Some gateways write nonsense there.
    pub ignore_q850: bool,
}

impl Profile {
    /// What a final answer means. `reason` is one Reason header value (RFC 3326): protocol,
    /// cause, text. `timed_out`: timer B fired and nothing was heard, `code` is then ours.
    pub fn cause(
        &self,
        code: u16,
        reason: Option<(&str, Option<u16>, &str)>,
        timed_out: bool,
    ) -> Cause {
        if timed_out {
            return Cause::TrunkFailure;
        }
        // Analytics blocking must say so with 603 and this Reason (47 CFR 64.1200(k)(9),
        // ATIS-1000099); whatever the code, it is the caller ID that is blocked.
        if reason.is_some_and(|(_, _, text)| names_network_block(text)) {
            return Cause::Blocked;
        }
        if let Some(&cause) = self.causes.codes.get(&code) {
            return cause;
        }
        let plain = by_code(code);
        if self.causes.ignore_q850 || !is_vague(code) {
            return plain;
        }
        match reason {
            // 403 with "call rejected" is how gateways write a refusal (RFC 3398 §7.2.4.1).
            Some((_, Some(21), _)) if code == 403 => plain,
            Some((protocol, Some(q850), _)) if protocol.eq_ignore_ascii_case("Q.850") => {
                let own = self.causes.q850.get(&q850).copied();
                own.or_else(|| by_q850(q850)).unwrap_or(plain)
            }
            _ => plain,
        }
    }

    /// What a failed call means, from all its Reason values and its phrase: the first that
    /// says more than the code wins. A failure with `unusable` set reached a person and is
    /// [`Cause::Media`] here.
    pub fn cause_of(&self, failure: &carillon_sip::Failure) -> Cause {
        if failure.unusable {
            return Cause::Media;
        }
        // No connection, and its 503 is ours: like silence, it says nothing of the far side's load.
        let unheard = failure.timed_out || failure.transport_error;
        let plain = match failure.code {
            603 if names_network_block(&failure.phrase) => Cause::Blocked,
            code => self.cause(code, None, unheard),
        };
        failure
            .reasons
            .iter()
            .map(|r| self.cause(failure.code, Some((&r.protocol, r.cause, &r.text)), unheard))
            .find(|&refined| refined != plain)
            .unwrap_or(plain)
    }
}

/// Whether a Reason text or a phrase says that the network blocked the call: "Network
/// Blocked", or the `v=analytics1` parameters that ATIS-1000099 puts into the text.
fn names_network_block(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("network blocked") || text.trim_start().starts_with("v=analytics")
}

/// Codes a Q.850 cause may refine. The others say exactly what they mean, or speak of
/// credentials, media or a wish of the callee that no gateway's cause overrules.
fn is_vague(code: u16) -> bool {
    !matches!(code, 401 | 407 | 486 | 488 | 600 | 603 | 606..=608 | 666)
}

/// The table of `docs/SIP.md`.
fn by_code(code: u16) -> Cause {
    match code {
        486 | 600 => Cause::Busy,
        // 487 answers our own CANCEL after the ring time-out.
        480 | 487 => Cause::NoAnswer,
        404 | 410 | 484 | 485 | 604 => Cause::Disconnected,
        607 | 608 | 666 => Cause::Blocked,
        403 | 433 => Cause::Refused,
        401 | 407 => Cause::TrunkAuth,
        406 | 415 | 488 | 606 => Cause::Media,
        408 => Cause::TrunkFailure,
        // 603, and any other 6xx: no other place may be tried (RFC 3261 §21.6).
        600..=699 => Cause::Declined,
        // Redirections we do not follow and what is left of 4xx and 5xx: this trunk cannot.
        _ => Cause::Congestion,
    }
}

/// What a Q.850 cause says of the person; `None` where it says no more than the SIP code.
fn by_q850(cause: u16) -> Option<Cause> {
    Some(match cause {
        // Unallocated; number changed; invalid format; vacant code.
        1 | 22 | 28 => Cause::Disconnected,
        // No route to the transit network or the destination: the trunk's routing, not the number.
        2 | 3 | 25 => Cause::Congestion,
        17 => Cause::Busy,
        // No user responding; no answer; subscriber absent.
        18..=20 => Cause::NoAnswer,
        21 => Cause::Declined,
        // No circuit, network out of order, temporary failure, switch congestion, channel
        // unavailable, resource unavailable.
        34 | 38 | 41 | 42 | 44 | 47 => Cause::Congestion,
        // Facility not subscribed, outgoing calls barred, bearer not authorized.
        50 | 52 | 57 => Cause::Refused,
        // Bearer not implemented, incompatible destination.
        65 | 70 | 88 => Cause::Media,
        // Recovery on timer expiry.
        102 => Cause::TrunkFailure,
        _ => return None,
    })
}

fn names<S: serde::Serializer>(map: &BTreeMap<u16, Cause>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(map.iter().map(|(code, cause)| (code, cause.name())))
}

#[cfg(test)]
mod tests {
    use super::super::built_in;
    use super::*;

    const ANALYTICS: &str = "v=analytics1;url=https://example.net/redress";

    /// Code, Reason, what it means in every shipped profile.
    type Case = (u16, Option<(&'static str, u16, &'static str)>, Cause);
    const TABLE: [Case; 44] = [
        (486, None, Cause::Busy),
        (600, None, Cause::Busy),
        (480, None, Cause::NoAnswer),
        (487, None, Cause::NoAnswer),
        (408, None, Cause::TrunkFailure),
        (404, None, Cause::Disconnected),
        (410, None, Cause::Disconnected),
        (484, None, Cause::Disconnected),
        (604, None, Cause::Disconnected),
        (603, None, Cause::Declined),
        (607, None, Cause::Blocked),
        (608, None, Cause::Blocked),
        (666, None, Cause::Blocked),
        (403, None, Cause::Refused),
        (401, None, Cause::TrunkAuth),
        (407, None, Cause::TrunkAuth),
        (500, None, Cause::Congestion),
        (502, None, Cause::Congestion),
        (503, None, Cause::Congestion),
        (504, None, Cause::Congestion),
        (580, None, Cause::Congestion),
        (488, None, Cause::Media),
        (606, None, Cause::Media),
        (415, None, Cause::Media),
        (302, None, Cause::Congestion),
        (400, None, Cause::Congestion),
        (683, None, Cause::Declined),
        // Reason refines what the code blurs.
        (480, Some(("Q.850", 17, "")), Cause::Busy),
        (480, Some(("q.850", 1, "")), Cause::Disconnected),
        (480, Some(("Q.850", 21, "")), Cause::Declined),
        (500, Some(("Q.850", 19, "")), Cause::NoAnswer),
        (503, Some(("Q.850", 22, "")), Cause::Disconnected),
        (404, Some(("Q.850", 3, "")), Cause::Congestion),
        (404, Some(("Q.850", 1, "")), Cause::Disconnected),
        (487, Some(("Q.850", 16, "")), Cause::NoAnswer),
        (480, Some(("Q.850", 31, "")), Cause::NoAnswer),
        (480, Some(("SIP", 17, "")), Cause::NoAnswer),
        // It does not overrule what is exact.
        (486, Some(("Q.850", 1, "")), Cause::Busy),
        (603, Some(("Q.850", 21, "")), Cause::Declined),
        (403, Some(("Q.850", 21, "")), Cause::Refused),
        (407, Some(("Q.850", 17, "")), Cause::TrunkAuth),
        // Analytics blocking (603+), whatever code carries it.
        (603, Some(("Q.850", 21, ANALYTICS)), Cause::Blocked),
        (603, Some(("SIP", 603, "Network Blocked")), Cause::Blocked),
        (403, Some(("Q.850", 21, ANALYTICS)), Cause::Blocked),
    ];

    #[test]
    fn every_shipped_profile_keeps_the_table_where_it_overrides_nothing() {
        for name in super::super::names() {
            let profile = built_in(name).unwrap();
            for (code, reason, cause) in TABLE {
                if reason.is_none() && profile.causes.codes.contains_key(&code) {
                    continue;
                }
                let reason = reason.map(|(protocol, q850, text)| (protocol, Some(q850), text));
                assert_eq!(
                    profile.cause(code, reason, false),
                    cause,
                    "{name}: {code} {reason:?}"
                );
            }
        }
    }

    #[test]
    fn profiles_differ_where_they_say() {
        let cause = |name: &str, code, q850: Option<u16>| {
            built_in(name)
                .unwrap()
                .cause(code, q850.map(|c| ("Q.850", Some(c), "")), false)
        };
        assert_eq!(cause("kamailio", 478, None), Cause::TrunkFailure);
        assert_eq!(cause("generic", 478, None), Cause::Congestion);
        assert_eq!(cause("freeswitch", 504, Some(102)), Cause::Congestion);
        assert_eq!(cause("generic", 504, Some(102)), Cause::TrunkFailure);
        assert!(built_in("asterisk").unwrap().options_accept.accepts(404));
        assert!(!built_in("freeswitch").unwrap().options_accept.accepts(404));
        assert!(!built_in("generic").unwrap().options_accept.accepts(503));
    }

    #[test]
    fn nothing_heard_is_trunk_failure_whatever_the_code() {
        let profile = built_in("generic").unwrap();
        assert_eq!(
            profile.cause(480, Some(("Q.850", Some(17), "")), true),
            Cause::TrunkFailure
        );
    }

    #[test]
    fn exceptions_of_a_profile_win() {
        let text = "name = \"x\"\nignore_q850 = true\n[causes]\n480 = \"busy\"\n[q850]\n17 = \"declined\"\n";
        let profile = Profile::parse(std::path::Path::new("x.toml"), text).unwrap();
        assert_eq!(profile.cause(480, None, false), Cause::Busy);
        assert_eq!(
            profile.cause(500, Some(("Q.850", Some(17), "")), false),
            Cause::Congestion
        );
        let text = text.replace("ignore_q850 = true\n", "");
        let profile = Profile::parse(std::path::Path::new("x.toml"), &text).unwrap();
        assert_eq!(
            profile.cause(500, Some(("Q.850", Some(17), "")), false),
            Cause::Declined
        );
    }
}
