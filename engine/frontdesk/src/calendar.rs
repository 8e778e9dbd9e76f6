//! Days and times of day as callers name them.

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use types::english::MONTHS;
use types::{HoursException, TimeOfDay};

use crate::holidays;
use crate::numbers::{cardinal, ordinal};
use crate::phrase::weekday;
use crate::relative::{self, Found};
use crate::sound::{likeness, sound};
use crate::words::{Mask, Token, Utterance};

/// The days an utterance names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Days {
    /// Single days, in order of appearance.
    pub(crate) days: Vec<Day>,
    /// A stretch, if one was named.
    pub(crate) stretch: Option<Stretch>,
    /// The words that name them.
    pub(crate) mask: Mask,
}

/// A day that was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Day {
    /// The day itself; of a habit, the next one.
    pub(crate) date: Date,
    /// How it was named.
    pub(crate) named: Named,
}

impl Day {
    /// A day spoken of before.
    pub(crate) fn later(date: Date) -> Self {
        Self { date, named: Named::Weekday }
    }
}

/// How a day was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// "today", "tonight" and the like.
    Today(PartOfDay),
    /// "tomorrow".
    Tomorrow,
    /// "on Friday": the next one.
    Weekday,
    /// "on Fridays".
    Habit,
    /// "December 24th".
    Date,
    /// "Christmas Eve".
    Holiday(String),
}

/// Which part of a day is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PartOfDay {
    /// Any.
    Whole,
    /// After five.
    Evening,
    /// This very moment.
    Now,
}

/// Several days named at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stretch {
    /// All week.
    Week,
    /// The special days.
    Holidays,
}

/// A time of day that was named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clock {
    /// The time.
    pub(crate) time: TimeOfDay,
    /// What about it.
    pub(crate) side: Side,
}

/// Which side of a time is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// At it.
    At,
    /// After it.
    After,
    /// Before it.
    Before,
}

/// A word must sound at least this much like a day's name. "Sunday" and "Monday" do not.
const LIKENESS_MIN: f32 = 0.83;
/// A word that sounds this much like a day may have been one.
const DAY_LOST_MIN: f32 = 0.5;
/// When the evening begins.
pub(crate) const EVENING: TimeOfDay = TimeOfDay::new(17, 0).expect("five is a time");

/// The days that `utterance` names, seen from `today`.
pub(crate) fn find_days(utterance: &Utterance, today: Date, exceptions: &[HoursException]) -> Days {
    let mut finder =
        Finder { tokens: &utterance.tokens, today, found: Vec::new(), days: Days::default() };
    finder.holidays(exceptions);
    finder.dates();
    finder.words();
    finder.weekdays();
    finder.relative();
    finder.found.sort_by_key(|(at, ..)| *at);
    finder.days.days = finder.found.into_iter().map(|(.., day)| day).collect();
    finder.days.days.dedup();
    // "Still open at ten on Saturday" is not about now.
    if finder.days.days.len() > 1 {
        finder.days.days.retain(|day| day.named != Named::Today(PartOfDay::Now));
    }
    // "The week between Christmas and New Year": what is special about it is in the special days.
    if finder.days.days.len() == 2 && utterance.texts().contains(&"between") {
        finder.days.days.clear();
        finder.days.stretch = Some(Stretch::Holidays);
    }
    finder.days
}

struct Finder<'a> {
    tokens: &'a [Token],
    today: Date,
    found: Vec<Found>,
    days: Days,
}

