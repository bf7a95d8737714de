//! G.711: µ-law and A-law, by tables built at compile time.
//!
//! Source: ITU-T G.711 (11/88), tables 1 and 2. Linear samples are 16 bits wide; µ-law uses the
//! upper 14 of them, A-law the upper 13. A-law ↔ µ-law goes through one 256-byte table each way:
//! the code word that the decoded value encodes to, so that at most half a quantizing step of
//! the target is added.

/// The two companding laws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Law {
    /// µ-law, RTP static payload type 0.
    Pcmu,
    /// A-law, RTP static payload type 8.
    Pcma,
}

impl Law {
    /// Static RTP payload type (RFC 3551 table 4).
    #[must_use]
    pub const fn static_payload_type(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
        }
    }

    /// The law of a static payload type, if it is one of G.711's.
    #[must_use]
    pub const fn from_payload_type(payload_type: u8) -> Option<Self> {
        match payload_type {
            0 => Some(Self::Pcmu),
            8 => Some(Self::Pcma),
            _ => None,
        }
    }

    /// The code word of silence (value 0, positive side).
    #[must_use]
    pub const fn silence(self) -> u8 {
        match self {
            Self::Pcmu => 0xff,
            Self::Pcma => 0xd5,
        }
    }

    /// One code word to a linear sample.
    #[inline]
    #[must_use]
    pub fn decode(self, code: u8) -> i16 {
        self.decode_table()[usize::from(code)]
    }

    /// One linear sample to a code word.
    #[inline]
    #[must_use]
    pub fn encode(self, sample: i16) -> u8 {
        match self {
            Self::Pcmu => ulaw_encode(sample),
            Self::Pcma => alaw_encode(sample),
        }
    }

    /// The table from this law to the other.
    #[inline]
    #[must_use]
    pub fn transcode_table(self) -> &'static [u8; 256] {
        match self {
            Self::Pcmu => &ULAW_TO_ALAW,
            Self::Pcma => &ALAW_TO_ULAW,
        }
    }

    fn decode_table(self) -> &'static [i16; 256] {
        match self {
            Self::Pcmu => &ULAW_TO_LINEAR,
            Self::Pcma => &ALAW_TO_LINEAR,
        }
    }

    /// Decodes as many code words as both slices hold; returns how many.
    pub fn decode_into(self, codes: &[u8], samples: &mut [i16]) -> usize {
        let table = self.decode_table();
        let mut count = 0;
        for (sample, code) in samples.iter_mut().zip(codes) {
            *sample = table[usize::from(*code)];
            count += 1;
        }
        count
    }

    /// Encodes as many samples as both slices hold; returns how many.
    pub fn encode_into(self, samples: &[i16], codes: &mut [u8]) -> usize {
        let mut count = 0;
        for (code, sample) in codes.iter_mut().zip(samples) {
            *code = self.encode(*sample);
            count += 1;
        }
        count
    }
}

/// Copies `from` to `to` and changes the law on the way. Copies as much as both hold.
#[inline]
pub fn transcode(from_law: Law, from: &[u8], to_law: Law, to: &mut [u8]) -> usize {
    let count = from.len().min(to.len());
    if from_law == to_law {
        to[..count].copy_from_slice(&from[..count]);
    } else {
        let table = from_law.transcode_table();
        for (out, code) in to.iter_mut().zip(from) {
            *out = table[usize::from(*code)];
        }
    }
    count
}

/// Decoded value of every µ-law code word.
pub static ULAW_TO_LINEAR: [i16; 256] = build_decode(true);
/// Decoded value of every A-law code word.
pub static ALAW_TO_LINEAR: [i16; 256] = build_decode(false);
/// A-law code word for every µ-law code word.
pub static ULAW_TO_ALAW: [u8; 256] = build_transcode(true);
/// µ-law code word for every A-law code word.
pub static ALAW_TO_ULAW: [u8; 256] = build_transcode(false);

/// Bias that makes the µ-law segments powers of two (33 at 14 bits, 132 at 16).
const ULAW_BIAS: i32 = 132;
/// Largest magnitude µ-law holds, at 16 bits (8159 at 14 bits, times 4).
const ULAW_CLIP: i32 = 32_635;

const fn ulaw_decode(code: u8) -> i16 {
    let bits = !code;
    let segment = (bits >> 4) & 7;
    let step = (bits & 0x0f) as i32;
    let magnitude = (((step << 3) + ULAW_BIAS) << segment) - ULAW_BIAS;
    (if bits & 0x80 != 0 {
        -magnitude
    } else {
        magnitude
    }) as i16
}

const fn ulaw_encode(sample: i16) -> u8 {
    let value = sample as i32;
    let (sign, magnitude) = if value < 0 {
        (0x80u8, -value)
    } else {
        (0, value)
    };
    let magnitude = if magnitude > ULAW_CLIP {
        ULAW_CLIP
    } else {
        magnitude
    } + ULAW_BIAS;
    // 132 ≤ magnitude ≤ 32767, so the highest bit is 7 to 14.
    let segment = (31 - magnitude.leading_zeros()) - 7;
    let step = ((magnitude >> (segment + 3)) & 0x0f) as u8;
    !(sign | ((segment as u8) << 4) | step)
}

const fn alaw_decode(code: u8) -> i16 {
    let bits = code ^ 0x55;
    let segment = (bits >> 4) & 7;
    let step = (bits & 0x0f) as i32;
    let magnitude = if segment == 0 {
        (step << 4) + 8
    } else {
        ((step << 4) + 0x108) << (segment - 1)
    };
    (if bits & 0x80 != 0 {
        magnitude
    } else {
        -magnitude
    }) as i16
}

