//! Reads what a campaign says of its conversations: hold, machines, announcements, recording,
//! destinations, review.

use super::campaign_read::{builtin, prompt};
use super::floor::PromptSource;
use super::section::Section;
use carillon_decision::conversation::{
    Announcement, Consent, ConversationRules, Destination, MachineRule, RecordingRule,
};
use carillon_decision::number::E164;
use std::time::Duration;

/// House policy `bank-cn`: the institution is named within 3 s, every call is recorded, 30 % are
/// reviewed (`docs/COMPLIANCE.md`).
const BANK_PACK: &str = "bank-cn";
const BANK_NAME_WITHIN: Duration = Duration::from_secs(3);
const BANK_REVIEW_SHARE: f64 = 0.3;

/// Everything of a campaign's conversations; `packs` are its rule packs, which set defaults.
pub(super) fn rules(
    table: &Section<'_>,
    packs: &[String],
    prompts: &mut Vec<PromptSource>,
) -> ConversationRules {
    let mut rules = defaults(packs);
    let music = table.get("hold_music");
    rules.hold_music = music
        .and_then(|item| prompt(&item, prompts))
        .unwrap_or_else(|| builtin(prompts, "hold-music"));
    rules.opt_out_key = opt_out_key(table).unwrap_or(rules.opt_out_key);
    rules.announcement = table
        .get("announcement")
        .and_then(|item| prompt(&item, prompts))
        .map(|prompt| Announcement { prompt });
    rules.name_within = table.duration("name_within", 1..=30).or(rules.name_within);
    rules.review_share = table
        .number("review_share", 0.0..=1.0, "0.3 for 30 %")
        .unwrap_or(rules.review_share);
    rules.machine = machine(table, prompts);
    rules.destinations = destinations(table);
    if let Some(inner) = table.section("recording") {
        recording(&inner, &mut rules.recording, prompts);
    }
    if rules.recording.share > 0.0 {
        load_notice(&rules.recording.consent, prompts);
    }
    rules
}

fn defaults(packs: &[String]) -> ConversationRules {
    let mut rules = ConversationRules::default();
    if packs.iter().any(|pack| pack == BANK_PACK) {
        rules.name_within = Some(BANK_NAME_WITHIN);
        rules.review_share = BANK_REVIEW_SHARE;
        rules.recording.share = 1.0;
        rules.recording.class = "bank".to_owned();
        rules.recording.consent = Consent::Announce {
            prompt: "recording-notice".to_owned(),
        };
    }
    rules
}

/// Prompts of defaults are read like those that are written.
fn load_notice(consent: &Consent, prompts: &mut Vec<PromptSource>) {
    if let Consent::Announce { prompt }
    | Consent::AllParties {
        prompt: Some(prompt),
    } = consent
        && !prompts.iter().any(|known| known.name == *prompt)
    {
        builtin(prompts, prompt);
    }
}

fn opt_out_key(table: &Section<'_>) -> Option<char> {
    let item = table.get("opt_out_key")?;
    let mut key = item.text().unwrap_or("").chars();
    match (key.next(), key.next()) {
        (Some(key @ ('0'..='9' | '*' | '#')), None) => Some(key),
        _ => {
            item.expected("one telephone key in quotes, 0 to 9, * or #, such as \"1\"");
            None
        }
    }
}

fn machine(table: &Section<'_>, prompts: &mut Vec<PromptSource>) -> MachineRule {
    let choices = [("hang_up", false), ("leave_message", true)];
    let leaves = table.choice("machine", &choices).unwrap_or(false);
    let message = table.get("machine_message");
    match (leaves, message) {
        (true, Some(item)) => prompt(&item, prompts),
        (true, None) => Some(builtin(prompts, "machine-message")),
        (false, Some(item)) => {
            item.fault(
                "`machine_message` has no effect while machines are hung up",
                "write machine = \"leave_message\" too, or remove `machine_message`",
            );
            None
        }
        (false, None) => None,
    }
    .map_or(MachineRule::HangUp, |prompt| MachineRule::LeaveMessage {
        prompt,
    })
}

fn destinations(table: &Section<'_>) -> Vec<Destination> {
    let mut list: Vec<Destination> = Vec::new();
    for inner in table.sections("destination") {
        let item = inner.required("name", "\"billing\"");
        let name = item
            .as_ref()
            .and_then(super::node_read::name)
            .unwrap_or_default();
        if let (Some(item), true) = (&item, list.iter().any(|d| d.name == name)) {
            item.fault(
                format!("a second destination \"{name}\""),
                "give each a name of its own",
            );
        }
        let each = "an international number, such as \"+12025550123\"";
        let number = inner
            .required("number", "\"+12025550123\"")
            .and_then(|item| item.parsed::<E164>(each));
        inner.finish(&[]);
        list.extend(number.map(|number| Destination { name, number }));
    }
    list
}

