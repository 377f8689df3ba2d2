//! What a server's event takes from the head of the request.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;

use gomon_core::conn::ConnInfo;
use gomon_core::mask::{self, NameMask};
use gomon_core::{Capture, Context, EndGuard, EventTracker, Propagation, WorkDetails};
use http::{Extensions, HeaderMap, Request, Version, header};

use crate::config::Config;
use crate::forwarded::Forwarded;
use crate::routes::RouteId;
use crate::sent::{self, Names, Sent};
use crate::url::Url;
use crate::{headers, keys, queue, route, routes, url};

/// The route of a request: what routing found, and what is known of that route.
pub(crate) struct Matched<'a> {
    pub(crate) found: route::Route<'a>,
    pub(crate) route: RouteId,
    known: Option<&'a routes::Route>,
}

impl<'a> Matched<'a> {
    pub(crate) fn of(extensions: &'a Extensions, config: &'a Config, capture: &Capture) -> Self {
        let found = route::of(extensions, capture.mask());
        let route = config.routes.of(found.template, &config.slow);
        let known = config.routes.get(route);
        Self {
            found,
            route,
            known,
        }
    }

    /// A request of the route begins. Whether it is the one of so many whose CPU time is measured; 0 is none.
    pub(crate) fn begins(&self, one_of: u32) -> bool {
        self.known.is_some_and(|route| route.begins(one_of))
    }

    fn name(&self) -> Option<&'a Arc<str>> {
        self.known?.name()
    }

    /// The path, without what is secret in it.
    fn masked<'p>(&self, path: &'p str, names: &NameMask) -> Cow<'p, str> {
        match (self.route, self.known) {
            (RouteId::Named(_), Some(route))
                if self.found.secrets.is_empty() && route.is_plain(names) =>
            {
                mask::path(path, names)
            }
            _ => url::masked_path(path, &self.found, names),
        }
    }
}

/// The caller's event, where it is trusted and named; else the application.
pub(crate) fn parent(propagation: Propagation, sent: &Sent<'_>) -> Context {
    if !sent.may_have(const { Names::all(&["traceparent", "baggage", "b3", "x-b3-traceid"]) }) {
        return Context::application();
    }
    propagation.extract(|name, each| {
        for value in sent.get_all(name) {
            each(value.as_bytes());
        }
    })
}

/// Tells live switches what the request came with.
pub(crate) fn tell_switches<B>(
    tracker: &mut EventTracker,
    request: &Request<B>,
    template: Option<&str>,
) {
    tracker.tell_switches(template, |name, each| {
        for value in request.headers().get_all(name) {
            each(value.as_bytes());
        }
    });
}

/// Sets all that is known before the service is called, and enters the request among the units of
/// work.
pub(crate) fn describe<B>(
    mut tracker: EventTracker,
    request: &Request<B>,
    sent: &Sent<'_>,
    matched: &Matched<'_>,
    config: &Config,
    capture: &Capture,
) -> EndGuard {
    let extensions = request.extensions();
    let conn = extensions.get::<ConnInfo>();
    let is_asked_for = capture.remote_address() || config.proxies.is_some();
    let peer = is_asked_for.then(|| peer(conn, extensions)).flatten();
    let behind = look_behind(config, peer, sent.headers);
    let uri = route::original_uri(extensions, request.uri());
    let path = matched.masked(uri.path(), capture.mask());

    let url = Url::incoming(uri, sent, &path, scheme(conn, behind), capture);
    tracker
        .set(keys::DIRECTION, keys::direction::INCOMING)
        .set(keys::METHOD, request.method().as_str())
        .set_map(keys::URL, |map| url.write(map));
    if let Some(proto) = proto(request) {
        tracker.set(keys::PROTO, proto);
    }
    tracker.set(keys::CLOSE, closes(request.version(), sent));
    if let Some(name) = matched.name() {
        tracker.set(keys::ROUTE, &**name);
    }
    if let Some(length) = sent.get(&sent::CONTENT_LENGTH).and_then(headers::length) {
        tracker.set(keys::CONTENT_LENGTH, length);
    }
    if let Some(encoding) = sent.get(&sent::TRANSFER_ENCODING) {
        tracker.set(keys::ENCODING, encoding.as_bytes());
    }
    if let Some(conn) = conn.and_then(|info| info.id) {
        tracker.set(keys::CONN, conn);
    }
    if capture.remote_address() {
        if let Some(peer) = peer {
            tracker.set(keys::REMOTE_ADDRESS, peer.to_string());
        }
        if let Some(client) = behind.and_then(|behind| behind.client) {
            tracker.set(keys::CLIENT_IP, client.to_string());
        }
    }
    if behind.is_none_or(|behind| behind.by_proxy)
        && let Some(queue) = queue::waited(sent, || tracker.started())
    {
        tracker.set(keys::QUEUE, queue);
    }
    if capture.headers() {
        tracker.set_map(keys::HEADERS, |map| {
            headers::write(sent.headers, capture, map)
        });
    }
    let addresses = capture.remote_address();
    let client = behind.and_then(|behind| behind.client);
    let client = client.or(peer.map(|peer| peer.ip())).filter(|_| addresses);
    let details = WorkDetails::of_request(matched.name().cloned(), client);
    EndGuard::registered_unit(tracker, details, |label| {
        write_label(request, &path, capture, label);
    })
}

