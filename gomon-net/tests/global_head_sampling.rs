//! Sockets while gomon samples heads. A process of its own, since head sampling is for the whole
//! process.

use std::sync::{Arc, Mutex};

use gomon_core::Event;
use gomon_net::{MonitoredTcpListener, MonitoredTcpStream};

#[test]
fn sockets_are_recorded_whatever_part_of_the_traces_is() {
    let events = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&events);
    let gomon = gomon_core::builder()
        .head_sampling(0.0)
        .listener(move |event: &Event| {
            let has_address = event.get("laddr").is_some();
            let seen = (event.fp().to_owned(), event.is_opening(), has_address);
            sink.lock().unwrap().push(seen);
        })
        .start()
        .expect("started");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("runtime");
    runtime.block_on(async {
        let listener = MonitoredTcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = MonitoredTcpStream::connect(address).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        drop((client, server));
    });
    drop(gomon);
    let events = events.lock().unwrap();
    for (fp, count) in [("net-listener", 1), ("net-conn", 2)] {
        for opening in [true, false] {
            let expected = (fp.to_owned(), opening, true);
            let found = events.iter().filter(|event| **event == expected);
            assert_eq!(found.count(), count, "{expected:?}: {events:?}");
        }
    }
}
