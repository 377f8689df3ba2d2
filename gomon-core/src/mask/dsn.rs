//! Connection strings of databases.

use super::url::Parts;
use super::{NameMask, REDACTED, query};

/// Masks the password of a connection string: in the user-info of a URL, as a parameter
/// `password=…`, and as a word of the `key=value` forms. The user's name stays. Where the form is
/// not clear, more is masked rather than less.
///
/// ```
/// use gomon_core::mask::dsn;
///
/// assert_eq!(dsn("postgres://joe:p@ss@db/shop"), "postgres://joe:[redacted]@db/shop");
/// assert_eq!(dsn("host=db password='a b' user=joe"), "host=db password=[redacted] user=joe");
/// ```
#[must_use]
pub fn dsn(dsn: &str) -> String {
    match dsn.find("://") {
        Some(at) => with_scheme(dsn, at + 3),
        None => without_scheme(dsn),
    }
}

fn with_scheme(dsn: &str, authority: usize) -> String {
    let (head, rest) = dsn.split_at(authority);
    // A password may hold any delimiter unescaped, in what people write: the last `@` of all ends
    // it, if a `:` comes before it at all.
    let at = rest
        .rfind('@')
        .filter(|at| rest.get(..*at).is_some_and(has_user_info));
    let parts = Parts::cut(head, rest, at);
    let user_info = parts
        .user_info
        .map(|user_info| match user_info.split_once(':') {
            Some((user, _)) => format!("{user}:{REDACTED}"),
            None => user_info.to_owned(),
        });
    let names = NameMask::default();
    let query_masked = parts.query.map(|text| query(text, &names));
    // A `#` may have been a part of the last parameter's value.
    let fragment = parts.fragment.map(|_| REDACTED);
    parts.join(
        user_info.as_deref(),
        parts.middle,
        query_masked.as_deref(),
        fragment,
    )
}

fn has_user_info(before: &str) -> bool {
    before.contains(':') || !before.contains(['/', '?', '#'])
}

/// libpq's `key=value`, ADO's `Key=value;`, a URL that lost a slash, a file, or anything.
fn without_scheme(dsn: &str) -> String {
    let pairs = pairs(dsn);
    if pairs.first().is_some_and(|pair| pair.name == 0) {
        return key_values(dsn, &pairs);
    }
    if let Some((before, host)) = dsn.rsplit_once('@') {
        // `user:password`, behind a scheme and a slash perhaps; without a colon all of it goes.
        let mut colons = before.match_indices(':').map(|(at, _)| at);
        let scheme = |at: &usize| {
            before
                .get(at + 1..)
                .is_some_and(|rest| rest.starts_with('/'))
        };
        let shown = colons
            .find(|at| !scheme(at))
            .and_then(|at| before.get(..=at));
        return format!("{}{REDACTED}@{}", shown.unwrap_or(""), without_scheme(host));
    }
    if pairs.is_empty() && dsn.contains(char::is_whitespace) {
        // Words without a form may be anything, a password among them.
        return REDACTED.to_owned();
    }
    key_values(dsn, &pairs)
}

/// Where a `name=value` begins, and its value.
struct Pair {
    name: usize,
    value: usize,
}

/// A pair begins at a name behind white space or a separator, or at the start. Quoted values are
/// passed over.
fn pairs(dsn: &str) -> Vec<Pair> {
    let mut pairs: Vec<Pair> = Vec::new();
    let mut from = 0;
    while let Some(equals) = dsn
        .get(from..)
        .and_then(|rest| rest.find('='))
        .map(|at| from + at)
    {
        let before = dsn.get(..equals).unwrap_or("").trim_end();
        let name = before.rfind(|c: char| !is_name(c)).map_or(0, |at| at + 1);
        let boundary = dsn
            .get(..name)
            .and_then(|before| before.chars().next_back());
        let begins = boundary.is_none_or(|c| c.is_whitespace() || SEPARATORS.contains(&c));
        let rest = dsn.get(equals + 1..).unwrap_or("");
        let value = equals + 1 + (rest.len() - rest.trim_start().len());
        from = equals + 1;
        if begins && name < before.len() {
            pairs.push(Pair { name, value });
            from = value + quoted_len(dsn.get(value..).unwrap_or(""));
        }
    }
    pairs
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

/// The length of a quoted value: to its closing quote, else to the end; 0 if it is not quoted.
fn quoted_len(value: &str) -> usize {
    let close = match value.chars().next() {
        Some(quote @ ('\'' | '"')) => quote,
        Some('{') => '}',
        _ => return 0,
    };
    let mut escaped = false;
    for (at, c) in value.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == close => return at + 1,
            _ => {}
        }
    }
    value.len()
}

/// A secret value goes on to the next pair, whatever it holds.
fn key_values(dsn: &str, pairs: &[Pair]) -> String {
    let names = NameMask::default();
    let mut out = String::with_capacity(dsn.len());
    let mut copied = 0;
    for (at, pair) in pairs.iter().enumerate() {
        let name = dsn.get(pair.name..pair.value).unwrap_or("");
        if !names.hides(name.trim_end().trim_end_matches('=').trim_end()) {
            continue;
        }
        let end = pairs.get(at + 1).map_or(dsn.len(), |next| next.name);
        let value = dsn.get(pair.value..end).unwrap_or("");
        let last = value.trim_end_matches(|c: char| c.is_whitespace() || SEPARATORS.contains(&c));
        out.push_str(dsn.get(copied..pair.value).unwrap_or(""));
        out.push_str(REDACTED);
        copied = pair.value + last.len();
    }
    out.push_str(dsn.get(copied..).unwrap_or(""));
    out
}

const SEPARATORS: [char; 4] = [';', '?', '&', ','];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_masked_in_every_form() {
        for text in [
            "postgres://joe:s3cret@db:5432/shop",
            "postgres://joe:s3cret/s3cret@db",
            "postgres://joe:a/s3cret=@db/shop",
            "postgres://joe:12/s3cret@db",
            "mysql://joe:s3cret#s3cret?@db/shop",
            "postgres://db/shop?user=joe&password=s3cret",
            "postgres://db/shop?password=a#s3cret",
            "postgres://db/shop?password=a;s3cret",
            "host=db user=joe password=s3cret",
            "host=db password=p@s3cret user=joe",
            "password = 's3cret\\' s3cret' host=db",
            "password=a\\ s3cret",
            "Server=db;User=joe;Password=s3cret;",
            "Server=db;Password=p@s3cret;",
            "Password=\"a s3cret\"",
            "Password='x y=s3cret' host=db",
            "PWD={a;s3cret}",
            "Password=a s3cret;",
            "joe:s3cret@tcp(db:3306)/x?loc=a@b",
            "joe:a=s3cret@tcp(db)/x",
            "postgres:/joe:s3cret@db/shop",
            "joe:s3cret@db",
            "s3cret@db",
            "joe s3cret",
        ] {
            assert!(!dsn(text).contains("s3cret"), "{text} became {}", dsn(text));
        }
    }

    #[test]
    fn the_rest_stays() {
        for text in [
            "sqlite::memory:",
            "sqlite:///tmp/shop.db?mode=rwc",
            "postgres://db:5432/shop",
            "postgres://joe@db/shop?sslmode=require",
            "host=db user=joe dbname='my shop'",
            "shop.db",
        ] {
            assert_eq!(dsn(text), text);
        }
        assert_eq!(
            dsn("host=db password=a user=joe"),
            "host=db password=[redacted] user=joe"
        );
        assert_eq!(
            dsn("Server=db;Password=a;User=joe"),
            "Server=db;Password=[redacted];User=joe"
        );
    }
}
