//! Phases: against a server and a network that take their time, each takes at least that, and at most a
//! fifth more.

use std::time::Duration;

use gomon_core::testing::{Recorded, Recorder};

use crate::server::{Delays, Server};
use crate::support::{get, hyper, send, the_call};

/// In the order in which they happen.
const MARKS: [&str; 12] = [
    "get-conn",
    "dns-start",
    "dns-done",
    "conn-start",
    "conn-done",
    "tls-hand-start",
    "tls-hand-done",
    "got-conn",
    "wrote-request",
    "first-byte",
    "body-done",
    "gomon:lapsed",
];

/// From one mark to the other, at least so long.
type Phase = (&'static str, &'static str, Duration);

fn at(call: &Recorded, mark: &str) -> u64 {
    call[mark]
        .as_u64()
        .unwrap_or_else(|| panic!("{mark} in {call}"))
}

/// Panics if they are not in order or one is too short; says which of them is too long.
fn too_long(call: &Recorded, phases: &[Phase]) -> Option<String> {
    let marks: Vec<_> = MARKS
        .iter()
        .map(|mark| at(call, mark))
        .filter(|at| *at > 0)
        .collect();
    assert!(marks.is_sorted(), "{call}");
    let mut long = None;
    for (from, to, planted) in phases {
        let took = Duration::from_nanos(at(call, to) - at(call, from));
        assert!(
            took >= *planted,
            "{from} to {to} took {took:?}, not {planted:?}: {call}"
        );
        if took > planted.mul_f64(1.2) {
            long = Some(format!("{from} to {to} took {took:?}, not {planted:?}"));
        }
    }
    long
}

/// Tries again what something else on this machine has held up.
pub(crate) async fn undisturbed(phases: &[Phase], mut call: impl AsyncFnMut() -> Recorded) {
    let mut last = None;
    for _ in 0..10 {
        last = too_long(&call().await, phases);
        if last.is_none() {
            return;
        }
    }
    panic!("{last:?}, each time");
}

const STEP: Duration = Duration::from_millis(150);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_phase_takes_as_long_as_what_it_waits_for() {
    let phases = [
        ("dns-start", "dns-done", STEP),
        ("conn-start", "conn-done", STEP),
        ("tls-hand-start", "tls-hand-done", STEP),
        ("wrote-request", "first-byte", STEP),
        ("first-byte", "body-done", STEP),
    ];
    let delays = Delays {
        handshake: STEP,
        first_byte: STEP,
        body: STEP,
        ..Delays::default()
    };
    for protocol in ["http/1.1", "h2"] {
        let server = Server::tls(delays, &[protocol]).await;
        let url = format!("https://localhost:{}/", server.address.port());
        undisturbed(&phases, async || {
            let recorder = Recorder::new();
            let client = hyper(STEP, STEP, &server.trust);
            recorder.scope(send(&client, get(&url))).await;
            let call = the_call(&recorder);
            assert_eq!(call["reused"], false);
            call
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_slow_to_accept_delays_the_handshake() {
    let delays = Delays {
        accept: STEP,
        handshake: STEP,
        ..Delays::default()
    };
    undisturbed(
        &[("tls-hand-start", "tls-hand-done", 2 * STEP)],
        async || {
            let server = Server::tls(delays, &[]).await;
            let url = format!("https://localhost:{}/", server.address.port());
            let recorder = Recorder::new();
            let client = hyper(Duration::ZERO, Duration::ZERO, &server.trust);
            recorder.scope(send(&client, get(&url))).await;
            the_call(&recorder)
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_tls_a_server_that_is_slow_to_accept_delays_the_first_byte() {
    let delays = Delays {
        accept: STEP,
        first_byte: STEP,
        ..Delays::default()
    };
    undisturbed(&[("wrote-request", "first-byte", 2 * STEP)], async || {
        let server = Server::plain(delays).await;
        let url = format!("http://{}/", server.address);
        let recorder = Recorder::new();
        let client = hyper(Duration::ZERO, Duration::ZERO, &server.trust);
        recorder.scope(send(&client, get(&url))).await;
        let call = the_call(&recorder);
        let absent = ["dns-start", "dns-done", "tls-hand-start", "tls-hand-done"];
        assert!(absent.iter().all(|mark| call[*mark] == 0), "{call}");
        call
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_used_again_takes_no_time() {
    let server = Server::tls(Delays::default(), &["http/1.1"]).await;
    let url = format!("https://localhost:{}/", server.address.port());
    let client = hyper(STEP, STEP, &server.trust);
    let recorder = Recorder::new();
    recorder.scope(send(&client, get(&url))).await;
    let fresh = the_call(&recorder);

    let recorder = Recorder::new();
    recorder.scope(send(&client, get(&url))).await;
    let reused = the_call(&recorder);
    assert_eq!(
        (&fresh["reused"], &reused["reused"]),
        (&false.into(), &true.into())
    );
    for mark in [
        "dns-start",
        "dns-done",
        "conn-start",
        "conn-done",
        "tls-hand-start",
    ] {
        assert_eq!(reused[mark], 0, "{reused}");
    }
    assert!(at(&reused, "got-conn") > 0 && at(&reused, "got-conn") < at(&fresh, "got-conn") / 2);
    assert_eq!(too_long(&reused, &[]), None);
    assert_eq!(recorder.tree(), "http-roundtripper\n");
}
