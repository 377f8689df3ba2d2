//! The `url` key: parts of the address, with what is secret masked.

use std::borrow::Cow;

use gomon_core::mask::{self, Detectors, NameMask, REDACTED};
use gomon_core::{Capture, MapWriter, Tree};
use http::Uri;

use crate::keys::url as keys;
use crate::route::Route;
use crate::sent::{self, Sent};

/// The parts of an address, with what is secret by its name masked.
pub(crate) struct Url<'a> {
    scheme: &'a str,
    /// Valid UTF-8, which nobody has to look at again.
    host: Cow<'a, [u8]>,
    path: Cow<'a, str>,
    query: Option<Cow<'a, str>>,
    detectors: Detectors,
}

impl<'a> Url<'a> {
    /// The address a server was asked for. The scheme is the one that is known of the client; else it is that of an absolute URI
    /// (always in HTTP/2), else taken as `http`. The host comes from the URI, else from the `host` header.
    pub(crate) fn incoming(
        uri: &'a Uri,
        sent: &Sent<'a>,
        path: &'a str,
        scheme: Option<&'static str>,
        capture: &Capture,
    ) -> Self {
        let host = host_of(uri).map(bytes_of).unwrap_or_else(|| {
            let sent = sent.get(&sent::HOST).map(|host| host.as_bytes());
            let host = without_user_info(sent.unwrap_or_default());
            match host.is_ascii() {
                true => Cow::Borrowed(host),
                false => bytes_of(String::from_utf8_lossy(host)),
            }
        });
        Self::new(uri, scheme, host, path.into(), capture)
    }

    /// The address a client asks for.
    #[cfg(feature = "client")]
    pub(crate) fn outgoing(uri: &'a Uri, capture: &Capture) -> Self {
        let host = host_of(uri).map(bytes_of).unwrap_or_default();
        let path = mask::path(uri.path(), capture.mask());
        Self::new(uri, None, host, path, capture)
    }

    fn new(
        uri: &'a Uri,
        scheme: Option<&'static str>,
        host: Cow<'a, [u8]>,
        path: Cow<'a, str>,
        capture: &Capture,
    ) -> Self {
        Self {
            scheme: scheme.or(uri.scheme_str()).unwrap_or("http"),
            host,
            path,
            query: uri.query().map(|query| mask::query(query, capture.mask())),
            detectors: capture.detectors(),
        }
    }

    pub(crate) fn write(&self, map: &mut MapWriter<'_>) {
        if !self.detectors.is_none() {
            return self.each(|name, text| map.text(name, &self.detectors.mask(text)));
        }
        map.text(keys::SCHEME, self.scheme);
        map.bytes(keys::HOST, &self.host);
        map.text(keys::PATH, &self.path);
        if let Some(query) = &self.query {
            map.text(keys::QUERY, query);
        }
    }

    pub(crate) fn tree(&self) -> Tree {
        let mut entries = Vec::new();
        self.each(|name, text| {
            let text = self.detectors.mask(text).into_owned();
            entries.push((name.into(), text.into()));
        });
        Tree::Map(entries)
    }

