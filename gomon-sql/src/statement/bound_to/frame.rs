//! An open parenthesis, or the top level of a text.

use super::groups::Groups;

/// Where in a statement the text is.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) kind: Kind,
    /// The group that it opened in.
    outside: Option<usize>,
    /// What its next groups are inside of.
    round: Option<usize>,
    /// The group of what comes now.
    pub(super) group: usize,
    joins: bool,
    /// Nothing was in it yet.
    pub(super) fresh: bool,
    /// Between `BETWEEN` and its `AND`.
    pub(super) between: bool,
    /// Between `WITH` and the statement it stands before.
    pub(super) with: bool,
    pub(super) stage: Stage,
    /// Which insert its values are for.
    pub(super) insert: Option<usize>,
    /// The place in a list of columns or values.
    pub(super) at: usize,
}

/// What a parenthesis holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Statement,
    /// The columns of an insert, or the query that stands there.
    Columns,
    /// The values of one row.
    Row,
    /// Arguments, lists, conditions.
    Other,
    /// No parenthesis: `CASE` to `END`.
    Case,
}

/// How far an insert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// There is none.
    No,
    /// Columns follow, `VALUES`, or a query.
    Begun,
    /// After `VALUES`.
    Rows,
    /// In the list after `SELECT`.
    Items,
    /// In the rest of the query.
    Rest,
}

impl Frame {
    pub(super) fn new(kind: Kind, outside: Option<usize>, groups: &mut Groups<'_>) -> Self {
        let joins = matches!(kind, Kind::Other | Kind::Case);
        Self {
            kind,
            outside,
            round: outside,
            group: groups.open(outside, joins),
            joins,
            fresh: true,
            between: false,
            with: false,
            stage: Stage::No,
            insert: None,
            at: 0,
        }
    }

    /// Another operand follows, which the one before has nothing to do with.
    pub(super) fn next(&mut self, groups: &mut Groups<'_>) {
        self.between = false;
        self.group = groups.next(self.group, self.round, self.joins);
    }

    /// `AND` and its like: what is in these parentheses is a condition.
    pub(super) fn condition(&mut self, groups: &mut Groups<'_>) {
        if self.kind == Kind::Other {
            self.joins = false;
            groups.keep_apart(self.group);
        }
        self.no_insert();
        self.next(groups);
    }

    /// No insert goes on so before its values: the word was a column's name.
    pub(super) fn no_insert(&mut self) {
        if self.kind == Kind::Statement && self.stage == Stage::Begun && !self.with {
            self.stage = Stage::No;
        }
    }

    /// A clause that stands for itself, as after `WHERE`.
    pub(super) fn clause(&mut self, groups: &mut Groups<'_>) {
        (self.round, self.joins) = (None, false);
        self.next(groups);
    }

    /// A clause that has to do with what is round the statement.
    pub(super) fn source(&mut self, any: Option<usize>, groups: &mut Groups<'_>) {
        (self.round, self.joins) = (any.or(self.outside), false);
        self.next(groups);
    }

    /// The list after `SELECT`, whose names are those of the whole in parentheses.
    pub(super) fn selected(&mut self, groups: &mut Groups<'_>) {
        (self.round, self.joins) = (self.outside, true);
        self.next(groups);
    }

    /// `WHEN`, `THEN` and `ELSE` of a `CASE`, whose operand belongs to each of them.
    pub(super) fn branch(&mut self, joins: bool, groups: &mut Groups<'_>) {
        if self.stage == Stage::No {
            self.stage = Stage::Rest;
            self.round = Some(self.group)
                .filter(|operand| groups.is_used(*operand))
                .or(self.outside);
        }
        self.joins = joins;
        self.next(groups);
    }

    /// Another value of a row, in that group.
    pub(super) fn item(&mut self, group: usize, groups: &mut Groups<'_>) {
        self.joins = false;
        self.between = false;
        self.group = group;
        self.round = Some(group)
            .filter(|item| groups.is_used(*item))
            .or(self.outside);
    }

    pub(super) fn outside(&self) -> Option<usize> {
        self.outside
    }
}
