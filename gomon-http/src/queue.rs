//! How long a request waited in front of the program.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::sent::{Names, Sent};

/// The time from when a load balancer got the request, which it notes in `X-Request-Start` or `X-Queue-Start`, until the event
/// started; nothing where that is no time, or none that can be.
///
/// There is no standard for it: nginx sends `t=` and seconds with a fraction, Heroku milliseconds, Apache `t=` and
/// microseconds. Which it is shows in the number's size, for all times from 2001 to 2286.
pub(crate) fn waited(
    sent: &Sent<'_>,
    started: impl FnOnce() -> Option<SystemTime>,
) -> Option<Duration> {
    if !sent.may_have(const { Names::all(&NAMES) }) {
        return None;
    }
    let mut names = NAMES.into_iter();
    let sent = names.find_map(|name| sent.get_all(name).next())?;
    let received = UNIX_EPOCH + since_epoch(sent.to_str().ok()?)?;
    let waited = started()?.duration_since(received).ok()?;
    (waited <= LONGEST).then_some(waited)
}

fn since_epoch(text: &str) -> Option<Duration> {
    let text = text.trim();
    let text = text.strip_prefix("t=").unwrap_or(text);
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let number: u64 = whole.parse().ok()?;
    let unit_nanos: u64 = match number {
        0..1_000_000_000 => return None,
        1_000_000_000..10_000_000_000 => 1_000_000_000,
        1_000_000_000_000..10_000_000_000_000 => 1_000_000,
        1_000_000_000_000_000..10_000_000_000_000_000 => 1_000,
        1_000_000_000_000_000_000..10_000_000_000_000_000_000 => 1,
        _ => return None,
    };
    let mut nanos = number.checked_mul(unit_nanos)?;
    let mut place = unit_nanos;
    for digit in fraction.bytes() {
        place /= 10;
        nanos = nanos.checked_add(place * u64::from(digit - b'0'))?;
    }
    Some(Duration::from_nanos(nanos))
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

const NAMES: [&str; 2] = ["x-request-start", "x-queue-start"];
/// Longer ago is a clock that is wrong.
const LONGEST: Duration = Duration::from_secs(24 * 3_600);

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::*;

    fn waited_since(sent: &'static str) -> Option<Duration> {
        let started = UNIX_EPOCH + Duration::from_micros(1_500_000_001_250_000);
        let mut headers = HeaderMap::new();
        headers.insert("x-request-start", HeaderValue::from_static(sent));
        waited(&Sent::new(&headers, Names::of(&headers)), || Some(started))
    }

    #[test]
    fn every_usual_unit_is_understood() {
        let expected = Some(Duration::from_micros(1_250_000));
        for sent in [
            "t=1500000000",
            "1500000000.000",
            "1500000000000",
            "t=1500000000000000",
            " t=1500000000000000000 ",
        ] {
            assert_eq!(waited_since(sent), expected, "{sent}");
        }
        let expected = Some(Duration::from_micros(1_250_000 - 123_456));
        assert_eq!(waited_since("t=1500000000.123456"), expected);
    }

    #[test]
    fn what_is_no_time_or_cannot_be_is_left_out() {
        for sent in [
            "",
            "t=",
            "t=-1500000000",
            "t=1500000000.x",
            "1e9",
            "999999999",
            "15000000000",
            "18446744073709551616",
            // After the request came, and two days before.
            "t=1500000001.3",
            "t=1499827200",
        ] {
            assert_eq!(waited_since(sent), None, "{sent}");
        }
    }
}
