//! URLs and query strings.

use std::borrow::Cow;

use super::{NameMask, REDACTED, plain};

/// Masks user-info and the values of secret parameters in a URL, or in what looks like one: in
/// its query, its fragment and its path (`;name=value`). A parameter that holds such a URL itself
/// is masked whole. The signatures of signed URLs are masked whatever the names are.
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
    if plain::is_url(url, names) {
        return Cow::Borrowed(url);
    }
    masked_url(url, names, NESTED)
}

/// Masks the values of secret parameters in a query string or form body, `a=b&c=d`. Names are
/// compared after percent-decoding, `user[api_key]` by its parts too. A value that holds a URL
/// with a secret is masked whole.
#[must_use]
pub fn query<'a>(query: &'a str, names: &NameMask) -> Cow<'a, str> {
    if plain::is_query(query, names) {
        return Cow::Borrowed(query);
    }
    masked_query(query, names, NESTED)
}

/// `nested` is how many URLs inside one another are still looked into.
pub(super) fn masked_url<'a>(url: &'a str, names: &NameMask, nested: usize) -> Cow<'a, str> {
    let parts = Parts::of(url);
    let path = path(parts.middle, names);
    let query = parts.query.map(|text| masked_query(text, names, nested));
    let fragment = parts.fragment.map(|text| masked_query(text, names, nested));
    let untouched = |masked: &Option<Cow<'_, str>>| !matches!(masked, Some(Cow::Owned(_)));
    let unchanged = matches!(path, Cow::Borrowed(_)) && untouched(&query) && untouched(&fragment);
    if parts.user_info.is_none() && unchanged {
        return Cow::Borrowed(url);
    }
    let user_info = parts.user_info.map(|_| REDACTED);
    Cow::Owned(parts.join(user_info, &path, query.as_deref(), fragment.as_deref()))
}

pub(super) fn masked_query<'a>(query: &'a str, names: &NameMask, nested: usize) -> Cow<'a, str> {
    let masked = || query.split('&').map(|part| parameters(part, names, nested));
    // Nearly none has anything to mask: read it once more then, rather than remember all parts always.
    if masked().all(|part| matches!(part, Cow::Borrowed(_))) {
        return Cow::Borrowed(query);
    }
    Cow::Owned(masked().collect::<Vec<_>>().join("&"))
}

/// What lies between two `&`. An older separator is `;`: a name may stand behind it, but a secret
/// value may hold it too, and so goes on to the next `&`.
fn parameters<'a>(part: &'a str, names: &NameMask, nested: usize) -> Cow<'a, str> {
    let mut at = 0;
    for parameter in part.split(';') {
        if let Some((name, value)) = parameter.split_once('=')
            && !value.is_empty()
            && (is_hidden(name, names) || holds_secret(value, names, nested))
        {
            let shown = part.get(..at + name.len() + 1).unwrap_or("");
            return Cow::Owned(format!("{shown}{REDACTED}"));
        }
        at += parameter.len() + 1;
    }
    Cow::Borrowed(part)
}

fn is_hidden(name: &str, names: &NameMask) -> bool {
    let name = decoded(name);
    let in_part = || {
        let mut parts = name.split(['[', ']', '.']);
        parts.any(|part| names.hides(part))
    };
    signs(&name) || names.hides(&name) || (name.contains(['[', ']', '.']) && in_part())
}

fn signs(name: &str) -> bool {
    SIGNATURES
        .iter()
        .any(|other| name.eq_ignore_ascii_case(other))
}

fn holds_secret(value: &str, names: &NameMask, nested: usize) -> bool {
    let value = decoded(value);
    if !value.contains("://") && !value.contains(['?', '&']) {
        return false;
    }
    match nested.checked_sub(1) {
        Some(nested) => matches!(masked_url(&value, names, nested), Cow::Owned(_)),
        // Too deep to be looked into.
        None => true,
    }
}

/// Masks the values of secret parameters in the segments of a path, `/cart;jsessionid=…`.
///
/// ```
/// use gomon_core::mask::{NameMask, path};
///
/// let masked = path("/cart;jsessionid=1A/items", &NameMask::default());
/// assert_eq!(masked, "/cart;jsessionid=[redacted]/items");
/// ```
#[must_use]
pub fn path<'a>(path: &'a str, names: &NameMask) -> Cow<'a, str> {
    if !path.contains(';') {
        return Cow::Borrowed(path);
    }
    let segments: Vec<_> = path
        .split('/')
        .map(|segment| parameters(segment, names, 0))
        .collect();
    if segments
        .iter()
        .all(|segment| matches!(segment, Cow::Borrowed(_)))
    {
        return Cow::Borrowed(path);
    }
    Cow::Owned(segments.join("/"))
}

