//! Text as it is written into words as they are said.
//!
//! `"Cleanings are $120, Mon-Fri 9:00-17:00."` becomes `"Cleanings are one hundred twenty dollars,
//! Monday to Friday nine AM to five PM."` What comes out holds letters, apostrophes, inner hyphens
//! and the punctuation a voice pauses at; no figures, no symbols. Each piece remembers the end of
//! the text it stands for, so that what was heard can be found in what was written.

mod address;
mod numbers;
mod shapes;
mod tables;

use numbers::{cardinal, digits, is_digits, ordinal, plain, value};
use shapes::{Clock, Half, is_dash};
use tables::{
    ABBREVIATIONS, DAYS, MONTHS, SIDES, SPOKEN_CAPITALS, STATES, STREETS, find, symbol, unit,
};

/// A piece of speech and the text it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoken {
    /// The words, with the punctuation after them.
    pub text: String,
    /// Byte offset of the end of what it stands for.
    pub source_end: usize,
}

/// `text` as it is said, piece by piece. `is_word` knows the words of the language in lower case:
/// addresses are split by it.
pub fn verbalize(text: &str, is_word: &dyn Fn(&str) -> bool) -> Vec<Spoken> {
    let tokens = tokens(text);
    let mut spoken: Vec<Spoken> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let reading = Reader { tokens: &tokens, at, is_word }.read();
        let last = &tokens[(at + reading.tokens - 1).min(tokens.len() - 1)];
        let words = clean(&reading.words);
        let mark = row_mark(&tokens, at).or_else(|| pause_mark(last, &reading));
        at += reading.tokens;
        if words.is_empty() {
            // A lone dash or dots: a pause after what came before.
            if let (Some(mark), Some(before)) = (mark, spoken.last_mut())
                && before.text.ends_with(char::is_alphabetic)
            {
                before.text.push(mark);
                before.source_end = last.end;
            }
            continue;
        }
        let text = words + mark.map(String::from).unwrap_or_default().as_str();
        spoken.push(Spoken { text, source_end: last.end });
    }
    spoken
}

/// `text` as it is said, in one piece. See [`verbalize`].
pub fn words(text: &str, is_word: &dyn Fn(&str) -> bool) -> String {
    let pieces: Vec<String> =
        verbalize(text, is_word).into_iter().map(|piece| piece.text).collect();
    pieces.join(" ")
}

/// Letters one by one: "F A Q". What is not a letter is left out.
pub fn spell(text: &str) -> String {
    let letters: Vec<String> =
        text.chars().filter(|c| c.is_alphabetic()).map(|c| c.to_uppercase().collect()).collect();
    letters.join(" ")
}

/// Any text gives words without figures and symbols. For fuzzing.
///
/// # Panics
/// If it does not.
pub fn fuzz_verbalize(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut end = 0;
    for piece in verbalize(&text, &|word| word.len() % 3 == 0) {
        let bad = piece.text.chars().find(|&c| !is_sayable(c));
        assert_eq!(bad, None, "in {:?}", piece.text);
        assert!(end <= piece.source_end && piece.source_end <= text.len(), "ends grow");
        assert!(text.is_char_boundary(piece.source_end), "ends lie between characters");
        end = piece.source_end;
    }
}

fn is_sayable(c: char) -> bool {
    c.is_alphabetic() || " '-,.?!;:".contains(c)
}

/// A word as written: what stands between two spaces.
#[derive(Clone, Copy, Debug)]
struct Token<'a> {
    /// Without quotes and brackets before it, and punctuation after it.
    core: &'a str,
    /// The punctuation after it.
    trail: &'a str,
    /// Byte offset of its end.
    end: usize,
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    for word in text.split_whitespace() {
        // Words are slices of the text, so their distance from its start is their offset.
        let begin = word.as_ptr() as usize - text.as_ptr() as usize;
        let mut rest = word;
        let mut from = begin;
        // A dash without spaces around it parts words as well.
        while let Some(at) = rest.find(['\u{2014}', '\u{2026}']) {
            let dash = rest[at..].chars().next().map_or(1, char::len_utf8);
            tokens.push(token(&rest[..at + dash], from));
            from += at + dash;
            rest = &rest[at + dash..];
        }
        if !rest.is_empty() {
            tokens.push(token(rest, from));
        }
    }
    tokens
}

