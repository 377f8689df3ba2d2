use crate::deadline::Deadline;

/// Which flush is asked for, and until when.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FlushTicket {
    pub(crate) number: u64,
    pub(crate) deadline: Deadline,
}

impl FlushTicket {
    pub(crate) const NONE: Self = Self {
        number: 0,
        deadline: Deadline::PASSED,
    };
}

/// How a flush went, from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Flushed {
    Well,
    /// The listener returned an error, panicked, or is in quarantine.
    Badly,
    /// The deadline passed first.
    Late,
}
