//! Tokens into figures.

use types::english;

use super::figure::{Figure, Half, Span};
use super::lexer::{Token, tokens};

/// Every figure in `text`, in order, with its place.
pub fn figures_in(text: &str) -> Vec<(Figure, Span)> {
    let tokens = tokens(text);
    let mut reader = Reader { tokens: &tokens, at: 0, out: Vec::new() };
    while reader.at < tokens.len() {
        let taken = reader.read();
        reader.at += taken.max(1);
    }
    reader.out
}

/// All digits in `text`, whatever they count.
pub(super) fn digits_in(text: &str) -> String {
    let digits = tokens(text).into_iter().filter_map(|(token, _)| match token {
        Token::Number { digits: Some(digits), .. } => Some(digits),
        Token::Number { milli, digits: None } => Some((milli / 1_000).to_string()),
        Token::Word(word) if word == "oh" => Some("0".to_owned()),
        Token::Clock(minutes) => Some(format!("{}{:02}", minutes / 60, minutes % 60)),
        Token::Word(_)
        | Token::Ordinal { .. }
        | Token::IsoDate { .. }
        | Token::Currency
        | Token::Percent
        | Token::Dash
        | Token::Comma
        | Token::Stop => None,
    });
    digits.collect()
}

struct Reader<'a> {
    tokens: &'a [(Token, Span)],
    at: usize,
    out: Vec<(Figure, Span)>,
}

/// What a number counts.
#[derive(Clone, Copy)]
enum Unit {
    /// Hundredths of a currency in one.
    Money(u64),
    /// Minutes in one.
    Time(u64),
    Percent,
    /// "AM": minutes to add to an hour of twelve.
    HalfDay(u16),
    OClock,
}

