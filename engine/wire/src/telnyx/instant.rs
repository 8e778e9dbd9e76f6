//! Points in time as the carrier writes them.

use std::fmt;

use types::Millis;

/// A point on the wall clock: microseconds since 1970-01-01T00:00:00Z. Written as RFC 3339 in UTC
/// with six digits of fraction (telnyx.md §2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallMicros(i64);

impl WallMicros {
    /// The point `micros` microseconds after 1970-01-01T00:00:00Z.
    pub const fn from_unix_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub const fn as_unix_micros(self) -> i64 {
        self.0
    }

    /// How long ago `earlier` was, rounded down to milliseconds; zero if it lies ahead.
    pub const fn since(self, earlier: Self) -> Millis {
        let ms = self.0.saturating_sub(earlier.0) / 1_000;
        if ms < 0 {
            return Millis::ZERO;
        }
        Millis::new(if ms > u32::MAX as i64 { u32::MAX } else { ms as u32 })
    }

    /// This point, `span` later.
    pub const fn after(self, span: Millis) -> Self {
        Self(self.0.saturating_add(span.as_micros() as i64))
    }

    /// Whole seconds since 1970-01-01T00:00:00Z; none before that.
    pub const fn as_unix_seconds(self) -> u64 {
        if self.0 < 0 { 0 } else { self.0 as u64 / 1_000_000 }
    }

    /// The point that `text` names: RFC 3339, any offset, any number of fractional digits, of
    /// which six count. `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let (date, rest) = bytes.split_at_checked(19)?;
        if date[4] != b'-' || date[7] != b'-' || !b"Tt ".contains(&date[10]) {
            return None;
        }
        if date[13] != b':' || date[16] != b':' {
            return None;
        }
        let field = |from: usize, to: usize| digits(&date[from..to]);
        let (year, month, day) = (field(0, 4)?, field(5, 7)?, field(8, 10)?);
        let (hour, minute, second) = (field(11, 13)?, field(14, 16)?, field(17, 19)?);
        if !(1..=12).contains(&month) || day < 1 || days_in(year, month) < day {
            return None;
        }
        // A leap second counts as the second after it.
        if 23 < hour || 59 < minute || 60 < second {
            return None;
        }
        let (micros, offset) = fraction(rest)?;
        let days = days_from_civil(year, month, day);
        let seconds = ((days * 24 + hour) * 60 + minute - offset_minutes(offset)?) * 60 + second;
        Some(Self(seconds * 1_000_000 + micros))
    }
}

/// Days from civil and back after Howard Hinnant, "chrono-compatible low-level date algorithms".
impl fmt::Display for WallMicros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.div_euclid(1_000_000);
        let micros = self.0.rem_euclid(1_000_000);
        let (days, in_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = civil_from_days(days);
        let (hour, minute, second) = (in_day / 3_600, in_day / 60 % 60, in_day % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
    }
}

/// The fraction in microseconds, and what follows it.
fn fraction(rest: &[u8]) -> Option<(i64, &[u8])> {
    let Some(rest) = rest.strip_prefix(b".") else { return Some((0, rest)) };
    let length = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    if length == 0 || 18 < length {
        return None;
    }
    let (digits, rest) = rest.split_at(length);
    let six = digits.iter().chain(b"000000").take(6);
    Some((six.fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')), rest))
}

fn offset_minutes(offset: &[u8]) -> Option<i64> {
    match offset {
        b"Z" | b"z" => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?);
            if 23 < hours || 59 < minutes {
                return None;
            }
            let minutes = hours * 60 + minutes;
            Some(if *sign == b'-' { -minutes } else { minutes })
        }
        _ => None,
    }
}

fn digits(text: &[u8]) -> Option<i64> {
    text.iter().try_fold(0, |sum, digit| {
        digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0'))
    })
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted_month = (month + 9) % 12;
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_points_both_ways() {
        for (text, micros) in [
            ("1970-01-01T00:00:00.000000Z", 0),
            ("2026-03-02T10:11:12.131415Z", 1_772_446_272_131_415),
            ("2000-02-29T23:59:59.999999Z", 951_868_799_999_999),
            ("1969-12-31T23:59:59.999999Z", -1),
        ] {
            assert_eq!(WallMicros::parse(text), Some(WallMicros(micros)), "{text}");
            assert_eq!(WallMicros(micros).to_string(), text);
        }
    }

    #[test]
    fn other_ways_of_writing_and_what_is_no_time() {
        let point = WallMicros::parse("2026-01-15T20:16:07.588Z");
        assert!(point.is_some());
        assert_eq!(WallMicros::parse("2026-01-15T20:16:07.588+00:00"), point);
        assert_eq!(WallMicros::parse("2026-01-15 21:46:07.588000999+01:30"), point);
        assert_eq!(WallMicros::parse("2026-01-15T18:46:07.588-01:30"), point);
        for bad in [
            "",
            "2026-01-15",
            "2026-13-15T20:16:07Z",
            "2026-02-29T20:16:07Z",
            "2026-01-15T24:16:07Z",
            "2026-01-15T20:16:07",
            "2026-01-15T20:16:07.Z",
            "2026-01-15T20:16:07+1:00",
            "+026-01-15T20:16:07Z",
            "2026-01-15T20:16:07é",
        ] {
            assert_eq!(WallMicros::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn every_point_of_four_digit_years_survives(
            micros in -62_135_596_800_000_000_i64..253_402_300_800_000_000,
        ) {
            let text = WallMicros(micros).to_string();
            prop_assert_eq!(WallMicros::parse(&text), Some(WallMicros(micros)), "{}", text);
        }

        #[test]
        fn any_text_is_a_point_or_none(text in "\\PC{0,40}") {
            let _ = WallMicros::parse(&text);
        }
    }
}
