//! What passed of one body: its size always, its first bytes where they were asked for.
//!
//! A tee looks at each frame on its way and copies at most the cap; it never holds a frame back or
//! asks for one.

use std::io::IoSlice;

use bytes::Buf;
use gomon_core::EventTracker;
use gomon_core::mask::{self, NameMask};
use http::{HeaderMap, header};

/// The passing body, as far as it was seen.
#[derive(Debug, Default)]
pub(crate) struct Tee {
    size: u64,
    kept: Vec<u8>,
    cap: usize,
    kind: Kind,
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

    /// The bytes that passed.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Notes a frame's data, which stays as it is.
    pub(crate) fn pass(&mut self, data: &impl Buf) {
        self.size = self.size.saturating_add(data.remaining() as u64);
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
    pub(crate) fn write(&self, key: &'static str, tracker: &mut EventTracker, names: &NameMask) {
        if self.kind == Kind::Opaque || self.size == 0 {
            return;
        }
        let hidden = match self.masked(names) {
            Some(text) => {
                tracker.set(key, text);
                self.size.saturating_sub(self.kept.len() as u64)
            }
            None => self.size,
        };
        if hidden > 0 {
            tracker.note_cut(key, hidden);
        }
    }

    /// The kept bytes as text that may be shown. Nothing where secrets could not be told apart:
    /// JSON that was cut off or is none, and text that looks like such JSON.
    fn masked(&self, names: &NameMask) -> Option<String> {
        let whole = self.kept.len() as u64 == self.size;
        match self.kind {
            Kind::Opaque => None,
            Kind::Json => whole.then(|| mask::json(&self.kept, names)).flatten(),
            Kind::Form => {
                let form = String::from_utf8_lossy(&self.kept);
                // What tells that the last value is secret may have been cut off, such as the `@`
                // behind the password in a URL.
                let fields = match (whole, form.rsplit_once('&')) {
                    (true, _) => &form,
                    (false, Some((fields, _))) => fields,
                    (false, None) => return None,
                };
                Some(mask::query(fields, names).into_owned())
            }
            Kind::Text if looks_like_json(&self.kept) => {
                let json = without_bom(&self.kept);
                whole.then(|| mask::json(json, names)).flatten()
            }
            Kind::Text => Some(self.text()),
        }
    }

    /// Up to the last whole character.
    fn text(&self) -> String {
        let cut_character = match str::from_utf8(&self.kept) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => self.kept.len(),
        };
        String::from_utf8_lossy(self.kept.get(..cut_character).unwrap_or_default()).into_owned()
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

/// Whether text begins like an object, or like an array and not like the line of a log.
fn looks_like_json(body: &[u8]) -> bool {
    let mut bytes = without_bom(body)
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace());
    match bytes.next() {
        Some(b'{') => true,
        Some(b'[') => matches!(
            bytes.next(),
            None | Some(b'{' | b'[' | b']' | b'"' | b'-' | b'0'..=b'9')
        ),
        _ => false,
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
        tee.masked(&NameMask::default())
    }

    #[test]
    fn text_is_kept_up_to_the_cap_and_counted_beyond_it() {
        let tee = tee("text/plain; charset=utf-8", 5, &["abc", "defg"]);
        assert_eq!(shown(&tee).as_deref(), Some("abcde"));
        assert_eq!(tee.size(), 7);
    }

    #[test]
    fn text_is_cut_between_characters() {
        let tee = tee("text/plain", 4, &["abcé"]);
        assert_eq!(shown(&tee).as_deref(), Some("abc"));
    }

    #[test]
    fn json_is_masked_by_name_and_left_out_when_truncated() {
        let body = r#"{"user":"ada","password":"pw"}"#;
        let whole = shown(&tee("application/problem+json", 1024, &[body])).expect("shown");
        assert!(
            whole.contains("ada") && whole.contains("[redacted]"),
            "{whole}"
        );
        assert!(!whole.contains("pw\""), "{whole}");
        assert_eq!(shown(&tee("application/json", 10, &[body])), None);
        assert_eq!(
            shown(&tee("application/json", 1024, &[r#"{"password":"pw"#])),
            None
        );
    }

    #[test]
    fn json_in_disguise_is_masked_like_json() {
        let body = r#" {"password":"pw"}"#;
        let whole = shown(&tee("text/plain", 1024, &[body])).expect("shown");
        assert!(!whole.contains("pw\""), "{whole}");
        assert_eq!(shown(&tee("text/plain", 16, &[body])), None);
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
    fn text_that_is_nearly_json_is_left_out() {
        for body in [
            "{\"password\":\"pw\"}\n{\"password\":\"pw\"}\n",
            "{\"password\":\"pw\",}",
            "[{\"password\":\"pw\"},]",
            "\u{feff}{\"password\":\"pw\",}",
        ] {
            assert_eq!(shown(&tee("text/plain", 1024, &[body])), None, "{body}");
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
