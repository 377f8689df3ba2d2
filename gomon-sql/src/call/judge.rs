//! What is to be said of a statement beside what came back.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use gomon_core::{Context, EventTracker, Outcome, wait};

use super::Call;
use crate::explain::{Slow, is_explained};
use crate::keys::{self, fp};
use crate::repeats::{Repeats, Run};
use crate::statement::Statement;

impl Call {
    pub(super) fn judge(&mut self, tracker: &mut EventTracker, statement: Arc<Statement>) {
        let (settings, lapsed) = (*self.place.config.settings(), tracker.elapsed());
        // Neither who takes its time over the rows nor who waits for a connection is slow SQL.
        let waited = self.place.waited.as_ref().map_or(0, |it| it.load(Relaxed));
        let lapsed = lapsed.saturating_sub(self.consumer + Duration::from_nanos(waited));
        if lapsed >= settings.slow_after {
            tracker.set(keys::SLOW, true);
            self.explain(tracker.context(), &statement);
        }
        let is_query = self.request.fp == Some(fp::QUERY);
        let is_select = is_query && !statement.writes && statement.summary.starts_with("SELECT");
        if is_select && !statement.limited && self.returned >= settings.unbounded_rows {
            tracker.set(keys::UNBOUNDED, true);
        }
        let errors = match tracker.outcome() {
            Outcome::Failed | Outcome::TimedOut => 1,
            _ => 0,
        };
        if let Some(site) = &self.site {
            site.spend(lapsed, self.returned, errors);
        }
        let is_data = statement.returns_rows || statement.writes;
        if self.request.fp == Some(fp::PREPARE)
            || tracker.outcome() != Outcome::Completed
            || !is_data
        {
            return;
        }
        let run = || Run {
            parent: self.place.parent.context().event_id(),
            identity: self.request.identity(&statement),
            statement,
            lapsed,
            caller: self.place.caller,
            site: self.site.clone(),
            threshold: settings.repeated,
        };
        // Where no unit of work is polled there is nobody to tell.
        let _ = wait::keep(|repeats: &mut Repeats| repeats.note(run()));
    }

    fn explain(&mut self, context: Context, statement: &Arc<Statement>) {
        let Some(explainer) = self.place.config.explainer() else {
            return;
        };
        let sql = &self.request.sql;
        let copy = self.request.copy.take();
        let has_values = self.request.prepared == Some(true) && copy.is_none();
        if self.polled && !has_values && is_explained(sql.as_str(), statement) {
            explainer.explain(Slow {
                sql: sql.clone(),
                arguments: copy,
                statement: Arc::clone(statement),
                context,
                capture: Arc::clone(&self.capture),
            });
        }
    }
}
