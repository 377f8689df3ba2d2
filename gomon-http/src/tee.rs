//! What passed of one body: its size always, its first bytes where they were asked for.
//!
//! A tee looks at each frame on its way and copies at most the cap; it never holds a frame back or
//! asks for one.

use std::io::IoSlice;

use bytes::Buf;
use gomon_core::mask::{self, JsonMasker};
use gomon_core::{Capture, EventTracker};
use http::{HeaderMap, header};

use crate::grpc::Framing;

/// The passing body, as far as it was seen.
#[derive(Debug, Default)]
pub(crate) struct Tee {
    size: u64,
    kept: Vec<u8>,
    cap: usize,
    kind: Kind,
    /// Of a gRPC call: the messages in it.
    messages: Option<Framing>,
}

impl Tee {
    /// For a body with these headers, of which `cap` bytes are wanted.
    pub(crate) fn new(headers: &HeaderMap, cap: usize) -> Self {
        let kind = match cap {
            0 => Kind::Opaque,
            _ => Kind::of(headers),
        };
        Self {
            kind,
            cap,
            ..Self::default()
        }
    }

    /// The same of a gRPC call.
    pub(crate) fn counting_messages(mut self) -> Self {
        self.messages = Some(Framing::default());
        self
    }

    /// Whether there is more to it than how many bytes pass.
    pub(crate) fn sees_more_than_size(&self) -> bool {
        self.kind != Kind::Opaque || self.messages.is_some()
    }

    /// The messages that passed.
    pub(crate) fn messages(&self) -> Option<u64> {
        self.messages.as_ref()?.messages()
    }

    /// The bytes that passed.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Notes a frame's data, which stays as it is.
    pub(crate) fn pass(&mut self, data: &impl Buf) {
        self.size = self.size.saturating_add(data.remaining() as u64);
        if let Some(messages) = &mut self.messages {
            count(messages, data);
        }
        if self.kind == Kind::Opaque || self.kept.len() >= self.cap {
            return;
        }
        let mut slices = [IoSlice::new(&[]); SLICES];
        let filled = data.chunks_vectored(&mut slices);
        for slice in slices.iter().take(filled) {
            let room = self.cap.saturating_sub(self.kept.len());
            self.kept.extend(slice.iter().take(room));
        }
        // Bytes of a frame that are not held in one of the slices leave a gap: nothing behind it
        // is kept.
        if (self.kept.len() as u64) < self.size {
            self.cap = self.kept.len();
        }
    }

    /// Writes what was kept under `key`, masked; the bytes that are not shown are noted as cut.
    pub(crate) fn write(&self, key: &'static str, tracker: &mut EventTracker, capture: &Capture) {
        if self.kind == Kind::Opaque || self.size == 0 || capture.bodies() == 0 {
            return;
        }
        let shown = self.masked(capture);
        if !shown.text.is_empty() {
            tracker.set(key, shown.text);
        }
        let hidden = self.size.saturating_sub(shown.told);
        if hidden > 0 {
            tracker.note_cut(key, hidden);
        }
    }

    /// The kept bytes as far as they may be shown: JSON, and text that looks like it, up to where it
    /// was cut off or is none; a form up to its last whole field.
    fn masked(&self, capture: &Capture) -> Shown {
        match self.kind {
            Kind::Opaque => Shown::default(),
            Kind::Json => json(self.part(capture), capture),
            Kind::Form => self.form(capture),
            Kind::Text if mask::looks_like_json(without_bom(self.part(capture))) => {
                let part = self.part(capture);
                let body = without_bom(part);
                let mut shown = json(body, capture);
                shown.told += (part.len() - body.len()) as u64;
                shown
            }
            Kind::Text => self.text(capture),
        }
    }

    /// What may be recorded of what was kept: more was, where more might have become allowed meanwhile.
    fn part(&self, capture: &Capture) -> &[u8] {
        self.kept.get(..capture.bodies()).unwrap_or(&self.kept)
    }

