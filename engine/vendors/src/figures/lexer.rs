//! Text into tokens that know their place.

use super::figure::Span;
use super::numerals::{cardinal_word, ordinal_word, scale_word};

/// A piece of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A word in lower case, without apostrophes: "dont", "am" for "a.m.".
    Word(String),
    /// A number in thousandths, and its digits if it was written in digits.
    Number { milli: u64, digits: Option<String> },
    /// "24th", "fourth".
    Ordinal { value: u64, is_written: bool },
    /// "8:30".
    Clock(u16),
    /// "2026-11-27".
    IsoDate { month: u8, day: u8 },
    /// `$`, `€`, `£`.
    Currency,
    /// `%`.
    Percent,
    /// A hyphen or a dash between two tokens.
    Dash,
    /// `,` or a bracket.
    Comma,
    /// Anything else that parts phrases.
    Stop,
}

/// Whether `word` is part of a number in words: "forty", "fourth", "hundred", "oh".
pub fn is_number_word(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    word.split('-').any(|part| {
        cardinal_word(part).is_some()
            || ordinal_word(part).is_some()
            || scale_word(part).is_some()
            || matches!(part, "oh" | "double" | "triple" | "half" | "quarter")
    }) || word.bytes().any(|byte| byte.is_ascii_digit())
}

/// The tokens of `text`, number words put together.
pub(super) fn tokens(text: &str) -> Vec<(Token, Span)> {
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    let mut lexer = Lexer { chars: &chars, end: text.len(), at: 0, out: Vec::new() };
    while lexer.at < chars.len() {
        lexer.step();
    }
    super::numerals::joined(lexer.out)
}

struct Lexer<'a> {
    chars: &'a [(usize, char)],
    end: usize,
    at: usize,
    out: Vec<(Token, Span)>,
}

