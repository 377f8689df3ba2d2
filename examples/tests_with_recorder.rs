//! Events in your own tests: a recorder sees those of one test alone, though tests run in parallel.
//!
//! In a project this is a `#[tokio::test]`; here `main` runs it.

use gomon::prelude::*;
use gomon::testing::Recorder;

/// What is tested: it should look each id up once, and say so when it fails.
async fn greet(ids: &[u32]) -> Result<Vec<String>, String> {
    let mut event = EventTracker::new("greet");
    event.set("ids", ids.len());
    let mut names = Vec::new();
    for id in ids {
        let mut lookup = event.child("lookup");
        lookup.set("id", *id);
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
    let recorder = Recorder::new();
    let names = recorder.scope(greet(&[1, 2])).await;
    assert_eq!(names, Ok(vec!["hello 1".to_owned(), "hello 2".to_owned()]));

    let greet = recorder.one("greet");
    assert_eq!((greet.outcome(), &greet["ids"]), ("completed", &2.into()));
    assert!(
        recorder
            .find("lookup")
            .iter()
            .all(|lookup| lookup.is_child_of(&greet))
    );
    assert_eq!(recorder.tree(), "greet\n  lookup\n  lookup\n");
}

async fn a_lookup_that_fails_ends_the_greeting() {
    let recorder = Recorder::new();
    recorder
        .scope(greet(&[1, 0, 2]))
        .await
        .expect_err("0 is nobody");
    println!("{}", recorder.tree());
    assert_eq!(recorder.tree(), "greet failed\n  lookup\n  lookup failed\n");
    assert_eq!(
        recorder.find("lookup")[1]["error"][0]["msg"],
        "no such user"
    );
}

#[tokio::main]
async fn main() {
    tokio::join!(
        every_id_is_looked_up_once(),
        a_lookup_that_fails_ends_the_greeting()
    );
}
