//! Units that have ended, for the next ones of the thread: a unit allocates nothing once it is
//! warm.

use std::cell::RefCell;
use std::sync::Arc;

use crate::clock::{Source, Stamp};
use crate::wait::unit::Unit;

/// A unit that starts at that moment.
pub(crate) fn take(start: Stamp, clock: Source) -> Arc<Unit> {
    let spare = SPARE.try_with(|spare| spare.try_borrow_mut().ok()?.pop());
    if let Ok(Some(mut unit)) = spare
        && let Some(again) = Arc::get_mut(&mut unit)
    {
        *again = Unit::new(start, clock);
        return unit;
    }
    Arc::new(Unit::new(start, clock))
}

/// Keeps a unit that has ended, unless somebody still has it.
pub(crate) fn give(unit: &mut Arc<Unit>) {
    let Some(ended) = Arc::get_mut(unit) else {
        return;
    };
    ended.let_go();
    let _ = SPARE.try_with(|spare| {
        if let Ok(mut spare) = spare.try_borrow_mut()
            && spare.len() < MOST
        {
            spare.push(Arc::clone(unit));
        }
    });
}

thread_local! {
    static SPARE: RefCell<Vec<Arc<Unit>>> = const { RefCell::new(Vec::new()) };
}

const MOST: usize = 32;
