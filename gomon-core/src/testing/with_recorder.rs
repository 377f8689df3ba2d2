use crate::testing::Recorder;

/// Runs `f` with a recorder of its own and gives back what it returns. Everything that happens in
/// `f`, and in what carries its context on, is recorded there and nowhere else, so tests run in
/// parallel. What `f` drops has ended when it looks; the recorder goes when `f` returns.
///
/// ```
/// use gomon_core::EventTracker;
/// use gomon_core::testing::{assert_tree, with_recorder};
///
/// with_recorder(|recorder| {
///     EventTracker::new("import").enter(|| EventTracker::new("parse").finish());
///     assert_tree!(recorder, "
///         import
///           parse
///     ");
/// });
/// ```
///
/// # Panics
///
/// If `f` does, or the machine has no thread left.
pub fn with_recorder<R>(f: impl FnOnce(&Recorder) -> R) -> R {
    let recorder = Recorder::new();
    recorder.run(|| f(&recorder))
}

/// The same with an async closure, on any executor. Tasks belong to the test if they are started by
/// [`spawn`](crate::spawn) or carry their context otherwise; those of a plain `tokio::spawn` do not.
///
/// ```
/// use gomon_core::EventTracker;
/// use gomon_core::testing::with_recorder_async;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// with_recorder_async(async |recorder| {
///     let resized = gomon_core::spawn(async { EventTracker::new("resize").finish() });
///     resized.await.unwrap();
///     assert_eq!(recorder.find("resize").len(), 1);
/// })
/// .await;
/// # });
/// ```
///
/// # Panics
///
/// If `f` does, or the machine has no thread left.
pub async fn with_recorder_async<R>(f: impl AsyncFnOnce(&Recorder) -> R) -> R {
    let recorder = Recorder::new();
    // Called inside: what a closure does before its first await belongs to the test too.
    recorder.scope(async { f(&recorder).await }).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EventTracker;

    #[test]
    fn the_closure_has_its_own_events_and_gives_its_result_back() {
        let found = with_recorder(|outer| {
            EventTracker::new("outside").finish();
            let inside = with_recorder(|inner| {
                EventTracker::new("inside").finish();
                inner.tree()
            });
            (inside, outer.tree())
        });
        assert_eq!(found, ("inside\n".to_owned(), "outside\n".to_owned()));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_spawned_in_spawned_tasks_belongs_to_the_test() {
        let tree = with_recorder_async(async |recorder| {
            let outer = crate::spawn(async {
                let mut outer = EventTracker::new("outer");
                let inner =
                    outer.enter(|| crate::spawn(async { EventTracker::new("inner").finish() }));
                inner.await.unwrap();
            });
            outer.await.unwrap();
            recorder.tree()
        })
        .await;
        assert_eq!(tree, "outer\n  inner\n");
    }

    #[tokio::test]
    async fn what_comes_before_the_first_await_belongs_to_the_test() {
        let names = ["first", "second"];
        let recorded = names.map(|name| {
            with_recorder_async(async move |recorder: &Recorder| {
                EventTracker::new(name).finish();
                tokio::task::yield_now().await;
                recorder.tree()
            })
        });
        let [first, second] = recorded;
        let (first, second) = tokio::join!(first, second);
        assert_eq!((first.as_str(), second.as_str()), ("first\n", "second\n"));
    }
}
