//! What wrappers keep of a unit of work until it ends.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::tracker::EventTracker;
use crate::wait::frame;

/// What a wrapper keeps of each unit of work, to say something of all of it when it ends: which statements ran more than
/// once, how many calls went to one host.
///
/// ```
/// use gomon_core::{EventTracker, wait};
///
/// #[derive(Default)]
/// struct Lookups(u64);
///
/// impl wait::Kept for Lookups {
///     fn unit_ended(&mut self, unit: &mut EventTracker) {
///         unit.set("lookups", self.0);
///     }
/// }
///
/// fn look_up() {
///     // Outside of a unit of work there is nothing to keep it for.
///     let _ = wait::keep(|lookups: &mut Lookups| lookups.0 += 1);
/// }
/// # look_up();
/// ```
pub trait Kept: Default + Send + 'static {
    /// The unit ends: `unit` is its event, which is still open. Called on the thread that ends it.
    ///
    /// A panic in it is caught: what it would have said is not said.
    fn unit_ended(&mut self, unit: &mut EventTracker);
}

/// Runs `f` on what is kept by this type of the unit of work that is being polled on this thread, which is its default at first.
/// `None`, and `f` is not run, where no unit is polled or it has no event of its own, as a spawned task.
///
/// `f` runs under a lock of the unit: it must be short, and call nobody else's code.
pub fn keep<T: Kept, R>(f: impl FnOnce(&mut T) -> R) -> Option<R> {
    let unit = frame::with(|frame| Arc::clone(&frame.unit))?;
    unit.keep(f)
}

/// A number that units of one kind share: those of one fingerprint and one route. `None` where no unit is polled, or it is not
/// [registered](EventTracker::register).
///
/// For what is to be found out once for each kind of caller.
#[must_use]
pub fn kind_of_unit() -> Option<u64> {
    let unit = frame::with(|frame| Arc::clone(&frame.unit))?;
    let work = unit.work().lock();
    let (fp, route) = work.kind()?;
    let texts = fp.bytes().chain(route.unwrap_or_default().bytes());
    // FNV-1a.
    Some(texts.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    }))
}

/// All that is kept of one unit: one thing of each type.
#[derive(Default)]
pub(crate) struct AllKept(Vec<Box<dyn Erased>>);

impl AllKept {
    pub(crate) fn with<T: Kept, R>(&mut self, f: impl FnOnce(&mut T) -> R) -> Option<R> {
        let is_kept = |kept: &mut Box<dyn Erased>| kept.as_mut().as_any().is::<T>();
        let place = self.0.iter_mut().position(is_kept);
        let place = place.unwrap_or_else(|| {
            self.0.push(Box::new(T::default()));
            self.0.len() - 1
        });
        let kept = self.0.get_mut(place)?.as_mut().as_any();
        kept.downcast_mut::<T>().map(f)
    }

    pub(crate) fn unit_ended(self, unit: &mut EventTracker) {
        for mut kept in self.0 {
            let _caught = catch_unwind(AssertUnwindSafe(|| kept.unit_ended(unit)));
        }
    }
}

impl fmt::Debug for AllKept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} kept", self.0.len())
    }
}

trait Erased: Send {
    fn as_any(&mut self) -> &mut dyn Any;
    fn unit_ended(&mut self, unit: &mut EventTracker);
}

impl<T: Kept> Erased for T {
    fn as_any(&mut self) -> &mut dyn Any {
        self
    }

    fn unit_ended(&mut self, unit: &mut EventTracker) {
        Kept::unit_ended(self, unit);
    }
}