impl Reader<'_> {
    fn token(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.at + ahead).map(|(token, _)| token)
    }

    fn before(&self, back: usize) -> Option<&Token> {
        self.at.checked_sub(back).and_then(|at| self.tokens.get(at)).map(|(token, _)| token)
    }

    fn word(&self, ahead: usize) -> &str {
        word(self.token(ahead))
    }

    fn number(&self, ahead: usize) -> Option<u64> {
        match self.token(ahead) {
            Some(Token::Number { milli, .. }) => Some(*milli),
            _ => None,
        }
    }

    fn push(&mut self, figure: Figure, taken: usize) -> usize {
        let last = self.tokens.get(self.at + taken - 1).map_or(0, |(_, span)| span.end);
        self.out.push((figure, self.tokens[self.at].1.start..last));
        taken
    }

    /// Reads what begins here; says how many tokens it took, 0 for none.
    fn read(&mut self) -> usize {
        match self.token(0) {
            Some(Token::Currency) => self.money(),
            Some(Token::Number { .. }) => self.numeral(),
            Some(Token::Clock(minutes)) => self.clock(*minutes),
            Some(Token::IsoDate { month, day }) => {
                let date = Figure::Date { month: Some(*month), day: *day, weekday: None };
                self.push(date, 1)
            }
            Some(Token::Ordinal { .. }) => self.ordinal(),
            Some(Token::Word(_)) => self.worded(),
            Some(Token::Percent | Token::Dash | Token::Comma | Token::Stop) | None => 0,
        }
    }

    /// "$72.50".
    fn money(&mut self) -> usize {
        match self.number(1) {
            Some(milli) => self.push(Figure::Money(milli / 10), 2),
            None => 0,
        }
    }

    /// A number and what it counts.
    fn numeral(&mut self) -> usize {
        if let Some((digits, taken)) = self.digits() {
            return self.push(Figure::Digits(digits), taken);
        }
        let milli = self.number(0).unwrap_or(0);
        if let Some(month) = english::month(self.word(1))
            .or_else(|| (self.word(1) == "of").then(|| english::month(self.word(2))).flatten())
            && (1_000..=31_000).contains(&milli)
        {
            let taken = if self.word(1) == "of" { 3 } else { 2 };
            return self.date(Some(month), milli / 1_000, taken);
        }
        // "Two and a half hours".
        let half = self.word(1) == "and" && self.word(2) == "a" && self.word(3) == "half";
        let (count, skipped) = if half { (milli + 500, 4) } else { (milli, 1) };
        if let Some((unit, taken)) = self.unit(skipped) {
            return self.counted(count, unit, skipped + taken);
        }
        // "8 to 5 PM", "30 to 45 minutes": the unit of the second is that of the first.
        let is_range = matches!(self.word(1), "to" | "or" | "and" | "until" | "till" | "through")
            || self.token(1) == Some(&Token::Dash);
        if is_range && let Some(unit) = self.unit_of_range() {
            return match unit {
                Unit::HalfDay(_) | Unit::OClock => self.open_time(milli),
                Unit::Money(_) | Unit::Time(_) | Unit::Percent => self.counted(milli, unit, 1),
            };
        }
        if let Some(taken) = self.split_time(milli) {
            return taken;
        }
        if self.is_bare_time(milli) {
            return self.open_time(milli);
        }
        self.push(Figure::Number(milli), 1)
    }

    /// The unit of the number after "to" or a dash.
    fn unit_of_range(&self) -> Option<Unit> {
        let second = Reader { tokens: self.tokens, at: self.at + 2, out: Vec::new() };
        if let Token::Number { .. } = second.token(0)? {
            return second.unit(1).map(|(unit, _)| unit);
        }
        let is_time = matches!(second.token(0)?, Token::Clock(_))
            || matches!(second.word(0), "noon" | "midnight");
        is_time.then_some(Unit::OClock)
    }

    fn open_time(&mut self, milli: u64) -> usize {
        match u16::try_from(milli / 1_000) {
            Ok(hour @ 0..=24) if milli.is_multiple_of(1_000) => {
                let half = if 12 < hour { Half::Said } else { Half::Open };
                self.push(Figure::Time { minutes: hour * 60, half }, 1)
            }
            _ => self.push(Figure::Number(milli), 1),
        }
    }

    /// The unit that begins `ahead`, and its tokens.
    fn unit(&self, ahead: usize) -> Option<(Unit, usize)> {
        if self.token(ahead) == Some(&Token::Percent) {
            return Some((Unit::Percent, 1));
        }
        let dashed = usize::from(self.token(ahead) == Some(&Token::Dash));
        let word = self.word(ahead + dashed);
        if let Some((half, taken)) = self.half_day(ahead) {
            return Some((Unit::HalfDay(half), taken));
        }
        let unit = match word {
            "dollar" | "dollars" | "buck" | "bucks" | "euro" | "euros" | "pound" | "pounds" => {
                Unit::Money(100)
            }
            "cent" | "cents" | "pence" => Unit::Money(1),
            "percent" => Unit::Percent,
            "oclock" => Unit::OClock,
            _ => Unit::Time(span_minutes(word)?),
        };
        Some((unit, 1 + dashed))
    }

    /// "AM", "in the evening", "at night": minutes to add to an hour of twelve.
    fn half_day(&self, ahead: usize) -> Option<(u16, usize)> {
        let oclock = usize::from(self.word(ahead) == "oclock");
        let at = ahead + oclock;
        let (half, taken) = match (self.word(at), self.word(at + 1), self.word(at + 2)) {
            ("am", ..) => (0, 1),
            ("pm", ..) => (720, 1),
            ("in", "the", "morning") => (0, 3),
            ("in", "the", "afternoon" | "evening") => (720, 3),
            ("at", "night", _) => (720, 2),
            _ => return None,
        };
        Some((half, taken + oclock))
    }

    fn counted(&mut self, milli: u64, unit: Unit, taken: usize) -> usize {
        match unit {
            Unit::Money(worth) => {
                let minor = milli.saturating_mul(worth) / 1_000;
                // "Twelve dollars and fifty cents".
                let skipped = usize::from(self.word(taken) == "and");
                let cents = self.number(taken + skipped);
                let is_cents = matches!(self.word(taken + skipped + 1), "cents" | "cent");
                match cents.filter(|_| worth == 100 && is_cents) {
                    Some(cents) => {
                        let minor = minor.saturating_add(cents / 1_000);
                        self.push(Figure::Money(minor), taken + skipped + 2)
                    }
                    None => self.push(Figure::Money(minor), taken),
                }
            }
            Unit::Time(minutes) => self.span(milli.saturating_mul(minutes) / 1_000, minutes, taken),
            Unit::Percent => self.push(Figure::Percent(milli), taken),
            Unit::HalfDay(half) => match hour(milli) {
                Some(hour) => {
                    let figure = time_of(hour, 0, Some(half));
                    self.push(figure, taken)
                }
                None => self.push(Figure::Number(milli), taken),
            },
            Unit::OClock => match hour(milli) {
                Some(hour) => self.push(time_of(hour, 0, None), taken),
                None => self.push(Figure::Number(milli), taken),
            },
        }
    }

    /// "2 hours and 40 minutes", after its hours; "an hour and a half".
    fn span(&mut self, minutes: u64, unit: u64, taken: usize) -> usize {
        let skipped = usize::from(self.word(taken) == "and");
        if self.word(taken) == "and"
            && self.word(taken + 1) == "a"
            && self.word(taken + 2) == "half"
        {
            return self.push(Figure::Duration(minutes + unit / 2), taken + 3);
        }
        if self.word(taken) == "and"
            && self.word(taken + 1) == "a"
            && self.word(taken + 2) == "quarter"
        {
            return self.push(Figure::Duration(minutes + unit / 4), taken + 3);
        }
        let more = self.number(taken + skipped);
        let smaller = span_minutes(self.word(taken + skipped + 1));
        match more.zip(smaller).filter(|(_, smaller)| *smaller < unit && unit == 60) {
            Some((more, smaller)) => {
                let minutes = minutes.saturating_add(more.saturating_mul(smaller) / 1_000);
                self.push(Figure::Duration(minutes), taken + skipped + 2)
            }
            None => self.push(Figure::Duration(minutes), taken),
        }
    }

    /// "Eight thirty", "8 30 PM".
    fn split_time(&mut self, milli: u64) -> Option<usize> {
        let hour = hour(milli)?;
        let (minute, taken) = match (self.word(1), self.number(1), self.number(2)) {
            ("oh", _, Some(minute @ 1_000..=9_000)) => (minute / 1_000, 3),
            (_, Some(minute @ 10_000..=59_000), _) => (minute / 1_000, 2),
            _ => return None,
        };
        let half = self.half_day(taken);
        if half.is_none() && !self.is_after_preposition() {
            return None;
        }
        let (half, more) = half.map_or((None, 0), |(half, more)| (Some(half), more));
        Some(self.push(time_of(hour, minute as u16, half), taken + more))
    }

    fn is_after_preposition(&self) -> bool {
        matches!(
            word(self.before(1)),
            "at" | "until"
                | "till"
                | "by"
                | "before"
                | "after"
                | "around"
                | "from"
                | "between"
                | "to"
        )
    }

    /// "At nine.", "from eight to five": a number of hours where nothing else follows that it
    /// could count.
    fn is_bare_time(&self, milli: u64) -> bool {
        if hour(milli).is_none() || !self.is_after_preposition() {
            return false;
        }
        match self.token(1) {
            None | Some(Token::Stop) => true,
            Some(Token::Dash) => self.number(2).is_some(),
            // A list: "from 2, 3 or 4 options".
            Some(Token::Comma) => self.number(2).is_none(),
            Some(Token::Word(next)) => {
                matches!(
                    next.as_str(),
                    "until"
                        | "till"
                        | "on"
                        | "today"
                        | "tomorrow"
                        | "tonight"
                        | "sharp"
                        | "this"
                        | "every"
                        | "each"
                        | "daily"
                        | "weekdays"
                        | "but"
                        | "because"
                ) || weekday(next).is_some()
                    || matches!(next.as_str(), "to" | "and" | "or")
                        && self.number(2).and_then(hour).is_some()
                        && self.is_free(3)
                    || matches!(word(self.before(1)), "at" | "until" | "till")
                        && matches!(
                            next.as_str(),
                            "and" | "or" | "we" | "you" | "if" | "when" | "then" | "so" | "with"
                        )
            }
            Some(_) => false,
        }
    }

    /// Whether nothing stands `ahead` that a number before it could count.
    fn is_free(&self, ahead: usize) -> bool {
        match self.token(ahead) {
            None | Some(Token::Stop | Token::Comma) => true,
            Some(Token::Word(next)) => {
                matches!(next.as_str(), "on" | "today" | "tomorrow" | "every" | "daily" | "and")
                    || weekday(next).is_some()
            }
            Some(_) => false,
        }
    }

    fn clock(&mut self, minutes: u16) -> usize {
        match self.half_day(1) {
            Some((half, taken)) if minutes < 780 => {
                self.push(time_of(minutes / 60, minutes % 60, Some(half)), 1 + taken)
            }
            Some(_) | None => {
                let half = if minutes < 780 { Half::Open } else { Half::Said };
                let taken = 1 + usize::from(self.word(1) == "oclock");
                self.push(Figure::Time { minutes, half }, taken)
            }
        }
    }

    /// "The 24th of December", "Friday the 4th", "the 24th"; "the second one" is none.
    fn ordinal(&mut self) -> usize {
        let Some(Token::Ordinal { value, is_written }) = self.token(0) else { return 0 };
        let (value, is_written) = (*value, *is_written);
        if !(1..=31).contains(&value) {
            return self.push(Figure::Number(value * 1_000), 1);
        }
        if self.word(1) == "of"
            && let Some(month) = english::month(self.word(2))
        {
            return self.date(Some(month), value, 3);
        }
        if let Some(month) = english::month(self.word(1)) {
            return self.date(Some(month), value, 2);
        }
        let is_after_day = self.weekday_before().is_some();
        let is_alone = self.is_free(1) && word(self.before(1)) == "the";
        if is_after_day || is_written && is_alone {
            return self.date(None, value, 1);
        }
        // "The 2nd floor", "first": what is counted off is mostly no figure.
        if value <= SMALL_MAX { 1 } else { self.push(Figure::Number(value * 1_000), 1) }
    }

    fn date(&mut self, month: Option<u8>, day: u64, taken: usize) -> usize {
        let weekday = self.weekday_before();
        self.push(Figure::Date { month, day: day as u8, weekday }, taken)
    }

    /// The weekday said just before: "Friday,", "Friday the", "Friday, the".
    fn weekday_before(&self) -> Option<u8> {
        let mut back = 1;
        if word(self.before(back)) == "the" {
            back += 1;
        }
        if self.before(back) == Some(&Token::Comma) {
            back += 1;
        }
        weekday(word(self.before(back)))
    }

    /// Words that are or begin a figure.
    fn worded(&mut self) -> usize {
        let (first, second, third) = (self.word(0), self.word(1), self.word(2));
        match (first, second, third) {
            ("noon" | "midday", ..) => {
                self.push(Figure::Time { minutes: 720, half: Half::Said }, 1)
            }
            ("midnight", ..) => self.push(Figure::Time { minutes: 0, half: Half::Said }, 1),
            ("half", "an", "hour") => self.push(Figure::Duration(30), 3),
            ("half", "past", _) => self.past(2, 30),
            ("quarter", "past" | "after", _) => self.past(2, 15),
            ("quarter", "to" | "of", _) if self.number(2).is_some() => self.past(2, -15),
            ("quarter", "of", "an") | ("quarters", "of", "an") if self.word(3) == "hour" => {
                let quarters = if first == "quarters" {
                    self.at.checked_sub(1).and_then(|_| match self.before(1) {
                        Some(Token::Number { milli, .. }) => Some(milli / 1_000),
                        _ => None,
                    })
                } else {
                    Some(1)
                };
                self.push(Figure::Duration(15 * quarters.unwrap_or(1)), 4)
            }
            ("an", "hour", _) if !self.is_rate() => self.span(60, 60, 2),
            (name, ..) => match english::month(name) {
                Some(month) => self.month(month),
                None => 0,
            },
        }
    }

    /// "Forty dollars an hour": how much, not how long.
    fn is_rate(&self) -> bool {
        matches!(
            word(self.before(1)),
            "dollars"
                | "dollar"
                | "bucks"
                | "euros"
                | "pounds"
                | "miles"
                | "half"
                | "times"
                | "once"
        ) || matches!(self.before(1), Some(Token::Number { .. }))
    }

    fn past(&mut self, taken: usize, minutes: i32) -> usize {
        let Some(hour) = self.number(taken).and_then(hour) else { return 0 };
        let half = self.half_day(taken + 1);
        let (half, more) = half.map_or((None, 0), |(half, more)| (Some(half), more));
        let total = (i32::from(hour) * 60 + minutes).rem_euclid(720);
        let total = total as u16;
        self.push(time_of(total / 60, total % 60, half), taken + 1 + more)
    }

    /// "December 24", "December the 24th".
    fn month(&mut self, month: u8) -> usize {
        let skipped = usize::from(self.word(1) == "the");
        let day = match self.token(1 + skipped) {
            Some(Token::Ordinal { value, .. }) => *value,
            Some(Token::Number { milli, .. }) if skipped == 0 => milli / 1_000,
            _ => return 0,
        };
        if !(1..=31).contains(&day) {
            // "May 2027", and what may be said of it.
            return 0;
        }
        self.date(Some(month), day, 2 + skipped)
    }

    /// A run of digits with nothing but commas and dashes between: at least three alone, or seven
    /// in all.
    fn digits(&self) -> Option<(String, usize)> {
        let (mut digits, mut groups, mut singles) = (String::new(), 0, 0);
        let (mut at, mut end) = (0, 0);
        loop {
            match self.token(at) {
                Some(Token::Number { milli, digits: written }) => {
                    let group = match written {
                        Some(written) => written.clone(),
                        None if *milli < 20_000 && milli % 1_000 == 0 => {
                            (milli / 1_000).to_string()
                        }
                        // "Fifty five" within a number; "a hundred" is an amount.
                        None if *milli < 100_000 && milli % 1_000 == 0 => {
                            (milli / 1_000).to_string()
                        }
                        None => break,
                    };
                    singles += usize::from(group.len() == 1);
                    groups += 1;
                    digits.push_str(&group);
                    at += 1;
                    end = at;
                }
                Some(Token::Word(word)) if word == "oh" && 0 < groups => {
                    digits.push('0');
                    (groups, singles) = (groups + 1, singles + 1);
                    at += 1;
                    end = at;
                }
                Some(Token::Comma | Token::Dash) if 0 < groups => at += 1,
                _ => break,
            }
        }
        // What counts something is an amount: "5, 10 or 15 dollars".
        let counts =
            Reader { tokens: self.tokens, at: self.at, out: Vec::new() }.unit(end).is_some();
        let is_spelled = 3 <= groups && singles == groups && !counts;
        let is_number = PHONE_DIGITS_MIN <= digits.len() && 2 <= groups && !counts
            || PHONE_DIGITS_MIN < digits.len() && groups == 1;
        (is_spelled || is_number).then_some((digits, end))
    }
}

