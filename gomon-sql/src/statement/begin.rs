//! What a `BEGIN` of the user's own says about its transaction.

/// The isolation level named by a statement that begins a transaction, in the words of the SQL standard.
pub(crate) fn isolation(statement: &str) -> Option<&'static str> {
    const LEVELS: [&str; 4] = [
        "serializable",
        "repeatable read",
        "read committed",
        "read uncommitted",
    ];
    let words = words(statement);
    let after = words.split_once("isolation level ")?.1;
    LEVELS.into_iter().find(|level| after.starts_with(level))
}

/// The statement makes a transaction that only reads.
pub(crate) fn is_read_only(statement: &str) -> bool {
    words(statement).contains("read only")
}

/// Lower case, with one blank between words.
fn words(statement: &str) -> String {
    statement
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::{is_read_only, isolation};

    #[test]
    fn levels_are_found_whatever_the_spacing() {
        assert_eq!(
            isolation("BEGIN  ISOLATION LEVEL\nSERIALIZABLE"),
            Some("serializable")
        );
        assert_eq!(
            isolation("begin isolation level repeatable read, read only"),
            Some("repeatable read")
        );
        assert_eq!(isolation("BEGIN IMMEDIATE"), None);
        assert!(is_read_only("START TRANSACTION READ ONLY"));
        assert!(!is_read_only("BEGIN READ WRITE"));
    }
}
