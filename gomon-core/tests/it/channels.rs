//! Channels: what a receiver does for a message is a child of what sent it.

use gomon_core::channel::crossbeam;
use gomon_core::sync::mpsc::error::{SendError, TryRecvError, TrySendError};
use gomon_core::sync::{Mutex, Semaphore, mpsc, oneshot};
use gomon_core::testing::{Recorder, assert_tree};
use gomon_core::{Context, EventTracker, Message};
use std::sync::Arc;

/// Sends from within an event "order".
fn order<R>(send: impl FnOnce() -> R) -> R {
    EventTracker::new("order").enter(send)
}

#[track_caller]
fn assert_packed_for_the_order(recorder: &Recorder) {
    assert_tree!(recorder, "order\n  pack");
}

#[test]
fn what_is_done_for_a_message_is_a_child_of_its_sender() {
    let recorder = Recorder::new();
    let (sender, mut receiver) = mpsc::channel(1);
    recorder.run(|| order(|| sender.try_send("ada"))).unwrap();
    let message = receiver.try_recv().unwrap();
    assert_eq!(*message, "ada");
    message.enter(|_| EventTracker::new("pack").finish());
    assert_packed_for_the_order(&recorder);
}

#[tokio::test]
async fn a_future_for_a_message_runs_in_its_senders_context() {
    let recorder = Recorder::new();
    let (sender, receiver) = oneshot::channel();
    recorder.run(|| order(|| sender.send("ada"))).unwrap();
    let pack = async |_| {
        tokio::task::yield_now().await;
        EventTracker::new("pack").finish();
    };
    receiver.await.unwrap().scope(pack).await;
    assert_packed_for_the_order(&recorder);
}

#[test]
fn messages_of_crossbeam_carry_their_senders_context_to_another_thread() {
    let recorder = Recorder::new();
    let (sender, receiver) = crossbeam::bounded::<&str>(1);
    let packer = std::thread::Builder::new().spawn(move || {
        for message in &receiver {
            message.enter(|_| EventTracker::new("pack").finish());
        }
    });
    recorder.run(|| order(|| sender.send("ada"))).unwrap();
    drop(sender);
    packer.unwrap().join().unwrap();
    assert_packed_for_the_order(&recorder);
}

#[test]
fn a_message_is_its_value_and_can_be_taken_apart() {
    let mut message = Message::new(vec![1]);
    message.push(2);
    assert_eq!(message.len(), 2);
    assert_eq!(message.context(), Context::current());
    let (value, context) = message.clone().into_parts();
    assert_eq!((value, context), (vec![1, 2], Context::current()));
    assert_eq!(message.into_inner(), [1, 2]);
}

#[tokio::test]
async fn room_that_was_reserved_is_sent_into_with_the_context_of_then() {
    let recorder = Recorder::new();
    let (sender, mut receiver) = mpsc::channel(1);
    let permit = sender.reserve().await.unwrap();
    assert!(matches!(sender.try_reserve(), Err(TrySendError::Full(()))));
    recorder.run(|| order(|| permit.send("ada")));
    let message = receiver.recv().await.unwrap();
    message.enter(|_| EventTracker::new("pack").finish());
    assert_packed_for_the_order(&recorder);
}

#[tokio::test]
async fn what_cannot_be_sent_is_handed_back() {
    let (sender, mut receiver) = mpsc::channel(1);
    sender.send(1).await.unwrap();
    assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
    receiver.close();
    assert_eq!(sender.try_send(3), Err(TrySendError::Closed(3)));
    assert_eq!(sender.send(4).await, Err(SendError(4)));
    assert_eq!(receiver.recv().await.map(Message::into_inner), Some(1));
    assert!(matches!(
        receiver.try_recv(),
        Err(TryRecvError::Disconnected)
    ));

    let (sender, receiver) = oneshot::channel();
    drop(receiver);
    assert_eq!(sender.send(5), Err(5));

    let (sender, receiver) = crossbeam::bounded(1);
    sender.send(6).unwrap();
    assert_eq!(sender.try_send(7), Err(crossbeam::TrySendError::Full(7)));
    drop(receiver);
    assert_eq!(sender.send(8), Err(crossbeam::SendError(8)));
}

#[tokio::test]
async fn dropped_receives_lose_no_message() {
    let (sender, mut receiver) = mpsc::channel(8);
    let (mut sent, mut received) = (Vec::new(), Vec::new());
    for next in 0..8 {
        // Whichever is not ready, or comes second, is dropped.
        tokio::select! {
            biased;
            message = receiver.recv() => received.extend(message.map(Message::into_inner)),
            result = sender.send(next) => sent.extend(result.map(|()| next)),
        }
    }
    drop(sender);
    while let Some(message) = receiver.recv().await {
        received.push(message.into_inner());
    }
    assert_eq!((sent.len(), received), (4, sent));
}

#[tokio::test]
async fn a_weak_sender_does_not_keep_the_channel_open() {
    let (sender, mut receiver) = mpsc::channel::<()>(1);
    let weak = sender.downgrade();
    assert!(
        weak.upgrade()
            .is_some_and(|again| again.same_channel(&sender))
    );
    drop(sender);
    assert!(receiver.recv().await.is_none() && weak.upgrade().is_none());
}

#[tokio::test]
async fn a_dropped_lock_leaves_the_queue_to_the_next() {
    let lock = Mutex::new(());
    let held = lock.lock().await;
    let mut first = Box::pin(lock.lock());
    let mut second = Box::pin(lock.lock());
    assert!(futures_util::poll!(&mut first).is_pending());
    assert!(futures_util::poll!(&mut second).is_pending());
    drop(first);
    drop(held);
    assert!(futures_util::poll!(&mut second).is_ready());
}

#[test]
fn owned_permits_can_be_split_merged_and_forgotten() {
    let slots = Arc::new(Semaphore::new(4));
    let mut three = Arc::clone(&slots).try_acquire_many_owned(3).unwrap();
    assert!(three.split(4).is_none());
    let one = three.split(1).unwrap();
    assert_eq!((three.num_permits(), one.num_permits()), (2, 1));
    drop(one);
    assert_eq!(slots.available_permits(), 2);
    let other = Arc::new(Semaphore::new(1));
    let stranger = other.try_acquire_owned().unwrap();
    let stranger = three.merge(stranger).unwrap_err();
    drop(stranger);
    three
        .merge(Arc::clone(&slots).try_acquire_owned().unwrap())
        .unwrap();
    assert_eq!(three.num_permits(), 3);
    three.forget();
    assert_eq!(slots.available_permits(), 1);
}

#[test]
fn channels_can_be_printed_whatever_they_carry() {
    struct Silent;
    fn printed(channel: &impl std::fmt::Debug) -> String {
        format!("{channel:?}")
    }
    let (sender, receiver) = mpsc::channel::<Silent>(1);
    assert_eq!(printed(&sender.downgrade()), "WeakSender { .. }");
    assert_eq!(
        printed(&sender.try_reserve().ok().unwrap()),
        "Permit { .. }"
    );
    assert_eq!(
        printed(&(sender, receiver)),
        "(Sender { .. }, Receiver { .. })"
    );
    let (sender, receiver) = crossbeam::bounded::<Silent>(1);
    assert_eq!(printed(&receiver.iter()), "Iter { .. }");
    assert_eq!(
        printed(&(sender, receiver)),
        "(Sender { .. }, Receiver { .. })"
    );
}
