//! One request, one event: how a layer knows that one outside of it observes the request already.
//!
//! A mark in the request's extensions says so wherever the request goes. It costs an allocation, and often a larger map, for what few
//! programs have: layers inside of layers. So as long as a program has one layer only, a request that is served has no mark, but is
//! noted while its thread serves it. A request that another layer meets meanwhile is that one if its path lies in the same place, or
//! else one that the program made itself; from then on requests have marks.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use gomon_core::Context;
use http::Request;

use crate::route;

/// "This incoming request is observed already", and by which event.
#[derive(Clone, Copy, Debug)]
struct ServerMark(Context);

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
    (served.path == Place::of(request)).then_some(served.event)
}

/// Lets layers inside know the event of a request: by a mark, or else by what is returned.
pub(crate) fn leave<B>(request: &mut Request<B>, event: Context) -> Option<Served> {
    if MARKING.load(Ordering::Relaxed) {
        request.extensions_mut().insert(ServerMark(event));
        return None;
    }
    let path = Place::of(request);
    Some(Served { path, event })
}

/// A request without a mark.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Served {
    path: Place,
    event: Context,
}

impl Served {
    /// Runs `f`, in which it is served.
    pub(crate) fn during<R>(self, f: impl FnOnce() -> R) -> R {
        let outer = SERVED.try_with(|served| served.replace(Some(self)));
        let _back = Back(outer.ok().flatten());
        f()
    }
}

/// Sets back what was served before.
struct Back(Option<Served>);

impl Drop for Back {
    fn drop(&mut self) {
        let _ = SERVED.try_with(|served| served.set(self.0));
    }
}

/// Where the path lies that the client sent: routers copy the URI, not its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    address: usize,
    bytes: usize,
}

impl Place {
    fn of<B>(request: &Request<B>) -> Self {
        let path = route::original_uri(request.extensions(), request.uri()).path();
        Self {
            address: path.as_ptr().addr(),
            bytes: path.len(),
        }
    }
}

thread_local! {
    static SERVED: Cell<Option<Served>> = const { Cell::new(None) };
}

static LAYERS: AtomicU32 = AtomicU32::new(0);
static MARKING: AtomicBool = AtomicBool::new(false);
