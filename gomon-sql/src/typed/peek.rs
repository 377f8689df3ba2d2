//! Reads the text of a query without using the query up.

use gomon_core::Tree;
use sqlx_core::arguments::Arguments as _;
use sqlx_core::database::Database;
use sqlx_core::error::BoxDynError;
use sqlx_core::executor::Execute;
use sqlx_core::sql_str::SqlStr;
use sqlx_core::statement::Statement;

use super::db::MonitoredDb;
use crate::call::Request;
use crate::config::SqlConfig;
use crate::explain::Arguments;
use crate::parent::Parent;

/// A query whose text has been read: `Execute::sql` consumes the query, so that it has to be taken apart.
#[derive(Debug)]
pub(super) enum Peeked<E, DB: Database> {
    /// Carries a prepared statement, which lends its text: the query is as it was.
    Whole(E),
    /// Taken apart.
    Parts {
        sql: SqlStr,
        /// `None` once taken.
        arguments: Option<Result<Option<DB::Arguments>, BoxDynError>>,
        persistent: bool,
    },
}

/// Takes `query` apart, and says what its event tells of it.
pub(super) fn peek<'q, DB: MonitoredDb, E: Execute<'q, DB>>(
    fp: &'static str,
    config: &SqlConfig,
    parent: Parent,
    mut query: E,
) -> (Peeked<E, DB>, Request) {
    if let Some(statement) = query.statement() {
        let sql = statement.sql().clone();
        let request = Request {
            fp: Some(fp),
            sql,
            prepared: Some(true),
            bound: None,
            values: None,
            values_hash: None,
            copy: None,
        };
        return (Peeked::Whole(query), request);
    }
    // In this order, as the drivers do: `Map::persistent` answers by whether the arguments have been taken.
    let arguments = query.take_arguments();
    let persistent = query.persistent();
    let sql = query.sql();
    let bound = arguments
        .as_ref()
        .ok()
        .and_then(|arguments| arguments.as_ref().map(|arguments| arguments.len()));
    let known = arguments.as_ref().ok().and_then(Option::as_ref);
    let copy = known.filter(|_| config.explainer().is_some());
    let copy = copy.map(|arguments| Box::new(DB::copy_of(arguments)) as Arguments);
    let request = Request {
        fp: Some(fp),
        sql: sql.clone(),
        prepared: Some(bound.is_some()),
        bound,
        values: known.and_then(|arguments| values::<DB>(fp, config, parent, arguments)),
        values_hash: known.and_then(DB::hash_of),
        copy,
    };
    let (sql, persistent) = match config.commenting() {
        Some(comments) => (
            comments.add(&sql, parent.context()),
            persistent && !comments.vary(),
        ),
        None => (sql, persistent),
    };
    (
        Peeked::Parts {
            sql,
            arguments: Some(arguments),
            persistent,
        },
        request,
    )
}

/// The bound values, where they can be seen and may be taken. Whether they may is decided when the event begins, and they are gone by
/// then.
fn values<DB: MonitoredDb>(
    fp: &'static str,
    config: &SqlConfig,
    parent: Parent,
    arguments: &DB::Arguments,
) -> Option<Tree> {
    if !DB::SEES_CONNECTIONS {
        return None;
    }
    let capture = parent.context().capture_ahead(fp, &config.current());
    let values = capture
        .bound_values()
        .then(|| DB::bound(arguments, &capture));
    values.flatten()
}

impl<'q, DB: Database, E: Execute<'q, DB>> Execute<'q, DB> for Peeked<E, DB> {
    fn sql(self) -> SqlStr {
        match self {
            Self::Whole(query) => query.sql(),
            Self::Parts { sql, .. } => sql,
        }
    }

    fn statement(&self) -> Option<&DB::Statement> {
        match self {
            Self::Whole(query) => query.statement(),
            Self::Parts { .. } => None,
        }
    }

    fn take_arguments(&mut self) -> Result<Option<DB::Arguments>, BoxDynError> {
        match self {
            Self::Whole(query) => query.take_arguments(),
            Self::Parts { arguments, .. } => arguments.take().unwrap_or(Ok(None)),
        }
    }

    fn persistent(&self) -> bool {
        match self {
            Self::Whole(query) => query.persistent(),
            Self::Parts { persistent, .. } => *persistent,
        }
    }
}
