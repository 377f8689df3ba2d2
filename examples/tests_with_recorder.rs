//! Events in your own tests: a recorder sees those of one test alone, though tests run in parallel.
//!
//! In a project this is a `#[tokio::test]`; here `main` runs it.

use std::time::Duration;

use gomon::prelude::*;
use gomon::testing::{assert_budget, assert_outcome, assert_tree, with_recorder_async};

/// What is tested: it should look each id up once, and say so when it fails.
async fn greet(ids: &[u32], look_up: impl AsyncFn(u32)) -> Result<Vec<String>, String> {
    let mut event = EventTracker::new("greet");
    event.set("ids", ids.len());
    let mut names = Vec::new();
    for id in ids {
        let mut lookup = event.child("lookup");
        lookup.set("user", *id);
        lookup.scope(look_up(*id)).await;
        if *id == 0 {
            lookup.add_error_msg("no such user");
            event.mark(Outcome::Failed);
            return Err("no such user".to_owned());
        }
        names.push(format!("hello {id}"));
    }
    Ok(names)
}

async fn every_id_is_looked_up_once() {
    with_recorder_async(async |recorder| {
        let clock = recorder.manual_clock();
        let slowly = async |_| clock.advance(Duration::from_millis(20));
        let names = greet(&[1, 2], slowly).await;
        assert_eq!(names, Ok(vec!["hello 1".to_owned(), "hello 2".to_owned()]));
        assert_tree!(
            recorder,
            "greet {ids=2, gomon:lapsed=40000000}\n  lookup x2"
        );
        assert_budget!(recorder, events <= 3, time <= Duration::from_millis(40));
    })
    .await;
}

async fn a_lookup_that_fails_ends_the_greeting() {
    with_recorder_async(async |recorder| {
        let answer = greet(&[1, 0, 2], async |_| {}).await;
        answer.expect_err("0 is nobody");
        println!("{}", recorder.tree());
        assert_tree!(
            recorder,
            r#"
            greet failed
              lookup {user=1}
              lookup failed {error.0.msg="no such user"}
            "#
        );
        assert_outcome!(recorder, "greet", Outcome::Failed);
    })
    .await;
}

#[tokio::main]
async fn main() {
    tokio::join!(
        every_id_is_looked_up_once(),
        a_lookup_that_fails_ends_the_greeting()
    );
}
