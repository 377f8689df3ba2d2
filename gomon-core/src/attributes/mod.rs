//! The attributes for functions: [`trace`] makes an event of each call, [`segment`] times each call as a
//! part of a segment.
//!
//! They expand to paths of the crate `gomon`; a program that names another one says so by
//! `crate = path`.

pub(crate) mod noted;
pub(crate) mod recorded;
pub(crate) mod traced;

/// Times each call of a function as a part of the current segment, or as a
/// [`Segment`](crate::Segment) of its own where there is none: what [`segment!`](crate::segment!) does for an expression.
///
/// An `async` function is timed from its first poll to its end. The part is called like the function, or
/// `name = "…"`; its location is the line of the attribute. Recursion counts as one part.
///
/// ```
/// use gomon_core::attributes::segment;
///
/// #[segment(crate = gomon_core)] // with the crate `gomon`: #[gomon::segment]
/// fn parse(text: &str) -> Result<i64, std::num::ParseIntError> {
///     text.trim().parse()
/// }
/// # assert_eq!(parse(" 1"), Ok(1));
/// ```
pub use gomon_macros::segment;
/// One event for each call of a function: it is a child of what is current, and what happens inside is its child.
///
/// # When does its event start and end?
///
/// - It starts when the function is called, one of an `async` function when that is polled first.
/// - It ends when the function returns: `failed` if that returns an `Err`, whose error it notes, else `completed`.
/// - An `async` function that is dropped before it is ready is `cancelled`.
/// - A panic that passes through it makes it `panicked`.
///
/// An error is noted where the function says that it returns a `Result` (by this or a longer path): with its
/// sources if it is an [`Error`](std::error::Error) or derefs to one (`anyhow`, `eyre`, `Box<dyn Error>`), else by
/// its `Display` or `Debug`; its location is the line of the attribute.
///
/// # Options
///
/// - `name = "…"`: the fingerprint. Default: the name of the function.
/// - `record(id, ?order, %path)`: arguments that become attributes, as they are, by `Debug` or by `Display`. Default: none, for
///   nobody else knows which of them are secret. One called like a key that each event has (`id`, `parent`, `error`) becomes `arg.id`.
/// - `record_all`: all arguments by `Debug`, but `self` and those in `skip(…)`.
/// - `fields(key = expression, "other.key" = expression)`: attributes computed when the function is called.
/// - `root`: background work that nothing causes: its parent is the application, and it is listed by
///   [`in_flight`](crate::in_flight).
/// - `crate = path`: the crate that exports gomon. Default: `::gomon`.
///
/// An argument or field whose name [is to be masked](crate::Capture::mask) is recorded as `[redacted]`. Nothing of it is evaluated
/// where nothing is recorded.
///
/// ```
/// use gomon_core::attributes::trace;
///
/// #[trace(record(id), fields(table = "users"), crate = gomon_core)] // with the crate `gomon`: #[gomon::trace(…)]
/// async fn load(id: u64) -> Result<String, std::io::Error> {
///     Ok(format!("user {id}"))
/// }
/// ```
///
/// A function that returns a boxed future, as of `async_trait`, is over when it has made it: put the
/// attribute on what is inside.
pub use gomon_macros::trace;
