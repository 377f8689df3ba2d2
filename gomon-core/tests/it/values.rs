//! Values that nobody should set, and what users' own code may do while gomon reads it.

use std::error::Error;
use std::fmt;

use gomon_core::testing::{Recorded, Recorder};
use gomon_core::{EventTracker, Tree};
use serde::{Serialize, Serializer};

#[test]
fn a_huge_text_is_cut_and_all_that_was_cut_is_counted() {
    const HUGE: usize = 64 << 20;
    let event = recorded(|tracker| {
        let text = "x".repeat(HUGE);
        tracker.set("text", &text);
        tracker.set("bytes", text.as_bytes());
        tracker.set("zeroes", vec![0xff_u8; HUGE].as_slice());
    });
    assert_eq!(event["text"].as_str().map(str::len), Some(8 << 10));
    assert_eq!(event["bytes"].as_str().map(str::len), Some(8 << 10));
    let cut = (HUGE - (8 << 10)) as u64;
    for key in ["text", "bytes", "zeroes"] {
        assert_eq!(event["gomon:dropped"][key], cut, "{key}");
    }
}

#[test]
fn a_cut_never_leaves_half_a_character() {
    for before in 0..4 {
        let text = format!("{}{}", "x".repeat(before), "🦀".repeat(4 << 10));
        let event = recorded(|tracker| {
            tracker.set("text", &text);
        });
        let kept = event["text"].as_str().unwrap();
        assert!(text.starts_with(kept) && kept.len() > (8 << 10) - 4);
        assert_eq!(event["gomon:dropped"]["text"], text.len() - kept.len());
    }
}

#[test]
fn keys_may_be_empty_huge_or_strange() {
    let huge: &'static str = "k".repeat(64 << 10).leak();
    let event = recorded(|tracker| {
        tracker.set("", 1).set(huge, 2).set("\u{1b}[31m\"\r\n\0", 3);
    });
    assert_eq!(event[""], 1);
    assert_eq!(event[&huge[..128]], 2);
    assert_eq!(event["\u{1b}[31m\"\r\n\0"], 3);
    assert_eq!(event.get(huge), None);
}

#[test]
fn text_made_to_forge_lines_or_to_steer_terminals_reads_back_as_it_was() {
    let texts = [
        "\0",
        "a\r\n{\"id\":\"forged\"}",
        "\u{1b}]0;title\u{7}\u{1b}[2J",
        "\u{9b}31m\u{85}\u{2028}\u{2029}",
        "\u{202e}gnp.exe",
        "\u{feff}\u{fffe}\u{10ffff}",
        "\\\"\\u0000",
    ];
    for text in texts {
        let event = recorded(|tracker| {
            tracker.set("text", text).set("bytes", text.as_bytes());
            tracker.set("tree", Tree::map().with(text, text));
            tracker.add_error_msg(text);
        });
        assert_eq!(
            (&event["text"], &event["bytes"]),
            (&text.into(), &text.into())
        );
        assert_eq!(event["tree"][text], text);
        assert_eq!(event["error"][0]["msg"], text);
    }
}

#[test]
fn bytes_that_are_no_text_are_base64() {
    // A lone surrogate, an overlong zero, a character cut short, a byte that is never valid.
    for bytes in [&b"\xed\xa0\x80"[..], b"\xc0\x80", b"abc\xf0\x9f", b"\xff"] {
        let event = recorded(|tracker| {
            tracker.set("bytes", bytes);
        });
        let text = event["bytes"].as_str().unwrap();
        assert!(text.len() == bytes.len().div_ceil(3) * 4 && text.is_ascii());
    }
}

#[test]
fn numbers_at_their_ends_are_exact_and_those_json_lacks_are_strings() {
    let event = recorded(|tracker| {
        tracker
            .set("negative-zero", -0.0)
            .set("infinity", f64::INFINITY)
            .set("smallest", f64::MIN_POSITIVE)
            .set("above-2-to-53", (1_u64 << 53) + 1)
            .set("tree", Tree::from(vec![f64::NEG_INFINITY, f64::NAN]))
            .set("ends", Tree::List(vec![u64::MAX.into(), i64::MIN.into()]));
    });
    assert_eq!(event["negative-zero"].to_string(), "-0.0");
    assert_eq!(event["infinity"], "Infinity");
    assert_eq!(event["smallest"], f64::MIN_POSITIVE);
    assert_eq!(event["above-2-to-53"], 9_007_199_254_740_993_u64);
    assert_eq!(event["tree"], serde_json::json!(["-Infinity", "NaN"]));
    assert_eq!(event["ends"], serde_json::json!([u64::MAX, i64::MIN]));
}

#[test]
fn errors_whose_own_code_panics_are_noted_as_far_as_they_go() {
    #[derive(Debug)]
    struct Bad {
        text: &'static str,
        source_panics: bool,
    }
    impl fmt::Display for Bad {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.text)?;
            assert!(!self.text.is_empty(), "no text");
            Ok(())
        }
    }
    impl Error for Bad {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            assert!(!self.source_panics, "no source");
            None
        }
    }
    let event = recorded(|tracker| {
        tracker.add_error(&Bad {
            text: "its source panics",
            source_panics: true,
        });
        tracker.add_error(&Bad {
            text: "",
            source_panics: false,
        });
    });
    assert_eq!(event["error"][0]["msg"], "its source panics");
    assert_eq!(event["error"][1]["msg"], " [its Display panicked]");
    assert_eq!(event.outcome(), "failed");
}

#[test]
fn an_error_that_writes_without_end_is_cut() {
    struct Endless;
    impl fmt::Display for Endless {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            loop {
                f.write_str("again and ")?;
            }
        }
    }
    let event = recorded(|tracker| {
        tracker.add_error_msg(Endless);
        tracker.add_error_msg("x".repeat(100 << 20));
    });
    for error in event["error"].as_array().unwrap() {
        assert_eq!(error["msg"].as_str().map(str::len), Some(2 << 10));
    }
}

#[test]
fn what_serializes_badly_or_without_end_becomes_a_bounded_value() {
    let panicking = recorded(|tracker| {
        tracker.set("tree", Tree::serialize(&Panicking));
    });
    assert_eq!(panicking["tree"], "its Serialize panicked");
    let endless = recorded(|tracker| {
        tracker.set("tree", Tree::serialize(&Endless));
    });
    assert!(endless.to_string().len() < 64 << 10);
    let wide = recorded(|tracker| {
        tracker.set("tree", Tree::serialize(&Wide));
    });
    assert_eq!(wide["tree"].as_array().map(Vec::len), Some(256));
}

struct Panicking;

impl Serialize for Panicking {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic!("no value")
    }
}

/// A list of itself.
struct Endless;

impl Serialize for Endless {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq([Endless])
    }
}

/// More entries than memory has room for.
struct Wide;

impl Serialize for Wide {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(0..u64::MAX)
    }
}

fn recorded(fill: impl FnOnce(&mut EventTracker)) -> Recorded {
    let recorder = Recorder::new();
    recorder.run(|| fill(&mut EventTracker::new("any")));
    recorder.one("any")
}
