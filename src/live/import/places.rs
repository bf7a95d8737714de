//! Countries and states as lists write them.

use rlibphonenumber::{PHONE_NUMBER_UTIL, Region};

/// Calling code of an ISO 3166-1 country; `None` for what is no country.
pub(crate) fn calling_code(country: &str) -> Option<i32> {
    let region = country.parse::<Region>().ok()?;
    PHONE_NUMBER_UTIL.get_country_code_for_region(region)
}

/// ISO 3166-1 alpha-2 of what a list says.
pub(super) fn country(text: &str) -> Option<String> {
    let upper = text.trim().to_ascii_uppercase();
    let code = match upper.as_str() {
        "USA" | "U.S." | "U.S.A." | "UNITED STATES" | "UNITED STATES OF AMERICA" => "US",
        "UK" | "GBR" | "UNITED KINGDOM" | "GREAT BRITAIN" | "ENGLAND" => "GB",
        "CAN" | "CANADA" => "CA",
        "AUS" | "AUSTRALIA" => "AU",
        "DEU" | "GERMANY" => "DE",
        "FRA" | "FRANCE" => "FR",
        "ITA" | "ITALY" => "IT",
        "ESP" | "SPAIN" => "ES",
        "IND" | "INDIA" => "IN",
        "CHN" | "CHINA" => "CN",
        "MEX" | "MEXICO" => "MX",
        other => other,
    };
    calling_code(code).map(|_| code.to_owned())
}

/// ISO 3166-2 code of a state without its country. Full names of US states are known; anything
/// else of up to three letters is taken as a code, in capitals.
pub(super) fn state(text: &str) -> Option<String> {
    let upper = text.trim().to_ascii_uppercase();
    if let Some((code, _)) = US_STATES.iter().find(|(_, name)| *name == upper) {
        return Some((*code).to_owned());
    }
    let code = upper.strip_prefix("US-").unwrap_or(&upper);
    let fits = (1..=3).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric());
    fits.then(|| code.to_owned())
}

const US_STATES: [(&str, &str); 51] = [
    ("AL", "ALABAMA"),
    ("AK", "ALASKA"),
    ("AZ", "ARIZONA"),
    ("AR", "ARKANSAS"),
    ("CA", "CALIFORNIA"),
    ("CO", "COLORADO"),
    ("CT", "CONNECTICUT"),
    ("DE", "DELAWARE"),
    ("DC", "DISTRICT OF COLUMBIA"),
    ("FL", "FLORIDA"),
    ("GA", "GEORGIA"),
    ("HI", "HAWAII"),
    ("ID", "IDAHO"),
    ("IL", "ILLINOIS"),
    ("IN", "INDIANA"),
    ("IA", "IOWA"),
    ("KS", "KANSAS"),
    ("KY", "KENTUCKY"),
    ("LA", "LOUISIANA"),
    ("ME", "MAINE"),
    ("MD", "MARYLAND"),
    ("MA", "MASSACHUSETTS"),
    ("MI", "MICHIGAN"),
    ("MN", "MINNESOTA"),
    ("MS", "MISSISSIPPI"),
    ("MO", "MISSOURI"),
    ("MT", "MONTANA"),
    ("NE", "NEBRASKA"),
    ("NV", "NEVADA"),
    ("NH", "NEW HAMPSHIRE"),
    ("NJ", "NEW JERSEY"),
    ("NM", "NEW MEXICO"),
    ("NY", "NEW YORK"),
    ("NC", "NORTH CAROLINA"),
    ("ND", "NORTH DAKOTA"),
    ("OH", "OHIO"),
    ("OK", "OKLAHOMA"),
    ("OR", "OREGON"),
    ("PA", "PENNSYLVANIA"),
    ("RI", "RHODE ISLAND"),
    ("SC", "SOUTH CAROLINA"),
    ("SD", "SOUTH DAKOTA"),
    ("TN", "TENNESSEE"),
    ("TX", "TEXAS"),
    ("UT", "UTAH"),
    ("VT", "VERMONT"),
    ("VA", "VIRGINIA"),
    ("WA", "WASHINGTON"),
    ("WV", "WEST VIRGINIA"),
    ("WI", "WISCONSIN"),
    ("WY", "WYOMING"),
];
