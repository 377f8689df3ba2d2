//! The fingerprint of a statement: the same for all calls of the same statement.

use super::lexer::{Kind, Token};
use super::steps;

/// Parentheses deeper than this are not looked into for lists.
const DEPTH: usize = 64;

/// Builds the normalised text and hashes it.
///
/// Literals and placeholders become `?`, words lower case, white space nothing but a separator. An item of a list (inside
/// `IN (…)`, inside and between the tuples of `VALUES (…), (…)`) that equals the item before it is taken back, so that
/// the length of a list of placeholders does not matter.
#[derive(Debug, Default)]
pub(super) struct Digest {
    text: Vec<u8>,
    frames: Vec<Frame>,
    deeper: usize,
    next_is_list: bool,
    after_word: bool,
}

/// An open parenthesis, or the top level of the text.
#[derive(Debug, Default)]
struct Frame {
    list: Option<List>,
}

/// A list that is being read: where its current item starts, and the item before it.
#[derive(Debug)]
struct List {
    item: usize,
    previous: Option<(usize, usize)>,
    /// The tuples of `VALUES`, which the next word ends.
    open_ended: bool,
}

impl Digest {
    pub(super) fn new() -> Self {
        Self {
            frames: vec![Frame::default()],
            ..Self::default()
        }
    }

    pub(super) fn push(&mut self, token: Token<'_>) {
        match token.kind {
            Kind::Space => return,
            Kind::Word => self.word(token.text),
            Kind::Quoted => self.plain(token.text.as_bytes()),
            Kind::Literal | Kind::Param => self.plain(b"?"),
            Kind::Punct => self.punct(token.text.as_bytes().first().copied().unwrap_or(b' ')),
        }
        self.after_word = token.kind == Kind::Word && !self.next_is_list;
    }

    pub(super) fn finish(mut self) -> u64 {
        while let Some(mut frame) = self.frames.pop() {
            if let Some(list) = &mut frame.list {
                list.end_item(&mut self.text);
            }
        }
        self.text.iter().fold(FNV_OFFSET, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME)
        })
    }

    fn plain(&mut self, text: &[u8]) {
        self.text.extend_from_slice(text);
        self.text.push(b' ');
    }

    fn word(&mut self, word: &str) {
        // Keywords end the tuples of VALUES; the top level of them is not inside parentheses of its own.
        if let Some(mut list) = self
            .frames
            .last_mut()
            .and_then(|frame| frame.list.take_if(|list| list.open_ended))
        {
            list.end_item(&mut self.text);
        }
        let from = self.text.len();
        self.plain(word.as_bytes());
        if let Some(added) = self.text.get_mut(from..) {
            added.make_ascii_lowercase();
        }
        if word.eq_ignore_ascii_case("values") && self.deeper == 0 {
            let item = self.text.len();
            if let Some(frame) = self.frames.last_mut() {
                frame.list = Some(List {
                    item,
                    previous: None,
                    open_ended: true,
                });
            }
        }
        self.next_is_list = word.eq_ignore_ascii_case("in") || word.eq_ignore_ascii_case("values");
    }

    fn punct(&mut self, c: u8) {
        match c {
            b'(' => self.open(),
            b')' => self.close(),
            b',' => {
                if self.deeper == 0
                    && let Some(list) = self.frames.last_mut().and_then(|frame| frame.list.as_mut())
                {
                    list.end_item(&mut self.text);
                }
                self.text.push(b',');
            }
            _ => self.text.push(c),
        }
        self.next_is_list = false;
    }

    fn open(&mut self) {
        self.text.push(b'(');
        if self.frames.len() >= DEPTH {
            self.deeper += 1;
            return;
        }
        let in_list = self.frames.last().is_some_and(|frame| frame.list.is_some());
        let is_list = self.next_is_list || (in_list && !self.after_word);
        let list = is_list.then_some(List {
            item: self.text.len(),
            previous: None,
            open_ended: false,
        });
        self.frames.push(Frame { list });
    }

    fn close(&mut self) {
        if self.deeper > 0 {
            self.deeper -= 1;
        } else if self.frames.len() > 1
            && let Some(Frame {
                list: Some(mut list),
            }) = self.frames.pop()
        {
            list.end_item(&mut self.text);
        }
        self.text.push(b')');
    }
}

impl List {
    /// At a comma or at the end: takes the item back if it repeats the one before.
    fn end_item(&mut self, text: &mut Vec<u8>) {
        let end = text.len();
        steps::count(end.saturating_sub(self.item));
        if let Some((start, stop)) = self.previous
            && text.get(start..stop) == text.get(self.item..end)
        {
            // Together with the comma before it.
            text.truncate(stop);
        } else {
            self.previous = Some((self.item, end));
        }
        // The comma that follows is written by the caller.
        self.item = text.len() + 1;
    }
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

#[cfg(test)]
mod tests {
    use crate::statement::{Dialect, Statement};

    fn same(a: &str, b: &str) -> bool {
        let digest = |sql| Statement::read(sql, Dialect::Postgres).digest;
        digest(a) == digest(b)
    }

    #[test]
    fn literals_case_space_and_comments_do_not_matter() {
        assert!(same(
            "SELECT * FROM t WHERE a = 1",
            "select *  from T -- x\n where A = 'b'"
                .to_lowercase()
                .as_str()
        ));
        assert!(same("SELECT a FROM t", "select a\nfrom t"));
        assert!(!same("SELECT a FROM t", "SELECT b FROM t"));
        assert!(!same("SELECT ab FROM t", "SELECT a b FROM t"));
        assert!(!same("SELECT f($1, $2)", "SELECT f($1)"));
        assert!(!same(
            "SELECT a FROM t LIMIT 1",
            "SELECT a FROM t LIMIT 1, 2"
        ));
    }

    #[test]
    fn the_length_of_lists_does_not_matter() {
        assert!(same(
            "SELECT a FROM t WHERE b IN (1)",
            "SELECT a FROM t WHERE b IN ($1, $2, $3)"
        ));
        assert!(same(
            "INSERT INTO t VALUES (1, 2)",
            "INSERT INTO t VALUES (1, 2), (3, 4), (5, 6)"
        ));
        assert!(same(
            "INSERT INTO t VALUES ($1, now()) RETURNING id",
            "INSERT INTO t VALUES ($1, now()), ($2, now()) RETURNING id"
        ));
        assert!(same(
            "SELECT 1 WHERE (a, b) IN ((1, 2))",
            "SELECT 1 WHERE (a, b) IN ((1, 2), (3, 4))"
        ));
        assert!(!same(
            "SELECT a FROM t WHERE b IN (1)",
            "SELECT a FROM t WHERE b IN (c)"
        ));
        assert!(!same(
            "INSERT INTO t VALUES (1) RETURNING a",
            "INSERT INTO t VALUES (1) RETURNING b"
        ));
    }
}
