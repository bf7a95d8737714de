use super::*;
use maud::html;

fn axes() -> (Axis, Axis) {
    let x = Axis::hours("hour of the day", 8.0);
    let y = Axis::new("occupancy", Scale::new(0.0, 1.0), Unit::Share);
    (x, y)
}

/// The value of an attribute wherever it stands.
fn all<'a>(markup: &'a str, attribute: &str) -> Vec<&'a str> {
    let key = format!(" {attribute}=\"");
    markup
        .split(key.as_str())
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

#[test]
fn lines_and_bands_end_where_their_values_say() {
    let (x, y) = axes();
    let plot = Plot::new(x, y)
        .band(
            "days",
            Tone::Series(0),
            vec![(0.0, 0.2, 0.4), (8.0, 0.6, 1.4)],
        )
        .line("mean", Tone::Series(0), vec![(0.0, 0.25), (8.0, 0.75)]);
    let drawn = plot.render("occupancy rises").into_string();
    let paths = all(&drawn, "d");
    assert_eq!(
        paths[0], "M0.0 600.0L1000.0 0.0L1000.0 400.0L0.0 800.0Z",
        "beyond the scale is at its end"
    );
    assert_eq!(paths[1], "M0.0 750.0L1000.0 250.0");
    assert!(drawn.contains("aria-label=\"occupancy rises\""));
    assert!(drawn.contains("class=\"legend\"") && drawn.contains("mean"));
}

#[test]
fn stacked_layers_lie_on_each_other_and_are_named_where_thick() {
    let (x, y) = axes();
    let layer = |name: &str, value| Layer {
        name: name.to_owned(),
        tone: Tone::Series(1),
        values: vec![value; 10],
    };
    let plot = Plot::new(x, y).stack(
        (0..=10).map(|k| 0.8 * f64::from(k)).collect(),
        vec![layer("talk", 0.5), layer("idle", 0.05)],
    );
    let drawn = plot.render("").into_string();
    let paths = all(&drawn, "d");
    assert!(
        paths[0].starts_with("M0.0 500.0L100.0 500.0"),
        "{}",
        paths[0]
    );
    assert!(
        paths[1].starts_with("M0.0 450.0L100.0 450.0"),
        "{}",
        paths[1]
    );
    assert_eq!(
        drawn.matches("class=\"inside t2\"").count(),
        1,
        "only talk is thick"
    );
}

#[test]
fn steps_keep_a_value_until_the_next() {
    let (x, y) = axes();
    let drawn = Plot::new(x, y)
        .steps("days", Tone::Series(0), &[(0.0, 0.0), (4.0, 0.5)])
        .render("")
        .into_string();
    assert_eq!(all(&drawn, "d")[0], "M0.0 1000.0L500.0 1000.0L500.0 500.0");
}

#[test]
fn whatever_is_named_by_people_is_escaped() {
    let evil = "<script>alert('1')</script> & \"co\"";
    let (x, y) = axes();
    let plot = Plot::new(x, y)
        .line(evil, Tone::Series(0), vec![(0.0, 0.1)])
        .points(vec![Point {
            name: evil.to_owned(),
            tone: Tone::Series(1),
            x: (1.0, 0.5, 1.5),
            y: (0.5, 0.4, 0.6),
        }])
        .level(evil, 0.3);
    let heat = HeatMap {
        across: evil.to_owned(),
        columns: vec![evil.to_owned()],
        down: evil.to_owned(),
        rows: vec![evil.to_owned()],
        cells: vec![vec![HeatCell {
            value: Some(1.0),
            marked: true,
        }]],
        unit: Unit::Number,
        scale: Scale::new(0.0, 1.0),
    };
    let page = Page {
        kind: evil.to_owned(),
        title: evil.to_owned(),
        facts: vec![(evil.to_owned(), evil.to_owned())],
        command: evil.to_owned(),
        sections: vec![Section {
            title: evil.to_owned(),
            lead: evil.to_owned(),
            figures: vec![Figure {
                title: evil.to_owned(),
                caption: evil.to_owned(),
                body: html! { (plot.render(evil)) (heat.render(evil)) },
                data: Some(DataTable {
                    heads: vec![evil.to_owned()],
                    rows: vec![vec![evil.to_owned(); 2]],
                }),
                wide: false,
            }],
        }],
        notes: vec![evil.to_owned()],
        ..Page::default()
    };
    let text = page.render();
    assert!(!text.contains("<script") && text.contains("&lt;script&gt;"));
    assert!(!text.contains("http://") && !text.contains("https://"));
}

#[test]
fn heat_goes_from_pale_to_deep_and_marks_what_missed() {
    let cell = |value, marked| HeatCell { value, marked };
    let cells = vec![vec![
        cell(Some(0.1), false),
        cell(None, false),
        cell(Some(0.3), true),
    ]];
    let map = HeatMap {
        across: "agents".to_owned(),
        columns: ["5", "10", "20"].map(String::from).to_vec(),
        down: "cap".to_owned(),
        rows: vec!["0.03".to_owned()],
        scale: HeatMap::scale_of(&cells),
        cells,
        unit: Unit::Share,
    };
    let drawn = map.render("").into_string();
    assert_eq!(all(&drawn, "style"), ["--heat:8%", "--heat:100%"]);
    assert_eq!(drawn.matches('▲').count(), 1);
    assert!(drawn.contains("marked deep") && drawn.contains("class=\"none\""));
}
