//! Reads `[[campaign]]`.

use super::conversation_read;
use super::detection_read;
use super::floor::{CampaignSettings, PromptSource};
use super::foreign;
use super::ids::Names;
use super::rules_read;
use super::section::{Item, Section};
use super::settings::DncList;
use carillon_decision::campaign::{
    AbandonmentClock, AbandonmentRule, CampaignConfig, Disposition, InboundRule, Screening,
};
use carillon_decision::compliance::ComplianceRules;
use carillon_decision::id::CampaignId;
use carillon_decision::ledger::WindowKind;
use carillon_decision::number::E164;
use carillon_decision::pacing::{Mode, Promise, Tuning};
use carillon_decision::routing::Need;
use std::time::Duration;
use toml::de::DeValue;

/// Abandonment clocks by name.
pub(super) const CLOCKS: [(&str, AbandonmentClock); 2] = [
    ("greeting_end", AbandonmentClock::GreetingEnd),
    ("answer", AbandonmentClock::Answer),
];
/// Bounds of the ring time-out, s: 15 s is the least the law takes for an attempt
/// (16 CFR 310.4(b)(4)(ii)).
pub(super) const RING_TIMEOUT_S: std::ops::RangeInclusive<u64> = 15..=120;

pub(super) fn campaigns(
    root: &Section<'_>,
    groups: &[String],
    dnc: &[DncList],
) -> Vec<CampaignSettings> {
    let mut names = Names::new("campaign");
    let read = |table: Section<'_>| campaign(table, groups, dnc, &mut names);
    root.sections("campaign").into_iter().map(read).collect()
}

fn campaign(
    table: Section<'_>,
    groups: &[String],
    dnc: &[DncList],
    names: &mut Names,
) -> CampaignSettings {
    let (name, id) = names.read(&table, "\"loans\"");
    let mut engine = defaults(CampaignId(id), name);
    let autostart = table.boolean("autostart").unwrap_or(false);
    pacing(&table, &mut engine.tuning);
    abandonment(&table, &mut engine.abandonment);
    engine.ring_timeout = table
        .duration("ring_timeout", RING_TIMEOUT_S)
        .unwrap_or(engine.ring_timeout);
    let screening = [
        ("off", Screening::Off),
        ("fast", Screening::Fast),
        ("careful", Screening::Careful),
        ("greeting", Screening::Fast),
    ];
    engine.screening = table
        .choice("screening", &screening)
        .unwrap_or(engine.screening);
    let mut prompts = Vec::new();
    let abandon = table
        .get("abandon_prompt")
        .and_then(|item| prompt(&item, &mut prompts));
    engine.abandon_prompt = abandon.unwrap_or_else(|| builtin(&mut prompts, "abandon"));
    engine.inbound = inbound(&table, &mut prompts).unwrap_or_else(|| InboundRule::Queue {
        longest_wait: Duration::from_secs(120),
        prompt: builtin(&mut prompts, "inbound-closed"),
    });
    engine.compliance = rules_read::rules(&table, dnc, engine.tuning.mode.overdials());
    engine.conversation = conversation_read::rules(&table, &engine.compliance.packs, &mut prompts);
    rules_read::retry(&table, &mut engine.retry);
    engine.caller_ids = caller_ids(&table);
    engine.trunk_groups =
        rules_read::known_names(&table, "trunk_groups", groups, "trunk group").unwrap_or_default();
    engine.needs = needs(&table);
    engine.wrap_up_limit = wrap_up_limit(&table).unwrap_or(engine.wrap_up_limit);
    let zone = table
        .get("ledger_zone")
        .and_then(|item| rules_read::zone(&item));
    engine.ledger_zone = zone.unwrap_or(engine.ledger_zone);
    let own = dispositions(&table);
    if !own.is_empty() {
        engine.dispositions = own;
    }
    let detection = detection_read::read(&table, engine.screening, &mut engine.tuning);
    foreign::campaign(&table, &mut engine);
    table.finish(&foreign::names());
    CampaignSettings {
        engine,
        autostart,
        detection,
        prompts,
    }
}

