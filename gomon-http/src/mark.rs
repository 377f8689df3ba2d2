//! One request, one event: how a layer knows that one outside of it observes the request already.
//!
//! A mark in the request's extensions says so wherever the request goes. It costs an allocation, and often a larger map, for what few
//! programs have: layers inside of layers. So as long as a program has one layer only, a request that is served has no mark, but is
//! noted while its thread serves it. A request that another layer meets meanwhile is that one if its path lies in the same place, or
//! else one that the program made itself; from then on requests have marks. The place is kept while the request is served: no other
//! path can come to lie there.
//!
//! What that does not see: clones of the one layer, one inside of the other, with a queue between them that calls the inner one in a task
//! of its own. Two layers that were made apart have marks, whatever lies between.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use gomon_core::Context;
use http::Request;
use http::uri::PathAndQuery;

use crate::route;

/// "This incoming request is observed already", and by which event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServerMark(Context);

/// "This outgoing request is observed already". A type of its own, because a proxy sends on the
/// request it received, with its extensions.
#[cfg(feature = "client")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientMark;

/// A layer is made.
pub(crate) fn note_layer() {
    if LAYERS.fetch_add(1, Ordering::Relaxed) > 0 {
        MARKING.store(true, Ordering::Relaxed);
    }
}

/// The event of the layer outside, if there is one.
pub(crate) fn outer<B>(request: &Request<B>) -> Option<Context> {
    if let Some(ServerMark(event)) = request.extensions().get() {
        return Some(*event);
    }
    let served = SERVED.try_with(Cell::get).ok()??;
    MARKING.store(true, Ordering::Relaxed);
    (served.place == Place::of(path(request))).then_some(served.event)
}

/// Lets layers inside know the event of a request, wherever it goes.
pub(crate) fn put<B>(request: &mut Request<B>, event: Context) {
    request.extensions_mut().insert(ServerMark(event));
}

/// The same by what is returned, for as long as that is there: by a mark only where it may be needed.
pub(crate) fn leave<B>(request: &mut Request<B>, event: Context) -> Option<Served> {
    if MARKING.load(Ordering::Relaxed) {
        put(request, event);
        return None;
    }
    match path(request) {
        // A text of one byte lies in the program itself, for all requests.
        Some(path) if path.as_str().len() > 1 => {
            let path = path.clone();
            Some(Served { path, event })
        }
        _ => {
            put(request, event);
            None
        }
    }
}

/// The path that the client sent: routers copy the URI, not its text.
fn path<B>(request: &Request<B>) -> Option<&PathAndQuery> {
    route::original_uri(request.extensions(), request.uri()).path_and_query()
}

/// "Nobody told which version of HTTP it came by."
#[cfg(feature = "rocket")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct VersionUnknown;

/// A request without a mark.
#[derive(Debug)]
pub(crate) struct Served {
    path: PathAndQuery,
    event: Context,
}

impl Served {
    /// Runs `f`, in which it is served.
    pub(crate) fn during<R>(&self, f: impl FnOnce() -> R) -> R {
        let now = Serving {
            place: Place::of(Some(&self.path)),
            event: self.event,
        };
        let outer = SERVED.try_with(|served| served.replace(Some(now)));
        let _back = Back(outer.ok().flatten());
        f()
    }
}

/// What is served now.
#[derive(Clone, Copy, Debug)]
struct Serving {
    place: Place,
    event: Context,
}

/// Sets back what was served before.
struct Back(Option<Serving>);

impl Drop for Back {
    fn drop(&mut self) {
        let _ = SERVED.try_with(|served| served.set(self.0));
    }
}

/// Where a path lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    address: usize,
    bytes: usize,
}

impl Place {
    fn of(path: Option<&PathAndQuery>) -> Self {
        let path = path.map_or("", PathAndQuery::as_str);
        Self {
            address: path.as_ptr().addr(),
            bytes: path.len(),
        }
    }
}

thread_local! {
    static SERVED: Cell<Option<Serving>> = const { Cell::new(None) };
}

static LAYERS: AtomicU32 = AtomicU32::new(0);
static MARKING: AtomicBool = AtomicBool::new(false);
