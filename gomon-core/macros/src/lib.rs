//! The attributes `#[gomon::trace]` and `#[gomon::segment]`; they are documented where gomon exports them.
#![warn(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr
)]

mod function;
mod options;
mod segment;
mod trace;

use proc_macro::TokenStream;
use syn::Error;

/// One event for each call of a function.
#[proc_macro_attribute]
pub fn trace(options: TokenStream, item: TokenStream) -> TokenStream {
    let expanded = syn::parse(options).and_then(|options| trace::expand(&options, item.into()));
    expanded.unwrap_or_else(Error::into_compile_error).into()
}

/// Times each call of a function as a part of the current segment.
#[proc_macro_attribute]
pub fn segment(options: TokenStream, item: TokenStream) -> TokenStream {
    let expanded = syn::parse(options).and_then(|options| segment::expand(&options, item.into()));
    expanded.unwrap_or_else(Error::into_compile_error).into()
}
