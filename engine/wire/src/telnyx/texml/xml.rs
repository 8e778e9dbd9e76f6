//! The part of XML that documents use: elements, attributes, text, the five named entities and
//! numbered ones, comments, a declaration. No document type, no namespaces, no processing.

use std::borrow::Cow;

use super::TexmlError;

/// Elements within elements at most: `Response`, `Connect`, `Stream`, `Parameter` are four.
const DEPTH_MAX: usize = 16;

/// An element with all that is in it.
#[derive(Debug, Default)]
pub(super) struct Element<'a> {
    pub(super) name: &'a str,
    pub(super) attributes: Vec<(&'a str, Cow<'a, str>)>,
    pub(super) children: Vec<Self>,
    /// All text directly in it.
    pub(super) text: String,
}

impl<'a> Element<'a> {
    pub(super) fn attribute(&mut self, name: &str) -> Option<Cow<'a, str>> {
        let found = self.attributes.iter_mut().find(|(n, _)| *n == name);
        found.map(|(_, value)| std::mem::take(value))
    }
}

/// The outermost element of `text`.
pub(super) fn parse(text: &str) -> Result<Element<'_>, TexmlError> {
    let mut parser = Parser { text, at: 0 };
    parser.skip_prolog()?;
    let element = parser.element(0)?;
    parser.skip_prolog()?;
    if parser.at == text.len() { Ok(element) } else { Err(parser.fault()) }
}

/// Appends `text` as the text of an element or the value of an attribute. Characters that XML
/// cannot hold (XML 1.0 §2.2) become spaces.
pub(super) fn append_escaped(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            // A reader makes spaces and line feeds of them otherwise.
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            c if is_allowed(c) => out.push(c),
            _ => out.push(' '),
        }
    }
}

/// Whether XML can hold `c`.
pub(super) fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn fault(&self) -> TexmlError {
        TexmlError::Malformed { at: self.at }
    }

    fn take(&mut self, token: &str) -> bool {
        let is_there = self.rest().starts_with(token);
        if is_there {
            self.at += token.len();
        }
        is_there
    }

    /// All up to `token`, which is taken too.
    fn until(&mut self, token: &str) -> Result<&'a str, TexmlError> {
        let rest = self.rest();
        let length = rest.find(token).ok_or(self.fault())?;
        self.at += length + token.len();
        Ok(&rest[..length])
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_ascii_start().len();
    }

    /// Skips what may stand outside the outermost element.
    fn skip_prolog(&mut self) -> Result<(), TexmlError> {
        loop {
            self.skip_space();
            if self.take("<?") {
                self.until("?>")?;
            } else if self.take("<!--") {
                self.until("-->")?;
            } else if !self.take("\u{feff}") {
                return Ok(());
            }
        }
    }

    fn name(&mut self) -> Result<&'a str, TexmlError> {
        let rest = self.rest();
        let is_part = |c: char| c.is_ascii_alphanumeric() || "_-.:".contains(c);
        let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        if length == 0 {
            return Err(self.fault());
        }
        self.at += length;
        Ok(&rest[..length])
    }

    fn element(&mut self, depth: usize) -> Result<Element<'a>, TexmlError> {
        if DEPTH_MAX < depth || !self.take("<") {
            return Err(self.fault());
        }
        let mut element = Element { name: self.name()?, ..Element::default() };
        loop {
            self.skip_space();
            if self.take("/>") {
                return Ok(element);
            }
            if self.take(">") {
                break;
            }
            let attribute = self.attribute()?;
            element.attributes.push(attribute);
        }
        loop {
            if self.take("</") {
                let is_same = self.name()? == element.name;
                self.skip_space();
                return if is_same && self.take(">") { Ok(element) } else { Err(self.fault()) };
            }
            if self.take("<!--") {
                self.until("-->")?;
            } else if self.take("<![CDATA[") {
                let text = self.until("]]>")?;
                element.text.push_str(text);
            } else if self.rest().starts_with('<') {
                let child = self.element(depth + 1)?;
                element.children.push(child);
            } else {
                let from = self.at;
                let rest = self.rest();
                let length = rest.find('<').ok_or(self.fault())?;
                self.at += length;
                element.text.push_str(&unescape(&rest[..length], from)?);
            }
        }
    }

    fn attribute(&mut self) -> Result<(&'a str, Cow<'a, str>), TexmlError> {
        let name = self.name()?;
        self.skip_space();
        if !self.take("=") {
            return Err(self.fault());
        }
        self.skip_space();
        let quote = if self.take("\"") {
            "\""
        } else if self.take("'") {
            "'"
        } else {
            return Err(self.fault());
        };
        let from = self.at;
        let value = self.until(quote)?;
        if value.contains('<') {
            return Err(TexmlError::Malformed { at: from });
        }
        Ok((name, unescape(value, from)?))
    }
}

/// `text`, which stands at byte `from`, without its entities.
fn unescape(text: &str, from: usize) -> Result<Cow<'_, str>, TexmlError> {
    if !text.contains('&') {
        return Ok(Cow::Borrowed(text));
    }
    let fault = TexmlError::Malformed { at: from };
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let (entity, after) = after.split_once(';').ok_or(fault)?;
        out.push(character(entity).ok_or(fault)?);
        rest = after;
    }
    out.push_str(rest);
    Ok(Cow::Owned(out))
}

fn character(entity: &str) -> Option<char> {
    match entity {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = entity.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            code.ok().and_then(char::from_u32).filter(|&c| is_allowed(c))
        }
    }
}
