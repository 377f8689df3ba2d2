//! What an event says of a statement's text.

use gomon_core::{Capture, EventTracker};

use crate::keys;
use crate::statement::{Statement, prefix};

/// Sets `query` (as far as the capture allows), `summary` and `digest`.
pub(crate) fn describe(
    tracker: &mut EventTracker,
    capture: &Capture,
    sql: &str,
    statement: &Statement,
) {
    if capture.sql_text() {
        let (text, cut) = if capture.bound_values() {
            let kept = prefix(sql, Statement::QUERY_BYTES);
            (kept, sql.len() - kept.len())
        } else {
            (statement.query.as_str(), statement.cut_bytes)
        };
        let detectors = capture.detectors();
        let shown = if cut == 0 {
            text
        } else {
            detectors.uncut(text)
        };
        tracker.set(keys::QUERY, &*detectors.mask(shown));
        if cut > 0 {
            let cut = cut + text.len() - shown.len();
            tracker.note_cut(keys::QUERY, cut as u64);
        }
    }
    if !statement.summary.is_empty() {
        tracker.set(keys::SUMMARY, statement.summary.as_str());
    }
    tracker.set(keys::DIGEST, statement.digest.as_str());
}