    fn form(&self, capture: &Capture) -> Shown {
        let part = self.part(capture);
        let form = String::from_utf8_lossy(part);
        let whole = part.len() as u64 == self.size;
        // What tells that the last value is secret may have been cut off, such as the `@` behind the
        // password in a URL.
        let (fields, told) = match (whole, part.iter().rposition(|byte| *byte == b'&')) {
            (true, _) => (&*form, part.len()),
            (false, Some(at)) => (form.rsplit_once('&').unwrap_or_default().0, at),
            (false, None) => return Shown::default(),
        };
        let fields = mask::query(fields, capture.mask());
        Shown {
            text: capture.detectors().mask(&fields).into_owned(),
            told: told as u64,
        }
    }

    /// Up to the last whole character.
    fn text(&self, capture: &Capture) -> Shown {
        let (part, detectors) = (self.part(capture), capture.detectors());
        let end = match str::from_utf8(part) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => part.len(),
        };
        let text = String::from_utf8_lossy(part.get(..end).unwrap_or_default());
        let shown = match part.len() as u64 == self.size {
            true => &*text,
            false => detectors.uncut(&text),
        };
        Shown {
            text: detectors.mask(shown).into_owned(),
            told: end.saturating_sub(text.len() - shown.len()) as u64,
        }
    }
}

/// What of a body is shown, and of how many of its bytes that tells.
#[derive(Debug, Default)]
struct Shown {
    text: String,
    told: u64,
}

fn json(body: &[u8], capture: &Capture) -> Shown {
    let masker = JsonMasker::new(capture.mask(), usize::MAX);
    let mut masker = masker.with_detectors(capture.detectors());
    masker.push(body);
    let masked = masker.finish();
    Shown {
        told: masked.told_bytes(),
        text: masked.into_text(),
    }
}

/// What a body says it is; only text, JSON and forms are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Opaque,
    Text,
    Json,
    Form,
}

impl Kind {
    fn of(headers: &HeaderMap) -> Self {
        let encoded = headers
            .get(header::CONTENT_ENCODING)
            .is_some_and(|encoding| encoding != "identity");
        let Some(content_type) = headers
            .get(header::CONTENT_TYPE)
            .and_then(|content_type| content_type.to_str().ok())
            .filter(|_| !encoded)
        else {
            return Self::Opaque;
        };
        let essence = content_type.split(';').next().unwrap_or_default();
        let essence = essence.trim().to_ascii_lowercase();
        match essence.as_str() {
            "application/x-www-form-urlencoded" => Self::Form,
            json if json.ends_with("/json") || json.ends_with("+json") => Self::Json,
            // Its lines may each hold JSON.
            "text/event-stream" => Self::Opaque,
            text if text.starts_with("text/") => Self::Text,
            _ => Self::Opaque,
        }
    }
}

fn count(messages: &mut Framing, data: &impl Buf) {
    let mut slices = [IoSlice::new(&[]); SLICES];
    let filled = data.chunks_vectored(&mut slices);
    let slices = slices.get(..filled).unwrap_or_default();
    slices.iter().for_each(|slice| messages.pass(slice));
    if slices.iter().map(|slice| slice.len()).sum::<usize>() < data.remaining() {
        messages.lose();
    }
}

