//! Fingerprints and keys of the runtime's events, spelled as in the event contract.

/// Fingerprint: what the process runs on, sent once by a sampler.
pub const RUNTIME_BASE: &str = "runtime-base";
/// Fingerprint: a sample of memory.
pub const COLLECT_MEMSTAT: &str = "rt-collect-memstat";
/// Fingerprint: a sample of a tokio runtime.
pub const COLLECT_TASKS: &str = "rt-collect-tasks";
/// Fingerprint: a sample of the process.
pub const COLLECT_PROCESS: &str = "rt-collect-process";

/// CPUs that are online in the machine.
pub const NUM_CPU: &str = "num-cpu";
/// Threads this process can run at once (affinity and CPU quota applied).
pub const MAX_PROCS: &str = "max-procs";
/// Version of the compiler that built gomon.
pub const RUST_VERSION: &str = "rust-version";
/// `monitored` where [`MonitoredAlloc`](crate::MonitoredAlloc) is the global allocator, else `unmonitored`.
pub const ALLOCATOR: &str = "allocator";
/// The sampled tokio runtime: `{flavor, workers}`.
pub const TOKIO: &str = "tokio";
/// Bytes of a memory page.
pub const PAGE_SIZE: &str = "page-size";
/// The container technology, where one is recognised.
pub const CONTAINER: &str = "container";

/// Bytes allocated and not freed.
pub const ALLOC: &str = "alloc";
/// Bytes allocated since the start; never falls.
pub const TOTAL_ALLOC: &str = "total-alloc";
/// Allocations since the start.
pub const MALLOCS: &str = "mallocs";
/// Deallocations since the start.
pub const FREES: &str = "frees";
/// Live allocations: `mallocs` - `frees`.
pub const LIVE_OBJ: &str = "live-obj";
/// Bytes of live allocations, as `alloc`.
pub const HEAP_ALLOC: &str = "heap-alloc";
/// Live allocations, as `live-obj`.
pub const HEAP_OBJECTS: &str = "heap-objects";
/// Highest `heap-alloc` so far, in bytes.
pub const HEAP_PEAK: &str = "heap-peak";
/// Resident bytes of the process (RSS).
pub const SYS: &str = "sys";
/// Resident bytes that belong to no file: heap, stacks.
pub const RESIDENT: &str = "resident";
/// Bytes of address space in use.
pub const MAPPED: &str = "mapped";
/// Growth of `total-alloc` since the sample before.
pub const DIFF_TOTAL_ALLOC: &str = "diff-total-alloc";
/// Growth of `mallocs` since the sample before.
pub const DIFF_MALLOCS: &str = "diff-mallocs";
/// Growth of `frees` since the sample before.
pub const DIFF_FREES: &str = "diff-frees";
/// Change of `heap-alloc` since the sample before; may be negative.
pub const DIFF_HEAP_ALLOC: &str = "diff-heap-alloc";
/// Change of `heap-objects` since the sample before; may be negative.
pub const DIFF_HEAP_OBJECTS: &str = "diff-heap-objects";
/// Id of the sample before.
pub const PREV_TRACKER_ID: &str = "prev-tracker-id";

/// Tasks that are alive.
pub const TASKS: &str = "tasks";
/// Share of the workers' time spent running tasks, 0 to 1, since the sample before.
pub const BUSY_RATIO: &str = "busy-ratio";
/// Tasks that wait in the runtime's global queue.
pub const QUEUE_DEPTH: &str = "queue-depth";
/// One entry a worker: `{busy, busy-ratio, parks}`.
pub const WORKERS: &str = "workers";

/// User CPU time of the process, ns.
pub const CPU_USER: &str = "cpu-user";
/// System CPU time of the process, ns.
pub const CPU_SYS: &str = "cpu-sys";
/// Threads of the process.
pub const THREADS: &str = "threads";
/// Open file descriptors.
pub const FDS: &str = "fds";
/// Soft limit of open file descriptors.
pub const FDS_LIMIT: &str = "fds-limit";
/// `{rchar, wchar, syscr, syscw, read-bytes, write-bytes}` of the process so far.
pub const IO: &str = "io";
/// `{voluntary, involuntary}` context switches of the threads that are alive.
pub const CTX_SWITCHES: &str = "ctx-switches";
/// Limits and use of the process's cgroup (v2).
pub const CGROUP: &str = "cgroup";
/// Pressure stall information: `{scope, cpu, memory, io}`.
pub const PRESSURE: &str = "pressure";
