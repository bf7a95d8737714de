//! What kind of number it is: numbering-plan validity and the kinds no campaign dials.

use super::places::{self, Row, Split};
use super::refusal::RefusalCode;
use crate::number::E164;
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberType, Region};

/// Emergency codes in use somewhere (ITU-T E.161.1 and national plans). A number outside
/// its numbering plan that begins with one may be cut short to it by a switch on the way.
const EMERGENCY: [&str; 16] = [
    "112", "911", "999", "000", "110", "111", "113", "114", "115", "117", "118", "119", "120",
    "122", "190", "193",
];

/// Why `number` must never be dialed, if so. `row` is its row of the place table.
pub(super) fn refused(number: E164, row: Option<&Row>) -> Option<RefusalCode> {
    let Some(split) = places::split(number) else {
        return Some(outside_plan(&number.digits().to_string()));
    };
    if split.code == 1
        && let Some(code) = north_american(split.national)
    {
        return Some(code);
    }
    match kind(split, row) {
        PhoneNumberType::Unknown => {
            let width = split.national_len as usize;
            Some(outside_plan(&format!("{:0width$}", split.national)))
        }
        PhoneNumberType::PremiumRate | PhoneNumberType::SharedCost => {
            Some(RefusalCode::PremiumNumber)
        }
        PhoneNumberType::Pager | PhoneNumberType::VoiceMail => Some(RefusalCode::SpecialNumber),
        _ => None,
    }
}

/// The code of a number that its numbering plan does not know.
fn outside_plan(national: &str) -> RefusalCode {
    if EMERGENCY.iter().any(|code| national.starts_with(code)) {
        RefusalCode::EmergencyNumber
    } else if national.len() <= 6 {
        RefusalCode::ShortNumber
    } else {
        RefusalCode::InvalidNumber
    }
}

/// Service codes and premium exchanges inside the North American plan: NPA and exchange
/// never are N11, and exchange 976 (as area code 900) is pay-per-call.
fn north_american(national: u64) -> Option<RefusalCode> {
    let (area, exchange) = (national / 10_000_000, national / 10_000 % 1000);
    let service = |code: u64| code % 100 == 11 && code / 100 >= 2;
    if area == 911 || exchange == 911 {
        Some(RefusalCode::EmergencyNumber)
    } else if service(area) || service(exchange) {
        Some(RefusalCode::ShortNumber)
    } else if area == 900 || exchange == 976 {
        Some(RefusalCode::PremiumNumber)
    } else {
        None
    }
}

/// The numbering plan's kind of the number, `Unknown` outside it.
fn kind(split: Split, row: Option<&Row>) -> PhoneNumberType {
    let zeros = split.national_len.saturating_sub(digits(split.national));
    let number = PhoneNumber {
        country_code: i32::from(split.code),
        national_number: split.national,
        italian_leading_zero: (zeros > 0).then_some(true),
        number_of_leading_zeros: (zeros > 0).then_some(zeros as i32),
        ..PhoneNumber::default()
    };
    // In the North American plan the place table knows which of 25 countries it is, and
    // the kinds that matter are settled above.
    let region = row
        .filter(|_| split.code == 1)
        .and_then(|row| Region::from_code(places::country(row.places.first()?)).ok());
    match region {
        Some(region) if PHONE_NUMBER_UTIL.is_valid_number_for_region(&number, region) => {
            PhoneNumberType::FixedLineOrMobile
        }
        Some(_) => PhoneNumberType::Unknown,
        None => PHONE_NUMBER_UTIL.get_number_type(&number),
    }
}

fn digits(number: u64) -> u32 {
    number.checked_ilog10().map_or(0, |log| log + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(number: &str) -> Option<RefusalCode> {
        let number = number.parse().unwrap();
        refused(number, places::of_number(number))
    }

    #[test]
    fn subscribers_pass_whatever_their_country() {
        for number in [
            "+12025550123",
            "+12125550100",
            "+18505550199",
            "+14165550123",
            "+442079460123",
            "+447912345678",
            "+33142685300",
            "+33612345678",
            "+4930123456",
            "+390612345678",
            "+393123456789",
            "+34912345678",
            "+61291234567",
            "+61412345678",
            "+919876543210",
            "+8613800138000",
            "+861012345678",
            "+81312345678",
            "+5511987654321",
            "+17875550123",
        ] {
            assert_eq!(code(number), None, "{number}");
        }
    }

    #[test]
    fn emergency_and_service_codes_never_pass() {
        for number in [
            "+12129115550",
            "+19115550123",
            "+441120000",
            "+449990000",
            "+9111234567",
        ] {
            assert_eq!(code(number), Some(RefusalCode::EmergencyNumber), "{number}");
        }
        assert_eq!(code("+14115550123"), Some(RefusalCode::ShortNumber));
        assert_eq!(code("+33301234"), Some(RefusalCode::ShortNumber));
    }

    #[test]
    fn premium_numbers_never_pass() {
        for number in [
            "+19005550123",
            "+12129765550",
            "+449098790000",
            "+33899123456",
        ] {
            assert_eq!(code(number), Some(RefusalCode::PremiumNumber), "{number}");
        }
    }

    #[test]
    fn numbers_outside_their_plan_never_pass() {
        for number in [
            "+12015550",
            "+11235550123",
            "+9995550123456",
            "+33042685300",
        ] {
            let found = code(number);
            assert!(
                matches!(
                    found,
                    Some(RefusalCode::InvalidNumber | RefusalCode::EmergencyNumber)
                ),
                "{number}: {found:?}"
            );
        }
    }
}
