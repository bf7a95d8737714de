//! Columns by their header: VICIdial's names and the usual other ones.

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Column {
    /// A number; the first is preferred.
    Phone,
    PhoneCode,
    ListId,
    VendorLeadCode,
    SourceId,
    Title,
    FirstName,
    LastName,
    Address,
    City,
    State,
    PostalCode,
    Country,
    Email,
    Comments,
    Rank,
    Priority,
    Owner,
    TimeZone,
    Needs,
    Consent,
    Callback,
    AnswerChance,
    /// A free column, kept as a tag of this name.
    Tag(String),
    /// A column without a name: skipped.
    Nameless,
}

/// A header name as it is compared: small letters, one `_` between words.
pub(super) fn normal(name: &str) -> String {
    let words = name
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("_").to_lowercase()
}

impl Column {
    fn of(name: &str) -> Self {
        let name = normal(name);
        match name.as_str() {
            "" => Self::Nameless,
            "phone_code" | "country_calling_code" | "dial_code" => Self::PhoneCode,
            "list_id" | "list" => Self::ListId,
            "vendor_lead_code" | "vendor_id" | "external_id" | "customer_id" => {
                Self::VendorLeadCode
            }
            "source_id" | "source" => Self::SourceId,
            "title" => Self::Title,
            "first_name" | "firstname" | "given_name" => Self::FirstName,
            "last_name" | "lastname" | "surname" | "family_name" => Self::LastName,
            "address" | "address1" | "address_1" | "address2" | "address_2" | "address3"
            | "address_3" | "street" => Self::Address,
            "city" | "town" => Self::City,
            "state" | "province" | "region" => Self::State,
            "postal_code" | "zip" | "zip_code" | "zipcode" | "postcode" => Self::PostalCode,
            "country" | "country_code" => Self::Country,
            "email" | "e_mail" => Self::Email,
            "comments" | "comment" | "notes" => Self::Comments,
            "rank" => Self::Rank,
            "priority" => Self::Priority,
            "owner" => Self::Owner,
            "time_zone" | "timezone" | "tz" => Self::TimeZone,
            "needs" | "skills" => Self::Needs,
            "consent" => Self::Consent,
            "callback" | "callback_at" => Self::Callback,
            "answer_chance" => Self::AnswerChance,
            _ if is_phone(&name) => Self::Phone,
            _ => Self::Tag(name),
        }
    }

    /// Whether more than one column may hold it.
    fn repeats(&self) -> bool {
        matches!(self, Self::Phone | Self::Address | Self::Nameless)
    }
}

/// `phone`, `phone_number`, `alt_phone`, `phone_2`, `mobile3`, `home_phone` …
fn is_phone(name: &str) -> bool {
    let stem = name
        .trim_end_matches(|c: char| c.is_ascii_digit())
        .trim_end_matches('_');
    let stem = stem.strip_suffix("_number").unwrap_or(stem);
    matches!(
        stem,
        "phone"
            | "alt_phone"
            | "telephone"
            | "tel"
            | "mobile"
            | "mobile_phone"
            | "cell"
            | "cell_phone"
            | "home_phone"
            | "work_phone"
            | "number"
            | "msisdn"
    )
}

/// The columns of a header row.
///
/// # Errors
/// What is wrong with it, and what to write.
pub(super) fn columns(header: &[Vec<u8>]) -> Result<Vec<Column>, String> {
    let mut columns: Vec<Column> = Vec::with_capacity(header.len());
    for bytes in header {
        let name = std::str::from_utf8(bytes)
            .map_err(|_| "the header is not UTF-8 text; save the file as UTF-8".to_owned())?;
        let column = Column::of(name);
        if columns.contains(&column) && !column.repeats() {
            return Err(format!(
                "two columns are named `{}`; rename or remove one",
                name.trim()
            ));
        }
        columns.push(column);
    }
    if !columns.contains(&Column::Phone) {
        let names: Vec<_> = header
            .iter()
            .take(8)
            .map(|bytes| {
                String::from_utf8_lossy(bytes)
                    .trim()
                    .chars()
                    .take(30)
                    .collect::<String>()
            })
            .collect();
        return Err(format!(
            "no column of the header holds telephone numbers; the first line must name the \
             columns, one of them phone_number (also alt_phone, phone_2, mobile, …). Found: {}",
            names.join(", ")
        ));
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_whatever_their_case_and_spaces() {
        let header = [
            " Phone Number",
            "ALT_PHONE",
            "phone-2",
            "First Name",
            "Postal_Code",
            "Favourite Colour",
            "",
        ];
        let header: Vec<_> = header.iter().map(|h| h.as_bytes().to_vec()).collect();
        use Column::*;
        let expected = vec![
            Phone,
            Phone,
            Phone,
            FirstName,
            PostalCode,
            Tag("favourite_colour".into()),
            Nameless,
        ];
        assert_eq!(columns(&header).unwrap(), expected);
    }

    #[test]
    fn a_missing_header_is_told_from_a_poor_one() {
        let header = |names: &[&str]| {
            names
                .iter()
                .map(|h| h.as_bytes().to_vec())
                .collect::<Vec<_>>()
        };
        assert!(
            columns(&header(&["2025550123", "Ann"]))
                .unwrap_err()
                .contains("Found: 2025550123, Ann")
        );
        assert!(
            columns(&header(&["phone", "email", "E-Mail"]))
                .unwrap_err()
                .contains("two columns are named `E-Mail`")
        );
    }
}
