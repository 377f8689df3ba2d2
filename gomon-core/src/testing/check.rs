/// Fails the test at the line that asserted, if there is something to say.
///
/// # Panics
///
/// With what is to be said.
#[doc(hidden)]
#[expect(clippy::panic, reason = "this is how a test fails")]
#[track_caller]
pub fn check(difference: Option<String>) {
    if let Some(difference) = difference {
        panic!("{difference}")
    }
}
