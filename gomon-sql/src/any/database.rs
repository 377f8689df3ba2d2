//! A `Database` for sqlx's list of drivers.
//!
//! Of a driver `Any` uses the name, the URL schemes, the connection and its options, and the management of databases.
//! Every other type of a `Database` must be there and is never made: those are without a value.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use either::Either;
use sqlx_core::any::AnyConnectionBackend;
use sqlx_core::arguments::{Arguments, IntoArguments};
use sqlx_core::column::{Column, ColumnIndex};
use sqlx_core::database::Database;
use sqlx_core::encode::Encode;
use sqlx_core::error::{BoxDynError, Error};
use sqlx_core::from_row::FromRow;
use sqlx_core::migrate::MigrateDatabase;
use sqlx_core::query::Query;
use sqlx_core::query_as::QueryAs;
use sqlx_core::query_scalar::QueryScalar;
use sqlx_core::row::Row;
use sqlx_core::sql_str::SqlStr;
use sqlx_core::statement::Statement;
use sqlx_core::transaction::TransactionManager;
use sqlx_core::type_info::TypeInfo;
use sqlx_core::types::Type;
use sqlx_core::value::{Value, ValueRef};

use super::backend::MonitoredBackend;
use super::driver_db::{DriverDb, ordinary};

/// The monitored form of `DB`.
pub(super) struct Monitored<DB>(PhantomData<fn() -> DB>);

impl<DB> fmt::Debug for Monitored<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Monitored")
    }
}

impl<DB: DriverDb> Database for Monitored<DB> {
    type Connection = MonitoredBackend<DB>;
    type TransactionManager = Transactions<DB>;
    type Row = Absent<DB>;
    type QueryResult = ();
    type Column = Absent<DB>;
    type TypeInfo = AbsentType;
    type Value = Absent<DB>;
    type ValueRef<'r> = Absent<DB>;
    type Arguments = NoArguments<DB>;
    type ArgumentBuffer = ();
    type Statement = Absent<DB>;

    const NAME: &'static str = DB::NAME;
    const URL_SCHEMES: &'static [&'static str] = DB::SCHEMES;
}

impl<DB: DriverDb> MigrateDatabase for Monitored<DB> {
    async fn create_database(url: &str) -> Result<(), Error> {
        DB::create_database(ordinary(url)).await
    }

    async fn database_exists(url: &str) -> Result<bool, Error> {
        DB::database_exists(ordinary(url)).await
    }

    async fn drop_database(url: &str) -> Result<(), Error> {
        DB::drop_database(ordinary(url)).await
    }

    async fn force_drop_database(url: &str) -> Result<(), Error> {
        DB::force_drop_database(ordinary(url)).await
    }
}

/// Begins and ends transactions on the connection.
#[derive(Debug)]
pub(super) struct Transactions<DB>(PhantomData<fn() -> DB>);

impl<DB: DriverDb> TransactionManager for Transactions<DB> {
    type Database = Monitored<DB>;

    async fn begin(
        connection: &mut MonitoredBackend<DB>,
        statement: Option<SqlStr>,
    ) -> Result<(), Error> {
        AnyConnectionBackend::begin(connection, statement).await
    }

    async fn commit(connection: &mut MonitoredBackend<DB>) -> Result<(), Error> {
        AnyConnectionBackend::commit(connection).await
    }

    async fn rollback(connection: &mut MonitoredBackend<DB>) -> Result<(), Error> {
        AnyConnectionBackend::rollback(connection).await
    }

    fn start_rollback(connection: &mut MonitoredBackend<DB>) {
        AnyConnectionBackend::start_rollback(connection);
    }

    fn get_transaction_depth(connection: &MonitoredBackend<DB>) -> usize {
        AnyConnectionBackend::get_transaction_depth(connection)
    }
}

/// Without a value.
#[derive(Clone, Copy, Debug)]
enum Never {}

/// A row, column, value or statement that is never made.
pub(super) struct Absent<DB>(Never, PhantomData<fn() -> DB>);

impl<DB> Clone for Absent<DB> {
    fn clone(&self) -> Self {
        match self.0 {}
    }
}

impl<DB> fmt::Debug for Absent<DB> {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {}
    }
}

