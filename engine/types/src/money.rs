//! Money as whole minor units of one currency.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A currency by its ISO 4217 code. All supported ones have two decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Currency {
    /// United States dollar.
    Usd,
    /// Canadian dollar.
    Cad,
    /// Euro.
    Eur,
    /// Pound sterling.
    Gbp,
    /// Australian dollar.
    Aud,
}

impl Currency {
    /// Every currency we can speak of.
    pub const ALL: [Self; 5] = [Self::Usd, Self::Cad, Self::Eur, Self::Gbp, Self::Aud];

    /// The ISO 4217 code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Usd => "USD",
            Self::Cad => "CAD",
            Self::Eur => "EUR",
            Self::Gbp => "GBP",
            Self::Aud => "AUD",
        }
    }

    /// The currency with this ISO 4217 code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|currency| currency.code() == code)
    }
}

/// An amount of money, never a float: whole minor units (cents, pence).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    /// Minor units.
    pub minor: i64,
    /// Of which currency.
    pub currency: Currency,
}

/// A text that is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is no amount: write it like 120 or 120.00, no sign, at most two decimals")]
pub struct AmountError;

impl Money {
    /// The amount written as `120` or `120.50`.
    ///
    /// # Errors
    /// Signs, separators, more than two decimals, more than nine digits before the point.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, AmountError> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(decimals) || whole.len() > 9 || decimals.len() > 2 {
            return Err(AmountError);
        }
        let major = i64::from_str(whole).map_err(|_| AmountError)?;
        let minor = i64::from_str(decimals).map_err(|_| AmountError)?;
        let minor = if decimals.len() == 1 { minor * 10 } else { minor };
        Ok(Self { minor: major * 100 + minor, currency })
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, minor) = (if self.minor < 0 { "-" } else { "" }, self.minor.unsigned_abs());
        write!(f, "{sign}{}.{:02} {}", minor / 100, minor % 100, self.currency.code())
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact() {
        let amount = |text| Money::parse(text, Currency::Usd).map(|money| money.minor);
        assert_eq!(amount("120"), Ok(12_000));
        assert_eq!(amount("120.5"), Ok(12_050));
        assert_eq!(amount("0.05"), Ok(5));
        for bad in ["", "-1", "1,000", "1.234", ".5", "1.", "1e3", "12345678901"] {
            assert_eq!(amount(bad), Err(AmountError), "{bad}");
        }
    }
}
