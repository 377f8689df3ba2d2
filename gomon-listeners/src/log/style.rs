//! Colours of a terminal.

use std::env;

/// Whether readable lines have colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Colour {
    /// On a terminal, unless the environment asks for none: `NO_COLOR` is set and not empty, as
    /// <https://no-color.org> has it, or `TERM` is `dumb`.
    #[default]
    Auto,
    /// Wherever the lines go.
    Always,
    /// Nowhere.
    Never,
}

impl Colour {
    pub(super) fn style(self, terminal: bool) -> Style {
        let coloured = match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => terminal && !refused(),
        };
        if coloured {
            Style::Coloured
        } else {
            Style::Plain
        }
    }
}

fn refused() -> bool {
    env::var_os("NO_COLOR").is_some_and(|set| !set.is_empty())
        || env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// How parts of a line are set off from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Coloured,
}

/// What a part of a line is, by the colour it has.
#[derive(Clone, Copy, Debug)]
pub(super) enum Paint {
    /// Of less interest: times, ids, names of attributes.
    Dim,
    /// The fingerprint.
    Name,
    /// An opening event.
    Good,
    /// Ended early.
    Warning,
    /// Failed.
    Bad,
}

impl Style {
    /// Writes what `part` writes, in its colour.
    pub(super) fn paint(self, paint: Paint, out: &mut String, part: impl FnOnce(&mut String)) {
        if self == Self::Plain {
            return part(out);
        }
        out.push_str(match paint {
            Paint::Dim => "\x1b[2m",
            Paint::Name => "\x1b[36m",
            Paint::Good => "\x1b[32m",
            Paint::Warning => "\x1b[33m",
            Paint::Bad => "\x1b[31m",
        });
        part(out);
        out.push_str("\x1b[0m");
    }
}