/// A type that no value has.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum AbsentType {}

impl fmt::Display for AbsentType {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl TypeInfo for AbsentType {
    fn is_null(&self) -> bool {
        match *self {}
    }

    fn name(&self) -> &str {
        match *self {}
    }
}

impl<DB: DriverDb> Row for Absent<DB> {
    type Database = Monitored<DB>;

    fn columns(&self) -> &[Self] {
        match self.0 {}
    }

    fn try_get_raw<I: ColumnIndex<Self>>(&self, _: I) -> Result<Self, Error> {
        match self.0 {}
    }
}

impl<DB: DriverDb> Column for Absent<DB> {
    type Database = Monitored<DB>;

    fn ordinal(&self) -> usize {
        match self.0 {}
    }

    fn name(&self) -> &str {
        match self.0 {}
    }

    fn type_info(&self) -> &AbsentType {
        match self.0 {}
    }
}

impl<DB: DriverDb> Value for Absent<DB> {
    type Database = Monitored<DB>;

    fn as_ref(&self) -> Self {
        match self.0 {}
    }

    fn type_info(&self) -> Cow<'_, AbsentType> {
        match self.0 {}
    }

    fn is_null(&self) -> bool {
        match self.0 {}
    }
}

impl<DB: DriverDb> ValueRef<'_> for Absent<DB> {
    type Database = Monitored<DB>;

    fn to_owned(&self) -> Self {
        match self.0 {}
    }

    fn type_info(&self) -> Cow<'_, AbsentType> {
        match self.0 {}
    }

    fn is_null(&self) -> bool {
        match self.0 {}
    }
}

/// Arguments of no statement.
pub(super) struct NoArguments<DB>(PhantomData<fn() -> DB>);

impl<DB> Default for NoArguments<DB> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<DB: DriverDb> Arguments for NoArguments<DB> {
    type Database = Monitored<DB>;

    fn reserve(&mut self, _: usize, _: usize) {}

    fn add<'t, T>(&mut self, _: T) -> Result<(), BoxDynError>
    where
        T: Encode<'t, Monitored<DB>> + Type<Monitored<DB>>,
    {
        Err("a driver for Any takes its arguments as AnyArguments".into())
    }

    fn len(&self) -> usize {
        0
    }
}

impl<DB: DriverDb> IntoArguments<Monitored<DB>> for NoArguments<DB> {
    fn into_arguments(self) -> Self {
        self
    }
}

impl<DB: DriverDb> Statement for Absent<DB> {
    type Database = Monitored<DB>;

    fn into_sql(self) -> SqlStr {
        match self.0 {}
    }

    fn sql(&self) -> &SqlStr {
        match self.0 {}
    }

    fn parameters(&self) -> Option<Either<&[AbsentType], usize>> {
        match self.0 {}
    }

    fn columns(&self) -> &[Self] {
        match self.0 {}
    }

    fn query(&self) -> Query<'_, Monitored<DB>, NoArguments<DB>> {
        match self.0 {}
    }

    fn query_with<A: IntoArguments<Monitored<DB>>>(&self, _: A) -> Query<'_, Monitored<DB>, A> {
        match self.0 {}
    }

    fn query_as<O>(&self) -> QueryAs<'_, Monitored<DB>, O, NoArguments<DB>>
    where
        O: for<'r> FromRow<'r, Self>,
    {
        match self.0 {}
    }

    fn query_as_with<'s, O, A>(&'s self, _: A) -> QueryAs<'s, Monitored<DB>, O, A>
    where
        O: for<'r> FromRow<'r, Self>,
        A: IntoArguments<Monitored<DB>>,
    {
        match self.0 {}
    }

    fn query_scalar<O>(&self) -> QueryScalar<'_, Monitored<DB>, O, NoArguments<DB>>
    where
        (O,): for<'r> FromRow<'r, Self>,
    {
        match self.0 {}
    }

    fn query_scalar_with<'s, O, A>(&'s self, _: A) -> QueryScalar<'s, Monitored<DB>, O, A>
    where
        (O,): for<'r> FromRow<'r, Self>,
        A: IntoArguments<Monitored<DB>>,
    {
        match self.0 {}
    }
}
