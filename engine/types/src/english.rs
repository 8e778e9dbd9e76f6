//! The English words of numbers and dates: whoever speaks them and whoever reads them must agree.
//!
//! Reading whole numbers out of a sentence differs by what the sentence is for (a caller's telephone
//! number, a judged transcript, a checked figure) and stays with each reader; the words do not.

/// Zero to nineteen: the place is the value.
pub const UNITS: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];

/// Twenty to ninety: the value is twenty and ten for each place.
pub const TENS: [&str; 8] =
    ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

/// The places of a row, and the days of a month that are one word: first to twentieth, thirtieth.
const ORDINALS: [(&str, u8); 21] = [
    ("first", 1),
    ("second", 2),
    ("third", 3),
    ("fourth", 4),
    ("fifth", 5),
    ("sixth", 6),
    ("seventh", 7),
    ("eighth", 8),
    ("ninth", 9),
    ("tenth", 10),
    ("eleventh", 11),
    ("twelfth", 12),
    ("thirteenth", 13),
    ("fourteenth", 14),
    ("fifteenth", 15),
    ("sixteenth", 16),
    ("seventeenth", 17),
    ("eighteenth", 18),
    ("nineteenth", 19),
    ("twentieth", 20),
    ("thirtieth", 30),
];

/// The months' names, January first.
pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The days' names, Monday first.
pub const WEEKDAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// "zero" to "nineteen".
#[must_use]
pub fn unit(word: &str) -> Option<u8> {
    place(&UNITS, word)
}

/// "twenty" to "ninety".
#[must_use]
pub fn tens(word: &str) -> Option<u8> {
    place(&TENS, word).map(|place| 20 + 10 * place)
}

/// A number that is one word, without hundreds and more: "seven", "forty".
#[must_use]
pub fn cardinal(word: &str) -> Option<u8> {
    unit(word).or_else(|| tens(word))
}

/// A place in a row that is one word: "first", "twentieth", "thirtieth".
#[must_use]
pub fn ordinal(word: &str) -> Option<u8> {
    ORDINALS.iter().find(|(known, _)| *known == word).map(|(_, value)| *value)
}

/// The month with this name in whatever case, from 1 for January.
#[must_use]
pub fn month(word: &str) -> Option<u8> {
    let at = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(word))?;
    u8::try_from(at + 1).ok()
}

/// The day with this name in whatever case, from 0 for Monday.
#[must_use]
pub fn weekday(word: &str) -> Option<u8> {
    let at = WEEKDAYS.iter().position(|name| name.eq_ignore_ascii_case(word))?;
    u8::try_from(at).ok()
}

fn place(table: &[&str], word: &str) -> Option<u8> {
    u8::try_from(table.iter().position(|known| *known == word)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_their_values() {
        for (word, value) in [("zero", 0), ("nine", 9), ("nineteen", 19), ("twenty", 20)] {
            assert_eq!(cardinal(word), Some(value), "{word}");
        }
        assert_eq!((unit("twenty"), tens("ninety"), tens("nine")), (None, Some(90), None));
        for (word, value) in [("first", 1), ("twelfth", 12), ("twentieth", 20), ("thirtieth", 30)] {
            assert_eq!(ordinal(word), Some(value), "{word}");
        }
        assert_eq!((ordinal("zeroth"), cardinal("hundred"), cardinal("Nine")), (None, None, None));
        assert_eq!((month("January"), month("december"), month("dec")), (Some(1), Some(12), None));
        assert_eq!(
            (weekday("monday"), weekday("Sunday"), weekday("mon")),
            (Some(0), Some(6), None)
        );
    }
}
