//! The report as text: promises, what became of them, and where the mistakes are.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use carillon_media::{Signal, Who};

use crate::judge::{Answer, Judged};

/// A report, and the promises that were not kept.
pub struct Report {
    pub text: String,
    pub failed: Vec<String>,
}

/// How often something happened.
#[derive(Clone, Copy, Default)]
struct Share {
    hits: usize,
    of: usize,
}

impl Share {
    fn count<'a>(judged: impl Iterator<Item = &'a Judged>, hit: impl Fn(&Judged) -> bool) -> Self {
        judged.fold(Self::default(), |sum, j| Self {
            hits: sum.hits + usize::from(hit(j)),
            of: sum.of + 1,
        })
    }

    fn rate(self) -> f64 {
        self.hits as f64 / self.of.max(1) as f64
    }

    /// Wilson's interval at 95 %.
    fn interval(self) -> (f64, f64) {
        let (n, p, z) = (self.of.max(1) as f64, self.rate(), 1.96f64);
        let middle = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
        let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt() / (1.0 + z * z / n);
        ((middle - half).max(0.0), (middle + half).min(1.0))
    }

    fn text(self) -> String {
        if self.of == 0 {
            return "–".into();
        }
        let (low, high) = self.interval();
        format!(
            "{:.2} % ({}/{}; {:.2}–{:.2})",
            self.rate() * 100.0,
            self.hits,
            self.of,
            low * 100.0,
            high * 100.0
        )
    }
}

