//! Writing SVG: elements with escaped text and short numbers.

use std::fmt::{self, Write};

/// An SVG document as it grows.
#[derive(Debug, Default)]
pub(super) struct Svg {
    out: String,
}

/// Where a text is anchored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
}

/// A number with at most one decimal.
pub(super) struct Short(pub(super) f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (self.0 * 10.0).round() as i64;
        if tenths % 10 == 0 {
            write!(f, "{}", tenths / 10)
        } else {
            let sign = if tenths < 0 { "-" } else { "" };
            write!(f, "{sign}{}.{}", tenths.abs() / 10, tenths.abs() % 10)
        }
    }
}

impl Svg {
    /// Appends markup as it is.
    pub(super) fn raw(&mut self, markup: &str) {
        self.out.push_str(markup);
    }

    /// A rectangle with rounded corners.
    pub(super) fn rect(&mut self, at: (f64, f64), size: (f64, f64), radius: f64, class: &str) {
        let ((x, y), (w, h)) = (at, size);
        self.write(format_args!(
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"{}\" class=\"{class}\"/>\n",
            Short(x),
            Short(y),
            Short(w.max(0.0)),
            Short(h),
            Short(radius)
        ));
    }

    /// A line.
    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        self.write(format_args!(
            "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" class=\"{class}\"/>\n",
            Short(from.0),
            Short(from.1),
            Short(to.0),
            Short(to.1)
        ));
    }

    /// A dot.
    pub(super) fn circle(&mut self, at: (f64, f64), radius: f64, class: &str) {
        let (x, y, radius) = (Short(at.0), Short(at.1), Short(radius));
        self.write(format_args!(
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" class=\"{class}\"/>\n"
        ));
    }

    /// A path from ready-made commands.
    pub(super) fn path(&mut self, commands: &str, class: &str) {
        self.write(format_args!("<path d=\"{commands}\" class=\"{class}\"/>\n"));
    }

    /// A line of text; `at` is its baseline.
    pub(super) fn text(&mut self, at: (f64, f64), anchor: Anchor, class: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
        };
        let (x, y) = (Short(at.0), Short(at.1));
        self.write(format_args!("<text x=\"{x}\" y=\"{y}\"{anchor} class=\"{class}\">"));
        self.escape(text);
        self.out.push_str("</text>\n");
    }

    /// A tooltip for the element that is open.
    pub(super) fn title(&mut self, text: &str) {
        self.out.push_str("<title>");
        self.escape(text);
        self.out.push_str("</title>\n");
    }

    /// The document.
    pub(super) fn into_text(self) -> String {
        self.out
    }

    fn escape(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '"' => self.out.push_str("&quot;"),
                // XML 1.0 §2.2 knows no other control characters, not even escaped.
                '\t' | '\n' | '\r' => self.out.push(' '),
                c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => (),
                c => self.out.push(c),
            }
        }
    }

    fn write(&mut self, what: fmt::Arguments<'_>) {
        self.out.write_fmt(what).expect("a String takes all that is written");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_break_out_of_its_element() {
        let mut svg = Svg::default();
        svg.text((1.0, 2.25), Anchor::Start, "c", "</text><script>\"&\u{0}\n");
        assert_eq!(
            svg.into_text(),
            "<text x=\"1\" y=\"2.3\" class=\"c\">&lt;/text&gt;&lt;script&gt;&quot;&amp; </text>\n"
        );
    }

    #[test]
    fn numbers_are_short() {
        let short = |n| Short(n).to_string();
        assert_eq!(["0", "-0.3", "12.5", "1000"], [0.04, -0.26, 12.46, 999.99].map(short)[..]);
    }
}
