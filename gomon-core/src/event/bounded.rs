use std::fmt::{self, Display, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::event::limits::prefix;

/// Formats at most so many bytes; also what was cut, as far as it was formatted.
///
/// The value's own code is the user's: one that panics leaves what it wrote before.
pub(crate) fn bounded_text(value: impl Display, bytes: usize) -> (String, u64) {
    let mut text = Bounded {
        text: String::new(),
        room: bytes,
        cut: 0,
    };
    let written = catch_unwind(AssertUnwindSafe(|| write!(text, "{value}")));
    if let Err(payload) = written {
        // A payload may panic again when it is dropped.
        std::mem::forget(payload);
        text.text.push_str(" [its Display panicked]");
    }
    (text.text, text.cut)
}

struct Bounded {
    text: String,
    room: usize,
    cut: u64,
}

impl Write for Bounded {
    /// Errs once it is full, which ends a well-behaved `Display` that would write for ever.
    fn write_str(&mut self, more: &str) -> fmt::Result {
        let kept = prefix(more, self.room);
        self.text.push_str(kept);
        self.room -= kept.len();
        self.cut += (more.len() - kept.len()) as u64;
        if self.cut > 0 {
            // What comes after the cut would else fill the rest of the room.
            self.room = 0;
            Err(fmt::Error)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Panicking;
    impl Display for Panicking {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("half")?;
            panic!("no text today")
        }
    }

    #[test]
    fn huge_texts_are_cut_and_counted() {
        let (text, cut) = bounded_text("x".repeat(1 << 20), 2048);
        assert_eq!((text.len(), cut), (2048, (1 << 20) - 2048));
    }

    #[test]
    fn a_display_that_panics_is_survived() {
        let (text, _) = bounded_text(Panicking, 2048);
        assert_eq!(text, "half [its Display panicked]");
    }
}
