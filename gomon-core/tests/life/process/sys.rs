//! What only the operating system can do to a process.

#![expect(
    unsafe_code,
    reason = "fork, signals and limits have no safe interface"
)]

use std::time::Duration;

/// Writes a line to the standard output at once, over no lock that a fork could leave held.
pub(crate) fn say(line: &str) {
    let line = format!("{line}\n");
    // SAFETY: pointer and length are those of one string.
    unsafe { libc::write(1, line.as_ptr().cast(), line.len()) };
}

/// Ends the process if it takes too long.
pub(crate) fn end_after(time: Duration) {
    let seconds = u32::try_from(time.as_secs()).unwrap();
    // SAFETY: a number is all it takes.
    unsafe { libc::alarm(seconds) };
}

/// Forks; what `child` returns is the child's exit code, by `_exit` or `exit`.
pub(crate) fn fork(exit: Exit, child: impl FnOnce() -> i32) -> i32 {
    // SAFETY: the child uses nothing but what is under test here, which is to bear it.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "no fork");
    if pid > 0 {
        return pid;
    }
    let code = child();
    match exit {
        // SAFETY: it does not return.
        Exit::AtOnce => unsafe { libc::_exit(code) },
        // SAFETY: it does not return; no other thread is here that could call it.
        Exit::WithHandlers => unsafe { libc::exit(code) },
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Exit {
    AtOnce,
    WithHandlers,
}

/// Waits for a child's exit code; `None` if it had to be killed.
pub(crate) fn wait(pid: i32) -> Option<i32> {
    for _ in 0..20_000 {
        let mut status = 0;
        // SAFETY: the status is a local that outlives the call.
        let waited = unsafe { libc::waitpid(pid, &raw mut status, libc::WNOHANG) };
        if waited == pid {
            return libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status));
        }
        std::thread::park_timeout(Duration::from_millis(1));
    }
    // SAFETY: the process is our child, and was not waited for.
    unsafe { libc::kill(pid, libc::SIGKILL) };
    None
}

pub(crate) fn at_exit(handler: extern "C" fn()) {
    // SAFETY: the handler is a function of this program.
    assert_eq!(unsafe { libc::atexit(handler) }, 0);
}

/// Ends the process as the program itself may.
pub(crate) fn exit(code: i32) -> ! {
    #[expect(
        clippy::disallowed_methods,
        reason = "the program does this, not gomon"
    )]
    std::process::exit(code)
}

pub(crate) fn raise(signal: i32) {
    // SAFETY: a number is all it takes.
    unsafe { libc::raise(signal) };
}

/// Calls the handler on a signal; system calls that it interrupts are not taken up again.
pub(crate) fn on_signal(signal: i32, handler: extern "C" fn(i32)) {
    // SAFETY: zeros are a valid action.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler as usize;
    // SAFETY: the action is a local, and the handler does nothing but count.
    let set = unsafe { libc::sigaction(signal, &raw const action, std::ptr::null_mut()) };
    assert_eq!(set, 0);
}

/// Names the calling thread for [`interrupt`].
pub(crate) fn this_thread() -> libc::pthread_t {
    // SAFETY: it takes nothing.
    unsafe { libc::pthread_self() }
}

/// Sends a signal to a thread that runs.
pub(crate) fn interrupt(thread: libc::pthread_t, signal: i32) {
    // SAFETY: callers stop before they let the thread end.
    unsafe { libc::pthread_kill(thread, signal) };
}

/// Lowers a limit and gives what it was.
pub(crate) fn limit(resource: libc::__rlimit_resource_t, to: u64) -> u64 {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the limit is a local.
    assert_eq!(unsafe { libc::getrlimit(resource, &raw mut limit) }, 0);
    let before = std::mem::replace(&mut limit.rlim_cur, to);
    // SAFETY: the limit is a local.
    assert_eq!(unsafe { libc::setrlimit(resource, &raw const limit) }, 0);
    before
}

/// Starts a program from a child in which `before` has run.
pub(crate) fn run_after(program: &str, before: fn()) -> std::process::ExitStatus {
    use std::os::unix::process::CommandExt;
    let mut command = std::process::Command::new(program);
    // SAFETY: what it does in the child is what is under test.
    unsafe {
        command.pre_exec(move || {
            before();
            Ok(())
        })
    };
    command.status().unwrap()
}
