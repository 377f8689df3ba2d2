//! `#[trace]` and `#[segment]` on functions of all kinds.

use std::error::Error;
use std::fmt::{self, Debug, Display};
use std::future::Future;
use std::pin::Pin;

use gomon_core::attributes::{segment, trace};
use gomon_core::testing::{Recorded, Recorder};
use gomon_core::{EventTracker, FutureExt, in_flight};

fn one(f: impl FnOnce()) -> Recorded {
    let recorder = Recorder::new();
    recorder.run(f);
    let events = recorder.events();
    assert_eq!(events.len(), 1, "{}", recorder.tree());
    events[0].clone()
}

#[trace(crate = gomon_core)]
fn plain() -> u32 {
    EventTracker::new("inside").finish();
    7
}

#[test]
fn a_call_is_an_event_and_what_happens_in_it_its_child() {
    let recorder = Recorder::new();
    assert_eq!(recorder.run(plain), 7);
    assert_eq!(recorder.tree(), "plain\n  inside\n");
    assert_eq!(recorder.one("plain").outcome(), "completed");
}

#[trace(name = "load-user", record(id, ?tags, %by, name), fields(table = "users", "row.count" = tags.len()), crate = gomon_core)]
fn load(id: u64, tags: &[&str], by: &dyn Display, name: Option<&str>, _password: &str) {}

#[test]
fn named_arguments_and_fields_are_recorded_and_no_others() {
    let event = one(|| load(3, &["a", "b"], &1.5, Some("joe"), "pw"));
    let values =
        ["arg.id", "tags", "by", "name", "table", "row.count"].map(|key| event[key].clone());
    let expected = [
        3.into(),
        r#"["a", "b"]"#.into(),
        "1.5".into(),
        "joe".into(),
        "users".into(),
        2.into(),
    ];
    assert_eq!((event.fp(), values), ("load-user", expected));
    assert!(!event.to_string().contains("pw"));
}

#[trace(record_all, skip(large), crate = gomon_core)]
fn all(first: u8, (second, _): (char, char), large: &[u8], password: &str, mut count: u8) -> usize {
    count += first;
    usize::from(count) + large.len() + password.len() + usize::from(second == 'x')
}

#[test]
fn all_arguments_are_recorded_but_the_skipped_and_secrets_are_masked() {
    let event = one(|| assert_eq!(all(1, ('x', 'y'), &[0; 1000], "hunter2", 2), 1011));
    assert_eq!(
        (&event["first"], &event["second"]),
        (&"1".into(), &"'x'".into())
    );
    assert_eq!(
        (&event["password"], &event["count"]),
        (&"[redacted]".into(), &"2".into())
    );
    assert_eq!(event.get("large"), None);
}

#[derive(Debug)]
struct Broken(std::num::ParseIntError);

impl Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no number")
    }
}

impl Error for Broken {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

const PARSE: u32 = line!() + 2;

#[trace(crate = gomon_core)]
fn parse(text: &str) -> Result<i32, Broken> {
    let value = text.parse().map_err(Broken)?;
    if value == 0 {
        return Ok(1);
    }
    Ok(value)
}

#[test]
fn a_returned_error_fails_the_event_with_its_sources_and_place() {
    let event = one(|| assert!(parse("x").is_err()));
    assert_eq!(event.outcome(), "failed");
    let error = &event["error"][0];
    assert_eq!(
        (&error["msg"], &error["chain"][0]),
        (&"no number".into(), &"invalid digit found in string".into())
    );
    assert_eq!(error["location"], format!("{}:{PARSE}", file!()));
    assert_eq!(
        one(|| assert_eq!(parse("0").unwrap(), 1)).outcome(),
        "completed"
    );
}

#[trace(crate = gomon_core)]
fn by_anyhow() -> anyhow::Result<()> {
    Err(anyhow::Error::new(parse("y").unwrap_err()).context("while reading"))
}

#[trace(crate = gomon_core)]
fn by_box() -> Result<(), Box<dyn Error + Send + Sync>> {
    Err("boxed".into())
}

#[trace(crate = gomon_core)]
fn by_text() -> Result<(), String> {
    Err("only text".to_owned())
}

#[derive(Debug)]
struct Odd(#[expect(dead_code, reason = "for Debug")] u8);

#[trace(crate = gomon_core)]
fn by_debug() -> Result<(), Odd> {
    Err(Odd(1))
}

#[trace(crate = gomon_core)]
fn by_anything<E: Display>(error: E) -> Result<(), E> {
    Err(error)
}

#[test]
fn errors_of_every_kind_are_noted() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let _ = by_anyhow();
        let _ = by_box();
        let _ = by_text();
        let _ = by_debug();
        let _ = by_anything(5);
    });
    let msg = |fp: &str| recorder.one(fp)["error"][0]["msg"].clone();
    assert_eq!(msg("by_anyhow"), "while reading");
    assert_eq!(
        recorder.one("by_anyhow")["error"][0]["chain"][0],
        "no number"
    );
    assert_eq!(
        (msg("by_box"), msg("by_text")),
        ("boxed".into(), "only text".into())
    );
    assert_eq!(
        (msg("by_debug"), msg("by_anything")),
        ("Odd(1)".into(), "5".into())
    );
}

