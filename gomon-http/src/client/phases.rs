//! When what happened to one request: the phases of its event.

#[cfg(feature = "reqwest")]
mod inside;

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
#[cfg(feature = "tonic")]
use std::time::Duration;

use gomon_core::{EventTracker, Stopwatch};

use crate::keys;

/// What happens to a request before it is answered, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// It asks for a connection.
    GetConn,
    DnsStart,
    DnsDone,
    ConnStart,
    ConnDone,
    TlsStart,
    TlsDone,
    /// It has a connection.
    GotConn,
    /// The connection has taken all of it.
    WroteRequest,
}

/// What is known of a request's connection, and since when.
///
/// Shared by the exchange, which reports, by connections under way, which may go on elsewhere, and
/// by the request's body. Each figure stands alone, so they are written in any order.
#[derive(Debug)]
pub(crate) struct Phases {
    /// Names it where a connection says who asked for it.
    id: u64,
    watch: Stopwatch,
    /// Nanoseconds after the start; 0 for what has not happened.
    marks: [AtomicU64; MARKS.len()],
    /// It has its connection: what another goes through is none of its phases.
    settled: AtomicBool,
    dialled: AtomicBool,
    /// A connection that it began is there.
    dial_done: AtomicBool,
    /// It was given one before, which was dead.
    dialled_again: AtomicBool,
    reuse: AtomicU8,
    #[cfg(feature = "reqwest")]
    inside: inside::Inside,
}

impl Phases {
    pub(crate) fn new(watch: Stopwatch) -> Self {
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            watch,
            marks: Default::default(),
            settled: AtomicBool::new(false),
            dialled: AtomicBool::new(false),
            dial_done: AtomicBool::new(false),
            dialled_again: AtomicBool::new(false),
            reuse: AtomicU8::new(Reuse::Unknown as u8),
            #[cfg(feature = "reqwest")]
            inside: inside::Inside::default(),
        }
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// That happens now.
    pub(crate) fn mark(&self, mark: Mark) {
        let of_connection = !matches!(mark, Mark::GetConn | Mark::GotConn | Mark::WroteRequest);
        if !(of_connection && self.is_settled()) {
            self.put(mark, self.now());
        }
    }

    /// It is called or polled: from the first time on it asks for a connection.
    pub(crate) fn ask(&self) {
        if self.at(Mark::GetConn) == 0 {
            self.mark(Mark::GetConn);
        }
    }

    /// A connection is begun for it. A second one, because the first was dead, takes the place of
    /// the first.
    pub(crate) fn begin_dial(&self) {
        if self.settled.swap(false, Ordering::Relaxed) {
            self.dialled_again.store(true, Ordering::Relaxed);
        }
        self.dial_done.store(false, Ordering::Relaxed);
        self.dialled.store(true, Ordering::Relaxed);
        for mark in [
            Mark::DnsStart,
            Mark::DnsDone,
            Mark::ConnDone,
            Mark::TlsStart,
            Mark::TlsDone,
            Mark::GotConn,
            Mark::WroteRequest,
        ] {
            self.put(mark, 0);
        }
        self.mark(Mark::ConnStart);
    }

    /// A name is known; connecting begins with it.
    pub(crate) fn resolved(&self) {
        if !self.is_settled() {
            let now = self.now();
            self.put(Mark::DnsDone, now);
            self.put(Mark::ConnStart, now);
        }
    }

    /// A connection that was begun for it is there.
    pub(crate) fn end_dial(&self) {
        self.dial_done.store(true, Ordering::Relaxed);
    }

    /// Whether a connection was begun for it.
    pub(crate) fn has_dialled(&self) -> bool {
        self.dialled.load(Ordering::Relaxed)
    }

    /// Whether one that was begun for it is there.
    #[cfg(feature = "reqwest")]
    pub(crate) fn has_dial(&self) -> bool {
        self.dial_done.load(Ordering::Relaxed)
    }

    /// Whether it was given a connection before the one that it makes now.
    pub(crate) fn has_dialled_again(&self) -> bool {
        self.dialled_again.load(Ordering::Relaxed)
    }

    /// It has a connection.
    pub(crate) fn settle(&self, reuse: Reuse) {
        if self.at(Mark::GotConn) == 0 {
            self.mark(Mark::GotConn);
        }
        self.settled.store(true, Ordering::Relaxed);
        self.note(reuse);
    }

    /// It has the connection that was made for it, since that was there: the poll in which it is
    /// noticed may last longer.
    #[cfg(feature = "reqwest")]
    pub(crate) fn settle_made(&self) {
        self.put(Mark::GotConn, self.made_at());
        self.settle(Reuse::New);
    }

    /// When the connection was there, with its handshake.
    fn made_at(&self) -> u64 {
        self.at(Mark::ConnDone).max(self.at(Mark::TlsDone))
    }

    pub(crate) fn note(&self, reuse: Reuse) {
        self.reuse.store(reuse as u8, Ordering::Relaxed);
    }

    pub(crate) fn is_settled(&self) -> bool {
        self.settled.load(Ordering::Relaxed)
    }

    /// Writes all of it. What cannot be seen of the connection is left out.
    pub(crate) fn write(&self, tracker: &mut EventTracker) {
        self.straighten();
        for (mark, key) in MARKS {
            tracker.set(key, self.at(mark));
        }
        let reuse = self.reuse.load(Ordering::Relaxed);
        if reuse == Reuse::Used as u8 {
            tracker.set(keys::REUSED, true);
        } else if reuse == Reuse::New as u8 || self.has_dialled() {
            tracker.set(keys::REUSED, false);
        }
    }

    /// A request without a body is with the connection as soon as it has one.
    pub(crate) fn wrote_head_only(&self) {
        self.put(Mark::WroteRequest, self.at(Mark::GotConn));
    }

