//! SIP messages for readers who may not see whole numbers.

use crate::port::{ExplainStep, Explanation, SIP_TOPIC};
use std::net::Ipv4Addr;

/// Fewest digits that are taken for a telephone number: subscriber numbers without a prefix.
const DIGITS_MIN: usize = 7;
/// Digits left at the end, and at most so many at the beginning.
const SHOWN: usize = 4;
/// Digits hidden at least.
const HIDDEN_MIN: usize = 3;

/// Masks the numbers in the SIP messages of an explanation; all else is masked already.
pub(crate) fn mask_messages(told: &mut Explanation) {
    for ExplainStep { topic, detail, .. } in &mut told.steps {
        if topic == SIP_TOPIC {
            // Time and peer stand before the message; milliseconds are no telephone number.
            *detail = match detail.split_once(": ") {
                Some((head, message)) => format!("{head}: {}", masked(message)),
                None => masked(detail),
            };
        }
    }
}

/// The text with the middle of each telephone number left out. Separators inside a number
/// (RFC 3966 §5.1.1) are part of it; IPv4 addresses stay.
fn masked(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, run) = rest.split_at(start);
        out.push_str(before);
        let end = run.find(|c: char| !(c.is_ascii_digit() || "-.()".contains(c)));
        let run = run[..end.unwrap_or(run.len())].trim_end_matches(['-', '.', '(', ')']);
        rest = &rest[start + run.len()..];
        let digits: String = run.chars().filter(char::is_ascii_digit).collect();
        if digits.len() < DIGITS_MIN || run.parse::<Ipv4Addr>().is_ok() {
            out.push_str(run);
        } else {
            let head = SHOWN.min(digits.len() - SHOWN - HIDDEN_MIN);
            let tail = digits.len() - SHOWN;
            out.push_str(&format!("{}***{}", &digits[..head], &digits[tail..]));
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::Verdict;

    #[test]
    fn numbers_are_masked_in_every_form_and_addresses_stay() {
        for (text, shown) in [
            (
                "INVITE sip:+12125550108@192.0.2.10:15060 (sdp)",
                "INVITE sip:+1212***0108@192.0.2.10:15060 (sdp)",
            ),
            (
                "INVITE sip:9%23442079460018@192.168.100.200;user=phone",
                "INVITE sip:9%2344***0018@192.168.100.200;user=phone",
            ),
            ("INVITE tel:+1-212-555-0108", "INVITE tel:+1212***0108"),
            ("INVITE tel:+1(212)555.0108", "INVITE tel:+1212***0108"),
            ("BYE sip:5550108@h", "BYE sip:***0108@h"),
            (
                "404 2125550108 is unassigned",
                "404 212***0108 is unassigned",
            ),
            (
                "SUBSCRIBE sip:1001@[2001:db8::1234]",
                "SUBSCRIBE sip:1001@[2001:db8::1234]",
            ),
            ("486 Busy Here", "486 Busy Here"),
            ("not SIP, 4 octets é", "not SIP, 4 octets é"),
        ] {
            assert_eq!(masked(text), shown);
        }
    }

    #[test]
    fn time_and_peer_of_a_message_stay() {
        let step = |topic: &str, detail: &str| ExplainStep {
            topic: topic.to_owned(),
            verdict: Verdict::Fact,
            detail: detail.to_owned(),
        };
        let mut told = Explanation {
            steps: vec![
                step(
                    SIP_TOPIC,
                    "3600123 ms sent to [::1]:5060: BYE sip:+12125550108@h",
                ),
                step("decision", "number 12345678"),
            ],
            ..Explanation::default()
        };
        mask_messages(&mut told);
        let details: Vec<&str> = told.steps.iter().map(|s| s.detail.as_str()).collect();
        assert_eq!(
            details,
            [
                "3600123 ms sent to [::1]:5060: BYE sip:+1212***0108@h",
                "number 12345678"
            ]
        );
    }
}
