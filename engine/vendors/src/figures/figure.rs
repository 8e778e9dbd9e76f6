//! Kinds of figures.

use std::ops::Range;

/// Where a figure stands in its text, in bytes.
pub type Span = Range<usize>;

/// A figure, free of how it is said.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Figure {
    /// An amount, in hundredths of its currency.
    Money(u64),
    /// A time of day.
    Time {
        /// Minutes since midnight; below 720 if the half of the day is not said.
        minutes: u16,
        /// Whether it is.
        half: Half,
    },
    /// A span of time, in minutes.
    Duration(u64),
    /// A day.
    Date {
        /// 1 to 12, if said.
        month: Option<u8>,
        /// 1 to 31.
        day: u8,
        /// 0 is Monday, if said beside it.
        weekday: Option<u8>,
    },
    /// Digits one by one: a telephone number, a code.
    Digits(String),
    /// A share, in thousandths of a percent.
    Percent(u64),
    /// A number of nothing in particular, in thousandths.
    Number(u64),
}

/// Whether a time says which half of the day it lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Half {
    /// It does.
    Said,
    /// "At nine": either.
    Open,
}

impl Figure {
    /// Whether saying one is the same as saying the other, in all that both say.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Time { minutes: a, half: x }, Self::Time { minutes: b, half: y }) => {
                // 24:00 is midnight.
                a % 1_440 == b % 1_440 || (*x, *y) != (Half::Said, Half::Said) && a % 720 == b % 720
            }
            (Self::Date { month: a, day: x, .. }, Self::Date { month: b, day: y, .. }) => {
                x == y && a.zip(*b).is_none_or(|(a, b)| a == b)
            }
            (Self::Digits(a), Self::Digits(b)) => {
                b.contains(a.as_str()) || DIGITS_TAIL_MIN <= b.len() && a.ends_with(b.as_str())
            }
            (a, b) => a == b,
        }
    }

    /// The plain numbers that a figure of some kind may be repeated as ("thirty", of thirty
    /// dollars), in thousandths.
    pub(super) fn numbers(&self) -> Vec<u64> {
        match self {
            Self::Money(minor) => vec![minor * 10, minor / 100 * 1_000, minor % 100 * 1_000],
            Self::Time { minutes, .. } => {
                let (hour, minute) = (u64::from(minutes / 60), u64::from(minutes % 60));
                vec![hour * 1_000, minute * 1_000]
            }
            Self::Duration(minutes) => {
                let units = [1, 60, 1_440, 10_080];
                units
                    .iter()
                    .filter(|unit| minutes % *unit == 0)
                    .map(|unit| minutes / unit * 1_000)
                    .collect()
            }
            Self::Date { day, .. } => vec![u64::from(*day) * 1_000],
            Self::Digits(digits) => {
                digits.parse().into_iter().map(|n: u32| u64::from(n) * 1_000).collect()
            }
            Self::Percent(share) => vec![*share],
            Self::Number(number) => vec![*number],
        }
    }
}

/// The country's code may be left out of a number, and little else.
const DIGITS_TAIL_MIN: usize = 7;
