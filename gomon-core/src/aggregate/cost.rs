//! What the aggregates add to the bus for an event, to be asked for by hand:
//! `cargo test --release -p gomon-core --all-features cost_of_an_event -- --ignored --nocapture`.
//! The least of many short rounds, so that it does not matter what else the machine does.

use super::Aggregates;
use crate::clock;
use crate::event::Event;
use crate::event::shape::Shapes;
use crate::event::value::Value;
use crate::tracker::open;

fn event(fp: &'static str, attributes: &[(&'static str, Value<'_>)]) -> Event {
    let mut record = open::own(fp);
    for (key, value) in attributes {
        record.set(key, value.clone());
    }
    Event::settled(record)
}

fn request(number: usize) -> Event {
    let route = format!("/api/v1/thing-{}/{{id}}", number % 50);
    event(
        "http-wmux-servehttp",
        &[
            ("direction", Value::Static("incoming")),
            ("method", Value::Str("GET")),
            ("proto", Value::Static("HTTP/1.1")),
            ("route", Value::Str(&route)),
            ("content-length", Value::U64(17)),
            ("response_code", Value::U64(200)),
            ("response_size", Value::U64(1234)),
            ("first-byte", Value::U64(55_000)),
        ],
    )
}

fn query(number: usize) -> Event {
    let digest = format!("{:016x}", number % 50);
    event(
        "sql-wconn-queryctx",
        &[
            ("system", Value::Static("postgresql")),
            (
                "query",
                Value::Str("SELECT id, name FROM users WHERE id = ?"),
            ),
            ("summary", Value::Str("SELECT users")),
            ("digest", Value::Str(&digest)),
            ("rows-returned", Value::U64(1)),
            ("first-row", Value::U64(55_000)),
        ],
    )
}

fn plain(_: usize) -> Event {
    event(
        "work",
        &[("rows", Value::U64(1)), ("user", Value::Str("x"))],
    )
}

#[test]
#[ignore = "a measurement, to be asked for by hand"]
#[expect(clippy::print_stdout, reason = "it is what the test is for")]
fn cost_of_an_event() {
    let kinds: [fn(usize) -> Event; 3] = [plain, request, query];
    for make in kinds {
        let mut shapes = Shapes::default();
        let mut settled = |mut event: Event| {
            let row = event.record.settle(&mut shapes);
            (event, row)
        };
        let events: Vec<_> = (0..256).map(|n| settled(make(n))).collect();
        let mut aggregates = Aggregates::default();
        let round = |aggregates: &mut Aggregates| {
            let begin = clock::now();
            for (event, row) in &events {
                aggregates.record(event, *row);
            }
            clock::nanos_between(begin, clock::now())
        };
        let least = (0..5000).map(|_| round(&mut aggregates)).min();
        let tenths = least.unwrap_or(0) * 10 / 256;
        println!("{}: {}.{} ns", make(0).fp(), tenths / 10, tenths % 10);
    }
}
