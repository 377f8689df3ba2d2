//! The files of `/proc/self`, see `proc(5)`.

use super::numbers::field;

/// Bytes of memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    pub(crate) resident: Option<u64>,
    pub(crate) anonymous: Option<u64>,
    pub(crate) mapped: Option<u64>,
}

/// From `status`, whose `kB` are 1024 bytes.
pub(super) fn memory(status: &str) -> Memory {
    let bytes = |name| field(status, name)?.checked_mul(1024);
    Memory {
        resident: bytes("VmRSS"),
        anonymous: bytes("RssAnon"),
        mapped: bytes("VmSize"),
    }
}

/// CPU time in ns, of all threads that are and were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cpu {
    pub(crate) user: Option<u64>,
    pub(crate) system: Option<u64>,
    pub(crate) threads: Option<u64>,
}

/// From `stat`. The second field, the program's name, may hold anything, so fields are counted from its closing
/// parenthesis on: the first one after it is the third, `utime` the 14th, `stime` the 15th, `num_threads` the 20th.
pub(super) fn cpu(stat: &str, ticks_per_second: u64) -> Cpu {
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let number = |nth: usize| fields.split_whitespace().nth(nth - 3)?.parse::<u64>().ok();
    let nanos = |ticks: u64| ticks.checked_mul(NANOS_PER_SECOND / ticks_per_second.max(1));
    Cpu {
        user: number(14).and_then(nanos),
        system: number(15).and_then(nanos),
        threads: number(20),
    }
}

/// Reads and writes so far: bytes asked for, calls, and bytes that reached a disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Io {
    pub(crate) rchar: Option<u64>,
    pub(crate) wchar: Option<u64>,
    pub(crate) syscr: Option<u64>,
    pub(crate) syscw: Option<u64>,
    pub(crate) read_bytes: Option<u64>,
    pub(crate) write_bytes: Option<u64>,
}

pub(super) fn io(io: &str) -> Io {
    Io {
        rchar: field(io, "rchar"),
        wchar: field(io, "wchar"),
        syscr: field(io, "syscr"),
        syscw: field(io, "syscw"),
        read_bytes: field(io, "read_bytes"),
        write_bytes: field(io, "write_bytes"),
    }
}

/// How often threads gave up the CPU, and how often it was taken from them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ContextSwitches {
    pub(crate) voluntary: u64,
    pub(crate) involuntary: u64,
}

impl ContextSwitches {
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            voluntary: self.voluntary.saturating_add(other.voluntary),
            involuntary: self.involuntary.saturating_add(other.involuntary),
        }
    }
}

/// From one thread's `status`.
pub(super) fn context_switches(status: &str) -> Option<ContextSwitches> {
    Some(ContextSwitches {
        voluntary: field(status, "voluntary_ctxt_switches")?,
        involuntary: field(status, "nonvoluntary_ctxt_switches")?,
    })
}

/// The soft limit, the first of the two numbers in `limits`; none where it is `unlimited`.
pub(super) fn open_files_limit(limits: &str) -> Option<u64> {
    field(limits, "Max open files")
}

/// What the kernel told the process at its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Auxiliary {
    pub(super) page_bytes: Option<u64>,
    pub(super) ticks_per_second: u64,
}

impl Default for Auxiliary {
    /// 100 is what Linux has on every platform it runs on today.
    fn default() -> Self {
        Self {
            page_bytes: None,
            ticks_per_second: 100,
        }
    }
}

/// From `auxv`: pairs of a type and a value, each as wide as a pointer, see `getauxval(3)`. It saves two calls of
/// `sysconf`, which would be unsafe code.
pub(super) fn auxiliary(auxv: &[u8]) -> Auxiliary {
    const AT_PAGESZ: u64 = 6;
    const AT_CLKTCK: u64 = 17;
    let mut found = Auxiliary::default();
    let (words, _rest) = auxv.as_chunks::<{ size_of::<usize>() }>();
    let (pairs, _rest) = words.as_chunks::<2>();
    for [kind, value] in pairs {
        let value = usize::from_ne_bytes(*value) as u64;
        match usize::from_ne_bytes(*kind) as u64 {
            AT_PAGESZ => found.page_bytes = Some(value),
            AT_CLKTCK => found.ticks_per_second = value,
            _ => {}
        }
    }
    found
}

const NANOS_PER_SECOND: u64 = 1_000_000_000;
