//! What vendors say when they refuse, in our own words (providers.md §1.5).
//!
//! A vendor's sentences stay here: of them only a code passes, letters, digits and a few signs, so
//! that nothing a caller said can come back through an error.

use reqwest::header::{HeaderMap, RETRY_AFTER};
use types::{Millis, VendorName};
use vendor::VendorError;

/// The longest code that is passed on.
const CODE_BYTES_MAX: usize = 48;

/// A refused request or handshake.
#[derive(Clone, Copy, Debug)]
pub struct Refusal<'a> {
    /// Who refused.
    pub vendor: VendorName,
    /// The HTTP status.
    pub status: u16,
    /// The headers of the answer.
    pub headers: &'a HeaderMap,
    /// The vendor's own code, if its answer holds one: `insufficient_quota`, `system_busy`.
    pub code: Option<&'a str>,
}

impl Refusal<'_> {
    /// What it means.
    pub fn error(&self) -> VendorError {
        let vendor = self.vendor;
        let retry_after = retry_after(self.headers);
        if let Some(error) = self.code.and_then(|code| by_code(vendor, code, retry_after)) {
            return error;
        }
        match self.status {
            401 | 403 => VendorError::Auth { vendor },
            402 => VendorError::Quota { vendor },
            408 | 409 | 425 => VendorError::Transport { vendor },
            429 => VendorError::RateLimited { vendor, retry_after },
            500.. => VendorError::Overloaded { vendor, retry_after },
            status => {
                let code = self.code.and_then(code_in);
                let reason = match code {
                    Some(code) => format!("status {status}, {code}"),
                    None => format!("status {status}"),
                };
                VendorError::BadRequest { vendor, reason }
            }
        }
    }
}

/// What a code means whatever it came with, if it is one that all vendors use alike.
pub fn by_code(vendor: VendorName, code: &str, retry_after: Option<Millis>) -> Option<VendorError> {
    match code {
        "authentication_error" | "permission_error" | "invalid_api_key" | "unauthorized" => {
            Some(VendorError::Auth { vendor })
        }
        "insufficient_quota" | "billing_error" | "quota_exceeded" => {
            Some(VendorError::Quota { vendor })
        }
        "concurrency_limited"
        | "too_many_concurrent_requests"
        | "max_active_conversations"
        | "concurrent_limit_exceeded" => Some(VendorError::Concurrency { vendor, retry_after }),
        "rate_limit_error" | "rate_limit_exceeded" => {
            Some(VendorError::RateLimited { vendor, retry_after })
        }
        "overloaded_error" | "system_busy" | "api_error" | "server_error" => {
            Some(VendorError::Overloaded { vendor, retry_after })
        }
        "websocket_connection_limit_reached" => Some(VendorError::SessionExpired { vendor }),
        _ => None,
    }
}

/// What it means that a vendor closed its socket with `close` and `reason`.
///
/// Source: RFC 6455 §7.4.1; which are worth coming back for, providers.md §1.5.
pub fn closed(vendor: VendorName, close: Option<u16>, reason: &str) -> VendorError {
    let code = code_in(reason);
    if let Some(error) = code.and_then(|code| by_code(vendor, code, None)) {
        return error;
    }
    match close {
        Some(1_000) => VendorError::SessionExpired { vendor },
        Some(1_011..=1_013) => VendorError::Overloaded { vendor, retry_after: None },
        Some(4_001 | 4_401 | 4_403 | 3_000) => VendorError::Auth { vendor },
        Some(code_of_close @ (1_002 | 1_003 | 1_007..=1_010 | 4_000..=4_999)) => {
            let reason = match code {
                Some(code) => format!("close {code_of_close}, {code}"),
                None => format!("close {code_of_close}"),
            };
            VendorError::BadRequest { vendor, reason }
        }
        Some(_) | None => VendorError::Transport { vendor },
    }
}

