//! The rows of a result, taken down up to a limit.

use gomon_core::mask::{JsonMasker, REDACTED, looks_like_json};
use gomon_core::{Capture, EventTracker, Outcome, Tree};
use sqlx_core::column::Column;
use sqlx_core::database::Database;
use sqlx_core::row::Row;

use crate::keys::{self, fp};

/// One value of a row, ready for an event.
#[allow(
    unnameable_types,
    reason = "belongs to the hidden half of a sealed trait"
)]
#[derive(Debug)]
pub struct Cell {
    value: Tree,
    cut_bytes: usize,
}

impl Cell {
    /// A value of a fixed size.
    pub(crate) fn of(value: impl Into<Tree>) -> Self {
        Self {
            value: value.into(),
            cut_bytes: 0,
        }
    }

    /// Text, cut where the capture says.
    pub(crate) fn text(text: &str, capture: &Capture) -> Self {
        let kept = crate::statement::prefix(text, capture.cell_bytes());
        let shown = match text.len() - kept.len() {
            0 => kept,
            _ => capture.detectors().uncut(kept),
        };
        Self {
            value: Tree::from(shown),
            cut_bytes: text.len() - shown.len(),
        }
    }

    /// Text, which may be JSON in a column of a type that does not say so: then as [`json`](Self::json).
    pub(crate) fn text_or_json(text: &str, capture: &Capture) -> Self {
        if looks_like_json(text.as_bytes()) {
            return Self::json(text.as_bytes(), capture);
        }
        Self::text(text, capture)
    }

    /// Bytes, cut where the capture says.
    pub(crate) fn bytes(bytes: &[u8], capture: &Capture) -> Self {
        // Bytes that are text come out as such.
        if !capture.detectors().is_none()
            && let Ok(text) = str::from_utf8(bytes)
        {
            return Self::text(text, capture);
        }
        let kept = bytes.get(..capture.cell_bytes()).unwrap_or(bytes);
        Self {
            value: Tree::Bytes(kept.to_vec()),
            cut_bytes: bytes.len() - kept.len(),
        }
    }

    /// JSON as text, with the members masked whose name is, up to the limit and to where it is none.
    pub(crate) fn json(bytes: &[u8], capture: &Capture) -> Self {
        let masker = JsonMasker::new(capture.mask(), capture.cell_bytes());
        let mut masker = masker.with_detectors(capture.detectors());
        masker.push(bytes);
        let masked = masker.finish();
        let told = usize::try_from(masked.told_bytes()).unwrap_or(usize::MAX);
        Self {
            value: match masked.into_text() {
                empty if empty.is_empty() => Tree::Null,
                text => Tree::from(text),
            },
            cut_bytes: bytes.len().saturating_sub(told),
        }
    }

    /// What is kept of the value, without what the capture's detectors find.
    pub(crate) fn into_value(self, capture: &Capture) -> Tree {
        capture.detectors().mask_tree(self.value)
    }

    /// As text.
    pub(crate) fn into_text(self) -> String {
        match self.value {
            Tree::Null => String::new(),
            Tree::Str(text) => text.into_owned(),
            Tree::I64(number) => number.to_string(),
            Tree::U64(number) => number.to_string(),
            Tree::F64(number) => number.to_string(),
            Tree::Bool(is_true) => is_true.to_string(),
            _ => "?".to_owned(),
        }
    }

    /// A value of a type that is not shown: the type's name in angle brackets.
    pub(crate) fn opaque(type_name: &str) -> Self {
        Self::of(format!("<{type_name}>"))
    }
}

/// The `sql-wrows` event of one result: from its first row to the end of the query, or to the first row of the next
/// result where the text has several statements.
#[derive(Debug)]
pub(crate) struct Rows {
    tracker: EventTracker,
    columns: Vec<Tree>,
    hidden: Vec<bool>,
    rows: Vec<Tree>,
    cut_bytes: usize,
    cut_rows: u64,
    cut_columns: usize,
}

impl Rows {
    /// Opens the event, with the columns of the result's first row.
    pub(crate) fn open<DB: Database>(
        query: &EventTracker,
        capture: &Capture,
        row: &DB::Row,
    ) -> Self {
        let names = row
            .columns()
            .iter()
            .take(capture.row_columns())
            .map(Column::name);
        let hidden = names
            .clone()
            .map(|name| capture.mask().hides(name))
            .collect();
        Self {
            tracker: query.child(fp::ROWS),
            columns: names.map(Tree::from).collect(),
            hidden,
            rows: Vec::new(),
            cut_bytes: 0,
            cut_rows: 0,
            cut_columns: row.columns().len().saturating_sub(capture.row_columns()),
        }
    }

    /// Takes one row, or counts it when there are enough.
    pub(crate) fn push<DB: Database>(
        &mut self,
        capture: &Capture,
        row: &DB::Row,
        cell: impl Fn(&DB::Row, usize, &Capture) -> Cell,
    ) {
        if self.rows.len() >= capture.rows() {
            self.cut_rows += 1;
            return;
        }
        let mut cells = Vec::with_capacity(self.hidden.len());
        for (index, hidden) in self.hidden.iter().enumerate().take(row.columns().len()) {
            let cell = if *hidden {
                Cell::of(REDACTED)
            } else {
                cell(row, index, capture)
            };
            self.cut_bytes += cell.cut_bytes;
            cells.push(cell.into_value(capture));
        }
        self.rows.push(Tree::List(cells));
    }

    /// Ends the event with the outcome of its query.
    pub(crate) fn finish(mut self, outcome: Outcome) {
        self.tracker
            .set(keys::COLUMNS, Tree::List(self.columns))
            .set(keys::ROWS, Tree::List(self.rows))
            .set(keys::TRUNCATED, self.cut_rows > 0)
            .mark(outcome);
        for (key, cut) in [
            (keys::ROWS, self.cut_rows),
            (keys::COLUMNS, self.cut_columns as u64),
            (keys::CELLS, self.cut_bytes as u64),
        ] {
            if cut > 0 {
                self.tracker.note_cut(key, cut);
            }
        }
    }
}
