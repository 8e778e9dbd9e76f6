//! Days that have a name: those that everybody knows, and a business's own.

use std::sync::LazyLock;

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use types::HoursException;

use crate::calendar::next_date;
use crate::sound::{Sound, sound};
use crate::words::{Token, lemma, word_likeness};

/// A named day ahead.
#[derive(Clone, Debug)]
pub(crate) struct Holiday {
    /// Its name's words.
    pub(crate) words: Vec<HolidayWord>,
    /// Its name, as spoken.
    pub(crate) label: String,
    /// When it is next.
    pub(crate) date: Date,
}

/// A word of a holiday's name.
#[derive(Clone, Debug)]
pub(crate) struct HolidayWord {
    text: String,
    lemma: String,
    sound: Sound,
}

/// A word must be at least this much like one of a name.
const LIKENESS_MIN: f32 = 0.85;

/// The named days not before `today`, long names first.
pub(crate) fn names(today: Date, exceptions: &[HoursException]) -> Vec<Holiday> {
    let mut holidays: Vec<Holiday> = KNOWN
        .iter()
        .zip(KNOWN_WORDS.iter())
        .filter_map(|((_, label, rule), words)| {
            Some(Holiday { words: words.clone(), label: (*label).into(), date: rule.next(today)? })
        })
        .collect();
    let ahead = exceptions.iter().filter(|exception| exception.to >= today);
    for exception in ahead {
        let plain = crate::words::Utterance::new(&exception.name);
        let mut words: Vec<HolidayWord> =
            plain.tokens.iter().map(|token| HolidayWord::new(&token.text)).collect();
        while words.first().is_some_and(|word| ["the", "a", "our"].contains(&word.text.as_str())) {
            words.remove(0);
        }
        // A day that everybody knows falls where everybody knows, not where a row with that word in
        // its name begins.
        let known = holidays.iter().any(|holiday| {
            holiday.words.len() == words.len()
                && holiday.words.iter().zip(&words).all(|(left, right)| left.lemma == right.lemma)
        });
        if !known && words.iter().any(|word| word.text.len() > 3) {
            let date = exception.from.max(today);
            holidays.push(Holiday { words, label: exception.name.clone(), date });
        }
    }
    holidays.sort_by_key(|holiday| std::cmp::Reverse(holiday.words.len()));
    holidays
}

impl HolidayWord {
    fn new(text: &str) -> Self {
        Self { text: text.into(), lemma: lemma(text), sound: sound(text) }
    }

    /// Whether `token` is this word.
    pub(crate) fn fits(&self, token: &Token) -> bool {
        word_likeness(token, &self.text, &self.lemma, &self.sound) >= LIKENESS_MIN
    }
}

static KNOWN_WORDS: LazyLock<Vec<Vec<HolidayWord>>> = LazyLock::new(|| {
    KNOWN.iter().map(|(name, ..)| name.split(' ').map(HolidayWord::new).collect()).collect()
});

/// When a holiday is.
#[derive(Clone, Copy, Debug)]
enum Rule {
    /// Month and day.
    Fixed(i8, i8),
    /// The nth weekday of a month.
    Nth(i8, Weekday, i8),
    /// The last weekday of a month.
    Last(i8, Weekday),
    /// Days from Easter Sunday.
    Easter(i8),
    /// The day after the fourth Thursday of November.
    BlackFriday,
}

impl Rule {
    fn next(self, today: Date) -> Option<Date> {
        if let Self::Fixed(month, day) = self {
            return next_date(today, month, day);
        }
        let years = [today.year(), today.year().checked_add(1)?];
        years.into_iter().filter_map(|year| self.in_year(year)).find(|date| *date >= today)
    }

    fn in_year(self, year: i16) -> Option<Date> {
        match self {
            Self::Fixed(month, day) => Date::new(year, month, day).ok(),
            Self::Nth(month, weekday, nth) => {
                Date::new(year, month, 1).ok()?.nth_weekday_of_month(nth, weekday).ok()
            }
            Self::Last(month, weekday) => {
                Date::new(year, month, 1).ok()?.nth_weekday_of_month(-1, weekday).ok()
            }
            Self::Easter(offset) => easter(year)?.checked_add(i64::from(offset).days()).ok(),
            Self::BlackFriday => {
                let thanksgiving = Self::Nth(11, Weekday::Thursday, 4).in_year(year)?;
                thanksgiving.tomorrow().ok()
            }
        }
    }
}

