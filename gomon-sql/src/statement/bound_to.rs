//! What the bound values of a statement are bound to: the columns they are compared with, or written into.

use super::lexer::{Kind, Token};

/// Finds the name for each placeholder: of `name = ?`, `name IN (?, ?)`, `INSERT INTO t (name) VALUES (?)` and `:name`.
#[derive(Debug, Default)]
pub(super) struct BoundTo {
    /// By the order of the values.
    names: Vec<Option<Box<str>>>,
    /// The last name, while what follows may be bound to it.
    last: Option<Box<str>>,
    insert: Insert,
    depth: usize,
    between: bool,
}

/// Where in an `INSERT` the text is.
#[derive(Debug, Default)]
enum Insert {
    #[default]
    No,
    /// Before the list of its columns, or without one.
    Begun,
    Columns(Vec<Box<str>>),
    /// In the list after it; how many values there were before this one.
    Values(Vec<Box<str>>, usize),
}

impl BoundTo {
    pub(super) fn push(&mut self, token: Token<'_>) {
        match token.kind {
            Kind::Space | Kind::Literal => {}
            Kind::Word => self.word(token.text),
            Kind::Quoted => self.name(token.text.trim_matches(QUOTES)),
            Kind::Param => self.param(token.text),
            Kind::Punct => self.punct(token.text),
        }
    }

    pub(super) fn finish(self) -> Vec<Option<Box<str>>> {
        self.names
    }

    fn word(&mut self, word: &str) {
        let is = |keyword: &str| word.eq_ignore_ascii_case(keyword);
        if is("INSERT") || is("REPLACE") {
            self.insert = Insert::Begun;
        } else if is("VALUES") {
            let columns = match std::mem::take(&mut self.insert) {
                Insert::Columns(columns) | Insert::Values(columns, _) => columns,
                Insert::No | Insert::Begun => Vec::new(),
            };
            self.insert = Insert::Values(columns, 0);
        } else if is("SELECT") || is("SET") || is("ON") || is("RETURNING") {
            self.insert = Insert::No;
            self.last = None;
        } else if is("BETWEEN") {
            self.between = true;
        } else if is("AND") && self.between {
            self.between = false;
        } else if BREAKS.iter().any(|keyword| is(keyword)) {
            self.last = None;
        } else if !KEEPS.iter().any(|keyword| is(keyword)) {
            self.name(word);
        }
    }

    fn name(&mut self, name: &str) {
        if let Insert::Columns(columns) = &mut self.insert
            && self.depth > 0
            && columns.len() < MOST
        {
            columns.push(name.into());
        }
        self.last = Some(name.into());
    }

    fn punct(&mut self, punct: &str) {
        match punct {
            "(" => {
                self.depth += 1;
                match &mut self.insert {
                    Insert::Begun => self.insert = Insert::Columns(Vec::new()),
                    Insert::Values(_, at) if self.depth == 1 => *at = 0,
                    _ => {}
                }
            }
            ")" => self.depth = self.depth.saturating_sub(1),
            "," => match &mut self.insert {
                Insert::Values(_, at) if self.depth == 1 => *at += 1,
                // In a list of values the name stays.
                _ if self.depth == 0 => self.last = None,
                _ => {}
            },
            ";" => (self.insert, self.last) = (Insert::No, None),
            _ => {}
        }
    }

    fn param(&mut self, text: &str) {
        let own = text.trim_start_matches([':', '@', '$', '?']);
        let number: Option<usize> = own.parse().ok();
        let place = match number {
            Some(number) => number.saturating_sub(1),
            None => self.names.len(),
        };
        if place >= MOST {
            return;
        }
        let column = match &self.insert {
            Insert::Values(columns, at) => columns.get(*at).cloned(),
            _ => self.last.clone(),
        };
        let own = Some(own).filter(|own| number.is_none() && !own.is_empty());
        let name = column.or_else(|| own.map(Box::from));
        if self.names.len() <= place {
            self.names.resize(place + 1, None);
        }
        if let Some(slot) = self.names.get_mut(place)
            && slot.is_none()
        {
            *slot = name;
        }
    }
}

/// As many values as a list in an event has.
const MOST: usize = 256;
const QUOTES: [char; 4] = ['"', '`', '[', ']'];

/// Words between a name and what it is compared with.
const KEEPS: [&str; 12] = [
    "AND", "ANY", "AS", "ESCAPE", "ILIKE", "IN", "INTO", "IS", "LIKE", "NOT", "ALL", "SOME",
];

/// Words after which something else begins.
const BREAKS: [&str; 16] = [
    "CASE", "ELSE", "FROM", "GROUP", "HAVING", "JOIN", "LIMIT", "OFFSET", "OR", "ORDER", "THEN",
    "UNION", "UPDATE", "WHEN", "WHERE", "WITH",
];

#[cfg(test)]
mod tests {
    use crate::statement::{Dialect, Statement};

    #[test]
    fn a_value_belongs_to_the_column_that_it_is_for() {
        for (sql, names) in [
            ("SELECT a FROM t WHERE id = ? AND token = ?", "id token"),
            ("SELECT a FROM t WHERE token = $2 OR id = $1", "id token"),
            (
                "SELECT a FROM t WHERE \"Token\" IN (?, ?) LIMIT ?",
                "Token Token -",
            ),
            (
                "SELECT a FROM t WHERE age BETWEEN ? AND ? AND pin <> ?",
                "age age pin",
            ),
            (
                "UPDATE users SET password = ?, name = ? WHERE id = ?",
                "password name id",
            ),
            (
                "INSERT INTO users (name, password) VALUES (?, ?), (?, ?)",
                "name password name password",
            ),
            (
                "INSERT INTO users (name, password) VALUES (lower($1), $2) ON CONFLICT (name) DO UPDATE SET pin = $3",
                "name password pin",
            ),
            ("INSERT INTO users VALUES (?, ?)", "- -"),
            ("SELECT a FROM t WHERE u.secret LIKE ?", "secret"),
            ("SELECT :password, @pin", "password pin"),
        ] {
            for dialect in [Dialect::Postgres, Dialect::Sqlite] {
                let read = Statement::read(sql, dialect);
                let found = read
                    .bound_to
                    .iter()
                    .map(|name| name.as_deref().unwrap_or("-"));
                let found = found.collect::<Vec<_>>().join(" ");
                if !(dialect == Dialect::Postgres && sql.contains([':', '@'])) {
                    assert_eq!(found, names, "{sql}");
                }
            }
        }
    }
}
