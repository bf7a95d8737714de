//! Call-progress tones by country.
//!
//! Source: ITU-T E.180 Supplement 2 ("Various tones used in national networks"); the North
//! American precise tone plan; British SIN 350. Where a country allows several, the one in
//! wide use. Modulated tones (Japan 400×16 Hz, India 400×25 Hz) are found by their carrier.

/// Which country's tones to expect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TonePlan {
    /// Any of them. Where countries contradict each other, short cadences are congestion.
    #[default]
    Any,
    /// United States, Canada and the other countries of +1.
    NorthAmerica,
    /// United Kingdom.
    UnitedKingdom,
    /// Germany.
    Germany,
    /// France.
    France,
    /// 425 Hz as most of Europe has it (ETSI TR 101 041).
    Europe,
    /// Japan.
    Japan,
    /// China.
    China,
    /// India.
    India,
    /// Australia.
    Australia,
    /// Brazil.
    Brazil,
    /// Mexico.
    Mexico,
}

impl TonePlan {
    /// Every plan by its name: the country's code, as PBXs name their tone zones.
    pub const NAMES: [(&'static str, Self); 12] = [
        ("any", Self::Any),
        ("us", Self::NorthAmerica),
        ("uk", Self::UnitedKingdom),
        ("de", Self::Germany),
        ("fr", Self::France),
        ("eu", Self::Europe),
        ("jp", Self::Japan),
        ("cn", Self::China),
        ("in", Self::India),
        ("au", Self::Australia),
        ("br", Self::Brazil),
        ("mx", Self::Mexico),
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        let found = Self::NAMES.iter().find(|(_, plan)| *plan == self);
        found.map_or("any", |(name, _)| name)
    }
}

/// What a cadence means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    Ringback,
    Busy,
    Congestion,
}

/// One tone of one country.
#[derive(Clone, Copy, Debug)]
pub struct Cadence {
    pub plan: TonePlan,
    pub means: Progress,
    /// One pitch, or two at once.
    pub hz: [f32; 2],
    /// On and off times in milliseconds, by turns.
    pub cycle: &'static [u32],
}

const fn cadence(plan: TonePlan, means: Progress, hz: [f32; 2], cycle: &'static [u32]) -> Cadence {
    Cadence {
        plan,
        means,
        hz,
        cycle,
    }
}

use Progress::{Busy, Congestion, Ringback};
use TonePlan::{
    Australia, Brazil, China, Europe, France, Germany, India, Japan, Mexico, NorthAmerica,
    UnitedKingdom,
};

/// All tones known.
pub const CADENCES: &[Cadence] = &[
    cadence(NorthAmerica, Ringback, [440.0, 480.0], &[2000, 4000]),
    cadence(NorthAmerica, Busy, [480.0, 620.0], &[500, 500]),
    cadence(NorthAmerica, Congestion, [480.0, 620.0], &[250, 250]),
    cadence(
        UnitedKingdom,
        Ringback,
        [400.0, 450.0],
        &[400, 200, 400, 2000],
    ),
    cadence(UnitedKingdom, Busy, [400.0, 0.0], &[375, 375]),
    cadence(
        UnitedKingdom,
        Congestion,
        [400.0, 0.0],
        &[400, 350, 225, 525],
    ),
    cadence(Germany, Ringback, [425.0, 0.0], &[1000, 4000]),
    cadence(Germany, Busy, [425.0, 0.0], &[480, 480]),
    cadence(Germany, Congestion, [425.0, 0.0], &[240, 240]),
    cadence(France, Ringback, [440.0, 0.0], &[1500, 3500]),
    cadence(France, Busy, [440.0, 0.0], &[500, 500]),
    cadence(France, Congestion, [440.0, 0.0], &[250, 250]),
    cadence(Europe, Ringback, [425.0, 0.0], &[1000, 4000]),
    cadence(Europe, Busy, [425.0, 0.0], &[500, 500]),
    cadence(Europe, Congestion, [425.0, 0.0], &[250, 250]),
    cadence(Europe, Congestion, [425.0, 0.0], &[200, 200]),
    cadence(Japan, Ringback, [400.0, 0.0], &[1000, 2000]),
    cadence(Japan, Busy, [400.0, 0.0], &[500, 500]),
    cadence(China, Ringback, [450.0, 0.0], &[1000, 4000]),
    cadence(China, Busy, [450.0, 0.0], &[350, 350]),
    cadence(China, Congestion, [450.0, 0.0], &[700, 700]),
    cadence(India, Ringback, [400.0, 0.0], &[400, 200, 400, 2000]),
    cadence(India, Busy, [400.0, 0.0], &[750, 750]),
    cadence(India, Congestion, [400.0, 0.0], &[250, 250]),
    cadence(Australia, Ringback, [413.0, 438.0], &[400, 200, 400, 2000]),
    cadence(Australia, Busy, [425.0, 0.0], &[375, 375]),
    // Brazil's congestion sounds like its busy tone.
    cadence(Brazil, Ringback, [425.0, 0.0], &[1000, 4000]),
    cadence(Brazil, Busy, [425.0, 0.0], &[250, 250]),
    cadence(Mexico, Ringback, [425.0, 0.0], &[1000, 4000]),
    cadence(Mexico, Busy, [425.0, 0.0], &[250, 250]),
];
