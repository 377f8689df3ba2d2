//! How the error of a traced function becomes one of its event: by the first of these traits that its type has.
//! Each is there for one reference less, and the compiler looks at the most references first.

use std::error::Error;
use std::fmt::{Debug, Display};
use std::ops::Deref;

use crate::tracker::EventTracker;

/// An error that a traced function returned.
#[derive(Debug)]
pub struct Noted<'a, E>(pub &'a E);

impl<E> Clone for Noted<'_, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Noted<'_, E> {}

/// An error, with its sources.
pub trait NoteError {
    /// Notes it.
    fn note(self, tracker: &mut EventTracker);
}

/// Something round an error, with its sources.
pub trait NoteDeref {
    /// Notes it.
    fn note(self, tracker: &mut EventTracker);
}

/// Something with a text.
pub trait NoteDisplay {
    /// Notes it.
    fn note(self, tracker: &mut EventTracker);
}

/// Anything else.
pub trait NoteDebug {
    /// Notes it.
    fn note(self, tracker: &mut EventTracker);
}

/// What `anyhow`, `eyre` and boxes hold.
pub trait Inner {
    /// The error.
    fn error(&self) -> &(dyn Error + 'static);
}

impl Inner for dyn Error + 'static {
    fn error(&self) -> &(dyn Error + 'static) {
        self
    }
}

impl Inner for dyn Error + Send + 'static {
    fn error(&self) -> &(dyn Error + 'static) {
        self
    }
}

impl Inner for dyn Error + Send + Sync + 'static {
    fn error(&self) -> &(dyn Error + 'static) {
        self
    }
}

impl<E: Error + 'static> NoteError for &&&Noted<'_, E> {
    #[track_caller]
    fn note(self, tracker: &mut EventTracker) {
        tracker.add_error(self.0);
    }
}

impl<E: Deref<Target: Inner>> NoteDeref for &&Noted<'_, E> {
    #[track_caller]
    fn note(self, tracker: &mut EventTracker) {
        tracker.add_error(self.0.deref().error());
    }
}

impl<E: Display> NoteDisplay for &Noted<'_, E> {
    #[track_caller]
    fn note(self, tracker: &mut EventTracker) {
        tracker.add_error_msg(self.0);
    }
}

impl<E: Debug> NoteDebug for Noted<'_, E> {
    #[track_caller]
    fn note(self, tracker: &mut EventTracker) {
        tracker.add_error_msg(format_args!("{:?}", self.0));
    }
}
