//! A file as a tree whose values know their place and path, and which collects its mistakes.
//!
//! Serde would stop at the first mistake; a reader of this tree reports one and reads on. Whatever
//! a getter returns as absent has either been left out, which is fine, or has been reported.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::{Range, RangeInclusive};
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeArray, DeInteger, DeTable, DeValue};

use crate::mistake::{Mistake, Place, listed, nearest, quoted};

/// Mistakes reported per file; the rest is counted. A file with more is not of this kind at all.
pub const MISTAKES_MAX: usize = 200;

/// Where the mistakes of one file gather.
pub(crate) struct Report<'a> {
    file: &'a str,
    text: &'a str,
    /// Where the syntax is first wrong: from there on the tree is a guess, and so is, everywhere,
    /// that something is absent.
    broken_at: Option<usize>,
    line_starts: Vec<usize>,
    found: RefCell<Found>,
}

#[derive(Default)]
struct Found {
    mistakes: Vec<Mistake>,
    /// What came after [`MISTAKES_MAX`].
    more: usize,
}

impl<'a> Report<'a> {
    /// The report on `file`, begun with the parser's `errors`: one per line, the first.
    pub(crate) fn new(file: &'a str, text: &'a str, errors: &[toml::de::Error]) -> Self {
        let starts = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        // A byte order mark is no column.
        let first = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let line_starts = std::iter::once(first).chain(starts.map(|(at, _)| at + 1)).collect();
        let mut report =
            Self { file, text, broken_at: None, line_starts, found: RefCell::default() };
        let mut lines = BTreeSet::new();
        let mut list_is_open = false;
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            let line = report.line_index(span.start);
            // An unclosed list swallows the lines that follow, each with the same complaint.
            let swallowed = error.message().starts_with("missing comma");
            if !lines.insert(line) || (list_is_open && swallowed) {
                continue;
            }
            list_is_open = swallowed;
            // The one mistake of syntax that leaves no doubt about the rest of the tree.
            let (what, hint) = if error.message() == "duplicate key" {
                let key = quoted(text.get(span.clone()).unwrap_or_default());
                (format!("has the key {key} twice"), Some("keep one".to_owned()))
            } else {
                let start = report.line_starts[line];
                report.broken_at = Some(report.broken_at.map_or(start, |at| at.min(start)));
                let what = error.message().trim().replace('\n', ", ");
                (format!("is no TOML: {what}"), None)
            };
            report.add(span.start, String::new(), what, hint);
        }
        report
    }

    /// Whether there is any mistake so far.
    pub(crate) fn is_clean(&self) -> bool {
        self.found.borrow().mistakes.is_empty()
    }

    /// All mistakes, by place.
    pub(crate) fn into_mistakes(self) -> Vec<Mistake> {
        let Found { mut mistakes, more } = self.found.into_inner();
        mistakes.sort();
        if 0 < more {
            mistakes.push(Mistake {
                file: self.file.to_owned(),
                line: self.line_starts.len() as u32,
                column: 1,
                field: String::new(),
                what: format!("has {more} more mistakes"),
                hint: None,
            });
        }
        mistakes
    }

    /// Line and column of the byte at `at`.
    fn place(&self, at: usize) -> Place {
        let line = self.line_index(at);
        let start = self.line_starts[line];
        let end = at.min(self.text.len());
        let before = self.text.as_bytes().get(start..end).unwrap_or_default();
        // Characters, not bytes: what continues a character does not count.
        let column = before.iter().filter(|byte| (**byte as i8) >= -0x40).count();
        Place { line: line as u32 + 1, column: column as u32 + 1 }
    }

    fn line_index(&self, at: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= at).saturating_sub(1)
    }

    /// A mistake in what is written at `span`.
    fn wrong(&self, span: Range<usize>, field: String, what: String, hint: Option<String>) {
        if self.broken_at.is_none_or(|broken| span.end <= broken) {
            self.add(span.start, field, what, hint);
        }
    }

    /// Something that should be there and is not; `at` is where it was looked for.
    fn absent(&self, at: usize, field: String, what: String, hint: Option<String>) {
        if self.broken_at.is_none() {
            self.add(at, field, what, hint);
        }
    }

    fn add(&self, at: usize, field: String, what: String, hint: Option<String>) {
        let mut found = self.found.borrow_mut();
        if found.mistakes.len() < MISTAKES_MAX {
            let Place { line, column } = self.place(at);
            let file = self.file.to_owned();
            found.mistakes.push(Mistake { file, line, column, field, what, hint });
        } else {
            found.more += 1;
        }
    }
}

/// The way from the root to a value; rendered only for a mistake.
#[derive(Clone, Copy)]
struct Trail<'t> {
    parent: Option<&'t Self>,
    step: Step<'t>,
}

#[derive(Clone, Copy)]
enum Step<'t> {
    Root,
    Key(&'t str),
    Index(usize),
}

