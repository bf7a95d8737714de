//! How well people are told from machines, on clips whose voices taught nothing.
//!
//! `cargo run -p carillon-media --release --example amd_report -- LABELS.csv FOLDER [tune]`, or
//! `tests/amd/report`. Prints the table, writes it to `FOLDER/report.md` with pictures beside it,
//! and ends with an error when a promise is not kept.

mod baseline;
#[path = "../amd/corpus.rs"]
mod corpus;
mod judge;
mod roc;
mod table;
#[path = "../amd/trace.rs"]
mod trace;

use std::io::Write as _;
use std::path::Path;

use carillon_media::Mode;
use corpus::Outcome;
use judge::{Judged, judge};
use table::Report;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [list, folder, rest @ ..] = &arguments[..] else {
        return Err("usage: amd_report LABELS.csv FOLDER [SET]".into());
    };
    let set = rest.first().map_or("test", String::as_str);
    let clips = corpus::load(Path::new(list), set)?;
    let judged = clips
        .into_iter()
        .map(judge)
        .collect::<Outcome<Vec<Judged>>>()?;
    let folder = Path::new(folder);
    std::fs::create_dir_all(folder)?;
    let report = Report::new(set, &judged);
    std::fs::write(folder.join("report.md"), &report.text)?;
    draw(folder, &judged)?;
    std::io::stdout().write_all(report.text.as_bytes())?;
    if report.failed.is_empty() {
        Ok(())
    } else {
        Err(format!("not kept: {}", report.failed.join("; ")).into())
    }
}

fn draw(folder: &Path, judged: &[Judged]) -> Outcome<()> {
    let share = |class: &str, hit: fn(&Judged) -> bool| {
        let of: Vec<_> = judged.iter().filter(|j| j.clip.is(class)).collect();
        of.iter().filter(|j| hit(j)).count() as f32 / of.len().max(1) as f32
    };
    let point = |hit: fn(&Judged) -> bool| (share("person", hit), share("machine", hit));
    let points = [
        (
            "fast, as shipped".to_owned(),
            point(|j| j.fast.is_machine()),
        ),
        (
            "careful, as shipped".to_owned(),
            point(|j| j.careful.is_machine()),
        ),
        (
            "energy timing".to_owned(),
            point(|j| j.baseline.is_machine()),
        ),
    ];
    let methods = [
        ("fast".to_owned(), roc::method(judged, Mode::Fast)),
        ("careful".to_owned(), roc::method(judged, Mode::Careful)),
    ];
    let near = roc::svg(
        "People and machines, near the limit",
        0.05,
        &methods,
        &points,
    );
    std::fs::write(folder.join("roc-near.svg"), near)?;
    let single = [
        "span_ms",
        "loud_ms",
        "speech_ms",
        "words",
        "longest_word_ms",
        "longest_pause_ms",
    ];
    let features = single.map(|name| (format!("{name} alone"), roc::feature(judged, name)));
    let all: Vec<_> = methods.into_iter().chain(features).collect();
    let whole = roc::svg("Both modes, and features alone", 1.0, &all, &points);
    std::fs::write(folder.join("roc.svg"), whole)?;
    Ok(())
}
