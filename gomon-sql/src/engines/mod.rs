//! One file an engine: its facts, and how a value of it is shown.

#[cfg(feature = "mysql")]
pub(crate) mod mysql;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
#[cfg(any(feature = "sqlite", feature = "sqlite-unbundled"))]
pub(crate) mod sqlite;

/// Decodes a value as `T`, whatever type the column says it has.
macro_rules! decode {
    ($type:ty, $raw:expr) => {
        <$type as sqlx_core::decode::Decode<'_, _>>::decode($raw)
    };
}
pub(crate) use decode;