/// A campaign of that name with every setting at its default.
pub(super) fn defaults(id: CampaignId, name: String) -> CampaignConfig {
    CampaignConfig {
        id,
        name,
        tuning: Tuning::default(),
        ring_timeout: Duration::from_secs(25),
        screening: Screening::Fast,
        conversation: Default::default(),
        abandonment: AbandonmentRule {
            clock: AbandonmentClock::GreetingEnd,
            within: Duration::from_secs(2),
            window: WindowKind::default(),
        },
        abandon_prompt: "abandon".to_owned(),
        compliance: ComplianceRules::default(),
        retry: Default::default(),
        caller_ids: Vec::new(),
        trunk_groups: Vec::new(),
        needs: Vec::new(),
        wrap_up_limit: Some(Duration::from_secs(60)),
        ledger_zone: "UTC".to_owned(),
        dispositions: default_dispositions(),
        inbound: InboundRule::Queue {
            longest_wait: Duration::from_secs(120),
            prompt: "inbound-closed".to_owned(),
        },
    }
}

/// The field's usual dispositions.
fn default_dispositions() -> Vec<Disposition> {
    let make = |code: &str, name: &str, completed, dnc, callback, sale| Disposition {
        code: code.to_owned(),
        name: name.to_owned(),
        completed,
        dnc,
        callback,
        sale,
    };
    vec![
        make("SALE", "Sale made", true, false, false, true),
        make("NI", "Not interested", true, false, false, false),
        make("CALLBK", "Call back", false, false, true, false),
        make("DNC", "Do not call again", true, true, false, false),
        make("WRONG", "Wrong person", true, false, false, false),
        make("N", "No decision, try again", false, false, false, false),
    ]
}

fn pacing(table: &Section<'_>, tuning: &mut Tuning) {
    let ratio = table.number("ratio", 0.0..=100.0, "1.5");
    if let Some(item) = table.get("mode") {
        tuning.mode = mode(&item, ratio).unwrap_or(tuning.mode);
    }
    if let (Some(_), false, Some(item)) = (
        ratio,
        matches!(tuning.mode, Mode::ManualRatio { .. }),
        table.raw("ratio"),
    ) {
        item.fault(
            format!("`ratio` has no effect in mode {}", tuning.mode),
            "write mode = \"manual\" to dial by a fixed ratio, or remove `ratio`",
        );
    }
    tuning.cap = table
        .get("cap")
        .and_then(|item| cap(&item))
        .unwrap_or(tuning.cap);
    let lines = table.number("max_lines_per_agent", 0.1..=1000.0, "15");
    tuning.max_lines_per_agent = lines.unwrap_or(tuning.max_lines_per_agent);
    tuning.ring_cancel = table.boolean("ring_cancel").unwrap_or(tuning.ring_cancel);
}

fn mode(item: &Item<'_>, ratio: Option<f64>) -> Option<Mode> {
    // `manual:1.5`, as commands and reports write it.
    if let Some(Ok(mode)) = item
        .text()
        .filter(|text| text.contains(':'))
        .map(str::parse)
    {
        return Some(mode);
    }
    let predictive = |promise| Some(Mode::Predictive { promise });
    let found = item.choice(&[
        ("manual", None),
        ("progressive", Some(Mode::Progressive)),
        ("erlang_c", Some(Mode::ErlangC)),
        ("predictive", predictive(Promise::Probabilistic)),
        ("predictive_hard", predictive(Promise::Hard)),
    ])?;
    match (found, ratio) {
        (Some(mode), _) => Some(mode),
        (None, Some(ratio)) => Some(Mode::ManualRatio { ratio }),
        (None, None) => {
            let problem = "mode \"manual\" needs a ratio";
            item.fault(
                problem,
                "write ratio = 1.5 (lines per idle agent, 0 to 100) beside it",
            );
            None
        }
    }
}

fn cap(item: &Item<'_>) -> Option<f64> {
    if let Ok(percent) = super::value::number(item.value, &(1.0..=99.0), "") {
        item.fault(
            format!("{percent} is no share; did you mean {}?", percent / 100.0),
            "allowed: a number from 0.0001 to 0.9999, without quotes: 0.03 is 3 %",
        );
        return None;
    }
    let cap = item.number(0.0001..=0.9999, "0.03 for 3 %");
    if cap.is_some_and(|cap| cap > 0.1) {
        item.doc.note(
            item.span.clone(),
            &item.path,
            "more than one answer in ten may be abandoned; US and UK rules set 0.03",
        );
    }
    cap
}

fn abandonment(table: &Section<'_>, rule: &mut AbandonmentRule) {
    let windows = WindowKind::ALL.map(|window| (window.name(), window));
    rule.window = table.choice("cap_window", &windows).unwrap_or(rule.window);
    if let Some(inner) = table.section("abandonment") {
        rule.clock = inner.choice("clock", &CLOCKS).unwrap_or(rule.clock);
        rule.within = inner.duration("within", 0..=60).unwrap_or(rule.within);
        inner.finish(&[]);
    }
}

