//! The wrappers of gomon-sql on real databases: SQLite always, PostgreSQL and MySQL where the environment names a server.
#![cfg(all(
    feature = "sqlite",
    feature = "postgres",
    feature = "mysql",
    feature = "any"
))]

mod accounts;
mod any_driver;
mod any_wrapped;
mod callers;
mod cancel;
mod commented;
mod compiles;
mod connect;
mod detour;
mod each_await;
mod ended;
mod endings;
mod engines;
mod explained;
mod holders;
mod judged;
mod killed;
mod nested;
mod pool;
mod postgres_alone;
mod profiled;
mod rows;
mod same;
mod spare;
mod statements;
mod transactions;
mod traps;
mod waits;
