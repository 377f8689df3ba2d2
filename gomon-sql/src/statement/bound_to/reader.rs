//! Reads a statement for what its values are bound to.

use super::BoundTo;
use super::frame::{Frame, Kind, Stage};
use super::groups::Groups;
use super::insert::Insert;
use crate::statement::keywords::Upper;
use crate::statement::lexer::{self, Token};

/// Takes the tokens of a text.
#[derive(Debug)]
pub(in crate::statement) struct Reader<'a> {
    groups: Groups<'a>,
    inserts: Vec<Insert<'a>>,
    top: Frame,
    frames: Vec<Frame>,
    /// Open ones that there is no frame for.
    deeper: usize,
    previous: Option<Token<'a>>,
    /// After an `INSERT` or `REPLACE` that may begin a statement.
    may_insert: bool,
}

impl<'a> Reader<'a> {
    pub(in crate::statement) fn new() -> Self {
        let mut groups = Groups::new();
        Self {
            top: Frame::new(Kind::Statement, None, &mut groups),
            groups,
            inserts: Vec::new(),
            frames: Vec::new(),
            deeper: 0,
            previous: None,
            may_insert: false,
        }
    }

    pub(in crate::statement) fn push(&mut self, token: Token<'a>) {
        if token.kind == lexer::Kind::Space {
            return;
        }
        let may_insert = std::mem::take(&mut self.may_insert);
        if may_insert && matches!(token.kind, lexer::Kind::Word | lexer::Kind::Quoted) {
            self.insert();
        }
        match token.kind {
            lexer::Kind::Word => self.word(token.text),
            lexer::Kind::Quoted => self.name(unquoted(token.text)),
            lexer::Kind::Literal => self.literal(token.text),
            lexer::Kind::Param => {
                let group = self.frame().group;
                self.groups.value(group, token.text);
            }
            lexer::Kind::Punct => self.punct(token.text),
            lexer::Kind::Space => {}
        }
        // What is opened by it is fresh.
        if !matches!(token.text, "(" | "[") {
            self.frame().fresh = false;
        }
        self.previous = Some(token);
    }

    /// `cut`: the text goes on after what was read.
    pub(in crate::statement) fn finish(self, cut: bool) -> BoundTo {
        self.groups.finish(cut)
    }

    fn frame(&mut self) -> &mut Frame {
        self.frames.last_mut().unwrap_or(&mut self.top)
    }

    fn follows(&self, words: &[&str]) -> bool {
        let mut words = words.iter();
        self.previous
            .is_some_and(|token| words.any(|word| token.text.eq_ignore_ascii_case(word)))
    }

    fn word(&mut self, word: &'a str) {
        if self.deeper > 0 {
            return self.name(word);
        }
        let upper = Upper::of(word);
        let upper = upper.as_str();
        let known = match self.frame().kind {
            Kind::Columns => self.in_columns(upper),
            Kind::Statement => self.in_any(upper) || self.in_statement(upper),
            Kind::Case => self.in_case(upper) || self.in_any(upper),
            Kind::Row => self.in_any(upper),
            Kind::Other => self.in_any(upper) || self.in_parentheses(upper),
        };
        if !known {
            self.name(word);
        }
    }

    fn in_any(&mut self, word: &str) -> bool {
        let frame = self.frames.last_mut().unwrap_or(&mut self.top);
        match word {
            "BETWEEN" => frame.between = true,
            "AND" if frame.between => frame.between = false,
            "AND" | "OR" | "XOR" => frame.condition(&mut self.groups),
            "CASE" => self.open(Kind::Case),
            _ => return false,
        }
        true
    }

    fn in_case(&mut self, word: &str) -> bool {
        let frame = self.frames.last_mut().unwrap_or(&mut self.top);
        match word {
            "WHEN" => frame.branch(false, &mut self.groups),
            "THEN" | "ELSE" => frame.branch(true, &mut self.groups),
            "END" => self.close(),
            _ => return false,
        }
        true
    }

