//! Which frames of a stack are not the program's own.

/// The code that a symbol belongs to is a library's: one that stands between a program and its statement, or any that cargo has
/// downloaded. Of a function that was inlined, debug information may tell no more than its own name, without the crate.
pub(super) fn is_foreign(symbol: &str, file: &str) -> bool {
    let file = file.replace('\\', "/");
    LIBRARIES.iter().any(|part| file.contains(part)) || is_between(symbol) || !is_rust(&file)
}

/// C's functions are at the outer end of a stack, and may have lines where the program has none.
fn is_rust(file: &str) -> bool {
    file.ends_with(".rs")
}

/// Of `<sqlx_core::Pool as shop::Repo>::find` the trait is the program's own, and so is what it does.
fn is_between(symbol: &str) -> bool {
    let of_trait = trait_of(symbol).map(crate_of);
    BETWEEN.contains(&crate_of(symbol))
        && of_trait.is_none_or(|of_trait| BETWEEN.contains(&of_trait))
}

/// What follows the ` as ` of the outermost brackets.
fn trait_of(symbol: &str) -> Option<&str> {
    let mut depth = 0_usize;
    for (at, b) in symbol.bytes().enumerate() {
        match b {
            b'<' => depth += 1,
            // That of `->`.
            b'>' if symbol.get(..at).is_some_and(|before| before.ends_with('-')) => {}
            b'>' => depth = depth.saturating_sub(1),
            b' ' if depth == 1 => {
                if let Some(of_trait) = symbol.get(at..).and_then(|rest| rest.strip_prefix(" as "))
                {
                    return Some(of_trait);
                }
            }
            _ => {}
        }
        if depth == 0 {
            return None;
        }
    }
    None
}

/// The crate of a demangled symbol: `sqlx_core` of `<sqlx_core::query::Query<DB, A>>::execute::{closure#0}`.
fn crate_of(symbol: &str) -> &str {
    let mut symbol = symbol;
    while let Some(inner) = QUALIFIERS.iter().find_map(|it| symbol.strip_prefix(it)) {
        symbol = inner;
    }
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let end = symbol.find(|c| !is_name(c)).unwrap_or(symbol.len());
    symbol.get(..end).unwrap_or_default()
}

const QUALIFIERS: [&str; 6] = ["<", "&", "*", "mut ", "dyn ", "const "];

/// Where the sources lie of what is downloaded, of the standard library, and of gomon where it is built with the program.
const LIBRARIES: [&str; 8] = [
    "/.cargo/registry/",
    "/.cargo/git/",
    "/vendor/",
    "/rustc/",
    "/rustlib/src/",
    "/gomon-core/src/",
    "/gomon-http/src/",
    "/gomon-sql/src/",
];

const BETWEEN: [&str; 31] = [
    "alloc",
    "async_stream",
    "axum",
    "core",
    "diesel",
    "either",
    "futures",
    "futures_core",
    "futures_util",
    "gomon",
    "gomon_core",
    "gomon_http",
    "gomon_sql",
    "hyper",
    "pin_project",
    "rusqlite",
    "sea_orm",
    "sqlx",
    "sqlx_core",
    "sqlx_mysql",
    "sqlx_postgres",
    "sqlx_sqlite",
    "std",
    "tokio",
    "tokio_stream",
    "tower",
    "tower_http",
    "tower_layer",
    "tower_service",
    "tracing",
    "tracing_futures",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crate_of_a_symbol_is_known_in_every_form() {
        for (symbol, name) in [
            ("shop::orders::list::{closure#0}", "shop"),
            ("<sqlx_core::query::Query<DB, A>>::execute", "sqlx_core"),
            (
                "<&mut sqlx_core::pool::Pool<D> as core::clone::Clone>::clone",
                "sqlx_core",
            ),
            ("<dyn core::future::Future>::poll", "core"),
            ("main", "main"),
            ("", ""),
        ] {
            assert_eq!(crate_of(symbol), name, "{symbol}");
        }
    }

    #[test]
    fn what_was_downloaded_and_what_stands_between_is_foreign() {
        assert!(is_foreign(
            "orm::find",
            "/home/u/.cargo/registry/src/index/orm-1.0.0/src/lib.rs"
        ));
        assert!(is_foreign(
            "core::ops::call",
            "/rustc/abc/library/core/src/ops.rs"
        ));
        assert!(is_foreign(
            "sqlx_core::query::all",
            "/app/third/sqlx-core/src/query.rs"
        ));
        assert!(is_foreign("{async_fn#0}", "/app/vendor/orm/src/query.rs"));
        assert!(is_foreign("{async_fn#0}", "/gomon/gomon-sql/src/call.rs"));
        assert!(is_foreign(
            "orm::find",
            r"C:\Users\u\.cargo\registry\src\orm\lib.rs"
        ));
        assert!(!is_foreign("shop::orders::list", "/app/src/orders.rs"));
        assert!(!is_foreign("{async_fn#0}", "/app/src/orders.rs"));
        assert!(is_foreign("start_thread", "./nptl/pthread_create.c"));
    }

    #[test]
    fn what_a_trait_of_the_program_does_is_its_own() {
        for (symbol, foreign) in [
            (
                "<gomon_sql::typed::pool::MonitoredPool<D> as shop::Repo>::find",
                false,
            ),
            (
                "<&sqlx_core::pool::Pool<sqlx_sqlite::Sqlite> as shop::Repo<A>>::find::{{closure}}",
                false,
            ),
            (
                "<alloc::boxed::Box<dyn core::ops::FnOnce() -> u8> as shop::Job>::run",
                false,
            ),
            (
                "<sqlx_core::pool::Pool<D> as sqlx_core::executor::Executor>::execute",
                true,
            ),
            (
                "<alloc::vec::Vec<shop::Order> as core::iter::IntoIterator>::into_iter",
                true,
            ),
            ("<sqlx_core::pool::Pool<D>>::acquire", true),
        ] {
            assert_eq!(is_foreign(symbol, "/app/src/lib.rs"), foreign, "{symbol}");
        }
    }
}
