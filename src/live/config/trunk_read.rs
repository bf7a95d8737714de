//! Reads `[[trunk]]`.

use super::floor::TrunkSettings;
use super::ids::Names;
use super::node_read::{calling_code, host_port, name};
use super::number_format::{NumberBase, NumberFormat};
use super::section::{Item, Section};
use super::settings::{NodeConfig, SipConfig};
use super::{secret_read, trunk_place, trunk_wire, value};
use crate::profiles::{
    self, CALLER_ID_HEADERS, NUMBER_FORMS, NumberForm, Profile, SRTP, read_codecs,
};
use carillon_decision::id::TrunkId;
use carillon_decision::routing::TrunkConfig;
use carillon_media::greeting::TonePlan;
use carillon_sip::Invite;
use std::sync::Arc;
use toml::de::DeValue;

pub(super) fn trunks(root: &Section<'_>, node: &NodeConfig, sip: &SipConfig) -> Vec<TrunkSettings> {
    let mut names = Names::new("trunk");
    let read = |table: Section<'_>| trunk(table, node, sip, &mut names);
    root.sections("trunk")
        .into_iter()
        .filter_map(read)
        .collect()
}

fn trunk(
    table: Section<'_>,
    node: &NodeConfig,
    sip: &SipConfig,
    names: &mut Names,
) -> Option<TrunkSettings> {
    let (name, id) = names.read(&table, "\"carrier-a\"");
    let profile = read_profile(&table, sip);
    let usual = profile.as_ref().and_then(|p| p.transport);
    let wire = trunk_wire::read(&table, sip, usual);
    let address = table
        .required("address", "\"sip.example.net\" or \"203.0.113.7:5060\"")
        // No host has port 0: it stands for a port that is not written.
        .and_then(|item| host_port(&item, 0));
    let proxy = trunk_place::outbound_proxy(&table, &wire);
    let engine = engine(&table, TrunkId(id), name);
    let username = table.string("username");
    let password = table
        .get("password")
        .and_then(|item| secret_read::secret(&item));
    let register = table.boolean("register").unwrap_or(false);
    if register && (username.is_none() || !has(&table, "password")) {
        table.fault(
            "`register = true` without credentials",
            "add username = \"…\" and password = \"env:NAME\" or \"file:PATH\", or remove `register`",
        );
    }
    let number_format = |key, fallback| match table.get(key) {
        Some(item) => read_format(&item, node).unwrap_or_default(),
        None => fallback,
    };
    let usual = profile.as_ref().and_then(|p| p.number_form);
    let usual = usual.and_then(|form| written_as(form, node));
    let number_format_read = number_format("number_format", usual.unwrap_or_default());
    let caller_id_format = number_format("caller_id_format", bare(&number_format_read));
    let codecs = table.get("codecs").and_then(|item| read_codecs(&item));
    let srtp = table.choice("srtp", &SRTP).unwrap_or_default();
    let header = table.choice("caller_id_header", &CALLER_ID_HEADERS);
    let from_domain = table
        .get("from_domain")
        .and_then(|item| host_port(&item, 5060));
    let options = table.boolean("options").unwrap_or(true);
    let tones = table.choice("tones", &TonePlan::NAMES).unwrap_or_default();
    let headers = table.section("headers");
    let headers = headers
        .map(|lines| read_headers(&lines))
        .unwrap_or_default();
    table.finish(&[]);
    let (profile, (host, port)) = (profile?, address?);
    let stated = (port != 0).then_some(port);
    let query = trunk_place::query(&table, &host, stated, &wire, proxy.as_ref());
    let port = stated.unwrap_or(wire.transport.default_port());
    Some(TrunkSettings {
        engine,
        host,
        port,
        query,
        outbound_proxy: proxy.map(|proxy| proxy.uri),
        transport: wire.transport,
        tls: wire.tls,
        keep_alive: wire.keep_alive,
        sips: wire.sips,
        number_format: number_format_read,
        caller_id_format,
        username,
        password,
        register,
        from_domain: from_domain.map(|(host, _)| host),
        codecs: codecs.unwrap_or_else(|| profile.codecs.clone()),
        srtp,
        caller_id_header: header.unwrap_or(profile.caller_id_header),
        tones,
        options,
        headers,
        profile,
    })
}

