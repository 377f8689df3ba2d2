//! The stack of a call: return addresses, and what lines they are.

#![expect(unsafe_code, reason = "the walk that takes no lock is unsafe")]

use super::foreign::is_foreign;
use super::path;

/// The return addresses of a call, the innermost first.
#[derive(Debug)]
pub(crate) struct Stack {
    addresses: Vec<usize>,
}

impl Stack {
    /// Of the call of this function.
    #[inline(never)]
    pub(crate) fn walk() -> Self {
        let mut addresses = Vec::with_capacity(FRAMES);
        let mut note = |frame: &backtrace::Frame| {
            addresses.push(frame.ip().addr());
            addresses.len() < FRAMES
        };
        // `trace` would wait for whoever looks lines up, which can take long.
        #[cfg(not(windows))]
        // SAFETY: only dbghelp, on Windows, has to be asked by one thread at a time; elsewhere the unwinder needs no lock.
        unsafe {
            backtrace::trace_unsynchronized(&mut note);
        }
        #[cfg(windows)]
        backtrace::trace(&mut note);
        Self { addresses }
    }

    /// The innermost line that is the program's own, as `file:line`; `None` if the program has no line tables, or none of
    /// its own code is on the stack. Slow: the first time it reads the program's debug information.
    pub(crate) fn line(&self) -> Option<String> {
        self.addresses.iter().find_map(|address| {
            let mut line = None;
            // Several symbols for one address are functions inlined into each other, the innermost first.
            backtrace::resolve(std::ptr::without_provenance_mut(*address), |symbol| {
                if line.is_none() {
                    line = own_line(symbol);
                }
            });
            line
        })
    }
}

fn own_line(symbol: &backtrace::Symbol) -> Option<String> {
    let (name, file, line) = (symbol.name()?, symbol.filename()?, symbol.lineno()?);
    if is_foreign(&format!("{name:#}"), &file.to_string_lossy()) {
        return None;
    }
    Some(format!("{}:{line}", path::short(file).display()))
}

/// Between a statement and the program's own code there are some twenty.
const FRAMES: usize = 64;
