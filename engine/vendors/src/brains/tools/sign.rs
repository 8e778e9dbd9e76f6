//! Signed requests: whoever answers can tell that it is us, and that it is now.

use aws_lc_rs::hmac;

/// The header of the time a request was signed, in seconds since 1970.
pub const TIMESTAMP_HEADER: &str = "x-apex-timestamp";

/// The header of the signature: `v1=` and the hexadecimal HMAC-SHA256 of timestamp, `.` and the
/// body (of a request without a body: its query).
pub const SIGNATURE_HEADER: &str = "x-apex-signature";

/// The header that names the call of the tool: the same when it is asked again.
pub const IDEMPOTENCY_HEADER: &str = "idempotency-key";

/// The signature of `body` at `timestamp` by `secret`, as it stands in [`SIGNATURE_HEADER`].
pub fn signature(secret: &str, timestamp: i64, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let mut context = hmac::Context::with_key(&key);
    context.update(timestamp.to_string().as_bytes());
    context.update(b".");
    context.update(body);
    let tag = context.sign();
    let mut text = String::with_capacity(3 + 64);
    text.push_str("v1=");
    for byte in tag.as_ref() {
        for half in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(half), 16).unwrap_or('0'));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_covers_time_and_body() {
        // Checked with `printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac secret`.
        let expected = "v1=49f24e537407743fa4a0242bb63b94b9a47ee99cbbe071ccd8a22550ae411686";
        assert_eq!(signature("secret", 1_700_000_000, b"{\"a\":1}"), expected);
        assert_ne!(signature("secret", 1_700_000_001, b"{\"a\":1}"), expected);
        assert_ne!(signature("secret", 1_700_000_000, b"{\"a\":2}"), expected);
        assert_ne!(signature("other", 1_700_000_000, b"{\"a\":1}"), expected);
    }
}