impl fmt::Display for Trail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.step {
            Step::Root => Ok(()),
            Step::Key(key) => {
                if self.parent.is_some_and(|parent| !matches!(parent.step, Step::Root)) {
                    f.write_str(".")?;
                }
                f.write_str(key)
            }
            Step::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// A table that remembers which keys were asked for: every other one is unknown.
pub(crate) struct Table<'t> {
    table: &'t DeTable<'t>,
    at: usize,
    trail: Trail<'t>,
    report: &'t Report<'t>,
    asked: RefCell<Vec<&'static str>>,
}

impl<'t> Table<'t> {
    /// The whole file.
    pub(crate) fn root(root: &'t Spanned<DeTable<'t>>, report: &'t Report<'t>) -> Self {
        let trail = Trail { parent: None, step: Step::Root };
        Self { table: root.get_ref(), at: 0, trail, report, asked: RefCell::default() }
    }

    /// The value of `key`, if it is there.
    pub(crate) fn find(&self, key: &'static str) -> Option<Node<'_>> {
        let mut asked = self.asked.borrow_mut();
        if !asked.contains(&key) {
            asked.push(key);
        }
        let (key, value) = self.table.get_key_value(key)?;
        let trail = Trail { parent: Some(&self.trail), step: Step::Key(key.get_ref()) };
        Some(Node { value, key_at: key.span().start, trail, report: self.report })
    }

    /// The value of `key`; a mistake with `hint` if it is not there.
    pub(crate) fn need(&self, key: &'static str, hint: &str) -> Option<Node<'_>> {
        let node = self.find(key);
        if node.is_none() {
            let trail = Trail { parent: Some(&self.trail), step: Step::Key(key) };
            let hint = Some(hint.to_owned()).filter(|hint| !hint.is_empty());
            self.report.absent(self.at, trail.to_string(), "is missing".to_owned(), hint);
        }
        node
    }

    /// Reports every key that nobody has asked for. Comes last.
    pub(crate) fn close(&self) {
        let asked = self.asked.borrow();
        for (key, _) in self.table.iter() {
            let name: &str = key.get_ref();
            if asked.contains(&name) {
                continue;
            }
            let trail = Trail { parent: Some(&self.trail), step: Step::Key(name) };
            let hint = match nearest(name, asked.iter().copied()) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("known here: {}", listed(asked.iter().copied())),
            };
            let field = quoted(&trail.to_string());
            let field = field.trim_matches('"').to_owned();
            let what = "is no key we know".to_owned();
            self.report.wrong(key.span(), field, what, Some(hint));
        }
    }
}

/// A list of values.
pub(crate) struct List<'t> {
    items: &'t DeArray<'t>,
    trail: Trail<'t>,
    report: &'t Report<'t>,
}

impl List<'_> {
    /// The values in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Node<'_>> {
        self.items.iter().enumerate().map(|(index, value)| {
            let trail = Trail { parent: Some(&self.trail), step: Step::Index(index) };
            Node { value, key_at: value.span().start, trail, report: self.report }
        })
    }
}

/// One value in its place.
#[derive(Clone, Copy)]
pub(crate) struct Node<'t> {
    value: &'t Spanned<DeValue<'t>>,
    key_at: usize,
    trail: Trail<'t>,
    report: &'t Report<'t>,
}

impl<'t> Node<'t> {
    /// A mistake in this value.
    pub(crate) fn mistake(&self, what: impl Into<String>, hint: impl Into<String>) {
        let hint = Some(hint.into()).filter(|hint| !hint.is_empty());
        self.report.wrong(self.value.span(), self.field(), what.into(), hint);
    }

    /// A mistake in this value that rests on something being absent elsewhere.
    pub(crate) fn unmatched(&self, what: impl Into<String>, hint: impl Into<String>) {
        let hint = Some(hint.into()).filter(|hint| !hint.is_empty());
        self.report.absent(self.value.span().start, self.field(), what.into(), hint);
    }

    /// The path of this value.
    pub(crate) fn field(&self) -> String {
        self.trail.to_string()
    }

    /// Where this value stands.
    pub(crate) fn place(&self) -> Place {
        self.report.place(self.value.span().start)
    }

