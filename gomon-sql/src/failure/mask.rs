//! The message of an error, without the values that it quotes.

/// The message with `?` for what stands in quotes and for numbers. `quotes_names`: double quotes stand round names.
///
/// PostgreSQL has its messages in some twenty languages (`lc_messages`), each with quotes of its own.
pub(super) fn mask(message: &str, quotes_names: bool) -> String {
    if message.starts_with(BEFORE_A_PATH) {
        return format!("{BEFORE_A_PATH}?");
    }
    let mut out = String::with_capacity(message.len());
    let mut chars = message.char_indices().peekable();
    let mut previous = ' ';
    while let Some((at, c)) = chars.next() {
        match kind_of(c) {
            Some(kind) if !(quotes_names && kind.double || is_apostrophe(message, at, c)) => {
                let end = value_end(message, at, c, kind);
                while chars.next_if(|(at, _)| *at < end).is_some() {}
                out.push('?');
            }
            None if c.is_ascii_digit() && !is_word(previous) => {
                while chars
                    .next_if(|(_, next)| next.is_ascii_digit() || *next == '.')
                    .is_some()
                {}
                out.push('?');
            }
            _ => out.push(c),
        }
        previous = c;
    }
    out
}

/// SQLite quotes the path of an `ATTACH` without quotes.
const BEFORE_A_PATH: &str = "unable to open database: ";

/// Quotes that belong together.
#[derive(Debug)]
struct Quotes {
    quotes: &'static [char],
    double: bool,
}

const fn double(quotes: &'static [char]) -> Quotes {
    let double = true;
    Quotes { quotes, double }
}

const fn single(quotes: &'static [char]) -> Quotes {
    let double = false;
    Quotes { quotes, double }
}

/// What opens in one language closes in another: »German« and « French », „German“ and “English”.
const KINDS: [Quotes; 11] = [
    single(&['\'']),
    double(&['"']),
    double(&['«', '»']),
    double(&['“', '”', '„', '‟']),
    double(&['「', '」']),
    double(&['『', '』']),
    double(&['《', '》']),
    double(&['＂', '〝', '〞', '〟']),
    single(&['‘', '’', '‚', '‛']),
    single(&['‹', '›']),
    single(&['〈', '〉']),
];

fn kind_of(c: char) -> Option<&'static Quotes> {
    KINDS.iter().find(|kind| kind.quotes.contains(&c))
}

/// Where the value that `quote` opens at `open` is over. No engine doubles the quotes inside a value it quotes, so that the
/// value may reach to the last quote of its kind in the message, or to the end where there is none. Where that one opens
/// another value, which is cut off, it reaches to the end too.
///
/// In MySQL's message about a duplicate, what follows the value is known.
fn value_end(message: &str, open: usize, quote: char, kind: &Quotes) -> usize {
    let from = open + quote.len_utf8();
    let rest = message.get(from..).unwrap_or_default();
    if message.get(..open) == Some("Duplicate entry ")
        && let Some(close) = rest.rfind("' for key '")
    {
        return from + close + 1;
    }
    let mut closing = rest
        .char_indices()
        .rev()
        .filter(|(at, c)| kind.quotes.contains(c) && !in_word(message, from + at, *c));
    let Some((at, last)) = closing.next() else {
        return message.len();
    };
    if last == quote && closing.any(|(_, other)| other != quote) {
        return message.len();
    }
    from + at + last.len_utf8()
}

/// Neither opens nor closes anything: "can't", and "users’".
fn is_apostrophe(message: &str, at: usize, c: char) -> bool {
    in_word(message, at, c) || c == '’' && message.get(..at).is_some_and(|s| s.ends_with(is_word))
}

