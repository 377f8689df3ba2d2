//! Reads the text of a pattern.

use serde_json::{Deserializer, Value};

use super::pattern::{
    COMPLETED, Condition, Count, Events, Item, Level, Order, REST, Test, Text, What,
};
use crate::event::outcome::Outcome;

/// Why a pattern cannot be read: the line, from 1, and what is wrong there.
#[derive(Debug, PartialEq)]
pub(super) struct Unreadable {
    pub(super) line: usize,
    pub(super) reason: String,
}

pub(super) fn parse(text: &str) -> Result<Level, Unreadable> {
    let lines: Vec<Line<'_>> = lines(text).collect();
    let mut left = lines.as_slice();
    let Some(first) = left.first() else {
        return Ok(Level::default());
    };
    let level = level(&mut left, first.indent)?;
    match left.first() {
        None => Ok(level),
        Some(line) => Err(line.is_wrong("is indented less than the first line")),
    }
}

#[derive(Clone, Copy)]
struct Line<'a> {
    number: usize,
    indent: usize,
    text: &'a str,
}

impl Line<'_> {
    fn is_wrong(&self, reason: impl Into<String>) -> Unreadable {
        Unreadable {
            line: self.number,
            reason: reason.into(),
        }
    }
}

/// Those with something on them, counted from the first of these.
fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let lines = text.lines().skip_while(|line| line.trim().is_empty());
    let lines = (1..).zip(lines).map(|(number, line)| Line {
        number,
        indent: line.len() - line.trim_start().len(),
        text: line.trim(),
    });
    lines.filter(|line| !line.text.is_empty())
}

fn level(left: &mut &[Line<'_>], indent: usize) -> Result<Level, Unreadable> {
    let mut level = Level::default();
    while let Some((line, rest)) = left.split_first()
        && line.indent >= indent
    {
        if line.indent > indent {
            return Err(line.is_wrong("is indented otherwise than the lines beside it"));
        }
        *left = rest;
        if line.text == ANY_ORDER {
            if !level.items.is_empty() || level.order == Order::Any {
                return Err(line.is_wrong("`(any order)` comes first among its siblings"));
            }
            level.order = Order::Any;
            continue;
        }
        let what = what(line.text).map_err(|reason| line.is_wrong(reason))?;
        let children = match left.first() {
            Some(next) if next.indent > indent => self::level(left, next.indent)?,
            _ => Level::default(),
        };
        if matches!(what, What::Rest) && !children.items.is_empty() {
            return Err(line.is_wrong("`..` stands for events with all that they caused"));
        }
        level.items.push(Item {
            line: line.number,
            text: line.text.to_owned(),
            what,
            children,
        });
    }
    Ok(level)
}

fn what(text: &str) -> Result<What, String> {
    if text == REST {
        return Ok(What::Rest);
    }
    let mut left = Reader(text);
    let name = left.name()?;
    let outcome = left.outcome()?;
    let conditions = left.conditions()?;
    let count = left.count()?;
    if !left.0.is_empty() {
        return Err(format!("`{}` is too much: {FORM}", left.0));
    }
    Ok(What::Events(Events {
        name,
        outcome,
        conditions,
        count,
    }))
}

/// What is left of a line.
struct Reader<'a>(&'a str);

impl<'a> Reader<'a> {
    fn name(&mut self) -> Result<Text, String> {
        if self.0.starts_with('"') {
            return self.string().map(Text::Exactly);
        }
        match self.until(|c| c.is_whitespace() || c == '{') {
            "" => Err(format!("a line begins with a name: {FORM}")),
            name if name.contains('*') => Ok(Text::Like(name.to_owned())),
            name => Ok(Text::Exactly(name.to_owned())),
        }
    }

    fn outcome(&mut self) -> Result<Option<String>, String> {
        let word = self.0.split([' ', '{']).next().unwrap_or("");
        if word.is_empty() || count(word).is_some() {
            return Ok(Some(COMPLETED.to_owned()));
        }
        let known = word == "*" || Outcome::ALL.iter().any(|outcome| outcome.as_str() == word);
        if !known {
            let all = Outcome::ALL.map(Outcome::as_str).join(", ");
            return Err(format!(
                "`{word}` is no outcome; there are {all}, and * for any; a name with spaces is in quotes"
            ));
        }
        self.skip(word.len());
        Ok((word != "*").then(|| word.to_owned()))
    }

