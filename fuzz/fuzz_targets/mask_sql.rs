//! What an event shows of a statement, by the rules of each engine. The input is a text, or the pieces that one is put together from.
//!
//! Whatever comes: no panic, and a masked text is masked to itself; what any engine takes for a literal or a comment is not shown where
//! it is not known whose the text is. Of a text that is put together by the rules of an engine, read by
//! those rules or without knowing whose they are: nothing of a literal or a comment is in the masked text or in the summary, and
//! the digest stays the same whatever stands between the pieces.
#![no_main]

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: Input| {
    match input {
        Input::Raw { engine, text } => {
            is_masked_to_itself(&text, usize::from(engine));
            is_read_carefully(&text.replace('q', SECRET));
        }
        Input::Built {
            engine,
            backslashes,
            pieces,
        } => built(Rules::of(engine, backslashes), &pieces),
    }
});

#[derive(Arbitrary, Debug)]
enum Input {
    Raw {
        engine: u8,
        text: String,
    },
    Built {
        engine: u8,
        /// Whether a backslash in a string has a meaning, where that is a setting of the server.
        backslashes: bool,
        pieces: Vec<Piece>,
    },
}

#[derive(Arbitrary, Debug)]
struct Piece {
    kind: u8,
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Engine {
    Postgres,
    MySql,
    Sqlite,
    MsSql,
}

#[derive(Clone, Copy, Debug)]
struct Rules {
    engine: Engine,
    backslashes: bool,
}

/// What is in literals and comments, and nowhere else.
const SECRET: &str = "QQ";
const NUMBER: &str = "77";
/// By `gomon_sql::fuzz`, the one that is none of them.
const UNKNOWN: usize = 4;

fn built(rules: Rules, pieces: &[Piece]) {
    let pieces: Vec<String> = pieces
        .iter()
        .take(32)
        .map(|piece| rules.write(piece))
        .collect();
    let text = pieces.join(" ");
    let spaced = pieces.join("\n\t/* a */  ");
    for engine in [rules.engine as usize, UNKNOWN] {
        // Whoever writes for SQL Server says so.
        if engine == UNKNOWN && rules.engine == Engine::MsSql {
            continue;
        }
        is_masked_to_itself(&text, engine);
        let shown = gomon_sql::fuzz::read(&text, engine);
        for shown in [&shown.query, &shown.summary] {
            for secret in [SECRET, NUMBER] {
                assert!(
                    !shown.contains(secret),
                    "{rules:?} {engine}: {secret} of {text:?} came out: {shown:?}"
                );
            }
        }
        let again = gomon_sql::fuzz::read(&spaced, engine);
        assert_eq!(
            shown.digest, again.digest,
            "{rules:?} {engine}: {text:?} {spaced:?}"
        );
    }
}

fn is_masked_to_itself(text: &str, engine: usize) {
    let once = gomon_sql::fuzz::read(text, engine);
    let twice = gomon_sql::fuzz::read(&once.query, engine);
    assert_eq!(once.query, twice.query, "engine {engine}: {text:?}");
    if once.whole {
        assert_eq!(once.summary, twice.summary, "engine {engine}: {text:?}");
    }
}

/// Reads a text without knowing whose it is, and as PostgreSQL, MySQL and SQLite do.
fn is_read_carefully(text: &str) {
    let shown = |engine| {
        let query = gomon_sql::fuzz::read(text, engine).query;
        (query.matches(SECRET).count(), query)
    };
    let careful = shown(UNKNOWN);
    for engine in 0..3 {
        let known = shown(engine);
        assert!(
            careful.0 <= known.0,
            "engine {engine}: {text:?}\n{:?}\n{:?}",
            known.1,
            careful.1
        );
    }
}

impl Rules {
    fn of(engine: u8, backslashes: bool) -> Self {
        let engine = [
            Engine::Postgres,
            Engine::MySql,
            Engine::Sqlite,
            Engine::MsSql,
        ][usize::from(engine % 4)];
        Self {
            engine,
            backslashes: backslashes && matches!(engine, Engine::Postgres | Engine::MySql),
        }
    }

    /// A piece of text that stands for itself wherever there is space round it.
    fn write(self, piece: &Piece) -> String {
        let text: String = piece
            .text
            .chars()
            .filter(|c| !matches!(c, 'Q' | '7' | '\0'))
            .collect();
        let secret = format!("{text}{SECRET}{text}");
        match piece.kind % 12 {
            0 | 1 => KEYWORDS[usize::from(piece.kind / 12) % KEYWORDS.len()].to_owned(),
            2 => word(&text),
            3 => PUNCTUATION[usize::from(piece.kind / 12) % PUNCTUATION.len()].to_owned(),
            4 => self.name(&text, piece.kind / 12),
            5 => self.comment(&secret, piece.kind / 12),
            6 => self.number(piece.kind / 12),
            7 => self.parameter(),
            8 => format!("= {}", self.value(&secret, piece.kind / 12)),
            _ => self.string(&secret, piece.kind / 12),
        }
    }