    /// The table this value is.
    pub(crate) fn table(&self) -> Option<Table<'t>> {
        let DeValue::Table(table) = self.value.get_ref() else {
            return self.not("a table");
        };
        let (trail, report) = (self.trail, self.report);
        let span = self.value.span();
        // A table that only its subtables' headers imply has no place of its own but its key's.
        let at = if span.is_empty() { self.key_at } else { span.start };
        Some(Table { table, at, trail, report, asked: RefCell::default() })
    }

    /// Whether this value is a table, where it may be something else as well.
    pub(crate) fn is_table(&self) -> bool {
        self.value.get_ref().is_table()
    }

    /// The list this value is, of at most `len_max` items.
    pub(crate) fn list(&self, len_max: usize) -> Option<List<'t>> {
        let DeValue::Array(items) = self.value.get_ref() else {
            return self.not(LIST);
        };
        if len_max < items.len() {
            self.mistake(format!("has {} entries: at most {len_max} fit", items.len()), "");
            return None;
        }
        Some(List { items, trail: self.trail, report: self.report })
    }

    /// The list this value is, if it is one: for a second look at what another reader checks.
    pub(crate) fn as_list(&self) -> Option<List<'t>> {
        let items = self.value.get_ref().as_array()?;
        Some(List { items, trail: self.trail, report: self.report })
    }

    /// The text this value is, as written.
    pub(crate) fn text(&self) -> Option<&'t str> {
        match self.value.get_ref().as_str() {
            Some(text) => Some(text),
            None => self.not(TEXT),
        }
    }

    /// The text this value is, if it is one: for a second look at what another reader checks.
    pub(crate) fn as_text(&self) -> Option<&'t str> {
        self.value.get_ref().as_str()
    }

    /// The digits this value is, if it is a number where text should be.
    pub(crate) fn as_digits(&self) -> Option<&'t str> {
        self.value.get_ref().as_integer().map(DeInteger::as_str)
    }

    /// Text to be spoken: not empty, at most `chars_max` characters, white space evened out.
    pub(crate) fn words(&self, chars_max: usize) -> Option<String> {
        let text = self.text()?;
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let chars = words.chars().count();
        if words.is_empty() {
            self.mistake("is empty", "");
        } else if chars_max < chars {
            self.mistake(format!("has {chars} characters: at most {chars_max} fit"), "");
        } else if words.chars().any(char::is_control) {
            self.mistake("holds control characters, which nobody can speak", "");
        } else {
            return Some(words);
        }
        None
    }

    /// A list of texts to be spoken.
    pub(crate) fn phrases(&self, len_max: usize, chars_max: usize) -> Vec<String> {
        let Some(list) = self.list(len_max) else {
            return Vec::new();
        };
        list.iter().filter_map(|item| item.words(chars_max)).collect()
    }

    /// The whole number this value is, within `range`, counted in `unit`.
    pub(crate) fn number(&self, range: RangeInclusive<u32>, unit: &str) -> Option<u32> {
        let Some(integer) = self.value.get_ref().as_integer() else {
            return self.not(NUMBER);
        };
        let number = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
        let number = number.and_then(|number| u32::try_from(number).ok());
        match number.filter(|number| range.contains(number)) {
            Some(number) => Some(number),
            None => {
                let (low, high) = range.into_inner();
                let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
                let what = format!("is {integer}: must lie between {low} and {high}{unit}");
                self.mistake(what, "");
                None
            }
        }
    }

    /// The yes or no this value is.
    pub(crate) fn truth(&self) -> Option<bool> {
        match self.value.get_ref().as_bool() {
            Some(truth) => Some(truth),
            None => self.not(TRUTH),
        }
    }

    /// The text of a date: a TOML date, or text.
    pub(crate) fn date_text(&self) -> Option<String> {
        match self.value.get_ref().as_datetime() {
            Some(datetime) => Some(datetime.to_string()),
            None => match self.value.get_ref().as_str() {
                Some(text) => Some(text.to_owned()),
                None => self.not("a date, \"2026-12-25\""),
            },
        }
    }

    /// The one of `choices` this value names.
    pub(crate) fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text()?;
        if let Some((_, value)) = choices.iter().find(|(name, _)| *name == text) {
            return Some(*value);
        }
        let names = || choices.iter().map(|(name, _)| *name);
        let hint = match nearest(text, names()) {
            Some(near) => format!("did you mean {near:?}?"),
            None => String::new(),
        };
        self.mistake(format!("is {}: must be {}", quoted(text), listed(names())), hint);
        None
    }

    /// What this value's text says, where the type's own error is the mistake.
    pub(crate) fn parsed<T: FromStr<Err: fmt::Display>>(&self) -> Option<T> {
        let text = self.text()?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.mistake(format!("{} {error}", quoted(text)), "");
                None
            }
        }
    }

    /// Says that this value is of another kind than `wanted`, and how to write it if that is plain.
    fn not<T>(&self, wanted: &str) -> Option<T> {
        let (found, hint) = match self.value.get_ref() {
            DeValue::String(text) => {
                let bare = match wanted {
                    TRUTH => text == "true" || text == "false",
                    NUMBER => text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty(),
                    _ => false,
                };
                let hint = match wanted {
                    LIST => format!("write [{}]", quoted(text)),
                    _ if bare => format!("write {text} without quotes"),
                    _ => String::new(),
                };
                ("text", hint)
            }
            DeValue::Integer(number) => ("a whole number", in_quotes(wanted, number)),
            DeValue::Float(number) => ("a number with decimals", in_quotes(wanted, number)),
            DeValue::Boolean(true) => ("true", String::new()),
            DeValue::Boolean(false) => ("false", String::new()),
            DeValue::Datetime(_) => ("a date or a time", String::new()),
            DeValue::Array(_) => ("a list", String::new()),
            DeValue::Table(_) => ("a table", String::new()),
        };
        self.mistake(format!("is {found}: must be {wanted}"), hint);
        None
    }
}

fn in_quotes(wanted: &str, number: impl fmt::Display) -> String {
    if wanted == TEXT { format!("write \"{number}\"") } else { String::new() }
}

const LIST: &str = "a list in [ ]";
const NUMBER: &str = "a whole number";
const TEXT: &str = "text in quotes";
const TRUTH: &str = "true or false";
