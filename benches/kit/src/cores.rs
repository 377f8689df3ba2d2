//! Which core a thread runs on.
#![expect(unsafe_code, reason = "std cannot pin a thread")]

use crate::Cores;

/// Pins for the threads that an arm starts while it is built: they inherit it.
pub(crate) fn pin_background(cores: Cores) {
    match cores {
        Cores::Same => pin(last()),
        Cores::Split => pin(first()),
        Cores::Free => (),
    }
}

/// Pins for the thread that does the work.
pub(crate) fn pin_application(cores: Cores) {
    match cores {
        Cores::Same | Cores::Split => pin(last()),
        Cores::Free => (),
    }
}

fn first() -> Option<usize> {
    allowed().first().copied()
}

fn last() -> Option<usize> {
    allowed().last().copied()
}

/// The cores this process was given at its start: pinning shrinks the set, so it is read once.
fn allowed() -> &'static [usize] {
    static ALLOWED: std::sync::OnceLock<Vec<usize>> = std::sync::OnceLock::new();
    ALLOWED.get_or_init(|| {
        let mut set = empty();
        // SAFETY: `set` is valid for writes of the size that is passed.
        let failed = unsafe { libc::sched_getaffinity(0, size_of_val(&set), &raw mut set) } != 0;
        if failed {
            return Vec::new();
        }
        (0..libc::CPU_SETSIZE.unsigned_abs() as usize)
            // SAFETY: every index below CPU_SETSIZE lies within the set.
            .filter(|cpu| unsafe { libc::CPU_ISSET(*cpu, &set) })
            .collect()
    })
}

/// Without a core, or when the kernel refuses, the scheduler goes on deciding.
fn pin(cpu: Option<usize>) {
    let Some(cpu) = cpu else { return };
    let mut set = empty();
    // SAFETY: `cpu` came out of a set of the same size.
    unsafe { libc::CPU_SET(cpu, &mut set) };
    // SAFETY: `set` is valid for reads of the size that is passed.
    unsafe { libc::sched_setaffinity(0, size_of_val(&set), &raw const set) };
}

fn empty() -> libc::cpu_set_t {
    // SAFETY: the type is an array of integers, for which zero is a value.
    unsafe { std::mem::zeroed() }
}
