//! Which database a URL is of.

use crate::hooked::System;

/// What Diesel will take `url` for: it hands over a URL, and not the kind of its connection.
pub(super) fn system(url: &str) -> System {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") || is_key_value(url) {
        System::Postgres
    } else if url.starts_with("mysql://") {
        System::MySql
    } else {
        System::Sqlite
    }
}

/// libpq's other form: `host=localhost dbname=shop`.
fn is_key_value(url: &str) -> bool {
    url.trim_start().split_once('=').is_some_and(|(key, _)| {
        key.trim_end()
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b == b'_')
    })
}

#[cfg(test)]
mod tests {
    use super::{System, system};

    #[test]
    fn each_form_is_told() {
        for (url, expected) in [
            ("postgres://a@b/c", System::Postgres),
            ("postgresql:///c", System::Postgres),
            (" host=localhost dbname = shop", System::Postgres),
            ("mysql://a@b/c", System::MySql),
            (":memory:", System::Sqlite),
            ("shop.db", System::Sqlite),
            ("file:shop.db?mode=ro", System::Sqlite),
            ("sqlite://shop.db", System::Sqlite),
        ] {
            assert_eq!(system(url), expected, "{url}");
        }
    }
}
