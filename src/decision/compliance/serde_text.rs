//! Values written as text in configuration, in every encoding.

use serde::{Deserialize, Deserializer, Serializer, de::Error};
use std::fmt::Display;
use std::str::FromStr;

pub(super) fn serialize<T: Display, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(value)
}

pub(super) fn deserialize<'de, T, D>(from: D) -> Result<T, D::Error>
where
    T: FromStr<Err: Display>,
    D: Deserializer<'de>,
{
    String::deserialize(from)?.parse().map_err(D::Error::custom)
}

/// Spans of time such as `90s`, `15m`, `1h 30m` or `7d`.
pub(super) mod duration {
    use jiff::fmt::friendly::{SpanParser, SpanPrinter};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use std::time::Duration;

    pub(in super::super) fn serialize<S: Serializer>(
        value: &Duration,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.serialize_str(&SpanPrinter::new().unsigned_duration_to_string(value))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Duration, D::Error> {
        let text = String::deserialize(from)?;
        SpanParser::new()
            .parse_unsigned_duration(&text)
            .map_err(|_| {
                D::Error::custom(format!(
                    "`{text}` is not a span of time: write 90s, 15m or 2h"
                ))
            })
    }
}
