//! What carries the context from where work is started to where it runs.

use std::future::poll_fn;

use gomon_core::testing::Recorder;
use gomon_core::{EventTracker, FutureExt, JoinSet, current, spawn, spawn_local, thread};
use tokio::runtime::Handle;
use tokio::task::LocalSet;

/// Runs `f` inside an event named "cause" and counts its children of that name.
fn children_of_cause(name: &str, f: impl FnOnce()) -> usize {
    let recorder = Recorder::new();
    recorder.run(|| EventTracker::new("cause").enter(f));
    let cause = recorder.one("cause");
    let found = recorder.find(name);
    found.iter().filter(|it| it.is_child_of(&cause)).count()
}

fn note() {
    EventTracker::new("work").finish();
}

#[test]
fn threads_carry_the_parent() {
    let count = children_of_cause("work", || {
        thread::spawn(note).join().unwrap();
        let named = thread::Builder::new()
            .name("worker".into())
            .stack_size(256 * 1024)
            .spawn(|| {
                assert_eq!(std::thread::current().name(), Some("worker"));
                note();
            });
        named.unwrap().join().unwrap();
    });
    assert_eq!(count, 2);
}

#[test]
fn threads_of_a_scope_carry_the_parent_and_may_borrow() {
    let rows = [1, 2, 3];
    let count = children_of_cause("work", || {
        let sum: i32 = thread::scope(|s| {
            let nested = s.spawn(move || {
                note();
                s.spawn(note);
            });
            let named = thread::Builder::new()
                .spawn_scoped(s, || {
                    note();
                    rows.iter().sum()
                })
                .unwrap();
            nested.join().unwrap();
            named.join().unwrap()
        });
        assert_eq!(sum, 6);
    });
    assert_eq!(count, 3);
}

#[test]
fn a_closure_carries_the_parent_wherever_it_is_called() {
    let count = children_of_cause("work", || {
        let work = current().carry(note);
        std::thread::scope(|s| s.spawn(work).join().unwrap());
    });
    assert_eq!(count, 1);
}

#[tokio::test]
async fn a_set_of_tasks_carries_the_parent_of_each() {
    let recorder = Recorder::new();
    let all = async {
        let mut set = JoinSet::new();
        let mut first = EventTracker::new("first");
        first.enter(|| set.spawn(async { note() }));
        let mut second = EventTracker::new("second");
        second.enter(|| set.spawn_blocking(note));
        assert_eq!(set.len(), 2);
        while let Some(ended) = set.join_next().await {
            ended.unwrap();
        }
        assert!(set.is_empty());
    };
    recorder.scope(all).await;
    let parents = [recorder.one("first"), recorder.one("second")];
    let work = recorder.find("work");
    for parent in parents {
        let children = work.iter().filter(|it| it.is_child_of(&parent));
        assert_eq!(children.count(), 1);
    }
}

#[tokio::test]
async fn tasks_of_a_set_carry_their_parent_wherever_they_run() {
    let recorder = Recorder::new();
    let all = async {
        let (runtime, local) = (Handle::current(), LocalSet::new());
        let mut set = JoinSet::new();
        let mut ids = vec![
            set.spawn_on(async { note() }, &runtime).id(),
            set.spawn_blocking_on(note, &runtime).id(),
            set.spawn_local_on(async { note() }, &local).id(),
        ];
        let ended = async {
            while let Some(ended) = poll_fn(|cx| set.poll_join_next_with_id(cx)).await {
                let (id, ()) = ended.unwrap();
                ids.retain(|other| *other != id);
            }
        };
        local.run_until(ended).await;
        assert!(ids.is_empty() && set.try_join_next_with_id().is_none());
    };
    recorder.scope(all.monitored("cause")).await;
    let cause = recorder.one("cause");
    let work = recorder.find("work");
    assert_eq!(work.iter().filter(|it| it.is_child_of(&cause)).count(), 3);
}

#[tokio::test]
async fn a_set_can_be_made_of_futures_and_joined_whole() {
    let recorder = Recorder::new();
    let all = async {
        let set: JoinSet<_> = (0..3)
            .map(|n| async move {
                note();
                n
            })
            .collect();
        let mut numbers = set.join_all().await;
        numbers.sort_unstable();
        assert_eq!(numbers, [0, 1, 2]);
    };
    recorder.scope(all.monitored("cause")).await;
    let cause = recorder.one("cause");
    assert!(
        recorder
            .find("work")
            .iter()
            .all(|it| it.is_child_of(&cause))
    );
}

#[tokio::test]
async fn a_task_of_one_thread_carries_the_parent() {
    let recorder = Recorder::new();
    let local = tokio::task::LocalSet::new();
    let work = async {
        let not_send = std::rc::Rc::new(7);
        let task = spawn_local(async move {
            note();
            *not_send
        });
        assert_eq!(task.await.unwrap(), 7);
    };
    local
        .run_until(recorder.scope(work.monitored("cause")))
        .await;
    assert!(recorder.one("work").is_child_of(&recorder.one("cause")));
}

#[tokio::test]
async fn an_aborted_task_ends_its_events_as_cancelled() {
    let recorder = Recorder::new();
    let all = async {
        let (open, opened) = tokio::sync::oneshot::channel();
        let endless = async {
            open.send(()).unwrap();
            std::future::pending::<()>().await;
        };
        let task = spawn(endless.monitored("endless"));
        opened.await.unwrap();
        assert!(!task.is_finished());
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    };
    recorder.scope(all).await;
    assert_eq!(recorder.one("endless").outcome(), "cancelled");
}

#[tokio::test]
async fn awaiting_a_handle_may_be_given_up_without_losing_the_output() {
    let (go, gone) = tokio::sync::oneshot::channel();
    let mut task = spawn(async { gone.await.unwrap() });
    tokio::select! {
        biased;
        _ = &mut task => panic!("nobody has let it go"),
        () = std::future::ready(()) => {}
    }
    go.send(7).unwrap();
    assert_eq!(task.await.unwrap(), 7);
}
