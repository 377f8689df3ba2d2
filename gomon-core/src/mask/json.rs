//! JSON, masked while it is read.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde_json::Number;

use super::{Detectors, NameMask, REDACTED, url};

/// A JSON text with the values of secret fields masked, whatever kind they are, and without white
/// space; `None` if it is not one whole value, at most 127 levels deep. [`JsonMasker`] takes what
/// is not.
///
/// ```
/// use gomon_core::mask::{NameMask, json};
///
/// let masked = json(br#"{"user": "joe", "password": ["a", 1]}"#, &NameMask::default());
/// assert_eq!(masked.as_deref(), Some(r#"{"user":"joe","password":"[redacted]"}"#));
/// ```
#[must_use]
pub fn json(body: &[u8], names: &NameMask) -> Option<String> {
    let mut masker = JsonMasker::new(names, usize::MAX);
    masker.push(body);
    let masked = masker.finish();
    (masked.ending() == JsonEnding::Whole).then(|| masked.into_text())
}

/// Whether a text begins like a JSON object, or like an array and not like the line of a log
/// (`[info] …`).
///
/// ```
/// use gomon_core::mask::looks_like_json;
///
/// assert!(looks_like_json(b" {\"a\"") && looks_like_json(b"[1"));
/// assert!(!looks_like_json(b"[info] started") && !looks_like_json(b"text"));
/// ```
#[must_use]
pub fn looks_like_json(text: &[u8]) -> bool {
    let mut bytes = text.iter().filter(|byte| !byte.is_ascii_whitespace());
    match bytes.next() {
        Some(b'{') => true,
        Some(b'[') => matches!(
            bytes.next(),
            None | Some(b'{' | b'[' | b']' | b'"' | b'-' | b'0'..=b'9')
        ),
        _ => false,
    }
}

/// Masks a JSON text that comes in pieces, which may break off anywhere.
///
/// The value of a secret name becomes `"[redacted]"` with its first byte. A key, number or literal
/// is written once it is whole; a string too, and URLs in it are masked. Of a string that is cut
/// the words are written that no longer string could turn into a part of a URL: those before the
/// first `:`, `/`, `?`, `#`, `@`, `;`, `&`, `=` and `\`, but for the one that is cut. What follows the
/// first error is left out. So whatever breaks off where, nothing of a secret value is written, and
/// what is written is the beginning of a JSON text that masking does not change.
///
/// It holds the text that it has written and a few words more, and looks at each byte once.
///
/// ```
/// use gomon_core::mask::{JsonEnding, JsonMasker, NameMask};
///
/// let names = NameMask::default();
/// let mut masker = JsonMasker::new(&names, 1024);
/// masker.push(br#"{"user": "joe", "pass"#);
/// masker.push(br#"word": "op"#);
/// let masked = masker.finish();
/// assert_eq!(masked.text(), r#"{"user":"joe","password":"[redacted]""#);
/// assert_eq!(masked.ending(), JsonEnding::Cut);
/// ```
#[derive(Clone, Debug)]
pub struct JsonMasker<'a> {
    names: &'a NameMask,
    detectors: Detectors,
    limit: usize,
    out: Vec<u8>,
    /// What is written from here on is not decided yet: the last token.
    held: usize,
    state: State,
    /// The objects and arrays around, the innermost in the lowest bit, which is set for an object.
    open: u128,
    depth: u32,
    /// The depth of the secret value that is being passed over.
    hidden: Option<u32>,
    /// The value of the last key is secret.
    secret: bool,
    read: u64,
    told: u64,
}

impl<'a> JsonMasker<'a> {
    /// A masker that hides the values of these names, and writes at most `limit` bytes.
    #[must_use]
    pub fn new(names: &'a NameMask, limit: usize) -> Self {
        Self {
            names,
            detectors: Detectors::none(),
            limit,
            out: Vec::new(),
            held: 0,
            state: State::Value,
            open: 0,
            depth: 0,
            hidden: None,
            secret: false,
            read: 0,
            told: 0,
        }
    }

    /// Also masks what these find in strings, keys and numbers. Default: none.
    #[must_use]
    pub const fn with_detectors(mut self, detectors: Detectors) -> Self {
        self.detectors = detectors;
        self
    }

    /// Takes the next piece, of any size.
    pub fn push(&mut self, piece: &[u8]) {
        for byte in piece {
            if let State::Over(_) = self.state {
                return;
            }
            self.read += 1;
            self.step(*byte);
            if self.hidden.is_some() {
                self.told = self.read;
            }
        }
    }

