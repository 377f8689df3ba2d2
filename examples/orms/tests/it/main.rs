//! What each hook tells, on SQLite.

mod callers;
mod diesel_endings;
mod diesel_queries;
mod diesel_transactions;
mod rusqlite_statements;
mod rusqlite_transactions;
mod seaorm;
mod side_by_side;
