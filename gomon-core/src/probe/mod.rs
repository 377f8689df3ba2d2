//! What a wrapper can say of itself at any moment, beside its events: figures, lines of text, files, and tests it can run.
//!
//! A wrapper [registers](register) a [`Probe`] and keeps it for as long as what it wraps lives. Whoever wants to show it
//! asks by [`read`], runs its actions by [`run`] and has its files by [`file`](file()).
//!
//! ```
//! use gomon_core::probe;
//!
//! let redis = probe::register("redis")?;
//! redis.gauge("connections", || 3);
//! redis.row("server", || "127.0.0.1:6379");
//! redis.action("ping", |_| Ok("PONG"));
//!
//! let reading = probe::read().remove(0);
//! assert_eq!(reading.gauge("connections"), Some(&Ok(3.0)));
//! assert_eq!(probe::run("redis", "ping", &[]).as_deref(), Ok("PONG"));
//! drop(redis);
//! assert!(probe::names().is_empty());
//! # Ok::<(), probe::RegisterError>(())
//! ```
//!
//! # What runs where
//!
//! The closures run on the thread that asks, under no lock and unmonitored: what they do makes no events. One that panics
//! is an error of its figure, row or action, and harms nothing else; one that blocks blocks who asks. A probe costs
//! nothing while nobody asks.
//!
//! # Bounds
//!
//! | what | at most |
//! |---|---|
//! | probes of a process | 256 |
//! | gauges, rows, actions, files of a probe | 32 each; what comes later counts in [`Reading::refused`] |
//! | bytes of a name | 64; longer ones are refused |
//! | bytes of a row | 1,024; what is longer is cut |
//! | bytes of what an action says | 16,384; what is longer is cut |
//! | arguments of an action | 16 of 1,024 bytes each; more are refused |
//!
//! # In tests
//!
//! What is registered inside of a [recorder](crate::testing::Recorder) belongs to that test: names of other tests do not meet
//! it, and only who reads in the same test sees it.

mod figure;
mod guard;
mod level;
mod reading;
mod registry;
mod running;

pub use figure::Figure;
pub use guard::Probe;
pub use level::{Level, Raised};
pub use reading::{Reading, names, read};
pub use registry::{RegisterError, register, register_next};
pub use running::{RunError, file, run};

/// Bytes of a name.
const NAME_BYTES: usize = 64;
/// Bytes of a row, and of an argument.
const TEXT_BYTES: usize = 1 << 10;
