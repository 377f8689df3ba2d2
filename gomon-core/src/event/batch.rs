use std::sync::Arc;

use crate::bus::pool::{self, Home};
use crate::bus::reason::DropReason;
use crate::event::Event;
use crate::event::progress::{Progress, Watch};
use crate::event::record::Record;

/// A batch of events in order, as [`Listener::feed_batch`](crate::Listener::feed_batch) gets it.
///
/// The events are shared with the other listeners: [`share`](Self::share) keeps them without a
/// copy.
#[derive(Debug)]
pub struct Events<'a> {
    slice: &'a Slice,
    from: usize,
    progress: Progress,
    watch: &'a Watch,
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
    batch: Arc<Batch>,
    picks: Option<Arc<[u32]>>,
}

/// Events that travel together, and what is to become of their records afterwards.
#[derive(Debug)]
pub(crate) struct Batch {
    events: Vec<Event>,
    /// Where the records came from: a home, and how many in a row are from there. What is not
    /// from a thread's stock is freed.
    homes: Homes,
    /// The places of events that have something beside their records.
    beside: Vec<u32>,
    /// How many bytes that is, as it was counted at the hand-over.
    handed_over_bytes: u64,
    /// How many of the events were handed over by threads.
    handed_over: usize,
    memory_bytes: u64,
}

#[derive(Debug)]
pub(crate) enum Homes {
    None,
    One(Arc<Home>),
    /// Several, and for so many events in a row which of them; `None` is none of them.
    Many(Vec<Arc<Home>>, Vec<(Option<usize>, usize)>),
}

impl<'a> Events<'a> {
    pub(crate) fn new(slice: &'a Slice, from: usize, watch: &'a Watch) -> Self {
        Self {
            slice,
            from,
            progress: Progress::default(),
            watch,
        }
    }

    /// The events, in order.
    pub fn iter(&self) -> impl Iterator<Item = &'a Event> + '_ {
        self.progress.begin();
        let events = self.slice.iter_from(self.from);
        events
            .take_while(|_| !self.watch.is_stopped())
            .inspect(|_| {
                self.watch.come_forward();
                self.progress.hand_out();
            })
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
    ///
    /// What is kept counts as under way, and of that there are 16,384 events in a process: keep no
    /// more than a few hundred for longer than a moment, and what they say (their JSON) for ever.
    #[must_use]
    pub fn share(&self) -> SharedEvents {
        SharedEvents {
            slice: self.slice.clone(),
            from: self.from,
        }
    }

    pub(crate) fn note_refused(&self, reason: DropReason) {
        self.progress.refuse(reason);
    }

    /// Events that were not taken.
    pub(crate) fn refused(&self) -> usize {
        usize::try_from(self.progress.refused().total()).unwrap_or(usize::MAX)
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
    pub(crate) fn whole(batch: Batch) -> Self {
        Self {
            batch: Arc::new(batch),
            picks: None,
        }
    }

    /// One event of gomon's own.
    pub(crate) fn single(record: Box<Record>) -> Self {
        Self::of_copies(vec![Event::settled(record)])
    }

    /// Copies of events, whose records belong to no thread.
    pub(crate) fn of_copies(events: Vec<Event>) -> Self {
        let beside = (0..)
            .zip(&events)
            .filter(|(_, event)| event.record.has_rare());
        let beside = beside.map(|(at, _)| at).collect();
        Self::whole(Batch::new(events, beside, Homes::None, 0))
    }

    pub(crate) fn get(&self, at: usize) -> Option<&Event> {
        self.batch.events.get(self.index(at)?)
    }

    pub(crate) fn len(&self) -> usize {
        self.picks
            .as_ref()
            .map_or(self.batch.events.len(), |picks| picks.len())
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
            .map_or(Some(at), |picks| picks.get(at).map(|at| *at as usize))
    }

    /// The part whose events are wanted.
    pub(crate) fn filtered(&self, mut wanted: impl FnMut(&Event) -> bool) -> Self {
        let picks = (0..self.len()).filter_map(|at| self.index(at));
        self.picked(picks.filter(|at| self.batch.events.get(*at).is_some_and(&mut wanted)))
    }

    /// The part without its first events.
    fn from(&self, from: usize) -> Self {
        self.picked((from..self.len()).filter_map(|at| self.index(at)))
    }

    fn picked(&self, picks: impl Iterator<Item = usize>) -> Self {
        Self {
            batch: Arc::clone(&self.batch),
            picks: Some(picks.filter_map(|at| u32::try_from(at).ok()).collect()),
        }
    }

    /// What it keeps in memory: a part of a batch keeps all of it.
    pub(crate) fn memory_bytes(&self) -> u64 {
        self.batch.memory_bytes
    }
}

impl Batch {
    /// `beside` are the places of events that have something beside their records; the others are
    /// not looked at. `handed_over` of the events came from threads: the pool counts them as under way.
    pub(crate) fn new(
        events: Vec<Event>,
        beside: Vec<u32>,
        homes: Homes,
        handed_over: usize,
    ) -> Self {
        let records = beside.iter().filter_map(|at| events.get(*at as usize));
        let bytes = records.map(|event| {
            let record = &event.record;
            (record.beside_bytes.into(), record.bytes_beside().into())
        });
        let sum = |all: (u64, u64), one: (u64, u64)| (all.0 + one.0, all.1 + one.1);
        let (handed_over_bytes, bytes_beside) = bytes.fold((0, 0), sum);
        Self {
            memory_bytes: (events.len() * size_of::<Record>()) as u64 + bytes_beside,
            beside,
            handed_over_bytes,
            handed_over,
            events,
            homes,
        }
    }
}

/// The last holder gives the records back, without a look at those that have nothing beside them:
/// their threads would pay for it when they write to them again.
impl Drop for Batch {
    fn drop(&mut self) {
        pool::come_back(self.handed_over, self.handed_over_bytes);
        for at in &self.beside {
            if let Some(event) = self.events.get_mut(*at as usize) {
                event.record.clear_rare();
            }
        }
        let mut events = std::mem::take(&mut self.events);
        match std::mem::replace(&mut self.homes, Homes::None) {
            Homes::None => {}
            Homes::One(home) => home.take_back(events),
            Homes::Many(homes, runs) => {
                let mut magazines: Vec<_> = homes.iter().map(|_| pool::empty()).collect();
                let mut events_left = events.drain(..);
                for (home, count) in runs {
                    let some = events_left.by_ref().take(count);
                    match home.and_then(|home| magazines.get_mut(home)) {
                        Some(magazine) => magazine.extend(some),
                        None => some.for_each(drop),
                    }
                }
                for (home, magazine) in homes.iter().zip(magazines) {
                    home.take_back(magazine);
                }
                drop(events_left);
                pool::give_empty(events);
            }
        }
    }
}