/// A URL cut at its delimiters (RFC 3986, appendix B), for any text.
pub(super) struct Parts<'a> {
    /// Scheme and `//`, if there are any.
    pub(super) head: &'a str,
    pub(super) user_info: Option<&'a str>,
    /// Host, port and path.
    pub(super) middle: &'a str,
    pub(super) query: Option<&'a str>,
    pub(super) fragment: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn of(url: &'a str) -> Self {
        let (head, rest) = url.split_at(authority_start(url));
        let at = if head.is_empty() {
            bare_user_info_end(rest)
        } else {
            user_info_end(rest)
        };
        Self::cut(head, rest, at)
    }

    /// `at` is where the `@` behind the user-info is.
    pub(super) fn cut(head: &'a str, rest: &'a str, at: Option<usize>) -> Self {
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

    pub(super) fn join(
        &self,
        user_info: Option<&str>,
        middle: &str,
        query: Option<&str>,
        fragment: Option<&str>,
    ) -> String {
        let mut out = self.head.to_owned();
        if let Some(user_info) = user_info {
            out.push_str(user_info);
            out.push('@');
        }
        out.push_str(middle);
        for (delimiter, part) in [('?', query), ('#', fragment)] {
            if let Some(part) = part {
                out.push(delimiter);
                out.push_str(part);
            }
        }
        out
    }
}

/// Where the `@` behind the user-info is. By RFC 3986 it comes before the first `/`, `?` or `#`.
/// People also write passwords that hold these: where what follows the first `:` is no port, the
/// last `@` of all counts.
fn user_info_end(rest: &str) -> Option<usize> {
    let (authority, more) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if let Some(at) = authority.rfind('@') {
        return Some(at);
    }
    let (_, port) = authority.rsplit_once(':')?;
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit());
    let is_ipv6 = authority.ends_with(']');
    let at = more.rfind('@').filter(|_| !is_port && !is_ipv6)?;
    Some(authority.len() + at)
}

/// The same in the authority form of a request, `user:password@host:443`.
fn bare_user_info_end(rest: &str) -> Option<usize> {
    let (before, host) = rest.rsplit_once('@')?;
    // Where there are parameters it is none of that form: what looks like one might only come about
    // by masking them, and masking again would change it.
    if host.contains(PARTS) || before.contains(PARTS) {
        return None;
    }
    let (_, port) = host.rsplit_once(':')?;
    let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    is_port.then_some(before.len())
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

/// What begins a path, its parameters, a query or a fragment.
const PARTS: [char; 4] = ['/', ';', '?', '#'];
/// Parameters that let whoever has the URL in: OpenTelemetry's list for `url.full`, in the semantic
/// conventions for HTTP spans. Its keys are case-sensitive, these are not.
pub(super) const SIGNATURES: [&str; 7] = [
    "x-amz-signature",
    "x-amz-credential",
    "x-amz-security-token",
    "awsaccesskeyid",
    "signature",
    "sig",
    "x-goog-signature",
];
/// URLs inside a parameter of a URL inside a parameter: deeper ones are masked whole.
pub(super) const NESTED: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> String {
        url(text, &NameMask::default()).into_owned()
    }

    #[test]
    fn user_info_and_secret_parameters_are_masked() {
        for (text, expected) in [
            ("http://u@h/", "http://[redacted]@h/"),
            ("//u:p@h/x", "//[redacted]@h/x"),
            ("u:p@h:443", "[redacted]@h:443"),
            ("http://u:p/a?b#c=@h/", "http://[redacted]@h/"),
            ("/a?p%61ssword=1&x=2", "/a?p%61ssword=[redacted]&x=2"),
            (
                "/cb#access_token=abc&state=1",
                "/cb#access_token=[redacted]&state=1",
            ),
            ("/a?b=2;api_key=1;c=3&d=4", "/a?b=2;api_key=[redacted]&d=4"),
            (
                "/cart;jsessionid=1;a=b/x;c=d",
                "/cart;jsessionid=[redacted]/x;c=d",
            ),
            (
                "/cart;session=1;a=b/x;c=d",
                "/cart;session=[redacted]/x;c=d",
            ),
            (
                "/?user[api_key]=1&user[name]=joe",
                "/?user[api_key]=[redacted]&user[name]=joe",
            ),
        ] {
            assert_eq!(masked(text), expected);
        }
    }

    #[test]
    fn urls_inside_parameters_are_masked_whole_if_they_hold_a_secret() {
        for text in [
            "/?next=https://joe:s3cret@h/",
            "/?next=/cb?token=s3cret",
            "/?next=https%3A%2F%2Fh%2F%3Ftoken%3Ds3cret",
            "/?a=%2F%3Fb%3D%252F%253Ftoken%253Ds3cret",
        ] {
            assert!(
                !masked(text).contains("s3cret"),
                "{text} became {}",
                masked(text)
            );
        }
        assert_eq!(masked("/?next=https://h/a?b=c"), "/?next=https://h/a?b=c");
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
            "http://h:80/a@b",
            "/?token=",
            "/?token",
            "mailto:a@b",
            "http://[::1]:80/@",
            "http://[::1]/@",
        ] {
            assert_eq!(masked(text), text);
            assert!(matches!(url(text, &NameMask::default()), Cow::Borrowed(_)));
        }
    }

    #[test]
    fn masking_twice_is_masking_once() {
        for text in [
            "https://a:b@h/?token=1&x=2#key=3",
            "a@b?x=/?token=1@c&:2",
            "a?b#sig=/&x=@c:2",
            "u:p?a=b@h:443",
        ] {
            let once = masked(text);
            assert_eq!(masked(&once), once);
        }
    }
}