    /// The connection may have taken the body, on another thread, before the poll ended in which it
    /// was noticed; a body that was taken before there was a connection was not written then.
    fn straighten(&self) {
        // A channel asks for its connection as soon as it hears of a request.
        let first = [Mark::DnsStart, Mark::ConnStart].map(|mark| self.at(mark));
        let first = first.into_iter().filter(|at| *at > 0).min();
        if let Some(first) = first.filter(|first| *first < self.at(Mark::GetConn)) {
            self.put(Mark::GetConn, first);
        }
        let (got, wrote) = (self.at(Mark::GotConn), self.at(Mark::WroteRequest));
        if wrote == 0 || got <= wrote {
            return;
        }
        if wrote >= self.made_at() {
            self.put(Mark::GotConn, wrote);
        } else {
            self.put(Mark::WroteRequest, got);
        }
    }

    /// Takes over what a connection went through that was begun at another moment, if it was not there
    /// when this request began; both moments by one clock. What was over before is 0.
    #[cfg(feature = "tonic")]
    pub(crate) fn adopt(&self, made: &Self, made_began: Duration, began: Duration) -> bool {
        let shift = |at: u64| (made_began + Duration::from_nanos(at)).checked_sub(began);
        let waited = !made.is_settled() || shift(made.made_at()).is_some();
        if !waited {
            return false;
        }
        for (mark, _) in MARKS {
            let at = made.at(mark);
            let of_connection = !matches!(mark, Mark::GetConn | Mark::GotConn | Mark::WroteRequest);
            if of_connection && at > 0 {
                let at = shift(at).map_or(0, |at| u64::try_from(at.as_nanos()).unwrap_or(u64::MAX));
                self.put(mark, at);
            }
        }
        if made.is_settled() {
            self.put(Mark::GotConn, self.made_at());
        }
        made.is_settled()
    }

    fn now(&self) -> u64 {
        let nanos = self.watch.elapsed().as_nanos();
        // 0 says that it has not happened.
        u64::try_from(nanos).unwrap_or(u64::MAX).max(1)
    }

    fn at(&self, mark: Mark) -> u64 {
        let place = self.marks.get(mark as usize);
        place.map_or(0, |place| place.load(Ordering::Relaxed))
    }

    fn put(&self, mark: Mark, at: u64) {
        if let Some(place) = self.marks.get(mark as usize) {
            place.store(at, Ordering::Relaxed);
        }
    }

    /// Those of the request whose future is being polled on this thread.
    pub(crate) fn current() -> Option<Arc<Self>> {
        CURRENT.with(|current| {
            let phases = current.take();
            current.set(phases.clone());
            phases
        })
    }

    /// Runs `f` with these as the current ones; those before are back on return and unwind.
    pub(crate) fn enter<R>(phases: Option<&Arc<Self>>, f: impl FnOnce() -> R) -> R {
        struct Restore(Option<Arc<Phases>>);
        impl Drop for Restore {
            fn drop(&mut self) {
                CURRENT.with(|current| current.set(self.0.take()));
            }
        }
        let before = CURRENT.with(|current| current.replace(phases.cloned()));
        let _restore = Restore(before);
        f()
    }
}

/// Whether a connection was there before it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Reuse {
    Unknown,
    New,
    Used,
}

thread_local! {
    static CURRENT: Cell<Option<Arc<Phases>>> = const { Cell::new(None) };
}

static NEXT: AtomicU64 = AtomicU64::new(1);

const MARKS: [(Mark, &str); 9] = [
    (Mark::GetConn, keys::GET_CONN),
    (Mark::DnsStart, keys::DNS_START),
    (Mark::DnsDone, keys::DNS_DONE),
    (Mark::ConnStart, keys::CONN_START),
    (Mark::ConnDone, keys::CONN_DONE),
    (Mark::TlsStart, keys::TLS_START),
    (Mark::TlsDone, keys::TLS_DONE),
    (Mark::GotConn, keys::GOT_CONN),
    (Mark::WroteRequest, keys::WROTE_REQUEST),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn phases() -> Phases {
        Phases::new(EventTracker::empty().stopwatch())
    }

    #[test]
    fn marks_have_the_place_of_their_key() {
        for (place, (mark, _)) in MARKS.iter().enumerate() {
            assert_eq!(*mark as usize, place);
        }
    }

    #[test]
    fn what_happens_to_a_connection_after_another_was_had_is_not_noted() {
        let phases = phases();
        phases.begin_dial();
        phases.settle(Reuse::Used);
        phases.mark(Mark::ConnDone);
        phases.resolved();
        assert_eq!(
            (phases.at(Mark::ConnDone), phases.at(Mark::DnsDone)),
            (0, 0)
        );
        assert!(phases.at(Mark::ConnStart) > 0 && phases.at(Mark::GotConn) > 0);
    }

    #[test]
    fn a_second_connection_takes_the_place_of_the_first() {
        let phases = phases();
        phases.begin_dial();
        phases.mark(Mark::ConnDone);
        phases.settle(Reuse::New);
        phases.begin_dial();
        assert_eq!(
            (phases.at(Mark::ConnDone), phases.at(Mark::GotConn)),
            (0, 0)
        );
        assert!(!phases.is_settled());
    }

    #[test]
    fn the_current_ones_are_back_after_others_were_current() {
        let (outer, inner) = (Arc::new(phases()), Arc::new(phases()));
        let id = || Phases::current().map(|phases| phases.id());
        Phases::enter(Some(&outer), || {
            Phases::enter(Some(&inner), || assert_eq!(id(), Some(inner.id())));
            assert_eq!(id(), Some(outer.id()));
        });
        assert_eq!(id(), None);
    }
}
