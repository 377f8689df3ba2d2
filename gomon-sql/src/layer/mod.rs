//! The layer that listens to what sqlx itself tells `tracing`.

mod chores;
mod said;

use std::time::Duration;

use gomon_core::{Context, is_enabled, monotonic};
use sqlx_core::sql_str::{AssertSqlSafe, SqlSafeStr};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context as Within;
use tracing_subscriber::registry::{LookupSpan, Scope};

use crate::config::SqlConfig;
use crate::described::describe;
use crate::keys::{self, fp};
use crate::parent::Parent;
use crate::reported;
use crate::statement::read_cached;
use said::Said;

/// Makes events of the statements that sqlx logs, for programs and pieces of code that use sqlx's raw pools and connections.
///
/// Nothing else in a program changes. It needs a subscriber on tracing-subscriber's registry, and sees what no wrapper does: functions
/// that take a `&PgPool` or a `&mut PgConnection`, code that is generic over `Acquire`, migrations. What
/// [wrappers](crate::MonitoredPool) and the [driver for `AnyPool`](crate::MonitoredDriver) report is left out, so that each
/// statement has one event.
///
/// ```
/// use gomon_sql::SqlxLayer;
/// use tracing_subscriber::Layer;
/// use tracing_subscriber::filter::filter_fn;
/// use tracing_subscriber::layer::SubscriberExt;
///
/// // With a filter of its own, so that the program is spared what it does not look at.
/// let taken = filter_fn(|metadata| metadata.is_span() || metadata.target().starts_with("sqlx::"));
/// let subscriber = tracing_subscriber::registry().with(SqlxLayer::new().with_filter(taken));
/// # let _guard = tracing::subscriber::set_default(subscriber);
/// # /*
/// tracing::subscriber::set_global_default(subscriber)?;
/// # */
/// ```
///
/// # When do its events start and end?
///
/// - `sql-wconn-queryctx` and `sql-wstmt-execctx`, by the statement's text, end when sqlx logs the statement: when its result has been
///   read, when it has failed, or when its future or stream is dropped. They start as long ago as sqlx says the statement took.
/// - `sql-wpool-acquire` ends when sqlx logs that it has a connection, and starts as long ago as sqlx says it waited; `wait` is that
///   time. By default sqlx logs waits of more than two seconds; `PoolOptions::acquire_time_level` has it log them all.
/// - The outcome is always `completed`: sqlx logs a statement that failed, or was cancelled, like one that went well.
///
/// # What is in them?
///
/// - `query`, `summary` and `digest`, masked as the capture says; `rows-returned`, and `rows-aff` for statements that write; `slow`
///   where sqlx found it slow. On SQLite, rows that were read ahead count as returned.
/// - Neither `prepared` nor `params-count`, `code`, `conn` or `caller`: sqlx does not log these.
/// - No `system`: sqlx 0.9 does not say which database it is, and the text is read by the rules of all three at once. What one of
///   them takes for a value is masked, so that names in double quotes are too; where they disagree on where a value ends, all
///   that follows is. A sqlx that opens spans `db.query` says which database it is.
///
/// # What are they children of?
///
/// Of the current context. SQLite's statements run on a thread of their own that has none: there it is the context in which the
/// innermost span of `tracing` round the call was made that was made in any. Without one, they are children of the application.
///
/// # What is left out?
///
/// - What the wrappers report; what the hook for SeaORM reports is not known here, and is told twice. `COMMIT` of a transaction of sqlx's own is seen on PostgreSQL and MySQL, its `BEGIN` on MySQL alone.
/// - What sqlx runs for itself: the settings of a new connection, its table of migrations, `UNLISTEN *`.
/// - Everything, where sqlx logs nothing: after `log_statements(LevelFilter::Off)`, slow ones aside; where a filter for all layers stops the level
///   `DEBUG` of the target `sqlx::query`; where a feature `release_max_level_…` of `tracing` takes it out of the program.
///
/// Costs: what sqlx takes to log a statement, and reading its text; a look at the context for each span of the program. While
/// there is a layer, a statement of a wrapper on SQLite runs in a span `gomon.sql` of the level `TRACE` and the target `gomon`;
/// other layers see it unless a filter of their own stops it.
#[derive(Clone, Debug, Default)]
#[must_use = "a layer does nothing until it is part of a subscriber"]
pub struct SqlxLayer {
    config: SqlConfig,
}

impl SqlxLayer {
    /// A layer whose events take what the process captures.
    pub fn new() -> Self {
        Self::default()
    }

    /// Settings of its own. Default: those of the process.
    pub fn config(mut self, config: SqlConfig) -> Self {
        self.config = config;
        self
    }

