//! The connection inside a wrapper.

use std::ops::{Deref, DerefMut};

use sqlx_core::database::Database;
use sqlx_core::pool::PoolConnection;

use super::held::Held;

/// A connection: our own from a pool, or borrowed.
pub(super) enum Link<'c, DB: Database> {
    Owned(Held<DB>),
    Pooled(&'c mut PoolConnection<DB>),
    Bare(&'c mut DB::Connection),
}

impl<DB: Database> Link<'_, DB> {
    /// The same connection, for a shorter time.
    pub(super) fn reborrow(&mut self) -> Link<'_, DB> {
        match self {
            Self::Owned(connection) => Link::Pooled(connection),
            Self::Pooled(connection) => Link::Pooled(&mut **connection),
            Self::Bare(connection) => Link::Bare(&mut **connection),
        }
    }

    /// Has the pool close the connection instead of taking it back. A connection that is not a pool's stays as it is.
    pub(super) fn close_on_drop(&mut self) {
        match self {
            Self::Owned(connection) => connection.close_on_drop(),
            Self::Pooled(connection) => connection.close_on_drop(),
            Self::Bare(_) => {}
        }
    }
}

impl<DB: Database> Deref for Link<'_, DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &DB::Connection {
        match self {
            Self::Owned(connection) => connection,
            Self::Pooled(connection) => connection,
            Self::Bare(connection) => connection,
        }
    }
}

impl<DB: Database> DerefMut for Link<'_, DB> {
    fn deref_mut(&mut self) -> &mut DB::Connection {
        match self {
            Self::Owned(connection) => connection,
            Self::Pooled(connection) => connection,
            Self::Bare(connection) => connection,
        }
    }
}