    fn each(&self, mut entry: impl FnMut(&'static str, &str)) {
        entry(keys::SCHEME, self.scheme);
        entry(keys::HOST, &String::from_utf8_lossy(&self.host));
        entry(keys::PATH, &self.path);
        if let Some(query) = &self.query {
            entry(keys::QUERY, query);
        }
    }
}

/// The path, with the parameters masked whose names are secret: those of its route, and those in
/// its segments (`;name=value`).
pub(crate) fn masked_path<'a>(path: &'a str, route: &Route<'_>, names: &NameMask) -> Cow<'a, str> {
    let secret = |segment: &str| parameter(segment).is_some_and(|name| names.hides(name));
    if !route.secrets.is_empty() {
        return Cow::Owned(without(&route.secrets, path, names));
    }
    let Some(template) = route
        .template
        .filter(|template| has_secrets(template, names))
    else {
        return mask::path(path, names);
    };
    let mut masked = Vec::new();
    let mut segments = path.split('/');
    for pattern in template.split('/') {
        let Some(segment) = segments.next() else {
            break;
        };
        masked.push(if secret(pattern) {
            Cow::Borrowed(REDACTED)
        } else {
            mask::path(segment, names)
        });
        if pattern.starts_with("{*") {
            if !secret(pattern) {
                masked.extend(segments.by_ref().map(|segment| mask::path(segment, names)));
            }
            break;
        }
    }
    Cow::Owned(masked.join("/"))
}

/// Whether a route has a parameter whose name is secret.
pub(crate) fn has_secrets(template: &str, names: &NameMask) -> bool {
    let secret = |segment: &str| parameter(segment).is_some_and(|name| names.hides(name));
    names.may_hide_in(template) && template.split('/').any(secret)
}

/// The path without the segments that are one of the secrets.
fn without(secrets: &[String], path: &str, names: &NameMask) -> String {
    let segments = path.split('/').map(|segment| {
        let is_secret = secrets.contains(&decoded(segment));
        if is_secret && !segment.is_empty() {
            Cow::Borrowed(REDACTED)
        } else {
            mask::path(segment, names)
        }
    });
    segments.collect::<Vec<_>>().join("/")
}

/// Percent-decoding, as the router does it.
pub(crate) fn decoded(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = after
            .split_at_checked(2)
            .filter(|_| *first == b'%')
            .and_then(|(digits, after)| {
                let digits = str::from_utf8(digits).ok()?;
                Some((u8::from_str_radix(digits, 16).ok()?, after))
            });
        let (byte, after) = escaped.unwrap_or((*first, after));
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Host and port, without user and password.
fn host_of(uri: &Uri) -> Option<Cow<'_, str>> {
    let host = uri.host()?;
    Some(match uri.port() {
        Some(port) => Cow::Owned(format!("{host}:{port}")),
        None => Cow::Borrowed(host),
    })
}

fn bytes_of(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

fn without_user_info(host: &[u8]) -> &[u8] {
    // Nearly none has one.
    if !host.contains(&b'@') {
        return host;
    }
    host.rsplit(|byte| *byte == b'@').next().unwrap_or_default()
}

/// The name in `{name}` or `{*name}`.
fn parameter(segment: &str) -> Option<&str> {
    let name = segment.strip_prefix('{')?.strip_suffix('}')?;
    Some(name.strip_prefix('*').unwrap_or(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(template: Option<&str>) -> Route<'_> {
        Route {
            template,
            secrets: Vec::new(),
        }
    }

    #[test]
    fn secret_route_parameters_are_masked_in_the_path() {
        let names = NameMask::default();
        let masked =
            |path, template| masked_path(path, &route(Some(template)), &names).into_owned();
        assert_eq!(masked("/reset/abc", "/reset/{token}"), "/reset/[redacted]");
        assert_eq!(masked("/users/7", "/users/{id}"), "/users/7");
        assert_eq!(masked("/a/b/c", "/a/{*secret}"), "/a/[redacted]");
        assert_eq!(
            masked("/t/x/files/a/b", "/t/{token}/files/{*path}"),
            "/t/[redacted]/files/a/b"
        );
        assert_eq!(
            masked("/t/x/cart;jsessionid=1", "/t/{token}/{*path}"),
            "/t/[redacted]/cart;jsessionid=[redacted]"
        );
        assert_eq!(
            masked_path("/cart;jsessionid=1", &route(None), &names),
            "/cart;jsessionid=[redacted]"
        );
    }

    #[test]
    fn user_info_never_becomes_part_of_the_host() {
        let uri = Uri::from_static("http://ada:pw@shop.example:81/x");
        assert_eq!(host_of(&uri).as_deref(), Some("shop.example:81"));
        assert_eq!(without_user_info(b"ada:pw@shop"), b"shop");
        assert_eq!(without_user_info(b"ada@b@shop"), b"shop");
        assert_eq!(without_user_info(b"shop:80"), b"shop:80");
    }
}
