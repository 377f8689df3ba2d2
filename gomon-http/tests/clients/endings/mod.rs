//! Every ending of every client: what happens, and the outcome that the events have. The table in docs/clients.md is
//! made here; `UPDATE_DOCS=1` writes what has changed.

mod clients;
mod scenes;
mod server;
mod table;

use gomon_core::testing::Recorder;

use self::clients::Client;
use self::scenes::{Ending, SCENES};
use crate::support::CLIENT;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_ending_of_every_client_is_what_the_table_says() {
    let mut table = table::Table::new();
    for scene in &SCENES {
        let mut row = Vec::new();
        for client in Client::ALL {
            if let Some(reason) = (scene.absent)(client) {
                row.push(Err(reason));
                continue;
            }
            let expected = (scene.expected)(client);
            let recorder = Recorder::new();
            recorder.scope((scene.play)(client)).await;
            let events = recorder.wait_for(CLIENT, expected.len());
            let outcomes: Vec<_> = events
                .iter()
                .map(|event| event.outcome().to_string())
                .collect();
            assert_eq!(
                outcomes,
                expected,
                "{}, by {client:?}: {}",
                scene.what,
                recorder.tree()
            );
            if scene.ending == Ending::OfTransport {
                let error = &events[0]["error"][0];
                let message = error["msg"].as_str().unwrap_or_default();
                let told = !message.is_empty() && error["type"].is_string();
                assert!(told, "{}, by {client:?}: {}", scene.what, events[0]);
            }
            row.push(Ok(outcomes));
        }
        table.push(scene.what, row);
    }
    table.compare();
}
