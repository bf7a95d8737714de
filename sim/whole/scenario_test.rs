//! Reading whole floors, and refusing them.

use super::scenario::{FloorScenario, SHIPPED, is_whole_floor};
use crate::pacing;

#[test]
fn every_shipped_floor_reads_and_its_bytes_come_back() {
    for (name, text) in SHIPPED {
        assert!(is_whole_floor(text), "{name}");
        let scenario = FloorScenario::read(name, text, &[]).unwrap_or_else(|e| panic!("{e}"));
        let written = toml::to_string(&scenario).unwrap();
        assert_eq!(
            FloorScenario::read(name, &written, &[]).unwrap(),
            scenario,
            "{name}"
        );
        assert!(scenario.title.starts_with(name));
    }
    for (name, text) in pacing::SHIPPED {
        assert!(!is_whole_floor(text), "{name}");
    }
    assert!(!is_whole_floor(crate::scenario::DEMO));
}

fn said(setting: &str) -> String {
    let text = SHIPPED[0].1;
    let read = FloorScenario::read("day.toml", text, &[setting.to_owned()]);
    read.unwrap_err().to_string()
}

#[test]
fn what_cannot_be_simulated_is_named_with_what_is_allowed() {
    for (setting, key) in [
        ("hours=0", "hours = 0: write 0.01 to 24"),
        ("start=noon", "start = \"noon\": write an instant"),
        (
            "policy=fast",
            "campaign.warm.mode = \"fast\": write predictive, hard",
        ),
        ("cap=1.5", "campaign.warm.cap = 1.5: write"),
        ("campaign.cold.cap=1.5", "campaign.cold.cap = 1.5"),
        (
            "campaign.warm.ring_timeout_s=10",
            "ring_timeout_s = 10: write 15 to 600",
        ),
        ("callees.p_human=0.9", "campaign.warm.callees.p_* = "),
        ("callees.wrap.cv=-1", "campaign.warm.callees.wrap.cv = -1"),
        (
            "callees.talk={law=\"exponential\",mean_s=inf}",
            "campaign.warm.callees.talk.mean_s = inf",
        ),
        (
            "callees.talk={law=\"weibull\",mean_s=60.0,shape=0.01}",
            "talk.shape = 0.01",
        ),
        (
            "varies=[{what=\"talk\",steps=[[1.0,2.0]]}]",
            "so that the table covers the day",
        ),
        (
            "campaign.warm.inbound.per_hour=[[2.0,5.0]]",
            "inbound.per_hour = first at hour 2",
        ),
        (
            "needs=[{skill=\"french\"}]",
            "needs.skill = \"french\": write nothing: no group",
        ),
        (
            "trunk_groups=[\"gold\"]",
            "trunk_groups = \"gold\": write one of main",
        ),
        (
            "agents.callers.campaigns=[\"hot\"]",
            "agents.callers.campaigns = \"hot\": write one of cold, warm",
        ),
        (
            "agents.callers.count=3",
            "agents.callers.count = 3: write no count beside",
        ),
        (
            "list.zones={\"Mars/Olympus\"=1.0}",
            "list.zones = \"Mars/Olympus\": write one of",
        ),
        (
            "retries={asleep={after_s=1.0,most=1}}",
            "retries = asleep: write one of connected",
        ),
        (
            "trunk.carrier-a.channels=0",
            "trunk.carrier-a.channels = 0: write 1 to 100000",
        ),
        (
            "trunk.carrier-a.outages=[[30.0,5.0]]",
            "trunk.carrier-a.outages = [30, 5]",
        ),
    ] {
        let said = said(setting);
        assert!(
            said.contains("day.toml") && said.contains(key),
            "{setting}: {said}"
        );
    }
    for (setting, part) in [
        ("pay=3", "unknown field `pay`"),
        ("callees.talk.law=cauchy", "log-normal"),
        ("campaign.hot.cap=0.01", "NAME being one of warm, cold"),
        ("trunk.carrier-a", "write key=value"),
        ("cap.x=3", "`cap` is a value"),
    ] {
        let said = said(setting);
        assert!(said.contains(part), "{setting}: {said}");
    }
}

#[test]
fn settings_reach_every_campaign_or_the_one_named() {
    let settings = [
        "policy=hard",
        "campaign.cold.mode=ratio:2",
        "hours=9",
        "list.leads=100",
    ];
    let settings = settings.map(String::from);
    let scenario = FloorScenario::read("bank", SHIPPED[0].1, &settings).unwrap();
    assert_eq!(scenario.policy(), "warm=predictive-hard,cold=manual:2");
    assert!(scenario.campaigns.iter().all(|c| c.list.leads == 100));
}

#[test]
fn a_syntax_error_shows_its_line() {
    let text = SHIPPED[2].1.replace("hours = 8.0", "hours = ");
    let said = FloorScenario::read("day.toml", &text, &[])
        .unwrap_err()
        .to_string();
    assert!(
        said.contains("day.toml") && said.contains("line 8"),
        "{said}"
    );
}