/// The shortest number that can be rung.
const PHONE_DIGITS_MIN: usize = 7;

/// Up to here, numbers that count nothing are not judged: "two options", "one of them".
pub(super) const SMALL_MAX: u64 = 12;

fn word(token: Option<&Token>) -> &str {
    match token {
        Some(Token::Word(word)) => word,
        _ => "",
    }
}

fn hour(milli: u64) -> Option<u16> {
    (milli.is_multiple_of(1_000) && (1_000..=12_000).contains(&milli))
        .then_some((milli / 1_000) as u16)
}

fn time_of(hour: u16, minute: u16, half: Option<u16>) -> Figure {
    match half {
        Some(half) => Figure::Time { minutes: hour % 12 * 60 + minute + half, half: Half::Said },
        None => Figure::Time { minutes: hour * 60 + minute, half: Half::Open },
    }
}

fn span_minutes(word: &str) -> Option<u64> {
    Some(match word {
        "minute" | "minutes" | "min" | "mins" => 1,
        "hour" | "hours" | "hr" | "hrs" => 60,
        "day" | "days" => 1_440,
        "week" | "weeks" => 10_080,
        _ => return None,
    })
}

fn weekday(word: &str) -> Option<u8> {
    const DAYS: [&str; 7] =
        ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let word = word.strip_suffix('s').unwrap_or(word);
    DAYS.iter().position(|known| *known == word).map(|at| at as u8)
}
