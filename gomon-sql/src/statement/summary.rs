//! The summary of a statement: its operations and what they work on.

use super::keywords::{BEFORE_TARGET, DDL, DML, OBJECTS, OPERATIONS, Upper};
use super::lexer::{Kind, Token};

/// The most a summary holds, in bytes (OpenTelemetry's limit).
const SUMMARY_BYTES: usize = 255;
/// Names of common table expressions that are told from tables; more of them are taken for tables.
const CTE_NAMES: usize = 32;
/// Parentheses deeper than this are not looked into.
const DEPTH: usize = 64;

/// Builds the summary: `SELECT users orders`, `INSERT orders`, `CREATE TABLE carts`.
///
/// Follows `db.query.summary` of OpenTelemetry's semantic conventions for databases: operations upper case, targets as
/// written, in the order of the text. Names in quotes lose them where the name is a plain one. The names of common table
/// expressions are not targets, and an operation without a target is left out where another one has a target.
#[derive(Debug, Default)]
pub(super) struct Summary {
    parts: Vec<Part>,
    bytes: usize,
    frames: Vec<Frame>,
    deeper: usize,
    ctes: Vec<String>,
    state: State,
    /// After an `INSERT` or `REPLACE` without `INTO`, as MySQL and SQL Server allow.
    bare: bool,
    name: String,
    writes: bool,
    inserts: bool,
    reads: bool,
    returning: bool,
    previous: Previous,
}

/// One operation with its targets.
#[derive(Debug)]
struct Part {
    operation: &'static str,
    targets: String,
}

/// An open parenthesis, or the top level.
#[derive(Debug, Default)]
struct Frame {
    /// An operation began in it: without one, a `FROM` in it belongs to a function such as `EXTRACT`.
    operation: bool,
    /// Which part of the summary that operation is.
    part: usize,
    /// Commas separate tables here.
    tables: bool,
    /// Between `WITH` and the operation it stands before.
    with: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Idle,
    /// The next name is a target.
    WantTarget,
    /// A target is being read; it may go on after a point.
    InTarget,
    /// As `InTarget`, after the point.
    AfterPoint,
    /// After `CREATE`, `DROP`, `ALTER` or `TRUNCATE`: the kind of object comes.
    WantObject,
    /// The next name is that of a common table expression.
    WantCte,
}

/// What the last token that says something was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Previous {
    /// Nothing, or a semicolon.
    #[default]
    Start,
    Open,
    Close,
    /// A word after which a statement begins: `EXPLAIN`, `AS`.
    Leads,
    Distinct,
    Other,
}

impl Summary {
    pub(super) fn new() -> Self {
        Self {
            frames: vec![Frame::default()],
            ..Self::default()
        }
    }

    pub(super) fn writes(&self) -> bool {
        self.writes
    }

    pub(super) fn returning(&self) -> bool {
        self.returning
    }

    /// A guess at whether rows come back.
    pub(super) fn returns_rows(&self) -> bool {
        self.returning || (self.reads && !self.writes)
    }

    pub(super) fn inserts(&self) -> bool {
        self.inserts
    }

    pub(super) fn push(&mut self, token: Token<'_>) {
        let previous = self.previous;
        self.previous = Previous::Other;
        match token.kind {
            Kind::Space => self.previous = previous,
            Kind::Word => self.word(token.text, previous),
            Kind::Quoted => self.name(token.text),
            Kind::Literal | Kind::Param => self.other(),
            Kind::Punct => self.punct(token.text.as_bytes().first().copied().unwrap_or(b' ')),
        }
    }

    pub(super) fn finish(mut self) -> String {
        self.other();
        let with_targets = self.parts.iter().any(|part| !part.targets.is_empty());
        let mut out = String::new();
        for part in self
            .parts
            .iter()
            .filter(|part| !with_targets || !part.targets.is_empty())
        {
            if out.len() + part.operation.len() + part.targets.len() + 1 > SUMMARY_BYTES {
                break;
            }
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(part.operation);
            out.push_str(&part.targets);
            if !with_targets {
                break;
            }
        }
        out
    }