impl Finder<'_> {
    fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.text.as_str())
    }

    fn claim(&mut self, start: usize, end: usize) {
        self.days.mask = self.days.mask.union(Mask::span(start, end));
    }

    fn is_free(&self, start: usize, end: usize) -> bool {
        end <= self.tokens.len() && !self.days.mask.meets(Mask::span(start, end))
    }

    fn put(&mut self, start: usize, end: usize, date: Option<Date>, named: Named) {
        let Some(date) = date else { return };
        self.claim(start, end);
        self.found.push((start, end, Day { date, named }));
    }

    fn holidays(&mut self, exceptions: &[HoursException]) {
        for holiday in holidays::names(self.today, exceptions) {
            let words = &holiday.words;
            for start in 0..self.tokens.len() {
                let end = start + words.len();
                let fits = self.is_free(start, end)
                    && words
                        .iter()
                        .zip(&self.tokens[start..end])
                        .all(|(word, token)| word.fits(token));
                if !fits {
                    continue;
                }
                let before = |back: usize| start.checked_sub(back).map_or("", |at| self.text(at));
                let offset = match (before(2), before(1)) {
                    ("day", "after") => 1,
                    ("day", "before") => -1,
                    _ => 0,
                };
                let named =
                    if offset == 0 { Named::Holiday(holiday.label.clone()) } else { Named::Date };
                let date = holiday.date.checked_add(offset.days()).ok();
                self.put(start, end, date, named);
            }
        }
        for start in 0..self.tokens.len() {
            let holidays = self.text(start) == "holidays"
                || self.text(start) == "holiday"
                    && ["hours", "schedule", "times"].contains(&self.text(start + 1));
            if holidays && self.is_free(start, start + 1) {
                self.claim(start, start + 1);
                self.days.stretch = Some(Stretch::Holidays);
            }
        }
    }

    fn dates(&mut self) {
        for start in 0..self.tokens.len() {
            let texts: Vec<&str> =
                self.tokens[start..].iter().take(6).map(|token| token.text.as_str()).collect();
            let Some((month, day, taken)) = read_date(&texts, self.today) else { continue };
            if self.is_free(start, start + taken) {
                let date = next_date(self.today, month, day);
                self.put(start, start + taken, date, Named::Date);
            }
        }
    }

    fn words(&mut self) {
        for at in 0..self.tokens.len() {
            if !self.is_free(at, at + 1) {
                continue;
            }
            let (this, next, after) = (self.text(at), self.text(at + 1), self.text(at + 2));
            let tomorrow = self.today.tomorrow().ok();
            let today = Some(self.today);
            match (this, next, after) {
                ("day", "after", "tomorrow") => {
                    let date = self.today.checked_add(2.days()).ok();
                    self.put(at, at + 3, date, Named::Weekday);
                }
                ("tomorrow", ..) => self.put(at, at + 1, tomorrow, Named::Tomorrow),
                ("today" | "todays", ..) => {
                    self.put(at, at + 1, today, Named::Today(PartOfDay::Whole));
                }
                ("tonight" | "tonights", ..) => {
                    self.put(at, at + 1, today, Named::Today(PartOfDay::Evening));
                }
                ("this", "evening", _) => {
                    self.put(at, at + 2, today, Named::Today(PartOfDay::Evening));
                }
                ("this", "morning" | "afternoon", _) => {
                    self.put(at, at + 2, today, Named::Today(PartOfDay::Whole));
                }
                ("right", "now", _) => self.put(at, at + 2, today, Named::Today(PartOfDay::Now)),
                ("at", "the", "moment") => {
                    self.put(at, at + 3, today, Named::Today(PartOfDay::Now));
                }
                ("still" | "now" | "currently", ..) if self.is_near_open(at) => {
                    self.put(at, at + 1, today, Named::Today(PartOfDay::Now));
                }
                ("week" | "weekdays" | "weekday", ..) => {
                    self.claim(at, at + 1);
                    self.days.stretch = Some(Stretch::Week);
                }
                ("weekend", ..) => self.weekend(at, &Named::Weekday),
                ("weekends", ..) => self.weekend(at, &Named::Habit),
                _ => (),
            }
        }
    }

    /// Days that others are counted from.
    fn relative(&mut self) {
        for (start, end, day) in relative::from_today(self.tokens, self.today) {
            if self.is_free(start, end) || day.named == Named::Date {
                self.found.retain(|(at, ..)| !(start..end).contains(at));
                self.days.stretch = None;
                self.put(start, end, Some(day.date), day.named);
            }
        }
        self.found.sort_by_key(|(at, ..)| *at);
        for (start, end) in relative::move_days(self.tokens, self.today, &mut self.found) {
            self.claim(start, end);
            self.days.stretch = None;
        }
        relative::join_days(self.tokens, &mut self.found);
        relative::ranges(self.tokens, &mut self.found);
    }

    /// "now" means this moment only beside "open": "now, how much is…" does not.
    fn is_near_open(&self, at: usize) -> bool {
        let near = at.saturating_sub(3)..(at + 4).min(self.tokens.len());
        near.into_iter().any(|other| {
            matches!(self.text(other), "open" | "opened" | "close" | "closed" | "there")
        })
    }

    fn weekend(&mut self, at: usize, named: &Named) {
        let saturday = match self.today.weekday() {
            Weekday::Sunday => self.today.yesterday().ok(),
            Weekday::Monday
            | Weekday::Tuesday
            | Weekday::Wednesday
            | Weekday::Thursday
            | Weekday::Friday
            | Weekday::Saturday => nearest(self.today, Weekday::Saturday),
        };
        let sunday = saturday.and_then(|saturday| saturday.tomorrow().ok());
        self.put(at, at + 1, saturday.filter(|day| *day >= self.today), named.clone());
        self.put(at, at + 1, sunday, named.clone());
    }

    fn weekdays(&mut self) {
        for at in 0..self.tokens.len() {
            if !self.is_free(at, at + 1) {
                continue;
            }
            let Some((day, plural, taken)) = self.weekday_at(at) else { continue };
            let before = at.checked_sub(1).map_or("", |at| self.text(at));
            let date = nearest(self.today, day);
            // "Next Friday" is not the one of this week.
            let date = match before {
                "next" => date.and_then(|date| {
                    let days_left = 6 - i64::from(self.today.weekday().to_monday_zero_offset());
                    let in_this_week = (date - self.today).get_days() <= days_left as i32;
                    if in_this_week { date.checked_add(1.week()).ok() } else { Some(date) }
                }),
                _ => date,
            };
            let habit = plural || before == "every" || before == "each";
            // "Saturday the sixth of February" is one day.
            let dated = self.found.iter().any(|(start, _, found)| {
                found.named == Named::Date
                    && found.date.weekday() == day
                    && (at + taken..=at + taken + 1).contains(start)
            });
            if dated {
                self.claim(at, at + taken);
                continue;
            }
            let named = match (habit, before) {
                (true, _) => Named::Habit,
                (false, "next") => Named::Date,
                (false, _) => Named::Weekday,
            };
            self.put(at, at + taken, date, named);
        }
    }

    /// The weekday named at `at`, whether as a habit, and by how many words.
    fn weekday_at(&self, at: usize) -> Option<(Weekday, bool, usize)> {
        let token = &self.tokens[at];
        for day in Weekday::Monday.cycle_forward().take(7) {
            let name = weekday(day).to_lowercase();
            let text = token.text.as_str();
            let text = text.strip_prefix("on").filter(|rest| rest.contains("day")).unwrap_or(text);
            if text == name {
                return Some((day, false, 1));
            }
            if text.strip_suffix('s') == Some(&name) {
                return Some((day, true, 1));
            }
            let joined = format!("{text}{}", self.text(at + 1));
            if text.len() > 2 && (joined == name || joined == format!("{name}s")) {
                return Some((day, joined != name, 2));
            }
        }
        if token.is_common() || token.text.len() < 5 {
            return None;
        }
        let near = |day: Weekday| likeness(&token.sound, &sound(&weekday(day).to_lowercase()));
        let days = Weekday::Monday.cycle_forward().take(7);
        let best = days.max_by(|left, right| near(*left).total_cmp(&near(*right)))?;
        (near(best) >= LIKENESS_MIN).then(|| (best, token.text.ends_with('s'), 1))
    }
}

