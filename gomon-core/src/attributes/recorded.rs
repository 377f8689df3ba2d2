//! How the arguments of a traced function become attributes of its event.

use std::borrow::Cow;
use std::fmt::{Debug, Display};
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::capture::capture;
use crate::event::bounded::bounded_text;
use crate::event::limits::{self, Limit};
use crate::event::value::{Tree, Value};
use crate::mask::REDACTED;
use crate::tracker::EventTracker;

/// Sets an attribute, unless nothing is recorded. One with a secret's name is masked.
pub fn record<'a>(
    tracker: &mut EventTracker,
    key: &'static str,
    value: impl FnOnce() -> Value<'a>,
) {
    if !tracker.is_recording() {
        return;
    }
    let hidden = capture().mask().hides(key);
    tracker.set(
        key,
        if hidden {
            Value::Static(REDACTED)
        } else {
            value()
        },
    );
}

/// By `Debug`, up to the limit of a message; one that panics does no harm.
pub fn debug(value: &(impl Debug + ?Sized)) -> Value<'static> {
    display(&format_args!("{value:?}"))
}

/// The same by `Display`.
pub fn display(value: &(impl Display + ?Sized)) -> Value<'static> {
    Value::String(bounded_text(value, limits::current().of(Limit::MessageBytes)).0)
}

/// What an attribute can hold as it is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no value that an event can hold as it is",
    label = "this argument cannot be recorded as it is",
    note = "record it by `?name` with `Debug`, by `%name` with `Display`, or what matters of it by `fields(key = expression)`"
)]
pub trait Recordable {
    /// The value.
    fn value(&self) -> Value<'_>;
}

macro_rules! recordable {
    ($($copied:ty)*) => {
        $(
            impl Recordable for $copied {
                fn value(&self) -> Value<'_> {
                    (*self).into()
                }
            }
        )*
    };
}

recordable!(bool i8 i16 i32 i64 isize u8 u16 u32 u64 usize f32 f64 Duration Uuid);

impl Recordable for str {
    fn value(&self) -> Value<'_> {
        self.into()
    }
}

impl Recordable for String {
    fn value(&self) -> Value<'_> {
        self.as_str().into()
    }
}

impl Recordable for Cow<'_, str> {
    fn value(&self) -> Value<'_> {
        (&**self).into()
    }
}

impl Recordable for [u8] {
    fn value(&self) -> Value<'_> {
        self.into()
    }
}

impl Recordable for Vec<u8> {
    fn value(&self) -> Value<'_> {
        self.as_slice().into()
    }
}

impl Recordable for Tree {
    fn value(&self) -> Value<'_> {
        self.clone().into()
    }
}

impl<T: Recordable + ?Sized> Recordable for &T {
    fn value(&self) -> Value<'_> {
        (**self).value()
    }
}

impl<T: Recordable + ?Sized> Recordable for &mut T {
    fn value(&self) -> Value<'_> {
        (**self).value()
    }
}

impl<T: Recordable + ?Sized> Recordable for Box<T> {
    fn value(&self) -> Value<'_> {
        (**self).value()
    }
}

impl<T: Recordable + ?Sized> Recordable for Arc<T> {
    fn value(&self) -> Value<'_> {
        (**self).value()
    }
}

impl<T: Recordable> Recordable for Option<T> {
    fn value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Null, Recordable::value)
    }
}
