//! Which statements are steps of a transaction.

/// A statement that begins or ends a transaction or a savepoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Begin,
    Commit,
    Rollback,
    Savepoint,
    Release,
    RollbackTo,
}

impl Step {
    /// The step that `sql` is; of a text with more than one statement, none.
    pub(crate) fn of(sql: &str) -> Option<Self> {
        let sql = sql.trim().trim_end_matches(';');
        if sql.len() > LONGEST || sql.contains([';', '\'']) {
            return None;
        }
        let mut words = sql.split_ascii_whitespace();
        let first = words.next()?;
        let is = |word: &str| first.eq_ignore_ascii_case(word);
        let has = |word: &str| words.clone().any(|other| other.eq_ignore_ascii_case(word));
        if is("BEGIN") || is("START") && has("TRANSACTION") {
            Some(Self::Begin)
        } else if is("COMMIT") || is("END") {
            Some(Self::Commit)
        } else if is("ROLLBACK") {
            Some(if has("TO") {
                Self::RollbackTo
            } else {
                Self::Rollback
            })
        } else if is("SAVEPOINT") {
            Some(Self::Savepoint)
        } else if is("RELEASE") {
            Some(Self::Release)
        } else {
            None
        }
    }
}

/// `BEGIN` with all of its modes, or a savepoint with a long name.
const LONGEST: usize = 256;

#[cfg(test)]
mod tests {
    use super::Step;

    #[test]
    fn steps_are_told_by_their_first_words() {
        let cases = [
            ("BEGIN", Some(Step::Begin)),
            (" begin  IMMEDIATE;", Some(Step::Begin)),
            (
                "BEGIN TRANSACTION ISOLATION LEVEL SERIALIZABLE",
                Some(Step::Begin),
            ),
            ("START TRANSACTION READ ONLY", Some(Step::Begin)),
            ("START REPLICA", None),
            ("COMMIT", Some(Step::Commit)),
            ("END TRANSACTION", Some(Step::Commit)),
            ("ROLLBACK", Some(Step::Rollback)),
            (
                "ROLLBACK TRANSACTION TO SAVEPOINT a",
                Some(Step::RollbackTo),
            ),
            ("rollback to a", Some(Step::RollbackTo)),
            ("SAVEPOINT a", Some(Step::Savepoint)),
            ("RELEASE a", Some(Step::Release)),
            ("BEGIN; INSERT INTO t VALUES (1); COMMIT", None),
            ("COMMIT PREPARED 'a'", None),
            ("SELECT 1", None),
            ("", None),
        ];
        for (sql, step) in cases {
            assert_eq!(Step::of(sql), step, "{sql}");
        }
    }
}
