//! The gate against brute force: every zone, at both instants, minute by minute.

use super::*;
use jiff::tz::TimeZoneDatabase;
use proptest::prelude::*;

/// Whether `hours` allow a call at `at` in `zone`, by nothing but the calendar.
fn open(hours: &WeekHours, zone: &jiff::tz::TimeZone, at: Wall) -> bool {
    let local = zone.to_datetime(at.timestamp());
    let minute = u16::from(local.hour() as u8) * 60 + u16::from(local.minute() as u8);
    hours
        .on(local.weekday())
        .iter()
        .any(|span| (span.from_minute()..span.to_minute()).contains(&minute))
}

fn allowed(hours: &WeekHours, zones: &[jiff::tz::TimeZone], at: Wall, ring: Duration) -> bool {
    zones
        .iter()
        .all(|zone| open(hours, zone, at) && open(hours, zone, at + ring))
}

/// Zones with every oddity: half hours, 30-minute summer time, summer time abolished or
/// reversed, the date line.
const ZONES: &[&str] = &[
    "America/New_York",
    "America/Phoenix",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "Europe/Istanbul",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
];

/// Instants around clock changes (the date line moved for Apia at the end of 2011), and any.
fn instants() -> impl Strategy<Value = Wall> {
    let around = [
        "2026-03-08T07:00:00Z",
        "2026-11-01T06:00:00Z",
        "2026-04-04T15:00:00Z",
        "2026-10-03T15:30:00Z",
        "2016-09-07T21:00:00Z",
        "2011-12-30T10:00:00Z",
    ];
    let around = proptest::sample::select(around.to_vec());
    prop_oneof![
        (around, -200_000_000_i64..200_000_000).prop_map(|(t, off)| Wall(at(t).0 + off)),
        (1_300_000_000_000_i64..1_900_000_000_000).prop_map(Wall),
    ]
}

fn week() -> impl Strategy<Value = WeekHours> {
    let span = (0_u16..1440, 1_u16..=1440).prop_filter_map("empty", |(from, length)| {
        DaySpan::new(from, (from + length).min(1440))
    });
    let day = proptest::collection::vec(span, 0..3);
    proptest::collection::vec(day, 7)
        .prop_map(|days| WeekHours::new(days.try_into().expect("seven days")))
        .prop_filter("never open", |week| !week.is_never())
}

fn campaign(hours: &WeekHours) -> Gate {
    let rules = ComplianceRules {
        packs: Vec::new(),
        hours: Some(hours.clone()),
        ..ComplianceRules::default()
    };
    Gate::new(&rules).unwrap()
}

/// First whole-minute step at which the call is allowed, looking at most three days ahead.
fn brute_force(
    hours: &WeekHours,
    zones: &[jiff::tz::TimeZone],
    from: Wall,
    ring: Duration,
) -> Option<Wall> {
    // Edges fall on whole minutes, for dialing and (a ring earlier) for the end of ringing.
    let ring_ms = ring.as_millis() as i64;
    let minutes = |shift: i64| {
        let first = (from.0 + shift).div_euclid(60_000) + 1;
        (first..first + 3 * 1440).map(move |m| m * 60_000 - shift)
    };
    let mut edges: Vec<i64> = minutes(0).chain(minutes(ring_ms)).collect();
    edges.push(from.0);
    edges.sort_unstable();
    edges
        .into_iter()
        .map(Wall)
        .find(|t| *t >= from && allowed(hours, zones, *t, ring))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn one_zone_agrees_with_brute_force(
        zone in proptest::sample::select(ZONES.to_vec()),
        now in instants(),
        hours in week(),
        ring_s in 0_u64..90,
    ) {
        let ring = Duration::from_secs(ring_s);
        let mut lead = lead("+12125550123");
        lead.zone = Some(zone.to_owned());
        let zones = [TimeZoneDatabase::bundled().get(zone).unwrap()];
        check_edges(&campaign(&hours), &hours, &zones, &lead, now, ring)?;
    }

    #[test]
    fn every_zone_of_a_prefix_agrees_with_brute_force(
        // Split area codes, and mobiles of Australia and Russia.
        number in proptest::sample::select(vec![
            "+18505550123", "+12085550123", "+19075550123", "+61412345678", "+79161234567",
        ]),
        now in instants(),
        hours in week(),
        ring_s in 0_u64..90,
    ) {
        let ring = Duration::from_secs(ring_s);
        let lead = lead(number);
        let row = crate::compliance::places::of_number(lead.numbers[0].number).unwrap();
        let zones: Vec<_> = row
            .zones
            .iter()
            .map(|z| TimeZoneDatabase::bundled().get(&z.name).unwrap())
            .collect();
        prop_assert!(zones.len() > 1);
        check_edges(&campaign(&hours), &hours, &zones, &lead, now, ring)?;
    }

    #[test]
    fn what_is_written_reads_back(hours in week()) {
        let bytes = postcard::to_stdvec(&hours).unwrap();
        prop_assert_eq!(&postcard::from_bytes::<WeekHours>(&bytes).unwrap(), &hours);
        let rules = ComplianceRules { hours: Some(hours), ..ComplianceRules::default() };
        let bytes = postcard::to_stdvec(&rules).unwrap();
        prop_assert_eq!(postcard::from_bytes::<ComplianceRules>(&bytes).unwrap(), rules);
    }
}

