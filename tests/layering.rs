//! The rules of the house that a machine can check: who depends on whom, what the dependencies ask for, how the sources
//! are laid out, where `unsafe` is, and that every key is in the event contract. CONTRIBUTING.md says why.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Packages that know `gomon-core` and nothing else of the workspace.
const ADAPTERS: [&str; 5] = [
    "gomon-http",
    "gomon-sql",
    "gomon-net",
    "gomon-runtime",
    "gomon-listeners",
];

/// The oldest toolchain that builds the libraries.
const MSRV: (u64, u64) = (1, 94);

/// Never in the libraries: one TLS stack (rustls with ring) for the whole program, and one `parking_lot`.
const BANNED: [&str; 5] = [
    "native-tls",
    "openssl",
    "openssl-sys",
    "aws-lc-rs",
    "aws-lc-sys",
];

/// The files that may hold `unsafe`, at most one a crate.
const UNSAFE_FILES: [&str; 4] = [
    "gomon-core/src/bus/prefetch.rs",
    "gomon-http/src/unwrapped.rs",
    "gomon-runtime/src/alloc.rs",
    "gomon-sql/src/site/stack.rs",
];

const LONGEST_FILE: usize = 600;
const LONGEST_SNIPPET: usize = 80;
const MEDIAN_FILE: usize = 200;

#[test]
fn adapters_know_only_the_core() {
    let workspace = Workspace::load();
    for adapter in ADAPTERS {
        let known = workspace.siblings(adapter);
        assert_eq!(
            known,
            BTreeSet::from(["gomon-core"]),
            "what {adapter} depends on, dev-dependencies included"
        );
    }
}

#[test]
fn core_knows_nobody_but_its_macros() {
    let workspace = Workspace::load();
    // Macros would be a crate of their own; while there is none, it has no siblings.
    for package in ["gomon-core", "gomon-macros"] {
        let known = workspace.siblings(package);
        assert!(
            known.is_subset(&BTreeSet::from(["gomon-macros"])),
            "{package} depends on {known:?}"
        );
    }
}

#[test]
fn programs_know_only_the_facade() {
    let workspace = Workspace::load();
    for package in workspace
        .members
        .keys()
        .filter(|name| !name.starts_with("gomon"))
    {
        let known = workspace.siblings(package);
        // The benches share what measures.
        let known: BTreeSet<_> = known
            .into_iter()
            .filter(|name| !name.starts_with("bench-"))
            .collect();
        assert!(
            known.is_subset(&BTreeSet::from(["gomon"])),
            "{package} depends on {known:?}"
        );
    }
}

#[test]
fn every_member_takes_the_lints_and_the_toolchain_of_the_workspace() {
    for (name, package) in &Workspace::load().members {
        let manifest = read(Path::new(text(&package["manifest_path"])));
        assert!(
            manifest.contains("[lints]\nworkspace = true"),
            "{name}: [lints] workspace = true"
        );
        assert_eq!(
            rust_version(package),
            Some(MSRV),
            "{name}: rust-version.workspace = true"
        );
        assert_eq!(
            text(&package["license"]),
            "MIT OR Apache-2.0",
            "{name}: license.workspace = true"
        );
    }
}

#[test]
fn no_dependency_of_a_library_asks_for_a_newer_toolchain() {
    let workspace = Workspace::load();
    let newer: BTreeSet<_> = workspace
        .dependencies_of_libraries()
        .into_iter()
        .filter(|package| rust_version(package).is_some_and(|version| version > MSRV))
        .map(|package| {
            format!(
                "{} {}: {}",
                package["name"], package["version"], package["rust_version"]
            )
        })
        .collect();
    assert!(newer.is_empty(), "newer than Rust {MSRV:?}: {newer:#?}");
}

#[test]
fn no_library_brings_a_second_tls_stack() {
    let workspace = Workspace::load();
    let found: BTreeSet<_> = workspace
        .dependencies_of_libraries()
        .into_iter()
        .map(|package| text(&package["name"]))
        .collect();
    let banned: Vec<_> = BANNED
        .iter()
        .filter(|name| found.contains(**name))
        .collect();
    assert!(banned.is_empty(), "among the dependencies: {banned:?}");
}

