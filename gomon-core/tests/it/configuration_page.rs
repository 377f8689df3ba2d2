//! docs/configuration.md names every setting there is, and no other.

use gomon_core::Config;

/// The tables of a configuration, with what is needed around each.
const TABLES: [(&str, &str, &str); 7] = [
    ("## The settings", "{", "}"),
    ("### `limits`", r#"{"limits": {"#, "}}"),
    ("### `propagation`", r#"{"propagation": {"#, "}}"),
    ("### `root`", r#"{"root": {"#, "}}"),
    ("### `root.sampling`", r#"{"root": {"sampling": {"#, "}}}"),
    ("### `listeners.NAME`", r#"{"listeners": {"a": {"#, "}}}"),
    ("### `switches.NAME`", r#"{"switches": {"a": {"#, "}}}"),
];

#[test]
fn the_page_names_every_setting_and_no_other() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");
    let page = std::fs::read_to_string(root).unwrap();
    for (heading, before, after) in TABLES {
        let from = page
            .find(heading)
            .unwrap_or_else(|| panic!("{heading} is missing"));
        let section = &page[from + heading.len()..];
        let section = section.split("\n### ").next().unwrap();
        let mut written: Vec<&str> = section
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
            .collect();
        let mut known = known_by(&format!("{before}\"?\": 0{after}"));
        written.sort_unstable();
        known.sort_unstable();
        assert_eq!(written, known, "{heading}");
    }
}

/// Who is asked for what it does not know says what it knows.
fn known_by(json: &str) -> Vec<String> {
    let error = serde_json::from_str::<Config>(json)
        .unwrap_err()
        .to_string();
    let (_, list) = error
        .split_once("expected one of ")
        .unwrap_or_else(|| panic!("{error}"));
    let names = list.split('`').skip(1).step_by(2);
    names.map(str::to_owned).collect()
}
