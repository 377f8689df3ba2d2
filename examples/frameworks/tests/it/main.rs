//! How requests end under each framework: the same scenarios over all of them, held to the event contract.

// What is shared with the tests of gomon-http says `gomon_core`, which here is behind the facade.
extern crate gomon as gomon_core;

mod abandoned;
mod actix;
mod axum;
#[path = "../../../../gomon-http/tests/it/ended.rs"]
mod ended;
mod framework;
mod hyper;
#[path = "../../../../gomon-core/src/docs/page.rs"]
mod page;
#[path = "../../../../gomon-http/tests/it/peer.rs"]
mod peer;
mod poem;
mod rocket;
mod salvo;
mod scenarios;
mod script;
mod suite;
mod table;
mod told;
mod tonic;
mod tower;
mod warp;
