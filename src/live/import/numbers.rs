//! Telephone numbers as lists write them.

use carillon_decision::number::E164;
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, Region};

/// A number in any usual writing, read in `country` (ISO 3166-1) unless it begins with `+`.
/// With `possible` a number that is long enough will do (do-not-call lists take whatever could
/// ring); without it the country's numbering plan must know it.
///
/// # Errors
/// What is wrong with it, for people.
pub fn parse_number(text: &str, country: &str, possible: bool) -> Result<E164, String> {
    let region = country
        .parse::<Region>()
        .map_err(|_| format!("cannot be read in `{country}`, which is no country"))?;
    parse_in(text, region, possible)
}

fn parse_in(text: &str, region: Region, possible: bool) -> Result<E164, String> {
    let text = text.trim();
    if text.chars().filter(char::is_ascii_digit).count() > 20 {
        return Err("is too long for a number".to_owned());
    }
    let number = PHONE_NUMBER_UTIL
        .parse(text, Some(region))
        .map_err(|_| format!("is not a number ({region:?} was assumed as its country)"))?;
    if !number.extension().is_empty() {
        return Err("has an extension, which cannot be dialed".to_owned());
    }
    let fits = match possible {
        true => PHONE_NUMBER_UTIL.is_possible_number(&number),
        false => PHONE_NUMBER_UTIL.is_valid_number(&number),
    };
    if !fits {
        return Err(format!("is no valid number (+{} …)", number.country_code));
    }
    e164(&number).ok_or_else(|| "does not fit into 15 digits".to_owned())
}

/// The same, with the calling code in a column of its own (VICIdial's `phone_code`).
pub(super) fn parse_with_code(text: &str, code: &str, country: &str) -> Result<E164, String> {
    let digits = code.trim().trim_start_matches('+').trim_start_matches("00");
    let region = digits
        .parse::<i32>()
        .ok()
        .and_then(|code| PHONE_NUMBER_UTIL.get_region_for_country_code(code));
    match region {
        Some(region) => {
            // Within one calling code the row's own country is the better guess.
            let same = super::places::calling_code(country).map(|c| c.to_string());
            match same.as_deref() == Some(digits) {
                true => parse_number(text, country, false),
                false => parse_in(text, region, false),
            }
        }
        None => Err(format!("has phone_code `{code}`, which is no calling code")),
    }
}

fn e164(number: &PhoneNumber) -> Option<E164> {
    let text = PHONE_NUMBER_UTIL.format(number, rlibphonenumber::PhoneNumberFormat::E164);
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_writings_become_one_number() {
        for text in [
            "+1 202-555-0123",
            "(202) 555-0123",
            "2025550123",
            "1-202-555-0123",
            "202.555.0123",
            "011 1 202 555 0123",
        ] {
            assert_eq!(
                parse_number(text, "US", false)
                    .map(|n| n.to_string())
                    .as_deref(),
                Ok("+12025550123"),
                "{text}"
            );
        }
        let uk = |text, code, country| parse_with_code(text, code, country).map(|n| n.to_string());
        assert_eq!(
            uk("020 7946 0123", "44", "US").as_deref(),
            Ok("+442079460123")
        );
        assert_eq!(
            uk("2079460123", "+44", "US").as_deref(),
            Ok("+442079460123")
        );
        assert_eq!(uk("416 555 0123", "1", "CA").as_deref(), Ok("+14165550123"));
    }

    #[test]
    fn what_cannot_be_dialed_says_why() {
        let why = |text| parse_number(text, "US", false).unwrap_err();
        assert!(why("hello").contains("is not a number (US was assumed"));
        assert!(why("202555").contains("is no valid number (+1 …)"));
        assert!(why("202 555 0123 x45").contains("extension"));
        assert!(why("202555012320255501232025").contains("too long"));
        assert!(
            parse_with_code("2025550123", "999", "US")
                .unwrap_err()
                .contains("no calling code")
        );
    }
}
