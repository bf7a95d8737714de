//! Reads `[campaign.amd]`: how a campaign tells who answered.

use super::section::{Item, Section};
use carillon_decision::campaign::Screening;
use carillon_decision::pacing::Tuning;
use carillon_media::greeting::{ScoreTable, TonePlan};
use carillon_media::{GreetingSettings, Mode};
use serde::Serialize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Bounds of `bias`, log odds: beyond them one side is never told.
const BIAS: std::ops::RangeInclusive<f64> = -4.0..=4.0;
/// Bounds of `machine_silence`.
const MACHINE_SILENCE: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_secs(10);
/// The engine decides by itself that a silent callee is a person, in time for the law; the
/// detector's own limit is beyond every such deadline.
const NO_SPEECH_MS: u32 = 30_000;

/// How a campaign tells who answered.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Detection {
    /// File of the learned score; absent: the one shipped.
    pub score_file: Option<PathBuf>,
    /// What stands in it.
    #[serde(skip)]
    pub score: Arc<ScoreTable>,
    /// Added to the score, log odds: above 0 finds more machines and takes more people for one.
    pub bias: f32,
    /// Whose call-progress tones to expect before and after the answer; absent: the trunk's.
    #[serde(serialize_with = "plan_name")]
    pub tones: Option<TonePlan>,
    /// Silence after a machine's announcement that stands for the beep that did not come.
    pub machine_silence: Duration,
}

impl Default for Detection {
    fn default() -> Self {
        let usual = GreetingSettings::default();
        Self {
            score_file: None,
            score: usual.score,
            bias: usual.bias,
            tones: None,
            machine_silence: Duration::from_millis(u64::from(usual.machine_silence_ms)),
        }
    }
}

impl Detection {
    /// What the detector is told after the answer, on a trunk with these tones.
    #[must_use]
    pub fn after_answer(&self, screening: Screening, trunk: TonePlan) -> GreetingSettings {
        GreetingSettings {
            mode: match screening {
                Screening::Off => Mode::Off,
                Screening::Fast => Mode::Fast,
                Screening::Careful => Mode::Careful,
            },
            bias: self.bias,
            score: Arc::clone(&self.score),
            machine_silence_ms: self.machine_silence.as_millis() as u32,
            no_speech_ms: NO_SPEECH_MS,
            ..self.before_answer(trunk)
        }
    }

    /// The same before the answer: tones of the network, and no verdict.
    #[must_use]
    pub fn before_answer(&self, trunk: TonePlan) -> GreetingSettings {
        GreetingSettings {
            mode: Mode::Off,
            tones: self.tones.unwrap_or(trunk),
            ..GreetingSettings::default()
        }
    }
}

fn plan_name<S: serde::Serializer>(plan: &Option<TonePlan>, to: S) -> Result<S::Ok, S::Error> {
    plan.map(TonePlan::name).serialize(to)
}

/// Reads `amd` of a campaign; what is known of its mistakes goes to pacing.
pub(super) fn read(campaign: &Section<'_>, screening: Screening, tuning: &mut Tuning) -> Detection {
    let mut detection = Detection::default();
    let Some(table) = campaign.section("amd") else {
        return detection;
    };
    let verdict_keys = ["score", "bias", "machine_silence", "people_as_machines"];
    if let Some(key) = verdict_keys.iter().find_map(|key| table.raw(key))
        && !screening.is_on()
    {
        let text = "without effect: screening = \"off\" takes everybody for a person";
        key.doc.note(key.span.clone(), &key.path, text);
    }
    if let Some(item) = table.get("score")
        && let Some((file, score)) = score(&item)
    {
        detection.score_file = Some(file);
        detection.score = Arc::new(score);
    }
    let bias = table.number("bias", BIAS, "0.5 to find more machines");
    detection.bias = bias.map_or(detection.bias, |bias| bias as f32);
    detection.tones = table.choice("tones", &TonePlan::NAMES);
    let silence = table.get("machine_silence");
    detection.machine_silence = silence
        .and_then(|item| item.duration(MACHINE_SILENCE))
        .unwrap_or(detection.machine_silence);
    tuning.people_as_machines = mistaken(&table, tuning.cap).unwrap_or(0.0);
    table.finish(&[]);
    detection
}

/// Share of people taken for machines, measured by whoever listened to recordings.
fn mistaken(table: &Section<'_>, cap: f64) -> Option<f64> {
    let item = table.get("people_as_machines")?;
    let share = item.number(0.0..=0.2, "0.01")?;
    if share >= cap {
        item.fault(
            format!("{share} of people lost to screening is no less than the cap of {cap}"),
            "screening = \"careful\", a lower bias, or screening = \"off\": such a campaign cannot keep its cap",
        );
        return None;
    }
    Some(share)
}