    fn word(&mut self, word: &str, previous: Previous) {
        if matches!(self.state, State::AfterPoint) {
            return self.name(word);
        }
        let upper = Upper::of(word);
        let word_is = upper.as_str();
        if let Some(operation) = self.operation(word_is, previous) {
            return self.begin(operation);
        }
        match word_is {
            "WITH" if self.starts(previous) => {
                self.frame(|frame| frame.with = true);
                self.state = State::WantCte;
            }
            "RECURSIVE" if self.state == State::WantCte => {}
            "FROM" if self.top().operation && previous != Previous::Distinct => self.want_tables(),
            "JOIN" | "STRAIGHT_JOIN" if self.top().operation => self.want(State::WantTarget),
            "INTO" if self.top().operation => {
                self.bare = false;
                self.want(State::WantTarget);
            }
            "PARTITION" | "DEFAULT" | "VALUE" | "OUTPUT" if self.state == State::InTarget => {
                self.other();
            }
            "WHERE" | "GROUP" | "ORDER" | "LIMIT" | "ON" | "SET" | "VALUES" | "HAVING"
            | "UNION" | "RETURNING" | "USING" | "WINDOW" | "EXCEPT" | "INTERSECT" | "FOR"
            | "OFFSET" => {
                self.returning |= word_is == "RETURNING";
                self.other();
                self.frame(|frame| frame.tables = false);
            }
            "EXPLAIN" | "ANALYZE" | "AS" | "VERBOSE" => {
                self.other();
                self.previous = Previous::Leads;
            }
            "DISTINCT" => self.previous = Previous::Distinct,
            _ if self.state == State::WantObject => self.object(word_is),
            _ if self.state == State::WantTarget && BEFORE_TARGET.contains(&word_is) => {}
            _ => self.name(word),
        }
    }