fn has(table: &Section<'_>, key: &str) -> bool {
    table.raw(key).is_some()
}

fn engine(table: &Section<'_>, id: TrunkId, trunk_name: String) -> TrunkConfig {
    let group = table.get("group").and_then(|item| name(&item));
    let tags = table.section("tags").map(|tags| {
        let pair = |(key, _, item): (&str, _, Item<'_>)| Some((key.to_owned(), item.string()?));
        tags.entries().into_iter().filter_map(pair).collect()
    });
    TrunkConfig {
        id,
        name: trunk_name,
        group: group.unwrap_or_else(|| "default".to_owned()),
        channels: table
            .required("channels", "30 (most calls at once your contract allows)")
            .and_then(|item| item.integer(1..=100_000))
            .and_then(|n| u32::try_from(n).ok())
            .unwrap_or(1),
        calls_per_second: table
            .required(
                "calls_per_second",
                "5 (most new calls a second your contract allows)",
            )
            .and_then(|item| item.number(0.01..=10_000.0, "5"))
            .unwrap_or(1.0),
        prefixes: table
            .get("prefixes")
            .map(|item| prefixes(&item))
            .unwrap_or_default(),
        tags: tags.unwrap_or_default(),
        priority: table
            .integer("priority", 0..=255)
            .and_then(|n| u8::try_from(n).ok())
            .unwrap_or(10),
        weight: table.u32("weight", 1..=10_000).unwrap_or(1),
    }
}

fn prefixes(item: &Item<'_>) -> Vec<String> {
    let allowed = "a list of international prefixes in digits, such as [\"1\", \"44\"]";
    let digits = |item: &Item<'_>| {
        let text = item
            .text()
            .map(|text| text.strip_prefix('+').unwrap_or(text));
        let text =
            text.filter(|t| (1..=15).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_digit()));
        if text.is_none() {
            item.expected("1 to 15 digits in quotes, calling code first, such as \"1202\"");
        }
        text.map(str::to_owned)
    };
    item.list(allowed).iter().filter_map(digits).collect()
}

fn read_profile(table: &Section<'_>, sip: &SipConfig) -> Option<Arc<Profile>> {
    let item = table.get("profile");
    let wanted = match &item {
        Some(item) => item.string()?,
        None => sip.profile.clone(),
    };
    let fault = |problem: String, remedy: String| match &item {
        Some(item) => item.fault(problem, remedy),
        None => table.fault(format!("[sip] profile: {problem}"), remedy),
    };
    if let Some(profile) = profiles::built_in(&wanted) {
        return Some(Arc::new(profile));
    }
    if wanted.ends_with(".toml") {
        let file = table.doc.directory().join(&wanted);
        return match Profile::load(&file) {
            Ok(profile) => Some(Arc::new(profile)),
            Err(errors) => {
                fault(
                    format!("the profile cannot be used:\n{errors}"),
                    String::new(),
                );
                None
            }
        };
    }
    let names = profiles::names();
    let remedy = value::suggestion(
        &wanted,
        &names,
        "allowed: a file ending in .toml, or one of",
    );
    fault(format!("found \"{wanted}\""), remedy);
    None
}

/// The same form without the tech prefix, which routes the callee's number only.
fn bare(format: &NumberFormat) -> NumberFormat {
    NumberFormat {
        base: format.base.clone(),
        ..NumberFormat::default()
    }
}

const FORMS: &str = "\"e164_plus\" (+12025550123), \"e164\" (12025550123), \"national\", or a table \
                     such as { form = \"e164\", strip = \"1\", prepend = \"9#\" }";

fn read_format(item: &Item<'_>, node: &NodeConfig) -> Option<NumberFormat> {
    match item.value {
        DeValue::String(text) => {
            let base = base(text, node.country.as_str(), None, None);
            if base.is_none() {
                item.expected(FORMS);
            }
            Some(NumberFormat {
                base: base?,
                ..NumberFormat::default()
            })
        }
        DeValue::Table(_) => format_table(item, node),
        _ => {
            item.expected(FORMS);
            None
        }
    }
}