    /// Whether more makes no difference: it is full, or there was an error.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over(_))
    }

    /// Ends the text here.
    #[must_use]
    pub fn finish(mut self) -> MaskedJson {
        match self.state {
            // Only the end shows that a number without anything round it is whole.
            State::Scalar if self.depth == 0 => self.end_scalar(),
            State::String(Role::Value, _) => self.cut_string(),
            _ => {}
        }
        if self.state == State::After && self.depth == 0 {
            self.settle();
        }
        let ending = match self.state {
            State::Over(ending) => ending,
            State::After if self.depth == 0 => JsonEnding::Whole,
            _ => JsonEnding::Cut,
        };
        self.out.truncate(self.held);
        // All of it was read as UTF-8.
        let text = String::from_utf8(self.out).unwrap_or_default();
        MaskedJson {
            text,
            told: self.told,
            ending,
        }
    }

    fn step(&mut self, byte: u8) {
        match self.state {
            State::String(role, escape) => self.step_in_string(role, escape, byte),
            State::Scalar if is_of_scalar(byte) => self.keep(byte),
            State::Scalar => {
                self.end_scalar();
                if !self.is_over() {
                    self.step(byte);
                }
            }
            _ if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') => {}
            State::FirstKey | State::Key if byte == b'"' => self.begin_string(Role::Key),
            State::Colon if byte == b':' => {
                self.state = State::Value;
                self.write(b":");
                self.settle();
            }
            State::Value | State::FirstItem if begins_value(byte) => self.begin_value(byte),
            State::FirstKey if byte == b'}' => self.close(byte),
            State::FirstItem if byte == b']' => self.close(byte),
            State::After if self.depth > 0 && byte == self.closer() => self.close(byte),
            State::After if self.depth > 0 && byte == b',' => {
                self.state = if self.in_object() {
                    State::Key
                } else {
                    State::Value
                };
                self.write(b",");
                self.settle();
            }
            _ => self.end(JsonEnding::Invalid),
        }
    }

    fn step_in_string(&mut self, role: Role, escape: Escape, byte: u8) {
        if byte < b' ' {
            return self.end(JsonEnding::Invalid);
        }
        self.keep(byte);
        if self.is_over() {
            return;
        }
        match (escape, byte) {
            (Escape::Open, _) => self.state = State::String(role, Escape::None),
            (Escape::None, b'\\') => self.state = State::String(role, Escape::Open),
            (Escape::None, b'"') => self.end_string(role),
            (Escape::None, _) => {}
        }
    }

    fn begin_value(&mut self, byte: u8) {
        if std::mem::take(&mut self.secret) {
            self.write(MASKED);
            self.settle();
            if self.is_over() {
                return;
            }
            self.hidden = Some(self.depth);
        }
        match byte {
            b'"' => self.begin_string(Role::Value),
            b'{' | b'[' if self.depth == DEEPEST => self.end(JsonEnding::Deep),
            b'{' | b'[' => {
                self.write(&[byte]);
                self.settle();
                if self.is_over() {
                    return;
                }
                self.depth += 1;
                self.open = self.open << 1 | u128::from(byte == b'{');
                self.state = match byte {
                    b'{' => State::FirstKey,
                    _ => State::FirstItem,
                };
            }
            _ => {
                self.state = State::Scalar;
                self.keep(byte);
            }
        }
    }

    fn begin_string(&mut self, role: Role) {
        self.state = State::String(role, Escape::None);
        self.keep(b'"');
    }

    fn end_string(&mut self, role: Role) {
        if self.hidden.is_none() {
            let raw = self.out.get(self.held..).unwrap_or_default();
            let Some(text) = decoded(raw) else {
                return self.end(JsonEnding::Invalid);
            };
            let without_urls = match role {
                Role::Key => Cow::Borrowed(&*text),
                Role::Value => masked_text(&text, self.names),
            };
            self.secret = role == Role::Key && self.names.hides(&text);
            let masked = self.detectors.mask(&without_urls);
            if masked != text {
                let masked = quoted(&masked);
                self.replace(masked.as_bytes());
            }
        }
        match role {
            Role::Key if !self.is_over() => {
                self.settle();
                self.state = State::Colon;
            }
            Role::Key => {}
            Role::Value => {
                self.settle();
                self.end_value();
            }
        }
    }

    fn end_scalar(&mut self) {
        let raw = self.out.get(self.held..).unwrap_or_default();
        let known = matches!(raw, b"true" | b"false" | b"null")
            || serde_json::from_slice::<Number>(raw).is_ok();
        if known && str::from_utf8(raw).is_ok_and(|raw| self.finds(raw)) {
            self.replace(MASKED);
        }
        if known || self.hidden.is_some() {
            // The comma or end that follows settles it: without one, the rest may have been cut off.
            self.end_value();
        } else {
            self.end(JsonEnding::Invalid);
        }
    }

    fn close(&mut self, byte: u8) {
        self.write(&[byte]);
        self.settle();
        self.depth -= 1;
        self.open >>= 1;
        self.end_value();
    }

    fn end_value(&mut self) {
        if self.is_over() {
            return;
        }
        self.state = State::After;
        if self.hidden == Some(self.depth) {
            self.hidden = None;
        }
    }

    fn in_object(&self) -> bool {
        self.open & 1 == 1
    }

    fn closer(&self) -> u8 {
        if self.in_object() { b'}' } else { b']' }
    }

    /// Writes what belongs to a token, or nothing while a secret is passed over.
    fn write(&mut self, bytes: &[u8]) {
        if self.hidden.is_some() || self.is_over() {
            return;
        }
        if self.out.len() + bytes.len() > self.limit {
            return self.end(JsonEnding::Full);
        }
        self.out.extend_from_slice(bytes);
    }

    /// The same for a byte of a token that may be cut.
    fn keep(&mut self, byte: u8) {
        if self.hidden.is_none()
            && self.out.len() == self.limit
            && matches!(self.state, State::String(Role::Value, _))
        {
            self.cut_string();
        }
        self.write(&[byte]);
    }

    /// Writes something else for the token.
    fn replace(&mut self, bytes: &[u8]) {
        self.out.truncate(self.held);
        self.write(bytes);
    }

    fn finds(&self, text: &str) -> bool {
        matches!(self.detectors.mask(text), Cow::Owned(_))
    }

    /// What was written is decided.
    fn settle(&mut self) {
        if self.is_over() {
            return;
        }
        self.held = self.out.len();
        self.told = self.read;
    }

    /// Decides how much of a string is written that does not end.
    fn cut_string(&mut self) {
        let raw = self.out.get(self.held + 1..).unwrap_or_default();
        let shown = shown_of_cut(raw, self.detectors);
        if self.hidden.is_none() && shown > 0 {
            self.held = self.held + 1 + shown;
            self.told = self.read - (raw.len() - shown) as u64;
        }
    }

    fn end(&mut self, ending: JsonEnding) {
        self.out.truncate(self.held);
        self.state = State::Over(ending);
    }
}

