//! Reading scenarios, and refusing them.

use super::*;

#[test]
fn every_shipped_scenario_reads_and_its_bytes_come_back() {
    for (name, text) in SHIPPED {
        let scenario = PacingScenario::read(name, text, &[]).unwrap();
        let written = toml::to_string(&scenario).unwrap();
        assert_eq!(
            PacingScenario::read(name, &written, &[]).unwrap(),
            scenario,
            "{name}"
        );
        assert!(scenario.title.starts_with(name));
    }
}

#[test]
fn what_cannot_be_simulated_is_named_with_what_is_allowed() {
    let said = |setting: &str| {
        let read = PacingScenario::read("day.toml", SHIPPED[0].1, &[setting.to_owned()]);
        read.unwrap_err().to_string()
    };
    for (setting, key) in [
        ("agents=0", "agents = 0"),
        ("p_human=0.9", "p_human = 0.9"),
        ("cap=1.5", "cap = 1.5"),
        ("talk.cv=-1", "talk.cv = -1"),
        ("hold.mean_s=-2", "hold.mean_s = -2"),
        ("scores={cv=4.0,known=true}", "scores.cv"),
        (
            "varies=[{what=\"talk\",steps=[[1.0,2.0]]}]",
            "varies[0].steps",
        ),
        ("shift=[{agents=2,from_h=9.0,to_h=10.0}]", "shift[0].from_h"),
    ] {
        let said = said(setting);
        assert!(
            said.contains("day.toml") && said.contains(key) && said.contains("write"),
            "{said}"
        );
    }
    assert!(said("pay=3").contains("unknown field `pay`"));
    assert!(said("talk.law=cauchy").contains("log-normal"));
}

#[test]
fn a_syntax_error_shows_its_line() {
    let text = SHIPPED[0].1.replace("cap = 0.03", "cap = ");
    let said = PacingScenario::read("day.toml", &text, &[])
        .unwrap_err()
        .to_string();
    assert!(
        said.contains("day.toml") && said.contains("line 7"),
        "{said}"
    );
}