/// Whether `token` may be a day that was misheard.
pub(crate) fn may_be_day(token: &Token) -> bool {
    const OTHERS: [&str; 7] =
        ["today", "tonight", "tomorrow", "weekend", "holiday", "christmas", "thanksgiving"];
    let names = Weekday::Monday.cycle_forward().take(7).map(|day| weekday(day).to_lowercase());
    let names = names.chain(OTHERS.map(str::to_owned));
    names.into_iter().any(|name| likeness(&token.sound, &sound(&name)) >= DAY_LOST_MIN)
}

/// The first `day` not before `today`.
fn nearest(today: Date, day: Weekday) -> Option<Date> {
    let ahead = today.weekday().until(day);
    today.checked_add(i64::from(ahead).days()).ok()
}

/// The first such date not before `today`.
pub(crate) fn next_date(today: Date, month: i8, day: i8) -> Option<Date> {
    let in_year = |year: i16| Date::new(year, month, day).ok();
    // February 29 can be eight years away.
    (0..=8)
        .filter_map(|ahead| in_year(today.year().checked_add(ahead)?))
        .find(|date| *date >= today)
}

/// A date at the start of `texts`: month, day, words taken.
fn read_date(texts: &[&str], today: Date) -> Option<(i8, i8, usize)> {
    let month_named = |text: &str| {
        let found = MONTHS.iter().position(|month| {
            let month = month.to_lowercase();
            text == month
                || text.len() >= 3 && text != "may" && month.starts_with(text) && text != "mar"
        });
        found.map(|at| at as i8 + 1)
    };
    let first = texts.first()?;
    if let Some(month) = month_named(first) {
        let skipped = usize::from(texts.get(1) == Some(&"the"));
        let rest = &texts[1 + skipped..];
        let (day, taken) = ordinal(rest).or_else(|| cardinal(rest))?;
        let day = i8::try_from(day).ok().filter(|day| (1..=31).contains(day))?;
        return Some((month, day, 1 + skipped + taken));
    }
    let skipped = usize::from(*first == "the");
    let (day, taken) = ordinal(&texts[skipped..])?;
    let day = i8::try_from(day).ok()?;
    let mut end = skipped + taken;
    if texts.get(end) == Some(&"of") {
        end += 1;
    }
    if let Some(month) = texts.get(end).and_then(|text| month_named(text)) {
        return Some((month, day, end + 1));
    }
    // "The 24th" alone: of this month, or the next that has one.
    let written = texts[skipped].starts_with(|c: char| c.is_ascii_digit());
    // "The twenty third", but neither "the second" nor "the twelfth floor".
    let spoken = day >= SPOKEN_DAY_MIN
        && texts.get(end).is_none_or(|next| {
            DAY_ENDS.contains(next)
                || crate::lexicon::weight(next, &crate::words::lemma(next)) == 0.0
        });
    if skipped == 1 && (written || spoken) {
        let months = (0..=2)
            .filter_map(|ahead: i32| today.first_of_month().checked_add(ahead.months()).ok());
        let dates = months.filter_map(|month| Date::new(month.year(), month.month(), day).ok());
        return dates
            .into_iter()
            .find(|date| *date >= today)
            .map(|date| (date.month(), day, skipped + taken));
    }
    None
}

