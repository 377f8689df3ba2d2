/// What a toy does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    None,
    OtherResult,
    OtherError,
    NoEvent,
    TwoEvents,
    NoKey,
    OtherParent,
    NotCurrent,
    EventPerThread,
    NoOrphan,
    AlwaysOrphan,
    NotFinished,
    NotFailed,
    NoError,
    NoType,
    NoLocation,
    OtherPanic,
    SwallowsPanic,
    NoGuard,
    NotRegistered,
    NoOpening,
    OpenForEver,
    ClosesEarly,
    NeverOff,
    TellsSecret,
    TakesTooMuch,
    TakesNothing,
    CutsSilently,
    NoWait,
    NoConfig,
    OldConfig,
    LaxConfig,
    NoProbe,
    NoGauge,
    NotRaised,
    Leaks,
    NoRow,
    EmptyRow,
    NoAction,
    BadAction,
    ProbeOutlives,
}

impl Flaw {
    /// What its settings are called: those who register stay registered.
    pub(super) fn config_name(self) -> &'static str {
        match self {
            Self::NoConfig => "toy-unread",
            Self::OldConfig => "toy-old",
            Self::LaxConfig => "toy-lax",
            _ => "toy",
        }
    }
}

use Flaw::{
    AlwaysOrphan, BadAction, ClosesEarly, CutsSilently, EmptyRow, EventPerThread, LaxConfig, Leaks,
    NeverOff, NoAction, NoConfig, NoError, NoEvent, NoGauge, NoGuard, NoKey, NoLocation, NoOpening,
    NoOrphan, NoProbe, NoRow, NoType, NoWait, NotCurrent, NotFailed, NotFinished, NotRaised,
    NotRegistered, OldConfig, OpenForEver, OtherError, OtherPanic, OtherParent, OtherResult,
    ProbeOutlives, SwallowsPanic, TakesNothing, TakesTooMuch, TellsSecret, TwoEvents,
};

/// Each flaw, what the kit calls missing, and how what it says to add begins.
pub(super) const FLAWS: &[(Flaw, &str, &str)] = &[
    (OtherResult, RESULT, "return what"),
    (OtherError, RESULT, "return what"),
    (NoEvent, EVENT, "make it by `EventTracker::new"),
    (TwoEvents, EVENT, "make it by `EventTracker::new"),
    (NoKey, "a key of the event", "`tracker.set(key, value)`"),
    (OtherParent, "the event's parent", "`EventTracker::new"),
    (
        NotCurrent,
        "the event as the parent of what is made inside the call",
        "`guard.scope(",
    ),
    (
        EventPerThread,
        "the same event when a call moves between threads",
        "keep the tracker",
    ),
    (NoOrphan, ORPHAN, "`tracker.orphan_unless_caused(cause)`"),
    (
        AlwaysOrphan,
        ORPHAN,
        "`tracker.orphan_unless_caused(cause)`",
    ),
    (
        NotFinished,
        "the outcome of a call that returned well",
        "`guard.finish(",
    ),
    (
        NotFailed,
        "the outcome of a call that returned an error",
        "`tracker.add_error(",
    ),
    (NoError, "the error of a failed call", "`tracker.add_error("),
    (
        NoType,
        "the type of a failed call's error",
        "`ErrorInfo::new(&error).kind(",
    ),
    (
        NoLocation,
        "the location of a failed call's error",
        "`ErrorInfo::new(&error).location(",
    ),
    (
        OtherPanic,
        "the outcome of a call that panicked",
        "`guard.scope(",
    ),
    (
        SwallowsPanic,
        "the panic, as the host would see it",
        "let it unwind",
    ),
    (
        NoGuard,
        "the outcome of a call that was dropped before its end",
        "`EndGuard::new(tracker)`",
    ),
    (
        NotRegistered,
        "the call among what is in flight",
        "`tracker.register(label)`",
    ),
    (
        NoOpening,
        "the opening event of what lives long",
        "`tracker.send_opening()`",
    ),
    (OpenForEver, CLOSING, "keep its tracker in it"),
    (ClosesEarly, CLOSING, "keep its tracker in it"),
    (
        NeverOff,
        "silence where nothing is monitored",
        "make no event but",
    ),
    (
        TellsSecret,
        "the mask of a secret",
        "`gomon::capture().mask().hides(",
    ),
    (
        TakesTooMuch,
        "heed of what may be captured",
        "`gomon::capture()`",
    ),
    (
        TakesNothing,
        "heed of what may be captured",
        "`gomon::capture()`",
    ),
    (
        CutsSilently,
        "the count of what was cut off",
        "`tracker.note_cut(",
    ),
    (
        NoWait,
        "the wait of the unit of work round the call",
        "`wait.poll(",
    ),
    (
        NoConfig,
        "the plug-in's settings",
        "`gomon::register_plugin(",
    ),
    (OldConfig, "the effect of a changed setting", "take over"),
    (
        LaxConfig,
        "the refusal of a setting that it does not know",
        "`#[serde(deny_unknown_fields)]`",
    ),
    (NoProbe, "the probe", "`probe::register(name)`"),
    (NoGauge, "a gauge of the probe", "`probe.gauge("),
    (
        NotRaised,
        "the rise of a gauge while a call is open",
        "`let raised = level.raise()`",
    ),
    (
        Leaks,
        "the fall of a gauge after the call",
        "keep what `level.raise()` gives",
    ),
    (NoRow, "a row of the probe", "`probe.row("),
    (EmptyRow, "a row of the probe", "`probe.row("),
    (NoAction, "an action of the probe", "`probe.action("),
    (BadAction, "an action of the probe", "`probe.action("),
    (
        ProbeOutlives,
        "the end of the probe",
        "keep the `Probe` in the wrapper",
    ),
];

const RESULT: &str = "the result as it is without the wrapper";
const EVENT: &str = "the one event of each call";
const ORPHAN: &str = "the mark of a call that lost its cause";
const CLOSING: &str = "the closing event of what lives long";
