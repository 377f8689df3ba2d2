//! What `#[sqlx::test]` gives a test: a monitored pool or connection of a database of its own.

use std::any::Any;
use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;

use gomon_sql::{MonitoredDb, MonitoredPool, MonitoredPoolConnection, PoolExt};
use real::migrate::Migrate;
use real::{Executor, Pool};

pub use real::testing::*;

use crate::seen::Seen;

/// In place of sqlx's trait, whose impls are for functions that take its own types.
pub trait TestFn {
    type Output;

    fn run_test(self, args: TestArgs) -> Self::Output;
}

impl<DB, Fut> TestFn for fn(MonitoredPool<DB>) -> Fut
where
    DB: MonitoredDb + TestSupport,
    DB::Connection: Migrate,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    Fut: Future<Output: TestTermination> + 'static,
{
    type Output = Fut::Output;

    fn run_test(self, args: TestArgs) -> Fut::Output {
        let _seen = Seen::start();
        BODY.set(Some(Box::new(self)));
        let run: fn(Pool<DB>) -> Fut = |pool| body::<Self>()(pool.monitored());
        real::testing::TestFn::run_test(run, args)
    }
}

impl<DB, Fut> TestFn for fn(MonitoredPoolConnection<DB>) -> Fut
where
    DB: MonitoredDb + TestSupport,
    DB::Connection: Migrate,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    Fut: Future<Output: TestTermination> + 'static,
{
    type Output = Fut::Output;

    fn run_test(self, args: TestArgs) -> Fut::Output {
        let _seen = Seen::start();
        BODY.set(Some(Box::new(self)));
        let run: fn(Pool<DB>) -> Boxed<Fut::Output> = |pool| {
            let test = body::<Self>();
            Box::pin(async move {
                let connection = pool
                    .monitored()
                    .acquire()
                    .await
                    .expect("the test has a connection");
                test(connection).await
            })
        };
        real::testing::TestFn::run_test(run, args)
    }
}

type Boxed<T> = Pin<Box<dyn Future<Output = T>>>;

thread_local! {
    /// The function of the test: sqlx takes none that holds anything.
    static BODY: Cell<Option<Box<dyn Any>>> = const { Cell::new(None) };
}

fn body<F: 'static>() -> F {
    let body = BODY.take().and_then(|body| body.downcast().ok());
    *body.expect("sqlx runs a test on the thread that it was called on")
}