struct Shop {
    name: String,
}

impl Shop {
    #[trace(crate = gomon_core)]
    fn name(&self) -> &str {
        &self.name
    }

    #[trace(record(to), crate = gomon_core)]
    async fn rename(&mut self, to: String) -> Result<&str, Broken> {
        tokio::task::yield_now().await;
        self.name = to;
        Ok(&self.name)
    }

    #[trace(crate = gomon_core)]
    fn into_name(self) -> impl Iterator<Item = char> {
        self.name.chars().rev().collect::<Vec<_>>().into_iter()
    }

    #[trace(crate = gomon_core)]
    fn longest<'a, T>(&self, one: &'a T, other: &'a T) -> &'a T
    where
        T: AsRef<str> + ?Sized,
    {
        if one.as_ref().len() > other.as_ref().len() {
            one
        } else {
            other
        }
    }
}

#[tokio::test]
async fn methods_with_lifetimes_generics_and_impl_trait_work_as_before() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let mut shop = Shop { name: "old".into() };
            assert_eq!(shop.name(), "old");
            assert_eq!(shop.rename("new".into()).await.unwrap(), "new");
            assert_eq!(shop.longest("abc", "ab"), "abc");
            assert_eq!(shop.into_name().collect::<String>(), "wen");
        })
        .await;
    assert_eq!(recorder.tree(), "name\nrename\nlongest\ninto_name\n");
    assert_eq!(recorder.one("rename")["to"], "new");
}

#[trace(crate = gomon_core)]
async fn slow(steps: u32) -> Result<u32, Broken> {
    for _ in 0..steps {
        tokio::task::yield_now().await;
    }
    EventTracker::new("inside").finish();
    Err(Broken("z".parse::<i32>().unwrap_err()))
}

#[tokio::test]
async fn an_async_function_is_one_event_over_all_its_polls() {
    let recorder = Recorder::new();
    let never_polled = slow(1);
    recorder
        .scope(async {
            let _ = tokio::join!(slow(3), slow(5));
        })
        .await;
    drop(never_polled);
    assert_eq!(
        recorder.tree(),
        "slow failed\n  inside\nslow failed\n  inside\n"
    );
}

#[tokio::test]
async fn an_async_function_that_is_dropped_is_cancelled() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            tokio::select! {
                biased;
                _ = slow(100) => unreachable!(),
                () = tokio::task::yield_now() => {}
            }
        })
        .await;
    assert_eq!(recorder.tree(), "slow cancelled\n");
}

#[test]
fn a_panic_passes_through_and_is_noted() {
    #[trace(crate = gomon_core)]
    fn panics() {
        panic!("out of shelves");
    }
    let recorder = Recorder::new();
    recorder.run(|| assert!(std::panic::catch_unwind(panics).is_err()));
    let event = recorder.one("panics");
    assert_eq!(
        (event.outcome(), &event["error"][0]["msg"]),
        ("panicked", &"out of shelves".into())
    );
}

#[trace(root, name = "refresh", crate = gomon_core)]
async fn refresh() -> usize {
    in_flight()
        .iter()
        .filter(|work| work.kind == "refresh")
        .count()
}

