//! Names and numbers that identify things, each its own type.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The longest slug, in bytes.
pub const SLUG_BYTES_MAX: usize = 32;

/// A short name fit for a file name, a label and a URL: `a-z`, `0-9` and inner `-`, at most 32.
///
/// Stored inline, so that ids made of it are `Copy`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slug {
    bytes: [u8; SLUG_BYTES_MAX],
    len: u8,
}

/// Why a text is no slug.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SlugError {
    /// Nothing there.
    #[error("is empty: use 1 to {SLUG_BYTES_MAX} of a-z, 0-9 and -")]
    Empty,
    /// More than [`SLUG_BYTES_MAX`] bytes.
    #[error("has {len} characters: at most {SLUG_BYTES_MAX} fit")]
    TooLong {
        /// Bytes found.
        len: usize,
    },
    /// A character outside the alphabet, or a `-` at an end.
    #[error("may hold a-z, 0-9 and inner - only")]
    Alphabet,
}

impl Slug {
    /// The slug as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).expect("a slug is ASCII")
    }
}

impl FromStr for Slug {
    type Err = SlugError;

    fn from_str(text: &str) -> Result<Self, SlugError> {
        if text.is_empty() {
            return Err(SlugError::Empty);
        }
        if text.len() > SLUG_BYTES_MAX {
            return Err(SlugError::TooLong { len: text.len() });
        }
        let alphabet = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if !text.bytes().all(alphabet) || text.starts_with('-') || text.ends_with('-') {
            return Err(SlugError::Alphabet);
        }
        let mut bytes = [0; SLUG_BYTES_MAX];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Ok(Self { bytes, len: text.len() as u8 })
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Slug {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Slug {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

macro_rules! slug_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
        pub struct $name(Slug);

        impl $name {
            /// The id named `slug`.
            pub const fn new(slug: Slug) -> Self {
                Self(slug)
            }

            /// The id as a bare slug: a name among names of other kinds.
            pub const fn slug(&self) -> Slug {
                self.0
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl FromStr for $name {
            type Err = SlugError;
            fn from_str(text: &str) -> Result<Self, SlugError> {
                text.parse().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

slug_id!(
    /// One business on the platform: the isolation key.
    BusinessId
);
slug_id!(
    /// One configured agent, unique within its business.
    AgentId
);
slug_id!(
    /// A vendor by its name in config: `local`, `frontdesk`, `deepgram`, …
    VendorName
);

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident($repr:ty), $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
        pub struct $name($repr);

        impl $name {
            /// The first of its kind.
            pub const FIRST: Self = Self(0);

            /// The id with this number.
            pub const fn new(number: $repr) -> Self {
                Self(number)
            }

            /// The number.
            pub const fn get(self) -> $repr {
                self.0
            }

            /// The id after this one. Saturates: a call ends long before.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
    };
}

number_id!(
    /// One exchange of a call: the caller speaks, the agent answers. The greeting is turn 0.
    TurnId(u32), "turn"
);
number_id!(
    /// One stretch of caller's speech.
    UtteranceId(u32), "utterance"
);
number_id!(
    /// One piece of a reply as handed to the voice, counted within its generation.
    SegmentId(u32), "segment"
);
number_id!(
    /// A version of the published configuration; grows with every publish.
    ConfigVersion(u64), "v"
);

/// One attempt at a reply within a turn. Every outside answer carries it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct GenerationId {
    /// The turn that is being answered.
    pub turn: TurnId,
    /// The attempt at answering it, from 0.
    pub attempt: u16,
}

impl fmt::Display for GenerationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.turn, self.attempt)
    }
}

/// One call, unique over all nodes and time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(u128);

/// A text that is no call id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is no call id: expected call_ and 32 hex digits")]
pub struct CallIdError;

impl CallId {
    /// The call with this number; the number comes from a random source or a seed.
    pub const fn new(number: u128) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn get(self) -> u128 {
        self.0
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "call_{:032x}", self.0)
    }
}

impl fmt::Debug for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for CallId {
    type Err = CallIdError;

    fn from_str(text: &str) -> Result<Self, CallIdError> {
        let digits = text.strip_prefix("call_").ok_or(CallIdError)?;
        if digits.len() != 32 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(CallIdError);
        }
        u128::from_str_radix(digits, 16).map(Self).map_err(|_| CallIdError)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for CallId {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for CallId {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_keep_to_their_alphabet() {
        let slug: Slug = "riverside-dental".parse().unwrap();
        assert_eq!(slug.as_str(), "riverside-dental");
        assert_eq!("".parse::<Slug>(), Err(SlugError::Empty));
        assert_eq!("a".repeat(33).parse::<Slug>(), Err(SlugError::TooLong { len: 33 }));
        for bad in ["Upper", "-x", "x-", "a b", "é", "a_b"] {
            assert_eq!(bad.parse::<Slug>(), Err(SlugError::Alphabet), "{bad}");
        }
    }

    #[test]
    fn call_ids_survive_text() {
        let call = CallId::new(0x00ab_cdef);
        assert_eq!(call.to_string().parse(), Ok(call));
        assert_eq!("call_1".parse::<CallId>(), Err(CallIdError));
        assert_eq!(format!("call_+{}", "0".repeat(31)).parse::<CallId>(), Err(CallIdError));
    }
}
