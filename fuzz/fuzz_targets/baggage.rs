//! The `baggage` header. Lines of the input are headers; the whole input is a value too.
//!
//! Whatever comes: no panic; at most 64 members and 8,192 bytes, the characters of the grammar, each key once; what is
//! written is read back as it was; any text can be a value.
#![no_main]

use gomon_core::{Baggage, MemberError};
use libfuzzer_sys::fuzz_target;
use std::collections::HashSet;

fuzz_target!(|input: &[u8]| {
    let baggage = Baggage::parse(input.split(|byte| *byte == b'\n'));
    sound(&baggage);

    let text = String::from_utf8_lossy(input);
    let mut more = baggage.clone();
    match more.insert("any-text", &text) {
        Ok(()) => assert_eq!(more.get("any-text").as_deref(), Some(&*text)),
        Err(error) => assert_eq!((error, &more), (MemberError::Room, &baggage)),
    }
    sound(&more);
    if more.insert(&text, "").is_ok() {
        assert_eq!(more.get(&text).as_deref(), Some(""));
        sound(&more);
    }
    more.remove("any-text");
    assert_eq!(more.get("any-text"), None);
});

fn sound(baggage: &Baggage) {
    let text = baggage.as_str();
    assert!(text.len() <= 8192);
    assert!(text.bytes().all(|byte| matches!(byte, b'!'..=b'~')));
    let keys: Vec<_> = baggage.iter().map(|(key, _)| key).collect();
    assert!(keys.len() <= 64);
    assert_eq!(keys.iter().collect::<HashSet<_>>().len(), keys.len());
    assert_eq!(baggage.is_empty(), keys.is_empty());
    for (key, value) in baggage.iter() {
        assert!(!key.is_empty());
        assert_eq!(baggage.get(key).as_ref(), Some(&value));
    }
    assert_eq!(Baggage::parse([text.as_bytes()]), *baggage);
}
