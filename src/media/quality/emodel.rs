//! The E-model: how good a connection sounds, computed from what is known of it.
//!
//! ITU-T G.107 (06/2015), clause 7: `R = Ro - Is - Id - Ie,eff + A`, from 0 (unusable) to 100;
//! 93.2 is a plain digital connection without loss or delay. [`mos`] turns R into a mean opinion
//! score (Annex B). Both are for the narrow-band scale (300-3,400 Hz), which is what a caller on
//! the telephone network hears.
//!
//! The model predicts what people think of a connection on average. It knows nothing of what was
//! said, nor of noise and level unless they are given.

use crate::codec::Codec;
use serde::{Deserialize, Serialize};

/// How a codec behaves: its own impairment and how it bears loss.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Impairment {
    /// Equipment impairment factor Ie: points of R lost without any packet loss, 0 to 95.
    pub ie: f64,
    /// Packet-loss robustness factor Bpl, above 0: the larger, the less a loss is heard.
    pub bpl: f64,
}

impl Impairment {
    /// G.711 without concealment of losses (ITU-T G.113 (11/2007), Table I.4).
    pub const G711: Self = Self { ie: 0.0, bpl: 4.3 };
    /// G.711 whose receiver conceals losses as in its Appendix I (G.113, Table I.4). Phones and
    /// gateways of today do.
    pub const G711_CONCEALED: Self = Self { ie: 0.0, bpl: 25.1 };
    /// G.722 at 64 kbit/s, judged as what is left of it on the narrow-band scale: its band beyond
    /// 3.4 kHz never reaches the telephone network and earns nothing. G.113 Appendix IV rates it
    /// on the wide-band scale, where it loses 13 of 129 points: the 116 left are more than the
    /// 93.2 a narrow-band path can have, so it takes nothing from those. The robustness is that
    /// of G.711 without concealment, an assumption on the careful side.
    pub const G722: Self = Self { ie: 0.0, bpl: 4.3 };
    /// Opus at speech rates (16 kbit/s and more). G.113 gives no value for it: this is GSM-EFR's
    /// (Table I.1 and I.4), the nearest linear-predictive codec with concealment, an assumption on
    /// the careful side.
    pub const OPUS: Self = Self { ie: 5.0, bpl: 10.0 };
    /// G.729 Annex A with voice activity detection (G.113, Tables I.1 and I.4). Not spoken by us;
    /// trunks that transcode to it may be judged by it.
    pub const G729A: Self = Self {
        ie: 11.0,
        bpl: 19.0,
    };

    /// How the codec of a leg behaves. G.711 is taken to be concealed, as by us and by the phones
    /// of today.
    #[must_use]
    pub fn of(codec: Codec) -> Self {
        match codec {
            Codec::Pcmu | Codec::Pcma => Self::G711_CONCEALED,
            Codec::G722 => Self::G722,
            Codec::Opus => Self::OPUS,
        }
    }

    /// Effective equipment impairment Ie,eff (G.107 clause 7.5, equation 7-29): at `loss_percent`
    /// (0 to 100) lost with a burst ratio of `burst_ratio` (1 is random, larger is burstier;
    /// smaller counts as 1).
    #[must_use]
    pub fn effective(self, loss_percent: f64, burst_ratio: f64) -> f64 {
        let loss = loss_percent.clamp(0.0, 100.0);
        if loss == 0.0 {
            return self.ie;
        }
        let share = loss / (loss / burst_ratio.max(1.0) + self.bpl);
        // Equation 7-29 passes Ie = 95 at very bursty loss; nothing can be worse than all of it.
        (self.ie + (95.0 - self.ie) * share).min(95.0)
    }
}