    /// In parentheses of which it is not known yet that a statement is in them.
    fn in_parentheses(&mut self, word: &str) -> bool {
        let fresh = self.frame().fresh;
        match word {
            "SELECT" => self.select(),
            "WITH" | "INSERT" | "REPLACE" if fresh => {
                let known = self.in_statement(word);
                self.frame().with |= word == "WITH";
                return known;
            }
            // No engine has a column that is called so.
            "WHERE" | "ON" | "GROUP" | "HAVING" | "ORDER" | "LIMIT" => {
                let frame = self.frames.last_mut().unwrap_or(&mut self.top);
                frame.clause(&mut self.groups);
            }
            "JOIN" => {
                let frame = self.frames.last_mut().unwrap_or(&mut self.top);
                frame.condition(&mut self.groups);
            }
            _ => return false,
        }
        true
    }

    /// Whatever stands in a list of columns is one, unless it turns out that it is none.
    fn in_columns(&mut self, word: &str) -> bool {
        let frame = self.frame();
        let is_query = word == "SELECT" && frame.fresh;
        let after_with = frame.at == 0 && self.follows(&["WITH"]);
        if is_query {
            self.select();
        } else if after_with {
            let frame = self.frame();
            (frame.kind, frame.with) = (Kind::Statement, true);
        }
        is_query
    }

    fn in_statement(&mut self, word: &str) -> bool {
        let after = |stage| {
            if stage == Stage::No {
                Stage::No
            } else {
                Stage::Rest
            }
        };
        let distinct = self.follows(&["DISTINCT"]);
        let starts = self.previous.is_none() || self.follows(&["(", ";", ")"]);
        let after_then = self.follows(&["THEN"]);
        let frame = self.frames.last_mut().unwrap_or(&mut self.top);
        let groups = &mut self.groups;
        match word {
            "SELECT" => self.select(),
            "VALUES" | "VALUE" if matches!(frame.stage, Stage::Begun | Stage::Rows) => {
                frame.stage = Stage::Rows;
                frame.with = false;
                frame.source(None, groups);
            }
            "FROM" if !distinct => {
                let insert = frame.insert.filter(|_| frame.stage == Stage::Items);
                let insert = insert.and_then(|at| self.inserts.get_mut(at));
                let any = insert.map(|insert| insert.any(groups));
                frame.stage = after(frame.stage);
                frame.source(any, groups);
            }
            "JOIN" => frame.source(None, groups),
            "UNION" | "EXCEPT" | "INTERSECT" => {
                if frame.insert.is_some() && frame.stage != Stage::No {
                    frame.stage = Stage::Begun;
                }
                frame.source(None, groups);
            }
            "ON" | "WHERE" | "GROUP" | "HAVING" | "ORDER" | "LIMIT" | "OFFSET" | "WINDOW"
            | "FOR" | "FETCH" | "WHEN" | "THEN" | "USING" => {
                frame.stage = match frame.stage {
                    Stage::Items | Stage::Rest => Stage::Rest,
                    _ => Stage::No,
                };
                frame.clause(groups);
            }
            "SET" | "RETURNING" | "UPDATE" | "DELETE" | "MERGE" => {
                frame.stage = Stage::No;
                frame.with = false;
                frame.clause(groups);
            }
            "WITH" if starts || frame.stage == Stage::Begun => {
                frame.kind = Kind::Statement;
                frame.with = true;
            }
            "INSERT" | "REPLACE" => {
                self.may_insert = true;
                if after_then {
                    self.insert();
                }
                return false;
            }
            "INTO" | "ROW" | "ALL" | "DISTINCT" | "RECURSIVE" => {}
            _ => {
                if frame.stage == Stage::Rows {
                    frame.stage = Stage::No;
                }
                return false;
            }
        }
        true
    }

    fn select(&mut self) {
        let frame = self.frames.last_mut().unwrap_or(&mut self.top);
        frame.kind = Kind::Statement;
        frame.with = false;
        frame.selected(&mut self.groups);
        if frame.insert.is_some() && frame.stage == Stage::Begun {
            (frame.stage, frame.at) = (Stage::Items, 0);
            self.item();
        }
    }

    fn insert(&mut self) {
        self.inserts.push(Insert::default());
        let insert = self.inserts.len() - 1;
        let frame = self.frames.last_mut().unwrap_or(&mut self.top);
        frame.kind = Kind::Statement;
        frame.insert = Some(insert);
        frame.stage = Stage::Begun;
        frame.with = false;
    }

    /// The value at a place of a row begins.
    fn item(&mut self) {
        let frame = self.frames.last_mut().unwrap_or(&mut self.top);
        let insert = frame.insert.and_then(|at| self.inserts.get_mut(at));
        let outside = frame.outside();
        self.groups.take_back(frame.group);
        let group = match insert {
            Some(insert) => insert.column(frame.at, &mut self.groups, outside),
            None => self.groups.open(outside, false),
        };
        frame.item(group, &mut self.groups);
    }