fn token(word: &str, begin: usize) -> Token<'_> {
    let is_opening = |c: char| "\"'([{<“‘*_~`".contains(c);
    let is_closing = |c: char| "\"')]}>”’*_~`.,;:!?\u{2014}\u{2026}".contains(c);
    let opened = word.trim_start_matches(is_opening);
    let core = opened.trim_end_matches(is_closing);
    Token { core, trail: &opened[core.len()..], end: begin + word.len() }
}

/// The pause after a piece, if any.
fn pause_mark(last: &Token<'_>, reading: &Reading) -> Option<char> {
    let mut marks = last.trail.chars().filter_map(|c| match c {
        '.' | ',' | ';' | ':' | '!' | '?' => Some(c),
        '\u{2014}' | '\u{2026}' => Some(','),
        _ => None,
    });
    match reading.period {
        Period::Ends => marks.next(),
        Period::Abbreviates => {
            let first = marks.next()?;
            if first == '.' { marks.next() } else { Some(first) }
        }
    }
}

/// The pause after a figure or a capital that stands in a row of them: "9 7 0, 5 5 5", "S I O B".
///
/// Without one, what is alike runs together: of "five five five" a listener hears two.
fn row_mark(tokens: &[Token<'_>], at: usize) -> Option<char> {
    let has_next = is_row(&tokens[at..], 2);
    let has_before = 0 < at && is_row(&tokens[at - 1..], 2);
    let is_long = is_row(&tokens[at..], ROW_MIN)
        || 0 < at && is_row(&tokens[at - 1..], ROW_MIN)
        || 1 < at && is_row(&tokens[at - 2..], ROW_MIN);
    if !has_next || !is_long {
        return None;
    }
    let ends_group = has_before && tokens[at - 1].trail.is_empty();
    match tokens[at].trail {
        "" => Some(','),
        "," if ends_group => Some(';'),
        _ => None,
    }
}

/// Whether the first `count` tokens are single figures, or single capitals.
fn is_row(tokens: &[Token<'_>], count: usize) -> bool {
    let is_all = |is_kind: fn(char) -> bool| {
        let singles = tokens.iter().take(count).filter(|token| {
            let mut chars = token.core.chars();
            chars.next().is_some_and(is_kind) && chars.next().is_none()
        });
        singles.count() == count
    };
    is_all(|c| c.is_ascii_digit()) || is_all(|c| c.is_ascii_uppercase())
}

/// How a row of tokens is said.
struct Reading {
    words: String,
    /// How many tokens it stands for.
    tokens: usize,
    period: Period,
}

/// What the period after a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Period {
    /// It ends a sentence.
    Ends,
    /// It is part of an abbreviation.
    Abbreviates,
}

impl Reading {
    fn one(words: impl Into<String>) -> Self {
        Self::of(words, 1)
    }

    fn of(words: impl Into<String>, tokens: usize) -> Self {
        Self { words: words.into(), tokens, period: Period::Ends }
    }
}

/// Reads the token at a place, and as many after it as belong to it.
struct Reader<'a> {
    tokens: &'a [Token<'a>],
    at: usize,
    is_word: &'a dyn Fn(&str) -> bool,
}

