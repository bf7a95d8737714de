//! Reports of the simulator as people see them: in a real browser, at a desk, on a phone, on
//! paper, in light and dark, without a network.

use crate::program::{run_json, run_to_error};
use crate::support::browser::Browser;
use serde_json::{Value, json};
use std::path::Path;

/// Marks outside their frame, letters outside their figure or on each other, figures without
/// anything to see or without a name and a caption.
const FAULTS: &str = "(() => {
    const faults = [];
    const say = (what, of) => faults.push(`${what}: ${of.outerHTML.slice(0, 160)}`);
    // Strokes and points reach over an edge by half their size.
    const inside = (a, b, room) => a.left >= b.left - room && a.right <= b.right + room
        && a.top >= b.top - room && a.bottom <= b.bottom + room;
    const seen = (e) => e.getClientRects().length > 0 && e.textContent.trim() !== '';
    const text = (root, path) => [...root.querySelectorAll(path)].filter(seen);
    for (const figure of document.querySelectorAll('figure')) {
        const marks = figure.querySelectorAll('svg.frame path, svg.frame rect, svg.frame circle, td');
        if (marks.length === 0) say('nothing to see', figure);
        if (!figure.querySelector('h3').innerText || !figure.querySelector('figcaption p').innerText)
            say('no name or caption', figure);
        for (const drawing of figure.querySelectorAll('[role=img], .heat table'))
            if (!drawing.ariaLabel) say('no words for who cannot see it', drawing);
        const room = figure.getBoundingClientRect();
        for (const letters of text(figure, 'svg.frame text'))
            if (!inside(letters.getBoundingClientRect(), room, 0)) say('letters outside', letters);
        for (const frame of figure.querySelectorAll('svg.frame')) {
            const border = frame.getBoundingClientRect();
            for (const mark of frame.querySelectorAll('path, rect, circle, line.interval'))
                if (!inside(mark.getBoundingClientRect(), border, 9)) say('a mark outside', mark);
            const ticks = text(frame, '.grid text').map((e) => [e, e.getBoundingClientRect()]);
            for (const [k, [one, a]] of ticks.entries())
                for (const [, b] of ticks.slice(0, k))
                    if (Math.min(a.right, b.right) > Math.max(a.left, b.left)
                        && Math.min(a.bottom, b.bottom) > Math.max(a.top, b.top) + 1)
                        say('letters on each other', one);
        }
    }
    return faults;
})()";

/// What the page would take across, and what there is beside a scroll bar.
const WIDTHS: &str = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]";

/// Makes a report and what the same command answers as JSON.
fn made(folder: &Path, name: &str, args: &[&str]) -> Value {
    let file = format!("{name}.html");
    let all: Vec<&str> = args
        .iter()
        .copied()
        .chain(["--json", "--html", file.as_str()])
        .collect();
    run_json(folder, &all)
}

