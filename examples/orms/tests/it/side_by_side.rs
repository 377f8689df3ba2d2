//! All of them, and sqlx, in one program with one SQLite.

use diesel::RunQueryDsl;
use gomon::EventTracker;
use gomon::testing::Recorder;

#[test]
fn each_tells_of_its_own_statements_alone() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let mut diesel = crate::diesel_queries::connect();
        let rusqlite = crate::rusqlite_statements::connect();
        recorder.clear();
        EventTracker::new("request").enter(|| {
            diesel::sql_query("SELECT 1").execute(&mut diesel).unwrap();
            rusqlite.execute_batch("SELECT 2").unwrap();
        });
    });
    assert_eq!(recorder.find("sql-wconn-queryctx").len(), 2);
    let ends = recorder.find("sql-wconn");
    let queries: Vec<_> = ends.iter().map(|end| end["queries"].clone()).collect();
    assert_eq!(queries, [1, 2], "rusqlite's is dropped first");
}
