//! A connection of a pool that is held by somebody the pool knows of.

use std::ops::{Deref, DerefMut};
use std::panic::Location;

use sqlx_core::database::Database;
use sqlx_core::pool::PoolConnection;

use crate::pool::Holding;
use crate::site::Caller;

pub(super) struct Held<DB: Database> {
    connection: PoolConnection<DB>,
    /// After the connection: it is held until it is given back. `None` while nothing is recorded.
    _holding: Option<Holding>,
    caller: Option<&'static Location<'static>>,
}

impl<DB: Database> Held<DB> {
    pub(super) fn new(
        connection: PoolConnection<DB>,
        holding: Option<Holding>,
        caller: Option<&'static Location<'static>>,
    ) -> Self {
        Self {
            connection,
            _holding: holding,
            caller,
        }
    }

    /// Who took it, if that is known.
    pub(super) fn caller(&self) -> Option<Caller> {
        self.caller.map(Caller::Exact)
    }

    /// The connection; the pool does not know of who holds it any more.
    pub(super) fn into_connection(self) -> PoolConnection<DB> {
        self.connection
    }
}

impl<DB: Database> Deref for Held<DB> {
    type Target = PoolConnection<DB>;

    fn deref(&self) -> &Self::Target {
        &self.connection
    }
}

impl<DB: Database> DerefMut for Held<DB> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.connection
    }
}
