//! URLs, query strings and connection strings.

use std::borrow::Cow;

use super::{NameMask, REDACTED};

/// Masks user-info and the values of secret parameters in a URL, or in what looks like one.
///
/// ```
/// use gomon_core::mask::{NameMask, url};
///
/// let names = NameMask::default();
/// let masked = url("https://joe:pw@shop.example/a?token=x&page=2#top", &names);
/// assert_eq!(masked, "https://[redacted]@shop.example/a?token=[redacted]&page=2#top");
/// ```
#[must_use]
pub fn url<'a>(url: &'a str, names: &NameMask) -> Cow<'a, str> {
    let parts = Parts::of(url);
    let query_masked = parts.query.map(|text| query(text, names));
    let fragment_masked = parts.fragment.map(|text| query(text, names));
    let untouched = |masked: &Option<Cow<'_, str>>| !matches!(masked, Some(Cow::Owned(_)));
    if parts.user_info.is_none() && untouched(&query_masked) && untouched(&fragment_masked) {
        return Cow::Borrowed(url);
    }
    let user_info = parts.user_info.map(|_| REDACTED);
    Cow::Owned(parts.join(
        user_info,
        query_masked.as_deref(),
        fragment_masked.as_deref(),
    ))
}

/// Masks the values of secret parameters in a query string or form body, `a=b&c=d`. Names are
/// compared after percent-decoding.
#[must_use]
pub fn query<'a>(query: &'a str, names: &NameMask) -> Cow<'a, str> {
    let hidden = |pair: &str| match pair.split_once('=') {
        Some((name, value)) => !value.is_empty() && names.hides(&decoded(name)),
        None => false,
    };
    if !query.split(SEPARATORS).any(hidden) {
        return Cow::Borrowed(query);
    }
    let masked = query.split_inclusive(SEPARATORS).map(|part| {
        let pair = part.trim_end_matches(SEPARATORS);
        match pair.split_once('=') {
            Some((name, _)) if hidden(pair) => {
                let separator = part.get(pair.len()..).unwrap_or("");
                Cow::Owned(format!("{name}={REDACTED}{separator}"))
            }
            _ => Cow::Borrowed(part),
        }
    });
    Cow::Owned(masked.collect())
}

/// Masks the password of a connection string: in the user-info of a URL, as a parameter
/// `password=…`, and as a word of libpq's `key=value` form. The user's name stays.
///
/// ```
/// use gomon_core::mask::dsn;
///
/// assert_eq!(dsn("postgres://joe:p@ss@db/shop"), "postgres://joe:[redacted]@db/shop");
/// assert_eq!(dsn("host=db password='a b' user=joe"), "host=db password=[redacted] user=joe");
/// ```
#[must_use]
pub fn dsn(dsn: &str) -> String {
    if !dsn.contains("://") {
        return without_scheme(dsn);
    }
    let parts = Parts::of(dsn);
    let user_info = parts
        .user_info
        .map(|user_info| match user_info.split_once(':') {
            Some((user, _)) => format!("{user}:{REDACTED}"),
            None => user_info.to_owned(),
        });
    let names = NameMask::default().with("sslpassword");
    let query_masked = parts.query.map(|text| query(text, &names));
    parts.join(
        user_info.as_deref(),
        query_masked.as_deref(),
        parts.fragment,
    )
}

/// What has no `://`: libpq's `key=value`, a URL that lost a slash, a file, or anything.
fn without_scheme(dsn: &str) -> String {
    if let Some((before, host)) = dsn.rsplit_once('@') {
        // `scheme:/user:password`, or less of it: what is behind the second colon goes, or behind
        // the first, or all of it.
        let colons = before.match_indices(':').take(2);
        let shown = colons.last().and_then(|(at, _)| before.get(..=at));
        return format!("{}{REDACTED}@{host}", key_values(shown.unwrap_or("")));
    }
    if !dsn.contains('=') && dsn.contains(char::is_whitespace) {
        // Words without a form may be anything, a password among them.
        return REDACTED.to_owned();
    }
    key_values(dsn)
}

/// libpq's connection strings: `key = value`, values may be quoted by `'` with `\` as escape.
fn key_values(dsn: &str) -> String {
    let mut out = String::with_capacity(dsn.len());
    let mut rest = dsn;
    while let Some(equals) = rest.find('=') {
        let (head, tail) = rest.split_at(equals + 1);
        let value_at = tail.len() - tail.trim_start().len();
        let (space, value) = tail.split_at(value_at);
        let length = value_len(value);
        out.push_str(head);
        out.push_str(space);
        let name = head.trim_end_matches('=').trim_end();
        let name = name
            .rsplit(|c: char| c.is_whitespace() || c == ';')
            .next()
            .unwrap_or(name);
        let (kept, after) = value.split_at(length);
        out.push_str(if NameMask::default().hides(name) {
            REDACTED
        } else {
            kept
        });
        rest = after;
    }
    out.push_str(rest);
    out
}

fn value_len(value: &str) -> usize {
    let Some(quoted) = value.strip_prefix('\'') else {
        return value
            .find(|c: char| c.is_whitespace() || c == ';')
            .unwrap_or(value.len());
    };
    let mut escaped = false;
    for (at, c) in quoted.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\'' => return at + 2,
            _ => {}
        }
    }
    value.len()
}

