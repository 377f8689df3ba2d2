//! Whether the wrapper does all that a wrapper has to do: the kit says what is missing.

mod support;

use std::sync::Arc;

use gomon::testing::Wrapper;
use gomon::wait::Kind;
use gomon_memcached::MonitoredClient;
use gomon_memcached::keys;
use gomon_memcached::plain::Client;
use support::Script;
use tokio::sync::Mutex;

type Cache = Mutex<MonitoredClient<Script>>;

#[tokio::test]
async fn a_get_passes() {
    let get = |key: &'static str| {
        move |cache: Arc<Cache>| async move {
            let found = cache.lock().await.get(key).await;
            found.map(|value| value.map(|value| String::from_utf8_lossy(&value).into_owned()))
        }
    };
    wrapper()
        .completes(get("name"), r#"Ok(Some("Ada"))"#)
        .fails(get("full"), r#"Err(Server("SERVER_ERROR out of memory"))"#)
        .panics(get("panic"))
        .pends(get("never"))
        .nests(get("name"), "wire")
        .hides(get("password"), "hunter2")
        .cuts(get("long"), keys::VALUE)
        .check()
        .await;
}

#[tokio::test]
async fn a_set_passes() {
    let set = |key: &'static str, value: &'static str| {
        move |cache: Arc<Cache>| async move { cache.lock().await.set(key, value.as_bytes()).await }
    };
    wrapper()
        .completes(set("name", "Grace"), "Ok(())")
        .fails(
            set("full", "x"),
            r#"Err(Server("SERVER_ERROR out of memory"))"#,
        )
        .panics(set("panic", "x"))
        .pends(set("never", "x"))
        .nests(set("name", "Grace"), "wire")
        .hides(set("password", "hunter2"), "hunter2")
        .check()
        .await;
}

/// What all calls have in common.
fn wrapper() -> Wrapper<Cache> {
    let made = || async {
        let client = Client::new(Script::default());
        Mutex::new(MonitoredClient::new(client, "script:11211"))
    };
    Wrapper::new(keys::CALL, made)
        .keys([keys::COMMAND, keys::KEY, keys::CONN])
        .captures(keys::VALUE, |capture| capture.bodies() > 0)
        .captures(keys::SERVER, |capture| capture.remote_address())
        .waits(Kind::Net)
        .always_caused()
        .opens(keys::CONNECTION)
        .config("memcached", r#"{"slow_ms": 0}"#, |event| {
            event.get(keys::SLOW).is_some()
        })
        .probe("memcached")
        .gauge("calls")
        .level("in-flight")
        .row("server")
        .action("reset")
}
