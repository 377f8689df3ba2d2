use std::future::Future;
use std::pin::Pin;
use std::task::{self, Poll};

use pin_project_lite::pin_project;

use crate::context::Context;
use crate::segment::ambient::Ambient;

pin_project! {
    /// A future that runs inside a segment or a part of one; returned by
    /// [`Segment::scope`](crate::Segment::scope) and [`SegmentChild::scope`](crate::SegmentChild::scope).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct SegmentScope<F> {
        inside: Inside,
        // `None` once it was dropped.
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for SegmentScope<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            this.inside.enter(|| this.future.set(None));
        }
    }
}

/// What code is inside of.
#[derive(Debug)]
pub(super) enum Inside {
    /// `None` while it is entered.
    Recorded(Option<Ambient>),
    /// Nothing is counted, but what is current is still the segment's to say.
    Not(Context),
}

impl Inside {
    pub(super) fn enter<R>(&mut self, f: impl FnOnce() -> R) -> R {
        match self {
            Self::Recorded(ambient) => Ambient::enter_lent(ambient, f),
            Self::Not(context) => context.enter(f),
        }
    }

    pub(super) fn scope<F: Future>(self, future: F) -> SegmentScope<F> {
        SegmentScope {
            inside: self,
            future: Some(future),
        }
    }
}

impl<F: Future> Future for SegmentScope<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let future = this.future.as_pin_mut();
        this.inside
            .enter(|| future.map_or(Poll::Pending, |future| future.poll(cx)))
    }
}
