//! The transaction of a connection, told from the statements that begin and end it.

use std::sync::Arc;

use gomon_core::{Capture, EndGuard, Outcome};

use super::Step;
use crate::call::Watch;
use crate::config::SqlConfig;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::fate::FateAt;
use crate::keys::fp;
use crate::parent::Parent;
use crate::transaction_event::{self, TransactionEvent, savepoint};

/// The transaction that is open, and the step that is being taken.
#[derive(Debug, Default)]
pub(super) struct Transactions {
    open: Option<TransactionEvent>,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    step: Step,
    /// None for a `BEGIN`, which the transaction's own event spans.
    event: Option<EndGuard>,
    /// The transaction that a `BEGIN` inside of another one may open.
    begins: Option<TransactionEvent>,
}

impl Transactions {
    /// The transaction, if one is open.
    pub(super) fn parent(&self) -> Option<Parent> {
        self.open.as_ref().map(|open| Parent::Event(open.context()))
    }

    /// Who keeps the books of the transaction that is open.
    pub(super) fn watch(&self) -> Option<Arc<dyn Watch>> {
        let open = self.open.as_ref()?;
        Some(Arc::new(FateAt {
            fate: Arc::default(),
            depth: 1,
            dooms: false,
            books: open.books().clone(),
        }))
    }

    pub(super) fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// A step is sent. `outside`: whose child a transaction becomes.
    pub(super) fn start(
        &mut self,
        step: Step,
        engine: &'static Engine,
        config: &SqlConfig,
        sql: &str,
        outside: Parent,
    ) {
        let inside = self.parent().unwrap_or(outside);
        let mut begins = None;
        let event = match (step, &mut self.open) {
            (Step::Begin, open) => {
                let (config, sql) = (config.clone(), Some(sql));
                let begun = TransactionEvent::open(outside, engine, config, sql, None);
                match open {
                    Some(_) => begins = Some(begun),
                    None => *open = Some(begun),
                }
                None
            }
            (Step::Commit, Some(open)) => Some(open.step(fp::COMMIT)),
            (Step::Rollback, Some(open)) => Some(open.step(fp::ROLLBACK)),
            // Begun before gomon saw the connection.
            (Step::Commit, None) => Some(EndGuard::new(outside.open(fp::COMMIT))),
            (Step::Rollback, None) => Some(EndGuard::new(outside.open(fp::ROLLBACK))),
            (Step::Savepoint, _) => Some(savepoint(inside, engine, transaction_event::SAVEPOINT)),
            (Step::Release, _) => Some(savepoint(inside, engine, transaction_event::RELEASE)),
            (Step::RollbackTo, _) => {
                Some(savepoint(inside, engine, transaction_event::ROLLBACK_TO))
            }
        };
        self.running = Some(Running {
            step,
            event,
            begins,
        });
    }

    /// The step was answered.
    pub(super) fn finish(&mut self, capture: &Capture, failure: Option<&Failure<'_>>) {
        let Some(running) = self.running.take() else {
            return;
        };
        let (step, event) = (running.step, running.event);
        if let Some(mut begins) = running.begins {
            match failure {
                // The one that is open stays.
                Some(failure) => {
                    begins.answered();
                    return begins.fail_told(capture, failure);
                }
                None => self.open = Some(begins),
            }
        }
        if let Some(mut event) = event {
            if let Some(failure) = failure {
                failure.tell(event.tracker(), capture);
            }
            event.finish(Outcome::Completed);
        }
        let Some(open) = &mut self.open else {
            return;
        };
        if matches!(step, Step::Begin | Step::Commit | Step::Rollback) {
            open.answered();
            if let Some(failure) = failure {
                open.fail_told(capture, failure);
            }
        }
        let ends = match step {
            Step::Begin => failure.is_some(),
            // One that was refused leaves the transaction open: a rollback follows.
            Step::Commit => failure.is_none(),
            Step::Rollback => true,
            Step::Savepoint | Step::Release | Step::RollbackTo => false,
        };
        if ends {
            self.open = None;
        }
    }
}

impl Drop for Transactions {
    fn drop(&mut self) {
        // A step without its answer ends both by itself.
        if let (Some(open), None) = (&mut self.open, &self.running) {
            open.rolled_back_implicitly();
        }
    }
}
