//! Units whose parts are on several threads at once.

use std::sync::Arc;

use futures_util::future::join_all;
use gomon_core::sync::{Mutex, Semaphore, mpsc};
use gomon_core::testing::Recorder;
use gomon_core::{FutureExt, in_flight, spawn};

use super::assert_adds_up;

const UNITS: usize = 50;
const TURNS: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_time_of_every_unit_adds_up_whoever_wakes_it_and_looks_at_it() {
    let recorder = Recorder::new();
    let lock = Arc::new(Mutex::new(0));
    let slots = Arc::new(Semaphore::new(3));
    let (sender, mut receiver) = mpsc::channel(1);
    let unit = |sender: mpsc::Sender<()>| {
        let (lock, slots) = (Arc::clone(&lock), Arc::clone(&slots));
        let turn = async move || {
            let _slot = slots.acquire().await.unwrap();
            *lock.lock().await += 1;
            sender.send(()).await.unwrap();
        };
        let work = async move {
            for _ in 0..TURNS {
                let inner = turn.clone();
                let task = spawn(async move { inner().await });
                tokio::join!(turn().monitored("inner"), async { task.await.unwrap() });
            }
        };
        spawn(work.monitored("unit"))
    };
    let look = async {
        let mut received = 0;
        while receiver.recv().await.is_some() {
            received += 1;
            drop(in_flight());
        }
        received
    };
    let received = recorder
        .scope(async {
            let senders = vec![sender; UNITS];
            let units = senders.into_iter().map(unit).collect::<Vec<_>>();
            tokio::join!(join_all(units), look).1
        })
        .await;
    assert_eq!(received, UNITS * TURNS * 2);
    assert_eq!(*lock.lock().await, UNITS * TURNS * 2);
    let units = recorder.find("unit");
    assert_eq!(units.len(), UNITS);
    units
        .iter()
        .chain(&recorder.find("inner"))
        .for_each(assert_adds_up);
}