/// How long to stay away, by the headers of an answer: `retry-after-ms`, then `retry-after` in
/// seconds. A date is not read: clocks differ by more than a call waits.
pub fn retry_after(headers: &HeaderMap) -> Option<Millis> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<f64>().ok();
    let ms = number("retry-after-ms")
        .or_else(|| number(RETRY_AFTER.as_str()).map(|seconds| seconds * 1_000.0))?;
    // A cast of what is no number or too large saturates.
    (ms.is_finite() && 0.0 <= ms).then_some(Millis::new(ms as u32))
}

/// The first word of `text` that looks like a code: with a `_`, a digit or all in capitals.
pub fn code_in(text: &str) -> Option<&str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'));
    let is_code = |word: &&str| {
        let is_shouted = word.bytes().all(|b| b.is_ascii_uppercase() || b == b'-' || b == b'_');
        // A figure alone may be a caller's.
        let has_letter = word.bytes().any(|b| b.is_ascii_alphabetic());
        4 <= word.len()
            && word.len() <= CODE_BYTES_MAX
            && has_letter
            && (word.contains('_') || is_shouted || is_numbered(word))
    };
    words.into_iter().find(is_code)
}

/// `NET-0001`, `DATA-0000`: capitals, a hyphen, digits.
fn is_numbered(word: &str) -> bool {
    word.split_once('-').is_some_and(|(name, number)| {
        !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_uppercase())
            && !number.is_empty()
            && number.bytes().all(|b| b.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vendor() -> VendorName {
        "deepgram".parse().unwrap()
    }

    fn refused(status: u16, headers: &[(&'static str, &str)], code: Option<&str>) -> VendorError {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        Refusal { vendor: vendor(), status, headers: &map, code }.error()
    }

    #[test]
    fn statuses_mean_what_the_table_says() {
        let vendor = vendor();
        assert_eq!(refused(401, &[], None), VendorError::Auth { vendor });
        assert_eq!(refused(402, &[], None), VendorError::Quota { vendor });
        assert_eq!(
            refused(429, &[("retry-after", "2")], None),
            VendorError::RateLimited { vendor, retry_after: Some(Millis::from_secs(2)) }
        );
        assert_eq!(
            refused(429, &[("retry-after", "9"), ("retry-after-ms", "150")], None).retry_after(),
            Some(Millis::new(150))
        );
        assert_eq!(refused(429, &[], Some("insufficient_quota")), VendorError::Quota { vendor });
        assert_eq!(
            refused(429, &[], Some("concurrency_limited")),
            VendorError::Concurrency { vendor, retry_after: None }
        );
        for status in [500, 503, 529] {
            let error = VendorError::Overloaded { vendor, retry_after: None };
            assert_eq!(refused(status, &[], None), error);
        }
        let reason = "status 400, INVALID_QUERY_PARAMETER".into();
        let code = Some("INVALID_QUERY_PARAMETER");
        assert_eq!(refused(400, &[], code), VendorError::BadRequest { vendor, reason });
        assert_eq!(refused(429, &[("retry-after", "soon")], None).retry_after(), None);
    }

    #[test]
    fn closes_mean_what_the_table_says() {
        let vendor = vendor();
        assert_eq!(closed(vendor, None, ""), VendorError::Transport { vendor });
        assert_eq!(closed(vendor, Some(1_006), ""), VendorError::Transport { vendor });
        assert_eq!(closed(vendor, Some(1_000), "bye"), VendorError::SessionExpired { vendor });
        assert_eq!(
            closed(vendor, Some(1_011), "NET-0001 no audio"),
            VendorError::Overloaded { vendor, retry_after: None }
        );
        assert_eq!(
            closed(vendor, Some(1_008), "Could not decode: DATA-0000"),
            VendorError::BadRequest { vendor, reason: "close 1008, DATA-0000".into() }
        );
        assert_eq!(
            closed(vendor, Some(1_008), "max_active_conversations reached"),
            VendorError::Concurrency { vendor, retry_after: None }
        );
    }

    #[test]
    fn only_codes_pass() {
        assert_eq!(code_in("my name is Ada and my card is 4111-1111"), None);
        assert_eq!(code_in("error: model_not_found (ask Ada)"), Some("model_not_found"));
        assert_eq!(code_in(""), None);
    }
}
