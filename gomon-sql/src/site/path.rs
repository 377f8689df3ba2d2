//! How the path of a source file is written.

use std::path::{Path, PathBuf};

/// As `#[track_caller]` would say it: from the folder in which the program was built, as far as that can be told. Elsewhere that folder's
/// own path is nobody's business, and what is left begins with the folder of the crate.
pub(super) fn short(file: &Path) -> PathBuf {
    let built_in = file.ancestors().find(|folder| is_workspace(folder));
    let inside = built_in.and_then(|folder| file.strip_prefix(folder).ok());
    inside.map_or_else(|| of_crate(file), Path::to_owned)
}

fn is_workspace(folder: &Path) -> bool {
    folder.join("Cargo.lock").is_file()
}

/// From the folder of the crate: the one above `src`, `tests`, `examples` or `benches`.
fn of_crate(file: &Path) -> PathBuf {
    let parts: Vec<_> = file.components().collect();
    let is_root =
        |part: &std::path::Component<'_>| ROOTS.iter().any(|root| part.as_os_str() == *root);
    let root = parts.iter().rposition(is_root).unwrap_or_default();
    parts.iter().skip(root.saturating_sub(1)).collect()
}

const ROOTS: [&str; 4] = ["src", "tests", "examples", "benches"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_from_the_workspace_it_was_built_in() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("Cargo.lock"), "").unwrap();
        let file = folder.path().join("shop/src/orders.rs");
        assert_eq!(short(&file), Path::new("shop/src/orders.rs"));
    }

    #[test]
    fn where_the_program_was_built_is_nobodys_business() {
        for (file, shown) in [
            ("/builds/7/shop/src/orders.rs", "shop/src/orders.rs"),
            ("/builds/src/shop/src/a/b.rs", "shop/src/a/b.rs"),
            ("/build/shop/tests/it/main.rs", "shop/tests/it/main.rs"),
            ("src/main.rs", "src/main.rs"),
            ("/generated.rs", "/generated.rs"),
        ] {
            assert_eq!(of_crate(Path::new(file)), Path::new(shown), "{file}");
        }
    }
}
