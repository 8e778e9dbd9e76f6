//! Certificates: whether the pair can be used, and for how long.

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::Finding;
use crate::config::{EngineConfig, TlsUse};
use crate::listen::tls::{Certificates, install_provider};
use crate::telemetry::Telemetry;

/// A certificate that runs out this soon should have been renewed by now: most are a month before.
const EXPIRES_SOON: Duration = Duration::from_secs(14 * 24 * 3_600);

/// Whether the listeners that speak TLS can.
pub(super) fn check(config: &EngineConfig) -> Vec<Finding> {
    if ![config.media.tls, config.front.tls].contains(&TlsUse::On) {
        return vec![Finding::skipped("certificate", "no listener speaks TLS itself")];
    }
    install_provider();
    if let Err(error) = Certificates::load(config.tls.clone(), Telemetry::new()) {
        let remedy = "tls.certificate: the chain as PEM, leaf first; tls.key: its key, unencrypted; \
                      both readable for the engine's user";
        return vec![Finding::failed("certificate", error.to_string(), remedy)];
    }
    let usable = Finding::fine("certificate", "certificate and key fit together");
    let pem = fs::read(&config.tls.certificate).unwrap_or_default();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    vec![usable, expiry(&pem, now)]
}

/// For how long the first certificate in `pem` is good.
fn expiry(pem: &[u8], now: Duration) -> Finding {
    let leaf = CertificateDer::pem_slice_iter(pem).next().and_then(Result::ok);
    let ends = leaf.as_ref().and_then(|leaf| not_after(leaf));
    let Some(ends) = ends else {
        return Finding::note("certificate", "its end of life cannot be read", "look yourself");
    };
    let shown = jiff::Timestamp::from_second(ends.as_secs() as i64)
        .map_or_else(|_| "far ahead".to_owned(), |ends| ends.strftime("%Y-%m-%d").to_string());
    let remedy = "renew it; changed files are taken up while running";
    match ends.checked_sub(now) {
        None => Finding::failed("certificate", format!("ran out on {shown}"), remedy),
        Some(left) if left < EXPIRES_SOON => {
            let days = left.as_secs() / 86_400;
            Finding::note("certificate", format!("runs out on {shown}, in {days} days"), remedy)
        }
        Some(_) => Finding::fine("certificate", format!("good until {shown}")),
    }
}

/// The end of a certificate's validity, since 1970 (RFC 5280 §4.1: the second time of the fourth
/// or, with an explicit version, fifth element of the first element).
fn not_after(certificate: &[u8]) -> Option<Duration> {
    let (_, certificate, _) = element(certificate)?;
    let (_, mut body, _) = element(certificate)?;
    let (tag, _, rest) = element(body)?;
    // [0] EXPLICIT version; then serial number, signature algorithm, issuer, validity.
    if tag == 0xA0 {
        body = rest;
    }
    for _ in 0..3 {
        (_, _, body) = element(body)?;
    }
    let (_, validity, _) = element(body)?;
    let (_, _, after) = element(validity)?;
    let (tag, time, _) = element(after)?;
    let text = std::str::from_utf8(time).ok()?;
    // UTCTime until 2049, GeneralizedTime from then on (§4.1.2.5).
    let text = match tag {
        0x17 => {
            let century = if text.get(..2)?.parse::<u32>().ok()? < 50 { "20" } else { "19" };
            format!("{century}{text}")
        }
        0x18 => text.to_owned(),
        _ => return None,
    };
    let civil = jiff::civil::DateTime::strptime("%Y%m%d%H%M%SZ", &text).ok()?;
    let stamp = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    u64::try_from(stamp.as_second()).ok().map(Duration::from_secs)
}

/// The first element of DER: its tag, its content, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..0x80 => (usize::from(first), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7F))?;
            let length = bytes.iter().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
            (length, rest)
        }
        0x80 | 0x85.. => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::super::State;
    use super::*;

    fn pem(year: i32) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["media.example.net".to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, 3, 4);
        (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
    }

    fn days(year: i16, month: i8, day: i8) -> Duration {
        let civil = jiff::civil::date(year, month, day).at(0, 0, 0, 0);
        let stamp = civil.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
        Duration::from_secs(u64::try_from(stamp.as_second()).unwrap())
    }

    #[test]
    fn the_end_of_a_certificate_is_seen_coming() {
        let (ours, _) = pem(2031);
        let at = |now| expiry(ours.as_bytes(), now);
        assert_eq!(at(days(2031, 1, 1)), Finding::fine("certificate", "good until 2031-03-04"));
        let soon = at(days(2031, 3, 1));
        assert_eq!(
            (soon.state, soon.what.as_str()),
            (State::Note, "runs out on 2031-03-04, in 3 days")
        );
        assert_eq!(at(days(2031, 3, 5)).state, State::Failed);
        // From 2050 on times are written otherwise.
        let (ours, _) = pem(2061);
        assert_eq!(expiry(ours.as_bytes(), days(2031, 1, 1)).what, "good until 2061-03-04");
        assert_eq!(expiry(b"no pem", days(2031, 1, 1)).state, State::Note);
    }

    #[test]
    fn a_pair_that_does_not_fit_is_refused_with_a_remedy() {
        let dir = std::env::temp_dir().join(format!("apex-doctor-tls-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let (certificate, key) = (dir.join("cert.pem"), dir.join("key.pem"));
        let mut config = EngineConfig::shipped();
        assert_eq!(check(&config)[0].state, State::Skipped);
        config.media.tls = TlsUse::On;
        config.tls.certificate.clone_from(&certificate);
        config.tls.key.clone_from(&key);
        assert!(check(&config)[0].what.contains("cert.pem"), "missing files are named");
        let (ours, ours_key) = pem(2031);
        let (_, other_key) = pem(2031);
        fs::write(&certificate, ours).unwrap();
        fs::write(&key, other_key).unwrap();
        assert_eq!(check(&config)[0].state, State::Failed);
        fs::write(&key, ours_key).unwrap();
        let found = check(&config);
        assert!(found.iter().all(|found| found.state == State::Fine), "{found:?}");
        fs::remove_dir_all(&dir).unwrap();
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_asked(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = not_after(&bytes);
        }
    }
}