#[tokio::test]
async fn a_root_has_no_parent_but_the_application_and_is_in_flight() {
    let recorder = Recorder::new();
    let listed = recorder
        .scope(async { refresh().monitored("outer").await })
        .await;
    let (outer, refresh) = (recorder.one("outer"), recorder.one("refresh"));
    assert!(listed > 0 && !refresh.is_child_of(&outer));
    assert_ne!(refresh["gomon:trace"], outer["gomon:trace"]);
}

trait Store {
    fn get(&self) -> Pin<Box<dyn Future<Output = u8> + Send + '_>>;
}

impl Store for u8 {
    fn get(&self) -> Pin<Box<dyn Future<Output = u8> + Send + '_>> {
        #[trace(crate = gomon_core)]
        async fn get(own: &u8) -> u8 {
            *own
        }
        Box::pin(get(self))
    }
}

#[tokio::test]
async fn traced_futures_are_as_sendable_as_their_bodies() {
    let recorder = Recorder::new();
    let value = recorder
        .scope(async {
            gomon_core::spawn(async { Store::get(&5_u8).await })
                .await
                .unwrap()
        })
        .await;
    assert_eq!((value, recorder.tree().as_str()), (5, "get\n"));
}

#[test]
fn where_nothing_is_recorded_no_argument_is_formatted() {
    struct Panicking;
    impl Debug for Panicking {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("formatted")
        }
    }
    #[trace(record_all, crate = gomon_core)]
    fn quiet(value: &Panicking) -> bool {
        size_of_val(value) > 0
    }
    let recorder = Recorder::new();
    assert!(!recorder.run(|| gomon_core::unmonitored(|| quiet(&Panicking))));
    assert_eq!(recorder.events(), []);
    // Where it is recorded, its own panic does no harm.
    assert!(!recorder.run(|| quiet(&Panicking)));
    let event = recorder.one("quiet");
    assert_eq!(
        (event.outcome(), &event["value"]),
        ("completed", &" [its Display panicked]".into())
    );
}

const STEP: u32 = line!() + 2;

#[segment(crate = gomon_core)]
fn step(text: &str) -> Result<i32, std::num::ParseIntError> {
    let value: i32 = text.parse()?;
    if value > 0 { deeper(value) } else { Ok(value) }
}

#[segment(name = "deep", crate = gomon_core)]
fn deeper(value: i32) -> Result<i32, std::num::ParseIntError> {
    step(&(value - 1).to_string())
}

#[segment(crate = gomon_core)]
async fn later(text: String) -> usize {
    tokio::task::yield_now().await;
    text.len()
}

#[tokio::test]
async fn functions_are_parts_of_the_current_segment_or_segments() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let import = gomon_core::Segment::new("import");
            import.enter(|| assert_eq!(step("2"), Ok(0)));
            assert_eq!(import.scope(later("abc".into())).await, 3);
            drop(import);
            assert!(step("x").is_err());
        })
        .await;
    let events = recorder.find("segment");
    let import = &events[0]["childs"];
    assert_eq!(
        (&import[0]["name"], &import[0]["count"]),
        (&"step".into(), &3.into())
    );
    assert_eq!(import[0]["location"], format!("{}:{STEP}", file!()));
    let deep = &import[0]["childs"][0];
    assert_eq!((&deep["name"], &deep["count"]), (&"deep".into(), &2.into()));
    assert_eq!(
        (&import[1]["name"], &events[1]["name"]),
        (&"later".into(), &"step".into())
    );
}

/// What is wrong is said where it is, in words one can act on.
#[test]
fn what_cannot_be_traced_is_an_error_that_says_what_to_do() {
    trybuild::TestCases::new().compile_fail("tests/it/attributes/*.rs");
}

#[tokio::test]
async fn the_stack_of_a_panic_begins_where_an_async_function_panicked() {
    #[trace(crate = gomon_core)]
    async fn out_of_shelves() {
        panic!("out of shelves");
    }
    let recorder = Recorder::new();
    let task = recorder.run(|| gomon_core::spawn(out_of_shelves()));
    assert!(task.await.is_err());
    let stack = recorder.one("panic")["backtrace"].clone();
    let first = stack.as_str().unwrap().lines().next().unwrap().to_owned();
    assert!(first.contains("out_of_shelves"), "{first}");
}
