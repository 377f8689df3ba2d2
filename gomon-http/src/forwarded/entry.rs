//! What one proxy has noted, read out of the headers.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;

use super::ForwardedHeader;

/// For whom a proxy asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    /// None where it is hidden, or is not an address.
    pub(super) address: Option<IpAddr>,
    pub(super) scheme: Option<&'static str>,
}

/// The entries of all headers of that name, the last first.
pub(super) fn from_the_last(
    header: ForwardedHeader,
    headers: &HeaderMap,
) -> impl Iterator<Item = Entry> {
    let read = match header {
        ForwardedHeader::Forwarded => forwarded,
        ForwardedHeader::XForwardedFor | ForwardedHeader::XRealIp => plain,
    };
    let values: Vec<&str> = headers
        .get_all(header.name())
        .iter()
        .map(|value| value.to_str().unwrap_or(""))
        .collect();
    let entries = values.into_iter().rev().flat_map(|value| Entries {
        rest: Some(value.get(value.len().saturating_sub(BYTES)..).unwrap_or("")),
    });
    entries.take(ENTRIES).map(read)
}

/// The last that `X-Forwarded-Proto` says.
pub(super) fn proto(headers: &HeaderMap) -> Option<&'static str> {
    let last = headers.get_all("x-forwarded-proto").iter().next_back()?;
    let last = last.to_str().ok()?.rsplit(',').next()?;
    scheme(last.trim())
}

/// The parts between commas that are not quoted, from the end.
struct Entries<'a> {
    rest: Option<&'a str>,
}

impl<'a> Iterator for Entries<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest.take()?;
        match last_outside_quotes(rest, b',') {
            Some(at) => {
                self.rest = rest.get(..at);
                rest.get(at + 1..)
            }
            None => Some(rest),
        }
    }
}

/// Where the byte stands last outside of quotes. A quote that is escaped is inside of some.
fn last_outside_quotes(text: &str, wanted: u8) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut quoted = false;
    for (at, byte) in bytes.iter().enumerate().rev() {
        let is_escaped = at.checked_sub(1).and_then(|at| bytes.get(at)) == Some(&b'\\');
        match *byte {
            b'"' if !is_escaped => quoted = !quoted,
            byte if byte == wanted && !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

/// `for="[2001:db8::1]:4711";proto=https` (RFC 7239, section 4).
fn forwarded(entry: &str) -> Entry {
    let mut read = Entry::default();
    let mut rest = Some(entry);
    while let Some(text) = rest.take() {
        let pair = match last_outside_quotes(text, b';') {
            Some(at) => {
                rest = text.get(..at);
                text.get(at + 1..).unwrap_or("")
            }
            None => text,
        };
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = value.trim().trim_matches('"');
        match name.trim() {
            name if name.eq_ignore_ascii_case("for") => read.address = address(value),
            name if name.eq_ignore_ascii_case("proto") => read.scheme = scheme(value),
            _ => {}
        }
    }
    read
}

fn plain(entry: &str) -> Entry {
    Entry {
        address: address(entry.trim()),
        scheme: None,
    }
}

/// An address of either version, with brackets and a port or without.
fn address(text: &str) -> Option<IpAddr> {
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || Some(text.parse::<SocketAddr>().ok()?.ip());
    let address = text.parse().ok().or_else(bracketed).or_else(with_port);
    address.map(|address: IpAddr| address.to_canonical())
}

fn scheme(text: &str) -> Option<&'static str> {
    let known = ["https", "http"].into_iter();
    known
        .into_iter()
        .find(|known| text.eq_ignore_ascii_case(known))
}

/// Proxies that are asked about one request.
pub(super) const ENTRIES: usize = 32;
/// Bytes at the end of a header that are read.
const BYTES: usize = 4096;
