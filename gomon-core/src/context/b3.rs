//! The B3 headers (openzipkin/b3-propagation): `b3`, or `x-b3-traceid` and its fellows.
//!
//! - Single: `{trace}-{span}[-{sampled}[-{parent}]]`; a lone sampling state (`0`, `1`, `d`) names no
//!   parent.
//! - Multi: `x-b3-traceid`, `x-b3-spanid`, `x-b3-sampled`, and `x-b3-flags: 1` for debug.
//! - Trace ids have 32 lower-case hexadecimal digits, or 16, which are the low ones.

use crate::context::traceparent::{Caller, number};
use crate::event::id::{SpanId, TraceId};

/// How B3 is written; both are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum B3 {
    /// One header, `b3`.
    Single,
    /// One header for each part: `x-b3-traceid`, `x-b3-spanid`, `x-b3-sampled`.
    Multi,
}

/// The single header.
pub(super) fn parse(header: &[u8]) -> Option<Caller> {
    let mut fields = header.split(|byte| *byte == b'-');
    let (trace, span) = (fields.next()?, fields.next()?);
    let sampled = match fields.next() {
        None | Some(b"0") => false,
        Some(b"1" | b"d") => true,
        Some(_) => return None,
    };
    let parent_is_fine = fields
        .next()
        .is_none_or(|parent| parent.len() == 16 && number(parent).is_some());
    let whole = parent_is_fine && fields.next().is_none();
    ids(trace, span, sampled).filter(|_| whole)
}

/// The separate headers.
pub(super) fn parse_multi(
    trace: &[u8],
    span: &[u8],
    sampled: Option<&[u8]>,
    flags: Option<&[u8]>,
) -> Option<Caller> {
    let debug = flags == Some(b"1");
    // Older libraries write words.
    let sampled = matches!(sampled, Some(b"1" | b"true"));
    ids(trace, span, debug || sampled)
}

fn ids(trace: &[u8], span: &[u8], sampled: bool) -> Option<Caller> {
    if !matches!(trace.len(), 16 | 32) || span.len() != 16 {
        return None;
    }
    let trace = number(trace).filter(|trace| *trace != 0)?;
    let span = u64::try_from(number(span)?)
        .ok()
        .filter(|span| *span != 0)?;
    Some(Caller {
        trace: TraceId(trace),
        span: SpanId(span),
        sampled,
    })
}

pub(super) const SINGLE: &str = "b3";
pub(super) const TRACE: &str = "x-b3-traceid";
pub(super) const SPAN: &str = "x-b3-spanid";
pub(super) const SAMPLED: &str = "x-b3-sampled";
pub(super) const FLAGS: &str = "x-b3-flags";

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE_ID: &str = "80f198ee56343ba864fe8b2a57d3eff7";
    const SPAN_ID: &str = "e457b5a2e4d86bd1";

    fn read(header: &str) -> Option<(String, String, bool)> {
        let caller = parse(header.as_bytes())?;
        Some((
            caller.trace.to_string(),
            caller.span.to_string(),
            caller.sampled,
        ))
    }

    #[test]
    fn the_examples_of_the_specification_are_read() {
        let ids = |sampled| Some((TRACE_ID.to_owned(), SPAN_ID.to_owned(), sampled));
        let base = format!("{TRACE_ID}-{SPAN_ID}");
        assert_eq!(read(&format!("{base}-1-05e3ac9a4f6e3b90")), ids(true));
        assert_eq!(read(&format!("{base}-1")), ids(true));
        assert_eq!(read(&format!("{base}-d")), ids(true));
        assert_eq!(read(&format!("{base}-0")), ids(false));
        assert_eq!(read(&base), ids(false));
        let short = read("64fe8b2a57d3eff7-e457b5a2e4d86bd1-1").unwrap();
        assert_eq!(short.0, "000000000000000064fe8b2a57d3eff7");
    }

    #[test]
    fn what_names_no_parent_is_none() {
        for header in [
            "",
            "0",
            "1",
            "d",
            "-",
            "--",
            "80f198ee56343ba8-",
            "-e457b5a2e4d86bd1",
            "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-2",
            "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1-short",
            "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1-05e3ac9a4f6e3b90-more",
            "80F198EE56343BA864FE8B2A57D3EFF7-e457b5a2e4d86bd1-1",
            "00000000000000000000000000000000-e457b5a2e4d86bd1-1",
            "80f198ee56343ba864fe8b2a57d3eff7-0000000000000000-1",
            "80f198ee56343ba864fe8b2a57d3eff7ff-e457b5a2e4d86bd1-1",
        ] {
            assert_eq!(read(header), None, "{header}");
        }
    }

    #[test]
    fn separate_headers_say_the_same() {
        let read = |sampled: Option<&[u8]>, flags: Option<&[u8]>| {
            parse_multi(TRACE_ID.as_bytes(), SPAN_ID.as_bytes(), sampled, flags)
                .unwrap()
                .sampled
        };
        assert!(!read(None, None) && !read(Some(b"0"), None));
        assert!(read(Some(b"1"), None) && read(None, Some(b"1")) && read(Some(b"true"), None));
        assert!(parse_multi(b"", SPAN_ID.as_bytes(), None, None).is_none());
    }
}
