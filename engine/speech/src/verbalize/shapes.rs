//! Single words of a known shape: money, times, dates, numbers with something attached.

use types::english::MONTHS;

use super::numbers::{cardinal, digits, house, integer, is_digits, ordinal, plain, value, year};
use super::tables::unit;

/// Before or after noon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    Morning,
    Afternoon,
}

impl Half {
    /// Reads `am`, `a.m.`, `PM`, …
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().replace('.', "").as_str() {
            "am" => Some(Self::Morning),
            "pm" => Some(Self::Afternoon),
            _ => None,
        }
    }

    /// How it is said; the letters apart, and the first written as it sounds alone.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Morning => "AM",
            Self::Afternoon => "PM",
        }
    }
}

/// A time of day as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    pub(super) hour: u64,
    pub(super) minute: Option<u64>,
    pub(super) half: Option<Half>,
}

impl Clock {
    /// Reads `9:00`, `14:30`, `9am`, `2:30PM`. A bare number is no time.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let at = text.find(|c: char| !c.is_ascii_digit() && c != ':').unwrap_or(text.len());
        let (figures, rest) = text.split_at(at);
        let half = if rest.is_empty() { None } else { Some(Half::parse(rest)?) };
        let (hour, minute) = match figures.split_once(':') {
            Some((hour, minute)) => (hour, Some(minute)),
            None => (figures, None),
        };
        if minute.is_none() && half.is_none() {
            return None;
        }
        if !is_digits(hour)
            || 2 < hour.len()
            || minute.is_some_and(|m| !is_digits(m) || m.len() != 2)
        {
            return None;
        }
        let clock = Self {
            hour: hour.parse().ok()?,
            minute: minute.and_then(|minute| minute.parse().ok()),
            half,
        };
        let is_time = clock.hour < 24 && clock.minute.unwrap_or(0) < 60;
        let is_halved = clock.half.is_none() || (1..=12).contains(&clock.hour);
        (is_time && is_halved).then_some(clock)
    }

    /// Whether it can only be meant on a clock of 24 hours.
    pub(super) fn is_of_24(self) -> bool {
        self.half.is_none() && (self.hour == 0 || 12 < self.hour)
    }

    /// The same time on a clock of 12 hours.
    pub(super) fn halved(self) -> Self {
        if self.half.is_some() {
            return self;
        }
        let half = if self.hour < 12 { Half::Morning } else { Half::Afternoon };
        Self { hour: (self.hour + 11) % 12 + 1, half: Some(half), ..self }
    }

    /// How it is said.
    pub(super) fn words(self) -> String {
        let clock = if self.is_of_24() { self.halved() } else { self };
        let hour = cardinal(clock.hour);
        let half = clock.half.map(Half::words);
        match (clock.minute, half) {
            (None | Some(0), Some(half)) => format!("{hour} {half}"),
            (None | Some(0), None) => format!("{hour} o'clock"),
            (Some(minute @ 1..=9), half) => {
                [Some(format!("{hour} oh {}", cardinal(minute)).as_str()), half]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join(" ")
            }
            (Some(minute), half) => [Some(format!("{hour} {}", cardinal(minute)).as_str()), half]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" "),
        }
    }
}

/// An amount of money as written: `$1,100.50`, `€5`, `40$`, `$2k`. `scale` is a word that follows,
/// such as "million".
pub(super) fn money(text: &str, scale: Option<&str>) -> Option<String> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => ("minus ", rest),
        None => ("", text),
    };
    let (currency, amount) = CURRENCIES.iter().find_map(|currency| {
        let symbol = currency.symbol;
        let amount = text.strip_prefix(symbol).or_else(|| text.strip_suffix(symbol))?;
        Some((currency, amount))
    })?;
    let (amount, scale) = match amount.strip_suffix(['k', 'K']) {
        Some(thousands) => (thousands, Some("thousand")),
        None => match amount.strip_suffix('M') {
            Some(millions) => (millions, Some("million")),
            None => (amount, scale),
        },
    };
    if let Some(scale) = scale {
        return Some(format!("{sign}{} {scale} {}", plain(amount)?, currency.many));
    }
    let (whole, cents) = match amount.split_once('.') {
        Some((whole, cents)) if is_digits(cents) && cents.len() == 2 => {
            (whole, cents.parse().ok()?)
        }
        Some(_) => return Some(format!("{sign}{} {}", plain(amount)?, currency.many)),
        None => (amount, 0),
    };
    let whole = if whole.is_empty() { 0 } else { value(whole)? };
    let named = |count: u64, one: &str, many: &str| {
        format!("{} {}", cardinal(count), if count == 1 { one } else { many })
    };
    let units = named(whole, currency.one, currency.many);
    let words = match (whole, cents) {
        (_, 0) => units,
        (0, _) => named(cents, currency.cent, currency.cents),
        (_, _) => format!("{units} and {}", named(cents, currency.cent, currency.cents)),
    };
    Some(format!("{sign}{words}"))
}

