//! More connections of rusqlite than can be monitored, in a process of their own.

use gomon::sql::rusqlite::{InstallError, install};
use gomon::testing::Recorder;
use rusqlite::Connection;

#[test]
fn as_many_connections_as_there_are_places_are_monitored_and_a_place_becomes_free_again() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let open = || Connection::open_in_memory().unwrap();
        let mut connections: Vec<_> = (0..256).map(|_| open()).collect();
        for connection in &connections {
            install(connection).unwrap();
        }
        for _ in 0..3 {
            install(&connections[7]).unwrap(); // it has its place
        }
        let one_more = open();
        assert_eq!(install(&one_more), Err(InstallError::TooManyConnections));
        one_more.execute_batch("SELECT 1").unwrap();
        assert!(recorder.find("sql-wconn-queryctx").is_empty());
        connections.remove(100).close().unwrap();
        install(&one_more).unwrap();
        one_more.execute_batch("SELECT 1").unwrap();
    });
    assert_eq!(recorder.find("sql-wconn-queryctx").len(), 1);
    assert_eq!(recorder.find("sql-wconn").len(), 257);
}
