//! The figures in what a model is about to say, and whether it may say them.
//!
//! A model invents prices as fluently as it reads them. So every price, time, date, duration,
//! telephone number and share in its words is read ([`figures_in`]) and must stand, as the same kind
//! of figure, in the facts, in what the caller or a tool said, or in what code has computed for it
//! ([`Grounds`]). What stands nowhere is not spoken. Words that hold no figure are not judged.

mod figure;
mod grounds;
mod lexer;
mod numerals;
mod reader;
#[cfg(test)]
mod tests;

pub use figure::{Figure, Half, Span};
pub use grounds::{Grounds, Judgement, Source};
pub use lexer::is_number_word;
pub use reader::figures_in;

/// Reads any bytes as words with figures: no panic, and every figure stands where it says.
///
/// # Panics
/// If one does not.
pub fn fuzz_figures(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for (_, span) in figures_in(&text) {
        assert!(span.start < span.end && span.end <= text.len(), "a figure stands somewhere");
        assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end), "whole");
    }
}
