//! WebSockets: what passes on a connection after its upgrade.
//!
//! The stream belongs to the program then. What reads and writes it goes on through a [`TapIo`], which counts, once the layer has seen
//! the switch and left its event there.

mod frames;
mod tap;

pub(crate) use frames::Frames;
pub(crate) use tap::{Tap, TapIo};