impl Reader<'_> {
    fn read(&self) -> Reading {
        let core = self.core(0);
        if core.is_empty() {
            return Reading::one("");
        }
        self.phone()
            .or_else(|| self.address())
            .or_else(|| self.time())
            .or_else(|| self.date())
            .or_else(|| self.amount())
            .or_else(|| self.number())
            .or_else(|| self.abbreviation())
            .or_else(|| self.capitals())
            .unwrap_or_else(|| self.compound(core))
    }

    /// The core of the token `ahead` of the place; empty beyond the end.
    fn core(&self, ahead: usize) -> &str {
        self.tokens.get(self.at + ahead).map_or("", |token| token.core)
    }

    fn trail(&self, ahead: usize) -> &str {
        self.tokens.get(self.at + ahead).map_or("", |token| token.trail)
    }

    /// The core of the token before the place.
    fn before(&self) -> &str {
        self.at.checked_sub(1).map_or("", |at| self.tokens[at].core)
    }

    /// Whether nothing follows, or a new sentence.
    fn is_last(&self, ahead: usize) -> bool {
        let next = self.core(ahead + 1);
        next.is_empty() && self.at + ahead + 1 >= self.tokens.len()
    }

    /// `+1 212 555 0142`, `(212) 555-0142`, `+12125550142`, `555-0142`.
    fn phone(&self) -> Option<Reading> {
        let starts = |c: char| c.is_ascii_digit() || c == '+';
        if !self.core(0).starts_with(starts) {
            return None;
        }
        let is_group = |core: &str| {
            core.starts_with(starts)
                && core.chars().all(|c| c.is_ascii_digit() || "+-.()".contains(c) || is_dash(c))
        };
        // The longest row of groups that makes a number.
        let groups = (0..PHONE_TOKENS_MAX)
            .take_while(|&ahead| is_group(self.core(ahead)))
            .take_while(|&ahead| ahead == 0 || !self.trail(ahead - 1).contains([',', '.', ';']))
            .count();
        for count in (1..=groups).rev() {
            let row: Vec<&str> = (0..count).map(|ahead| self.core(ahead)).collect();
            let Some(groups) = shapes::phone(&row.join("-")) else { continue };
            if count == 1 && shapes::date(row[0]).is_some() {
                return None;
            }
            let plus = if row[0].starts_with('+') { "plus " } else { "" };
            return Some(Reading::of(format!("{plus}{}", shapes::read_groups(&groups)), count));
        }
        None
    }

    fn address(&self) -> Option<Reading> {
        let core = self.core(0);
        let core = core.strip_prefix("mailto:").unwrap_or(core);
        let words = address::email(core, self.is_word).or_else(|| address::web(core, self.is_word));
        words.map(Reading::one)
    }

    /// `2:30 PM`, `9 a.m.`, `9:00-17:00`, `9am`, `9-5 PM`.
    fn time(&self) -> Option<Reading> {
        let core = self.core(0);
        let half = Half::parse(self.core(1)).filter(|_| !self.trail(0).contains(['.', ',']));
        if let Some(half) = half {
            let mut reading = None;
            if let Some(clock) = Clock::parse(core).filter(|clock| !clock.is_of_24()) {
                reading = Some(Clock { half: clock.half.or(Some(half)), ..clock }.words());
            } else if is_digits(core) && value(core).is_some_and(|hour| (1..=12).contains(&hour)) {
                reading = Some(format!("{} {}", plain(core)?, half.words()));
            } else if let Some(range) = shapes::range(core) {
                reading = Some(format!("{} {}", range.replace(" o'clock", ""), half.words()));
            }
            if let Some(words) = reading {
                let period = self.half_period(1);
                return Some(Reading { words, tokens: 2, period });
            }
        }
        let clock = Clock::parse(core)?;
        // The hour of a range that is written with spaces: "9:00 - 17:00".
        let is_range = self.core(1).chars().all(is_dash) || self.core(1).eq_ignore_ascii_case("to");
        let other = Clock::parse(self.core(2)).filter(|_| is_range && !self.core(1).is_empty());
        if let Some(other) = other
            && (clock.is_of_24() || other.is_of_24())
        {
            let words = format!("{} to {}", clock.halved().words(), other.halved().words());
            return Some(Reading::of(words, 3));
        }
        let period = if clock.half.is_some() { self.half_period(0) } else { Period::Ends };
        Some(Reading { words: clock.words(), tokens: 1, period })
    }

    /// "a.m." takes its period with it, unless it ends the text.
    fn half_period(&self, ahead: usize) -> Period {
        let is_dotted = self.core(ahead).contains('.');
        let next = self.core(ahead + 1);
        let goes_on = !next.is_empty() && !next.starts_with(char::is_uppercase);
        if is_dotted && goes_on { Period::Abbreviates } else { Period::Ends }
    }

    /// `December 25, 2026`, `Dec. 4th`, `25 December`, `2026-12-25`, `12/25`.
    fn date(&self) -> Option<Reading> {
        let core = self.core(0);
        if let Some(words) = shapes::fraction(core) {
            return Some(Reading::one(words));
        }
        if let Some(words) = shapes::date(core) {
            return Some(Reading::one(words));
        }
        let day = |core: &str| {
            let day = shapes::ordinal_figures(core)
                .or_else(|| value(core).filter(|_| is_digits(core)))?;
            (1..=31).contains(&day).then_some(day)
        };
        if let Some(month) = month(core)
            && let Some(number) = day(self.core(1))
            && !self.trail(0).contains(',')
        {
            let words = format!("{month} {}", ordinal(number));
            if let Some(year) = shapes::bare_year(self.core(2)) {
                return Some(Reading::of(format!("{words}, {year}"), 3));
            }
            return Some(Reading::of(words, 2));
        }
        let number = day(core)?;
        // "May" after a number is more often a verb.
        let month = month(self.core(1))
            .filter(|month| *month != "May" || shapes::ordinal_figures(core).is_some())?;
        let the = if self.before().eq_ignore_ascii_case("the") { "" } else { "the " };
        Some(Reading::of(format!("{the}{} of {month}", ordinal(number)), 2))
    }

    /// `$120`, `$1.5 million`, `$40-60`, `20%`, `30 min`, `#4`.
    fn amount(&self) -> Option<Reading> {
        let core = self.core(0);
        let scale =
            ["thousand", "million", "billion"].into_iter().find(|scale| self.core(1) == *scale);
        if shapes::is_money(core) {
            let tokens = if scale.is_some() { 2 } else { 1 };
            return Some(Reading::of(shapes::money(core, scale)?, tokens));
        }
        if let Some(words) = shapes::measure(core) {
            return Some(Reading::one(words));
        }
        if let Some(number) = core.strip_prefix('#').and_then(numbers::integer) {
            return Some(Reading::one(format!("number {number}")));
        }
        let words = plain(core).or_else(|| shapes::range(core))?;
        let short = self.core(1);
        // "in" and "s" after a number are words, not inches.
        let is_unit = self.trail(0).is_empty() && !["in", "s", "m", "g", "l", "h"].contains(&short);
        let unit = unit(&short.to_ascii_lowercase(), core).filter(|_| is_unit)?;
        let period = if self.is_last(1) { Period::Ends } else { Period::Abbreviates };
        Some(Reading { words: format!("{words} {unit}"), tokens: 2, period })
    }

    /// Everything else that is a number, read as what its neighbors make of it.
    fn number(&self) -> Option<Reading> {
        let core = self.core(0);
        if let Some(number) = shapes::ordinal_figures(core) {
            return Some(Reading::one(ordinal(number)));
        }
        if is_digits(core) {
            let before = self.before();
            if core.len() == 5 && find(&STATES, before).is_some() && before.len() == 2 {
                return Some(Reading::one(digits(core)));
            }
            if self.is_house() {
                return shapes::bare_house(core).map(Reading::one);
            }
            let is_year = YEAR_WORDS.iter().any(|word| word.eq_ignore_ascii_case(before));
            if let Some(year) =
                shapes::bare_year(core).filter(|_| is_year || month(before).is_some())
            {
                return Some(Reading::one(year));
            }
        }
        plain(core).or_else(|| shapes::range(core)).map(Reading::one)
    }

    /// Whether a street's name follows within three words.
    fn is_house(&self) -> bool {
        let is_name = |core: &str| {
            core.starts_with(char::is_uppercase) || shapes::ordinal_figures(core).is_some()
        };
        let is_open = |ahead: usize| {
            !self.trail(ahead).contains([',', '.']) || ahead == 0 && self.trail(0).is_empty()
        };
        for ahead in 1..=3 {
            if !is_name(self.core(ahead)) || !is_open(ahead - 1) {
                return false;
            }
            if 1 < ahead && find(&STREETS, self.core(ahead)).is_some() {
                return true;
            }
        }
        false
    }

    /// `Dr.`, `St.`, `Ave.`, `Mon-Fri`, `OR 97201`, `Dec.`
    fn abbreviation(&self) -> Option<Reading> {
        let core = self.core(0);
        let has_period = self.trail(0).starts_with('.');
        let next = self.core(1);
        let period = if self.is_last(0) { Period::Ends } else { Period::Abbreviates };
        if let Some((from, to)) = core.split_once(is_dash)
            && let (Some(from), Some(to)) = (find(&DAYS, from), find(&DAYS, to))
        {
            return Some(Reading::one(format!("{from} to {to}")));
        }
        let is_name = core.starts_with(char::is_uppercase);
        if is_name && let Some(day) = find(&DAYS, core) {
            // "Sun" and "Sat" without a period are words of their own.
            let is_clear =
                has_period || !["sun", "sat", "wed"].contains(&core.to_lowercase().as_str());
            let is_between = find(&DAYS, self.before()).is_some()
                || find(&DAYS, next).is_some()
                || is_range_word(next)
                || is_range_word(self.before());
            let reading = Reading {
                words: day.into(),
                tokens: 1,
                period: if core.len() < day.len() { period } else { Period::Ends },
            };
            return (is_clear || is_between).then_some(reading);
        }
        if is_name
            && has_period
            && core.len() <= 4
            && let Some(month) = month(core)
        {
            return Some(Reading { words: month.into(), tokens: 1, period });
        }
        if core.len() == 2
            && is_digits(next)
            && next.len() == 5
            && core.bytes().all(|b| b.is_ascii_uppercase())
        {
            return find(&STATES, core).map(Reading::one);
        }
        if let Some(street) = find(&STREETS, core).filter(|_| core.len() <= 4 && is_name) {
            // "Dr. Nguyen", "St. Mary's", but "12 Oak Dr., Portland" and "4th St."
            let follows_name = self.before().starts_with(char::is_uppercase)
                || shapes::ordinal_figures(self.before()).is_some();
            let leads_name = next.starts_with(char::is_uppercase) && self.trail(0) == ".";
            let is_street = follows_name && (!leads_name || self.is_house_before());
            if is_street
                && (has_period
                    || ["st", "ave", "blvd", "rd", "ln", "dr", "hwy"]
                        .contains(&core.to_lowercase().as_str()))
            {
                return Some(Reading { words: street.into(), tokens: 1, period });
            }
            if core.eq_ignore_ascii_case("st") && leads_name {
                return Some(Reading { words: "Saint".into(), tokens: 1, period });
            }
        }
        if has_period && core.chars().count() == 1 && is_name && !self.is_last(0) {
            // An initial, or the side of a town: "J. Smith", "88 N. 4th Ave."
            let is_side = is_digits(self.before());
            let side = find(&SIDES, core).filter(|_| is_side);
            return Some(Reading { words: side.unwrap_or(core).into(), tokens: 1, period });
        }
        self.short_form(core, period)
    }

    fn short_form(&self, core: &str, period: Period) -> Option<Reading> {
        let has_period = self.trail(0).starts_with('.');
        let is_number_next = self.core(1).starts_with(|c: char| c.is_ascii_digit());
        let long = find(&ABBREVIATIONS, core)?;
        let is_short = match core.to_lowercase().as_str() {
            // Only before a number: "no" and "fl" are else words of their own, or nothing.
            "no" | "nos" | "fl" => has_period && is_number_next,
            "mr" | "mrs" | "ms" | "dr" | "vs" | "etc" | "appt" | "blvd" | "dept" => true,
            "e.g" | "i.e" => true,
            _ => has_period,
        };
        is_short.then(|| Reading { words: long.into(), tokens: 1, period })
    }

    /// Whether the street at the place belongs to a house's number: "12 Oak St. Portland".
    fn is_house_before(&self) -> bool {
        (1..=3)
            .any(|back| self.at.checked_sub(back).is_some_and(|at| is_digits(self.tokens[at].core)))
    }

    /// `FAQ`, `U.S.`, `IT`: letter by letter, unless it is a word that is shouted.
    fn capitals(&self) -> Option<Reading> {
        let core = self.core(0);
        if let Some(half) = Half::parse(core).filter(|_| core != "am") {
            return Some(Reading {
                words: half.words().into(),
                tokens: 1,
                period: self.half_period(0),
            });
        }
        let is_dotted = 1 < core.len()
            && core.split('.').all(|letter| {
                letter.chars().count() == 1 && letter.chars().all(char::is_alphabetic)
            });
        if is_dotted {
            let period = if self.is_last(0) { Period::Ends } else { Period::Abbreviates };
            return Some(Reading { words: spell(core), tokens: 1, period });
        }
        let (stem, plural) = match core.strip_suffix("'s").or_else(|| core.strip_suffix("’s")) {
            Some(stem) => (stem, "'s"),
            None => match core.strip_suffix('s') {
                Some(stem) if 1 < stem.len() => (stem, "'s"),
                _ => (core, ""),
            },
        };
        let is_capitals = stem.chars().all(char::is_uppercase);
        if !is_capitals || stem.is_empty() {
            return None;
        }
        if let Some((_, words)) = SPOKEN_CAPITALS.iter().find(|(capitals, _)| *capitals == stem) {
            return Some(Reading::one(format!("{words}{plural}")));
        }
        let has_vowel = stem.contains(['A', 'E', 'I', 'O', 'U', 'Y']);
        let lower = stem.to_lowercase();
        let is_shouted =
            (4 <= stem.len() && has_vowel) || (self.is_word)(&lower) && self.is_all_shouted();
        if is_shouted {
            return Some(Reading::one(format!("{lower}{plural}")));
        }
        (stem.chars().count() <= 6).then(|| Reading::one(format!("{}{plural}", spell(stem))))
    }

    /// Whether the neighbors are in capitals, too.
    fn is_all_shouted(&self) -> bool {
        let is_shouted = |core: &str| 1 < core.len() && core.chars().all(char::is_uppercase);
        is_shouted(self.before()) || is_shouted(self.core(1))
    }

    /// A word, or several with hyphens, slashes or figures in them.
    fn compound(&self, core: &str) -> Reading {
        let is_plain = core.chars().all(|c| c.is_alphabetic() || c == '\'' || c == '’' || c == '-');
        let is_spelled = core.split('-').all(|part| part.chars().count() == 1);
        if is_plain && is_spelled && 2 * ROW_MIN - 1 <= core.chars().count() {
            return Reading::one(core.to_uppercase().replace('-', ", "));
        }
        if is_plain {
            return Reading::one(core);
        }
        if let Some((left, right)) = core.split_once('/')
            && !left.is_empty()
            && !right.is_empty()
        {
            let side = |text: &str| plain(text).unwrap_or_else(|| shapes::mixed(text));
            return Reading::one(format!("{} {}", side(left), side(right)));
        }
        // "15-minute", "2-3", "walk-in", "B-12"
        let pieces = core.split(is_dash).filter(|piece| !piece.is_empty());
        let words = pieces.map(|piece| {
            let number = shapes::range_end(piece);
            number.unwrap_or_else(|| shapes::mixed(piece))
        });
        Reading::one(words.collect::<Vec<_>>().join(" "))
    }
}