/// Whether `text` is an amount of money with its symbol.
pub(super) fn is_money(text: &str) -> bool {
    money(text, None).is_some()
}

struct Currency {
    symbol: char,
    one: &'static str,
    many: &'static str,
    cent: &'static str,
    cents: &'static str,
}

const CURRENCIES: [Currency; 3] = [
    Currency { symbol: '$', one: "dollar", many: "dollars", cent: "cent", cents: "cents" },
    Currency { symbol: '£', one: "pound", many: "pounds", cent: "penny", cents: "pence" },
    Currency { symbol: '€', one: "euro", many: "euros", cent: "cent", cents: "cents" },
];

/// A date in figures: `2026-12-25`, `12/25/2026`, `12/25`.
pub(super) fn date(text: &str) -> Option<String> {
    let iso: Vec<&str> = text.split('-').collect();
    if let [y, m, d] = iso.as_slice()
        && y.len() == 4
    {
        return Some(format!("{}, {}", month_day(m, d)?, year(value(y)?)));
    }
    let slashed: Vec<&str> = text.split('/').collect();
    match slashed.as_slice() {
        [m, d, y] if is_digits(y) => {
            let y = match y.len() {
                2 => 2_000 + value(y)?,
                4 => value(y)?,
                _ => return None,
            };
            Some(format!("{}, {}", month_day(m, d)?, year(y)))
        }
        [m, d] => month_day(m, d),
        _ => None,
    }
}

fn month_day(month: &str, day: &str) -> Option<String> {
    if !is_digits(month) || !is_digits(day) {
        return None;
    }
    let day: u64 = day.parse().ok()?;
    let name = MONTHS.get(month.parse::<usize>().ok()?.checked_sub(1)?)?;
    (1..=31).contains(&day).then(|| format!("{name} {}", ordinal(day)))
}

/// Fractions, and other figures with a slash that are no dates.
pub(super) fn fraction(text: &str) -> Option<&'static str> {
    Some(match text {
        "1/2" => "one half",
        "1/3" => "one third",
        "2/3" => "two thirds",
        "1/4" => "one quarter",
        "3/4" => "three quarters",
        "24/7" => "twenty-four seven",
        _ => return None,
    })
}

/// An ordinal in figures: `4th`, `1st`, `22nd`.
pub(super) fn ordinal_figures(text: &str) -> Option<u64> {
    let at = text.find(|c: char| !c.is_ascii_digit() && c != ',')?;
    let (figures, ending) = text.split_at(at);
    let is_ending = ["st", "nd", "rd", "th"].iter().any(|end| end.eq_ignore_ascii_case(ending));
    if is_ending { value(figures) } else { None }
}

/// A number with a unit, a percent sign or a plural attached: `30min`, `20%`, `90s`, `68°F`.
pub(super) fn measure(text: &str) -> Option<String> {
    if let Some(number) = text.strip_suffix('%') {
        return Some(format!("{} percent", plain(number)?));
    }
    let at = text.rfind(|c: char| c.is_ascii_digit())? + 1;
    let (number, rest) = text.split_at(at);
    match rest {
        "" => None,
        "°" => Some(format!("{} degrees", plain(number)?)),
        "°F" => Some(format!("{} degrees Fahrenheit", plain(number)?)),
        "°C" => Some(format!("{} degrees Celsius", plain(number)?)),
        "s" | "'s" | "’s" if is_decade(number) => Some(plural(&decade(number)?)),
        "+" => Some(format!("{} plus", plain(number)?)),
        _ => {
            let short = rest.strip_prefix('-').unwrap_or(rest).trim_end_matches('.');
            let unit = unit(&short.to_ascii_lowercase(), number)?;
            Some(format!("{} {unit}", plain(number)?))
        }
    }
}

fn is_decade(number: &str) -> bool {
    is_digits(number) && number.ends_with('0') && matches!(number.len(), 2 | 4)
}

fn decade(number: &str) -> Option<String> {
    let number = value(number)?;
    Some(if number < 100 { cardinal(number) } else { year(number) })
}

fn plural(words: &str) -> String {
    match words.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{words}s"),
    }
}

/// One end of a range, which may be a number, an amount, a time or a percentage.
pub(super) fn range_end(text: &str) -> Option<String> {
    plain(text)
        .or_else(|| money(text, None))
        .or_else(|| Clock::parse(text).map(Clock::words))
        .or_else(|| measure(text))
        .or_else(|| ordinal_figures(text).map(ordinal))
}