    /// The operation that `word` begins here, if it does.
    fn operation(&self, word: &str, previous: Previous) -> Option<&'static str> {
        if word == "SELECT" {
            return Some("SELECT");
        }
        let at_top = self.frames.len() == 1;
        let found = OPERATIONS.iter().find(|name| **name == word).copied()?;
        let begins = self.starts(previous) || (previous == Previous::Close && self.top().with);
        // `(REPLACE(a, b))` is a function.
        (begins && (at_top || DML.contains(&found) && found != "REPLACE")).then_some(found)
    }

    fn starts(&self, previous: Previous) -> bool {
        matches!(previous, Previous::Start | Previous::Open | Previous::Leads)
    }

    fn begin(&mut self, operation: &'static str) {
        self.other();
        self.writes |= DML.contains(&operation);
        self.reads |= matches!(
            operation,
            "SELECT" | "VALUES" | "SHOW" | "PRAGMA" | "FETCH" | "CALL"
        );
        self.bare = matches!(operation, "INSERT" | "REPLACE");
        self.inserts |= self.bare;
        let part = self.parts.len();
        self.frame(|frame| {
            *frame = Frame {
                operation: true,
                part,
                ..Frame::default()
            }
        });
        if self.bytes < SUMMARY_BYTES {
            self.bytes += operation.len() + 1;
            self.parts.push(Part {
                operation,
                targets: String::new(),
            });
        }
        self.state = match operation {
            "INSERT" | "REPLACE" | "UPDATE" | "MERGE" | "COPY" | "CALL" | "PRAGMA" => {
                State::WantTarget
            }
            "CREATE" | "DROP" | "ALTER" | "TRUNCATE" => State::WantObject,
            _ => State::Idle,
        };
    }

    /// The kind of object after `CREATE` and its like, with the words that may stand between.
    fn object(&mut self, word: &str) {
        if let Some(kind) = OBJECTS.iter().find(|kind| **kind == word) {
            if let Some(part) = self.parts.last_mut() {
                part.operation = joined(part.operation, kind);
            }
            self.state = State::WantTarget;
        } else if self
            .parts
            .last()
            .is_some_and(|part| part.operation == "TRUNCATE")
        {
            self.state = State::WantTarget;
            self.name(word);
        }
    }

    fn name(&mut self, name: &str) {
        match self.state {
            State::WantTarget => {
                plain_name(name).clone_into(&mut self.name);
                self.state = State::InTarget;
            }
            State::AfterPoint => {
                self.name.push('.');
                self.name.push_str(plain_name(name));
                self.state = State::InTarget;
            }
            State::WantCte => {
                if self.ctes.len() < CTE_NAMES {
                    self.ctes.push(plain_name(name).to_lowercase());
                }
                self.state = State::Idle;
            }
            State::WantObject => {}
            // No such statement goes on with a name.
            State::InTarget if self.bare => self.state = State::Idle,
            State::InTarget | State::Idle => self.other(),
        }
    }

    fn punct(&mut self, c: u8) {
        match c {
            b'.' if self.state == State::InTarget => self.state = State::AfterPoint,
            b'(' => self.open(),
            b')' => {
                self.other();
                self.close();
            }
            b',' => {
                self.other();
                let top = self.top();
                if top.tables {
                    self.state = State::WantTarget;
                } else if top.with {
                    self.state = State::WantCte;
                }
            }
            b';' => {
                self.other();
                self.frames.truncate(1);
                self.deeper = 0;
                self.frame(|frame| *frame = Frame::default());
                self.previous = Previous::Start;
            }
            _ => self.other(),
        }
    }

    fn open(&mut self) {
        // A name before a parenthesis is a function where tables are read, and a table where they are written or made.
        if self.top().tables && self.state == State::InTarget {
            self.state = State::Idle;
        }
        self.other();
        if self.frames.len() < DEPTH {
            self.frames.push(Frame::default());
        } else {
            self.deeper += 1;
        }
        self.previous = Previous::Open;
    }

    fn close(&mut self) {
        if self.deeper > 0 {
            self.deeper -= 1;
        } else if self.frames.len() > 1 {
            self.frames.pop();
        }
        self.previous = Previous::Close;
    }

    fn want_tables(&mut self) {
        self.want(State::WantTarget);
        self.frame(|frame| frame.tables = true);
    }

    fn want(&mut self, state: State) {
        self.other();
        self.state = state;
    }

    /// Something that ends a target.
    fn other(&mut self) {
        if matches!(self.state, State::InTarget | State::AfterPoint) {
            self.add_target();
        }
        self.state = State::Idle;
    }

    fn add_target(&mut self) {
        let is_cte = !self.ctes.is_empty() && self.ctes.contains(&self.name.to_lowercase());
        if is_cte || self.name.is_empty() || self.bytes + self.name.len() + 1 > SUMMARY_BYTES {
            return;
        }
        // What comes after a subquery belongs to the operation round it.
        let part = self.top().part;
        if let Some(part) = self.parts.get_mut(part) {
            let known = part.targets.split(' ').any(|target| target == self.name);
            if !known {
                self.bytes += self.name.len() + 1;
                part.targets.push(' ');
                part.targets.push_str(&self.name);
            }
        }
    }

    fn top(&self) -> &Frame {
        const NONE: &Frame = &Frame {
            operation: false,
            part: 0,
            tables: false,
            with: false,
        };
        self.frames.last().unwrap_or(NONE)
    }

    fn frame(&mut self, change: impl FnOnce(&mut Frame)) {
        if let Some(frame) = self.frames.last_mut() {
            change(frame);
        }
    }
}

/// The name without its quotes, if it needs none.
fn plain_name(name: &str) -> &str {
    let inner = name
        .get(1..name.len().saturating_sub(1))
        .unwrap_or_default();
    let quoted = name.starts_with(['"', '`', '[']);
    let plain = !inner.is_empty()
        && inner
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '$' | '-'));
    if quoted && plain { inner } else { name }
}

/// `CREATE` and `TABLE` to `CREATE TABLE`; static, so that a summary costs no allocation for it.
fn joined(operation: &'static str, kind: &str) -> &'static str {
    DDL.iter()
        .find(|full| {
            full.strip_prefix(operation)
                .is_some_and(|rest| rest.trim_start() == kind)
        })
        .copied()
        .unwrap_or(operation)
}

#[cfg(test)]
mod tests;
