//! Tests of the engine through its public API, each with a recorder of its own.

mod context;
mod endings;
mod limits;
mod lineage;
mod values;
