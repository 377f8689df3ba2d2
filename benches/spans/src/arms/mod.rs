//! One module for each library; a floor is a library that does not exist.

pub(crate) mod fastrace;
pub(crate) mod floor;
pub(crate) mod gomon;
pub(crate) mod growth;
mod json;
pub(crate) mod naive;
pub(crate) mod otel;
pub(crate) mod parts;
pub(crate) mod tracing;
