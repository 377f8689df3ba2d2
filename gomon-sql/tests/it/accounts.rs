//! Whether all that began has ended, and is accounted for.

use std::collections::HashSet;
use std::time::Duration;

use gomon_core::EventTracker;
use gomon_core::testing::{Recorded, Recorder};
use gomon_sql::{MonitoredDb, MonitoredPool};
use sqlx::Pool;

/// Runs it in a request, the event round everything.
pub(crate) async fn in_request<T>(work: impl Future<Output = T>) -> (Recorder, T) {
    let recorder = Recorder::new();
    let mut request = EventTracker::in_context("request", recorder.context());
    let result = request.scope(work).await;
    request.finish();
    (recorder, result)
}

/// Each event ended once, with an outcome that fits one of `outcomes`, and what it is a child of ended too; `request` is
/// the event round everything.
pub(crate) fn add_up(recorder: &Recorder, outcomes: &[&str]) {
    let records = recorder.records();
    let (opened, ended): (Vec<_>, Vec<_>) = records.iter().partition(|record| record.is_open());
    let ids: HashSet<_> = ended.iter().map(|event| event.id()).collect();
    assert_eq!(ids.len(), ended.len(), "one ended twice: {ended:?}");
    for opening in opened {
        assert!(ids.contains(opening.id()), "still open: {opening}");
    }
    let request = recorder.one("request");
    let application = request.parent();
    for event in &ended {
        let parent = event.parent();
        assert!(
            parent == application || ids.contains(parent),
            "{event} is a child of one that did not end:\n{}",
            recorder.tree()
        );
        let outcome = event.outcome();
        assert!(outcomes.contains(&outcome), "{event}");
        let told = event.get("error").is_some();
        assert_eq!(told, ["failed", "timed-out"].contains(&outcome), "{event}");
    }
    let open = recorder.run(gomon_core::in_flight);
    assert!(open.is_empty(), "{open:?}");
}

/// The ledger adds up: at once, or, where other tests run in this process, at some quiet moment.
pub(crate) async fn ledger_is_exact() {
    let exact = async {
        loop {
            let listeners = gomon_core::stats().listeners;
            if listeners.iter().all(|listener| listener.balance() == 0) {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    let exact = tokio::time::timeout(PATIENCE, exact).await;
    assert!(exact.is_ok(), "{:?}", gomon_core::stats());
}

/// Every connection of the pool comes back.
pub(crate) async fn all_is_given_back<DB: sqlx::Database>(pool: &Pool<DB>) {
    let given_back = async {
        while pool.num_idle() != pool.size() as usize {
            tokio::task::yield_now().await;
        }
    };
    let given_back = tokio::time::timeout(PATIENCE, given_back).await;
    assert!(given_back.is_ok(), "a connection was lost: {pool:?}");
}

/// Takes all there is of a pool whose patience is short: those who hold it are these leases and nobody else, and nobody
/// else waits.
pub(crate) async fn nobody_else_holds_one<DB: MonitoredDb>(pool: &MonitoredPool<DB>) {
    let recorder = Recorder::new();
    let refused = recorder.scope(async {
        let mut leases = Vec::new();
        for _ in 0..pool.options().get_max_connections() {
            leases.push((pool.acquire().await.unwrap(), line!()));
        }
        assert!(pool.acquire().await.is_err());
        leases
            .iter()
            .map(|(_, line)| format!("{}:{line}", file!()))
            .collect::<Vec<_>>()
    });
    let leases = refused.await;

    let waits = recorder.find("sql-wpool-acquire");
    let refused: Vec<_> = waits
        .iter()
        .filter(|wait| wait.outcome() == "timed-out")
        .collect();
    let [refused] = refused[..] else {
        panic!("{}", recorder.tree())
    };
    assert_eq!(holders(refused), leases);
    assert_eq!(refused["waiting"], 1);
}

fn holders(refused: &Recorded) -> Vec<&str> {
    let holders = refused["holders"].as_array().unwrap().iter();
    holders
        .map(|holder| holder["caller"].as_str().unwrap_or("unknown"))
        .collect()
}

const PATIENCE: Duration = Duration::from_secs(20);