/// A prompt built in, or a WAV file beside the configuration.
pub(super) fn prompt(item: &Item<'_>, prompts: &mut Vec<PromptSource>) -> Option<String> {
    let name = item.string()?;
    let built_in = carillon_media::prompts::NAMES.contains(&name.as_str());
    let file = match built_in {
        true => None,
        false if name.to_ascii_lowercase().ends_with(".wav") => {
            let file = item.doc.directory().join(&name);
            if !file.is_file() {
                let remedy = "put a WAV file (8 kHz mono is best) there; a relative path counts \
                              from the configuration file";
                item.fault(format!("there is no file {}", file.display()), remedy);
            }
            Some(file)
        }
        false => {
            let remedy = super::value::suggestion(
                &name,
                carillon_media::prompts::NAMES,
                "allowed: a file ending in .wav, or one of the prompts built in",
            );
            item.fault(format!("found \"{name}\""), remedy);
            return None;
        }
    };
    if !prompts.iter().any(|prompt| prompt.name == name) {
        let name = name.clone();
        prompts.push(PromptSource { name, file });
    }
    Some(name)
}

pub(super) fn builtin(prompts: &mut Vec<PromptSource>, name: &str) -> String {
    if !prompts.iter().any(|prompt| prompt.name == name) {
        prompts.push(PromptSource {
            name: name.to_owned(),
            file: None,
        });
    }
    name.to_owned()
}

fn inbound(table: &Section<'_>, prompts: &mut Vec<PromptSource>) -> Option<InboundRule> {
    let inner = table.section("inbound")?;
    let queue = inner
        .choice("action", &[("queue", true), ("message", false)])
        .unwrap_or(true);
    let longest_wait = inner
        .duration("longest_wait", 1..=3600)
        .unwrap_or(Duration::from_secs(120));
    let prompt = inner.get("prompt").and_then(|item| prompt(&item, prompts));
    let prompt = prompt.unwrap_or_else(|| builtin(prompts, "inbound-closed"));
    inner.finish(&[]);
    Some(match queue {
        true => InboundRule::Queue {
            longest_wait,
            prompt,
        },
        false => InboundRule::Message { prompt },
    })
}

fn caller_ids(table: &Section<'_>) -> Vec<E164> {
    let example = "[\"+12025550123\"]: numbers of yours to show, as the law asks for";
    let Some(item) = table.required("caller_ids", example) else {
        return Vec::new();
    };
    let each = "an international number, such as \"+12025550123\"";
    let items = item.list(&format!("a list, each {each}"));
    if items.is_empty() && matches!(item.value, DeValue::Array(_)) {
        item.fault(
            "the list is empty",
            format!("allowed: at least one number, each {each}"),
        );
    }
    items.iter().filter_map(|item| item.parsed(each)).collect()
}

fn needs(table: &Section<'_>) -> Vec<Need> {
    let mut needs = Vec::new();
    for need in table.sections("needs") {
        let skill = need
            .required("skill", "\"spanish\"")
            .and_then(|item| item.string());
        let level = need
            .integer("level", 1..=10)
            .and_then(|n| u8::try_from(n).ok());
        let drop_after = need.duration("drop_after", 0..=3600);
        need.finish(&[]);
        needs.push(Need {
            skill: skill.unwrap_or_default(),
            level: level.unwrap_or(1),
            drop_after,
        });
    }
    needs
}

/// A span of time, or `"none"`.
fn wrap_up_limit(table: &Section<'_>) -> Option<Option<Duration>> {
    let item = table.get("wrap_up_limit")?;
    if item.text() == Some("none") {
        return Some(None);
    }
    item.duration(Duration::ZERO..=Duration::from_secs(3600))
        .map(Some)
}

fn dispositions(table: &Section<'_>) -> Vec<Disposition> {
    let mut list: Vec<Disposition> = Vec::new();
    for inner in table.sections("disposition") {
        let item = inner.required("code", "\"SALE\"");
        let code = item
            .as_ref()
            .and_then(super::node_read::name)
            .unwrap_or_default();
        if let (Some(item), true) = (&item, list.iter().any(|d| d.code == code)) {
            item.fault(
                format!("a second disposition \"{code}\""),
                "give each a code of its own",
            );
        }
        list.push(Disposition {
            name: inner.string("name").unwrap_or_else(|| code.clone()),
            code,
            completed: inner.boolean("completed").unwrap_or(false),
            dnc: inner.boolean("dnc").unwrap_or(false),
            callback: inner.boolean("callback").unwrap_or(false),
            sale: inner.boolean("sale").unwrap_or(false),
        });
        inner.finish(&[]);
    }
    list
}
