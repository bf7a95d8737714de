//! Profiles from their files.

use super::{
    CallerIdHeader, CauseMap, CodecName, EarlyMedia, NumberForm, OptionsAccept, Profile, Reliable,
    RetryAfter, SessionRules, Srtp,
};
use crate::config::ConfigErrors;
use crate::config::document::Document;
use crate::config::section::{Item, Section};
use carillon_decision::call::{Cause, Outcome};
use carillon_sip::TransportKind;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use toml::de::DeValue;

/// A profile's name and its file.
macro_rules! shipped {
    ($($name:literal),+ $(,)?) => {
        [$((
            $name,
            include_str!(concat!("../../../sip-profiles/", $name, ".toml")),
        )),+]
    };
}

/// The profiles built in: name and text.
const BUILT_IN: [(&str, &str); 12] = shipped![
    "generic",
    "asterisk",
    "audiocodes",
    "bandwidth",
    "china_ims",
    "cisco_cube",
    "freeswitch",
    "kamailio",
    "opensips",
    "teams_sbc",
    "telnyx",
    "twilio",
];

/// Names of the built-in profiles.
pub fn names() -> Vec<&'static str> {
    BUILT_IN.iter().map(|(name, _)| *name).collect()
}

/// A built-in profile by name.
pub fn built_in(name: &str) -> Option<Profile> {
    let (name, text) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
    let file = format!("sip-profiles/{name}.toml");
    Some(
        Profile::parse(Path::new(&file), text)
            .expect("built-in profiles are valid: a test reads each"),
    )
}

/// Codecs by name.
pub(crate) const CODECS: [(&str, CodecName); 2] =
    [("pcmu", CodecName::Pcmu), ("pcma", CodecName::Pcma)];
/// Codecs of phones by name.
pub(crate) const PHONE_CODECS: [(&str, CodecName); 4] = [
    ("pcmu", CodecName::Pcmu),
    ("pcma", CodecName::Pcma),
    ("g722", CodecName::G722),
    ("opus", CodecName::Opus),
];
/// Whether audio is secured, by name.
pub(crate) const SRTP: [(&str, Srtp); 3] = [
    ("off", Srtp::Off),
    ("optional", Srtp::Optional),
    ("required", Srtp::Required),
];
/// Caller-ID headers by name.
pub(crate) const CALLER_ID_HEADERS: [(&str, CallerIdHeader); 3] = [
    ("from", CallerIdHeader::From),
    ("p_asserted_identity", CallerIdHeader::PAssertedIdentity),
    ("both", CallerIdHeader::Both),
];

/// Transports by name.
pub(crate) const TRANSPORTS: [(&str, TransportKind); 3] = [
    ("udp", TransportKind::Udp),
    ("tcp", TransportKind::Tcp),
    ("tls", TransportKind::Tls),
];
/// Number forms by name.
pub(crate) const NUMBER_FORMS: [(&str, NumberForm); 3] = [
    ("e164_plus", NumberForm::E164Plus),
    ("e164", NumberForm::E164),
    ("national", NumberForm::National),
];

impl Profile {
    /// A profile from its text; `file` names it in errors.
    ///
    /// # Errors
    /// Every fault found.
    pub fn parse(file: &Path, text: &str) -> Result<Self, ConfigErrors> {
        let doc = Document::new(file, text);
        let table = doc.parse();
        let profile = read(&Section::root(&doc, &table));
        drop(table);
        doc.finish(Some(profile)).map(|(profile, _)| profile)
    }

    /// A profile from the user's own file.
    ///
    /// # Errors
    /// Every fault found.
    pub fn load(file: &Path) -> Result<Self, ConfigErrors> {
        match std::fs::read_to_string(file) {
            Ok(text) => Self::parse(file, &text),
            Err(error) => Err(ConfigErrors::unreadable(file, &error)),
        }
    }
}

fn read(root: &Section<'_>) -> Profile {
    let name = root
        .required("name", "\"my-carrier\"")
        .and_then(|item| item.string());
    let about = root.string("about").unwrap_or_default();
    let mut causes = CauseMap::default();
    if let Some(table) = root.section("causes") {
        causes.codes = read_causes(&table, 300..=699, "a SIP code from 300 to 699");
    }
    if let Some(table) = root.section("q850") {
        causes.q850 = read_causes(&table, 1..=127, "a Q.850 cause from 1 to 127");
    }
    causes.ignore_q850 = root.boolean("ignore_q850").unwrap_or(false);
    let early_media = root.choice(
        "early_media",
        &[
            ("listen", EarlyMedia::Listen),
            ("ringing", EarlyMedia::Ringing),
        ],
    );
    let profile = Profile {
        name: name.unwrap_or_default(),
        about,
        causes,
        retry_after: read_retry_after(root),
        codecs: root
            .get("codecs")
            .and_then(|item| read_codecs(&item))
            .unwrap_or_else(|| vec![CodecName::Pcmu, CodecName::Pcma]),
        caller_id_header: root
            .choice("caller_id_header", &CALLER_ID_HEADERS)
            .unwrap_or(CallerIdHeader::Both),
        options_accept: root
            .get("options_accept")
            .and_then(|item| read_options_accept(&item))
            .unwrap_or(OptionsAccept::Any),
        early_media: early_media.unwrap_or(EarlyMedia::Listen),
        transport: root.choice("transport", &TRANSPORTS),
        number_form: root.choice("number_format", &NUMBER_FORMS),
        session: read_session(root),
    };
    root.finish(&[]);
    profile
}

