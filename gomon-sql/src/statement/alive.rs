//! Which statements say that their transaction is alive.

use super::lexer::{Dialect, Kind, Lexer};
use super::{READ_BYTES, prefix};

/// PostgreSQL runs this statement in a transaction only while that can be committed: after a failure it refuses all but
/// empty text and the ends of a transaction. A rollback to a savepoint is the one end that brings it back to life.
pub(crate) fn shows_life(sql: &str) -> bool {
    let mut tokens = Lexer::new(prefix(sql, READ_BYTES), Dialect::Postgres)
        .filter(|token| token.kind != Kind::Space)
        .skip_while(|token| token.text == ";")
        .map(|token| token.text);
    let Some(first) = tokens.next() else {
        return false;
    };
    let is = |word: &str| first.eq_ignore_ascii_case(word);
    if is("ROLLBACK") {
        // ROLLBACK [WORK | TRANSACTION] TO [SAVEPOINT] name
        tokens.take(2).any(|word| word.eq_ignore_ascii_case("TO"))
    } else if is("PREPARE") {
        !tokens
            .next()
            .is_some_and(|word| word.eq_ignore_ascii_case("TRANSACTION"))
    } else {
        !["COMMIT", "END", "ABORT"].into_iter().any(is)
    }
}

#[cfg(test)]
mod tests {
    use super::shows_life;

    #[test]
    fn ends_of_a_transaction_say_nothing() {
        for sql in [
            "",
            " ; -- nothing",
            "commit",
            "/* a */ END;",
            "ROLLBACK",
            "ROLLBACK WORK",
            "ABORT",
            "PREPARE TRANSACTION 'a'",
        ] {
            assert!(!shows_life(sql), "{sql}");
        }
        for sql in [
            "SELECT 1",
            "; select 1",
            "ROLLBACK TO a",
            "rollback work to savepoint a",
            "PREPARE a AS SELECT 1",
            "RELEASE a",
        ] {
            assert!(shows_life(sql), "{sql}");
        }
    }
}
