//! Values as text for a terminal: short, and harmless whatever they hold.

use std::fmt::{Display, Write};

use gomon_core::{Tree, ValueRef};

/// Characters of one value that are shown; `…` stands for the others.
pub(super) const VALUE_CHARS: usize = 100;

/// Appends a value: bare, or in quotes where it is hard to see where it ends.
pub(super) fn value(value: ValueRef<'_>, out: &mut String) {
    let mut short = Short::new(out);
    // The error says that the text is cut, and the `…` was written.
    let _cut = match value {
        ValueRef::Null => short.write_str("null"),
        ValueRef::Bool(value) => write!(short, "{value}"),
        ValueRef::I64(value) => write!(short, "{value}"),
        ValueRef::U64(value) => write!(short, "{value}"),
        ValueRef::F64(value) => write!(short, "{value}"),
        ValueRef::Str(text) => write_text(&mut short, text),
        ValueRef::Tree(tree) => write_tree(&mut short, tree),
        ValueRef::Packed(map) => write_tree(&mut short, &map.to_tree()),
        _ => short.write_str("?"),
    };
}

/// Appends a name.
pub(super) fn name(name: impl Display, out: &mut String) {
    let _cut = write!(Short::new(out), "{name}");
}

/// Text in which nothing can move the cursor, change colours, end the line or reorder it: control
/// characters (C0, DEL, C1), line and paragraph separators and the marks of bidirectional text
/// come out as `\n`, `\u{1b}` and the like. It takes [`VALUE_CHARS`], writes `…` and then errs.
struct Short<'a> {
    out: &'a mut String,
    left: usize,
}

impl<'a> Short<'a> {
    fn new(out: &'a mut String) -> Self {
        Self {
            out,
            left: VALUE_CHARS,
        }
    }
}

impl Write for Short<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        for char in text.chars() {
            let Some(left) = self.left.checked_sub(1) else {
                self.out.push('…');
                return Err(std::fmt::Error);
            };
            self.left = left;
            if is_harmful(char) {
                self.out.extend(char.escape_default());
            } else {
                self.out.push(char);
            }
        }
        Ok(())
    }
}

fn write_text(out: &mut impl Write, text: &str) -> std::fmt::Result {
    let plain = !text.is_empty()
        && !text.contains(|char: char| char.is_whitespace() || matches!(char, '"' | '='));
    if plain {
        out.write_str(text)
    } else {
        write!(out, "\"{text}\"")
    }
}

fn write_tree(out: &mut impl Write, tree: &Tree) -> std::fmt::Result {
    match tree {
        Tree::Bool(value) => write!(out, "{value}"),
        Tree::I64(value) => write!(out, "{value}"),
        Tree::U64(value) => write!(out, "{value}"),
        Tree::F64(value) => write!(out, "{value}"),
        Tree::Str(text) => write_text(out, text),
        Tree::Bytes(bytes) => write!(out, "<{} bytes>", bytes.len()),
        Tree::List(items) => {
            out.write_char('[')?;
            separated(out, items, |out, item| write_tree(out, item))?;
            out.write_char(']')
        }
        Tree::Map(entries) => {
            out.write_char('{')?;
            separated(out, entries, |out, (key, value)| {
                write!(out, "{key}=")?;
                write_tree(out, value)
            })?;
            out.write_char('}')
        }
        _ => out.write_str("null"),
    }
}

fn separated<W: Write, T>(
    out: &mut W,
    items: &[T],
    mut write: impl FnMut(&mut W, &T) -> std::fmt::Result,
) -> std::fmt::Result {
    for (nth, item) in items.iter().enumerate() {
        if nth > 0 {
            out.write_char(' ')?;
        }
        write(out, item)?;
    }
    Ok(())
}

fn is_harmful(char: char) -> bool {
    match char {
        '\u{2028}' | '\u{2029}' => true,
        // https://www.unicode.org/reports/tr9/, 2: the characters that change directions.
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            true
        }
        _ => char.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let mut out = String::new();
        name(text, &mut out);
        out
    }

    #[test]
    fn nothing_that_steers_a_terminal_passes() {
        assert_eq!(shown("a\r\nb\tc"), "a\\r\\nb\\tc");
        assert_eq!(
            shown("\u{1b}[31mred\u{7}\u{7f}"),
            "\\u{1b}[31mred\\u{7}\\u{7f}"
        );
        assert_eq!(shown("\u{9b}2J\u{85}"), "\\u{9b}2J\\u{85}");
        assert_eq!(
            shown("\u{202e}gpj.exe\u{2066}"),
            "\\u{202e}gpj.exe\\u{2066}"
        );
        assert_eq!(shown("\u{2028}"), "\\u{2028}");
        assert_eq!(shown("žluťoučký 🐎 \"x\" \\"), "žluťoučký 🐎 \"x\" \\");
    }

    #[test]
    fn long_values_are_cut_at_a_character() {
        let fits = "ž".repeat(VALUE_CHARS);
        assert_eq!(shown(&fits), fits);
        assert_eq!(shown(&"ž".repeat(VALUE_CHARS + 1)), format!("{fits}…"));
    }

    #[test]
    fn trees_are_shown_in_short() {
        let tree = Tree::map()
            .with("path", "/a b")
            .with("n", 1)
            .with("list", vec![1, 2]);
        let mut out = String::new();
        value(ValueRef::Tree(&tree), &mut out);
        assert_eq!(out, "{path=\"/a b\" n=1 list=[1 2]}");
    }
}