/// Codecs in order: at least one, none twice.
pub(crate) fn read_codecs(item: &Item<'_>) -> Option<Vec<CodecName>> {
    codecs_of(item, &CODECS)
}

/// The same with those that phones speak and carriers do not.
pub(crate) fn read_phone_codecs(item: &Item<'_>) -> Option<Vec<CodecName>> {
    codecs_of(item, &PHONE_CODECS)
}

fn codecs_of(item: &Item<'_>, known: &[(&str, CodecName)]) -> Option<Vec<CodecName>> {
    let mut codecs = Vec::new();
    for each in item.list("a list of codecs, such as [\"pcmu\", \"pcma\"]") {
        let codec = each.choice(known)?;
        if codecs.contains(&codec) {
            each.fault("this codec is listed twice", "write each codec once");
            return None;
        }
        codecs.push(codec);
    }
    if codecs.is_empty() {
        let names: Vec<String> = known.iter().map(|(name, _)| format!("{name:?}")).collect();
        item.expected(format!(
            "at least one of {}, most wanted first",
            names.join(", ")
        ));
        return None;
    }
    Some(codecs)
}

fn read_retry_after(root: &Section<'_>) -> RetryAfter {
    let mut rule = RetryAfter {
        honour: true,
        max: Duration::from_secs(300),
    };
    if let Some(table) = root.section("retry_after") {
        rule.honour = table.boolean("honour").unwrap_or(rule.honour);
        rule.max = table.duration("max", 0..=86_400).unwrap_or(rule.max);
        table.finish(&[]);
    }
    rule
}

fn read_session(root: &Section<'_>) -> SessionRules {
    let mut rules = SessionRules {
        timer: Some(Duration::from_secs(1_800)),
        reliable: Reliable::Supported,
        redirects: 3,
    };
    let Some(table) = root.section("session") else {
        return rules;
    };
    if let Some(item) = table.get("timer") {
        // RFC 4028 §4: no interval below 90 s.
        rules.timer = match item.text() {
            Some("off") => None,
            _ => item
                .duration(Duration::from_secs(90)..=Duration::from_secs(86_400))
                .or(rules.timer),
        };
    }
    let reliable = table.choice(
        "reliable",
        &[
            ("off", Reliable::Off),
            ("supported", Reliable::Supported),
            ("required", Reliable::Required),
        ],
    );
    rules.reliable = reliable.unwrap_or(rules.reliable);
    let redirects = table.integer("redirects", 0..=5);
    rules.redirects = redirects
        .and_then(|n| u8::try_from(n).ok())
        .unwrap_or(rules.redirects);
    table.finish(&[]);
    rules
}

fn read_options_accept(item: &Item<'_>) -> Option<OptionsAccept> {
    let allowed = "\"any\", or a list of SIP codes such as [200, 404]";
    match item.value {
        DeValue::String(text) if text == "any" => Some(OptionsAccept::Any),
        DeValue::Array(_) => {
            let codes = item.list(allowed);
            let codes = codes.iter().filter_map(|each| each.integer(200..=699));
            Some(OptionsAccept::Codes(
                codes.filter_map(|n| u16::try_from(n).ok()).collect(),
            ))
        }
        _ => {
            item.expected(allowed);
            None
        }
    }
}

fn read_causes(
    table: &Section<'_>,
    range: std::ops::RangeInclusive<u16>,
    allowed: &str,
) -> BTreeMap<u16, Cause> {
    let causes: Vec<(&str, Cause)> = Outcome::ALL
        .into_iter()
        .filter_map(|outcome| match outcome {
            Outcome::Unanswered(cause) => Some((cause.name(), cause)),
            _ => None,
        })
        .collect();
    let mut map = BTreeMap::new();
    for (key, span, item) in table.entries() {
        match key.parse::<u16>().ok().filter(|code| range.contains(code)) {
            Some(code) => {
                map.extend(item.choice(&causes).map(|cause| (code, cause)));
            }
            None => {
                let problem = format!("`{key}` is not a code");
                table
                    .doc
                    .fault(span, &item.path, problem, format!("allowed: {allowed}"));
            }
        }
    }
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_profile_reads_and_says_what_it_is_for() {
        for name in names() {
            let profile = built_in(name).unwrap();
            assert_eq!(profile.name, name);
            assert!(profile.about.len() > 40, "{name}: {}", profile.about);
            assert!(!profile.codecs.is_empty());
        }
        assert_eq!(built_in("nobody"), None);
    }

    #[test]
    fn faults_of_a_profile_name_their_place() {
        let text =
            "name = \"x\"\ncodecs = [\"opus\"]\n[causes]\n\"486\" = \"bussy\"\n99 = \"busy\"\n";
        let error = Profile::parse(Path::new("mine.toml"), text)
            .unwrap_err()
            .to_string();
        for part in [
            "mine.toml:2:11: codecs[0]: found \"opus\"",
            "allowed: pcma, pcmu",
            "mine.toml:4:9: causes.486",
            "did you mean `busy`?",
            "mine.toml:5:1: causes.99",
            "300 to 699",
        ] {
            assert!(error.contains(part), "no `{part}` in:\n{error}");
        }
    }
}