/// A smaller ordinal without a month mostly counts things.
const SPOKEN_DAY_MIN: i8 = 10;
/// They may stand behind a day of the month.
const DAY_ENDS: [&str; 5] = ["open", "closed", "at", "from", "until"];

/// The time of day that `utterance` names, and by which words.
pub(crate) fn find_clock(utterance: &Utterance) -> Option<(Clock, Mask)> {
    let texts = utterance.texts();
    (0..texts.len()).find_map(|at| {
        let side = match texts[at] {
            "at" | "around" | "about" | "from" => Some(Side::At),
            "after" | "past" | "until" | "till" => Some(Side::After),
            "before" | "by" => Some(Side::Before),
            _ => None,
        };
        let start = at + usize::from(side.is_some());
        let (time, taken, certainty) = read_time(&texts[start..], &texts)?;
        let end = start + taken;
        let is_time = match certainty {
            Certainty::Marked => true,
            Certainty::Bare => side.is_some() && !is_counted(texts.get(end).copied()),
        };
        let side = side.unwrap_or(Side::At);
        is_time.then(|| (Clock { time, side }, Mask::span(at, end)))
    })
}

/// How sure it is that a number is a time.
enum Certainty {
    /// "5 pm", "5:30", "noon".
    Marked,
    /// "5".
    Bare,
}

