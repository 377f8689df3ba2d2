//! Migrations through a monitored connection: each one is a statement.

use std::time::Duration;

use futures_core::future::BoxFuture;
use sqlx_core::any::AnyConnectionBackend;
use sqlx_core::error::Error;
use sqlx_core::migrate::{AppliedMigration, Migrate, MigrateError, Migration};

use super::backend::MonitoredBackend;
use super::driver_db::DriverDb;
use crate::call::{Call, Request};
use crate::keys::fp;
use crate::reported;

type Answer<'e, T> = BoxFuture<'e, Result<T, MigrateError>>;

/// The migrations of the connection inside, or the way out of the method.
macro_rules! inner {
    ($backend:expr) => {
        match AnyConnectionBackend::as_migrate($backend.inner()) {
            Ok(migrate) => migrate,
            Err(error) => return Box::pin(std::future::ready(Err(MigrateError::Execute(error)))),
        }
    };
}

impl<DB: DriverDb> Migrate for MonitoredBackend<DB> {
    fn create_schema_if_not_exists<'e>(&'e mut self, schema: &'e str) -> Answer<'e, ()> {
        inner!(self).create_schema_if_not_exists(schema)
    }

    fn ensure_migrations_table<'e>(&'e mut self, table: &'e str) -> Answer<'e, ()> {
        inner!(self).ensure_migrations_table(table)
    }

    fn dirty_version<'e>(&'e mut self, table: &'e str) -> Answer<'e, Option<i64>> {
        inner!(self).dirty_version(table)
    }

    fn list_applied_migrations<'e>(
        &'e mut self,
        table: &'e str,
    ) -> Answer<'e, Vec<AppliedMigration>> {
        inner!(self).list_applied_migrations(table)
    }

    fn lock(&mut self) -> Answer<'_, ()> {
        inner!(self).lock()
    }

    fn unlock(&mut self) -> Answer<'_, ()> {
        inner!(self).unlock()
    }

    fn apply<'e>(&'e mut self, table: &'e str, migration: &'e Migration) -> Answer<'e, Duration> {
        let call = self.migration(migration);
        Box::pin(run::<DB>(call, inner!(self).apply(table, migration)))
    }

    fn revert<'e>(&'e mut self, table: &'e str, migration: &'e Migration) -> Answer<'e, Duration> {
        let call = self.migration(migration);
        Box::pin(run::<DB>(call, inner!(self).revert(table, migration)))
    }

    fn skip<'e>(&'e mut self, table: &'e str, migration: &'e Migration) -> Answer<'e, ()> {
        inner!(self).skip(table, migration)
    }
}

impl<DB: DriverDb> MonitoredBackend<DB> {
    fn migration(&self, migration: &Migration) -> Call {
        let request = Request {
            fp: Some(fp::EXECUTE),
            sql: migration.sql.clone(),
            prepared: Some(false),
            bound: None,
            values: None,
            values_hash: None,
            copy: None,
        };
        Call::future(self.place(), request)
    }
}

async fn run<DB: DriverDb>(
    mut call: Call,
    migration: Answer<'_, Duration>,
) -> Result<Duration, MigrateError> {
    call.start();
    match reported::statement(DB::FACTS, migration).await {
        Ok(lasted) => {
            call.complete();
            Ok(lasted)
        }
        // In the form the event is told of, and back.
        Err(MigrateError::Execute(error)) => {
            call.fail(&error);
            Err(MigrateError::Execute(error))
        }
        Err(MigrateError::ExecuteMigration(error, version)) => {
            call.fail(&error);
            Err(MigrateError::ExecuteMigration(error, version))
        }
        Err(error) => match Error::from(error) {
            Error::Migrate(error) => {
                let error = Error::Migrate(error);
                call.fail(&error);
                match error {
                    Error::Migrate(error) => Err(*error),
                    other => Err(MigrateError::Execute(other)),
                }
            }
            other => Err(MigrateError::Execute(other)),
        },
    }
}