/// A file as `tests/amd/learn` writes it.
fn score(item: &Item<'_>) -> Option<(PathBuf, ScoreTable)> {
    let file = item.doc.directory().join(item.string()?);
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) => {
            item.fault(
                format!("cannot read {}: {error}", file.display()),
                "name a file that `tests/amd/learn LABELS.csv TABLE` wrote; a relative path counts \
                 from the configuration file",
            );
            return None;
        }
    };
    match ScoreTable::parse(&text) {
        Ok(table) => Some((file, table)),
        Err(error) => {
            let place = match error.line {
                0 => file.display().to_string(),
                line => format!("{}:{line}", file.display()),
            };
            item.fault(
                format!("{place}: {}", error.what),
                "allowed: lines `bias N`, `fast SCORE LENGTH:SILENCE …`, `careful` likewise, and \
                 `curve FEATURE VALUE:SCORE …`; `tests/amd/learn` writes such a file",
            );
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::refused;
    use super::*;
    use crate::config::Config;
    use std::path::Path;

    const CAMPAIGN: &str = "[[campaign]]\nname = \"loans\"\ncaller_ids = [\"+12025550123\"]\n";
    const TABLE: &str = "bias 1\nfast 2 0:900\ncareful 3 0:900\ncurve span_ms 0:0 1000:4\n";

    fn read(directory: &Path, amd: &str) -> Result<Config, super::super::ConfigErrors> {
        let text = format!("{CAMPAIGN}{amd}");
        Config::parse(&directory.join("carillon.toml"), &text)
    }

    #[test]
    fn a_campaigns_own_detection_reaches_the_detector() {
        let directory = tempfile::tempdir().expect("a directory");
        std::fs::write(directory.path().join("own.table"), TABLE).expect("writable");
        let amd = "[campaign.amd]\nscore = \"own.table\"\nbias = -0.5\ntones = \"uk\"\n\
                   machine_silence = \"1500ms\"\n";
        let config = read(directory.path(), amd).expect("it is right");
        let detection = &config.campaigns[0].detection;
        let settings = detection.after_answer(Screening::Careful, TonePlan::Germany);
        assert_eq!(settings.mode, Mode::Careful);
        assert_eq!(*settings.score, ScoreTable::parse(TABLE).expect("a table"));
        assert_eq!(settings.tones, TonePlan::UnitedKingdom);
        assert!((settings.bias + 0.5).abs() < f32::EPSILON);
        assert_eq!(settings.machine_silence_ms, 1_500);
        let early = detection.before_answer(TonePlan::Germany);
        assert_eq!(
            (early.mode, early.tones),
            (Mode::Off, TonePlan::UnitedKingdom)
        );
    }

    #[test]
    fn without_own_detection_it_is_the_shipped_one_with_the_trunks_tones() {
        let config = read(Path::new("/etc/c"), "").expect("it is right");
        let detection = &config.campaigns[0].detection;
        let settings = detection.after_answer(Screening::Fast, TonePlan::Japan);
        let shipped = GreetingSettings {
            no_speech_ms: NO_SPEECH_MS,
            tones: TonePlan::Japan,
            ..GreetingSettings::default()
        };
        assert_eq!(settings, shipped);
        assert_eq!(
            detection.before_answer(TonePlan::Japan).tones,
            TonePlan::Japan
        );
    }

    #[test]
    fn pacing_is_told_of_people_taken_for_machines() {
        let told = |amd: &str| {
            let config = read(Path::new("/etc/c"), amd).expect("it is right");
            config.campaigns[0].engine.tuning.people_as_machines
        };
        assert_eq!(told("amd = { people_as_machines = 0.01 }\n"), 0.01);
        assert_eq!(told(""), 0.0);
    }

    #[test]
    fn the_shipped_table_may_be_named_by_a_campaign() {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../media/greeting/learned.table");
        let amd = format!("amd = {{ score = \"{}\" }}\n", shipped.display());
        let config = read(Path::new("/etc/c"), &amd).expect("it is right");
        assert_eq!(config.campaigns[0].detection.score, ScoreTable::shipped());
    }

    #[test]
    fn mistakes_are_named_with_what_is_allowed() {
        let bad = |amd: &str, parts: &[&str]| refused(&format!("{CAMPAIGN}amd = {amd}\n"), parts);
        bad(
            "{ bias = 7 }",
            &["campaign[0].amd.bias", "carillon.toml:4", "-4", "4"],
        );
        bad("{ tones = \"usa\" }", &["tones", "did you mean", "us"]);
        bad(
            "{ machine_silence = \"100ms\" }",
            &["machine_silence", "too short", "10s"],
        );
        bad("{ treshold = 3 }", &["treshold", "score"]);
        bad(
            "{ people_as_machines = 0.05 }",
            &["people_as_machines", "no less than the cap", "careful"],
        );
        bad(
            "{ score = \"none.table\" }",
            &["amd.score", "none.table", "tests/amd/learn"],
        );
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("own.table");
        std::fs::write(&file, TABLE.replace("span_ms", "length")).expect("writable");
        let bad_table = read(directory.path(), "amd = { score = \"own.table\" }\n");
        let report = bad_table.expect_err("an unknown feature").to_string();
        for part in ["own.table:4", "length", "curve FEATURE", "carillon.toml:4"] {
            assert!(report.contains(part), "no `{part}` in:\n{report}");
        }
    }

    #[test]
    fn a_score_that_screening_never_asks_for_is_noted() {
        let amd = "screening = \"off\"\namd = { bias = 1, tones = \"fr\" }\n";
        let config = read(Path::new("/etc/c"), amd).expect("it is right");
        let notes = format!("{:?}", config.notes);
        assert!(notes.contains("without effect"), "{notes}");
    }
}