/// A range as written: `9:00-17:00`, `9-5`, `$40–60`, `9am-5pm`, `10-12%`.
pub(super) fn range(text: &str) -> Option<String> {
    let at = text.char_indices().skip(1).find(|(_, c)| is_dash(*c))?;
    let (from, to) = (&text[..at.0], &text[at.0 + at.1.len_utf8()..]);
    if !to.starts_with(|c: char| c.is_ascii_digit() || "$£€.".contains(c)) {
        return None;
    }
    if let (Some(from), Some(to)) = (Clock::parse(from), Clock::parse(to)) {
        // "9:00 to 17:00" is of one clock.
        let is_of_24 = from.is_of_24() || to.is_of_24();
        let (from, to) = if is_of_24 { (from.halved(), to.halved()) } else { (from, to) };
        return Some(format!("{} to {}", from.words(), to.words()));
    }
    let from = match from.chars().next() {
        // The symbol of an amount may stand at one end only, and is said once.
        Some(symbol) if is_money(from) && from.starts_with(symbol) => {
            let to = format!("{symbol}{}", to.trim_start_matches(symbol));
            let bare = &from[symbol.len_utf8()..];
            let from = if is_digits(bare) { plain(bare) } else { money(from, None) }?;
            return Some(format!("{from} to {}", money(&to, None)?));
        }
        _ => range_end(from)?,
    };
    Some(format!("{from} to {}", range_end(to)?))
}

/// The dashes people write between numbers.
pub(super) fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2014}')
}

/// The groups of digits of a telephone number written in one word: `+12125550142`,
/// `212-555-0142`, `555.0142`. `None` if it is none.
pub(super) fn phone(text: &str) -> Option<Vec<String>> {
    let (plus, rest) = match text.strip_prefix('+') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let is_between = |c: char| is_dash(c) || matches!(c, '.' | '(' | ')' | '/');
    let groups: Vec<&str> = rest.split(is_between).filter(|group| !group.is_empty()).collect();
    if !groups.iter().all(|group| is_digits(group)) {
        return None;
    }
    let count: usize = groups.iter().map(|group| group.len()).sum();
    let groups: Vec<String> = match (plus, groups.as_slice()) {
        (true, _) if (7..=15).contains(&count) => {
            let all = groups.concat();
            north_american(&all).unwrap_or_else(|| threes(&all))
        }
        (false, [one]) if one.len() == 10 => parts(&[&one[..3], &one[3..6], &one[6..]]),
        (false, [one]) if (11..=15).contains(&one.len()) => {
            north_american(one).unwrap_or_else(|| threes(one))
        }
        (false, [.., exchange, line]) if exchange.len() == 3 && line.len() == 4 => {
            groups.iter().map(|group| (*group).to_owned()).collect()
        }
        _ => return None,
    };
    Some(groups)
}

/// The groups of a North American number with its leading 1, if it is one.
fn north_american(all: &str) -> Option<Vec<String>> {
    let national = all.strip_prefix('1').filter(|national| national.len() == 10)?;
    Some(parts(&["1", &national[..3], &national[3..6], &national[6..]]))
}

fn threes(all: &str) -> Vec<String> {
    let chunks = all.as_bytes().chunks(3);
    chunks.map(|chunk| String::from_utf8_lossy(chunk).into_owned()).collect()
}

fn parts(groups: &[&str]) -> Vec<String> {
    groups.iter().map(|group| (*group).to_owned()).collect()
}

/// Groups of digits as they are read out: a short pause after each digit, a longer one after each
/// group.
pub(super) fn read_groups(groups: &[String]) -> String {
    let words: Vec<String> = groups.iter().map(|group| digits(group).replace(' ', ", ")).collect();
    words.join("; ")
}

/// A bare number where a year is meant.
pub(super) fn bare_year(text: &str) -> Option<String> {
    let number = if text.len() == 4 && is_digits(text) { value(text)? } else { return None };
    (1_900..2_100).contains(&number).then(|| year(number))
}

/// A bare number where a house is meant.
pub(super) fn bare_house(text: &str) -> Option<String> {
    if is_digits(text) && text.len() <= 5 { value(text).map(house) } else { None }
}

/// Letters and figures mixed, piece by piece: `B12`, `3D`, `A1-7`.
pub(super) fn mixed(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_figure = first.is_ascii_digit();
        let is_letter = first.is_alphabetic();
        let end = rest
            .find(|c: char| c.is_ascii_digit() != is_figure || c.is_alphabetic() != is_letter)
            .unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end.max(first.len_utf8()));
        rest = after;
        if is_figure {
            words.push(
                if piece.len() <= 3 { integer(piece) } else { None }
                    .unwrap_or_else(|| digits(piece)),
            );
        } else if is_letter {
            words.push(piece.to_owned());
        } else {
            words.extend(piece.chars().filter_map(super::tables::symbol).map(str::to_owned));
        }
    }
    words.join(" ")
}