const fn alaw_encode(sample: i16) -> u8 {
    // 13 bits; the negative side is one's complement, so that -1 and 0 are apart.
    let value = (sample as i32) >> 3;
    let (mask, magnitude) = if value >= 0 {
        (0xd5u8, value)
    } else {
        (0x55, !value)
    };
    let code = if magnitude < 32 {
        magnitude >> 1
    } else {
        let segment = (31 - magnitude.leading_zeros()) - 4;
        ((segment as i32) << 4) | ((magnitude >> segment) & 0x0f)
    };
    (code as u8) ^ mask
}

const fn build_decode(ulaw: bool) -> [i16; 256] {
    let mut table = [0i16; 256];
    let mut code = 0usize;
    while code < 256 {
        table[code] = if ulaw {
            ulaw_decode(code as u8)
        } else {
            alaw_decode(code as u8)
        };
        code += 1;
    }
    table
}

const fn build_transcode(from_ulaw: bool) -> [u8; 256] {
    let mut table = [0u8; 256];
    let mut code = 0usize;
    while code < 256 {
        let value = if from_ulaw {
            ulaw_decode(code as u8)
        } else {
            alaw_decode(code as u8)
        };
        table[code] = if from_ulaw {
            alaw_encode(value)
        } else {
            ulaw_encode(value)
        };
        code += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    /// µ-law value by G.711 table 2's construction: segment chords of 16 equal steps, the step
    /// doubling per segment, decision values starting at 1, 31, 95, 223 … (14 bits).
    fn ulaw_formula(segment: i32, step: i32) -> i32 {
        ((2 * step + 33) * (1 << segment) - 33) * 4
    }

    /// A-law value by G.711 table 1's construction: two linear segments of step 2, then doubling
    /// (12-bit magnitude, doubled to 13, shifted to 16).
    fn alaw_formula(segment: i32, step: i32) -> i32 {
        if segment == 0 {
            (2 * step + 1) * 8
        } else {
            ((2 * step + 33) * (1 << (segment - 1))) * 8
        }
    }

    #[test]
    fn every_code_word_decodes_to_the_value_of_the_recommendation() {
        for segment in 0..8 {
            for step in 0..16 {
                let bits = (segment << 4 | step) as u8;
                let mu = ulaw_formula(segment, step);
                assert_eq!(i32::from(Law::Pcmu.decode(!bits)), mu);
                assert_eq!(i32::from(Law::Pcmu.decode(!(bits | 0x80))), -mu);
                let a = alaw_formula(segment, step);
                assert_eq!(i32::from(Law::Pcma.decode((bits | 0x80) ^ 0x55)), a);
                assert_eq!(i32::from(Law::Pcma.decode(bits ^ 0x55)), -a);
            }
        }
        assert_eq!(Law::Pcmu.decode(0x00), -32_124);
        assert_eq!(Law::Pcma.decode(0xaa), 32_256);
    }

    /// Half of the quantizing step around a code word, at 16 bits.
    fn half_step(law: Law, code: u8) -> i32 {
        match law {
            Law::Pcmu => 4 << ((!code >> 4) & 7),
            Law::Pcma => 8 << (((code ^ 0x55) >> 4) & 7).saturating_sub(1),
        }
    }

    #[test]
    fn every_sample_encodes_to_the_code_word_of_its_interval() {
        for (law, largest) in [(Law::Pcmu, 32_635), (Law::Pcma, 32_767)] {
            for sample in i16::MIN..=i16::MAX {
                let code = law.encode(sample);
                let value = i32::from(sample).clamp(-largest, largest);
                let off = (i32::from(law.decode(code)) - value).abs();
                assert!(
                    off <= half_step(law, code),
                    "{law:?} {sample}: off by {off}"
                );
            }
        }
    }

    #[test]
    fn decoding_then_encoding_gives_the_code_word_back() {
        for code in 0..=255u8 {
            assert_eq!(Law::Pcma.encode(Law::Pcma.decode(code)), code);
            // µ-law has two zeros; the negative one (0x7f) comes back as the positive.
            let expected = if code == 0x7f { 0xff } else { code };
            assert_eq!(Law::Pcmu.encode(Law::Pcmu.decode(code)), expected);
        }
    }

    #[test]
    fn transcoding_adds_at_most_half_a_step_and_keeps_order_and_silence() {
        for (from, to) in [(Law::Pcmu, Law::Pcma), (Law::Pcma, Law::Pcmu)] {
            let mut pairs: Vec<(i32, i32)> = Vec::new();
            for code in 0..=255u8 {
                let other = from.transcode_table()[usize::from(code)];
                let pair = (i32::from(from.decode(code)), i32::from(to.decode(other)));
                // A-law reaches a little higher than mu-law: the loudest codes are clipped.
                let slack = if pair.0.abs() > 32_124 { 132 } else { 0 };
                let off = (pair.1 - pair.0).abs();
                assert!(
                    off <= half_step(to, other) + slack,
                    "{from:?} {code:#x}: off by {off}"
                );
                pairs.push(pair);
            }
            pairs.sort_unstable();
            assert!(pairs.is_sorted_by_key(|pair| pair.1), "louder stays louder");
            let silence = from.transcode_table()[usize::from(from.silence())];
            assert!(to.decode(silence).abs() <= 8);
        }
        let mut out = [0u8; 3];
        assert_eq!(transcode(Law::Pcma, &[0xd5, 0xaa], Law::Pcma, &mut out), 2);
        assert_eq!(out, [0xd5, 0xaa, 0]);
    }
}
