//! The Erlang family: loss, delay and impatience formulas for sizing and for Erlang-C pacing.
//!
//! Time is measured in handling times (μ = 1) except where a name ends in `_s`; offered load in
//! erlangs. Recurrences and positive series only: no factorials, no cancelling differences.
//! Sources: Erlang 1917; Palm 1957 and Garnett, Mandelbaum and Reiman 2002 (Erlang-A); Baccelli
//! and Hébuterne 1981, Zeltyn and Mandelbaum 2005 (M/M/n+G); Halfin and Whitt 1981.

use super::special::{normal_cdf, normal_hazard, normal_pdf, upper_gamma_scaled};

/// Erlang-B: the share of calls lost by `servers` without a queue at `offered` erlangs (≥ 0).
#[must_use]
pub fn erlang_b(servers: u32, offered: f64) -> f64 {
    recur(1.0, 0.0, servers, offered)
}

/// Erlang-B for a fractional number of servers (≥ 0): the fractional part by
/// 1/B(x, A) = eᴬ·A⁻ˣ·Γ(x+1, A), the rest by the recurrence.
#[must_use]
pub fn erlang_b_continuous(servers: f64, offered: f64) -> f64 {
    if offered <= 0.0 {
        return if servers > 0.0 { 0.0 } else { 1.0 };
    }
    let whole = servers.max(0.0).floor();
    let part = servers.max(0.0) - whole;
    let start = if part == 0.0 {
        1.0
    } else {
        1.0 / upper_gamma_scaled(part + 1.0, offered)
    };
    recur(start, part, whole as u32, offered)
}

/// Climbs B(x + k) = A·B / (x + k + A·B) from B(x) by `steps` servers.
fn recur(start: f64, x: f64, steps: u32, offered: f64) -> f64 {
    (1..=steps).fold(start, |b, k| offered * b / (x + f64::from(k) + offered * b))
}

/// Erlang-C: the share of calls that wait, with `servers` (≥ 1) at `offered` erlangs; 1 when the
/// load is not below the servers.
#[must_use]
pub fn erlang_c(servers: u32, offered: f64) -> f64 {
    delay_from_loss(erlang_b(servers, offered), f64::from(servers), offered)
}

/// Erlang-C for a fractional number of servers.
#[must_use]
pub fn erlang_c_continuous(servers: f64, offered: f64) -> f64 {
    delay_from_loss(erlang_b_continuous(servers, offered), servers, offered)
}

fn delay_from_loss(loss: f64, servers: f64, offered: f64) -> f64 {
    if offered >= servers {
        return 1.0;
    }
    loss / (1.0 - offered / servers * (1.0 - loss))
}

/// Average speed of answer in seconds (mean wait of all calls); infinite when overloaded.
#[must_use]
pub fn asa_s(servers: u32, offered: f64, handling_s: f64) -> f64 {
    let spare = f64::from(servers) - offered;
    if spare <= 0.0 {
        f64::INFINITY
    } else {
        erlang_c(servers, offered) * handling_s / spare
    }
}

/// Service level: the share of calls answered within `within_s` seconds.
#[must_use]
pub fn service_level(servers: u32, offered: f64, handling_s: f64, within_s: f64) -> f64 {
    1.0 - wait_beyond(servers, offered, within_s / handling_s)
}

/// Share of calls that wait longer than `t` handling times.
#[must_use]
pub fn wait_beyond(servers: u32, offered: f64, t: f64) -> f64 {
    let spare = f64::from(servers) - offered;
    if spare <= 0.0 {
        1.0
    } else {
        erlang_c(servers, offered) * libm::exp(-spare * t)
    }
}

/// Mean number of calls waiting; infinite when overloaded.
#[must_use]
pub fn queue_length(servers: u32, offered: f64) -> f64 {
    let spare = f64::from(servers) - offered;
    if spare <= 0.0 {
        f64::INFINITY
    } else {
        erlang_c(servers, offered) * offered / spare
    }
}

/// Fewest servers that answer the share `level` (0–1 exclusive) of calls within `within_s`.
#[must_use]
pub fn servers_for_level(offered: f64, handling_s: f64, within_s: f64, level: f64) -> u32 {
    let mut servers = offered.max(0.0).floor() as u32 + 1;
    let mut loss = erlang_b(servers, offered);
    loop {
        let n = f64::from(servers);
        let wait =
            delay_from_loss(loss, n, offered) * libm::exp(-(n - offered) * within_s / handling_s);
        if 1.0 - wait >= level || servers == u32::MAX {
            return servers;
        }
        servers += 1;
        loss = offered * loss / (f64::from(servers) + offered * loss);
    }
}

/// The largest load in erlangs at which no more than the share `accepted` of calls wait longer
/// than `t` handling times (Erlang-C). 0 without servers.
#[must_use]
pub fn load_for_wait(servers: u32, accepted: f64, t: f64) -> f64 {
    bisect(0.0, f64::from(servers), |offered| {
        wait_beyond(servers, offered, t) <= accepted
    })
}

/// The largest Poisson load in erlangs at which M/M/n+D abandons no more than `cap`, people
/// leaving after `hold` handling times. 0 without servers.
#[must_use]
pub fn load_for_abandonment(servers: u32, cap: f64, hold: f64) -> f64 {
    if servers == 0 {
        return 0.0;
    }
    let most = 2.0 * f64::from(servers) + 10.0;
    bisect(0.0, most, |offered| {
        fixed_patience_abandonment(servers, offered, hold) <= cap
    })
}

/// The largest x in [low, high] at which a condition that holds up to some point still holds.
fn bisect(mut low: f64, mut high: f64, holds: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if holds(middle) {
            low = middle
        } else {
            high = middle
        }
    }
    low
}

