//! How each web framework is wrapped, and how requests end under each: see `examples/` and `tests/`. Of its own it has
//! only the code in docs/http.md, compiled with the doc tests.

#[cfg(doctest)]
#[doc = include_str!("../../../docs/http.md")]
pub struct Http;