fn is_range_word(word: &str) -> bool {
    word.eq_ignore_ascii_case("to")
        || word.eq_ignore_ascii_case("through")
        || word == "-"
        || word == "\u{2013}"
}

fn month(core: &str) -> Option<&'static str> {
    let is_name = core.starts_with(char::is_uppercase);
    if is_name { find(&MONTHS, core) } else { None }
}

/// Keeps what can be said: symbols become words or go, spaces stand alone.
fn clean(words: &str) -> String {
    let mut clean = String::with_capacity(words.len());
    for c in words.chars() {
        match c {
            '’' | '‘' | '\'' => clean.push('\''),
            c if is_sayable(c) => clean.push(c),
            c => match symbol(c) {
                Some(word) => clean.extend([" ", word, " "]),
                None => match c.to_digit(10) {
                    Some(digit) => clean.extend([" ", &cardinal(u64::from(digit)), " "]),
                    None => clean.push(' '),
                },
            },
        }
    }
    let words: Vec<&str> = clean
        .split_whitespace()
        .map(|word| {
            word.trim_start_matches(['\'', '-', ',', '.', '?', '!', ';', ':'])
                .trim_end_matches(['\'', '-'])
        })
        .filter(|word| word.contains(char::is_alphabetic))
        .collect();
    words.join(" ")
}

/// `+44 20 7946 0018` has four.
const PHONE_TOKENS_MAX: usize = 6;

/// From how many on single figures or letters are a row that is read out with pauses.
const ROW_MIN: usize = 3;

/// Words after which a number between 1900 and 2099 is a year.
const YEAR_WORDS: [&str; 10] =
    ["in", "since", "from", "by", "of", "until", "after", "before", "year", "during"];

#[cfg(test)]
mod tests;
