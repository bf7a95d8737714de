//! How a trunk wants numbers written.

use carillon_decision::number::E164;
use serde::Serialize;

/// How numbers are written towards a trunk: the base form, then digits stripped from its
/// front, then a prefix put before it, octet for octet (tech prefixes such as `9#`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NumberFormat {
    /// The base form.
    pub base: NumberBase,
    /// Taken from the front of the base form where it stands there.
    pub strip: String,
    /// Put before the result, untouched: may hold `#` and `*`.
    pub prepend: String,
}

/// Base form of a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberBase {
    /// `+12025550123`.
    E164Plus,
    /// `12025550123`.
    E164,
    /// As dialed in one country: its own numbers with the trunk prefix and without the
    /// calling code, others with the international prefix.
    National {
        /// Calling code of the country, digits (`44`).
        calling_code: String,
        /// Written before its own numbers (`0`; empty in the US).
        national_prefix: String,
        /// Written before calling code and number of others (`00`, `011`).
        international_prefix: String,
    },
}

impl Default for NumberFormat {
    fn default() -> Self {
        Self {
            base: NumberBase::E164Plus,
            strip: String::new(),
            prepend: String::new(),
        }
    }
}

impl NumberFormat {
    /// The number as this trunk wants it.
    pub fn write(&self, number: E164) -> String {
        let digits = number.digits().to_string();
        let base = match &self.base {
            NumberBase::E164Plus => format!("+{digits}"),
            NumberBase::E164 => digits,
            NumberBase::National {
                calling_code,
                national_prefix,
                international_prefix,
            } => match digits.strip_prefix(calling_code.as_str()) {
                Some(rest) => format!("{national_prefix}{rest}"),
                None => format!("{international_prefix}{digits}"),
            },
        };
        let rest = base.strip_prefix(self.strip.as_str()).unwrap_or(&base);
        format!("{}{rest}", self.prepend)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(base: NumberBase, strip: &str, prepend: &str, number: &str) -> String {
        let format = NumberFormat {
            base,
            strip: strip.into(),
            prepend: prepend.into(),
        };
        format.write(number.parse().unwrap())
    }

    #[test]
    fn each_form_is_written_octet_for_octet() {
        let us = "+12025550123";
        assert_eq!(NumberFormat::default().write(us.parse().unwrap()), us);
        assert_eq!(written(NumberBase::E164, "", "", us), "12025550123");
        assert_eq!(written(NumberBase::E164, "1", "", us), "2025550123");
        assert_eq!(written(NumberBase::E164, "", "9#", us), "9#12025550123");
        assert_eq!(
            written(NumberBase::E164Plus, "+", "*7#00", us),
            "*7#0012025550123"
        );
        // A prefix that is not there is not stripped.
        assert_eq!(written(NumberBase::E164, "44", "", us), "12025550123");
    }

    #[test]
    fn national_form_keeps_other_countries_reachable() {
        let uk = NumberBase::National {
            calling_code: "44".into(),
            national_prefix: "0".into(),
            international_prefix: "00".into(),
        };
        assert_eq!(written(uk.clone(), "", "", "+442079460123"), "02079460123");
        assert_eq!(written(uk, "", "", "+12025550123"), "0012025550123");
    }
}