/// A URL cut at its delimiters (RFC 3986, appendix B), for any text.
struct Parts<'a> {
    /// Scheme and `//`, if there are any.
    head: &'a str,
    user_info: Option<&'a str>,
    /// Host, port and path.
    middle: &'a str,
    query: Option<&'a str>,
    fragment: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn of(url: &'a str) -> Self {
        let authority_at = authority_start(url);
        let (head, rest) = url.split_at(authority_at);
        let at = if authority_at == 0 {
            None
        } else {
            user_info_end(rest)
        };
        let (user_info, rest) = match at {
            Some(at) => (rest.get(..at), rest.get(at + 1..).unwrap_or("")),
            None => (None, rest),
        };
        let (rest, fragment) = split_at_delimiter(rest, '#');
        let (middle, query) = split_at_delimiter(rest, '?');
        Self {
            head,
            user_info,
            middle,
            query,
            fragment,
        }
    }

    fn join(&self, user_info: Option<&str>, query: Option<&str>, fragment: Option<&str>) -> String {
        let mut out = self.head.to_owned();
        if let Some(user_info) = user_info {
            out.push_str(user_info);
            out.push('@');
        }
        out.push_str(self.middle);
        for (delimiter, part) in [('?', query), ('#', fragment)] {
            if let Some(part) = part {
                out.push(delimiter);
                out.push_str(part);
            }
        }
        out
    }
}

/// Where the `@` behind the user-info is. By RFC 3986 it comes before the first `/`, `?` or `#`;
/// people also write passwords that hold these, so that failing, an `@` after them counts if a
/// `:` but no `/` of a path, nor the `=` of a parameter, shows a host before it.
fn user_info_end(rest: &str) -> Option<usize> {
    let plain_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (plain, more) = rest.split_at(plain_end);
    if let Some(at) = plain.rfind('@') {
        return Some(at);
    }
    let (_, after_colon) = plain.split_once(':')?;
    let is_port = after_colon.bytes().all(|byte| byte.is_ascii_digit());
    let at = more
        .rfind('@')
        .filter(|at| more.get(..*at).is_some_and(|text| !text.contains('=')))?;
    (!is_port).then_some(plain_end + at)
}

/// Where the authority begins: behind `scheme://` or a leading `//`; 0 if there is none.
fn authority_start(url: &str) -> usize {
    if url.starts_with("//") {
        return 2;
    }
    match url.find("://") {
        Some(at)
            if url
                .get(..at)
                .is_some_and(|scheme| !scheme.contains(['/', '?', '#'])) =>
        {
            at + 3
        }
        _ => 0,
    }
}

fn split_at_delimiter(text: &str, delimiter: char) -> (&str, Option<&str>) {
    match text.split_once(delimiter) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

/// Percent-decoding, and `+` as a space; what is malformed stays as it is.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escape = match (first, after) {
            (b'%', [high, low, tail @ ..]) => {
                hex(*high).zip(hex(*low)).map(|(h, l)| (h << 4 | l, tail))
            }
            (b'+', tail) => Some((b' ', tail)),
            _ => None,
        };
        let (byte, after) = escape.unwrap_or((*first, after));
        bytes.push(byte);
        rest = after;
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

/// Of parameters; `;` is the older one.
const SEPARATORS: [char; 2] = ['&', ';'];

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> String {
        url(text, &NameMask::default()).into_owned()
    }

    #[test]
    fn user_info_and_secret_parameters_are_masked() {
        assert_eq!(masked("http://u@h/"), "http://[redacted]@h/");
        assert_eq!(masked("//u:p@h/x"), "//[redacted]@h/x");
        assert_eq!(
            masked("/a?p%61ssword=1&x=2"),
            "/a?p%61ssword=[redacted]&x=2"
        );
        assert_eq!(
            masked("/cb#access_token=abc&state=1"),
            "/cb#access_token=[redacted]&state=1"
        );
        assert_eq!(
            masked("https://h/a?api_key=1;b=2"),
            "https://h/a?api_key=[redacted];b=2"
        );
    }

    #[test]
    fn what_holds_no_secret_stays_as_it_is() {
        for text in [
            "",
            "/",
            "*",
            "h:443",
            "/a@b",
            "http://h/a@b?x=y@z",
            "/?token=",
            "/?token",
            "mailto:a@b",
        ] {
            assert_eq!(masked(text), text);
            assert!(matches!(url(text, &NameMask::default()), Cow::Borrowed(_)));
        }
    }

    #[test]
    fn masking_twice_is_masking_once() {
        let once = masked("https://a:b@h/?token=1&x=2#key=3");
        assert_eq!(masked(&once), once);
    }

    #[test]
    fn passwords_of_connection_strings_are_masked_in_every_form() {
        for text in [
            "postgres://joe:s3cret@db:5432/shop",
            "postgres://joe:s3c/ret@db",
            "mysql://joe:s3c#ret?@db/shop",
            "postgres://db/shop?user=joe&password=s3cret",
            "host=db user=joe password=s3cret",
            "postgres:/joe:s3cret@db/shop",
            "joe:s3cret@db",
            "s3cret@db",
            "password = 's3c\\' ret' host=db",
            "Server=db;User=joe;Password=s3cret;",
        ] {
            let masked = dsn(text);
            assert!(
                !masked.contains("s3c") && !masked.contains("ret "),
                "{text} became {masked}"
            );
        }
        assert_eq!(dsn("joe s3cret"), REDACTED);
        assert_eq!(dsn("sqlite::memory:"), "sqlite::memory:");
        assert_eq!(
            dsn("sqlite:///tmp/shop.db?mode=rwc"),
            "sqlite:///tmp/shop.db?mode=rwc"
        );
    }
}