/// Parameters of a connection, named as in G.107 Table 1. [`Connection::default`] is Table 3.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Connection {
    /// Send loudness rating, dB.
    pub slr_db: f64,
    /// Receive loudness rating, dB.
    pub rlr_db: f64,
    /// Sidetone masking rating, dB.
    pub stmr_db: f64,
    /// Listener sidetone rating, dB.
    pub lstr_db: f64,
    /// D-value of the telephone at the sending side.
    pub ds: f64,
    /// Talker echo loudness rating, dB.
    pub telr_db: f64,
    /// Weighted echo path loss, dB.
    pub wepl_db: f64,
    /// Mean one-way delay of the echo path, T, ms.
    pub echo_delay_ms: f64,
    /// Round-trip delay in the 4-wire loop, Tr, ms.
    pub loop_delay_ms: f64,
    /// Absolute one-way delay mouth to ear, Ta, ms.
    pub delay_ms: f64,
    /// Quantising distortion units.
    pub qdu: f64,
    /// Effective equipment impairment Ie,eff ([`Impairment::effective`]).
    pub ie_eff: f64,
    /// Circuit noise referred to the 0 dBr point, dBm0p.
    pub nc_dbm0p: f64,
    /// Noise floor at the receiving side, dBmp.
    pub nfor_dbmp: f64,
    /// Room noise at the sending side, dB(A).
    pub ps_dba: f64,
    /// Room noise at the receiving side, dB(A).
    pub pr_dba: f64,
    /// Advantage factor A: what people bear for the sake of, say, mobility.
    pub advantage: f64,
}

impl Default for Connection {
    fn default() -> Self {
        Self {
            slr_db: 8.0,
            rlr_db: 2.0,
            stmr_db: 15.0,
            lstr_db: 18.0,
            ds: 3.0,
            telr_db: 65.0,
            wepl_db: 110.0,
            echo_delay_ms: 0.0,
            loop_delay_ms: 0.0,
            delay_ms: 0.0,
            qdu: 1.0,
            ie_eff: 0.0,
            nc_dbm0p: -70.0,
            nfor_dbmp: -64.0,
            ps_dba: 35.0,
            pr_dba: 35.0,
            advantage: 0.0,
        }
    }
}

impl Connection {
    /// The default connection with that one-way delay (also of the echo: T = Ta, Tr = 2 Ta) and
    /// effective equipment impairment.
    #[must_use]
    pub fn digital(delay_ms: f64, ie_eff: f64) -> Self {
        let delay_ms = delay_ms.max(0.0);
        Self {
            delay_ms,
            echo_delay_ms: delay_ms,
            loop_delay_ms: 2.0 * delay_ms,
            ie_eff,
            ..Self::default()
        }
    }

    /// The transmission rating R (equation 7-1). May be below 0 or, with an advantage, above 100.
    #[must_use]
    pub fn r(&self) -> f64 {
        let no = self.noise();
        let ro = 15.0 - 1.5 * (self.slr_db + no);
        let ist = self.sidetone();
        let is = self.too_loud(no) + ist + self.quantising(ro);
        let id = self.talker_echo(no, ist) + self.listener_echo(ro) + too_late(self.delay_ms);
        ro - is - id - self.ie_eff + self.advantage
    }

    fn olr(&self) -> f64 {
        self.slr_db + self.rlr_db
    }

    /// Sum of all noise at the 0 dBr point, No (clause 7.2).
    fn noise(&self) -> f64 {
        let at_sender = self.ps_dba - self.olr() - self.ds - 14.0;
        let nos = self.ps_dba - self.slr_db - self.ds - 100.0 + 0.004 * at_sender * at_sender;
        let pre = self.pr_dba + 10.0 * (1.0 + power((10.0 - self.lstr_db) / 10.0)).log10();
        let nor = self.rlr_db - 121.0 + pre + 0.008 * (pre - 35.0) * (pre - 35.0);
        let nfo = self.nfor_dbmp + self.rlr_db;
        let sum: f64 = [self.nc_dbm0p, nos, nor, nfo]
            .iter()
            .map(|db| power(db / 10.0))
            .sum();
        10.0 * sum.log10()
    }

    /// Iolr: too low an overall loudness rating (clause 7.3).
    fn too_loud(&self, no: f64) -> f64 {
        let x = (self.olr() + 0.2 * (64.0 + no - self.rlr_db)) / 8.0;
        20.0 * ((1.0 + x.powi(8)).powf(1.0 / 8.0) - x)
    }

    /// Ist: sidetone that is not as it should be (clause 7.3).
    fn sidetone(&self) -> f64 {
        let echo = (-self.echo_delay_ms / 4.0).exp() * power(-self.telr_db / 10.0);
        let stmro = -10.0 * (power(-self.stmr_db / 10.0) + echo).log10();
        let term = |factor: f64, offset: f64, scale: f64, n: i32| {
            factor * (1.0 + ((stmro + offset) / scale).powi(n)).powf(1.0 / f64::from(n))
        };
        term(12.0, -13.0, 6.0, 8) - term(28.0, 1.0, 19.4, 35) - term(13.0, -3.0, 33.0, 13) + 29.0
    }

