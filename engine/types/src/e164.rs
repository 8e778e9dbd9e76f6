//! Telephone numbers.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A telephone number, `+` and 7 to 15 digits (ITU-T E.164 §6), packed: the routing key.
///
/// `Debug` hides all but the last two digits: a number is personal data unless it is a business's
/// own, and then it is printed on purpose, through `Display`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct E164(u64);

/// Why a text is no telephone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum E164Error {
    /// No `+` in front.
    #[error("must start with + and the country code")]
    NoPlus,
    /// Something other than a digit after the `+`.
    #[error("may hold digits only after the +")]
    NotADigit,
    /// No country code starts with 0.
    #[error("starts with +0: no country code does")]
    LeadingZero,
    /// Fewer than 7 or more than 15 digits.
    #[error("has {digits} digits: E.164 allows 7 to 15")]
    Length {
        /// Digits found.
        digits: usize,
    },
}

impl E164 {
    /// The number as an integer, without the `+`. Unique per number: none starts with 0.
    pub const fn packed(self) -> u64 {
        self.0
    }

    /// The digits without the `+`.
    pub fn digits(self) -> String {
        self.0.to_string()
    }
}

impl FromStr for E164 {
    type Err = E164Error;

    fn from_str(text: &str) -> Result<Self, E164Error> {
        let digits = text.strip_prefix('+').ok_or(E164Error::NoPlus)?;
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(E164Error::NotADigit);
        }
        if digits.len() < 7 || 15 < digits.len() {
            return Err(E164Error::Length { digits: digits.len() });
        }
        if digits.starts_with('0') {
            return Err(E164Error::LeadingZero);
        }
        digits.parse().map(Self).map_err(|_| E164Error::NotADigit)
    }
}

impl fmt::Display for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.0)
    }
}

impl fmt::Debug for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+…{:02}", self.0 % 100)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for E164 {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for E164 {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive_packing_and_bad_ones_say_why() {
        let number: E164 = "+12125550142".parse().unwrap();
        assert_eq!(number.to_string(), "+12125550142");
        assert_eq!(format!("{number:?}"), "+…42");
        assert_eq!("12125550142".parse::<E164>(), Err(E164Error::NoPlus));
        assert_eq!("+1 212".parse::<E164>(), Err(E164Error::NotADigit));
        assert_eq!("+01234567".parse::<E164>(), Err(E164Error::LeadingZero));
        assert_eq!("+1234567890123456".parse::<E164>(), Err(E164Error::Length { digits: 16 }));
    }
}
