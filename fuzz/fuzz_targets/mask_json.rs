//! The masker of JSON. The input is a document, how it is written, and where it is cut; it is also taken as it is.
//!
//! Whatever comes: no panic; nothing of a secret value in what is written, wherever the text is cut; the beginning of a JSON
//! text, within its limit; the same whatever pieces it came in; what was masked is not changed by masking. A whole document
//! keeps all values that are not secret.
#![no_main]

use gomon_core::mask::{Detectors, JsonEnding, JsonMasker, MaskedJson, NameMask, REDACTED};
use libfuzzer_sys::arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

fuzz_target!(|input: &[u8]| {
    let names = NameMask::default();
    any_text(input, &names);
    let mut input = Unstructured::new(input);
    if let Ok((document, style)) = generated(&mut input) {
        secret(&document, &style, &names);
    }
});

/// Any bytes, in any pieces, under any limit.
fn any_text(input: &[u8], names: &NameMask) {
    let piece = usize::from(input.first().copied().unwrap_or(0)) % 7 + 1;
    let limit = usize::from(input.last().copied().unwrap_or(0)) * 4;
    for (limit, detectors) in [
        (usize::MAX, Detectors::none()),
        (limit, Detectors::none()),
        (usize::MAX, Detectors::all()),
    ] {
        let masked = mask(&[input], names, limit, detectors);
        let pieces: Vec<_> = input.chunks(piece).collect();
        assert_eq!(mask(&pieces, names, limit, detectors), masked);
        assert!(masked.text().len() <= limit && masked.told_bytes() <= input.len() as u64);
        let again = mask(&[masked.text().as_bytes()], names, limit, detectors);
        assert_eq!(again.text(), masked.text());
        let whole = masked.ending() == JsonEnding::Whole;
        assert!(matches!(
            again.ending(),
            JsonEnding::Whole | JsonEnding::Cut | JsonEnding::Full
        ));
        assert!(!whole || serde_json::from_str::<Value>(masked.text()).is_ok());
    }
}

/// A document whose secrets are known.
fn secret(document: &Value, style: &[u8], names: &NameMask) {
    let text = written(document, style);
    let text = text.as_bytes();
    let whole = mask(&[text], names, usize::MAX, Detectors::none());
    assert_eq!(whole.ending(), JsonEnding::Whole);
    assert_eq!(
        serde_json::from_str::<Value>(whole.text()).unwrap(),
        without_secrets(document)
    );
    let mut masker = JsonMasker::new(names, usize::MAX);
    for (at, byte) in text.iter().enumerate() {
        let cut = masker.clone().finish();
        clean(cut.text());
        assert!(
            whole.text().starts_with(cut.text()),
            "{} began {}",
            cut.text(),
            whole.text()
        );
        // To read all of it anew takes long: some are.
        if (at + style.len()).is_multiple_of(ANEW) {
            let again = mask(
                &[cut.text().as_bytes()],
                names,
                usize::MAX,
                Detectors::none(),
            );
            assert_eq!(again.text(), cut.text());
            let limited = mask(&[text], names, at, Detectors::none());
            clean(limited.text());
            assert!(limited.text().len() <= at && whole.text().starts_with(limited.text()));
        }
        masker.push(&[*byte]);
    }
    assert_eq!(masker.finish(), whole);
}

fn mask(pieces: &[&[u8]], names: &NameMask, limit: usize, detectors: Detectors) -> MaskedJson {
    let mut masker = JsonMasker::new(names, limit).with_detectors(detectors);
    for piece in pieces {
        masker.push(piece);
    }
    masker.finish()
}

/// Secrets consist of `Q`, which nothing else has.
fn clean(text: &str) {
    let unescaped = text.replace("\\\\", "");
    assert!(
        !text.contains('Q') && !unescaped.contains("\\u0051"),
        "{text}"
    );
}

fn generated(input: &mut Unstructured<'_>) -> Result<(Value, Vec<u8>)> {
    Ok((value(input, 6)?, Vec::arbitrary(input)?))
}