/// Tells the event of an outer layer what only a layer inside the router can see: the template, and
/// with it which parts of the path are secret.
pub(crate) fn add_route<B>(
    event: Context,
    request: &Request<B>,
    config: &Config,
    capture: &Capture,
) {
    let (extensions, headers) = (request.extensions(), request.headers());
    let route = route::of(extensions, capture.mask());
    if let Some(template) = route.template {
        event.set(keys::ROUTE, template);
    }
    let uri = route::original_uri(extensions, request.uri());
    let sent = &Sent::new(headers, Names::of(headers));
    if let Cow::Owned(path) = url::masked_path(uri.path(), &route, capture.mask()) {
        let conn = extensions.get::<ConnInfo>();
        let behind = look_behind(config, peer(conn, extensions), sent.headers);
        let scheme = scheme(conn, behind);
        let url = Url::incoming(uri, sent, &path, scheme, capture);
        event.set(keys::URL, url.tree());
        let mut label = String::new();
        write_label(request, &path, capture, &mut label);
        event.relabel(label);
    }
}

/// The version it came by, where that is known.
fn proto<B>(request: &Request<B>) -> Option<&'static str> {
    #[cfg(feature = "rocket")]
    request
        .extensions()
        .get::<crate::mark::VersionUnknown>()
        .is_none()
        .then_some(())?;
    Some(headers::proto(request.version()))
}

/// Appends what the request is called among the units of work.
fn write_label<B>(request: &Request<B>, path: &str, capture: &Capture, label: &mut String) {
    label.push_str(request.method().as_str());
    label.push(' ');
    match capture.detectors() {
        detectors if detectors.is_none() => label.push_str(path),
        detectors => label.push_str(&detectors.mask(path)),
    }
}

/// What proxies say of the client, where their word is taken.
fn look_behind(config: &Config, peer: Option<SocketAddr>, sent: &HeaderMap) -> Option<Forwarded> {
    let proxies = config.proxies.as_ref()?;
    Some(match peer {
        Some(peer) => proxies.look_behind(peer.ip(), sent),
        // A stranger that nobody knows.
        None => Forwarded::default(),
    })
}

/// The scheme the client used, as far as proxies or the connection tell.
fn scheme(conn: Option<&ConnInfo>, behind: Option<Forwarded>) -> Option<&'static str> {
    let secure = || conn?.secure.then_some("https");
    behind.and_then(|behind| behind.scheme).or_else(secure)
}

/// The other end of the connection, where whoever accepted it said so.
#[cfg_attr(
    not(feature = "axum"),
    expect(unused_variables, reason = "axum says it in its own way")
)]
fn peer(conn: Option<&ConnInfo>, extensions: &Extensions) -> Option<SocketAddr> {
    let accepted = conn.and_then(|info| info.peer);
    #[cfg(feature = "axum")]
    let accepted = accepted.or_else(|| {
        extensions
            .get::<axum::extract::ConnectInfo<SocketAddr>>()
            .map(|info| info.0)
    });
    accepted
}

/// Whether the client asked for the connection to be closed after this exchange.
fn closes(version: Version, sent: &Sent<'_>) -> bool {
    if version > Version::HTTP_11 {
        return false;
    }
    if !sent.may_have(const { Names::all(&["connection"]) }) {
        return version < Version::HTTP_11;
    }
    let asks = |option: &str| {
        sent.get_all(header::CONNECTION.as_str())
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|token| token.trim().eq_ignore_ascii_case(option))
    };
    asks("close") || (version < Version::HTTP_11 && !asks("keep-alive"))
}
