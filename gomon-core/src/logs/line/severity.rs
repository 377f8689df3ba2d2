/// How serious a line is: the levels of all three loggers, in slog's order, which has the most. Also
/// the least serious that is taken, with 0 for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Severity(u8);

impl Severity {
    #[cfg(any(feature = "log", feature = "tracing"))]
    pub(crate) const OFF: Self = Self(0);
    #[cfg(feature = "slog")]
    pub(crate) const CRITICAL: Self = Self(1);
    pub(crate) const ERROR: Self = Self(2);
    pub(crate) const WARN: Self = Self(3);
    pub(crate) const INFO: Self = Self(4);
    pub(crate) const DEBUG: Self = Self(5);
    pub(crate) const TRACE: Self = Self(6);

    /// The value of `level`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self.0 {
            0 => "off",
            1 => "critical",
            2 => "error",
            3 => "warn",
            4 => "info",
            5 => "debug",
            _ => "trace",
        }
    }
}