/// Looks at a report everywhere; answers its tiles and the heads of its figures.
fn looked_at(browser: &mut Browser, folder: &Path, name: &str) -> Value {
    let path = folder.join(format!("{name}.html"));
    let own = format!("file://{}", path.display());
    browser.open(&own);
    let mut grounds = Vec::new();
    for (width, height, scheme) in [
        (390, 844, "light"),
        (1280, 900, "dark"),
        (768, 900, "light"),
    ] {
        browser.resize(width, height);
        browser.appear("screen", scheme);
        let widths = browser.value(WIDTHS);
        assert_eq!(widths[0], widths[1], "{name} at {width}");
        assert_eq!(browser.value(FAULTS), json!([]), "{name} at {width}");
        grounds.push(browser.value("getComputedStyle(document.body).backgroundColor"));
    }
    assert_eq!(grounds[0], grounds[2]);
    assert_ne!(grounds[0], grounds[1], "dark is dark");
    // Paper is white, whatever the screen is.
    browser.appear("print", "dark");
    let paper = browser.value("getComputedStyle(document.body).backgroundColor");
    assert_eq!(paper, "rgb(255, 255, 255)");
    assert_eq!(browser.value(FAULTS), json!([]), "{name} on paper");
    browser.appear("screen", "light");
    assert_eq!(browser.complaints(), Vec::<String>::new(), "{name}");
    let asked: Vec<String> = browser
        .requests()
        .into_iter()
        .filter(|url| *url != own && !url.starts_with("data:"))
        .collect();
    assert_eq!(asked, Vec::<String>::new(), "{name} fetches nothing");
    browser.value(
        "({
            tiles: Object.fromEntries([...document.querySelectorAll('.tiles li')]
                .map((t) => [t.children[0].innerText, t.children[1].innerText])),
            figures: [...document.querySelectorAll('figure h3')].map((h) => h.innerText),
            command: document.querySelector('.again code').innerText,
            rows: [...document.querySelectorAll('section:nth-last-of-type(2) tbody tr')].length,
            cells: document.querySelectorAll('.heat td').length,
            marked: document.querySelectorAll('.heat td.marked').length,
        })",
    )
}

#[test]
fn a_study_shows_its_day_and_the_figures_it_printed() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let words = "sim run drift --set hours=2.5 --set replications=4 --set agents=8";
    let words: Vec<&str> = words.split(' ').collect();
    let told = made(folder.path(), "run", &words);
    let mut browser = Browser::start(1280, 900);
    let seen = looked_at(&mut browser, folder.path(), "run");
    let occupancy = told["utilisation"]["mean"].as_f64().expect("a share");
    let shown = seen["tiles"]["Occupancy"].as_str().expect("a tile");
    assert_eq!(
        shown.replace('\u{202f}', " "),
        format!("{:.2} %", 100.0 * occupancy)
    );
    let held = seen["tiles"]["Cap held"].as_str().expect("a tile");
    assert!(
        held.ends_with(&format!("{} of 4", told["days_held"])),
        "{held}"
    );
    let figures = seen["figures"].as_array().expect("a list");
    for title in [
        "Occupancy",
        "What agents do",
        "Lines in flight",
        "What held the number of lines",
        "Abandonment in its window",
        "The rolling hour",
        "How the days ended",
        "Day by day",
    ] {
        assert!(figures.contains(&json!(title)), "{title}: {figures:?}");
    }
    assert_eq!(seen["rows"], 5, "all days and each");
    let command = seen["command"].as_str().expect("text");
    assert!(
        command.starts_with("carillon sim run drift --set hours=2.5"),
        "{command}"
    );
}

#[test]
fn a_single_short_day_of_a_plain_rule_is_a_report_too() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let words = "sim run reference --set hours=0.3 --set replications=1 --set policy=lines:8";
    let words: Vec<&str> = words.split(' ').collect();
    made(folder.path(), "day", &words);
    let mut browser = Browser::start(1280, 900);
    let seen = looked_at(&mut browser, folder.path(), "day");
    let figures = seen["figures"].as_array().expect("a list");
    // A plain rule does not say what held it, hangs nothing up, and has no hour to look back on.
    for title in [
        "What held the number of lines",
        "Day by day",
        "The rolling hour",
    ] {
        assert!(!figures.contains(&json!(title)), "{title}: {figures:?}");
    }
    let note = "document.querySelector('.tiles .note').innerText";
    assert_eq!(browser.value(note), "one day: no interval");
}