    fn string(self, secret: &str, form: u8) -> String {
        let doubled = |quote: &str| {
            let text = secret.replace(quote, &quote.repeat(2));
            let text = match self.backslashes {
                true => text.replace('\\', "\\\\"),
                false => text,
            };
            format!("{quote}{text}{quote}")
        };
        let escaped = |quote: &str| {
            let text = secret.replace('\\', "\\\\");
            format!(
                "{quote}{}{quote}",
                text.replace(quote, &format!("\\{quote}"))
            )
        };
        match (self.engine, form % 4) {
            (Engine::Postgres, 0) => format!("E{}", escaped("'")),
            (Engine::Postgres, 1) => {
                let tag = if form & 4 == 0 { "$$" } else { "$a_b$" };
                format!("{tag}{}{tag}", secret.replace('$', ""))
            }
            (Engine::MySql, 0) => doubled("\""),
            (Engine::MySql, 1) if self.backslashes => escaped("\""),
            (Engine::MySql, 2) => format!("_utf8mb4{}", doubled("'")),
            (Engine::MsSql, 0) => format!("N{}", doubled("'")),
            (_, 3) if self.backslashes => escaped("'"),
            _ => doubled("'"),
        }
    }

    /// After a comparison SQLite takes what is in double quotes for a string, where no column is called so.
    fn value(self, secret: &str, form: u8) -> String {
        if self.engine == Engine::Sqlite && form & 1 == 0 {
            format!("\"{}\"", secret.replace('"', "\"\""))
        } else {
            self.string(secret, form)
        }
    }

    fn number(self, form: u8) -> String {
        let number = match form % 6 {
            0 => "77",
            1 => "7.77e-77",
            2 => "0x77",
            3 => ".77",
            4 if self.engine == Engine::MsSql => "$77.77",
            4 => "77_77",
            5 if self.engine == Engine::MsSql => "£77",
            _ => "77.",
        };
        number.to_owned()
    }

    fn parameter(self) -> String {
        let parameter = match self.engine {
            Engine::Postgres => "$1",
            Engine::MySql => "?",
            Engine::Sqlite => ":a",
            Engine::MsSql => "@p1",
        };
        parameter.to_owned()
    }

    fn name(self, text: &str, form: u8) -> String {
        let (open, close) = match (self.engine, form % 3) {
            (Engine::Postgres, _) => ("\"", "\""),
            (Engine::MySql, _) | (Engine::Sqlite, 0) => ("`", "`"),
            (Engine::Sqlite | Engine::MsSql, 1) => ("[", "]"),
            (Engine::Sqlite, _) | (Engine::MsSql, _) => ("\"", "\""),
        };
        let text = match self.engine {
            // It has no way to write one.
            Engine::Sqlite if close == "]" => text.replace(']', ""),
            _ => text.replace(close, &close.repeat(2)),
        };
        format!("{open}a{text}{close}")
    }

    fn comment(self, secret: &str, form: u8) -> String {
        match (self.engine, form % 4) {
            (Engine::MySql, 0) => format!("#{}\n", self.line(secret)),
            // It may be run or not.
            (Engine::MySql, 1) => format!("/*!50000 {} */", self.string("*/ QQ", form / 4)),
            (Engine::MySql, 2) => format!("-- {}\n", self.line(secret)),
            (_, 2) => format!("--{}\n", self.line(secret)),
            (Engine::Postgres | Engine::MsSql, 3) => {
                format!("/* /* QQ */ {} */", self.block(secret))
            }
            _ => format!("/*{}*/", self.block(secret)),
        }
    }

    fn line(self, text: &str) -> String {
        let text = text.replace('\n', " ");
        match self.engine {
            // It ends there too, or nobody says.
            Engine::Postgres | Engine::MsSql => text.replace('\r', " "),
            Engine::MySql | Engine::Sqlite => text,
        }
    }

    /// Does not end the comment, and begins none where they nest.
    fn block(self, text: &str) -> String {
        let text = text.replace("*/", " ");
        match self.engine {
            Engine::Postgres | Engine::MsSql => {
                text.replace("/*", " ").trim_end_matches('/').to_owned()
            }
            Engine::MySql | Engine::Sqlite => text,
        }
    }
}

fn word(text: &str) -> String {
    let letters = text.chars().filter(char::is_ascii_lowercase).take(12);
    format!("a{}", letters.collect::<String>())
}

const KEYWORDS: [&str; 21] = [
    "SELECT", "FROM", "WHERE", "IN", "VALUES", "INSERT", "INTO", "UPDATE", "SET", "DELETE", "JOIN",
    "AND", "LIKE", "ESCAPE", "AS", "WITH", "CREATE", "TABLE", "PRAGMA", "UNION", "BETWEEN",
];
const PUNCTUATION: [&str; 20] = [
    "(", ")", ",", ";", ".", "=", "<", ">", "+", "-", "*", "/", "%", "|", "&", "!", "(", ")",
    "IN (", "VALUES (",
];