/// Header lines a call may carry beside those we write.
fn read_headers(table: &Section<'_>) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    for (name, span, item) in table.entries() {
        let Some(value) = item.string() else {
            continue;
        };
        if Invite::may_carry(name, &value) {
            lines.push((name.to_owned(), value));
            continue;
        }
        let problem = format!("`{name}: {value}` cannot be added to a call");
        let remedy = "allowed: one line under a name that Carillon does not write itself (Via, From, To, \
                      Call-ID, CSeq, Contact, Content-…, Allow, credentials)";
        table
            .doc
            .fault(span, &item.path, problem, remedy.to_owned());
    }
    lines
}

/// A profile's number form.
fn written_as(form: NumberForm, node: &NodeConfig) -> Option<NumberFormat> {
    let name = NUMBER_FORMS.iter().find(|(_, f)| *f == form)?.0;
    Some(NumberFormat {
        base: base(name, node.country.as_str(), None, None)?,
        ..NumberFormat::default()
    })
}

fn format_table(item: &Item<'_>, node: &NodeConfig) -> Option<NumberFormat> {
    let table = item.section()?;
    let form = table.choice(
        "form",
        &[
            ("e164_plus", "e164_plus"),
            ("e164", "e164"),
            ("national", "national"),
        ],
    );
    let country = table
        .get("country")
        .map(|item| super::node_read::country(&item));
    let dialable = |key| {
        let item = table.get(key)?;
        let text = item.text().filter(|t| {
            t.len() <= 16 && t.bytes().all(|b| b.is_ascii_digit() || b"+*#".contains(&b))
        });
        if text.is_none() {
            item.expected("up to 16 of the characters 0-9 + * # in quotes");
        }
        text.map(str::to_owned)
    };
    let (national, international) = (
        dialable("national_prefix"),
        dialable("international_prefix"),
    );
    let (strip, prepend) = (dialable("strip"), dialable("prepend"));
    table.finish(&[]);
    let country = country.unwrap_or_else(|| Some(node.country.clone()))?;
    Some(NumberFormat {
        base: base(
            form.unwrap_or("e164_plus"),
            &country,
            national,
            international,
        )?,
        strip: strip.unwrap_or_default(),
        prepend: prepend.unwrap_or_default(),
    })
}

fn base(
    form: &str,
    country: &str,
    national: Option<String>,
    international: Option<String>,
) -> Option<NumberBase> {
    Some(match form {
        "e164_plus" => NumberBase::E164Plus,
        "e164" => NumberBase::E164,
        "national" => {
            let code = calling_code(country)?;
            // Within +1 there is no trunk prefix to write and 011 leads abroad; most others use
            // 0 and 00 (ITU-T E.164 annex). The table form overrides both.
            let (own, abroad) = if code == 1 { ("", "011") } else { ("0", "00") };
            NumberBase::National {
                calling_code: code.to_string(),
                national_prefix: national.unwrap_or_else(|| own.to_owned()),
                international_prefix: international.unwrap_or_else(|| abroad.to_owned()),
            }
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use std::path::Path;

    fn parse(headers: &str) -> Result<Config, String> {
        let text = format!(
            "[node]\ncountry = \"US\"\n[[trunk]]\nname = \"a\"\naddress = \"192.0.2.1\"\n\
             channels = 1\ncalls_per_second = 1\nheaders = {headers}\n"
        );
        Config::parse(Path::new("carillon.toml"), &text).map_err(|e| e.to_string())
    }

    #[test]
    fn further_headers_are_kept_as_written_and_checked() {
        let config = parse("{ Diversion = \"<sip:1@a>;reason=deflection\", X-A = \"7\" }").unwrap();
        let mut lines = config.trunks[0].headers.clone();
        lines.sort();
        let line = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            lines,
            [
                line("Diversion", "<sip:1@a>;reason=deflection"),
                line("X-A", "7")
            ]
        );
        for (bad, told) in [
            ("{ Via = \"x\" }", "`Via: x` cannot be added"),
            ("{ t = \"<sip:a@b>\" }", "`t: <sip:a@b>` cannot be added"),
            ("{ X-A = \"1\\r\\nX-B: 2\" }", "cannot be added to a call"),
        ] {
            let error = parse(bad).unwrap_err();
            assert!(
                error.contains(told) && error.contains("carillon.toml:8"),
                "{error}"
            );
        }
    }
}