/// A time at the start of `texts` and the words it takes.
fn read_time(texts: &[&str], all: &[&str]) -> Option<(TimeOfDay, usize, Certainty)> {
    match *texts.first()? {
        "noon" => return Some((TimeOfDay::new(12, 0)?, 1, Certainty::Marked)),
        "midnight" => return Some((TimeOfDay::new(24, 0)?, 1, Certainty::Marked)),
        _ => (),
    }
    let (hour, minute, taken) = read_clock(texts)?;
    let (hour, end, certainty) = match texts.get(taken).copied() {
        Some("am") if hour <= 12 => (hour % 12, taken + 1, Certainty::Marked),
        Some("pm") if hour <= 12 => (hour % 12 + 12, taken + 1, Certainty::Marked),
        Some("oclock") => (likely_hour(hour, all), taken + 1, Certainty::Marked),
        _ if texts[0].contains(':') => (likely_hour(hour, all), taken, Certainty::Marked),
        _ => (likely_hour(hour, all), taken, Certainty::Bare),
    };
    TimeOfDay::new(hour, minute).map(|time| (time, end, certainty))
}

/// Hour, minute and words taken of "5", "5:30", "five thirty".
fn read_clock(texts: &[&str]) -> Option<(u16, u16, usize)> {
    let first = texts.first()?;
    if let Some((hour, minute)) = first.split_once(':') {
        return Some((hour.parse().ok().filter(|hour| *hour < 25)?, minute.parse().ok()?, 1));
    }
    let (hour, taken) = cardinal(texts).filter(|(hour, _)| (1..=24).contains(hour))?;
    match texts.get(taken).copied() {
        Some("fifteen" | "15") => Some((hour, 15, taken + 1)),
        Some("thirty" | "30") => Some((hour, 30, taken + 1)),
        Some("forty" | "45") => {
            let five = usize::from(texts.get(taken + 1) == Some(&"five"));
            Some((hour, if five == 1 || texts[taken] == "45" { 45 } else { 40 }, taken + 1 + five))
        }
        _ => Some((hour, 0, taken)),
    }
}

/// Which half of the day an hour is in that came without one: a shop's.
fn likely_hour(hour: u16, texts: &[&str]) -> u16 {
    let evening = texts.iter().any(|text| {
        matches!(*text, "evening" | "night" | "tonight" | "afternoon" | "still" | "late" | "dinner")
    });
    let morning = texts.windows(2).any(|pair| {
        ["in", "the", "this", "tomorrow", "every"].contains(&pair[0]) && pair[1] == "morning"
    });
    match hour {
        1..=11 if morning && !evening => hour,
        1..=6 => hour + 12,
        7..=11 if evening => hour + 12,
        _ => hour,
    }
}

