//! What the kit cannot know: what this wrapper's own events say.

mod support;

use gomon::testing::{assert_tree, with_recorder_async};
use gomon::{Capture, EventTracker};
use gomon_memcached::MonitoredClient;
use gomon_memcached::plain::{Client, Error};
use support::Script;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

fn cache() -> MonitoredClient<Script> {
    MonitoredClient::new(Client::new(Script::default()), "script:11211")
}

#[tokio::test]
async fn each_command_is_an_event_of_its_caller() {
    with_recorder_async(async |recorder| {
        let mut cache = cache();
        let mut page = EventTracker::new("page");
        page.scope(async {
            assert_eq!(cache.get("name").await.unwrap(), Some(b"Ada".to_vec()));
            assert_eq!(cache.get("nothing").await.unwrap(), None);
            cache.set("name", b"Grace").await.unwrap();
            assert!(cache.delete("name").await.unwrap());
        })
        .await;
        page.finish();
        drop(cache);
        assert_tree!(
            recorder,
            r#"
            memcached-conn
            page
              memcached {command="get", key="name", !value}
                wire
              memcached {command="get", key="nothing"}
                wire
              memcached {command="set"}
                wire
              memcached {command="delete"}
                wire
            "#
        );
    })
    .await;
}

#[tokio::test]
async fn an_error_names_its_variant_and_the_line_that_called() {
    with_recorder_async(async |recorder| {
        let failed = cache().get("full").await;
        assert!(matches!(failed, Err(Error::Server(_))));
        let event = recorder.one("memcached");
        assert_eq!(event["error"][0]["type"], "Server");
        let location = event["error"][0]["location"].as_str().unwrap();
        assert!(location.starts_with("tests/memcached.rs:"), "{location}");
    })
    .await;
}

#[tokio::test]
async fn a_value_is_cut_where_the_settings_say() {
    with_recorder_async(async |recorder| {
        recorder.set_capture(Capture::full());
        cache().get("long").await.unwrap();
        let event = recorder.one("memcached");
        assert_eq!(event["value"].as_str().unwrap().len(), 256);
        assert_eq!(event["gomon:dropped"]["value"], 5000 - 256);
    })
    .await;
}

#[tokio::test]
async fn a_client_connects_to_a_server() {
    with_recorder_async(async |recorder| {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = listener.local_addr().unwrap().to_string();
        // It hangs up in the middle of a command.
        let ask = async {
            let mut cache = MonitoredClient::connect(&server).await.unwrap();
            cache.get("ab").await
        };
        let hang_up = async {
            let (mut peer, _) = listener.accept().await.unwrap();
            let mut asked = [0; 8];
            peer.read_exact(&mut asked).await.unwrap();
            peer.shutdown().await.unwrap();
        };
        let ((), failed) = tokio::join!(hang_up, ask);
        assert!(matches!(failed, Err(Error::Io(_))));
        assert_tree!(
            recorder,
            r#"
            memcached-conn
            memcached failed {error.0.type="Io"}
            "#
        );
    })
    .await;
}
