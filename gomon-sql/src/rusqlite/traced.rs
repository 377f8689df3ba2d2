//! One connection, as SQLite's trace tells of it.

use std::borrow::Cow;

use gomon_core::is_enabled;
use rusqlite::trace::{StmtRef, TraceEvent};

use super::{errors, values};
use crate::call::Call;
use crate::config::SqlConfig;
use crate::hooked::{HookedConnection, Step, System};

/// As many statements may run on one connection; of more, the oldest are given up.
const MOST_STATEMENTS: usize = 64;

#[derive(Debug)]
pub(super) struct Traced {
    connection: HookedConnection,
    running: Vec<(Id, Call)>,
    /// The statement that is a step of a transaction.
    step: Option<Id>,
}

impl Traced {
    pub(super) fn new(config: SqlConfig) -> Self {
        let mut connection = HookedConnection::new(config);
        connection.set_engine(System::Sqlite.engine());
        connection.opened();
        Self {
            connection,
            running: Vec::new(),
            step: None,
        }
    }

    pub(super) fn set_config(&mut self, config: SqlConfig) {
        self.connection.set_config(config);
    }

    pub(super) fn tell(&mut self, event: &TraceEvent<'_>) {
        match event {
            // Another text is that of a trigger, or of what a virtual table runs.
            TraceEvent::Stmt(statement, text) if statement.sql() == *text => self.start(statement),
            // To find out whose it is takes as long as the statement's text is.
            TraceEvent::Row(_) if self.running.is_empty() => {}
            TraceEvent::Row(statement) => {
                if let Some(at) = self.position(Id::of(statement))
                    && let Some((_, call)) = self.running.get_mut(at)
                {
                    call.count_row();
                }
            }
            TraceEvent::Profile(statement, _) => self.finish(statement),
            _ => {}
        }
    }

    fn start(&mut self, statement: &StmtRef<'_>) {
        let Some(id) = Id::of(statement) else {
            return;
        };
        if self.step == Some(id) || self.position(Some(id)).is_some() {
            return;
        }
        errors::forget();
        if !is_enabled() && !self.connection.is_in_transaction() {
            return;
        }
        let sql = statement.sql();
        if let Some(step) = Step::of(&sql) {
            self.connection.start_step(step, &sql);
            self.step = Some(id);
            return;
        }
        if !is_enabled() {
            return;
        }
        self.connection.count();
        let capture = self.connection.capture();
        let values = match capture.bound_values() {
            true => statement.expanded_sql(),
            false => None,
        };
        let values = values.and_then(|expanded| values::bound(&sql, &expanded, &capture));
        if self.running.len() >= MOST_STATEMENTS {
            self.running.remove(0);
        }
        let call = self.connection.call(None, sql.into_owned(), values);
        self.running.push((id, call));
    }

    fn finish(&mut self, statement: &StmtRef<'_>) {
        let id = Id::of(statement);
        let logged = errors::take(&statement.sql());
        let failure = logged.as_ref().map(errors::Logged::failure);
        if self.step.is_some() && self.step == id {
            self.step = None;
            self.connection.finish_step(failure.as_ref());
        } else if let Some(at) = self.position(id) {
            let (_, call) = self.running.remove(at);
            self.connection.finish(call, failure.as_ref());
        }
    }

    fn position(&self, id: Option<Id>) -> Option<usize> {
        let id = id?;
        self.running.iter().rposition(|(other, _)| *other == id)
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        // Before the transaction they are in.
        self.running.clear();
    }
}

/// Which statement it is: where SQLite keeps its text, which stays there for as long as the statement lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Id(usize);

impl Id {
    /// None for what has no text: a blob that is read piece by piece.
    fn of(statement: &StmtRef<'_>) -> Option<Self> {
        match statement.sql() {
            Cow::Borrowed(sql) if !sql.is_empty() => Some(Self(sql.as_ptr().addr())),
            _ => None,
        }
    }
}
