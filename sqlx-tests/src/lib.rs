//! What sqlx's own tests ask of the crate `sqlx_test`, which sqlx does not ship: connections, pools, and the macros that
//! make a test of a type and its values.

use std::env;

use sqlx::opening::Opening;

#[doc(hidden)]
pub use paste::paste;

/// A connection to the database of `DATABASE_URL`: sqlx's own, or a monitored one.
pub async fn new<DB: Opening>() -> sqlx::Result<DB::Conn> {
    DB::open(&url()).await
}

/// A pool of up to five such connections.
pub async fn pool<DB: Opening>() -> sqlx::Result<DB::Pool> {
    DB::open_pool(&url(), 5).await
}

/// Tests that make connections of their own call it first; here everything comes by the environment.
pub fn setup_if_needed() {}

fn url() -> String {
    env::var("DATABASE_URL").expect("DATABASE_URL names the database of the tests")
}

/// Each value, as SQL and as Rust, is read by a prepared statement, sent and read back, and read by an unprepared one.
///
/// `~=` is for types that PostgreSQL compares with that operator. `@=` is for arrays of them, by prepared statements alone:
/// sqlx does not read the text of an array of boxes, which has a delimiter of its own.
#[macro_export]
macro_rules! test_type {
    ($name:ident<$ty:ty>($db:ident, $sql:literal, $($text:literal == $value:expr),+ $(,)?)) => {
        $crate::test_prepared_type!($name<$ty>($db, $sql, $($text == $value),+));
        $crate::test_unprepared_type!($name<$ty>($db, $($text == $value),+));
    };
    ($name:ident<$ty:ty>($db:ident, $($text:literal == $value:expr),+ $(,)?)) => {
        $crate::test_prepared_type!($name<$ty>($db, $($text == $value),+));
        $crate::test_unprepared_type!($name<$ty>($db, $($text == $value),+));
    };
    ($name:ident<$ty:ty>(Postgres, $($text:literal ~= $value:expr),+ $(,)?)) => {
        $crate::test_type!($name<$ty>(Postgres, "SELECT ({0} ~= $1)::int4, {0}, $2", $($text == $value),+));
    };
    ($name:ident<$ty:ty>(Postgres, $($text:literal @= $value:expr),+ $(,)?)) => {
        $crate::test_prepared_type!($name<$ty>(
            Postgres,
            "SELECT (SELECT bool_and(a ~= b) FROM unnest({0}, $1) AS pairs (a, b))::int4, {0}, $2",
            $($text == $value),+
        ));
    };
    ($name:ident($db:ident, $($text:literal == $value:expr),+ $(,)?)) => {
        $crate::test_type!($name<$name>($db, $($text == $value),+));
    };
}

/// Each value is read by a prepared statement and by an unprepared one.
#[macro_export]
macro_rules! test_decode_type {
    ($name:ident<$ty:ty>($db:ident, $($text:literal == $value:expr),+ $(,)?)) => {
        $crate::paste! {
            #[sqlx_macros::test]
            async fn [<test_prepared_decode_type_ $name>]() -> anyhow::Result<()> {
                use sqlx::Row;
                let mut connection = $crate::new::<$db>().await?;
                $(
                    let sql = sqlx::AssertSqlSafe(format!("SELECT {}", $text));
                    let row = sqlx::query(sql).fetch_one(&mut connection).await?;
                    let read: $ty = row.try_get(0)?;
                    assert!($value == read, "{}", $text);
                )+
                Ok(())
            }
        }
        $crate::test_unprepared_type!($name<$ty>($db, $($text == $value),+));
    };
    ($name:ident($db:ident, $($text:literal == $value:expr),+ $(,)?)) => {
        $crate::test_decode_type!($name<$name>($db, $($text == $value),+));
    };
}

/// Each value is compared by the server, read, and sent and read back, by a prepared statement.
#[macro_export]
macro_rules! test_prepared_type {
    ($name:ident<$ty:ty>($db:ident, $sql:literal, $($text:literal == $value:expr),+ $(,)?)) => {
        $crate::paste! {
            #[sqlx_macros::test]
            async fn [<test_prepared_type_ $name>]() -> anyhow::Result<()> {
                use sqlx::Row;
                let mut connection = $crate::new::<$db>().await?;
                $(
                    let sql = sqlx::AssertSqlSafe(format!($sql, $text));
                    let query = sqlx::query(sql).bind($value).bind($value);
                    let row = query.fetch_one(&mut connection).await?;
                    assert!(row.try_get::<i32, _>(0)? != 0, "the server has another value for {}", $text);
                    let read: $ty = row.try_get(1)?;
                    assert_eq!($value, read, "{}", $text);
                    let sent: $ty = row.try_get(2)?;
                    assert_eq!($value, sent, "{}, sent", $text);
                )+
                Ok(())
            }
        }
    };
    ($name:ident<$ty:ty>(MySql, $($text:literal == $value:expr),+ $(,)?)) => {
        $crate::test_prepared_type!($name<$ty>(MySql, "SELECT {0} <=> ?, {0}, ?", $($text == $value),+));
    };
    ($name:ident<$ty:ty>(Sqlite, $($text:literal == $value:expr),+ $(,)?)) => {
        $crate::test_prepared_type!($name<$ty>(Sqlite, "SELECT {0} IS ?, {0}, ?", $($text == $value),+));
    };
    ($name:ident<$ty:ty>(Postgres, $($text:literal == $value:expr),+ $(,)?)) => {
        $crate::test_prepared_type!(
            $name<$ty>(Postgres, "SELECT ({0} IS NOT DISTINCT FROM $1)::int4, {0}, $2", $($text == $value),+)
        );
    };
    ($name:ident($db:ident, $($text:literal == $value:expr),+ $(,)?)) => {
        $crate::test_prepared_type!($name<$name>($db, $($text == $value),+));
    };
}

/// Each value is read by a statement that is not prepared.
#[macro_export]
macro_rules! test_unprepared_type {
    ($name:ident<$ty:ty>($db:ident, $($text:literal == $value:expr),+ $(,)?)) => {
        $crate::paste! {
            #[sqlx_macros::test]
            async fn [<test_unprepared_type_ $name>]() -> anyhow::Result<()> {
                use futures_util::TryStreamExt as _;
                use sqlx::{Executor as _, Row as _};
                let mut connection = $crate::new::<$db>().await?;
                $(
                    let mut rows = connection.fetch(sqlx::AssertSqlSafe(format!("SELECT {}", $text)));
                    let row = rows.try_next().await?.expect("a row");
                    let read: $ty = row.try_get(0)?;
                    assert_eq!($value, read, "{}", $text);
                    drop(rows);
                )+
                Ok(())
            }
        }
    };
}
