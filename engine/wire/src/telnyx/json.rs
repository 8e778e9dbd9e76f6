//! Writing JSON field by field: what the carrier's and our own messages are made of.

use std::borrow::Cow;

use super::payload::append_base64;

/// Appends `text` as a JSON string.
pub(super) fn append_string(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("a Vec takes all that is written");
}

/// Writes the fields of one JSON object, absent ones not at all.
pub(super) struct Writer<'o> {
    out: &'o mut Vec<u8>,
    /// What goes before the next field.
    separator: &'static str,
}

impl<'o> Writer<'o> {
    pub(super) fn message(event: &str, out: &'o mut Vec<u8>) -> Self {
        out.clear();
        out.push(b'{');
        let mut writer = Self { out, separator: "" };
        writer.text("event", Some(event));
        writer
    }

    /// An object that stands alone.
    pub(super) fn document(out: &'o mut Vec<u8>) -> Self {
        out.clear();
        out.push(b'{');
        Self { out, separator: "" }
    }

    fn key(&mut self, key: &str) {
        self.out.extend_from_slice(self.separator.as_bytes());
        self.separator = ",";
        append_string(key, self.out);
        self.out.push(b':');
    }

    pub(super) fn text(&mut self, key: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.key(key);
            append_string(text, self.out);
        }
    }

    pub(super) fn texts(&mut self, key: &str, texts: &[Cow<'_, str>]) {
        self.key(key);
        self.out.push(b'[');
        for (n, text) in texts.iter().enumerate() {
            if n != 0 {
                self.out.push(b',');
            }
            append_string(text, self.out);
        }
        self.out.push(b']');
    }

    pub(super) fn number(&mut self, key: &str, number: Option<u64>) {
        if let Some(number) = number {
            self.key(key);
            self.digits(number);
        }
    }

    pub(super) fn counter(&mut self, key: &str, number: Option<u64>) {
        if let Some(number) = number {
            self.key(key);
            self.out.push(b'"');
            self.digits(number);
            self.out.push(b'"');
        }
    }

    fn digits(&mut self, number: u64) {
        serde_json::to_writer(&mut *self.out, &number).expect("a Vec takes all that is written");
    }

    pub(super) fn base64(&mut self, key: &str, bytes: &[u8]) {
        self.key(key);
        self.out.push(b'"');
        append_base64(bytes, self.out);
        self.out.push(b'"');
    }

    pub(super) fn object(&mut self, key: &str) -> Writer<'_> {
        self.key(key);
        self.out.push(b'{');
        Writer { out: self.out, separator: "" }
    }

    pub(super) fn flag(&mut self, key: &str, flag: Option<bool>) {
        if let Some(flag) = flag {
            self.key(key);
            self.out.extend_from_slice(if flag { b"true" } else { b"false" });
        }
    }

    /// A list of objects, each written by `write`.
    pub(super) fn objects<T>(
        &mut self,
        key: &str,
        items: &[T],
        write: impl Fn(&T, &mut Writer<'_>),
    ) {
        self.key(key);
        self.out.push(b'[');
        for (n, item) in items.iter().enumerate() {
            if n != 0 {
                self.out.push(b',');
            }
            self.out.push(b'{');
            let mut object = Writer { out: &mut *self.out, separator: "" };
            write(item, &mut object);
            object.end();
        }
        self.out.push(b']');
    }

    pub(super) fn end(self) {
        self.out.push(b'}');
    }
}
