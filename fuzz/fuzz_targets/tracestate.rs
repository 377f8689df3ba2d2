//! The `tracestate` header. Lines of the input are headers.
//!
//! Whatever comes: no panic; at most 32 members, 512 characters, the characters of the grammar, each key once; what is
//! written is read back as it was; a member that is added comes first.
#![no_main]

use gomon_core::TraceState;
use libfuzzer_sys::fuzz_target;
use std::collections::HashSet;

fuzz_target!(|input: &[u8]| {
    let state = TraceState::parse(input.split(|byte| *byte == b'\n'));
    sound(&state);

    let text = String::from_utf8_lossy(input);
    let (key, value) = text.split_once('\n').unwrap_or((&text, "1"));
    let mut more = state.clone();
    match more.insert(key, value) {
        Ok(()) => assert_eq!(more.iter().next(), Some((key, value))),
        Err(_) => assert_eq!(more, state),
    }
    sound(&more);
    more.insert("gomon", "1").expect("a member of the grammar");
    assert_eq!(more.iter().next(), Some(("gomon", "1")));
    sound(&more);
    more.remove("gomon");
    assert_eq!(more.get("gomon"), None);
});

fn sound(state: &TraceState) {
    let text = state.as_str();
    assert!(text.len() <= 512);
    assert!(text.bytes().all(|byte| matches!(byte, b' '..=b'~')));
    let keys: Vec<_> = state.iter().map(|(key, _)| key).collect();
    assert!(keys.len() <= 32);
    assert_eq!(keys.iter().collect::<HashSet<_>>().len(), keys.len());
    assert_eq!(state.is_empty(), keys.is_empty());
    for (key, value) in state.iter() {
        assert!(!key.is_empty() && !value.is_empty() && !value.contains([',', '=']));
        assert_eq!(state.get(key), Some(value));
    }
    assert_eq!(TraceState::parse([text.as_bytes()]), *state);
}