fn value(input: &mut Unstructured<'_>, depth: usize) -> Result<Value> {
    Ok(match input.int_in_range(0..=9)? {
        0 => Value::Null,
        1 => Value::from(bool::arbitrary(input)?),
        2 => Value::from(i64::arbitrary(input)?),
        3 if depth > 0 => items(input, depth)?,
        4..=6 if depth > 0 => fields(input, depth)?,
        7 => Value::from(format!(
            "{}https://joe:QQ@h{}/{}?a={}&token=QQQ&b#key=QQ",
            word(input)?,
            word(input)?,
            word(input)?,
            word(input)?
        )),
        _ => Value::from(plain(input)?),
    })
}

fn items(input: &mut Unstructured<'_>, depth: usize) -> Result<Value> {
    let count = input.int_in_range(0..=4)?;
    let items: Result<Vec<_>> = (0..count).map(|_| value(input, depth - 1)).collect();
    Ok(Value::from(items?))
}

fn fields(input: &mut Unstructured<'_>, depth: usize) -> Result<Value> {
    let mut fields = Map::new();
    for _ in 0..input.int_in_range(0..=4)? {
        if bool::arbitrary(input)? {
            let name = ["password", "my-Token", "api_key", "x\"secret\\"];
            let name = input.choose(&name)?;
            fields.insert((*name).to_owned(), hidden(input, depth - 1)?);
        } else {
            let name = format!("n{}", plain(input)?);
            let names = NameMask::default();
            let name = if names.hides(&name) {
                "n".to_owned()
            } else {
                name
            };
            fields.insert(name, value(input, depth - 1)?);
        }
    }
    Ok(Value::Object(fields))
}

/// A secret of any kind.
fn hidden(input: &mut Unstructured<'_>, depth: usize) -> Result<Value> {
    Ok(match input.int_in_range(0..=3)? {
        0 if depth > 0 => {
            let open = value(input, depth - 1)?;
            serde_json::json!([{"QQ": open}, "Q", {"password": "QQ"}])
        }
        1 => Value::from(format!("Q\"}}],:{}\\Q", plain(input)?)),
        2 => Value::from(u64::arbitrary(input)?),
        _ => Value::from("QQQQ"),
    })
}

/// Text without secrets, and without what would make a URL of it.
fn plain(input: &mut Unstructured<'_>) -> Result<String> {
    let mut text = String::arbitrary(input)?;
    text.retain(|c| !matches!(c, 'Q' | ':' | '?' | '@'));
    Ok(text)
}

/// What may stand in a part of a URL.
fn word(input: &mut Unstructured<'_>) -> Result<String> {
    let mut text = plain(input)?;
    text.retain(|c| c.is_ascii_lowercase());
    Ok(text)
}

/// The document as text, some letters of its strings escaped, with white space.
fn written(document: &Value, style: &[u8]) -> String {
    let mut style = style.iter().cycle();
    let mut out = String::new();
    let (mut quoted, mut escaped) = (false, false);
    for c in document.to_string().chars() {
        let choice = style.next().copied().unwrap_or(0);
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        if quoted && !escaped && is_no_digit(c) && choice % 3 == 1 {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else if !quoted && matches!(c, ',' | ':' | '[' | '}') {
            out.push(c);
            out.push_str(["", " ", "\r\n", "\t"][usize::from(choice) % 4]);
        } else {
            out.push(c);
        }
        escaped = quoted && c == '\\' && !escaped;
    }
    out
}

/// A letter that is no digit of an escape.
fn is_no_digit(c: char) -> bool {
    c.is_ascii_alphabetic() && !c.is_ascii_hexdigit()
}

/// What must come out, said by other means.
fn without_secrets(value: &Value) -> Value {
    let names = NameMask::default();
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, field)| {
                let field = match names.hides(name) {
                    true => Value::from(REDACTED),
                    false => without_secrets(field),
                };
                (name.clone(), field)
            })
            .collect(),
        Value::Array(items) => items.iter().map(without_secrets).collect(),
        Value::String(text) => Value::from(
            text.replace("//joe:QQ@", "//[redacted]@")
                .replace("=QQQ", "=[redacted]")
                .replace("=QQ", "=[redacted]"),
        ),
        other => other.clone(),
    }
}

const ANEW: usize = 32;
