use std::borrow::Cow;
use std::mem::ManuallyDrop;
use std::time::Duration;

use uuid::Uuid;

use crate::event::packed::PackedMap;

/// What a caller hands to [`EventTracker::set`](crate::EventTracker::set): borrowed where that
/// saves a copy, since the value is written into the event at once.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// JSON `null`.
    Null,
    /// A boolean.
    Bool(bool),
    /// A signed integer, kept exactly.
    I64(i64),
    /// An unsigned integer, kept exactly.
    U64(u64),
    /// A float; NaN and the infinities become strings in JSON.
    F64(f64),
    /// Text that is copied into the event.
    Str(&'a str),
    /// Text that is never copied; what adapters use for names they know.
    Static(&'static str),
    /// Text that is handed over.
    String(String),
    /// Bytes: text if they are valid UTF-8, base64 otherwise.
    Bytes(&'a [u8]),
    /// An id, in its usual text form.
    Uuid(Uuid),
    /// A list or map.
    Tree(Tree),
}

impl Value<'_> {
    /// Drops it. Where the compiler knows the kind, and it owns nothing, that is nothing; an
    /// ordinary drop would be a call all the same.
    #[inline(always)]
    pub(crate) fn discard(self) {
        let value = ManuallyDrop::new(self);
        if matches!(*value, Self::String(_) | Self::Tree(_)) {
            drop(ManuallyDrop::into_inner(value));
        }
    }
}

/// A value that owns everything below it: what lists and maps are made of.
///
/// ```
/// use gomon_core::Tree;
///
/// let url = Tree::map().with("scheme", "https").with("port", 443);
/// assert_eq!(url, Tree::Map(vec![("scheme".into(), "https".into()), ("port".into(), 443.into())]));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Tree {
    /// JSON `null`.
    Null,
    /// A boolean.
    Bool(bool),
    /// A signed integer.
    I64(i64),
    /// An unsigned integer.
    U64(u64),
    /// A float; NaN and the infinities become strings in JSON.
    F64(f64),
    /// Text.
    Str(Cow<'static, str>),
    /// Bytes: text if they are valid UTF-8, base64 otherwise.
    Bytes(Vec<u8>),
    /// A list.
    List(Vec<Tree>),
    /// A map; its keys keep their order.
    Map(Vec<(Cow<'static, str>, Tree)>),
}

/// What an event gives back: the same kinds, borrowed from the event.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum ValueRef<'a> {
    /// JSON `null`.
    Null,
    /// A boolean.
    Bool(bool),
    /// A signed integer.
    I64(i64),
    /// An unsigned integer.
    U64(u64),
    /// A float.
    F64(f64),
    /// Text.
    Str(&'a str),
    /// A list, a map, or bytes.
    Tree(&'a Tree),
    /// A map that was written piece by piece.
    Packed(PackedMap<'a>),
}

impl Tree {
    /// An empty map, to be filled by [`with`](Self::with).
    #[must_use]
    pub const fn map() -> Self {
        Self::Map(Vec::new())
    }

    /// Sets an entry of a map; the last value of a key wins. What is not a map stays as it is.
    #[must_use]
    pub fn with(mut self, key: impl Into<Cow<'static, str>>, value: impl Into<Tree>) -> Self {
        if let Self::Map(entries) = &mut self {
            let (key, value) = (key.into(), value.into());
            match entries.iter_mut().find(|(other, _)| *other == key) {
                Some(entry) => entry.1 = value,
                None => entries.push((key, value)),
            }
        }
        self
    }

    /// The tree of anything that can be serialized; what cannot be is a string that says why.
    ///
    /// It reads no more than an event has place for, so a value that contains itself or never ends
    /// costs no more than any other.
    #[must_use]
    pub fn serialize(value: &impl serde::Serialize) -> Self {
        crate::event::serialize::tree(value)
    }
}

impl<'a> ValueRef<'a> {
    /// The text, if this is text.
    #[must_use]
    pub const fn as_str(self) -> Option<&'a str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The same as a value of its own, whatever it is.
    #[must_use]
    pub fn to_tree(self) -> Tree {
        match self {
            Self::Null => Tree::Null,
            Self::Bool(value) => Tree::Bool(value),
            Self::I64(value) => Tree::I64(value),
            Self::U64(value) => Tree::U64(value),
            Self::F64(value) => Tree::F64(value),
            Self::Str(text) => Tree::from(text),
            Self::Tree(tree) => tree.clone(),
            Self::Packed(map) => map.to_tree(),
        }
    }

    /// The integer, if this is one that fits.
    #[must_use]
    pub fn as_u64(self) -> Option<u64> {
        match self {
            Self::U64(value) => Some(value),
            Self::I64(value) => u64::try_from(value).ok(),
            _ => None,
        }
    }
}

macro_rules! from_number {
    ($($from:ty => $variant:ident $as:ty),* $(,)?) => { $(
        impl From<$from> for Value<'_> {
            #[inline]
            fn from(value: $from) -> Self {
                Self::$variant(<$as>::from(value))
            }
        }

        impl From<$from> for Tree {
            fn from(value: $from) -> Self {
                Self::$variant(<$as>::from(value))
            }
        }
    )* };
}

from_number! {
    bool => Bool bool,
    i8 => I64 i64, i16 => I64 i64, i32 => I64 i64, i64 => I64 i64,
    u8 => U64 u64, u16 => U64 u64, u32 => U64 u64, u64 => U64 u64,
    f32 => F64 f64, f64 => F64 f64,
}

impl From<usize> for Value<'_> {
    #[inline]
    fn from(value: usize) -> Self {
        Self::U64(u64::try_from(value).unwrap_or(u64::MAX))
    }
}

impl From<isize> for Value<'_> {
    #[inline]
    fn from(value: isize) -> Self {
        Self::I64(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<usize> for Tree {
    fn from(value: usize) -> Self {
        Self::U64(u64::try_from(value).unwrap_or(u64::MAX))
    }
}

/// As whole nanoseconds, the unit of every time in an event.
impl From<Duration> for Value<'_> {
    #[inline]
    fn from(value: Duration) -> Self {
        Self::U64(u64::try_from(value.as_nanos()).unwrap_or(u64::MAX))
    }
}

/// As whole nanoseconds, the unit of every time in an event.
impl From<Duration> for Tree {
    fn from(value: Duration) -> Self {
        Self::U64(u64::try_from(value.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl<'a> From<&'a str> for Value<'a> {
    #[inline]
    fn from(value: &'a str) -> Self {
        Self::Str(value)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    #[inline]
    fn from(value: &'a String) -> Self {
        Self::Str(value)
    }
}

impl From<String> for Value<'_> {
    #[inline]
    fn from(value: String) -> Self {
        Self::String(value)
    }
}

impl<'a> From<Cow<'a, str>> for Value<'a> {
    #[inline]
    fn from(value: Cow<'a, str>) -> Self {
        match value {
            Cow::Borrowed(text) => Self::Str(text),
            Cow::Owned(text) => Self::String(text),
        }
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    #[inline]
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(value)
    }
}

impl From<Uuid> for Value<'_> {
    #[inline]
    fn from(value: Uuid) -> Self {
        Self::Uuid(value)
    }
}

impl From<Tree> for Value<'_> {
    #[inline]
    fn from(value: Tree) -> Self {
        Self::Tree(value)
    }
}

/// `None` is JSON `null`.
impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    #[inline]
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<&str> for Tree {
    fn from(value: &str) -> Self {
        Self::Str(Cow::Owned(value.to_owned()))
    }
}

impl From<String> for Tree {
    fn from(value: String) -> Self {
        Self::Str(Cow::Owned(value))
    }
}

impl From<Cow<'static, str>> for Tree {
    fn from(value: Cow<'static, str>) -> Self {
        Self::Str(value)
    }
}

impl From<Uuid> for Tree {
    fn from(value: Uuid) -> Self {
        Self::from(value.to_string())
    }
}

impl<T: Into<Tree>> From<Vec<T>> for Tree {
    fn from(value: Vec<T>) -> Self {
        Self::List(value.into_iter().map(Into::into).collect())
    }
}

/// `None` is JSON `null`.
impl<T: Into<Tree>> From<Option<T>> for Tree {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
