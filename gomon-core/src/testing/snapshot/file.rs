//! The file that a snapshot is compared with.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::diff;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Mode {
    Compare,
    Write,
}

impl Mode {
    pub(super) fn of_environment() -> Self {
        match std::env::var_os(VARIABLE).is_some_and(|value| value == "1") {
            true => Self::Write,
            false => Self::Compare,
        }
    }
}

/// A path relative to the folder of a source file, whose own path is relative to the package's
/// folder or to one around it, the workspace's.
#[doc(hidden)]
#[must_use]
pub fn beside(package: &str, source: &str, path: impl AsRef<Path>) -> PathBuf {
    let folders = Path::new(package).ancestors();
    let source = folders
        .map(|folder| folder.join(source))
        .find(|source| source.is_file());
    let folder = source.as_deref().and_then(Path::parent);
    folder.unwrap_or(Path::new(package)).join(path)
}

pub(super) fn difference(file: &Path, actual: &str, mode: Mode) -> Option<String> {
    let name = file.display();
    if mode == Mode::Write {
        let written = file
            .parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::write(file, actual));
        return written
            .err()
            .map(|error| format!("cannot write the snapshot {name}: {error}"));
    }
    let expected = match fs::read_to_string(file) {
        // As some tools check it out.
        Ok(expected) => expected.replace("\r\n", "\n"),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Some(format!(
                "there is no snapshot {name}; {VARIABLE}=1 writes it:\n\n{actual}"
            ));
        }
        Err(error) => return Some(format!("cannot read the snapshot {name}: {error}")),
    };
    if expected.trim_end() == actual.trim_end() {
        return None;
    }
    let lines = diff::lines(&expected, actual);
    Some(format!(
        "the events differ from the snapshot {name}; {VARIABLE}=1 writes it anew\n\
         - is what the snapshot has, + is what happened\n\n{lines}"
    ))
}

const VARIABLE: &str = "UPDATE_SNAPSHOTS";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_compared_and_missed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("snapshots/a.json");
        let name = file.display();
        assert_eq!(
            difference(&file, "[]\n", Mode::Compare).unwrap(),
            format!("there is no snapshot {name}; UPDATE_SNAPSHOTS=1 writes it:\n\n[]\n")
        );
        assert_eq!(difference(&file, "a\nb\n", Mode::Write), None);
        assert_eq!(difference(&file, "a\nb\n", Mode::Compare), None);
        fs::write(&file, "a\r\nb").unwrap();
        assert_eq!(difference(&file, "a\nb\n", Mode::Compare), None);
        assert_eq!(
            difference(&file, "a\nc\n", Mode::Compare).unwrap(),
            format!(
                "the events differ from the snapshot {name}; UPDATE_SNAPSHOTS=1 writes it anew\n\
                 - is what the snapshot has, + is what happened\n\n\
                 \x20   1   a\n    2 - b\n      + c\n"
            )
        );
    }

    #[test]
    fn a_path_is_relative_to_the_source_in_package_or_workspace() {
        let folder = tempfile::tempdir().unwrap();
        let package = folder.path().join("member");
        fs::create_dir_all(package.join("tests")).unwrap();
        fs::write(package.join("tests/a.rs"), "").unwrap();
        let package_name = package.to_str().unwrap();
        let expected = package.join("tests/a.json");
        assert_eq!(beside(package_name, "tests/a.rs", "a.json"), expected);
        assert_eq!(
            beside(package_name, "member/tests/a.rs", "a.json"),
            expected
        );
        assert_eq!(
            beside(package_name, "elsewhere/a.rs", "a.json"),
            package.join("a.json")
        );
    }
}