/// Easter Sunday of the Gregorian calendar, by the anonymous algorithm (Meeus, Astronomical
/// Algorithms, ch. 8).
fn easter(year: i16) -> Option<Date> {
    let y = i32::from(year);
    let (a, b, c) = (y % 19, y / 100, y % 100);
    let h = (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30;
    let l = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let n = h + l - 7 * m + 114;
    Date::new(year, (n / 31) as i8, (n % 31 + 1) as i8).ok()
}

/// Words, spoken name, rule.
const KNOWN: &[(&str, &str, Rule)] = &[
    ("christmas eve", "Christmas Eve", Rule::Fixed(12, 24)),
    ("christmas day", "Christmas Day", Rule::Fixed(12, 25)),
    ("christmas", "Christmas", Rule::Fixed(12, 25)),
    ("xmas", "Christmas", Rule::Fixed(12, 25)),
    ("boxing day", "Boxing Day", Rule::Fixed(12, 26)),
    ("new years eve", "New Year's Eve", Rule::Fixed(12, 31)),
    ("new year eve", "New Year's Eve", Rule::Fixed(12, 31)),
    ("new years day", "New Year's Day", Rule::Fixed(1, 1)),
    ("new years", "New Year's Day", Rule::Fixed(1, 1)),
    ("new year", "New Year's Day", Rule::Fixed(1, 1)),
    ("thanksgiving day", "Thanksgiving", Rule::Nth(11, Weekday::Thursday, 4)),
    ("thanksgiving", "Thanksgiving", Rule::Nth(11, Weekday::Thursday, 4)),
    ("thanks giving", "Thanksgiving", Rule::Nth(11, Weekday::Thursday, 4)),
    ("black friday", "Black Friday", Rule::BlackFriday),
    ("independence day", "Independence Day", Rule::Fixed(7, 4)),
    ("fourth of july", "the Fourth of July", Rule::Fixed(7, 4)),
    ("labor day", "Labor Day", Rule::Nth(9, Weekday::Monday, 1)),
    ("memorial day", "Memorial Day", Rule::Last(5, Weekday::Monday)),
    ("martin luther king day", "Martin Luther King Day", Rule::Nth(1, Weekday::Monday, 3)),
    ("mlk day", "Martin Luther King Day", Rule::Nth(1, Weekday::Monday, 3)),
    ("presidents day", "Presidents' Day", Rule::Nth(2, Weekday::Monday, 3)),
    ("columbus day", "Columbus Day", Rule::Nth(10, Weekday::Monday, 2)),
    ("veterans day", "Veterans Day", Rule::Fixed(11, 11)),
    ("juneteenth", "Juneteenth", Rule::Fixed(6, 19)),
    ("halloween", "Halloween", Rule::Fixed(10, 31)),
    ("valentines day", "Valentine's Day", Rule::Fixed(2, 14)),
    ("saint patricks day", "Saint Patrick's Day", Rule::Fixed(3, 17)),
    ("mothers day", "Mother's Day", Rule::Nth(5, Weekday::Sunday, 2)),
    ("fathers day", "Father's Day", Rule::Nth(6, Weekday::Sunday, 3)),
    ("good friday", "Good Friday", Rule::Easter(-2)),
    ("easter sunday", "Easter Sunday", Rule::Easter(0)),
    ("easter monday", "Easter Monday", Rule::Easter(1)),
    ("easter", "Easter Sunday", Rule::Easter(0)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_days_fall_where_they_do() {
        let today: Date = "2026-11-24".parse().unwrap();
        for (name, expected) in [
            ("thanksgiving", "2026-11-26"),
            ("black friday", "2026-11-27"),
            ("christmas eve", "2026-12-24"),
            ("new years day", "2027-01-01"),
            ("easter", "2027-03-28"),
            ("good friday", "2027-03-26"),
            ("memorial day", "2027-05-31"),
            ("halloween", "2027-10-31"),
        ] {
            let row = KNOWN.iter().find(|row| row.0 == name).unwrap();
            assert_eq!(row.2.next(today).unwrap().to_string(), expected, "{name}");
        }
        assert_eq!(easter(2026).unwrap().to_string(), "2026-04-05");
    }
}
