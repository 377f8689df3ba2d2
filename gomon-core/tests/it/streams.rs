//! Streams as events, and streams that carry a context.

use std::pin::pin;

use futures_util::stream::{self, Stream};
use gomon_core::testing::Recorder;
use gomon_core::{EventTracker, StreamExt as _};

fn numbers() -> impl Stream<Item = u32> {
    let mut left = 3;
    stream::poll_fn(move |_| {
        EventTracker::new("row").finish();
        left -= 1;
        std::task::Poll::Ready((left > 0).then_some(left))
    })
}

async fn count(stream: impl Stream) -> usize {
    futures_util::StreamExt::count(stream).await
}

#[tokio::test]
async fn a_monitored_stream_is_one_event_from_its_first_poll_to_its_end() {
    let recorder = Recorder::new();
    let counted = recorder.scope(async { count(numbers().monitored("rows")).await });
    assert_eq!(counted.await, 2);
    let rows = recorder.one("rows");
    assert_eq!(rows.outcome(), "completed");
    let children = recorder.find("row");
    assert_eq!(children.len(), 3);
    assert!(children.iter().all(|row| row.is_child_of(&rows)));
}

#[tokio::test]
async fn a_stream_that_is_dropped_before_its_end_is_truncated() {
    let recorder = Recorder::new();
    let first = async {
        let mut rows = pin!(numbers().monitored("rows"));
        futures_util::StreamExt::next(&mut rows).await
    };
    assert_eq!(recorder.scope(first).await, Some(2));
    assert_eq!(recorder.one("rows").outcome(), "truncated");
}

#[tokio::test]
async fn a_stream_that_panics_has_panicked() {
    let recorder = Recorder::new();
    let bad = stream::poll_fn(|_| -> std::task::Poll<Option<()>> { panic!("bad row") });
    let task = recorder.scope(async { gomon_core::spawn(count(bad.monitored("rows"))).await });
    assert!(task.await.unwrap_err().is_panic());
    let rows = recorder.one("rows");
    assert_eq!(rows.outcome(), "panicked");
    assert_eq!(rows["error"][0]["msg"], "bad row");
}

#[test]
fn a_stream_that_is_never_polled_is_no_event() {
    let recorder = Recorder::new();
    recorder.run(|| drop(numbers().monitored("rows")));
    assert!(recorder.events().is_empty());
}

#[tokio::test]
async fn a_stream_belongs_to_where_it_was_made_and_keeps_its_size_hint() {
    let recorder = Recorder::new();
    let mut cause = recorder.run(|| EventTracker::new("cause"));
    let (rows, carried) = cause.enter(|| {
        let rows = numbers().monitored("rows");
        (rows, stream::iter([1, 2]).in_current())
    });
    assert_eq!(carried.size_hint(), (2, Some(2)));
    assert_eq!(count(carried).await, 2);
    count(rows).await;
    drop(cause);
    assert!(recorder.one("rows").is_child_of(&recorder.one("cause")));
}

#[tokio::test]
async fn a_stream_in_a_context_makes_children_of_it() {
    let recorder = Recorder::new();
    let mut cause = recorder.run(|| EventTracker::new("cause"));
    let rows = cause.enter(|| numbers().in_current());
    count(rows).await;
    drop(cause);
    let cause = recorder.one("cause");
    assert!(
        recorder
            .find("row")
            .iter()
            .all(|row| row.is_child_of(&cause))
    );
}