/// `[campaign.recording]`: written at all, it means every conversation unless `share` says less.
fn recording(inner: &Section<'_>, rule: &mut RecordingRule, prompts: &mut Vec<PromptSource>) {
    let share = inner.number("share", 0.0..=1.0, "1.0 for every conversation");
    rule.share = share.unwrap_or(1.0);
    rule.class = inner
        .string("class")
        .unwrap_or_else(|| std::mem::take(&mut rule.class));
    rule.agents_pause = inner.boolean("agents_pause").unwrap_or(rule.agents_pause);
    let item = inner.get("notice");
    let notice = item.as_ref().and_then(|item| prompt(item, prompts));
    let written = inner.choice(
        "consent",
        &[("given", 0_u8), ("announce", 1), ("all_parties", 2)],
    );
    let standing = match &rule.consent {
        Consent::Given => 0,
        Consent::Announce { .. } => 1,
        Consent::AllParties { .. } => 2,
    };
    let kind = written.unwrap_or(standing);
    if let (0, Some(item)) = (kind, &item) {
        item.fault(
            "`notice` is not played where consent was given before",
            "write consent = \"announce\" or \"all_parties\", or remove `notice`",
        );
    }
    rule.consent = match kind {
        0 => Consent::Given,
        1 => Consent::Announce {
            prompt: notice.unwrap_or_else(|| "recording-notice".to_owned()),
        },
        _ => Consent::AllParties {
            prompt: Some(notice.unwrap_or_else(|| "recording-notice".to_owned())),
        },
    };
    inner.finish(&[]);
}

#[cfg(test)]
mod tests {
    use super::super::tests::{campaign, refused};
    use carillon_decision::conversation::{Consent, MachineRule};
    use std::time::Duration;

    #[test]
    fn what_is_said_of_conversations_arrives_in_the_engine() {
        let rules = campaign(
            "opt_out_key = \"9\"\nmachine = \"leave_message\"\nname_within = \"4s\"\n\
             announcement = \"welcome-agent\"\nreview_share = 0.05\n\
             [[campaign.destination]]\nname = \"billing\"\nnumber = \"+12025550188\"\n\
             [campaign.recording]\nshare = 0.5\nconsent = \"announce\"\nclass = \"short\"\n\
             agents_pause = false\n",
        )
        .conversation;
        assert_eq!(rules.opt_out_key, '9');
        assert_eq!(rules.name_within, Some(Duration::from_secs(4)));
        assert_eq!(rules.announcement.unwrap().prompt, "welcome-agent");
        assert_eq!(rules.destinations[0].number.to_string(), "+12025550188");
        let message = "machine-message".to_owned();
        assert_eq!(rules.machine, MachineRule::LeaveMessage { prompt: message });
        let recording = rules.recording;
        assert_eq!((recording.share, recording.agents_pause), (0.5, false));
        let prompt = "recording-notice".to_owned();
        assert_eq!(recording.consent, Consent::Announce { prompt });
        assert_eq!(
            (recording.class.as_str(), rules.review_share),
            ("short", 0.05)
        );
    }

    #[test]
    fn nothing_is_recorded_unless_it_is_written() {
        assert_eq!(campaign("").conversation.recording.share, 0.0);
        assert_eq!(
            campaign("recording = {}\n").conversation.recording.share,
            1.0
        );
    }

    #[test]
    fn the_bank_pack_records_reviews_and_wants_the_name() {
        let rules = campaign("packs = [\"bank-cn\"]\n").conversation;
        assert_eq!(rules.name_within, Some(Duration::from_secs(3)));
        assert_eq!((rules.review_share, rules.recording.share), (0.3, 1.0));
    }

    #[test]
    fn mistakes_are_named_with_their_remedy() {
        let refuse = |lines: &str, words: &[&str]| {
            let campaign = "[[campaign]]\nname = \"loans\"\ncaller_ids = [\"+12025550123\"]\n";
            refused(&format!("{campaign}{lines}"), words);
        };
        refuse(
            "opt_out_key = \"12\"\n",
            &["opt_out_key", "one telephone key"],
        );
        refuse(
            "machine_message = \"machine-message\"\n",
            &["leave_message"],
        );
        refuse(
            "recording = { consent = \"given\", notice = \"recording-notice\" }\n",
            &["recording.notice", "remove `notice`"],
        );
        refuse(
            "[[campaign.destination]]\nname = \"a\"\nnumber = \"12\"\n",
            &["destination[0].number", "international number"],
        );
        refuse(
            "hold_music = \"hold-musik\"\n",
            &["did you mean `hold-music`?"],
        );
    }
}
