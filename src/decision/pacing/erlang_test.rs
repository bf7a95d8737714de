//! The formulas against the 30-digit oracle in `testdata/erlang.csv`.

use std::collections::BTreeMap;

use super::*;
use crate::pacing::poisson_binomial as pb;

const ORACLE: &str = include_str!("../testdata/erlang.csv");

struct Row<'a> {
    formula: &'a str,
    servers: f64,
    offered: f64,
    first: &'a str,
    second: &'a str,
    value: f64,
}

impl<'a> Row<'a> {
    fn read(line: &'a str) -> Self {
        let cells: Vec<&str> = line.splitn(9, ',').collect();
        let number = |k: usize| cells[k].parse().unwrap_or(f64::NAN);
        Self {
            formula: cells[0],
            servers: number(1),
            offered: number(2),
            first: cells[4],
            second: cells[6],
            value: cells[7].parse().expect("every row has a value"),
        }
    }

    fn p1(&self) -> f64 {
        self.first.parse().expect("a number")
    }

    fn p2(&self) -> f64 {
        self.second.parse().expect("a number")
    }

    fn probabilities(&self) -> Vec<f64> {
        self.first
            .split('|')
            .map(|p| p.parse().expect("a probability"))
            .collect()
    }

    fn n(&self) -> u32 {
        self.servers as u32
    }

    fn computed(&self) -> f64 {
        let (n, a) = (self.n(), self.offered);
        match self.formula {
            "erlang_b" => erlang_b(n, a),
            "erlang_b_continuous" => erlang_b_continuous(self.servers, a),
            "erlang_c" => erlang_c(n, a),
            "erlang_c_continuous" => erlang_c_continuous(self.servers, a),
            "erlang_c_asa_s" => asa_s(n, a, self.p1()),
            "erlang_c_lq" => queue_length(n, a),
            "erlang_c_service_level" => service_level(n, a, self.p1(), self.p2()),
            "erlang_c_min_servers" => {
                let (within_s, level) = self.second.split_once('/').expect("T/SL");
                let number = |text: &str| text.parse::<f64>().expect("a number");
                f64::from(servers_for_level(
                    a,
                    self.p1(),
                    number(within_s),
                    number(level),
                ))
            }
            "erlang_a_p_wait" => ErlangA::new(n, a, self.p1()).p_wait(),
            "erlang_a_mean_wait_times_mu" => ErlangA::new(n, a, self.p1()).mean_wait(),
            "erlang_a_p_wait_gt_t" => ErlangA::new(n, a, self.p1()).wait_beyond(self.p2()),
            "mmn_plus_D_p_abandon" => fixed_patience_abandonment(n, a, self.p2() / self.p1()),
            "halfin_whitt_delay" => halfin_whitt_delay(self.p1()),
            "garnett_delay" => garnett_delay(self.p1(), self.p2()),
            "poisson_pacing_util_at_3pct_loss" => self.utilisation(0.0),
            "poisson_pacing_util_at_3pct_hold2s" => self.utilisation(self.p2() / self.p1()),
            "oneshot_overflow_ratio" => {
                pb::oneshot_overflow_ratio(n as usize, self.p2() as usize, self.p1())
            }
            "poisson_binomial_pmf" => pb::pmf(&self.probabilities())[self.p2() as usize],
            "poisson_binomial_expected_overflow" => {
                pb::expected_overflow(&pb::pmf(&self.probabilities()), n as usize)
            }
            other => panic!("the oracle has a formula unknown here: {other}"),
        }
    }

    /// Utilisation under Poisson answers at the load where 3 % are abandoned; that load is in
    /// the row too and is checked on the way.
    fn utilisation(&self, hold: f64) -> f64 {
        let load = load_for_abandonment(self.n(), 0.03, hold);
        assert!(
            (load / self.offered - 1.0).abs() < 1e-10,
            "{load} for {}",
            self.offered
        );
        load * (1.0 - 0.03) / self.servers
    }
}

#[test]
fn every_row_of_the_oracle_is_met() {
    let mut checked: BTreeMap<&str, u32> = BTreeMap::new();
    for line in ORACLE.lines().skip(1) {
        let row = Row::read(line);
        let computed = row.computed();
        let error = (computed - row.value).abs();
        assert!(
            error <= 1e-10 * row.value.abs(),
            "{line}: computed {computed}"
        );
        *checked.entry(row.formula).or_default() += 1;
    }
    assert_eq!(checked.values().sum::<u32>(), 156, "{checked:?}");
    assert_eq!(checked.len(), 19, "{checked:?}");
}

#[test]
fn limits_join_up() {
    let near = |a: f64, b: f64, tolerance: f64| assert!((a / b - 1.0).abs() < tolerance, "{a} {b}");
    near(
        fixed_patience_abandonment(10, 8.0, 0.0),
        erlang_b(10, 8.0),
        1e-12,
    );
    near(
        fixed_patience_abandonment(10, 10.0, 0.1),
        fixed_patience_abandonment(10, 10.0 + 1e-9, 0.1),
        1e-7,
    );
    near(
        ErlangA::new(10, 8.0, 1e-7).p_wait(),
        erlang_c(10, 8.0),
        1e-5,
    );
    near(erlang_b_continuous(12.0, 9.0), erlang_b(12, 9.0), 1e-14);
    // Impatience of any strength cannot overflow the series or the waiting share.
    let flooded = ErlangA::new(10, 5_000.0, 1.0);
    near(flooded.p_wait(), 1.0, 1e-9);
    near(flooded.p_abandon(), 1.0 - 10.0 / 5_000.0, 1e-6);
    near(
        fixed_patience_abandonment(10, 5_000.0, 2.0),
        1.0 - 10.0 / 5_000.0,
        1e-9,
    );
}

#[test]
fn degenerate_sizes_have_plain_answers() {
    assert_eq!(erlang_b(0, 3.0), 1.0);
    assert_eq!(erlang_c(3, 3.0), 1.0);
    assert_eq!(asa_s(3, 3.0, 60.0), f64::INFINITY);
    assert_eq!(fixed_patience_abandonment(0, 1.0, 0.1), 1.0);
    assert_eq!(fixed_patience_abandonment(4, 0.0, 0.1), 0.0);
    assert_eq!(load_for_abandonment(0, 0.03, 0.1), 0.0);
    assert_eq!(load_for_wait(0, 0.03, 0.1), 0.0);
    assert_eq!(square_root_staffing(100.0, 1.5), 115);
}

#[test]
fn the_load_found_for_a_wait_is_the_largest() {
    for (n, accepted, t) in [(10, 0.03, 0.02), (50, 0.2, 0.0), (200, 0.01, 0.01)] {
        let load = load_for_wait(n, accepted, t);
        assert!(wait_beyond(n, load, t) <= accepted);
        assert!(wait_beyond(n, load + 1e-6, t) > accepted, "{n}");
    }
}
