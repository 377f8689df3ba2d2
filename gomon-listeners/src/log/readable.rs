//! One aligned line for people:
//!
//! ```text
//! 12:34:56.789    1.23 ms completed http-wmux-servehttp   GET /users/{id} 200 proto=HTTP/1.1 #9f3a2b1c <77aa0011
//! ```
//!
//! Time of day (UTC) at the start, time it took, outcome, fingerprint; the attributes that tell
//! most, without their names, then the others; the first error; the last eight digits of the
//! event's id (`#`) and of its parent's (`<`).

use std::fmt::Write;
use std::time::Duration;

use gomon_core::{Event, Outcome, Uuid, ValueRef};

use super::style::{Paint, Style};
use super::text;

pub(super) fn write(event: &Event, style: Style, out: &mut String) {
    style.paint(Paint::Dim, out, |out| {
        time_of_day(event.start_unix_ns(), out)
    });
    out.push(' ');
    match (event.lapsed(), event.outcome()) {
        (Some(lapsed), Some(outcome)) => ended(lapsed, outcome, style, out),
        _ => style.paint(Paint::Good, out, |out| out.push_str("           opened   ")),
    }
    out.push(' ');
    style.paint(Paint::Name, out, |out| padded(event.fp(), out));
    for (_, value) in HEADLINE
        .iter()
        .filter_map(|key| Some((key, event.get(key)?)))
    {
        out.push(' ');
        text::value(value, out);
    }
    for (key, value) in event
        .attributes()
        .filter(|(key, _)| !HEADLINE.contains(key))
    {
        attribute(key, value, style, out);
    }
    if let Some(error) = event.errors().first() {
        style.paint(Paint::Bad, out, |out| {
            out.push_str(" error=");
            text::value(ValueRef::Str(error.msg()), out);
        });
    }
    style.paint(Paint::Dim, out, |out| {
        short_id(" #", event.id(), out);
        if let Some(parent) = event.parent() {
            short_id(" <", parent, out);
        }
    });
}

fn ended(lapsed: Duration, outcome: Outcome, style: Style, out: &mut String) {
    duration(lapsed, out);
    let word = |out: &mut String| {
        let _infallible = write!(out, " {:<9}", outcome.as_str());
    };
    match outcome {
        Outcome::Completed => word(out),
        Outcome::Failed | Outcome::Panicked => style.paint(Paint::Bad, out, word),
        _ => style.paint(Paint::Warning, out, word),
    }
}

fn attribute(key: &str, value: ValueRef<'_>, style: Style, out: &mut String) {
    style.paint(Paint::Dim, out, |out| {
        out.push(' ');
        text::name(key, out);
        out.push('=');
    });
    text::value(value, out);
}

/// Ten characters: `   1.23 ms`.
fn duration(lapsed: Duration, out: &mut String) {
    let seconds = lapsed.as_secs_f64();
    let (number, unit) = match lapsed.as_nanos() {
        0..1_000_000 => (seconds * 1e6, "µs"),
        1_000_000..1_000_000_000 => (seconds * 1e3, "ms"),
        _ => (seconds, "s "),
    };
    let _infallible = write!(out, "{number:>7.2} {unit}");
}

fn time_of_day(unix_ns: u64, out: &mut String) {
    let millis = unix_ns / 1_000_000 % 86_400_000;
    let (seconds, millis) = (millis / 1000, millis % 1000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let _infallible = write!(out, "{hours:02}:{minutes:02}:{seconds:02}.{millis:03}");
}

/// The names of the events that come most are at most this long.
fn padded(fp: &str, out: &mut String) {
    let _infallible = write!(out, "{fp:<21}");
}

fn short_id(mark: &str, id: Uuid, out: &mut String) {
    let (_, low) = id.as_u64_pair();
    let _infallible = write!(out, "{mark}{:08x}", low & 0xffff_ffff);
}

/// What is shown first and without its name, in this order.
const HEADLINE: [&str; 8] = [
    "method",
    "route",
    "response_code",
    "summary",
    "name",
    "level",
    "message",
    "addr",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn of(part: impl FnOnce(&mut String)) -> String {
        let mut out = String::new();
        part(&mut out);
        out
    }

    #[test]
    fn times_have_the_unit_that_suits_them_and_one_width() {
        let shown = [7, 1_234_000, 999_999_999, 61_500_000_000]
            .map(|ns| of(|out| duration(Duration::from_nanos(ns), out)));
        assert_eq!(
            shown,
            ["   0.01 µs", "   1.23 ms", "1000.00 ms", "  61.50 s "]
        );
    }

    #[test]
    fn the_time_of_day_is_utc() {
        let start = 1_700_000_000_123_456_789; // 2023-11-14T22:13:20.123456789Z
        assert_eq!(of(|out| time_of_day(start, out)), "22:13:20.123");
    }
}
