//! The `traceparent` header: W3C Trace Context, level 1 (2021) and the `random` flag of level 2.

use std::fmt;

use crate::context::Origin;
use crate::event::id::{SpanId, TraceId};

/// The value of a `traceparent` header: 55 ASCII characters, without an allocation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    text: [u8; LENGTH],
}

impl TraceParent {
    pub(crate) fn new(origin: &Origin) -> Self {
        // "sampled" unless it is not recorded; "random" (level 2) only for trace ids that this process drew.
        let flags = u8::from(!origin.sampled_out) | u8::from(origin.own_trace) << 1;
        let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
        hex(&mut text, 3, &origin.trace.to_u128().to_be_bytes());
        hex(&mut text, 36, &origin.span.to_u64().to_be_bytes());
        hex(&mut text, 53, &[flags]);
        Self { text }
    }

    /// The header's value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.text).unwrap_or("")
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a header says of the span that caused a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) trace: TraceId,
    pub(crate) span: SpanId,
    /// The caller records its part of the trace.
    pub(crate) sampled: bool,
}

/// `version-trace_id-parent_id-flags`: lower-case hex, ids not zero, version not `ff`. A version
/// above 00 may carry more after another dash, which is ignored.
pub(super) fn parse(header: &[u8]) -> Option<Caller> {
    let fixed: &[u8; LENGTH] = header.first_chunk()?;
    let rest = header.get(LENGTH..)?;
    if [fixed[2], fixed[35], fixed[52]] != *b"---" {
        return None;
    }
    let version = u8::try_from(number(&fixed[..2])?).ok()?;
    let trace = number(&fixed[3..35])?;
    let span = u64::try_from(number(&fixed[36..52])?).ok()?;
    let flags = number(&fixed[53..])?;
    let rest_allowed = rest.is_empty() || (version > 0 && rest.first() == Some(&b'-'));
    if version == 0xff || trace == 0 || span == 0 || !rest_allowed {
        return None;
    }
    Some(Caller {
        trace: TraceId(trace),
        span: SpanId(span),
        sampled: flags & 1 == 1,
    })
}

/// The number that lower-case hexadecimal digits stand for, at most 32 of them.
pub(super) fn number(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0, |number, digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u128::from(digit))
    })
}

fn hex(text: &mut [u8; LENGTH], from: usize, bytes: &[u8]) {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    for (place, digit) in text.iter_mut().skip(from).zip(digits) {
        *place = if digit < 10 {
            b'0' + digit
        } else {
            b'a' + digit - 10
        };
    }
}

const LENGTH: usize = 55;

#[cfg(test)]
mod tests {
    use super::*;

    const VALID: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn what_is_sent_can_be_read() {
        let origin = Origin {
            trace: TraceId(0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c),
            span: SpanId(0xb7ad_6b71_6920_3331),
            own_trace: false,
            remote: false,
            sampled_out: false,
        };
        assert_eq!(TraceParent::new(&origin).as_str(), VALID);
        let read = parse(VALID.as_bytes()).unwrap();
        assert_eq!((read.trace, read.span), (origin.trace, origin.span));
        assert!(read.sampled);
        let own = Origin {
            own_trace: true,
            ..origin
        };
        assert!(TraceParent::new(&own).as_str().ends_with("-03"));
    }

    #[test]
    fn malformed_headers_are_refused() {
        let with = |at: usize, byte: u8| {
            let mut header = VALID.as_bytes().to_vec();
            header[at] = byte;
            header
        };
        for header in [
            with(0, b'f').into_iter().chain(*b"x").collect(),
            with(10, b'A'),
            with(10, b'g'),
            with(2, b'_'),
            with(54, b'x'),
            b"ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_vec(),
            b"00-00000000000000000000000000000000-b7ad6b7169203331-01".to_vec(),
            b"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01".to_vec(),
            b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-".to_vec(),
            VALID[..54].into(),
            Vec::new(),
        ] {
            assert_eq!(parse(&header), None, "{}", String::from_utf8_lossy(&header));
        }
    }

    #[test]
    fn later_versions_may_be_longer() {
        let later = VALID.replacen("00", "cc", 1);
        assert!(parse(later.as_bytes()).is_some());
        assert!(parse(format!("{later}-more").as_bytes()).is_some());
        assert!(parse(format!("{later}.more").as_bytes()).is_none());
    }
}
