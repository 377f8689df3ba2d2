//! Telling by one look that a URL has nothing to mask, as most have.
//!
//! What is said to be plain is: nothing in it could be a secret by the rules of [`url`](super::url). The rest has to be read with care.

use std::sync::LazyLock;

use super::NameMask;
use super::names::Letters;
use super::url::SIGNATURES;

/// Whether a URL has neither user-info nor a parameter that may be secret.
pub(super) fn is_url(url: &str, names: &NameMask) -> bool {
    let bytes = url.as_bytes();
    let is_part = |byte: &u8| matches!(byte, b'?' | b'#' | b'@' | b';');
    match bytes.iter().position(is_part) {
        None => true,
        Some(at) => match bytes.split_at(at) {
            (_, [b'?' | b'#', query @ ..]) => is_plain(query, names),
            _ => false,
        },
    }
}

/// Whether a query string has no parameter that may be secret.
pub(super) fn is_query(query: &str, names: &NameMask) -> bool {
    is_plain(query.as_bytes(), names)
}

fn is_plain(query: &[u8], names: &NameMask) -> bool {
    let mut name = Some(Letters::NONE);
    for byte in query {
        match (byte, name) {
            // Encoded, user-info, or perhaps a URL in a parameter.
            (b'%' | b'@' | b'?' | b':', _) => return false,
            (b'&' | b';', _) => name = Some(Letters::NONE),
            // It begins a fragment in a URL, and is a part of a name in a form.
            (b'#', _) => name = name.or(Some(Letters::NONE)),
            (b'=', Some(letters)) => {
                if names.may_hide(letters) || may_sign(letters) {
                    return false;
                }
                name = None;
            }
            (byte, Some(letters)) => name = Some(letters.and(*byte)),
            (_, None) => {}
        }
    }
    true
}

/// Whether a parameter with these letters in its name may be the signature of a signed URL.
fn may_sign(letters: Letters) -> bool {
    static OF_SIGNATURES: LazyLock<[Letters; SIGNATURES.len()]> =
        LazyLock::new(|| SIGNATURES.map(|name| Letters::of(name.as_bytes())));
    OF_SIGNATURES.iter().any(|others| letters.has(*others))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::{prop_assert, proptest};

    use super::*;
    use crate::mask::url::{NESTED, masked_query, masked_url};

    #[test]
    fn usual_urls_are_plain() {
        let names = NameMask::default();
        for text in [
            "",
            "/",
            "https://h:80/a/b",
            "/a?page=2&sort=name#top",
            "/a#b=c",
        ] {
            assert!(is_url(text, &names), "{text}");
        }
        for text in [
            "http://u@h",
            "/a;b=c",
            "/?token=",
            "/?a%3D=b",
            "/?sig=a",
            "/#a=http://h",
            "/?x=1#token=a",
        ] {
            assert!(!is_url(text, &names), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_plain_is_not_changed_by_the_careful_way(
            text in "(https?://)?([a-z]|token|sig|pwd|key|[/?#&;=@:%+.\\[\\]A-F0-9]){0,24}",
        ) {
            let names = NameMask::default();
            let unchanged = |masked: Cow<'_, str>| masked == text;
            if is_url(&text, &names) {
                prop_assert!(unchanged(masked_url(&text, &names, NESTED)));
            }
            if is_query(&text, &names) {
                prop_assert!(unchanged(masked_query(&text, &names, NESTED)));
            }
        }
    }
}