impl Lexer<'_> {
    fn char(&self, at: usize) -> Option<char> {
        self.chars.get(at).map(|(_, c)| *c)
    }

    fn byte(&self, at: usize) -> usize {
        self.chars.get(at).map_or(self.end, |(byte, _)| *byte)
    }

    fn push(&mut self, token: Token, from: usize) {
        let span = self.byte(from)..self.byte(self.at);
        self.out.push((token, span));
    }

    fn is_digit(&self, at: usize) -> bool {
        self.char(at).is_some_and(|c| c.is_ascii_digit())
    }

    fn step(&mut self) {
        let from = self.at;
        let Some(c) = self.char(from) else { return };
        self.at += 1;
        match c {
            '0'..='9' => self.number(from),
            c if c.is_alphabetic() => self.word(from),
            '$' | '€' | '£' => self.push(Token::Currency, from),
            '%' => self.push(Token::Percent, from),
            '-' | '\u{2010}'..='\u{2015}' | '/' => self.push(Token::Dash, from),
            ',' | '(' | ')' => self.push(Token::Comma, from),
            '.' if self.is_digit(self.at) && !self.is_digit(from.wrapping_sub(1)) => {
                self.number(from);
            }
            '.' | ';' | ':' | '?' | '!' | '\n' => self.push(Token::Stop, from),
            // Spaces and marks that part nothing.
            _ => (),
        }
    }

    /// Digits from `from` on: thousands' commas, decimals, clock times, dates, ordinal endings.
    fn number(&mut self, from: usize) {
        self.at = from;
        let mut digits = String::new();
        loop {
            match self.char(self.at) {
                Some(c) if c.is_ascii_digit() => digits.push(c),
                // "1,200" is one number, "1,2" two.
                Some(',') if !digits.is_empty() && self.is_group(self.at + 1) => (),
                _ => break,
            }
            self.at += 1;
        }
        if self.iso_date(&digits, from) || self.clock(&digits, from) {
            return;
        }
        let mut milli = digits.parse::<u64>().unwrap_or(u64::MAX / 1_000).saturating_mul(1_000);
        if self.char(self.at) == Some('.') && self.is_digit(self.at + 1) {
            self.at += 1;
            let mut unit = 100;
            while self.is_digit(self.at) {
                let digit = self.char(self.at).and_then(|c| c.to_digit(10)).unwrap_or(0);
                milli = milli.saturating_add(u64::from(digit) * unit);
                unit /= 10;
                self.at += 1;
            }
            return self.push(Token::Number { milli, digits: None }, from);
        }
        let ending: String = (0..2).filter_map(|ahead| self.char(self.at + ahead)).collect();
        let is_end = self.char(self.at + 2).is_none_or(|c| !c.is_alphanumeric());
        if is_end && ["st", "nd", "rd", "th"].contains(&ending.to_lowercase().as_str()) {
            self.at += 2;
            let token = Token::Ordinal { value: milli / 1_000, is_written: true };
            return self.push(token, from);
        }
        self.push(Token::Number { milli, digits: Some(digits) }, from);
    }

    fn is_group(&self, at: usize) -> bool {
        (at..at + 3).all(|at| self.is_digit(at)) && !self.is_digit(at + 3)
    }

    fn iso_date(&mut self, digits: &str, from: usize) -> bool {
        let part = |at: usize| -> Option<u8> {
            (self.char(at) == Some('-') && !self.is_digit(at + 3)).then_some(())?;
            let tens = self.char(at + 1)?.to_digit(10)?;
            u8::try_from(tens * 10 + self.char(at + 2)?.to_digit(10)?).ok()
        };
        if digits.len() != 4 {
            return false;
        }
        match (part(self.at), part(self.at + 3)) {
            (Some(month @ 1..=12), Some(day @ 1..=31)) => {
                self.at += 6;
                self.push(Token::IsoDate { month, day }, from);
                // "T15:30": the letter is no word.
                if matches!(self.char(self.at), Some('t' | 'T')) && self.is_digit(self.at + 1) {
                    self.at += 1;
                }
                true
            }
            _ => false,
        }
    }

    fn clock(&mut self, digits: &str, from: usize) -> bool {
        let is_clock = digits.len() <= 2
            && self.char(self.at) == Some(':')
            && self.is_digit(self.at + 1)
            && self.is_digit(self.at + 2)
            && !self.is_digit(self.at + 3);
        let digit = |at: usize| self.char(at).and_then(|c| c.to_digit(10)).unwrap_or(0) as u16;
        let minute = digit(self.at + 1) * 10 + digit(self.at + 2);
        let hour: u16 = digits.parse().unwrap_or(99);
        if !is_clock || 24 < hour || 59 < minute {
            return false;
        }
        self.at += 3;
        self.push(Token::Clock(hour * 60 + minute), from);
        // Seconds, as machines write them.
        if self.char(self.at) == Some(':')
            && self.is_digit(self.at + 1)
            && self.is_digit(self.at + 2)
        {
            self.at += 3;
        }
        true
    }

    /// Letters from `from` on; "a.m." is "am".
    fn word(&mut self, from: usize) {
        self.at = from;
        if let Some(end) = self.half_day(from) {
            let is_morning = matches!(self.char(from), Some('a' | 'A'));
            self.at = end;
            return self.push(Token::Word(if is_morning { "am" } else { "pm" }.to_owned()), from);
        }
        let mut word = String::new();
        while let Some(c) = self.char(self.at) {
            match c {
                '\'' | '\u{2019}' => (),
                c if c.is_alphabetic() => word.extend(c.to_lowercase()),
                _ => break,
            }
            self.at += 1;
        }
        self.push(Token::Word(word), from);
    }

    fn half_day(&self, from: usize) -> Option<usize> {
        let is_letter = |at: usize| self.char(at).is_some_and(char::is_alphanumeric);
        let m = |at: usize| matches!(self.char(at), Some('m' | 'M'));
        if !matches!(self.char(from), Some('a' | 'p' | 'A' | 'P')) {
            return None;
        }
        let end = match self.char(from + 1)? {
            '.' if m(from + 2) => from + 3,
            '.' if self.char(from + 2) == Some(' ') && m(from + 3) => from + 4,
            ' ' if m(from + 2) => from + 3,
            'm' | 'M' => from + 2,
            _ => return None,
        };
        let is_dotted = self.char(from + 1) == Some('.') && self.char(end) == Some('.');
        (!is_letter(end)).then_some(end + usize::from(is_dotted))
    }
}