/// Whether a number is of things rather than a time.
fn is_counted(text: Option<&str>) -> bool {
    text.is_some_and(|text| {
        matches!(
            text,
            "minutes"
                | "minute"
                | "hours"
                | "hour"
                | "dollars"
                | "people"
                | "years"
                | "days"
                | "kids"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tuesday.
    const TODAY: &str = "2026-11-24";

    fn check(said: &str, expected: &str) {
        let today: Date = TODAY.parse().unwrap();
        let exception = |from: &str, to: &str, name: &str| HoursException {
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
            name: name.into(),
            open: vec![],
        };
        let exceptions = [
            exception("2026-12-28", "2026-12-31", "the winter break"),
            exception("2026-12-25", "2026-12-26", "Christmas"),
            exception("2026-01-02", "2026-01-03", "stock taking"),
        ];
        let days = find_days(&Utterance::new(said), today, &exceptions);
        let shown: Vec<_> = days
            .days
            .iter()
            .map(|day| match &day.named {
                Named::Today(part) => format!("{} {part:?}", day.date),
                Named::Holiday(label) => format!("{} {label}", day.date),
                Named::Tomorrow | Named::Weekday | Named::Habit | Named::Date => {
                    format!("{} {:?}", day.date, day.named)
                }
            })
            .collect();
        let stretch = days.stretch.map_or(String::new(), |stretch| format!("{stretch:?}"));
        assert_eq!(format!("{}{stretch}", shown.join(", ")), expected, "{said}");
    }

    #[test]
    fn days_are_found_by_their_names() {
        check("are you open today", "2026-11-24 Whole");
        check("how late are you open tonight", "2026-11-24 Evening");
        check("are you open right now", "2026-11-24 Now");
        check("are you still open", "2026-11-24 Now");
        check("now how much is that", "");
        check("tomorrow", "2026-11-25 Tomorrow");
        check("the day after tomorrow", "2026-11-26 Weekday");
        check("open on sunday", "2026-11-29 Weekday");
        check("open on tuesday", "2026-11-24 Weekday");
        check("open sundays", "2026-11-29 Habit");
        check("every friday", "2026-11-27 Habit");
        check("next friday", "2026-12-04 Date");
        check("on satur day", "2026-11-28 Weekday");
        check("on wednezday", "2026-11-25 Weekday");
        check("this weekend", "2026-11-28 Weekday, 2026-11-29 Weekday");
        check("saturday and sunday", "2026-11-28 Weekday, 2026-11-29 Weekday");
        check("this week", "Week");
        check("your holiday hours", "Holidays");
        check("on monday or the sun", "2026-11-30 Weekday");
    }

    #[test]
    fn dates_are_read() {
        check("december twenty fourth", "2026-12-24 Date");
        check("December 24", "2026-12-24 Date");
        check("the 3rd of march", "2027-03-03 Date");
        check("on the 30th", "2026-11-30 Date");
        check("on the 2nd", "2026-12-02 Date");
        check("how about the twenty third", "2026-12-23 Date");
        check("are you open the thirtieth", "2026-11-30 Date");
        check("on the twelfth floor", "");
        check("the second of those", "");
        check("may i come", "");
        check("may 5th", "2027-05-05 Date");
        check("wait a second", "");
        check("february 30th", "");
    }

    #[test]
    fn named_days_are_found() {
        check("on Christmas Eve", "2026-12-24 Christmas Eve");
        check("on Christmas", "2026-12-25 Christmas");
        check("on New Year's Eve", "2026-12-31 New Year's Eve");
        check("the day after Thanksgiving", "2026-11-27 Date");
        check("over the winter break", "2026-12-28 the winter break");
        check("the stock taking", "");
    }

    #[test]
    fn times_are_read() {
        let clock = |said: &str| {
            find_clock(&Utterance::new(said))
                .map_or("none".into(), |(clock, _)| format!("{} {:?}", clock.time, clock.side))
        };
        for (said, expected) in [
            ("are you open at 5 on friday", "17:00 At"),
            ("open after six thirty", "18:30 After"),
            ("open before nine", "09:00 Before"),
            ("until 8 pm", "20:00 After"),
            ("at 9 tonight", "21:00 At"),
            ("5:30 in the morning", "05:30 At"),
            ("at noon", "12:00 At"),
            ("midnight", "24:00 At"),
            ("I have two kids", "none"),
            ("about five minutes", "none"),
            ("at 99", "none"),
        ] {
            assert_eq!(clock(said), expected, "{said}");
        }
    }
}
