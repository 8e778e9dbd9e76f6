//! One key, two witnesses: the carrier's message and the tone on the line.
//!
//! A carrier that tells of a key usually takes its tone out of the audio, but not always, and not
//! all of it. Whatever both tell counts once.

use types::{CallTime, DtmfDigit, Millis};

/// How far the two reports of one key lie apart at most: the tone is found 26 to 39 ms after its
/// beginning, a carrier may wait for its end and takes its own time.
pub const KEY_WINDOW: Millis = Millis::new(1_000);

/// Who tells of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeySource {
    /// A message of the carrier.
    Carrier,
    /// A tone on the line.
    Tone,
}

/// Counts keys that both sources tell of once: each report of one source settles one report of the
/// same key by the other. So a key pressed twice counts twice, in whatever order its reports
/// come.
///
/// Cost: a look at no more than eight reports; no allocation, ever.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeyFilter {
    /// Reports that the other source has not confirmed, unordered.
    open: [Option<Report>; OPEN_MAX],
    doubles: u64,
}

#[derive(Clone, Copy, Debug)]
struct Report {
    digit: DtmfDigit,
    source: KeySource,
    at: CallTime,
}

impl KeyFilter {
    /// A filter that knows of no keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in that `source` told of `digit`; gives it back if that is news.
    pub fn handle_key(
        &mut self,
        now: CallTime,
        digit: DtmfDigit,
        source: KeySource,
    ) -> Option<DtmfDigit> {
        for report in &mut self.open {
            if report.is_some_and(|report| KEY_WINDOW < now.since(report.at)) {
                *report = None;
            }
        }
        let settles = |report: &Report| report.digit == digit && report.source != source;
        let other = self
            .open
            .iter_mut()
            .filter(|report| report.as_ref().is_some_and(settles))
            .min_by_key(|report| report.map(|report| report.at));
        if let Some(report) = other {
            *report = None;
            self.doubles += 1;
            return None;
        }
        let oldest = self.open.iter_mut().min_by_key(|report| report.map(|report| report.at));
        if let Some(place) = oldest {
            *place = Some(Report { digit, source, at: now });
        }
        Some(digit)
    }

    /// How many reports were second ones.
    pub fn doubles(&self) -> u64 {
        self.doubles
    }
}

/// Nobody presses more keys within a second.
const OPEN_MAX: usize = 8;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reports as "milliseconds source key", told as the keys that count.
    fn check(reports: &[(u64, KeySource, char)], expected: &str) {
        let mut filter = KeyFilter::new();
        let mut told = String::new();
        for &(at, source, key) in reports {
            let digit = DtmfDigit::new(key).unwrap();
            let news = filter.handle_key(CallTime::from_millis(at), digit, source);
            told.extend(news.map(DtmfDigit::symbol));
        }
        assert_eq!(told, expected, "{reports:?}");
    }

    use KeySource::{Carrier, Tone};

    #[test]
    fn two_reports_of_one_key_count_once() {
        check(&[(0, Tone, '5'), (200, Carrier, '5')], "5");
        check(&[(0, Carrier, '5'), (60, Tone, '5')], "5");
        check(&[(0, Tone, '5'), (1_001, Carrier, '5')], "55");
        check(&[(0, Tone, '5'), (100, Carrier, '6')], "56");
    }

    #[test]
    fn a_key_pressed_twice_counts_twice() {
        check(&[(0, Tone, '5'), (100, Carrier, '5'), (200, Tone, '5'), (300, Carrier, '5')], "55");
        check(&[(0, Tone, '5'), (200, Tone, '5'), (300, Carrier, '5'), (400, Carrier, '5')], "55");
        check(&[(0, Carrier, '1'), (90, Carrier, '1'), (180, Carrier, '1')], "111");
        // The carrier takes the tone out, but for the second key.
        check(&[(0, Carrier, '7'), (500, Tone, '7'), (550, Carrier, '7')], "77");
    }

    proptest! {
        /// Both sources tell of every key, the carrier up to 300 ms later or earlier: all keys
        /// count, none twice.
        #[test]
        fn every_key_counts_once(keys in prop::collection::vec((0usize..12, 80u64..600, 0u64..300), 0..30)) {
            let mut reports = Vec::new();
            let mut at = 300;
            for &(key, gap, lag) in &keys {
                let key = b"0123456789*#"[key] as char;
                reports.push((at, Tone, key));
                reports.push(((at + lag).saturating_sub(150), Carrier, key));
                at += gap;
            }
            reports.sort_by_key(|report| report.0);
            let mut filter = KeyFilter::new();
            let mut told = Vec::new();
            for (at, source, key) in reports {
                let digit = DtmfDigit::new(key).unwrap();
                told.extend(filter.handle_key(CallTime::from_millis(at), digit, source));
            }
            prop_assert_eq!(told.len(), keys.len());
            prop_assert_eq!(filter.doubles(), keys.len() as u64);
        }
    }
}
