use std::collections::HashSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use gomon_core::{Event, Listener, ListenerError};

/// How a listener behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Plain,
    /// It refuses each event whose number this divides.
    Refusing(u64),
    /// It panics on each event whose number this divides.
    Panicking(u64),
}

/// A listener's side of what the model knows: what it took, counted without gomon's help.
#[derive(Clone, Default)]
pub(crate) struct Probe(Arc<Inner>);

#[derive(Default)]
struct Inner {
    seen: Mutex<Seen>,
    released: Condvar,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) taken: HashSet<u64>,
    /// Events that are gomon's own.
    pub(crate) own: u64,
    pub(crate) twice: u64,
    pub(crate) refused: u64,
    pub(crate) panicked: u64,
    blocked: bool,
}

impl Probe {
    pub(crate) fn listener(&self, kind: Kind) -> impl Listener {
        ProbeListener {
            probe: self.clone(),
            kind,
        }
    }

    pub(crate) fn seen(&self) -> Seen {
        self.lock().clone()
    }

    /// From the next event on it does not return, until it is released.
    pub(crate) fn block(&self) {
        self.lock().blocked = true;
    }

    pub(crate) fn release(&self) {
        self.lock().blocked = false;
        self.0.released.notify_all();
    }

    pub(crate) fn is_blocked(&self) -> bool {
        self.lock().blocked
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_until_released(&self) -> MutexGuard<'_, Seen> {
        let mut seen = self.lock();
        while seen.blocked {
            let waited = self.0.released.wait(seen);
            seen = waited.unwrap_or_else(PoisonError::into_inner);
        }
        seen
    }
}

struct ProbeListener {
    probe: Probe,
    kind: Kind,
}

impl Listener for ProbeListener {
    fn feed(&mut self, event: &Event) -> Result<(), ListenerError> {
        let mut seen = self.probe.wait_until_released();
        let Some(number) = number(event) else {
            seen.own += 1;
            return Ok(());
        };
        match self.kind {
            Kind::Refusing(every) if number.is_multiple_of(every) => {
                seen.refused += 1;
                return Err("not that one".into());
            }
            Kind::Panicking(every) if number.is_multiple_of(every) => {
                seen.panicked += 1;
                drop(seen);
                // Not `panic!`: the hook would print each. A payload without memory: gomon forgets it.
                std::panic::resume_unwind(Box::new(()));
            }
            Kind::Plain | Kind::Refusing(_) | Kind::Panicking(_) => {}
        }
        if !seen.taken.insert(number) {
            seen.twice += 1;
        }
        Ok(())
    }
}

pub(crate) const NUMBER: &str = "number";

/// What the model calls the record: an attribute, or the label of what was abandoned.
fn number(event: &Event) -> Option<u64> {
    let label = || event.get("label")?.as_str()?.parse().ok();
    event
        .get(NUMBER)
        .and_then(gomon_core::ValueRef::as_u64)
        .or_else(label)
}
