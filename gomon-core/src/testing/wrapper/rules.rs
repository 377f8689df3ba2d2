//! What is checked, in the words of docs/plugins.md and of the messages.

/// One thing that a wrapper has to do.
#[derive(Debug)]
pub(crate) struct Rule {
    /// As the page says it: "your wrapper passes if …".
    pub(crate) passes_if: &'static str,
    /// What is not there otherwise.
    pub(super) missing: &'static str,
    /// What is to be done about it.
    pub(super) add: &'static str,
    /// The section of the page.
    pub(crate) section: &'static str,
    /// What has to be described for it, beside a call that completes.
    pub(crate) needs: &'static str,
}

macro_rules! rules {
    ($($name:ident, $needs:literal, $section:literal: $passes_if:literal, $missing:literal, $add:literal;)*) => {
        $(pub(crate) const $name: Rule = Rule {
            passes_if: $passes_if,
            missing: $missing,
            add: $add,
            section: $section,
            needs: $needs,
        };)*

        /// All of them, in the order of the page.
        pub(crate) const ALL: &[&Rule] = &[$(&$name),*];
    };
}

rules! {
    SAME_RESULT, "", "guests":
        "the host sees the same result and the same error as without it",
        "the result as it is without the wrapper",
        "return what the wrapped call returned, unchanged";
    EVENT, "", "events":
        "each call sends one closing event, whichever way it ends",
        "the one event of each call",
        "make it by `EventTracker::new(fingerprint)` or `EventTracker::in_context(fingerprint, cause)`, and keep it until the call ends";
    KEYS, "keys", "events":
        "the event of a completed call has the keys that it promises",
        "a key of the event",
        "`tracker.set(key, value)`";
    PARENT, "", "context":
        "the event's parent is the event in which the call was made",
        "the event's parent",
        "`EventTracker::new(fingerprint)`, or `EventTracker::in_context(fingerprint, Context::current())` while the call is made";
    NESTED, "nests", "context":
        "what is made inside the call has the event as its parent",
        "the event as the parent of what is made inside the call",
        "`guard.scope(future)`, or `guard.poll_future(cx, |cx| ..)` round each poll, or `tracker.enter(|| ..)` round what is not polled";
    THREADS, "", "context":
        "a call that moves between threads is still one event, with the same parent",
        "the same event when a call moves between threads",
        "keep the tracker in the future, and nothing of it in a thread-local";
    ORPHAN, "always_caused", "context":
        "a call on a task without a cause is marked as an orphan, and one with a cause is not",
        "the mark of a call that lost its cause",
        "`tracker.orphan_unless_caused(cause)` with the context in which the call was made";
    COMPLETED, "", "endings":
        "a call that returns well has completed",
        "the outcome of a call that returned well",
        "`guard.finish(Outcome::Completed)`";
    FAILED, "fails", "errors":
        "a call that returns an error has failed",
        "the outcome of a call that returned an error",
        "`tracker.add_error(&error)`, or `tracker.mark(Outcome::Failed)`, before the error is returned";
    ERROR, "fails", "errors":
        "its error is in the event, with its message",
        "the error of a failed call",
        "`tracker.add_error(&error)`, or `tracker.push_error(info)`, before the error is returned";
    ERROR_TYPE, "fails", "errors":
        "the error has its type, or the variant it is",
        "the type of a failed call's error",
        "`ErrorInfo::new(&error).kind(variant)`";
    ERROR_LOCATION, "fails", "errors":
        "the error says where the call was made, as `file:line`",
        "the location of a failed call's error",
        "`ErrorInfo::new(&error).location(Location::caller())`";
    PANICKED, "panics", "endings":
        "a call in which something panics has panicked, with the panic as its error",
        "the outcome of a call that panicked",
        "`guard.scope(future)`, or `guard.poll_future(cx, |cx| ..)` round each poll";
    PANIC_RESUMED, "panics", "guests":
        "the panic goes on to the host",
        "the panic, as the host would see it",
        "let it unwind: `guard.scope(future)` notes it and resumes it";
    CANCELLED, "pends", "endings":
        "a call that is dropped before its end is cancelled",
        "the outcome of a call that was dropped before its end",
        "`EndGuard::new(tracker)` inside of the future";
    UNIT, "unit", "endings":
        "while a call is open it is listed as in flight, which makes it abandoned at a shutdown",
        "the call among what is in flight",
        "`tracker.register(label)`";
    OPENING, "opens", "opening":
        "what lives long sends an opening event when it begins, and is in flight from then on",
        "the opening event of what lives long",
        "`tracker.send_opening()` once it has its keys";
    CLOSING, "opens", "opening":
        "and one closing event under the same id when it ends",
        "the closing event of what lives long",
        "keep its tracker in it, so that dropping the one ends the other";
    OFF, "", "guests":
        "where nothing is monitored the call works, and sends nothing",
        "silence where nothing is monitored",
        "make no event but by an `EventTracker`, and depend on none: `tracker.is_recording()` says whether there is one";
    MASKED, "hides", "masking":
        "a secret is in no event, whatever may be captured",
        "the mask of a secret",
        "`gomon::capture().mask().hides(name)`, and `gomon::mask::REDACTED` for the value";
    CAPTURED, "captures", "masking":
        "what a preset leaves out is left out, and what it takes is taken",
        "heed of what may be captured",
        "`gomon::capture()` before the value is set, and `tracker.set(key, value)` where it may be";
    CUT, "cuts", "masking":
        "a long value is cut, and what was cut is counted",
        "the count of what was cut off",
        "`tracker.note_cut(key, bytes)` where you cut yourself; `tracker.set` counts what it cuts";
    WAIT, "waits", "waits":
        "while a call is pending, the unit of work round it waits for what it says",
        "the wait of the unit of work round the call",
        "`wait.poll(cx, |cx| ..)` of a `Wait::new(kind)` round each poll, or `wait::on(kind, future)`";
    CONFIG_READ, "config", "config":
        "its settings are read, under the name it has in a configuration",
        "the plug-in's settings",
        "`gomon::register_plugin(|config: YourConfig| ..)` before the first call";
    CONFIG_APPLIED, "config", "config":
        "a changed setting holds from the next call on, and so does taking it back",
        "the effect of a changed setting",
        "take over what `gomon::register_plugin(|config| ..)` is given, and look at it in each call";
    CONFIG_REFUSED, "config", "config":
        "a setting that it does not know is refused",
        "the refusal of a setting that it does not know",
        "`#[serde(deny_unknown_fields)]` on its `PluginConfig`";
    PROBE, "probe", "probe":
        "its probe is registered while it lives",
        "the probe",
        "`probe::register(name)` or `probe::register_next(name)`, kept in the wrapper";
    GAUGE, "gauge, level", "probe":
        "the probe has its gauges",
        "a gauge of the probe",
        "`probe.gauge(name, || ..)` or `probe.level(name)`";
    LEVEL, "level", "probe":
        "a gauge that a call raises is higher while the call is open",
        "the rise of a gauge while a call is open",
        "`let raised = level.raise()`, kept in the future";
    NO_LEAK, "level", "probe":
        "and is what it was after each way of ending",
        "the fall of a gauge after the call",
        "keep what `level.raise()` gives in the future, and nowhere else";
    ROW, "row", "probe":
        "the probe has its rows, and they say something",
        "a row of the probe",
        "`probe.row(name, || ..)`";
    ACTION, "action", "probe":
        "the probe has its actions, and they work",
        "an action of the probe",
        "`probe.action(name, |args| ..)`";
    PROBE_GONE, "probe", "probe":
        "the probe is gone with the wrapper",
        "the end of the probe",
        "keep the `Probe` in the wrapper, and in nothing that outlives it";
}
