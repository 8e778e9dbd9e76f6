//! Payloads: the codec's bytes as base64.

use std::borrow::Cow;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::PAD_INDIFFERENT;

use super::DecodeError;

/// A payload as it stands in a message.
#[derive(Clone, PartialEq, Eq)]
pub struct PayloadBase64<'a>(Cow<'a, str>);

impl<'a> PayloadBase64<'a> {
    /// The payload whose base64 text is `text`. It is checked when it is decoded.
    pub fn new(text: impl Into<Cow<'a, str>>) -> Self {
        Self(text.into())
    }

    /// The base64 text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Replaces the contents of `out` by the bytes. Padding may be missing. Allocates only to
    /// grow `out`.
    ///
    /// Cost: about 25 ns for 160 bytes (crates.md §3.2).
    ///
    /// # Errors
    /// [`DecodeError::BadBase64`]; `out` is then empty.
    pub fn decode(&self, out: &mut Vec<u8>) -> Result<(), DecodeError> {
        out.clear();
        ENGINE.decode_vec(self.0.as_bytes(), out).map_err(|error| {
            out.clear();
            let at = match error {
                base64::DecodeError::InvalidByte(at, _) => at,
                base64::DecodeError::InvalidLastSymbol { .. }
                | base64::DecodeError::InvalidLength(_)
                | base64::DecodeError::InvalidPadding => self.0.len(),
            };
            DecodeError::BadBase64 { at }
        })
    }
}

impl std::fmt::Debug for PayloadBase64<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<{} characters of base64>", self.0.len())
    }
}

/// Appends `bytes` as base64 to `out`.
pub(crate) fn append_base64(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    let written = ENGINE.encode_slice(bytes, &mut out[start..]).expect("room for all of it");
    debug_assert_eq!(out.len(), start + written);
}

/// Picks the processor's widest instructions once (crates.md §1.3).
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
static ENGINE: LazyLock<base64::engine::Simd> = LazyLock::new(|| {
    base64::engine::Simd::standard(PAD_INDIFFERENT.with_decode_allow_trailing_bits(true))
});

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
static ENGINE: LazyLock<base64::engine::GeneralPurpose> = LazyLock::new(|| {
    base64::engine::GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        PAD_INDIFFERENT.with_decode_allow_trailing_bits(true),
    )
});

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn padding_is_optional_and_rubbish_is_an_error() {
        let mut out = vec![9; 4];
        for text in ["//8=", "//8", "//9="] {
            PayloadBase64::new(text).decode(&mut out).unwrap();
            assert_eq!(out, [0xff, 0xff], "{text}");
        }
        for (text, at) in [("//!/", 2), ("/", 1), ("é", 0), ("AA AA", 2)] {
            let error = PayloadBase64::new(text).decode(&mut out).unwrap_err();
            assert_eq!(error, DecodeError::BadBase64 { at }, "{text}");
            assert!(out.is_empty());
        }
    }

    proptest! {
        #[test]
        fn bytes_survive_base64(bytes in proptest::collection::vec(any::<u8>(), 0..700)) {
            let (mut text, mut out) = (Vec::new(), Vec::new());
            append_base64(&bytes, &mut text);
            PayloadBase64::new(std::str::from_utf8(&text).unwrap()).decode(&mut out).unwrap();
            prop_assert_eq!(out, bytes);
        }
    }
}
