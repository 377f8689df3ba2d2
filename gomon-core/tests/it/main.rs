//! Tests of the engine through its public API, each with a recorder of its own.

mod carrying;
mod channels;
mod context;
mod endings;
mod header_noise;
mod limits;
mod lineage;
mod mask_vectors;
mod propagation;
mod streams;
mod values;
mod waits;
