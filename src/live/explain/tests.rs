use super::*;
use carillon_decision::id::{CampaignId, LeadId};
use carillon_store::{DncMembership, NumberDetails};

fn details(number: &str) -> LeadDetails {
    LeadDetails {
        id: LeadId(17),
        campaign: CampaignId(1),
        list: "spring".to_owned(),
        list_active: true,
        card: Default::default(),
        status: LeadStatus::Due,
        next_at: None,
        callback: None,
        leased_until: None,
        priority: 0,
        rank: 0,
        numbers: vec![NumberDetails {
            number: number.parse().unwrap(),
            retired: false,
            listed: Vec::new(),
        }],
        zone: Some("America/New_York".to_owned()),
        country: None,
        state: None,
        tags: Default::default(),
        needs: Vec::new(),
        owner: None,
        consent: Default::default(),
        answer_chance: None,
        attempts: 0,
        last_attempt: None,
        why: String::new(),
        refusal: None,
        history: Vec::new(),
    }
}

fn campaign() -> CampaignConfig {
    let text = r#"
        [[trunk]]
        name = "carrier"
        address = "192.0.2.1"
        channels = 10
        calls_per_second = 5
        [[campaign]]
        name = "spring"
        caller_ids = ["+12025550100"]
    "#;
    let config = crate::config::Config::parse(std::path::Path::new("test.toml"), text);
    config.expect("the test's configuration is valid").campaigns[0]
        .engine
        .clone()
}

/// 2026-03-04 is a Wednesday.
fn new_york(hour: i8) -> Wall {
    let at = jiff::civil::date(2026, 3, 4)
        .at(hour, 0, 0, 0)
        .in_tz("America/New_York")
        .unwrap();
    Wall(at.timestamp().as_millisecond())
}

fn stops(explanation: &Explanation) -> Vec<&str> {
    let stops = explanation
        .steps
        .iter()
        .filter(|s| s.verdict == Verdict::Stop);
    stops.map(|s| s.topic.as_str()).collect()
}

#[test]
fn a_lead_that_may_be_dialed_says_so_and_names_zone_and_source() {
    let told = lead(&details("+12125550123"), &campaign(), new_york(12));
    assert_eq!(told.summary, "may be dialed now: it waits for its turn");
    assert!(stops(&told).is_empty(), "{told:#?}");
    assert!(
        told.steps
            .iter()
            .any(|s| s.detail.contains("[zone America/New_York, from lead_zone]"))
    );
}

#[test]
fn outside_hours_it_names_the_rule_and_the_next_allowed_time() {
    let told = lead(&details("+12125550123"), &campaign(), new_york(23));
    let next = jiff::civil::date(2026, 3, 5)
        .at(8, 0, 0, 0)
        .in_tz("America/New_York")
        .unwrap();
    assert_eq!(
        told.next_at.as_deref(),
        Some(next.timestamp().to_string().as_str())
    );
    assert!(
        told.summary
            .starts_with("not dialed before 2026-03-05T13:00:00Z"),
        "{}",
        told.summary
    );
    assert!(!stops(&told).is_empty());
}

#[test]
fn a_listed_number_is_never_dialed_and_whole_numbers_stay_inside() {
    let mut listed = details("+12125550123");
    listed.numbers[0].listed.push(DncMembership {
        list: "internal".to_owned(),
        since: Wall(0),
    });
    let told = lead(&listed, &campaign(), new_york(12));
    assert!(told.summary.starts_with("not dialed: "), "{}", told.summary);
    assert_eq!(told.next_at, None);
    let text = serde_json::to_string(&told).unwrap();
    assert!(!text.contains("12125550123"), "{text}");
}

#[test]
fn a_list_that_is_off_and_a_lead_not_yet_due_are_reasons_too() {
    let mut waiting = details("+12125550123");
    waiting.list_active = false;
    waiting.next_at = Some(new_york(15));
    let told = lead(&waiting, &campaign(), new_york(12));
    assert_eq!(stops(&told), ["list", "due"]);
    waiting.list_active = true;
    let told = lead(&waiting, &campaign(), new_york(12));
    assert_eq!(stops(&told), ["due"]);
    assert_eq!(told.next_at, Some(new_york(15).to_string()));
}

#[test]
fn a_list_that_is_off_names_no_time_at_which_it_would_change() {
    let mut details = details("+12125550123");
    details.list_active = false;
    let told = lead(&details, &campaign(), new_york(12));
    assert_eq!(
        told.summary,
        "not dialed: list: list `spring` is switched off"
    );
    assert_eq!(told.next_at, None);
}
