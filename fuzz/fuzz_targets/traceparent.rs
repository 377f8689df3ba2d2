//! Headers that name a parent: `traceparent`, and B3 in both forms. Lines of the input are headers.
//!
//! Whatever comes: no panic; what names a parent is sent on with the same ids, and read back as it was.
#![no_main]

use gomon_core::{B3, Context, Propagation};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

/// No header is read while gomon is off.
static GOMON: LazyLock<()> =
    LazyLock::new(|| gomon_core::start().expect("a start without listeners"));

fuzz_target!(|input: &[u8]| {
    LazyLock::force(&GOMON);
    let lines: Vec<_> = input.split(|byte| *byte == b'\n').collect();
    for form in [B3::Single, B3::Multi] {
        let propagation = Propagation::new().b3(form).trust_sampling();
        let names = [
            "traceparent",
            "b3",
            "x-b3-traceid",
            "x-b3-spanid",
            "x-b3-sampled",
        ];
        let caller = propagation.extract(|name, each| {
            let at = names.iter().position(|other| *other == name);
            if let Some(line) = at.and_then(|at| lines.get(at)) {
                each(line);
            }
        });
        sent_again(propagation, caller);
    }
    // One header that comes more than once names nobody.
    if lines.len() > 1 {
        let twice = Propagation::new().extract(|name, each| {
            if name == "traceparent" {
                lines.iter().for_each(|line| each(line));
            }
        });
        assert!(twice.is_application());
    }
});

fn sent_again(propagation: Propagation, caller: Context) {
    let mut sent = Vec::new();
    propagation.inject(caller, |name, value| {
        sent.extend(value.map(|value| (name, value.to_owned())));
    });
    assert_eq!(sent.is_empty(), caller.is_application());
    let read = |without: &str| {
        propagation.extract(|name, each| {
            for (other, value) in &sent {
                if *other == name && name != without {
                    each(value.as_bytes());
                }
            }
        })
    };
    for again in [read(""), read("traceparent")] {
        assert_eq!(again.trace_id(), caller.trace_id());
        assert_eq!(again.span_id(), caller.span_id());
    }
}
