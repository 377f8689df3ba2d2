use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::event::Event;

/// A batch of events in order, as [`Listener::feed_batch`](crate::Listener::feed_batch) gets it.
///
/// The events are shared with the other listeners: [`share`](Self::share) keeps them without a
/// copy.
#[derive(Debug)]
pub struct Events<'a> {
    slice: &'a Slice,
    from: usize,
    progress: Progress,
    /// Set when nothing is to be fed any more.
    stop: &'a AtomicBool,
}

/// How far a listener came with a batch; it tells after a panic which event caused it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress(Rc<(Cell<usize>, Cell<usize>)>);

impl Progress {
    /// Events that were handed out.
    pub(crate) fn handed_out(&self) -> usize {
        self.0.0.get()
    }

    /// Of these, not taken.
    pub(crate) fn refused(&self) -> usize {
        self.0.1.get()
    }
}

/// A batch kept by a listener beyond its call.
#[derive(Clone, Debug)]
pub struct SharedEvents {
    slice: Slice,
    from: usize,
}

/// A batch, or the part of it that passed a filter.
#[derive(Clone, Debug)]
pub(crate) struct Slice {
    batch: Arc<[Event]>,
    picks: Option<Arc<[usize]>>,
    /// What it keeps in memory: a part of a batch keeps all of it.
    memory_bytes: u64,
}

impl<'a> Events<'a> {
    pub(crate) fn new(slice: &'a Slice, from: usize, stop: &'a AtomicBool) -> Self {
        Self {
            slice,
            from,
            progress: Progress::default(),
            stop,
        }
    }

    /// The events, in order.
    pub fn iter(&self) -> impl Iterator<Item = &'a Event> + '_ {
        let handed_out = &self.progress.0.0;
        handed_out.set(0);
        let events = self.slice.iter_from(self.from);
        events
            .take_while(|_| !self.stop.load(Ordering::Relaxed))
            .inspect(|_| handed_out.set(handed_out.get() + 1))
    }

    /// How many events there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slice.len() - self.from
    }

    /// Whether there are none; a listener is never given an empty batch.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Keeps the events without copying them.
    #[must_use]
    pub fn share(&self) -> SharedEvents {
        SharedEvents {
            slice: self.slice.clone(),
            from: self.from,
        }
    }

    pub(crate) fn note_refused(&self) {
        let refused = &self.progress.0.1;
        refused.set(refused.get() + 1);
    }

    pub(crate) fn refused(&self) -> usize {
        self.progress.refused()
    }

    pub(crate) fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// The same events, to be passed on.
    pub(crate) fn to_slice(&self) -> Slice {
        match self.from {
            0 => self.slice.clone(),
            from => self.slice.from(from),
        }
    }
}

impl SharedEvents {
    /// The events, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Event> {
        self.slice.iter_from(self.from)
    }
}

impl Slice {
    pub(crate) fn whole(batch: Arc<[Event]>) -> Self {
        let memory_bytes = batch.iter().map(|event| event.memory_bytes() as u64).sum();
        Self {
            batch,
            picks: None,
            memory_bytes,
        }
    }

    /// Events that are copies, and so nobody's to give back.
    pub(crate) fn of_copies(events: Vec<Event>) -> Self {
        Self::whole(events.into())
    }

    pub(crate) fn get(&self, at: usize) -> Option<&Event> {
        self.batch.get(self.index(at)?)
    }

    pub(crate) fn len(&self) -> usize {
        self.picks
            .as_ref()
            .map_or(self.batch.len(), |picks| picks.len())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Event> {
        self.iter_from(0)
    }

    fn iter_from(&self, from: usize) -> impl Iterator<Item = &Event> {
        (from..self.len()).filter_map(|at| self.get(at))
    }

    fn index(&self, at: usize) -> Option<usize> {
        self.picks
            .as_ref()
            .map_or(Some(at), |picks| picks.get(at).copied())
    }

    /// The part whose events are wanted.
    pub(crate) fn filtered(&self, mut wanted: impl FnMut(&Event) -> bool) -> Self {
        let picks = (0..self.len()).filter_map(|at| self.index(at));
        let picks = picks
            .filter(|at| self.batch.get(*at).is_some_and(&mut wanted))
            .collect();
        Self {
            picks: Some(picks),
            ..self.clone()
        }
    }

    /// The part without its first events.
    fn from(&self, from: usize) -> Self {
        let picks = (from..self.len()).filter_map(|at| self.index(at)).collect();
        Self {
            picks: Some(picks),
            ..self.clone()
        }
    }

    pub(crate) fn memory_bytes(&self) -> u64 {
        self.memory_bytes
    }
}
