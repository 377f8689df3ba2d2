//! Meters of units that have ended, for the next ones of the thread: a unit allocates nothing once it is
//! warm, and what its parts know of each other stays as it is.

use std::cell::RefCell;

use crate::clock::{Source, Stamp};
use crate::wait::meter::Meter;

/// The meter of a unit that starts at that moment.
#[inline]
pub(crate) fn take(start: Stamp, clock: Source) -> Box<Meter> {
    let spare = SPARE.try_with(|spare| spare.try_borrow_mut().ok()?.pop());
    if let Ok(Some(mut meter)) = spare
        && meter.restart(start, clock)
    {
        return meter;
    }
    Box::new(Meter::new(start, clock))
}

/// Keeps the meter of a unit that has ended, unless somebody still knows that.
#[inline]
pub(crate) fn give(mut meter: Box<Meter>) {
    if !meter.rest() {
        return;
    }
    let _ = SPARE.try_with(|spare| {
        if let Ok(mut spare) = spare.try_borrow_mut()
            && spare.len() < MOST
        {
            spare.push(meter);
        }
    });
}

/// It stays where it is: what moves is a pointer.
type Place = Box<Meter>;

thread_local! {
    static SPARE: RefCell<Vec<Place>> = const { RefCell::new(Vec::new()) };
}

const MOST: usize = 32;
