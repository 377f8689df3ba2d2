//! The wrappers of gomon-sql on real databases: SQLite always, PostgreSQL and MySQL where the environment names a server.
#![cfg(all(
    feature = "sqlite",
    feature = "postgres",
    feature = "mysql",
    feature = "any"
))]

mod any_driver;
mod callers;
mod cancel;
mod commented;
mod compiles;
mod connect;
mod endings;
mod engines;
mod explained;
mod holders;
mod judged;
mod pool;
mod profiled;
mod rows;
mod statements;
mod transactions;
mod waits;