#[test]
fn policies_and_sweeps_are_drawn_with_every_one_of_their_points() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let small = ["--set", "hours=1", "--set", "replications=3"];
    let with = |words: &'static str| -> Vec<&str> { words.split(' ').chain(small).collect() };
    made(
        folder.path(),
        "compare",
        &with("sim compare reference --policies predictive,ratio:1.5,ratio:2.5,lines:30,erlang-c"),
    );
    made(
        folder.path(),
        "line",
        &with("sim sweep reference --axis agents=4,8,16"),
    );
    let cells = made(
        folder.path(),
        "maps",
        &with(
            "sim sweep reference --axis policy=predictive,ratio:3 --axis agents=4,8,16 --axis cap=0.01,0.03",
        ),
    );
    let mut browser = Browser::start(1280, 900);
    let compared = looked_at(&mut browser, folder.path(), "compare");
    assert_eq!(compared["rows"], 5);
    let points = browser.value("document.querySelectorAll('.plot path.shape').length");
    assert_eq!(points, 5, "a point for each policy");
    let names = "[...document.querySelectorAll('.plot .anchor.wide text')].map((t) => t.textContent).sort()";
    let expected = json!([
        "erlang-c",
        "lines:30",
        "predictive",
        "ratio:1.5",
        "ratio:2.5"
    ]);
    assert_eq!(browser.value(names), expected);
    let line = looked_at(&mut browser, folder.path(), "line");
    assert_eq!((&line["rows"], &line["cells"]), (&json!(3), &json!(0)));
    let maps = looked_at(&mut browser, folder.path(), "maps");
    assert_eq!(maps["rows"], 12);
    assert_eq!(maps["cells"], 48, "four measures of twelve combinations");
    let missed = cells.as_array().expect("a list").iter();
    let missed = missed
        .filter(|cell| cell["days_held"] != cell["days"])
        .count();
    assert!(missed > 0, "a ratio of three is too much");
    assert_eq!(
        maps["marked"],
        2 * missed,
        "marked on occupancy and abandonment"
    );
}

#[test]
fn a_whole_floor_shows_its_campaigns_and_trunks() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let words = "sim run shop --days 2 --set hours=1.5 --set list.listed=0.2 --set trunk.carrier.outages=[[0.5,6.0]]";
    let words: Vec<&str> = words.split(' ').collect();
    let told = made(folder.path(), "floor", &words);
    let mut browser = Browser::start(1280, 900);
    let seen = looked_at(&mut browser, folder.path(), "floor");
    let occupancy = told["utilisation"]["mean"].as_f64().expect("a share");
    let shown = seen["tiles"]["Occupancy"].as_str().expect("a tile");
    assert_eq!(
        shown.replace('\u{202f}', " "),
        format!("{:.2} %", 100.0 * occupancy)
    );
    let figures = seen["figures"].as_array().expect("a list");
    for title in [
        "Figures by campaign",
        "Lists",
        "Trunks",
        "Occupancy",
        "Calls on carrier",
        "List left",
        "Refusals by reason",
        "Abandonment in its window",
        "What held the number of lines",
        "Figures by day",
    ] {
        assert!(figures.contains(&json!(title)), "{title}: {figures:?}");
    }
    // Nobody calls in there.
    assert!(!figures.contains(&json!("People who called in")));
    assert_eq!(seen["tiles"].get("Service level"), None);
    assert_eq!(seen["rows"], 2, "each day");
    let legends = "[...document.querySelectorAll('.legend li')].map((e) => e.textContent)";
    let legends = browser.value(legends);
    for name in ["outage", "20 channels", "cap 3.0\u{202f}%"] {
        let legends = legends.as_array().expect("a list");
        assert!(legends.contains(&json!(name)), "{name}: {legends:?}");
    }
    let refused = "document.querySelector('main').innerText.includes('do not call')";
    assert_eq!(browser.value(refused), true);
}

#[test]
fn a_report_that_cannot_be_written_is_refused_before_the_days_run() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    // Days that nobody would wait for.
    let told = run_to_error(
        folder.path(),
        &[
            "sim",
            "run",
            "multiskill",
            "--days",
            "1000000",
            "--html",
            "no/floor.html",
        ],
    );
    assert!(
        told.contains("--html no/floor.html: its folder does not exist"),
        "{told}"
    );
}
