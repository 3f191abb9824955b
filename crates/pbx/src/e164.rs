//! Telephone numbers by ITU-T E.164 and how people and carriers dial them.

use std::fmt;
use std::str::FromStr;

/// A number in E.164 form, at most 15 digits; printed with its leading `+`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct E164(u64);

/// A country whose dialling habits are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Country {
    /// South Korea, +82.
    #[serde(rename = "KR")]
    Kr,
    /// Japan, +81.
    #[serde(rename = "JP")]
    Jp,
}

impl Country {
    /// The calling code without `+`.
    #[must_use]
    pub fn calling_code(self) -> &'static str {
        match self {
            Self::Kr => "82",
            Self::Jp => "81",
        }
    }
}

/// Why a string is not a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidNumber;

impl fmt::Display for InvalidNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a telephone number: + and 7 to 15 digits are expected, such as +827012345678")
    }
}
impl std::error::Error for InvalidNumber {}

impl E164 {
    /// From digits without `+`, country code first.
    ///
    /// # Errors
    /// When there are fewer than 7 or more than 15 digits, another character, or a leading zero.
    pub fn from_digits(digits: &str) -> Result<Self, InvalidNumber> {
        let bytes = digits.as_bytes();
        if !(7..=15).contains(&bytes.len()) || bytes[0] == b'0' || !bytes.iter().all(u8::is_ascii_digit) {
            return Err(InvalidNumber);
        }
        digits.parse().map(Self).map_err(|_| InvalidNumber)
    }

    /// Reads what somebody in `country` dialled: `07012345678`, `+827012345678`, `827012345678`,
    /// with spaces, dots, dashes or brackets. `00`+country code (and Korea's `00X`) is international.
    ///
    /// # Errors
    /// When no E.164 number comes of it.
    pub fn dialled(text: &str, country: Country) -> Result<Self, InvalidNumber> {
        let mut clean = String::with_capacity(16);
        for c in text.chars() {
            match c {
                '0'..='9' => clean.push(c),
                '+' if clean.is_empty() => clean.push(c),
                ' ' | '-' | '.' | '(' | ')' => {}
                _ => return Err(InvalidNumber),
            }
            if clean.len() > 24 {
                return Err(InvalidNumber);
            }
        }
        if let Some(digits) = clean.strip_prefix('+') {
            return Self::from_digits(digits);
        }
        if country == Country::Kr {
            for prefix in ["001", "002", "005", "006", "008"] {
                if let Some(rest) = clean.strip_prefix(prefix) {
                    return Self::from_digits(rest);
                }
            }
        } else if let Some(rest) = clean.strip_prefix("010").filter(|r| r.len() > 8) {
            return Self::from_digits(rest);
        }
        if let Some(national) = clean.strip_prefix('0') {
            return Self::from_digits(&format!("{}{national}", country.calling_code()));
        }
        if clean.starts_with(country.calling_code()) {
            return Self::from_digits(&clean);
        }
        // Korean representative numbers (1588-0000) carry no area code.
        if country == Country::Kr && clean.len() == 8 && clean.starts_with('1') {
            return Self::from_digits(&format!("82{clean}"));
        }
        Err(InvalidNumber)
    }

    /// The country, where it is one whose habits are known.
    #[must_use]
    pub fn country(self) -> Option<Country> {
        let digits = self.0.to_string();
        [Country::Kr, Country::Jp].into_iter().find(|c| digits.starts_with(c.calling_code()))
    }

    /// As people of the number's own country dial it (`07012345678`), else with `+`.
    #[must_use]
    pub fn national(self) -> String {
        match self.country() {
            Some(country) => {
                let digits = self.0.to_string();
                let rest = &digits[country.calling_code().len()..];
                if country == Country::Kr && rest.len() == 8 && rest.starts_with('1') {
                    rest.to_owned()
                } else {
                    format!("0{rest}")
                }
            }
            None => self.to_string(),
        }
    }

    /// The digits as an integer, country code first, without `+`.
    #[must_use]
    pub fn as_u64(self) -> u64 {
        self.0
    }
}

impl fmt::Display for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.0)
    }
}
impl FromStr for E164 {
    type Err = InvalidNumber;
    fn from_str(text: &str) -> Result<Self, InvalidNumber> {
        Self::from_digits(text.strip_prefix('+').ok_or(InvalidNumber)?)
    }
}
impl serde::Serialize for E164 {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}
impl<'de> serde::Deserialize<'de> for E164 {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_dial() {
        for (text, country, expected) in [
            ("07040000001", Country::Kr, "+827040000001"),
            ("+827040000001", Country::Kr, "+827040000001"),
            ("827040000001", Country::Kr, "+827040000001"),
            ("070-4000-0001", Country::Kr, "+827040000001"),
            ("010 1234 5678", Country::Kr, "+821012345678"),
            ("1588-0000", Country::Kr, "+8215880000"),
            ("0018113334444", Country::Kr, "+8113334444"),
            ("0312345678", Country::Jp, "+81312345678"),
        ] {
            assert_eq!(E164::dialled(text, country).map(|n| n.to_string()).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_number() {
        for text in ["", "+", "abc", "+0123456789", "+1234567890123456", "070#", "12"] {
            assert!(E164::dialled(text, Country::Kr).is_err(), "{text}");
        }
    }

    #[test]
    fn national_form_is_dialled_back_to_itself() {
        for text in ["+827040000001", "+8215880000", "+81312345678", "+14155550100"] {
            let number: E164 = text.parse().unwrap();
            let country = number.country().unwrap_or(Country::Kr);
            assert_eq!(E164::dialled(&number.national(), country), Ok(number));
        }
    }
}
