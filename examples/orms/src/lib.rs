//! Nothing: see the examples and the tests.
