//! Which segment the running code is in, and which part of it.
//!
//! A segment is the current one while its event is the current context. What a thread has entered is
//! known to it; on another thread, to which only the context came along, the segment is found by its
//! event, and what is timed there is a part of the whole segment.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use crate::context::{Context, Entered};
use crate::event::id::SpanId;
use crate::event::record::Record;
use crate::fork;
use crate::keys;
use crate::segment::node::NodeId;
use crate::segment::shared::Shared;

/// A segment, or one of its parts, as what code may be in.
#[derive(Clone, Debug)]
pub(super) struct Ambient {
    pub(super) shared: Arc<Shared>,
    context: Context,
    pub(super) part: Option<Part>,
}

/// A part of a segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) shard: usize,
    pub(super) node: NodeId,
}

impl Ambient {
    /// A segment or a part of it, which can be found from now on by who has only its context.
    pub(super) fn of(shared: &Arc<Shared>, part: Option<Part>) -> Self {
        let context = shared.context();
        if shared.is_to_be_listed(context) {
            list(context, shared);
        }
        Self {
            shared: Arc::clone(shared),
            context,
            part,
        }
    }

    /// The segment that is current.
    pub(super) fn current() -> Option<Self> {
        let context = Context::current();
        let (_, span) = context.ids()?;
        let entered = ENTERED.try_with(|entered| {
            let entered = entered.try_borrow().ok()?;
            entered
                .as_ref()
                .filter(|ambient| ambient.is_of(span))
                .cloned()
        });
        entered.ok().flatten().or_else(|| {
            let shared = fork::lock(&LISTED)?.get(&span.0)?.upgrade()?;
            Some(Self {
                shared,
                context,
                part: None,
            })
        })
    }

    /// Runs `f` in what is there, which is lent to the thread for so long.
    pub(super) fn enter_lent<R>(lent: &mut Option<Self>, f: impl FnOnce() -> R) -> R {
        let Some(context) = lent.as_ref().map(|ambient| ambient.context) else {
            return f();
        };
        let _entered = Entered::new(context);
        let _inside = Lent::new(lent);
        f()
    }

    fn is_of(&self, span: SpanId) -> bool {
        self.context.ids().is_some_and(|(_, own)| own == span)
    }

    /// The names from the outermost part to this one.
    fn path(&self) -> Option<String> {
        let part = self.part?;
        Some(self.shared.shard(part.shard).lock().nodes.path(part.node))
    }
}

fn list(context: Context, shared: &Arc<Shared>) {
    if let Some((_, span)) = context.ids()
        && let Some(mut listed) = fork::lock(&LISTED)
        && listed.len() < MOST_LISTED
    {
        listed.insert(span.0, Arc::downgrade(shared));
    }
}

/// The segment of this event has ended.
pub(super) fn unlist(context: Context) {
    if let Some((_, span)) = context.ids()
        && let Some(mut listed) = fork::lock(&LISTED)
    {
        listed.remove(&span.0);
    }
}

/// Whether an event whose parent is that one is made in a part of a segment.
#[inline]
pub(crate) fn is_in_part_of(parent: SpanId) -> bool {
    PART_OF.with(|span| span.get() == parent.0)
}

/// Says on such an event in which part it was made.
#[cold]
#[inline(never)]
pub(crate) fn note_part(record: &mut Record) {
    let path = ENTERED.try_with(|entered| {
        let entered = entered.try_borrow().ok()?;
        entered.as_ref()?.path()
    });
    if let Ok(Some(path)) = path {
        record.set(keys::SEGMENT, path.as_str().into());
    }
}

/// Lends what is entered to the thread, and takes it back when it is dropped.
struct Lent<'a> {
    home: &'a mut Option<Ambient>,
    outer: Option<Ambient>,
    outer_part_of: u64,
}

impl<'a> Lent<'a> {
    fn new(home: &'a mut Option<Ambient>) -> Self {
        let span = home.as_ref().and_then(|ambient| {
            ambient.part?;
            ambient.context.ids().map(|(_, span)| span.0)
        });
        let outer_part_of = PART_OF.with(|part_of| part_of.replace(span.unwrap_or(NO_SPAN)));
        let mut held = home.take();
        swap(&mut held);
        Self {
            home,
            outer: held,
            outer_part_of,
        }
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        PART_OF.with(|part_of| part_of.set(self.outer_part_of));
        let mut held = self.outer.take();
        swap(&mut held);
        *self.home = held;
    }
}

/// Where the thread is past its thread-locals, nothing is exchanged.
fn swap(ambient: &mut Option<Ambient>) {
    let _ = ENTERED.try_with(|entered| {
        if let Ok(mut entered) = entered.try_borrow_mut() {
            std::mem::swap(&mut *entered, ambient);
        }
    });
}

thread_local! {
    /// What is entered innermost on this thread.
    static ENTERED: RefCell<Option<Ambient>> = const { RefCell::new(None) };
    /// The event of the segment of which a part is entered innermost. Asked for by every event that is made
    /// in a context, so it has no destructor.
    static PART_OF: Cell<u64> = const { Cell::new(NO_SPAN) };
}

/// Segments whose context was handed out.
static LISTED: Mutex<BTreeMap<u64, Weak<Shared>>> = Mutex::new(BTreeMap::new());
/// More segments at once are not found on other threads.
const MOST_LISTED: usize = 16_384;
/// No span id of ours: these have the variant bit.
const NO_SPAN: u64 = 1;