fn without_bom(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

/// Slices of one frame that are looked at; more are counted, not kept.
const SLICES: usize = 16;

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn tee(content_type: &'static str, cap: usize, frames: &[&'static str]) -> Tee {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            http::HeaderValue::from_static(content_type),
        );
        let mut tee = Tee::new(&headers, cap);
        for frame in frames {
            tee.pass(&Bytes::from_static(frame.as_bytes()));
        }
        tee
    }

    fn shown(tee: &Tee) -> Option<String> {
        let shown = tee.masked(&Capture::full());
        (!shown.text.is_empty()).then_some(shown.text)
    }

    #[test]
    fn text_is_kept_up_to_the_cap_and_counted_beyond_it() {
        let tee = tee("text/plain; charset=utf-8", 5, &["abc", "defg"]);
        assert_eq!(shown(&tee).as_deref(), Some("abcde"));
        assert_eq!(tee.size(), 7);
    }

    #[test]
    fn what_was_kept_ahead_is_shown_as_far_as_it_may_be() {
        let tee = tee("text/plain", 5, &["abc", "defg"]);
        let masked = |bytes| tee.masked(&Capture::safe().with_bodies(bytes));
        assert_eq!((&*masked(2).text, masked(2).told), ("ab", 2));
        assert_eq!((&*masked(9).text, masked(9).told), ("abcde", 5));
    }

    #[test]
    fn text_is_cut_between_characters() {
        let tee = tee("text/plain", 4, &["abcé"]);
        assert_eq!(shown(&tee).as_deref(), Some("abc"));
    }

    #[test]
    fn json_is_masked_by_name_up_to_where_it_was_cut_off() {
        let body = r#"{"user":"ada","password":"pw"}"#;
        let whole = shown(&tee("application/problem+json", 1024, &[body])).expect("shown");
        assert!(
            whole.contains("ada") && whole.contains("[redacted]"),
            "{whole}"
        );
        assert!(!whole.contains("pw\""), "{whole}");
        let cut = tee("application/json", 28, &[body]).masked(&Capture::full());
        assert_eq!(cut.text, r#"{"user":"ada","password":"[redacted]""#);
        assert_eq!(cut.told, 28);
        let cut = tee("application/json", 20, &[body]).masked(&Capture::full());
        assert_eq!((&*cut.text, cut.told), (r#"{"user":"ada","#, 14));
    }

    #[test]
    fn json_in_disguise_is_masked_like_json() {
        let body = r#" {"password":"pw"}"#;
        let whole = shown(&tee("text/plain", 1024, &[body])).expect("shown");
        assert!(!whole.contains("pw\""), "{whole}");
        let cut = shown(&tee("text/plain", 15, &[body]));
        assert_eq!(cut.as_deref(), Some(r#"{"password":"[redacted]""#));
        let log = tee("text/plain", 1024, &["[info] started"]);
        assert_eq!(shown(&log).as_deref(), Some("[info] started"));
    }

    #[test]
    fn a_form_is_masked_by_name_even_when_truncated() {
        let form = tee(
            "application/x-www-form-urlencoded",
            12,
            &["password=secret&a=b"],
        );
        assert_eq!(shown(&form), None, "no field is whole");
        let body = "password=secret&a=b&next=http://joe:pw@h/";
        let form = tee("application/x-www-form-urlencoded", 37, &[body]);
        assert_eq!(shown(&form).as_deref(), Some("password=[redacted]&a=b"));
    }

    #[test]
    fn text_that_is_nearly_json_is_left_out_from_where_it_is_none() {
        for (body, expected) in [
            (
                "{\"password\":\"pw\"}\n{\"password\":\"pw\"}\n",
                "{\"password\":\"[redacted]\"}",
            ),
            ("{\"password\":\"pw\",}", "{\"password\":\"[redacted]\","),
            (
                "[{\"password\":\"pw\"},]",
                "[{\"password\":\"[redacted]\"},",
            ),
            ("\u{feff}{password: 'pw'}", "{"),
        ] {
            let shown = shown(&tee("text/plain", 1024, &[body]));
            assert_eq!(shown.as_deref(), Some(expected), "{body}");
        }
        let marked = shown(&tee("text/plain", 1024, &["\u{feff}{\"password\":\"pw\"}"]));
        assert_eq!(marked.as_deref(), Some("{\"password\":\"[redacted]\"}"));
        let events = tee(
            "text/event-stream",
            1024,
            &["data: {\"password\":\"pw\"}\n\n"],
        );
        assert_eq!(shown(&events), None);
    }

    #[test]
    fn other_types_and_compressed_bodies_are_only_counted() {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            http::HeaderValue::from_static("text/plain"),
        );
        headers.insert(
            header::CONTENT_ENCODING,
            http::HeaderValue::from_static("gzip"),
        );
        assert_eq!(Kind::of(&headers), Kind::Opaque);
        let image = tee("image/png", 1024, &["abc"]);
        assert_eq!((shown(&image), image.size()), (None, 3));
    }

    #[test]
    fn all_slices_of_a_frame_are_kept() {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            http::HeaderValue::from_static("text/plain"),
        );
        let mut tee = Tee::new(&headers, 1024);
        tee.pass(&Bytes::from_static(b"ab").chain(Bytes::from_static(b"cd")));
        assert_eq!(shown(&tee).as_deref(), Some("abcd"));
    }
}
