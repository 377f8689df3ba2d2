//! Other projects' vectors: what counts is that no literal survives.

use serde_json::Value;

use super::Statement;
use super::lexer::Dialect;

fn cases(json: &str) -> Vec<Value> {
    let value: Value = serde_json::from_str(json).unwrap();
    value
        .get("cases")
        .unwrap_or(&value)
        .as_array()
        .unwrap()
        .clone()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$' | '%')))
        .filter(|word| !word.is_empty())
}

/// libdatadog masks more than literals: constants, aliases, and the placeholders of other drivers (`%s`, `$1`).
fn is_no_literal(word: &str) -> bool {
    ["NULL", "FALSE", "AS", "NUCLEUS_TYPE", "s"].contains(&word) || word.contains(['$', '%'])
}

#[test]
fn nothing_that_libdatadog_masks_survives() {
    for case in cases(include_str!(
        "../../tests/vectors/libdatadog/sql_obfuscate.json"
    )) {
        let (input, expected) = (
            case["input"].as_str().unwrap(),
            case["expected"].as_str().unwrap(),
        );
        let masked = words(input).filter(|word| !words(expected).any(|kept| kept == *word));
        let secrets: Vec<&str> = masked.filter(|word| !is_no_literal(word)).collect();
        for dialect in Dialect::EACH {
            if dialect == Dialect::MsSql && input.contains("\\'") {
                // There it ends the string, and what follows is no text of its.
                continue;
            }
            let statement = Statement::read(input, dialect);
            for text in [&statement.query, &statement.summary] {
                let survivor = secrets
                    .iter()
                    .find(|secret| words(text).any(|word| word == **secret));
                assert_eq!(survivor, None, "{dialect:?}\n{input}\n{text}");
            }
            assert_eq!(
                Statement::read(&statement.query, dialect).query,
                statement.query
            );
        }
    }
}

#[test]
fn literals_of_elastic_are_masked_and_names_are_kept() {
    for case in cases(include_str!(
        "../../tests/vectors/elastic/sql_token_examples.json"
    )) {
        let (name, input) = (
            case["name"].as_str().unwrap(),
            case["input"].as_str().unwrap(),
        );
        // `` ` `` and `[` quote names in SQLite only; the rest is PostgreSQL's.
        let dialect = if name == "quoted-identifiers" {
            Dialect::Sqlite
        } else {
            Dialect::Postgres
        };
        let masked = Statement::read(input, dialect).query;
        for token in case["tokens"].as_array().into_iter().flatten() {
            let text = token["text"].as_str().unwrap();
            match token["kind"].as_str().unwrap() {
                "STRING" | "NUMBER" => assert!(!masked.contains(text), "{input}: {masked}"),
                // Elastic rewinds to before an unterminated quote; to be safe, ours masks to the end.
                "IDENT" if name == "unterminated-dollar-quoted-string-literal" => {
                    assert_eq!(masked, "?")
                }
                "IDENT" => assert!(masked.contains(text), "{input}: {masked}"),
                _ => {}
            }
        }
    }
}

/// Where ours differs from Elastic's signature, and why.
const DIFFERENT: [(&str, &str); 1] = [(
    "SELECT * FROM (SELECT foo FROM bar) AS foo_bar",
    "the table of a derived one is named: it is what the statement reads",
)];

/// What both say: the operation, and the first table where Elastic names one. Of the definition of an object it names the first word
/// alone, and it drops all quotes.
fn operation_and_table(signature: &str) -> (&str, Option<String>) {
    let (operation, rest) = signature.split_once(' ').unwrap_or((signature, ""));
    if ["CREATE", "ALTER", "DROP"].contains(&operation) {
        return (operation, None);
    }
    let rest = rest.strip_prefix("FROM ").unwrap_or(rest);
    let rest = rest.strip_prefix("INTO ").unwrap_or(rest);
    let table = rest.split(' ').next().unwrap_or_default();
    let table = table.trim_matches('"').to_owned();
    (operation, Some(table).filter(|table| !table.is_empty()))
}

#[test]
fn summaries_agree_with_the_signatures_of_elastic_in_operation_and_table() {
    let cases = cases(include_str!(
        "../../tests/vectors/elastic/sql_signature_examples.json"
    ));
    let differing: Vec<_> = cases
        .iter()
        .map(|case| {
            (
                case["input"].as_str().unwrap(),
                case["output"].as_str().unwrap(),
            )
        })
        .map(|(input, theirs)| {
            (
                input,
                theirs,
                Statement::read(input, Dialect::Sqlite).summary,
            )
        })
        .filter(|(_, theirs, ours)| operation_and_table(theirs) != operation_and_table(ours))
        .collect();
    let found: Vec<_> = differing.iter().map(|(input, ..)| *input).collect();
    assert_eq!(found, DIFFERENT.map(|(input, _)| input), "{differing:#?}");
    let agreeing = cases.len() - differing.len();
    assert!(
        agreeing * 100 >= cases.len() * 95,
        "{agreeing} of {}",
        cases.len()
    );
}
