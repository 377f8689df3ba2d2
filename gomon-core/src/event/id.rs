//! Trace, span and event ids: one set of bits for JSON, W3C headers and OTLP (docs/events.md, "Ids").

use std::fmt;

use uuid::Uuid;

use crate::hot;

/// A W3C trace id: 128 bits, time-ordered (UUIDv7 layout) where this process drew it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId(pub(crate) u128);

/// A W3C span id: the low 64 bits of an event's id.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpanId(pub(crate) u64);

impl TraceId {
    /// A new id in the layout of UUIDv7 (RFC 9562, section 5.7) for the given Unix time.
    #[inline]
    pub(crate) fn new(unix_millis: u64) -> Self {
        let high = (unix_millis << 16) | (7 << 12) | (hot::random() >> 52);
        let low = VARIANT | (hot::random() >> 2);
        Self((u128::from(high) << 64) | u128::from(low))
    }

    /// The same id at another Unix time.
    pub(crate) fn at(self, unix_millis: u64) -> Self {
        const AFTER_THE_TIME: u128 = (1 << 80) - 1;
        Self(u128::from(unix_millis) << 80 | self.0 & AFTER_THE_TIME)
    }

    /// The id's 128 bits.
    #[must_use]
    pub const fn to_u128(self) -> u128 {
        self.0
    }

    /// The id of the event that has this trace id and the given span id: the high bits of the
    /// trace id with version nibble 8, then the span id. It can be computed from a header alone.
    pub(crate) fn event_id(self, span: SpanId) -> Uuid {
        let high = (self.0 >> 64) & !0xf000 | 0x8000;
        Uuid::from_u128((high << 64) | u128::from(span.0))
    }
}

impl SpanId {
    /// A new id: the RFC 9562 variant bits `10` and 62 random bits, so never zero.
    #[inline]
    pub(crate) fn new() -> Self {
        Self(VARIANT | (hot::random() >> 2))
    }

    /// The id's 64 bits.
    #[must_use]
    pub const fn to_u64(self) -> u64 {
        self.0
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The variant bits of RFC 9562.
const VARIANT: u64 = 1 << 63;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trace_ids_have_the_layout_of_uuid_v7() {
        let millis = 1_700_000_000_123;
        let id = Uuid::from_u128(TraceId::new(millis).0);
        assert_eq!(id.get_version_num(), 7);
        assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
        assert_eq!(id.as_u128() >> 80, u128::from(millis));
    }

    #[test]
    fn event_ids_are_valid_uuids_that_keep_the_span_id_and_the_high_trace_bits() {
        let (trace, span) = (TraceId::new(1_700_000_000_000), SpanId::new());
        let id = trace.event_id(span);
        assert_eq!(id.get_version_num(), 8);
        assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
        assert_eq!(id.as_u64_pair().1, span.0);
        assert_eq!(
            id.as_u64_pair().0 & !0xf000,
            (trace.0 >> 64) as u64 & !0xf000
        );
    }

    #[test]
    fn ids_do_not_repeat() {
        let mut seen = std::collections::HashSet::new();
        assert!((0..10_000).all(|_| seen.insert(SpanId::new())));
    }
}
