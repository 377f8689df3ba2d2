//! The JSON line of a span, written by hand.

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bench_kit::ticks;

use super::{Trace, Value};

/// The envelope of a line.
pub(super) struct Span<'a> {
    pub(super) trace: Trace,
    pub(super) id: u64,
    pub(super) parent: u64,
    pub(super) name: &'a str,
    pub(super) start_ticks: u64,
    pub(super) end_ticks: u64,
}

/// Measures the tick rate now, so that no burst pays for it.
pub(super) fn calibrate() {
    LazyLock::force(&CLOCK);
}

/// Appends everything up to the attributes.
pub(super) fn open(out: &mut Vec<u8>, span: &Span<'_>) {
    out.extend_from_slice(b"{\"trace_id\":\"");
    hex(out, span.trace.0);
    hex(out, span.trace.1);
    out.extend_from_slice(b"\",\"span_id\":\"");
    hex(out, span.id);
    out.extend_from_slice(b"\",\"parent_id\":\"");
    hex(out, span.parent);
    out.extend_from_slice(b"\",\"name\":");
    text(out, span.name);
    out.extend_from_slice(b",\"start_ns\":");
    number(out, CLOCK.unix_ns(span.start_ticks));
    out.extend_from_slice(b",\"dur_ns\":");
    let lasted = span.end_ticks.saturating_sub(span.start_ticks);
    number(out, CLOCK.ns(lasted));
    out.extend_from_slice(b",\"attrs\":{");
}

/// Appends one attribute.
pub(super) fn attribute(out: &mut Vec<u8>, is_first: bool, key: &str, value: Value<'_>) {
    if !is_first {
        out.push(b',');
    }
    text(out, key);
    out.push(b':');
    match value {
        Value::Fixed(value) | Value::Text(value) => text(out, value),
        Value::Number(value) => number(out, value),
    }
}

/// Appends the end.
pub(super) fn close(out: &mut Vec<u8>) {
    out.extend_from_slice(b"}}\n");
}

fn hex(out: &mut Vec<u8>, number: u64) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut digits = [0; 16];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(number.to_be_bytes()) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    out.extend_from_slice(&digits);
}

fn number(out: &mut Vec<u8>, number: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

fn text(out: &mut Vec<u8>, text: &str) {
    let needs_escape = |byte: u8| (byte < 0x20) | (byte == b'"') | (byte == b'\\');
    out.push(b'"');
    // Without a branch for each byte: almost no text needs it.
    if text
        .bytes()
        .fold(false, |any, byte| any | needs_escape(byte))
    {
        out.extend(text.chars().flat_map(char::escape_default).map(|c| {
            u8::try_from(c).unwrap_or(b'?') // escape_default gives ASCII alone
        }));
    } else {
        out.extend_from_slice(text.as_bytes());
    }
    out.push(b'"');
}

static CLOCK: LazyLock<Clock> = LazyLock::new(Clock::calibrated);

struct Clock {
    anchor_ticks: u64,
    anchor_unix_ns: u64,
    ns_a_tick: f64,
}

impl Clock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the ticks are compared with the clocks of std"
    )]
    fn calibrated() -> Self {
        let (ticks_before, before) = (ticks(), Instant::now());
        while before.elapsed() < Duration::from_millis(5) {
            std::hint::spin_loop();
        }
        let passed_ns = before.elapsed().as_secs_f64() * 1e9;
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let since = since.unwrap_or_default().as_nanos();
        Self {
            anchor_ticks: ticks(),
            anchor_unix_ns: u64::try_from(since).unwrap_or(u64::MAX),
            ns_a_tick: passed_ns / (ticks() - ticks_before) as f64,
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what is rounded off is below the clock's resolution"
    )]
    fn ns(&self, ticks: u64) -> u64 {
        (ticks as f64 * self.ns_a_tick) as u64
    }

    fn unix_ns(&self, ticks: u64) -> u64 {
        self.anchor_unix_ns + self.ns(ticks.saturating_sub(self.anchor_ticks))
    }
}