#[test]
fn no_file_is_longer_than_a_reader_can_hold() {
    let long: Vec<_> = sources(&["."])
        .into_iter()
        .filter_map(|file| {
            let lines = read(&file).lines().count();
            let snippet = file
                .parent()
                .is_some_and(|folder| folder == root().join("examples"));
            let most = if snippet {
                LONGEST_SNIPPET
            } else {
                LONGEST_FILE
            };
            (lines > most).then(|| format!("{}: {lines} lines, at most {most}", shown(&file)))
        })
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn the_median_file_of_a_library_is_short() {
    for folder in library_folders() {
        let mut lines: Vec<_> = sources(&[&folder])
            .iter()
            .map(|file| read(file).lines().count())
            .collect();
        lines.sort_unstable();
        let median = lines[lines.len() / 2];
        assert!(
            median < MEDIAN_FILE,
            "{folder}: the median file has {median} lines"
        );
    }
}

#[test]
fn library_roots_hold_documentation_and_reexports_alone() {
    const LINTS: [&str; 6] = [
        "unwrap_used",
        "expect_used",
        "panic",
        "indexing_slicing",
        "print_stdout",
        "print_stderr",
    ];
    for folder in library_folders() {
        let file = root().join(&folder).join("lib.rs");
        let content = read(&file);
        for lint in LINTS {
            assert!(
                content.contains(&format!("clippy::{lint}")),
                "{folder}/lib.rs: #![warn(clippy::{lint})]"
            );
        }
        if content.contains("#[proc_macro_attribute]") {
            // The language wants those in the root.
            continue;
        }
        let item = content.lines().find(|line| {
            let line = line.strip_prefix("pub ").unwrap_or(line);
            [
                "fn ",
                "async fn ",
                "struct ",
                "enum ",
                "trait ",
                "impl",
                "static ",
            ]
            .iter()
            .any(|s| line.starts_with(s))
        });
        assert_eq!(
            item, None,
            "{folder}/lib.rs: an item of its own belongs in a file named after it"
        );
    }
}

#[test]
fn unsafe_stays_in_the_files_that_are_listed() {
    let found: Vec<_> = sources(
        &library_folders()
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>(),
    )
    .into_iter()
    .filter(|file| read(file).lines().any(holds_unsafe))
    .map(|file| shown(&file))
    .collect();
    assert_eq!(
        found, UNSAFE_FILES,
        "the files that hold `unsafe`; see UNSAFE_FILES"
    );
    let crates: BTreeSet<_> = UNSAFE_FILES
        .iter()
        .map(|file| file.split('/').next())
        .collect();
    assert_eq!(crates.len(), UNSAFE_FILES.len(), "one file a crate");
}

#[test]
fn every_key_is_in_the_event_contract() {
    let contract = read(&root().join("docs/events.md"));
    let words: BTreeSet<_> = contract
        .split(|c: char| !(c.is_alphanumeric() || "-_:".contains(c)))
        .collect();
    let unknown: Vec<_> = keys()
        .into_iter()
        .filter(|(key, _)| !words.contains(key.as_str()))
        .collect();
    assert!(unknown.is_empty(), "not in docs/events.md: {unknown:#?}");
}

#[test]
fn the_event_contract_marks_what_is_sent() {
    let contract = read(&root().join("docs/events.md"));
    let sent: BTreeSet<_> = keys().into_iter().map(|(key, _)| key).collect();
    // Rows of section 3: | `fingerprint` … | ✓ | …
    let rows = contract.split("\n## 3.").nth(1).unwrap_or_default().lines();
    let wrong: Vec<_> = rows
        .filter_map(|row| {
            let name = row.strip_prefix("| `")?.split('`').next()?;
            let mark = row.split(" | ").nth(1)?.trim();
            (matches!(mark, "✓" | "–") && (mark == "✓") != sent.contains(name))
                .then_some((name, mark))
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "marks in docs/events.md that the code contradicts: {wrong:#?}"
    );
}

#[test]
fn documents_name_files_that_exist() {
    let pages = [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "docs/clients.md",
        "docs/events.md",
        "docs/http.md",
        "docs/logs.md",
        "docs/plugins.md",
        "docs/sql.md",
        "docs/testing.md",
    ];
    let mut dead = Vec::new();
    for page in pages {
        let content = read(&root().join(page));
        let links = content
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split([')', '#']).next());
        let links = links.filter(|link| !link.is_empty() && !link.contains("://"));
        let folder = root()
            .join(page)
            .parent()
            .map(Path::to_path_buf)
            .unwrap_or_default();
        dead.extend(
            links
                .filter(|link| !folder.join(link).exists())
                .map(|link| format!("{page}: {link}")),
        );
        let quoted = content.split('`').skip(1).step_by(2);
        let paths = quoted.filter(|quoted| quoted.starts_with("gomon-") && quoted.contains('/'));
        let paths =
            paths.filter(|path| !path.contains(['*', ' ', '…']) && !root().join(path).exists());
        dead.extend(paths.map(|path| format!("{page}: {path}")));
    }
    assert!(dead.is_empty(), "{dead:#?}");
}

/// What `cargo metadata` says, with every feature on and for this platform.
struct Workspace {
    members: BTreeMap<String, Value>,
    packages: BTreeMap<String, Value>,
    /// Package id to the ids of its normal and build dependencies.
    normal: BTreeMap<String, Vec<String>>,
}

impl Workspace {
    fn load() -> Self {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let host = output(Command::new(&cargo).arg("-vV"));
        let host = host
            .lines()
            .find_map(|line| line.strip_prefix("host: "))
            .expect("cargo names its host")
            .to_owned();
        let metadata = output(Command::new(&cargo).current_dir(root()).args([
            "metadata",
            "--format-version=1",
            "--all-features",
            "--filter-platform",
            &host,
        ]));
        let metadata: Value = serde_json::from_str(&metadata).expect("cargo metadata is JSON");
        let ids: BTreeSet<_> = list(&metadata["workspace_members"])
            .iter()
            .map(text)
            .collect();
        let packages: BTreeMap<_, _> = list(&metadata["packages"])
            .iter()
            .map(|package| (text(&package["id"]).to_owned(), package.clone()))
            .collect();
        let members = packages
            .values()
            .filter(|package| ids.contains(text(&package["id"])))
            .map(|package| (text(&package["name"]).to_owned(), package.clone()))
            .collect();
        let normal = list(&metadata["resolve"]["nodes"])
            .iter()
            .map(|node| {
                let used = list(&node["deps"]).iter().filter(|dep| !is_only_dev(dep));
                (
                    text(&node["id"]).to_owned(),
                    used.map(|dep| text(&dep["pkg"]).to_owned()).collect(),
                )
            })
            .collect();
        Self {
            members,
            packages,
            normal,
        }
    }

    /// The members that this one names in its manifest under any kind of dependency, itself aside.
    fn siblings(&self, name: &str) -> BTreeSet<&str> {
        let Some(package) = self.members.get(name) else {
            return BTreeSet::new();
        };
        list(&package["dependencies"])
            .iter()
            .map(|dependency| text(&dependency["name"]))
            .filter(|dependency| *dependency != name && self.members.contains_key(*dependency))
            .collect()
    }

    /// Everything a program gets by depending on the libraries with all their features.
    fn dependencies_of_libraries(&self) -> Vec<&Value> {
        let libraries = self
            .members
            .iter()
            .filter(|(name, _)| name.starts_with("gomon"));
        let mut waiting: Vec<_> = libraries.map(|(_, package)| text(&package["id"])).collect();
        let mut seen = BTreeSet::new();
        while let Some(id) = waiting.pop() {
            if seen.insert(id) {
                waiting.extend(
                    self.normal
                        .get(id)
                        .into_iter()
                        .flatten()
                        .map(String::as_str),
                );
            }
        }
        seen.into_iter()
            .filter_map(|id| self.packages.get(id))
            .collect()
    }
}

fn is_only_dev(dependency: &Value) -> bool {
    list(&dependency["dep_kinds"])
        .iter()
        .all(|kind| kind["kind"] == "dev")
}

fn rust_version(package: &Value) -> Option<(u64, u64)> {
    let mut parts = package["rust_version"]
        .as_str()?
        .split('.')
        .map(|part| part.parse().unwrap_or(u64::MAX));
    Some((parts.next()?, parts.next().unwrap_or(0)))
}

/// `src` of every library: the root package and each `gomon-…`.
fn library_folders() -> Vec<String> {
    let mut folders: Vec<_> = Workspace::load()
        .members
        .values()
        .filter(|package| text(&package["name"]).starts_with("gomon"))
        .filter_map(|package| {
            Path::new(text(&package["manifest_path"]))
                .parent()
                .map(|folder| folder.join("src"))
        })
        .map(|folder| shown(&folder))
        .collect();
    folders.sort();
    folders
}

/// The strings that the `keys.rs` files name, each with its file.
fn keys() -> Vec<(String, String)> {
    // The example of a third party's wrapper has keys of its own, as any third party's has.
    let own = root().join("examples/plugin");
    let files = sources(&["."])
        .into_iter()
        .filter(|file| file.ends_with("keys.rs") && !file.starts_with(&own));
    let named = files.flat_map(|file| {
        let content = read(&file);
        let constants: Vec<_> = content
            .split("const ")
            .filter_map(|item| {
                item.split(';')
                    .next()?
                    .split_once(": &str =")?
                    .1
                    .split('"')
                    .nth(1)
            })
            .map(|key| (key.to_owned(), shown(&file)))
            .collect();
        constants
    });
    named.collect()
}

/// All Rust files under these folders of the project, in order; build products, hidden and outside folders aside.
fn sources(folders: &[&str]) -> Vec<PathBuf> {
    let mut waiting: Vec<_> = folders.iter().map(|folder| root().join(folder)).collect();
    let mut found = Vec::new();
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(&folder)
            .expect("a folder of the project can be read")
            .flatten()
        {
            let path = entry.path();
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if path.is_dir()
                && !name.starts_with('.')
                && !path.join("CACHEDIR.TAG").exists()
                && name != "fuzz"
                && name != "target"
            {
                waiting.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path.components().collect());
            }
        }
    }
    found.sort();
    found
}

/// Code, not comments or names: what follows the keyword tells.
fn holds_unsafe(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    [
        "unsafe {",
        "unsafe fn ",
        "unsafe impl",
        "unsafe trait ",
        "unsafe extern ",
        "#[unsafe(",
    ]
    .iter()
    .any(|form| code.contains(form))
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn shown(file: &Path) -> String {
    file.strip_prefix(root())
        .unwrap_or(file)
        .to_string_lossy()
        .into_owned()
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn output(command: &mut Command) -> String {
    let output = command.output().expect("cargo can be run");
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("cargo writes UTF-8")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}
