//! Signatures of webhooks: Ed25519 over the time stamp, `|` and the raw body (telnyx.md §2.4).
//!
//! The body is what came over the wire, byte for byte: a body that was parsed and written again
//! verifies for nobody.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

/// The header with the signature, padded base64 of 64 bytes. Names of headers ignore case.
pub const SIGNATURE_HEADER: &str = "telnyx-signature-ed25519";

/// The header with the time stamp, whole seconds since 1970.
pub const TIMESTAMP_HEADER: &str = "telnyx-timestamp";

/// How far a time stamp may lie from our clock, in seconds, to either side: what both official
/// libraries take (telnyx.md §2.4).
pub const TOLERANCE_SECONDS: u64 = 300;

/// A carrier's public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PublicKey([u8; 32]);

/// Why a text is no public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// Not base64.
    #[error("is not base64: copy the public key from the carrier's portal")]
    NotBase64,
    /// Another length.
    #[error("holds {bytes} bytes, an Ed25519 public key has 32")]
    Length {
        /// Bytes found.
        bytes: usize,
    },
    /// One of the few points for which anybody can sign.
    #[error("is a weak key: copy the public key from the carrier's portal")]
    Weak,
}

/// Why a webhook is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SignatureError {
    /// No key is configured.
    #[error("no public key of the carrier is configured")]
    NoKey,
    /// The time stamp is no whole number of seconds.
    #[error("the time stamp is no number of seconds")]
    BadTimestamp,
    /// The time stamp lies too far in the past: delayed, replayed, or our clock is ahead.
    #[error("signed {seconds} s ago, at most {TOLERANCE_SECONDS} are taken")]
    Stale {
        /// How far.
        seconds: u64,
    },
    /// The time stamp lies too far in the future: our clock is behind.
    #[error("signed {seconds} s ahead of our clock, at most {TOLERANCE_SECONDS} are taken")]
    Early {
        /// How far.
        seconds: u64,
    },
    /// The signature is not 64 bytes of base64.
    #[error("the signature is not 64 bytes of base64")]
    BadSignature,
    /// None of the keys signed this.
    #[error("signed by none of our keys")]
    Forged,
}

impl PublicKey {
    /// The key of these bytes.
    ///
    /// # Errors
    /// [`KeyError::Weak`] for a point of small order: any signature could be made to fit it.
    pub fn from_bytes(bytes: [u8; 32]) -> Result<Self, KeyError> {
        if is_weak(&bytes) { Err(KeyError::Weak) } else { Ok(Self(bytes)) }
    }

    /// The key as the carrier's portal shows it: base64 of 32 bytes.
    ///
    /// # Errors
    /// [`KeyError`] says what is wrong with the text.
    pub fn from_base64(text: &str) -> Result<Self, KeyError> {
        let bytes = STANDARD.decode(text.trim()).map_err(|_| KeyError::NotBase64)?;
        let length = bytes.len();
        Self::from_bytes(bytes.try_into().map_err(|_| KeyError::Length { bytes: length })?)
    }

    /// The key as the carrier's portal shows it.
    pub fn to_base64(self) -> String {
        STANDARD.encode(self.0)
    }
}

/// Checks that a webhook comes from the carrier, now.
///
/// Input:  the two headers as they came, the raw body, `now_unix` in seconds since 1970, and the
///         keys in force: more than one while a key is being replaced.
/// Cost:   about 40 µs per key tried (crates.md §3.11); the time stamp is looked at first.
///
/// # Errors
/// [`SignatureError`] says why it is not believed.
pub fn verify(
    keys: &[PublicKey],
    timestamp: &str,
    body: &[u8],
    signature: &str,
    now_unix: u64,
) -> Result<(), SignatureError> {
    if keys.is_empty() {
        return Err(SignatureError::NoKey);
    }
    // `parse` alone would take a sign.
    if timestamp.is_empty() || !timestamp.bytes().all(|b| b.is_ascii_digit()) {
        return Err(SignatureError::BadTimestamp);
    }
    let signed_at: u64 = timestamp.parse().map_err(|_| SignatureError::BadTimestamp)?;
    if TOLERANCE_SECONDS < now_unix.saturating_sub(signed_at) {
        return Err(SignatureError::Stale { seconds: now_unix - signed_at });
    }
    if TOLERANCE_SECONDS < signed_at.saturating_sub(now_unix) {
        return Err(SignatureError::Early { seconds: signed_at - now_unix });
    }
    let signature = STANDARD.decode(signature).map_err(|_| SignatureError::BadSignature)?;
    if signature.len() != 64 {
        return Err(SignatureError::BadSignature);
    }
    let message = message(timestamp, body);
    let is_by =
        |key: &PublicKey| UnparsedPublicKey::new(&ED25519, key.0).verify(&message, &signature);
    if keys.iter().any(|key| is_by(key).is_ok()) { Ok(()) } else { Err(SignatureError::Forged) }
}

/// The carrier's signing key: for the fake carrier and for tests.
#[derive(Debug)]
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// The key of this seed (RFC 8032 §5.1.5).
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed);
        Self(pair.expect("every 32 bytes are the seed of a key"))
    }

    /// What verifies its signatures.
    pub fn public_key(&self) -> PublicKey {
        let bytes = self.0.public_key().as_ref();
        PublicKey(bytes.try_into().expect("an Ed25519 public key has 32 bytes"))
    }

    /// The value of [`SIGNATURE_HEADER`] for `body`, with `timestamp` in [`TIMESTAMP_HEADER`].
    pub fn sign(&self, timestamp: &str, body: &[u8]) -> String {
        STANDARD.encode(self.0.sign(&message(timestamp, body)))
    }
}

fn message(timestamp: &str, body: &[u8]) -> Vec<u8> {
    [timestamp.as_bytes(), b"|", body].concat()
}

/// Whether `key` encodes one of the eight points of small order, in any of their encodings (Cremers
/// and Jackson, "Prime, Order Please!", table of small-order points of Ed25519). The sign bit says
/// nothing for them.
fn is_weak(key: &[u8; 32]) -> bool {
    let mut unsigned = *key;
    unsigned[31] &= 0x7f;
    WEAK_POINTS.contains(&unsigned)
}

const fn last_byte(first: u8, middle: u8, last: u8) -> [u8; 32] {
    let mut point = [middle; 32];
    point[0] = first;
    point[31] = last;
    point
}

/// y = 0, 1, -1, p, p + 1 and the two of order eight.
const WEAK_POINTS: [[u8; 32]; 7] = [
    last_byte(0x00, 0x00, 0x00),
    last_byte(0x01, 0x00, 0x00),
    last_byte(0xec, 0xff, 0x7f),
    last_byte(0xed, 0xff, 0x7f),
    last_byte(0xee, 0xff, 0x7f),
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
];

#[cfg(test)]
mod tests;
