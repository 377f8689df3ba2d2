//! Which frames of a stack are not the program's own.

/// The code that a symbol belongs to is a library's: one that stands between a program and its statement, or any that cargo has
/// downloaded. Of a function that was inlined, debug information may tell no more than its own name, without the crate.
pub(super) fn is_foreign(symbol: &str, file: &str) -> bool {
    let file = file.replace('\\', "/");
    LIBRARIES.iter().any(|part| file.contains(part)) || BETWEEN.contains(&crate_of(symbol))
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
    }
}