/// Checks at `now`, and around the end of the next window: random instants rarely fall there.
fn check_edges(
    gate: &Gate,
    hours: &WeekHours,
    zones: &[jiff::tz::TimeZone],
    lead: &Lead,
    now: Wall,
    ring: Duration,
) -> Result<(), TestCaseError> {
    check(gate, hours, zones, lead, now, ring)?;
    let Some(start) = gate.next_allowed(lead, 0, now, ring) else {
        return Ok(());
    };
    let minute = start.0.div_euclid(60_000);
    let end = (minute + 1..minute + 1441)
        .map(|m| Wall(m * 60_000))
        .find(|t| !allowed(hours, zones, *t, Duration::ZERO));
    if let Some(end) = end {
        for before in [
            ring,
            ring / 2,
            ring + Duration::from_secs(4),
            Duration::from_millis(1),
        ] {
            check(gate, hours, zones, lead, end - before, ring)?;
        }
    }
    Ok(())
}

fn check(
    gate: &Gate,
    hours: &WeekHours,
    zones: &[jiff::tz::TimeZone],
    lead: &Lead,
    now: Wall,
    ring: Duration,
) -> Result<(), TestCaseError> {
    match gate.permit(lead, 0, now, ring) {
        Ok(permit) => {
            prop_assert_eq!(permit.zones().len(), zones.len());
            let mut t = now;
            while t < permit.expires() {
                prop_assert!(allowed(hours, zones, t, ring), "at {}", t);
                t = Wall(t.0 + 250);
            }
            let whole = permit.expires() == now + DialPermit::LIFETIME;
            prop_assert!(whole || !allowed(hours, zones, permit.expires(), ring));
        }
        Err(refusal) => {
            prop_assert_eq!(refusal.code, RefusalCode::OutsideHours);
            prop_assert!(!allowed(hours, zones, now, ring));
            let by_force = brute_force(hours, zones, now, ring);
            match refusal.not_before {
                Some(next) if next.millis_since(now) <= 2 * Wall::DAY_MS => {
                    prop_assert_eq!(by_force, Some(next));
                    prop_assert!(gate.permit(lead, 0, next, ring).is_ok());
                }
                Some(next) => {
                    prop_assert!(by_force.is_none_or(|t| t >= next));
                    prop_assert!(gate.permit(lead, 0, next, ring).is_ok());
                }
                None => prop_assert_eq!(by_force, None),
            }
        }
    }
    Ok(())
}

#[test]
fn hours_follow_both_clock_changes() {
    let night = WeekHours::daily(&["01:30-02:30".parse().unwrap()]);
    let gate = campaign(&night);
    let lead = lead("+12125550123");
    // Spring: 02:00 to 03:00 does not exist, the window is 30 minutes long.
    let spring = at("2026-03-08T01:59:00[America/New_York]");
    assert!(gate.permit(&lead, 0, spring, Duration::ZERO).is_ok());
    let after = Wall(spring.0 + 60_000);
    let refused = gate.permit(&lead, 0, after, Duration::ZERO).unwrap_err();
    assert_eq!(
        refused.not_before,
        Some(at("2026-03-09T01:30:00[America/New_York]"))
    );
    // Autumn: 01:30 to 02:00 happens twice, and 01:00 to 01:30 closes it in between.
    let autumn = at("2026-11-01T05:59:00Z");
    assert!(gate.permit(&lead, 0, autumn, Duration::ZERO).is_ok());
    let between = at("2026-11-01T06:00:00Z");
    let refused = gate.permit(&lead, 0, between, Duration::ZERO).unwrap_err();
    assert_eq!(refused.not_before, Some(at("2026-11-01T06:30:00Z")));
}

#[test]
fn a_set_of_rules_that_never_meets_says_so() {
    // Half past nine is over in Lord Howe hours before nine in Perth.
    let gate = campaign(&WeekHours::daily(&["09:00-09:30".parse().unwrap()]));
    let now = at("2026-07-01T00:00:00Z");
    let refused = gate
        .permit(&lead("+61412345678"), 0, now, RING)
        .unwrap_err();
    assert_eq!(
        (refused.code, refused.not_before),
        (RefusalCode::OutsideHours, None)
    );
}