type Method = (&'static str, fn(&Judged) -> Answer);
const METHODS: [Method; 3] = [
    ("fast", |j| j.fast),
    ("careful", |j| j.careful),
    ("energy timing", |j| j.baseline),
];

/// A tone by name, the classes of its clips, and what counts as it.
type Tone = (&'static str, &'static [&'static str], fn(&Signal) -> bool);

impl Report {
    /// Writes the report of some clips.
    pub fn new(set: &str, judged: &[Judged]) -> Self {
        let mut report = Self {
            text: String::new(),
            failed: Vec::new(),
        };
        let _ = writeln!(
            report.text,
            "# Who answered: {} clips of the {set} set\n",
            judged.len()
        );
        let _ = writeln!(
            report.text,
            "Shares with counts and Wilson's 95 % intervals.\n"
        );
        report.methods(judged);
        report.tones(judged);
        report.parts(judged);
        report.speed(judged);
        report
    }

    fn promise(&mut self, what: &str, kept: bool) {
        if !kept {
            self.failed.push(what.to_owned());
        }
    }

    fn methods(&mut self, judged: &[Judged]) {
        let _ = writeln!(
            self.text,
            "| method | people taken for machines | machines found | people told after, p50 / p95 | \
             machines told after, p50 / p95 |\n|---|---|---|---|---|"
        );
        for (name, answer) in METHODS {
            let of = |class: &'static str| judged.iter().filter(move |j| j.clip.is(class));
            let wrong = Share::count(of("person"), |j| answer(j).is_machine());
            let found = Share::count(of("machine"), |j| answer(j).is_machine());
            let times = |class: &'static str, machine: bool| {
                let told = of(class).filter(|j| answer(j).is_machine() == machine);
                let mut all: Vec<f32> = told.map(|j| j.after_ms(&answer(j))).collect();
                all.sort_by(f32::total_cmp);
                (at(&all, 50), at(&all, 95))
            };
            let (p50, p95) = times("person", false);
            let (m50, m95) = times("machine", true);
            let _ = writeln!(
                self.text,
                "| {name} | {} | {} | {p50:.0} / {p95:.0} ms | {m50:.0} / {m95:.0} ms |",
                wrong.text(),
                found.text()
            );
            let (wanted, by_ms) = match name {
                "fast" => (0.75, 1_800.0),
                "careful" => (0.90, 1_800.0),
                _ => continue,
            };
            self.promise(
                &format!("{name}: people taken for machines ≤ 1 %"),
                wrong.rate() <= 0.01,
            );
            self.promise(
                &format!("{name}: machines found ≥ {wanted}"),
                found.rate() >= wanted,
            );
            self.promise(
                &format!("{name}: people told within {by_ms} ms (p95)"),
                p95 <= by_ms,
            );
        }
    }

    fn tones(&mut self, judged: &[Judged]) {
        let _ = writeln!(
            self.text,
            "\n| tone | found, of the right kind | false alarms on speech |\n|---|---|---|"
        );
        let speech = || {
            judged
                .iter()
                .filter(|j| j.clip.is("person") || j.clip.is("machine"))
        };
        let rows: [Tone; 6] = [
            ("special information tones", &["sit"], |s| {
                matches!(s, Signal::Sit(_))
            }),
            ("fax (CNG, CED)", &["cng", "ced"], |s| {
                matches!(s, Signal::Cng | Signal::Ced { .. })
            }),
            ("modem", &["modem"], |s| *s == Signal::Modem),
            ("ringback", &["ringback"], |s| *s == Signal::Ringback),
            ("busy, congestion", &["busy", "congestion"], |s| {
                matches!(s, Signal::Busy | Signal::Congestion)
            }),
            ("music", &["music"], |_| false),
        ];
        for (name, kinds, alarm) in rows {
            let found = Share::count(
                judged
                    .iter()
                    .filter(|j| kinds.contains(&j.clip.get("kind"))),
                Judged::signal_found,
            );
            let wrong = Share::count(speech(), |j| j.has(alarm));
            let _ = writeln!(
                self.text,
                "| {name} | {} | {} |",
                found.text(),
                wrong.text()
            );
            if matches!(kinds[0], "sit" | "cng") {
                self.promise(&format!("{name} found ≥ 99 %"), found.rate() >= 0.99);
                self.promise(&format!("{name}: no false alarm"), wrong.hits == 0);
            }
        }
        let beeps = Share::count(judged.iter().filter(|j| j.beep_found().is_some()), |j| {
            j.beep_found() == Some(true)
        });
        let wrong = Share::count(
            speech().filter(|j| !matches!(j.clip.get("kind"), "machine_music" | "queue")),
            |j| j.false_beeps() > 0,
        );
        let _ = writeln!(
            self.text,
            "| voicemail beep | {} | {} |",
            beeps.text(),
            wrong.text()
        );
        self.promise("beeps found ≥ 99 %", beeps.rate() >= 0.99);
        self.promise("beeps: no false alarm", wrong.hits == 0);
        let silent = Share::count(judged.iter().filter(|j| j.clip.is("silence")), |j| {
            j.fast.who == Some(Who::Silence)
        });
        let _ = writeln!(self.text, "| silence | {} | |", silent.text());
        self.greeting_ends(judged);
    }

    fn greeting_ends(&mut self, judged: &[Judged]) {
        let error = |j: &Judged| Some(j.ended_at_ms? as f32 - j.clip.number("greeting_end_ms")?);
        let people = judged.iter().filter(|j| j.clip.is("person"));
        let mut late: Vec<f32> = people.filter_map(error).collect();
        late.sort_by(f32::total_cmp);
        let _ = writeln!(
            self.text,
            "\nEnd of people's greetings, told against label: {:.0} / {:.0} / {:.0} ms (p5 / p50 / p95).",
            at(&late, 5),
            at(&late, 50),
            at(&late, 95)
        );
    }

    fn parts(&mut self, judged: &[Judged]) {
        for column in [
            "kind", "noise", "snr_db", "language", "engine", "codec", "loss", "voice",
        ] {
            let mut groups: BTreeMap<&str, Vec<&Judged>> = BTreeMap::new();
            let counted = judged
                .iter()
                .filter(|j| j.clip.is("person") || j.clip.is("machine"));
            for j in counted {
                groups.entry(j.clip.get(column)).or_default().push(j);
            }
            let _ = writeln!(
                self.text,
                "\n| {column} | people wrong: fast | careful | energy timing | machines found: fast | careful | energy timing |\n\
                 |---|---|---|---|---|---|---|"
            );
            for (name, group) in groups {
                // By voice, only where something went wrong.
                let wrong = |j: &&Judged| {
                    j.clip.is("person") && (j.fast.is_machine() || j.careful.is_machine())
                };
                if column == "voice" && !group.iter().any(wrong) {
                    continue;
                }
                let _ = write!(
                    self.text,
                    "| {} ",
                    if name.is_empty() { "none" } else { name }
                );
                for class in ["person", "machine"] {
                    for (_, answer) in METHODS {
                        let of = group.iter().copied().filter(|j| j.clip.is(class));
                        let share = Share::count(of, |j| answer(j).is_machine());
                        let _ = match share.of {
                            0 => write!(self.text, "| – "),
                            of => write!(self.text, "| {:.1} % of {of} ", share.rate() * 100.0),
                        };
                    }
                }
                let _ = writeln!(self.text, "|");
            }
        }
        self.mistakes(judged);
    }

    fn mistakes(&mut self, judged: &[Judged]) {
        let _ = writeln!(
            self.text,
            "\nPeople taken for machines, and tones missed or imagined:\n"
        );
        for j in judged {
            let person = j.clip.is("person") && (j.fast.is_machine() || j.careful.is_machine());
            let tone = !j.clip.get("signal").is_empty() && !j.signal_found();
            let beep = j.beep_found() == Some(false);
            let imagined = j.false_beeps() > 0 && j.clip.get("kind") != "queue";
            if person || tone || beep || imagined {
                let _ = writeln!(
                    self.text,
                    "- {} ({}, {} {}): fast {:?}, careful {:?}, heard {:?}, beeps {:?}, wanted {} {}",
                    j.clip.get("file"),
                    j.clip.get("voice"),
                    j.clip.get("noise"),
                    j.clip.get("snr_db"),
                    j.fast.who,
                    j.careful.who,
                    j.signals,
                    j.beeps,
                    j.clip.get("signal"),
                    j.clip.get("beep_hz")
                );
            }
        }
    }

    fn speed(&mut self, judged: &[Judged]) {
        let spent: f64 = judged.iter().map(|j| j.spent.as_secs_f64()).sum();
        let audio: f64 = judged.iter().map(|j| f64::from(j.audio_ms) / 1000.0).sum();
        let share = spent / audio.max(1e-9);
        let _ = writeln!(
            self.text,
            "\nThe detector takes {:.0} µs per second of audio: {:.3} % of a core per watched call.",
            share * 1e6,
            share * 100.0
        );
    }
}

/// A percentile of sorted values.
fn at(sorted: &[f32], percent: usize) -> f32 {
    let place = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    sorted.get(place).copied().unwrap_or_default()
}
