//! Byte ranges of a request (RFC 9110 §14).

/// What a request wants of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// All of it.
    Whole,
    /// From the first octet to the last, both included.
    Part(u64, u64),
    /// Nothing that is there.
    Nothing,
}

/// Reads a `Range` header for a file of so many octets. What is no single range of octets is as
/// if it were not there (§14.2): the answer is the whole file.
pub(crate) fn wanted(header: Option<&str>, octets: u64) -> Wanted {
    let Some((first, last)) = header.and_then(single) else {
        return Wanted::Whole;
    };
    let number = |text: &str| match text.bytes().all(|b| b.is_ascii_digit()) {
        // A number beyond 64 bits is beyond every file, too.
        true => Some(text.parse().unwrap_or(u64::MAX)),
        false => None,
    };
    let (Some(first_octet), Some(last_octet)) = (number(first), number(last)) else {
        return Wanted::Whole;
    };
    match (first.is_empty(), last.is_empty()) {
        (true, true) => Wanted::Whole,
        // The last so many octets.
        (true, false) if last_octet == 0 || octets == 0 => Wanted::Nothing,
        (true, false) => Wanted::Part(octets.saturating_sub(last_octet), octets - 1),
        (false, false) if last_octet < first_octet => Wanted::Whole,
        _ if first_octet >= octets => Wanted::Nothing,
        (false, true) => Wanted::Part(first_octet, octets - 1),
        (false, false) => Wanted::Part(first_octet, last_octet.min(octets - 1)),
    }
}

/// First and last position of the only range.
fn single(header: &str) -> Option<(&str, &str)> {
    let (unit, ranges) = header.split_once('=')?;
    let only = unit.trim().eq_ignore_ascii_case("bytes") && !ranges.contains(',');
    let (first, last) = ranges.trim().split_once('-').filter(|_| only)?;
    Some((first.trim(), last.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_ranges_are_met_as_far_as_the_file_goes() {
        for (header, expected) in [
            ("bytes=0-0", Wanted::Part(0, 0)),
            ("bytes=0-", Wanted::Part(0, 99)),
            ("bytes=10-19", Wanted::Part(10, 19)),
            ("bytes=90-4000", Wanted::Part(90, 99)),
            ("bytes=-1", Wanted::Part(99, 99)),
            ("bytes=-4000", Wanted::Part(0, 99)),
            ("Bytes= 99-99 ", Wanted::Part(99, 99)),
            ("bytes=0-99999999999999999999999", Wanted::Part(0, 99)),
            ("bytes=100-", Wanted::Nothing),
            ("bytes=100-200", Wanted::Nothing),
            ("bytes=99999999999999999999999-", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
        ] {
            assert_eq!(wanted(Some(header), 100), expected, "{header}");
        }
        assert_eq!(wanted(Some("bytes=0-"), 0), Wanted::Nothing);
        assert_eq!(wanted(Some("bytes=-5"), 0), Wanted::Nothing);
    }

    #[test]
    fn anything_else_is_answered_with_the_whole_file() {
        assert_eq!(wanted(None, 100), Wanted::Whole);
        for header in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=a-b",
            "bytes=+1-2",
            "bytes=1- 2 3",
            "bytes=20-10",
            "bytes=0-1,5-6",
            "seconds=1-2",
            "bytes=--1",
        ] {
            assert_eq!(wanted(Some(header), 100), Wanted::Whole, "{header}");
        }
    }
}