    fn conditions(&mut self) -> Result<Vec<Condition>, String> {
        let mut conditions = Vec::new();
        if !self.take("{") {
            return Ok(conditions);
        }
        loop {
            conditions.push(self.condition()?);
            if self.take("}") {
                return Ok(conditions);
            }
            if !self.take(",") {
                return Err(format!(
                    "after a condition comes `,` or `}}`, not `{}`",
                    self.0
                ));
            }
        }
    }

    fn condition(&mut self) -> Result<Condition, String> {
        let absent = self.take("!");
        let path = match self.0.starts_with('"') {
            true => self.string()?,
            false => self
                .until(|c| c.is_whitespace() || "=~,}".contains(c))
                .to_owned(),
        };
        if path.is_empty() {
            return Err("a condition begins with a key".to_owned());
        }
        let test = if absent {
            Test::Absent
        } else if self.take("=") {
            Test::Equals(self.value()?)
        } else if self.take("~") {
            Test::Like(self.string()?)
        } else {
            Test::Present
        };
        Ok(Condition { path, test })
    }

    fn count(&mut self) -> Result<Count, String> {
        let word = self.until(char::is_whitespace);
        match count(word) {
            Some(count) => Ok(count),
            None if word.is_empty() => Ok(Count::Exactly(1)),
            None => Err(format!("`{word}` is too much: {FORM}")),
        }
    }

    fn string(&mut self) -> Result<String, String> {
        match self.value()? {
            Value::String(text) => Ok(text),
            other => Err(format!("`{other}` is no text in quotes")),
        }
    }

    /// A value as JSON has it.
    fn value(&mut self) -> Result<Value, String> {
        let mut values = Deserializer::from_str(self.0).into_iter();
        let value = match values.next() {
            Some(Ok(value)) => value,
            _ => return Err(format!("`{}` does not begin with a JSON value", self.0)),
        };
        let used = values.byte_offset();
        self.skip(used);
        Ok(value)
    }

    fn until(&mut self, end: impl Fn(char) -> bool) -> &'a str {
        let at = self.0.find(end).unwrap_or(self.0.len());
        let word = self.0.get(..at).unwrap_or("");
        self.skip(at);
        word
    }

    fn take(&mut self, sign: &str) -> bool {
        let there = self.0.starts_with(sign);
        if there {
            self.skip(sign.len());
        }
        there
    }

    fn skip(&mut self, bytes: usize) {
        self.0 = self.0.get(bytes..).unwrap_or("").trim_start();
    }
}

/// `x3`, `x3+`.
fn count(word: &str) -> Option<Count> {
    let digits = word.strip_prefix('x')?;
    match digits.strip_suffix('+') {
        Some(digits) => digits.parse().ok().map(Count::AtLeast),
        None => digits.parse().ok().map(Count::Exactly),
    }
}

const ANY_ORDER: &str = "(any order)";
const FORM: &str = "a line is `name outcome {key=value} xN`, all but the name as you like";

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(text: &str) -> (usize, String) {
        let wrong = parse(text).unwrap_err();
        (wrong.line, wrong.reason)
    }

    #[test]
    fn the_indentation_of_all_lines_and_empty_lines_do_not_count() {
        let level = parse("\n\n      a\n\n        b\n      c\n    ").unwrap();
        let lines: Vec<_> = level.items.iter().map(|item| item.line).collect();
        assert_eq!(lines, [1, 4]);
        assert_eq!(level.items[0].children.items[0].line, 3);
    }

    #[test]
    fn a_pattern_that_cannot_be_read_says_where_and_why() {
        for (text, line, said) in [
            ("a\n b\n  c\n d\n   e\n  f", 6, "is indented otherwise"),
            ("  a\nb", 2, "is indented less"),
            ("a\n  ..\n    b", 2, "`..` stands for events with all"),
            ("a\n  b\n  (any order)", 3, "`(any order)` comes first"),
            ("a faild", 1, "`faild` is no outcome; there are completed, "),
            ("a failed x2 x3", 1, "`x3` is too much"),
            ("a failed twice", 1, "`twice` is too much"),
            ("{a=1}", 1, "a line begins with a name"),
            ("a {=1}", 1, "a condition begins with a key"),
            ("a {b=}", 1, "`}` does not begin with a JSON value"),
            ("a {b~3}", 1, "`3` is no text in quotes"),
            (
                "a {b=1 c=2}",
                1,
                "after a condition comes `,` or `}`, not `c=2}`",
            ),
            ("\"a", 1, "`\"a` does not begin with a JSON value"),
        ] {
            let (at, why) = reason(text);
            assert!(why.starts_with(said), "{text}: {why}");
            assert_eq!(at, line, "{text}: {why}");
        }
    }
}
