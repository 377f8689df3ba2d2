//! Names of fingerprints and attributes, spelled as in docs/events.md.

pub(crate) const APPLICATION: &str = "application";
pub(crate) const APPLICATION_END: &str = "application-end";
pub(crate) const GOMON_SELF: &str = "gomon-self";
pub(crate) const PANIC: &str = "panic";
pub(crate) const LOG: &str = "log";
pub(crate) const SEGMENT: &str = "segment";
pub(crate) const SEGMENT_TICK: &str = "segment-tick";

// What adapters send and the core counts by.
pub(crate) const HTTP_CLIENT: &str = "http-roundtripper";
pub(crate) const NET_DIAL: &str = "net-dial";
pub(crate) const METHOD: &str = "method";
pub(crate) const RESPONSE_CODE: &str = "response_code";
pub(crate) const URL: &str = "url";
pub(crate) const ADDR: &str = "addr";
pub(crate) const SYSTEM: &str = "system";
pub(crate) const DIGEST: &str = "digest";
pub(crate) const ERROR: &str = "error";

/// Whether an attribute of that name is a condition of live switches (see `switch`).
#[inline(always)]
pub(crate) fn is_condition(key: &str) -> bool {
    matches!(key, ROUTE | USER)
}

/// Whether an attribute of that name may say something about an event's labels (see `aggregate`).
#[inline(always)]
pub(crate) fn may_be_label(key: &str) -> bool {
    matches!(
        key,
        ROUTE | METHOD | RESPONSE_CODE | URL | ADDR | SYSTEM | DIGEST | NAME
    )
}

pub(crate) const EXECUTION_ID: &str = "execution-id";
pub(crate) const HOST: &str = "host";
pub(crate) const PID: &str = "pid";
pub(crate) const EXE: &str = "exe";
pub(crate) const RUST: &str = "rust";
pub(crate) const GOMON: &str = "gomon";

pub(crate) const CREATED: &str = "created";
pub(crate) const DELIVERED: &str = "delivered";
pub(crate) const DROPPED: &str = "dropped";
pub(crate) const PENDING: &str = "pending";
pub(crate) const LISTENERS: &str = "listeners";
pub(crate) const AFTER_SHUTDOWN: &str = "after-shutdown";
pub(crate) const IN_FLIGHT: &str = "in-flight";
pub(crate) const BYTES: &str = "bytes";
pub(crate) const SPENT: &str = "spent";
pub(crate) const LATE: &str = "late-sets";
pub(crate) const ORPHANS: &str = "orphans";
pub(crate) const QUARANTINED: &str = "quarantined";
pub(crate) const QUARANTINES: &str = "quarantines";
pub(crate) const QUEUE_HIGH_WATER: &str = "queue-high-water";
pub(crate) const UPTIME: &str = "uptime";

pub(crate) const LEVEL: &str = "level";
pub(crate) const TARGET: &str = "target";
pub(crate) const MESSAGE: &str = "message";
pub(crate) const FIELDS: &str = "fields";
pub(crate) const THREAD: &str = "thread";
pub(crate) const PAYLOAD: &str = "payload";
pub(crate) const BACKTRACE: &str = "backtrace";
pub(crate) const WORK: &str = "work";
pub(crate) const LOCATION: &str = "location";
pub(crate) const ROUTE: &str = "route";
pub(crate) const USER: &str = "user";
pub(crate) const LABEL: &str = "label";
pub(crate) const NAME: &str = "name";
pub(crate) const COUNT: &str = "count";
pub(crate) const TOTAL_LAPSED: &str = "total_lapsed";
pub(crate) const CHILDS: &str = "childs";
pub(crate) const ERRORS: &str = "errors";
pub(crate) const CPU: &str = "cpu";
pub(crate) const ALLOCS: &str = "allocs";

pub(crate) const BUSY: &str = "busy";
pub(crate) const READY: &str = "ready";
pub(crate) const WAIT: &str = "wait";
