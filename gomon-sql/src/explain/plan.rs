//! A plan as an event tells it.

use gomon_core::Capture;
use sqlx_core::column::Column;
use sqlx_core::row::Row;

use super::ExplainBy;
use crate::row_source::RowSource;
use crate::statement::{Dialect, Statement};

/// One line of a plan.
pub(crate) fn line<DB: RowSource>(row: &DB::Row, by: ExplainBy) -> String {
    let whole = Capture::full().with_cell_bytes(LINE_BYTES);
    let text = |index| DB::cell(row, index, &whole).into_text();
    if let Some(column) = by.column {
        return text(column);
    }
    let columns = row.columns().iter();
    let cells = columns.map(|column| format!("{}={}", column.name(), text(column.ordinal())));
    cells.collect::<Vec<_>>().join(" ")
}

/// The line without the values that stand in it: PostgreSQL writes out what it compares with. Its costs stay.
pub(crate) fn masked(line: &str, dialect: Dialect) -> String {
    let at = line
        .rfind("(cost=")
        .filter(|at| line.get(*at..).is_some_and(is_costs));
    let (node, costs) = line
        .split_at_checked(at.unwrap_or(line.len()))
        .unwrap_or((line, ""));
    let indent = node.len() - node.trim_start().len();
    let indent = node.get(..indent).unwrap_or_default();
    let masked = Statement::read(node, dialect).query;
    let blank = if costs.is_empty() { "" } else { " " };
    format!("{indent}{masked}{blank}{costs}")
}

/// `(cost=0.15..8.17 rows=1 width=36)`: words and numbers, no value that could stand in quotes.
fn is_costs(text: &str) -> bool {
    let is_of_costs = |c: char| c.is_ascii_alphanumeric() || "(=. )".contains(c);
    text.ends_with(')') && text.chars().all(is_of_costs)
}

/// Of a line of a plan, or of a column of it.
const LINE_BYTES: usize = 1024;

#[cfg(test)]
mod tests {
    use super::masked;
    use crate::statement::Dialect;

    #[test]
    fn values_are_hidden_and_costs_stay() {
        for (line, shown) in [
            (
                "Index Scan using by_name on items  (cost=0.15..8.17 rows=1 width=36)",
                "Index Scan using by_name on items (cost=0.15..8.17 rows=1 width=36)",
            ),
            ("  Index Cond: (id = 4711)", "  Index Cond: (id = ?)"),
            (
                "  Filter: ((name)::text = 'O''Brien (cost=secret'::text)",
                "  Filter: ((name)::text = ?::text)",
            ),
            ("Filter: (a = '(cost=1 b)')", "Filter: (a = ?)"),
            (
                "SEARCH items USING INDEX by_name (name=?)",
                "SEARCH items USING INDEX by_name (name=?)",
            ),
        ] {
            assert_eq!(masked(line, Dialect::Postgres), shown);
        }
    }
}
