//! What a floor's scenario need not say.

use crate::pacing::law::Law;
use crate::scenario::ScreeningLaw;

pub(super) fn days() -> u32 {
    10
}

pub(super) fn screening() -> ScreeningLaw {
    ScreeningLaw {
        trailing_s: 0.65,
        onset_s: 0.2,
        machine_after_s: 2.9,
    }
}

pub(super) fn predictive() -> String {
    "predictive".into()
}

pub(super) fn cap() -> f64 {
    0.03
}

pub(super) fn lines_max() -> f64 {
    15.0
}

pub(super) fn yes() -> bool {
    true
}

pub(super) fn ring_timeout() -> f64 {
    25.0
}

pub(super) fn wrap_limit() -> f64 {
    300.0
}

pub(super) fn two() -> f64 {
    2.0
}

pub(super) fn attempts() -> u32 {
    3
}

pub(super) fn gap() -> f64 {
    600.0
}

pub(super) fn attempts_max() -> u32 {
    20
}

pub(super) fn one() -> u8 {
    1
}

pub(super) fn one_32() -> u32 {
    1
}

pub(super) fn main() -> String {
    "main".into()
}

pub(super) fn ring() -> Law {
    Law::LogNormal {
        mean_s: 12.0,
        cv: 5.0 / 12.0,
    }
}

pub(super) fn greeting() -> Law {
    Law::Uniform {
        from_s: 0.5,
        to_s: 0.9,
    }
}

pub(super) fn patience() -> Law {
    Law::Weibull {
        mean_s: 8.0,
        shape: 1.5,
    }
}

pub(super) fn machine_talk() -> Law {
    Law::Constant { mean_s: 8.0 }
}

pub(super) fn longest_wait() -> f64 {
    600.0
}

pub(super) fn service_within() -> f64 {
    20.0
}

pub(super) fn pdd() -> Law {
    Law::LogNormal {
        mean_s: 1.0,
        cv: 0.5,
    }
}

pub(super) fn noticed() -> f64 {
    30.0
}
