//! A page of the documentation that has what a test made. examples/frameworks has it in its tests too.

use std::path::Path;

/// Compares what stands between two marks of a page.
#[track_caller]
pub(crate) fn compare(root: &Path, page: &str, name: &str, expected: &str) {
    let path = root.join(page);
    let text = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = (
        format!("<!-- {name}: begin -->\n"),
        format!("<!-- {name}: end -->"),
    );
    let (before, rest) = text.split_once(&begin).unwrap();
    let (written, after) = rest.split_once(&end).unwrap();
    if written == expected {
        return;
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{before}{begin}{expected}{end}{after}")).unwrap();
        return;
    }
    assert_eq!(
        written, expected,
        "{page}: UPDATE_DOCS=1 writes what has changed"
    );
}