    fn name(&mut self, name: &'a str) {
        let names_table = self.frame().with && self.follows(&["WITH", "RECURSIVE", ","]);
        if names_table {
            return;
        }
        let (group, insert, at) = (self.frame().group, self.frame().insert, self.frame().at);
        if self.deeper == 0
            && self.frame().kind == Kind::Columns
            && let Some(insert) = insert.and_then(|insert| self.inserts.get_mut(insert))
        {
            insert.set(at, name);
        }
        self.groups.name(group, name);
    }

    /// What may be a name after all, or the path of a value in JSON.
    fn literal(&mut self, text: &'a str) {
        let is_row = self.frame().kind == Kind::Row;
        if text.starts_with('"') || text.starts_with('\'') && !is_row {
            let group = self.frame().group;
            self.groups.name(group, unquoted(text));
        }
    }

    fn punct(&mut self, punct: &str) {
        match punct {
            "(" => self.parenthesis(),
            "[" => self.open(Kind::Other),
            ")" | "]" => {
                while self.deeper == 0 && self.frame().kind == Kind::Case {
                    self.close();
                }
                self.close();
            }
            "," if self.deeper == 0 => self.comma(),
            "." => {
                let group = self.frame().group;
                let is_name = |token: Token<'_>| {
                    matches!(token.kind, lexer::Kind::Word | lexer::Kind::Quoted)
                };
                if self.previous.is_some_and(is_name) {
                    self.groups.forget_name(group);
                }
            }
            ";" => {
                self.frames.clear();
                self.deeper = 0;
                self.groups.take_back(self.top.group);
                self.top = Frame::new(Kind::Statement, None, &mut self.groups);
            }
            _ => {}
        }
    }

    fn parenthesis(&mut self) {
        let after_as = self.follows(&["AS", "MATERIALIZED"]);
        let after_values = self.follows(&["VALUES"]);
        let frame = self.frame();
        if frame.kind == Kind::Columns && frame.at == 0 && after_values {
            (frame.kind, frame.stage) = (Kind::Statement, Stage::Rows);
        }
        let kind = match (frame.kind, frame.stage) {
            (Kind::Statement, _) if frame.with && after_as => Kind::Statement,
            (Kind::Statement, Stage::Rows) => Kind::Row,
            (Kind::Statement, Stage::Begun) if !frame.with => Kind::Columns,
            (Kind::Columns, _) if frame.fresh => Kind::Columns,
            _ => Kind::Other,
        };
        self.open(kind);
    }

    fn open(&mut self, kind: Kind) {
        if self.deeper > 0 || self.frames.len() >= DEPTH {
            self.deeper += 1;
            return;
        }
        let round = self.frames.last_mut().unwrap_or(&mut self.top);
        round.fresh = false;
        if kind == Kind::Columns {
            // The table's name is not that of a column.
            round.next(&mut self.groups);
        }
        let (group, insert) = (round.group, round.insert);
        let mut frame = Frame::new(kind, Some(group), &mut self.groups);
        if matches!(kind, Kind::Columns | Kind::Row) {
            frame.insert = insert;
            frame.stage = Stage::Begun;
        }
        self.frames.push(frame);
        if kind == Kind::Row {
            self.item();
        }
    }

    fn close(&mut self) {
        if self.deeper > 0 {
            self.deeper -= 1;
        } else if let Some(frame) = self.frames.pop() {
            self.groups.take_back(frame.group);
        }
    }

    fn comma(&mut self) {
        let frame = self.frames.last_mut().unwrap_or(&mut self.top);
        match (frame.kind, frame.stage) {
            (Kind::Columns, _) => frame.at += 1,
            (Kind::Row, _) | (Kind::Statement, Stage::Items) => {
                frame.at += 1;
                self.item();
            }
            (Kind::Statement, _) => {
                frame.no_insert();
                frame.next(&mut self.groups);
            }
            // In a list of values the name stays.
            (Kind::Other | Kind::Case, _) => {}
        }
    }
}

fn unquoted(text: &str) -> &str {
    text.trim_matches(['"', '`', '[', ']', '\''])
}

/// Parentheses deeper than this count as those round them.
const DEPTH: usize = 64;
