//! Percent-encoding: path segments, queries and forms.

use std::borrow::Cow;

/// Appends `text` as one path segment or one value of a query: everything but the unreserved
/// characters of RFC 3986 §2.3 is encoded.
pub(crate) fn append(text: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

/// A segment of a path as text; `None` if an escape is broken or the bytes are no UTF-8.
pub(crate) fn decode(text: &str) -> Option<Cow<'_, str>> {
    unescape(text, Plus::Literal)
}

/// The names and values of a form or query (WHATWG URL §5.1). Pairs that cannot be decoded are
/// left out.
pub(crate) fn form(text: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    text.split('&').filter(|pair| !pair.is_empty()).filter_map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Some((unescape(name, Plus::Space)?, unescape(value, Plus::Space)?))
    })
}

/// Appends one pair of a form.
pub(crate) fn append_pair(name: &str, value: &str, out: &mut String) {
    if !out.is_empty() {
        out.push('&');
    }
    append(name, out);
    out.push('=');
    append(value, out);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Plus {
    Literal,
    Space,
}

fn unescape(text: &str, plus: Plus) -> Option<Cow<'_, str>> {
    let is_special = |b: u8| b == b'%' || (b == b'+' && plus == Plus::Space);
    if !text.bytes().any(is_special) {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => {
                let (high, low) = (hex(bytes.next()?)?, hex(bytes.next()?)?);
                high << 4 | low
            }
            b'+' if plus == Plus::Space => b' ',
            other => other,
        });
    }
    String::from_utf8(out).ok().map(Cow::Owned)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_call_control_id_becomes_one_segment() {
        let mut path = String::new();
        append("v3:a/b c+é", &mut path);
        assert_eq!(path, "v3%3Aa%2Fb%20c%2B%C3%A9");
        assert_eq!(decode(&path).as_deref(), Some("v3:a/b c+é"));
        for broken in ["%", "%4", "%zz", "%ff"] {
            assert_eq!(decode(broken), None, "{broken}");
        }
    }

    #[test]
    fn forms_decode_plus_as_space_and_skip_the_undecodable() {
        let pairs: Vec<_> = form("From=%2B15550100&Name=a+b&&flag&bad=%f").collect();
        let expected = [("From", "+15550100"), ("Name", "a b"), ("flag", "")];
        let expected: Vec<_> =
            expected.into_iter().map(|(n, v)| (Cow::Borrowed(n), Cow::Borrowed(v))).collect();
        assert_eq!(pairs, expected);
    }

    proptest! {
        #[test]
        fn every_text_survives_both_ways(name in "\\PC{1,20}", value in any::<String>()) {
            let mut text = String::new();
            append_pair(&name, &value, &mut text);
            let pairs: Vec<_> = form(&text).collect();
            prop_assert_eq!(pairs, vec![(Cow::Owned(name), Cow::Owned(value))]);
        }
    }
}
