//! Tests of the engine through its public API, each with a recorder of its own.

mod attributes;
mod carrying;
mod channels;
mod configuration_page;
mod context;
mod endings;
mod header_noise;
mod limits;
mod lineage;
mod logs;
mod mask_vectors;
mod probes;
mod propagation;
mod segments;
mod streams;
mod values;
mod waits;
mod wrappers;
