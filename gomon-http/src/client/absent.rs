//! In place of the client's side, where there is no client.

use std::task::{Context as TaskContext, Poll};

use gomon_core::EventTracker;
use http::Response;

/// There is none.
pub(crate) enum ClientSide {}

impl ClientSide {
    pub(crate) fn enter<R>(&self, _: impl FnOnce() -> R) -> R {
        match *self {}
    }

    pub(crate) fn poll<T>(
        &mut self,
        _: &mut TaskContext<'_>,
        _: impl FnOnce(&mut TaskContext<'_>) -> Poll<T>,
    ) -> Poll<T> {
        match *self {}
    }

    pub(crate) fn answered<B>(&self, _: &Response<B>) {
        match *self {}
    }

    pub(crate) fn write(&self, _: &mut EventTracker) {
        match *self {}
    }
}
