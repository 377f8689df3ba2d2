//! The text of a statement without its literals.

use super::lexer::{Kind, Token};

/// Builds the masked text, up to a limit in bytes.
#[derive(Debug)]
pub(super) struct Masked {
    text: String,
    limit: usize,
    space: bool,
    full: bool,
}

impl Masked {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            text: String::new(),
            limit,
            space: false,
            full: false,
        }
    }

    /// Takes one token; false once the text is full.
    pub(super) fn push(&mut self, token: Token<'_>) -> bool {
        if self.full {
            return false;
        }
        if token.kind == Kind::Space {
            self.space = true;
            return true;
        }
        let text = if token.kind == Kind::Literal {
            "?"
        } else {
            token.text
        };
        // For MySQL two dashes are a comment only where white space follows, and what follows may have been one.
        let dashes = text == "-" && self.text.ends_with('-');
        let blank = (self.space && !self.text.is_empty()) || dashes;
        if self.text.len() + text.len() + usize::from(blank) > self.limit {
            self.full = true;
            return false;
        }
        if blank {
            self.text.push(' ');
        }
        self.space = false;
        self.text.push_str(text);
        true
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}
