use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn masked(pieces: &[&[u8]], limit: usize) -> MaskedJson {
    let names = NameMask::default();
    let mut masker = JsonMasker::new(&names, limit);
    for piece in pieces {
        masker.push(piece);
    }
    masker.finish()
}

fn cut(text: &str) -> (String, JsonEnding) {
    let masked = masked(&[text.as_bytes()], usize::MAX);
    (masked.text().to_owned(), masked.ending())
}

/// What it has to do with a document, said by other means.
fn by_value(value: &mut Value, names: &NameMask) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                if names.hides(name) {
                    *field = Value::from(REDACTED);
                } else {
                    by_value(field, names);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| by_value(item, names)),
        Value::String(text) if text.contains("://") || text.contains('?') => {
            *text = url(text, names).into_owned();
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn nested_secrets_are_masked_and_the_rest_keeps_its_order() {
    let body = br#"[{"z": 1, "a": {"api_key": {"deep": [1, "x"]}}, "Session": null}]"#;
    let expected = r#"[{"z":1,"a":{"api_key":"[redacted]"},"Session":"[redacted]"}]"#;
    assert_eq!(json(body, &NameMask::default()).as_deref(), Some(expected));
}

#[test]
fn urls_in_strings_are_masked() {
    let body = br#"{"next":"https://joe:pw@h/?token=x&a=b"}"#;
    let expected = r#"{"next":"https://[redacted]@h/?token=[redacted]&a=b"}"#;
    assert_eq!(json(body, &NameMask::default()).as_deref(), Some(expected));
}

#[test]
fn escaped_names_are_recognised() {
    let body = br#"{"p\u0061ssword":"a","to\u006Ben":{"b":1},"plain":"c"}"#;
    let expected = r#"{"p\u0061ssword":"[redacted]","to\u006Ben":"[redacted]","plain":"c"}"#;
    assert_eq!(json(body, &NameMask::default()).as_deref(), Some(expected));
}

#[test]
fn what_is_not_one_whole_value_has_no_masked_text() {
    let names = NameMask::default();
    for body in [
        &b""[..],
        b" ",
        b"{\"a\":",
        b"\xff",
        b"\"\xff\"",
        b"{\"a\":1,}",
        b"[1,]",
        b"[1 2]",
        b"{}{}",
        b"{]",
        b"[}",
        b"{\"a\" 1}",
        b"{1:2}",
        b"01",
        b"-",
        b"1e999",
        b"nul",
        b"\"\\x\"",
        b"\"\\ud800\"",
        b"\"a\nb\"",
        b"\xef\xbb\xbf{}",
        "[".repeat(100_000).as_bytes(),
    ] {
        assert_eq!(json(body, &names), None, "{}", body.escape_ascii());
    }
}

#[test]
fn it_reads_as_deep_as_serde_json_does() {
    let deep = |levels| "[".repeat(levels) + &"]".repeat(levels);
    for levels in [126, 127, 128, 129] {
        let text = deep(levels);
        let read = serde_json::from_str::<Value>(&text).is_ok();
        assert_eq!(json(text.as_bytes(), &NameMask::default()).is_some(), read);
    }
    let (text, ending) = cut(&deep(200));
    assert_eq!((text, ending), ("[".repeat(127), JsonEnding::Deep));
}

#[test]
fn a_cut_text_shows_what_is_certain() {
    for (text, shown) in [
        (
            r#"{"user":"ada","password":"pw"#,
            r#"{"user":"ada","password":"[redacted]""#,
        ),
        (
            r#"{"user":"ada","password":{"a":[1,"#,
            r#"{"user":"ada","password":"[redacted]""#,
        ),
        (
            r#"{"user":"ada","password":12"#,
            r#"{"user":"ada","password":"[redacted]""#,
        ),
        (
            r#"{"user":"ada","password":"#,
            r#"{"user":"ada","password":"#,
        ),
        (r#"{"user":"ada","password""#, r#"{"user":"ada","password""#),
        (r#"{"user":"ada","passwor"#, r#"{"user":"ada","#),
        (r#"{"user":"ada","#, r#"{"user":"ada","#),
        (r#"{"user":"ada"#, r#"{"user":"#),
        (r#"[1,23"#, "[1,"),
        (r#"[1,23 "#, "[1,"),
        (r#"[1,{"a":tru"#, r#"[1,{"a":"#),
        (r#"{"text":"Dear Ada, I am"#, r#"{"text":"Dear Ada, I "#),
        (r#"{"text":"see https://joe:pw"#, r#"{"text":"see "#),
        (r#"{"text":"see ?token=pw"#, r#"{"text":"see "#),
        (r#"{"text":"a joe\u003apw b"#, r#"{"text":"a "#),
    ] {
        assert_eq!(cut(text), (shown.to_owned(), JsonEnding::Cut), "{text}");
    }
}

#[test]
fn what_detectors_find_is_masked_in_keys_strings_and_numbers() {
    let names = NameMask::default();
    let detected = |text: &str| {
        let mut masker = JsonMasker::new(&names, usize::MAX).with_detectors(Detectors::all());
        masker.push(text.as_bytes());
        masker.finish().into_text()
    };
    for (text, expected) in [
        (r#"{"a":"joe\u0040example.com"}"#, r#"{"a":"[redacted]"}"#),
        (r#"{"joe@example.com":1}"#, r#"{"[redacted]":1}"#),
        ("[4111111111111111,5]", r#"["[redacted]",5]"#),
        ("4111111111111111", r#""[redacted]""#),
        (r#"["paid with 4111 1111 11"#, r#"["paid with "#),
        (r#"["Bearer abc and so"#, "["),
        (r#"["write to joe@exam"#, r#"["write to "#),
    ] {
        assert_eq!(detected(text), expected);
        assert_eq!(detected(expected), expected);
    }
}

#[test]
fn what_follows_an_error_is_left_out_and_not_told_of() {
    let body = r#"{"a":1,"password":"pw",} {"token":"t"}"#;
    let masked = masked(&[body.as_bytes()], usize::MAX);
    assert_eq!(masked.text(), r#"{"a":1,"password":"[redacted]","#);
    assert_eq!(masked.ending(), JsonEnding::Invalid);
    assert_eq!(
        masked.told_bytes(),
        r#"{"a":1,"password":"pw","#.len() as u64
    );
}

#[test]
fn bytes_that_were_left_out_are_not_told_of() {
    for (text, told) in [
        (r#"{"a":1}"#, r#"{"a":1}"#),
        (r#" [ 1 , 23"#, " [ 1 ,"),
        (r#"{"a":"b c"#, r#"{"a":"b "#),
        (r#"{"a":1,"b"#, r#"{"a":1,"#),
        (r#"{"key":[1,"#, r#"{"key":[1,"#),
        (r#"{"key":"pw"#, r#"{"key":"pw"#),
    ] {
        let masked = masked(&[text.as_bytes()], usize::MAX);
        assert_eq!(masked.told_bytes(), told.len() as u64, "{text}");
    }
}

#[test]
fn nothing_is_written_past_the_limit() {
    let body = br#"{"a":[1,2],"text":"one two three","password":"pw","z":{}}"#;
    let whole = json(body, &NameMask::default()).unwrap();
    for limit in 0..whole.len() {
        let masked = masked(&[body], limit);
        assert!(masked.text().len() <= limit, "{limit}: {}", masked.text());
        assert!(
            whole.starts_with(masked.text()),
            "{limit}: {}",
            masked.text()
        );
        assert_eq!(masked.ending(), JsonEnding::Full);
    }
    assert_eq!(masked(&[body], whole.len()).ending(), JsonEnding::Whole);
}

/// A document, its secrets marked by `s3cret`.
fn document() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        "[a-z ]{0,12}",
        "[\\PC\n\"\\\\]{0,8}",
        Just("https://joe:s3cret@h/a?x=1&token=s3cret&y=2#z".to_owned()),
        Just("/a?b=c;api_key=s3cret".to_owned()),
        Just("look at https://s3cret@h:1/ now".to_owned()),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    let secret = prop_oneof![
        Just(Value::from("s3cret")),
        Just(Value::from("\"s3cret\\")),
        Just(serde_json::json!({"a": ["s3cret", {"s3cret": 1}]})),
        Just(serde_json::json!(["s3cret"])),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        let open = ("[a-j\"é]{0,6}", inner.clone());
        let hidden = ("x?(password|api_key|Token)", secret.clone());
        let field = prop_oneof![3 => open, 1 => hidden];
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(Value::from),
            prop::collection::vec(field, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// The same text with every letter of a key or string escaped, or with white space.
fn disguised(text: &str, escape: u8) -> String {
    let mut out = String::new();
    let (mut quoted, mut escaped) = (false, false);
    for c in text.chars() {
        match c {
            '"' if !escaped => quoted = !quoted,
            ',' | ':' if !quoted => out.push_str(" \r\n\t"),
            _ => {}
        }
        if quoted && !escaped && c.is_ascii_lowercase() && u32::from(c) % 4 == u32::from(escape) {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            out.push(c);
        }
        escaped = c == '\\' && !escaped;
    }
    out
}

proptest! {
    #[test]
    fn a_whole_text_has_the_values_that_it_would_have_by_other_means(
        value in document(),
        escape in 0..8u8,
    ) {
        let names = NameMask::default();
        let text = disguised(&value.to_string(), escape);
        let mut value: Value = serde_json::from_str(&text).unwrap();
        let masked = json(text.as_bytes(), &names).unwrap();
        by_value(&mut value, &names);
        prop_assert_eq!(serde_json::from_str::<Value>(&masked).unwrap(), value);
        prop_assert_eq!(json(masked.as_bytes(), &names), Some(masked));
    }

    #[test]
    fn no_secret_comes_out_wherever_the_text_is_cut(value in document(), escape in 0..8u8) {
        let text = disguised(&value.to_string(), escape);
        let whole = cut(&text).0;
        for at in 0..=text.len() {
            let masked = masked(&[&text.as_bytes()[..at]], usize::MAX);
            let shown = masked.text();
            prop_assert!(!shown.contains("s3cret"), "{}\nbecame {}", &text, shown);
            prop_assert!(whole.starts_with(shown), "{}\nis no beginning of {}", shown, &whole);
            prop_assert!(masked.told_bytes() <= at as u64);
            prop_assert_eq!(&cut(shown).0, shown);
        }
    }

    #[test]
    fn it_does_not_matter_in_which_pieces_it_comes(
        text in prop_oneof![document().prop_map(|value| value.to_string()), "[\\[\\]{}\",:a1\\\\ ]{0,30}"],
        size in 1..9usize,
        limit in 0..200usize,
    ) {
        let pieces: Vec<_> = text.as_bytes().chunks(size).collect();
        prop_assert_eq!(masked(&pieces, limit), masked(&[text.as_bytes()], limit));
    }
}
