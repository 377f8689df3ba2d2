//! Which requests are slow, and of which the CPU time is measured.

use std::time::Duration;

use gomon_core::testing::{Recorded, with_recorder_async};
use gomon_http::{MonitoringLayer, Slow};
use tower::{Layer, ServiceExt};

use crate::support::{BoxError, SERVER, full_layer, get, text};

/// One request for each of these times.
async fn requests(layer: MonitoringLayer, millis: impl IntoIterator<Item = u64>) -> Vec<Recorded> {
    with_recorder_async(async |recorder| {
        let clock = recorder.manual_clock();
        for millis in millis {
            let service = layer.layer(tower::service_fn(async |_| {
                clock.advance(Duration::from_millis(millis));
                Ok::<_, BoxError>(text("ok"))
            }));
            drop(service.oneshot(get("/")).await.expect("answered"));
        }
        recorder.find(SERVER)
    })
    .await
}

fn slow_ones(events: &[Recorded]) -> Vec<usize> {
    let slow = events
        .iter()
        .enumerate()
        .filter(|(_, event)| event["slow"] == true);
    slow.map(|(at, _)| at).collect()
}

#[tokio::test]
async fn a_request_is_slow_for_its_route_once_that_is_known() {
    let times = (0..300).map(|number| match number {
        10 | 280 => 1_000,
        _ => 10,
    });
    let events = requests(full_layer(), times).await;
    assert_eq!(slow_ones(&events), [280]);
}

#[tokio::test]
async fn a_threshold_holds_from_the_first_request() {
    let slow = Slow::never().after(Duration::from_millis(50));
    let events = requests(full_layer().slow(slow), [49, 50, 51]).await;
    assert_eq!(slow_ones(&events), [2]);
}

#[tokio::test]
async fn the_cpu_time_of_one_in_so_many_is_measured() {
    let events = requests(full_layer().cpu_of_one_in(3), [1; 7]).await;
    let measured: Vec<_> = events
        .iter()
        .map(|event| event.get("cpu").is_some())
        .collect();
    assert_eq!(measured, [true, false, false, true, false, false, true]);
    let events = requests(full_layer().cpu_of_one_in(0), [1]).await;
    assert!(events[0].get("cpu").is_none());
    assert_eq!(
        requests(full_layer(), [1; 2])
            .await
            .iter()
            .filter(|event| event.get("cpu").is_some())
            .count(),
        1
    );
}