    /// Iq: quantising distortion (clause 7.3).
    fn quantising(&self, ro: f64) -> f64 {
        let q = 37.0 - 15.0 * self.qdu.log10();
        let g = 1.07 + 0.258 * q + 0.0602 * q * q;
        let y = (ro - 100.0) / 15.0 + 46.0 / 8.4 - g / 9.0;
        let z = 46.0 / 30.0 - g / 40.0;
        15.0 * (1.0 + power(y) + power(z)).log10()
    }

    /// Idte: talker echo (clause 7.4).
    fn talker_echo(&self, no: f64, ist: f64) -> f64 {
        let t = self.echo_delay_ms;
        if t < 1.0 {
            return 0.0;
        }
        let masked = if self.stmr_db < 9.0 { ist / 2.0 } else { 0.0 };
        let late = (1.0 + t / 10.0) / (1.0 + t / 150.0);
        let terv = self.telr_db - 40.0 * late.log10() + 6.0 * (-0.3 * t * t).exp() + masked;
        let re = 80.0 + 2.5 * (terv - 14.0);
        let half = (-1.5 * (no - self.rlr_db) - re) / 2.0;
        let idte = (half + (half * half + 100.0).sqrt() - 1.0) * (1.0 - (-t).exp());
        match self.stmr_db > 20.0 {
            true => idte.hypot(ist),
            false => idte,
        }
    }

    /// Idle: listener echo (clause 7.4).
    fn listener_echo(&self, ro: f64) -> f64 {
        let rle = 10.5 * (self.wepl_db + 7.0) * (self.loop_delay_ms + 1.0).powf(-0.25);
        let half = (ro - rle) / 2.0;
        half + (half * half + 169.0).sqrt()
    }
}

fn power(exponent: f64) -> f64 {
    10f64.powf(exponent)
}

/// Idd: too long a delay even without echo (clause 7.4, for the default delay sensitivity: sT = 1,
/// mT = 100 ms).
fn too_late(delay_ms: f64) -> f64 {
    if delay_ms <= 100.0 {
        return 0.0;
    }
    let x = (delay_ms / 100.0).log2();
    let sixth = |v: f64| (1.0 + v.powi(6)).powf(1.0 / 6.0);
    25.0 * (sixth(x) - 3.0 * sixth(x / 3.0) + 2.0)
}

/// Mean opinion score of a conversation, MOS-CQE, 1 to 4.5 (G.107 Annex B, equation B-4). Below
/// R = 6.5 the polynomial dips under 1, the worst score there is; this holds it there.
#[must_use]
pub fn mos(r: f64) -> f64 {
    match r {
        r if r <= 0.0 => 1.0,
        r if r >= 100.0 => 4.5,
        r => (1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6).max(1.0),
    }
}

