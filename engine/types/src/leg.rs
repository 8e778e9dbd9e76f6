//! The port to the leg itself: what can be done to a telephone line besides sending audio.

use thiserror::Error;

use crate::E164;

/// An order to the leg.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(tag = "order", rename_all = "snake_case"))]
pub enum LegOrder {
    /// End the call.
    HangUp,
    /// Hand the caller to a person.
    Transfer {
        /// Whom to ring.
        to: E164,
    },
    /// Press keys.
    SendDtmf {
        /// `0-9`, `*`, `#`, `A-D`.
        digits: String,
    },
}

/// A leg that cannot do what was ordered. The agent copes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Unavailable {
    /// This kind of leg has no such function.
    #[error("this leg cannot do that")]
    Unsupported,
    /// The carrier refused or did not answer.
    #[error("the carrier refused")]
    Refused,
}

/// What can be ordered of a leg besides hanging up, or why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LegAbilities {
    /// [`LegOrder::Transfer`].
    pub transfer: Result<(), Unavailable>,
    /// [`LegOrder::SendDtmf`].
    pub send_dtmf: Result<(), Unavailable>,
}

impl LegAbilities {
    /// Everything, as far as one knows beforehand.
    pub const ALL: Self = Self { transfer: Ok(()), send_dtmf: Ok(()) };

    /// Nothing but hanging up.
    pub const NONE: Self =
        Self { transfer: Err(Unavailable::Unsupported), send_dtmf: Err(Unavailable::Unsupported) };
}

/// What one kind of leg can be told to do.
pub trait LegControl: Send {
    /// Carries out `order`, or says why not.
    ///
    /// # Errors
    /// [`Unavailable`] where the leg has no such function or its carrier refused.
    fn order(&mut self, order: &LegOrder) -> Result<(), Unavailable>;

    /// What may be ordered.
    fn abilities(&self) -> LegAbilities;
}

/// A key of a telephone.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DtmfDigit(u8);

impl DtmfDigit {
    /// The key that ends what is entered, by custom.
    pub const HASH: Self = Self(b'#');

    /// The key that prints as `symbol`: `0-9`, `*`, `#`, `A-D`.
    pub const fn new(symbol: char) -> Option<Self> {
        match symbol {
            '0'..='9' | '*' | '#' | 'A'..='D' => Some(Self(symbol as u8)),
            _ => None,
        }
    }

    /// What is printed on the key.
    pub const fn symbol(self) -> char {
        self.0 as char
    }
}

impl std::fmt::Debug for DtmfDigit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<key>")
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for DtmfDigit {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_char(self.symbol())
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for DtmfDigit {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let symbol = char::deserialize(from)?;
        Self::new(symbol).ok_or_else(|| serde::de::Error::custom("is no telephone key"))
    }
}
