//! Live calls on a terminal: one block a call, words as they come, response times.
//!
//! [`Board`] is what there is to see, [`Screen`] the terminal it is seen on. Nothing here reads keys:
//! the terminal is only drawn on, and is as it was afterwards, however the process ends.

mod board;
mod held;
mod live;
mod screen;

pub(crate) use board::{Board, Measured};
pub(crate) use held::LogWriter;
pub(crate) use live::{LiveView, restore_on_interrupt, watch_calls};
use screen::Screen;

use types::E164;

/// A number as it may be shown to whoever looks over a shoulder: its beginning and end.
pub(crate) fn masked(number: E164) -> String {
    let digits = number.to_string();
    let characters: Vec<char> = digits.chars().collect();
    let (head, tail) = (4.min(characters.len()), characters.len().saturating_sub(2));
    characters
        .iter()
        .enumerate()
        .map(|(at, c)| if at < head || tail <= at { *c } else { '•' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_number_tells_where_from_and_not_who() {
        assert_eq!(masked("+12125550199".parse().unwrap()), "+121••••••99");
    }
}