    /// Makes the event of a statement.
    fn statement(&self, said: &Said, parent: Parent) {
        if chores::is_chore(said.sql()) {
            return;
        }
        let sql = AssertSqlSafe(said.sql()).into_sql_str();
        let statement = read_cached(&sql, said.dialect());
        let fp = if statement.returns_rows {
            fp::QUERY
        } else {
            fp::EXECUTE
        };
        let mut tracker = parent.open(fp);
        tracker.backdate(said.took);
        if !tracker.is_recording() {
            return;
        }
        let capture = tracker.capture(&self.config.current());
        if let Some(system) = said.system {
            tracker.set(keys::SYSTEM, system);
        }
        describe(&mut tracker, &capture, sql.as_str(), &statement);
        if fp == fp::QUERY {
            tracker.set(keys::ROWS_RETURNED, said.returned);
        }
        // Of a statement that reads, SQLite says what an earlier one changed, and PostgreSQL how many rows there are.
        if let Some(affected) = said.affected.filter(|_| statement.writes) {
            tracker.set(keys::ROWS_AFFECTED, affected);
        }
        if said.slow {
            tracker.set(keys::SLOW, true);
        }
    }
}

impl<S> Layer<S> for SqlxLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_layer(&mut self, _: &mut S) {
        reported::install();
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, within: Within<'_, S>) {
        let is_query = is_query_span(attributes.metadata());
        let context = Context::current();
        if !is_query && context.is_application() || !is_enabled() {
            return;
        }
        let Some(span) = within.span(id) else {
            return;
        };
        if !is_query {
            span.extensions_mut().replace(MadeIn(context));
            return;
        }
        let mut said = Said::default();
        attributes.record(&mut said);
        let query = Query {
            said,
            since: monotonic(),
            reported: reported::is_statement(within.current_span().metadata()),
            parent: parent(span.parent().map(|parent| parent.scope())),
        };
        span.extensions_mut().replace(query);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, within: Within<'_, S>) {
        if let Some(span) = within.span(id)
            && is_query_span(span.metadata())
            && let Some(query) = span.extensions_mut().get_mut::<Query>()
        {
            values.record(&mut query.said);
        }
    }

    fn on_event(&self, event: &Event<'_>, within: Within<'_, S>) {
        match event.metadata().target() {
            STATEMENTS if is_enabled() => {
                if reported::is_statement(within.current_span().metadata()) {
                    return;
                }
                if let Some(span) = within.event_span(event)
                    && let Some(query) = span.extensions_mut().get_mut::<Query>()
                {
                    event.record(&mut query.said);
                    return;
                }
                let mut said = Said::default();
                event.record(&mut said);
                self.statement(&said, parent(within.event_scope(event)));
            }
            ACQUIRES if is_enabled() && !reported::is_acquire() => {
                let mut said = Said::default();
                event.record(&mut said);
                acquired(&said, parent(within.event_scope(event)));
            }
            _ => {}
        }
    }

    fn on_close(&self, id: Id, within: Within<'_, S>) {
        let query = within
            .span(&id)
            .filter(|span| is_query_span(span.metadata()))
            .and_then(|span| span.extensions_mut().remove::<Query>());
        if let Some(mut query) = query.filter(|query| !query.reported) {
            query.said.took = monotonic().saturating_sub(query.since);
            self.statement(&query.said, query.parent);
        }
    }
}

/// The context in which a span was made.
struct MadeIn(Context);

/// A statement that is a span: sqlx after 0.9 (its pull request 4270).
struct Query {
    said: Said,
    /// When it began.
    since: Duration,
    reported: bool,
    parent: Parent,
}

/// What is made here, inside of those spans, is a child of that.
fn parent<'a, S: LookupSpan<'a>>(spans: Option<Scope<'a, S>>) -> Parent {
    Parent::current_or_else(|| {
        spans?.find_map(|span| span.extensions().get::<MadeIn>().map(|made| made.0))
    })
}

/// Makes the event of a wait for the pool.
fn acquired(said: &Said, parent: Parent) {
    let mut tracker = parent.open(fp::POOL_ACQUIRE);
    tracker.backdate(said.took);
    tracker.set(keys::WAIT, said.took);
    if said.slow {
        tracker.set(keys::SLOW, true);
    }
}

fn is_query_span(metadata: &Metadata<'_>) -> bool {
    metadata.name() == "db.query" && metadata.target().starts_with("sqlx")
}

const STATEMENTS: &str = "sqlx::query";
const ACQUIRES: &str = "sqlx::pool::acquire";
