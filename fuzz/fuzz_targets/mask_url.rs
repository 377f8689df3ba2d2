//! The masker of URLs. The input is the parts of a URL; it is also taken as it is.
//!
//! Whatever comes: no panic; what was masked is not changed by masking, and is not much longer; no password, and no value of a
//! secret parameter, in query, fragment, path, or a URL inside a parameter.
#![no_main]

use gomon_core::mask::{NameMask, dsn, path, query, url};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, Parts)| {
    let (text, parts) = input;
    let names = NameMask::default();
    for mask in [url, query, path] {
        let masked = mask(text, &names);
        assert_eq!(mask(&masked, &names), masked, "{text:?}");
        assert!(masked.len() <= text.len() * 6 + 16);
    }
    let _ = dsn(text);
    let urls = parts.urls();
    for secret in &urls {
        let masked = url(secret, &names);
        assert!(!masked.contains('Q'), "{secret:?} became {masked:?}");
    }
    let [connection, ..] = &urls;
    let masked = dsn(connection);
    assert!(!masked.contains('Q'), "{connection:?} became {masked:?}");
});

#[derive(Arbitrary, Debug)]
struct Parts {
    scheme: String,
    user: String,
    host: String,
    path: String,
    name: String,
    value: String,
    secret: u8,
}

impl Parts {
    /// URLs that hold a secret, of which the letters are `Q`.
    fn urls(&self) -> [String; 4] {
        let [scheme, user, host, name] =
            [&self.scheme, &self.user, &self.host, &self.name].map(|part| word(part));
        let path: String = part(&self.path).collect();
        let value: String = part(&self.value).filter(|c| *c != '/').collect();
        let secret = SECRET[usize::from(self.secret) % SECRET.len()];
        [
            format!("{scheme}s://{user}:QQ{value}Q@{host}/{path}?{name}={value}#{name}"),
            format!("{scheme}s://{host}/{path}?{name}={value}&{name}{secret}=Q{value}&a=b"),
            format!("{scheme}s://{host}/{path}?next=https%3A%2F%2Fh%2F%3F{secret}%3DQQ#{value}"),
            format!("/{path}?{name}={value}#{name}{secret}=QQ"),
        ]
    }
}

fn word(text: &str) -> String {
    text.chars().filter(char::is_ascii_lowercase).collect()
}

/// What a part may hold without another part beginning.
fn part(text: &str) -> impl Iterator<Item = char> {
    text.chars()
        .filter(|c| !matches!(c, 'Q' | '?' | '#' | '&' | ';' | '@' | ':' | '%'))
}

const SECRET: [&str; 6] = [
    "password",
    "Token",
    "api_key",
    "p%61sswd",
    "user[secret]",
    "x-session",
];