/// What a [`JsonMasker`] wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskedJson {
    text: String,
    told: u64,
    ending: JsonEnding,
}

impl MaskedJson {
    /// The masked text; the beginning of it, where it is not whole.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The same by value.
    #[must_use]
    pub fn into_text(self) -> String {
        self.text
    }

    /// Bytes of what was read that the text tells of, be it masked; the others were left out.
    #[must_use]
    pub const fn told_bytes(&self) -> u64 {
        self.told
    }

    /// Why the text ends where it does.
    #[must_use]
    pub const fn ending(&self) -> JsonEnding {
        self.ending
    }
}

/// Why a [`MaskedJson`] ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JsonEnding {
    /// It is one value from beginning to end.
    Whole,
    /// More was to come.
    Cut,
    /// What follows is no JSON.
    Invalid,
    /// What follows is deeper than 127 objects and arrays.
    Deep,
    /// What follows does not fit within the limit.
    Full,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Value,
    /// Or the end of the array.
    FirstItem,
    Key,
    /// Or the end of the object.
    FirstKey,
    Colon,
    /// A comma, or an end.
    After,
    String(Role, Escape),
    /// A number or literal.
    Scalar,
    Over(JsonEnding),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Key,
    Value,
}

/// Whether the next byte of a string is taken by a backslash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escape {
    None,
    Open,
}

fn begins_value(byte: u8) -> bool {
    matches!(byte, b'"' | b'{' | b'[') || is_of_scalar(byte)
}

fn is_of_scalar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')
}

/// The text of a string with its quotes, in which there are no control characters.
fn decoded(raw: &[u8]) -> Option<Cow<'_, str>> {
    if raw.contains(&b'\\') {
        return serde_json::from_slice(raw).ok().map(Cow::Owned);
    }
    let inner = raw.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    str::from_utf8(inner).ok().map(Cow::Borrowed)
}

fn masked_text<'a>(text: &'a str, names: &NameMask) -> Cow<'a, str> {
    if text.contains("://") || text.contains('?') {
        return url(text, names);
    }
    Cow::Borrowed(text)
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// How much of a string that does not end may be shown, without its opening quote.
fn shown_of_cut(raw: &[u8], detectors: Detectors) -> usize {
    let plain = raw.iter().position(|byte| OF_URLS.contains(byte));
    let plain = raw.get(..plain.unwrap_or(raw.len())).unwrap_or_default();
    let words = plain.iter().rposition(|byte| *byte == b' ');
    let words = plain
        .get(..words.map_or(0, |at| at + 1))
        .unwrap_or_default();
    let words = str::from_utf8(words).map(|words| detectors.uncut(words));
    match words.map(|words| detectors.mask(words)) {
        Ok(Cow::Borrowed(shown)) => shown.len(),
        // Something was found, or it is no text.
        Ok(Cow::Owned(_)) | Err(_) => 0,
    }
}

/// What comes before user-info, or before the values of parameters. An escape may stand for such.
const OF_URLS: &[u8] = br":/?#@;&=\";
/// The depth up to which serde_json reads, and for which there are bits.
const DEEPEST: u32 = 127;
const MASKED: &[u8] = b"\"[redacted]\"";
const _: () = assert!(
    MASKED.len() == REDACTED.len() + 2,
    "it is the mark in quotes"
);