/// M/M/n+D, the two-second rule: share of people abandoned when each waits at most `hold`
/// handling times. Erlang-B for `hold` = 0.
#[must_use]
pub fn fixed_patience_abandonment(servers: u32, offered: f64, hold: f64) -> f64 {
    if servers == 0 {
        return 1.0;
    }
    if offered <= 0.0 {
        return 0.0;
    }
    let n = f64::from(servers);
    let c = offered - n;
    // P(Ab) = e^{cD}·(λ/n)/(ε + λJ), since 1 + cJ = e^{cD}·λ/n; both sides are divided by
    // e^{cD} when it grows, so that neither overflows.
    let inverse_loss = 1.0 / erlang_b(servers - 1, offered);
    let (scale, grown) = if c > 0.0 {
        (libm::exp(-c * hold), 1.0)
    } else {
        (1.0, libm::exp(c * hold))
    };
    let filling = if c == 0.0 {
        hold
    } else {
        libm::expm1(c * hold) / c
    };
    let filling = if c > 0.0 {
        -libm::expm1(-c * hold) / c
    } else {
        filling
    };
    let j = filling + grown / n;
    grown * offered / n / (inverse_loss * scale + offered * j)
}

/// What callers meet in Erlang-A (M/M/n+M).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ErlangA {
    servers: u32,
    offered: f64,
    /// Rate of losing patience in units of the service rate, > 0.
    impatience: f64,
    p_wait: f64,
    p_abandon: f64,
}

impl ErlangA {
    /// `servers` (≥ 1), `offered` erlangs (> 0), impatience θ/μ (> 0).
    #[must_use]
    pub fn new(servers: u32, offered: f64, impatience: f64) -> Self {
        let sums = patience_sums(servers, offered, impatience, 0.0);
        let inverse_loss = 1.0 / erlang_b(servers.saturating_sub(1), offered);
        // With J = S/θ: P(W > 0) = λJ/(ε + λJ) and P(Ab) = Σ k·a_k / (ε + λJ), which is
        // 1 + (λ − nμ)J without its cancellation.
        let waiting = offered / impatience * sums.plain;
        let all = inverse_loss * libm::exp(-sums.ln_scale) + waiting;
        Self {
            servers,
            offered,
            impatience,
            p_wait: waiting / all,
            p_abandon: sums.weighted / all,
        }
    }

    /// Share of calls that wait.
    #[must_use]
    pub fn p_wait(&self) -> f64 {
        self.p_wait
    }

    /// Share of calls that lose patience.
    #[must_use]
    pub fn p_abandon(&self) -> f64 {
        self.p_abandon
    }

    /// Mean wait of all calls in handling times (Little: P(Ab) = θ·E(W)).
    #[must_use]
    pub fn mean_wait(&self) -> f64 {
        self.p_abandon / self.impatience
    }

    /// Share of calls that wait longer than `t` handling times.
    #[must_use]
    pub fn wait_beyond(&self, t: f64) -> f64 {
        let now = patience_sums(self.servers, self.offered, self.impatience, 0.0);
        let then = patience_sums(self.servers, self.offered, self.impatience, t);
        let ratio = then.plain / now.plain * libm::exp(then.ln_scale - now.ln_scale);
        self.p_wait * libm::exp(-self.impatience * t) * ratio
    }
}

/// Series behind J(t) = ∫ₜ^∞ exp(λ(1 − e^{−θx})/θ − nx) dx of Erlang-A.
struct PatienceSums {
    /// θ·J(t)·e^{−ln_scale}.
    plain: f64,
    /// Σ k·a_k of the same series, on the same scale.
    weighted: f64,
    ln_scale: f64,
}

/// With z = λ/θ, s = n/θ, y = z·e^{−θt}: θJ(t) = e^{z−y}·(y/z)^s·Σ_k y^k / (s(s+1)…(s+k)).
fn patience_sums(servers: u32, offered: f64, impatience: f64, t: f64) -> PatienceSums {
    const BIG: f64 = 1e250;
    let z = offered / impatience;
    let s = f64::from(servers) / impatience;
    let y = z * libm::exp(-impatience * t);
    let mut ln_scale = z - y - s * impatience * t;
    let (mut term, mut k) = (1.0 / s, 0.0);
    let (mut plain, mut weighted) = (term, 0.0);
    loop {
        k += 1.0;
        term *= y / (s + k);
        plain += term;
        weighted += k * term;
        if plain > BIG {
            (plain, weighted, term) = (plain / BIG, weighted / BIG, term / BIG);
            ln_scale += libm::log(BIG);
        }
        if s + k > y && term * k <= 1e-17 * weighted {
            return PatienceSums {
                plain,
                weighted,
                ln_scale,
            };
        }
    }
}

/// Halfin–Whitt limit of Erlang-C at n = A + β√A (β > 0): the share of calls that wait.
#[must_use]
pub fn halfin_whitt_delay(beta: f64) -> f64 {
    1.0 / (1.0 + beta * normal_cdf(beta) / normal_pdf(beta))
}

/// Garnett limit of Erlang-A at n = A + β√A with impatience θ/μ: the share of calls that wait.
#[must_use]
pub fn garnett_delay(beta: f64, impatience: f64) -> f64 {
    let root = impatience.sqrt();
    1.0 / (1.0 + root * normal_hazard(beta / root) / normal_hazard(-beta))
}

/// Servers by square-root staffing, n = ⌈A + β√A⌉.
#[must_use]
pub fn square_root_staffing(offered: f64, beta: f64) -> u32 {
    (offered + beta * offered.max(0.0).sqrt()).ceil().max(0.0) as u32
}

#[cfg(test)]
#[path = "erlang_test.rs"]
mod tests;
