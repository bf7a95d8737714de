use super::*;

fn draws(law: &Law, n: usize, seed: u64) -> Vec<f64> {
    let mut chance = Pcg64Mcg::seed_from_u64(seed);
    let sampler = law.sampler();
    (0..n).map(|_| sampler.draw(&mut chance)).collect()
}

fn whole(values: Vec<f64>) -> Durations {
    Durations {
        whole: values,
        cut: Vec::new(),
    }
}

fn laws() -> [(Family, Law); 3] {
    [
        (
            Family::LogNormal,
            Law::LogNormal {
                mean_s: 180.0,
                cv: 1.0,
            },
        ),
        (
            Family::Gamma,
            Law::Gamma {
                mean_s: 40.0,
                cv: 0.5,
            },
        ),
        (
            Family::Weibull,
            Law::Weibull {
                mean_s: 60.0,
                shape: 2.5,
            },
        ),
    ]
}

/// The law that brought the durations forth is found, its parameters within four standard errors,
/// and it is not refuted.
#[test]
fn the_law_behind_durations_is_found_again() {
    for (family, law) in laws() {
        let found = fit("talk", whole(draws(&law, 3000, 5)), 1).unwrap();
        let best = found.tried[0];
        assert_eq!(best.fitted.family, family, "{found:?}");
        let error = 4.0 * best.cv * law.mean_s() / 3000_f64.sqrt();
        assert!((best.mean_s - law.mean_s()).abs() < error, "{best:?}");
        assert!(found.p_value > 0.01 && found.distance < 0.03, "{found:?}");
        assert!(found.is_law());
    }
}

/// Cutting half of the conversations off at one time moves the fit by no more than chance does;
/// leaving them out would halve the mean.
#[test]
fn what_was_cut_off_is_not_taken_for_short() {
    for (family, law) in laws() {
        let all = draws(&law, 4000, 9);
        let limit = law.mean_s() * 0.8;
        let durations = Durations {
            whole: all.iter().copied().filter(|x| *x < limit).collect(),
            cut: all.iter().filter(|x| **x >= limit).map(|_| limit).collect(),
        };
        let seen = durations.whole.iter().sum::<f64>() / durations.whole.len() as f64;
        let (_, found) = best_of(family, &durations, Cut::Later);
        let off = (found.mean_s / law.mean_s() - 1.0).abs();
        assert!(off < 0.08, "{family:?}: {found:?}");
        assert!(seen < 0.75 * law.mean_s());
    }
}

/// Ringing given up at 15 s hides answers: both their law and their share are found.
#[test]
fn answers_that_came_too_late_are_reckoned_with() {
    let law = Law::LogNormal {
        mean_s: 12.0,
        cv: 5.0 / 12.0,
    };
    let (would, failed, calls) = (0.5, 0.1, 20_000);
    let mut chance = Pcg64Mcg::seed_from_u64(3);
    let mut durations = Durations::default();
    for ring_s in draws(&law, calls, 4) {
        let u: f64 = chance.random();
        match u {
            _ if u < would && ring_s < 15.0 => durations.whole.push(ring_s),
            _ if u < 1.0 - failed => durations.cut.push(15.0),
            _ => {}
        }
    }
    let seen = durations.whole.len() as f64 / calls as f64;
    let found = fit_ring(durations, failed, 1).unwrap();
    let answered = found.answered.unwrap();
    assert_eq!(found.tried[0].fitted.family, Family::LogNormal);
    assert!(
        seen < 0.42 && (answered - would).abs() < 0.03,
        "{seen} {answered}"
    );
    assert!(
        (found.tried[0].mean_s - 12.0).abs() < 0.6,
        "{:?}",
        found.tried[0]
    );
    assert!(found.p_value > 0.01);
}

#[test]
fn durations_of_no_law_stay_as_they_were_measured() {
    // Short calls of 5 s and long ones of 300 s, nothing between.
    let mut values = draws(
        &Law::Uniform {
            from_s: 4.0,
            to_s: 6.0,
        },
        400,
        1,
    );
    values.extend(draws(
        &Law::Uniform {
            from_s: 290.0,
            to_s: 310.0,
        },
        200,
        2,
    ));
    let mean = values.iter().sum::<f64>() / 600.0;
    let found = fit("talk", whole(values), 1).unwrap();
    assert!(found.p_value <= 0.01 && found.distance > 0.1);
    let Law::Empirical { values_s } = &found.law else {
        panic!("{:?}", found.law)
    };
    assert_eq!(values_s.len(), EMPIRICAL_MAX);
    assert!((found.law.mean_s() / mean - 1.0).abs() < 0.02);
}

/// Whole seconds refute no law by being whole.
#[test]
fn durations_in_whole_seconds_are_spread() {
    let law = Law::LogNormal {
        mean_s: 30.0,
        cv: 0.7,
    };
    let rounded = draws(&law, 2000, 8).iter().map(|x| x.round()).collect();
    let found = fit("talk", whole(rounded), 1).unwrap();
    assert_eq!(found.tried[0].fitted.family, Family::LogNormal);
    assert!(found.p_value > 0.01, "{}", found.p_value);
}

#[test]
fn a_handful_of_durations_is_no_law() {
    assert_eq!(fit("talk", whole(vec![1.0; 19]), 1), None);
}
