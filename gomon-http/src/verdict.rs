//! What is to be done with the values of usual headers, found out once a thread.
//!
//! Most headers have one of a few names, whose texts are part of the program: `http` knows them. These are told by where they lie, which
//! costs less than to look at their letters; nothing else can ever lie there. All others are judged by their text.

use std::cell::RefCell;
use std::rc::Rc;

use gomon_core::mask::NameMask;
use http::{HeaderName, header};

/// How the value of a header is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// As it is.
    Shown,
    /// Not at all.
    Hidden,
    /// Without what is in front of the last `@`.
    Host,
    /// Without the secrets that may be in it.
    Masked,
}

impl Verdict {
    pub(crate) fn on(name: &str, names: &NameMask) -> Self {
        match name {
            _ if names.hides(name) => Self::Hidden,
            "host" => Self::Host,
            "baggage" => Self::Masked,
            // Their values are URLs, which may hold a password or a token.
            "referer" | "location" | "origin" | "content-location" | "x-original-url"
            | "x-forwarded-uri" | "x-rewrite-url" => Self::Masked,
            _ => Self::Shown,
        }
    }
}

/// The verdicts of one mask.
#[derive(Debug)]
pub(crate) struct Verdicts {
    mask: u64,
    places: [Option<Known>; PLACES],
}

/// The verdict on a name that lies there.
#[derive(Clone, Copy, Debug)]
struct Known {
    address: usize,
    bytes: usize,
    verdict: Verdict,
}

impl Verdicts {
    /// Those of this mask.
    pub(crate) fn of(names: &NameMask) -> Rc<Self> {
        let last = LAST.try_with(|last| {
            let mut last = last.try_borrow_mut().ok()?;
            let verdicts = match &mut *last {
                Some(verdicts) if verdicts.mask == names.id() => verdicts,
                last => last.insert(Rc::new(Self::new(names))),
            };
            Some(Rc::clone(verdicts))
        });
        let last = last.ok().flatten();
        last.unwrap_or_else(|| Rc::new(Self::new(names)))
    }

    /// The text of a header's name, and the verdict on its values. `names` is the mask that these are of.
    #[inline]
    pub(crate) fn on<'a>(&self, name: &'a HeaderName, names: &NameMask) -> (&'a str, Verdict) {
        let text = text_of(name);
        let address = text.as_ptr().addr();
        let verdict = match self.places.get(place_of(address)) {
            Some(Some(known)) if known.address == address && known.bytes == text.len() => {
                known.verdict
            }
            _ => Verdict::on(text, names),
        };
        (text, verdict)
    }

    #[cold]
    fn new(names: &NameMask) -> Self {
        let mut places = [None; PLACES];
        for name in USUAL {
            let name = text_of(&name);
            let address = name.as_ptr().addr();
            // Of two with one place the last has it; the other is judged by its text.
            if let Some(place) = places.get_mut(place_of(address)) {
                *place = Some(Known {
                    address,
                    bytes: name.len(),
                    verdict: Verdict::on(name, names),
                });
            }
        }
        Self {
            mask: names.id(),
            places,
        }
    }
}

/// Not inlined: where it is, the compiler may put texts of its own.
#[inline(never)]
fn text_of(name: &HeaderName) -> &str {
    name.as_str()
}

#[inline]
fn place_of(address: usize) -> usize {
    // The texts lie beside each other, at any byte.
    let spread = (address as u64).wrapping_mul(SPREAD) >> (u64::BITS - PLACES.ilog2());
    usize::try_from(spread).unwrap_or(0)
}

thread_local! {
    static LAST: RefCell<Option<Rc<Verdicts>>> = const { RefCell::new(None) };
}

const PLACES: usize = 1 << 9;
/// 2^64 by the golden ratio.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

const USUAL: [HeaderName; 51] = [
    header::ACCEPT,
    header::ACCEPT_CHARSET,
    header::ACCEPT_ENCODING,
    header::ACCEPT_LANGUAGE,
    header::ACCEPT_RANGES,
    header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
    header::ACCESS_CONTROL_ALLOW_HEADERS,
    header::ACCESS_CONTROL_ALLOW_METHODS,
    header::ACCESS_CONTROL_ALLOW_ORIGIN,
    header::ACCESS_CONTROL_EXPOSE_HEADERS,
    header::ACCESS_CONTROL_MAX_AGE,
    header::ACCESS_CONTROL_REQUEST_HEADERS,
    header::ACCESS_CONTROL_REQUEST_METHOD,
    header::AGE,
    header::ALLOW,
    header::AUTHORIZATION,
    header::CACHE_CONTROL,
    header::CONNECTION,
    header::CONTENT_DISPOSITION,
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::CONTENT_LENGTH,
    header::CONTENT_LOCATION,
    header::CONTENT_SECURITY_POLICY,
    header::CONTENT_TYPE,
    header::COOKIE,
    header::DATE,
    header::DNT,
    header::ETAG,
    header::EXPIRES,
    header::HOST,
    header::IF_MODIFIED_SINCE,
    header::IF_NONE_MATCH,
    header::LAST_MODIFIED,
    header::LINK,
    header::LOCATION,
    header::ORIGIN,
    header::PRAGMA,
    header::RANGE,
    header::REFERER,
    header::REFERRER_POLICY,
    header::RETRY_AFTER,
    header::SERVER,
    header::SET_COOKIE,
    header::STRICT_TRANSPORT_SECURITY,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::USER_AGENT,
    header::VARY,
    header::VIA,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_judged_by_the_mask_wherever_it_lies() {
        let masks = [NameMask::default(), NameMask::new(["accept*", "x-own"])];
        for names in &masks {
            let verdicts = Verdicts::of(names);
            for name in USUAL {
                let (text, verdict) = verdicts.on(&name, names);
                assert_eq!(text, name.as_str());
                assert_eq!(verdict, Verdict::on(text, names), "{name}");
            }
            let own = HeaderName::from_static("x-own");
            let is_hidden = verdicts.on(&own, names).1 == Verdict::Hidden;
            assert_eq!(is_hidden, names.hides("x-own"));
        }
    }

    #[test]
    fn nearly_all_usual_names_are_told_by_where_they_lie() {
        let verdicts = Verdicts::of(&NameMask::default());
        let told = USUAL.iter().filter(|name| {
            let address = text_of(name).as_ptr().addr();
            let place = verdicts.places[place_of(address)];
            place.is_some_and(|known| known.address == address)
        });
        // Where they lie is for the linker to say.
        assert!(told.count() * 5 >= USUAL.len() * 4);
    }
}
