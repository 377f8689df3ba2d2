//! What all handles of one segment share.

use std::cell::Cell;
use std::error::Error;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use parking_lot::Mutex;

use crate::clock::Source;
use crate::context::Context;
use crate::event::error_info::ErrorInfo;
use crate::event::limits::{self, Limit};
use crate::event::outcome::Outcome;
use crate::event::record::Record;
use crate::event::value::{Tree, Value};
use crate::keys;
use crate::segment::node::Nodes;
use crate::segment::place;
use crate::segment::spent::Measures;

/// A segment as its children see it, and what is counted of them. A child counts in the shard of the thread
/// it began on, whichever it ends on, and so do its own children.
#[derive(Debug)]
pub(super) struct Shared {
    /// Its event as what is current. A global one has another in each run of gomon.
    context: Mutex<Context>,
    /// The event under which it can be found by its context; 0 is none.
    listed: AtomicU64,
    first: Mutex<Inside>,
    more: Box<[Mutex<Inside>]>,
    pub(super) measures: Measures,
    pub(super) clock: Source,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Inside {
    pub(super) nodes: Nodes,
    errors: Vec<Tree>,
    errors_cut: u64,
}

impl Shared {
    pub(super) fn new(context: Context) -> Self {
        Self {
            clock: Source::of(context.scope()),
            context: Mutex::new(context),
            listed: AtomicU64::new(0),
            first: Mutex::default(),
            more: Box::default(),
            measures: Measures::default(),
        }
    }

    /// For a segment that many threads use at once.
    pub(super) fn sharded() -> Self {
        Self {
            more: (1..SHARDS).map(|_| Mutex::default()).collect(),
            ..Self::new(Context::PROCESS)
        }
    }

    /// Begins anew as another event.
    pub(super) fn begin(&self, context: Context) {
        *self.context.lock() = context;
        for shard in std::iter::once(&self.first).chain(&self.more) {
            let old = std::mem::take(&mut *shard.lock());
            drop(old);
        }
    }

    pub(super) fn context(&self) -> Context {
        *self.context.lock()
    }

    /// Whether this is the first time that its context is handed out.
    pub(super) fn is_to_be_listed(&self, context: Context) -> bool {
        let span = context.ids().map_or(0, |(_, span)| span.0);
        self.listed.load(Ordering::Relaxed) != span
            && self.listed.swap(span, Ordering::Relaxed) != span
    }

    pub(super) fn is_listed(&self) -> bool {
        self.listed.load(Ordering::Relaxed) != 0
    }

    /// The number of the running thread's shard.
    #[inline]
    pub(super) fn own_shard(&self) -> usize {
        match self.more.len() {
            0 => 0,
            more => thread_number() % (more + 1),
        }
    }

    #[inline]
    pub(super) fn shard(&self, number: usize) -> &Mutex<Inside> {
        let more = number.checked_sub(1).and_then(|at| self.more.get(at));
        more.unwrap_or(&self.first)
    }

    pub(super) fn add_error(&self, error: &(dyn Error + 'static), at: &Location<'_>) {
        let msg = ErrorInfo::new(error).msg;
        let error = Tree::map().with(keys::LOCATION, place(at)).with("msg", msg);
        let most = limits::current().of(Limit::Errors);
        // In one place, so that their order is known.
        let mut inside = self.first.lock();
        if inside.errors.len() < most {
            inside.errors.push(error);
        } else {
            inside.errors_cut += 1;
        }
    }

    /// Everything that was counted so far.
    pub(super) fn total(&self) -> Inside {
        let mut total = self.first.lock().clone();
        for shard in &self.more {
            let nodes = shard.lock().nodes.clone();
            total.nodes.merge(&nodes);
        }
        total
    }
}

impl Inside {
    /// Sets what was counted on the segment's event.
    pub(super) fn set_on(self, record: &mut Record) {
        record.set(keys::CHILDS, Value::Tree(self.nodes.tree()));
        record.note_cut(keys::CHILDS.into(), self.nodes.cut());
        if !self.errors.is_empty() {
            record.set(keys::ERRORS, Value::Tree(Tree::List(self.errors)));
            record.note_cut(keys::ERRORS.into(), self.errors_cut);
            record.mark(Outcome::Failed);
        }
    }
}

/// A number of the running thread's own.
fn thread_number() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(1);
    thread_local! {
        static NUMBER: Cell<usize> = const { Cell::new(0) };
    }
    NUMBER.with(|number| {
        if number.get() == 0 {
            number.set(THREADS.fetch_add(1, Ordering::Relaxed));
        }
        number.get()
    })
}

const SHARDS: usize = 8;