/// An apostrophe inside a word.
fn in_word(message: &str, at: usize, c: char) -> bool {
    let (before, after) = message.split_at_checked(at).unwrap_or_default();
    matches!(c, '\'' | '’')
        && before.ends_with(is_word)
        && after.chars().nth(1).is_some_and(char::is_alphabetic)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::mask;

    #[test]
    fn values_are_masked_in_messages() {
        let cases = [
            (
                "Duplicate entry 'a@b.c' for key 'users.email'",
                false,
                "Duplicate entry ? for key ?",
            ),
            (
                "invalid input syntax for type integer: \"abc\"",
                false,
                "invalid input syntax for type integer: ?",
            ),
            (
                "duplicate key value violates unique constraint \"u\"",
                true,
                "duplicate key value violates unique constraint \"u\"",
            ),
            (
                "value 'it''s' can't be 12.5 at t1",
                false,
                "value ? can't be ? at t1",
            ),
            (
                "Duplicate entry 'O'Brien-hunter2' for key 'by_name'",
                false,
                "Duplicate entry ? for key ?",
            ),
            (
                "Duplicate entry 'x' for key 'hunter2' for key 'by_name'",
                false,
                "Duplicate entry ? for key ?",
            ),
            (
                "syntax to use near 'oops 'hunter2' and 'it's' at line 1",
                false,
                "syntax to use near ? at line ?",
            ),
            (
                "invalid input syntax for type integer: \"a\"hunter2\"",
                false,
                "invalid input syntax for type integer: ?",
            ),
            ("Table 'a.b' doesn't exist", false, "Table ? doesn't exist"),
            ("value \"it's\" is 'it", false, "value ? is ?"),
            ("open 'secret", false, "open ?"),
            (
                "UNIQUE constraint failed: users.email",
                false,
                "UNIQUE constraint failed: users.email",
            ),
        ];
        for (message, names, expected) in cases {
            assert_eq!(mask(message, names), expected);
        }
    }

    #[test]
    fn values_are_masked_in_messages_in_other_languages() {
        for (message, expected) in [
            (
                "ungültige Eingabesyntax für Typ uuid: »hunter2«",
                "ungültige Eingabesyntax für Typ uuid: ?",
            ),
            (
                "syntaxe en entrée invalide pour le type uuid : « hunter2 »",
                "syntaxe en entrée invalide pour le type uuid : ?",
            ),
            (
                "la sintaxis de entrada no es válida para tipo uuid: «a» hunter2»",
                "la sintaxis de entrada no es válida para tipo uuid: ?",
            ),
            (
                "nieprawidłowa składnia „hunter2” w 1",
                "nieprawidłowa składnia ? w ?",
            ),
            ("neplatná „hunter2“ je", "neplatná ? je"),
            ("ogiltig ”hunter2” är", "ogiltig ? är"),
            ("ugyldig »hunter2» er", "ugyldig ? er"),
            ("“hunter2” is", "? is"),
            ("‘it’s hunter2’ doesn’t", "? doesn’t"),
            ("‚hunter2‘ ist", "? ist"),
            ("’hunter2’ är", "? är"),
            ("‹hunter2› est", "? est"),
            ("無効です 「hunter2」 の", "無効です ? の"),
            ("無効です『hunter2』の", "無効です?の"),
            ("无效 《hunter2》 的", "无效 ? 的"),
            ("无效 〈hunter2〉 的", "无效 ? 的"),
            ("l’entrée n’existe", "l’entrée n’existe"),
            ("users’ table", "users’ table"),
            ("Typ »a«, offen »hunter2", "Typ ?"),
            ("offen „hunter2", "offen ?"),
            ("»it's« und 'hunter2'", "? und ?"),
            ("'a»b' und »hunter2«", "? und ?"),
        ] {
            assert_eq!(mask(message, false), expected);
        }
        for message in [
            "doppelter Schlüsselwert verletzt Unique-Constraint »users_email_key«",
            "la valeur « users_email_key » existe",
            "„users_email_key“ “u” 「u」",
        ] {
            assert_eq!(mask(message, true), message);
        }
    }

    #[test]
    fn the_path_of_a_database_is_masked_without_quotes() {
        let message = "unable to open database: /srv/s3cr3t 'x'.db";
        assert_eq!(mask(message, false), "unable to open database: ?");
    }
}
