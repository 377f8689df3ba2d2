//! The table of docs/http.md, made by playing all scenarios under all frameworks.

use std::fmt::Write as _;
use std::path::Path;

use crate::abandoned::abandon;
use crate::framework::Framework;
use crate::scenarios::SCENARIOS;
use crate::suite::{Column, column};
use crate::{actix, axum, hyper, page, poem, rocket, salvo, tonic, warp};

/// A framework, as far as the table is concerned.
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) abandon: fn(),
    column: fn() -> Column,
}

/// In the order of the table.
pub(crate) const FRAMEWORKS: [Entry; 8] = [
    entry::<hyper::Hyper>(),
    entry::<axum::Axum>(),
    entry::<tonic::Tonic>(),
    entry::<warp::Warp>(),
    entry::<actix::Actix>(),
    entry::<rocket::Rocket>(),
    entry::<poem::Poem>(),
    entry::<salvo::Salvo>(),
];

const fn entry<F: Framework>() -> Entry {
    Entry {
        name: F::NAME,
        abandon: abandon::<F>,
        column: column::<F>,
    }
}

#[test]
fn the_page_says_how_requests_end_under_each_framework() {
    let columns: Vec<_> = std::thread::scope(|scope| {
        let running = FRAMEWORKS.each_ref().map(|entry| scope.spawn(entry.column));
        running
            .into_iter()
            .map(|column| column.join().expect("no panic"))
            .collect()
    });
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    page::compare(&root, "docs/http.md", "endings", &table(&columns));
}

fn table(columns: &[Column]) -> String {
    let mut table = String::from("| a request |");
    for column in columns {
        let _ = write!(table, " {} |", column.name);
    }
    let _ = writeln!(table, "\n|---|{}", "---|".repeat(columns.len()));
    let mut notes = Vec::new();
    for (row, scenario) in SCENARIOS.iter().enumerate() {
        let _ = write!(table, "| {} |", scenario.name);
        for column in columns {
            let cell = &column.cells[row];
            let outcome = cell.outcome.map(|outcome| format!("`{outcome}`"));
            let _ = match (cell.reason, outcome) {
                (None, outcome) => write!(table, " {} |", outcome.unwrap_or_default()),
                (Some(reason), None) => write!(table, " n/a {} |", note(&mut notes, reason)),
                (Some(reason), Some(outcome)) => {
                    write!(table, " n/a {}: {outcome} |", note(&mut notes, reason))
                }
            };
        }
        table.push('\n');
    }
    table.push('\n');
    for (number, reason) in notes.iter().enumerate() {
        let _ = writeln!(table, "{}. {reason}", number + 1);
    }
    table
}

/// The number of a reason under the table.
fn note(notes: &mut Vec<&'static str>, reason: &'static str) -> String {
    let known = notes.iter().position(|known| *known == reason);
    let at = known.unwrap_or_else(|| {
        notes.push(reason);
        notes.len() - 1
    });
    format!("({})", at + 1)
}