/// The burst ratio of a loss (G.107 clause 7.5): mean length of the runs of lost packets over that
/// of random loss at the same rate. 1 without loss; never below 1.
#[must_use]
pub fn burst_ratio(expected: u64, lost: u64, runs: u64) -> f64 {
    if lost == 0 || runs == 0 || lost >= expected {
        return 1.0;
    }
    let mean_run = lost as f64 / runs as f64;
    (mean_run * (1.0 - lost as f64 / expected as f64)).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(found: f64, published: f64, within: f64) {
        assert!(
            (found - published).abs() <= within,
            "{found} is not {published} ± {within}"
        );
    }

    #[test]
    fn the_default_connection_is_rated_as_published() {
        // G.107 Table 3, note: R = 93.2 with all parameters at their defaults; MOS 4.41.
        let r = Connection::default().r();
        close(r, 93.2, 0.05);
        close(mos(r), 4.41, 0.005);
    }

    #[test]
    fn ratings_map_to_the_scores_of_annex_b() {
        // G.107 Table B.1: lower limits of the categories of user satisfaction.
        for (r, score) in [
            (90.0, 4.34),
            (80.0, 4.03),
            (70.0, 3.60),
            (60.0, 3.10),
            (50.0, 2.58),
        ] {
            close(mos(r), score, 0.01);
        }
        assert_eq!((mos(-5.0), mos(0.0), mos(3.0)), (1.0, 1.0, 1.0));
        assert_eq!((mos(100.0), mos(120.0)), (4.5, 4.5));
    }

    #[test]
    fn losses_cost_what_the_published_tables_say() {
        // G.113 Appendix I (2001), measured Ie under random loss, before Bpl condensed them.
        let g729a = [
            (0.0, 11.0),
            (0.5, 13.0),
            (1.0, 15.0),
            (1.5, 17.0),
            (2.0, 19.0),
            (3.0, 23.0),
            (4.0, 26.0),
            (8.0, 36.0),
            (16.0, 49.0),
        ];
        for (loss, ie) in g729a {
            close(Impairment::G729A.effective(loss, 1.0), ie, 0.6);
        }
        let g723 = Impairment {
            ie: 15.0,
            bpl: 16.1,
        };
        for (loss, ie) in [
            (0.0, 15.0),
            (1.0, 19.0),
            (2.0, 24.0),
            (4.0, 32.0),
            (8.0, 41.0),
            (16.0, 55.0),
        ] {
            close(g723.effective(loss, 1.0), ie, 1.2);
        }
        // The same for G.711: 2 % cost 35 points without concealment and 7 with it.
        close(Impairment::G711.effective(2.0, 1.0), 35.0, 5.0);
        close(Impairment::G711_CONCEALED.effective(2.0, 1.0), 7.0, 0.5);
    }

    #[test]
    fn delay_costs_what_the_known_approximation_says() {
        // Cole and Rosenbluth, "Voice over IP performance monitoring", ACM CCR 31(2), 2001: fitted
        // to the E-model with perfect echo control, Id = 0.024 d + 0.11 (d - 177.3) past the knee,
        // for delays under 400 ms.
        let known = |d: f64| 0.024 * d + 0.11 * (d - 177.3).max(0.0);
        let r = |d: f64| Connection::digital(d, 0.0).r();
        for d in [50.0, 100.0, 150.0, 200.0, 250.0, 300.0, 350.0] {
            close(r(0.0) - r(d), known(d), 2.5);
        }
        // Below 100 ms delay alone costs nothing; only what is left of the echo is heard.
        assert!(r(0.0) - r(100.0) < 3.0 && too_late(100.0) == 0.0);
        // Twice and four times the limit, by hand: X is 1 and 2 in equation 7-28.
        close(too_late(200.0), 3.044, 0.001);
        close(too_late(400.0), 24.07, 0.01);
    }

    #[test]
    fn bursts_are_told_from_random_loss() {
        // A two-state chain with p (to loss) and q (from it) has 1 / (p + q).
        let (p, q) = (0.02, 0.4);
        let (expected, runs) = (1_000_000.0, 1_000_000.0 * p * q / (p + q));
        let lost = runs / q;
        close(
            burst_ratio(expected as u64, lost as u64, runs as u64),
            1.0 / (p + q),
            0.01,
        );
        assert_eq!(burst_ratio(1_000, 0, 0), 1.0);
        assert_eq!(burst_ratio(1_000, 1_000, 1), 1.0);
        // Loss one packet at a time is no burst.
        assert_eq!(burst_ratio(1_000, 100, 100), 1.0);
    }

    proptest! {
        #[test]
        fn more_loss_never_sounds_better(
            ie in 0.0..40.0f64, bpl in 1.0..40.0f64, burst in 1.0..8.0f64,
            a in 0.0..100.0f64, b in 0.0..100.0f64, delay in 0.0..1_000.0f64,
        ) {
            let codec = Impairment { ie, bpl };
            let r = |loss| Connection::digital(delay, codec.effective(loss, burst)).r();
            prop_assert!(r(a.max(b)) <= r(a.min(b)) + 1e-9);
            prop_assert!(codec.effective(a, burst + 1.0) + 1e-9 >= codec.effective(a, burst));
        }

        #[test]
        fn more_delay_never_sounds_better(a in 0.0..2_000.0f64, b in 0.0..2_000.0f64) {
            let r = |delay| Connection::digital(delay, 0.0).r();
            // Below a few ms the echo still helps the sidetone: by less than 0.01.
            prop_assert!(r(a.max(b)) <= r(a.min(b)) + 0.01);
        }

        #[test]
        fn scores_rise_with_the_rating(a in -50.0..150.0f64, b in -50.0..150.0f64) {
            prop_assert!(mos(a.min(b)) <= mos(a.max(b)));
            prop_assert!((1.0..=4.5).contains(&mos(a)));
        }
    }
}
