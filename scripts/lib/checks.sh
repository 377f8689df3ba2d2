# What is checked without running anything of ours, shared by `test` and `lint`. Sourced, not run, from the root.
# shellcheck shell=bash

check_format() {
    cargo fmt --all --check
    cargo fmt --manifest-path examples/plugin/Cargo.toml --check
    # Outside the workspace. `cargo fmt` would follow its paths into gomon-core, and not find the tests there.
    grep -rL --include='*.rs' '#\[path' loom/src | xargs rustfmt --edition 2024 --check
    rustfmt --edition 2021 --check sqlx-tests/build.rs sqlx-tests/src/{lib,bin/prepare}.rs sqlx-tests/sqlx/src/lib.rs
    rustfmt --edition 2024 --check sqlx-tests/two/tests/both.rs
    cargo tree --workspace --locked >/dev/null # Cargo.lock belongs to the manifests
}

check_clippy() { cargo clippy --workspace --exclude 'bench-*' --all-targets --all-features -- -D warnings; }

# Apart from the rest: the peers they compare with take minutes to build.
check_benches() { cargo clippy --package 'bench-*' --all-targets -- -D warnings; }

check_docs() { RUSTDOCFLAGS="${RUSTDOCFLAGS:-} -D warnings" cargo doc --no-deps --all-features; }

# The files that hold `unsafe`; tests/layering.rs fails when one is not in its list.
list_unsafe() {
    local files
    files=$(grep -rlE --include='*.rs' '\bunsafe[[:space:]]+(fn|impl|trait|extern|\{)|#\[unsafe\(' src gomon-* || true)
    printf 'files that hold `unsafe`:\n%s\n' "${files:-none}" | sed '2,$s/^/    /'
}

# libraries: one line for each library, "folder feature…", as `cargo metadata` has them.
libraries() {
    # Package objects carry "features" (the only one that is a map) and then "manifest_path".
    cargo metadata --no-deps --format-version 1 |
        grep -oE '"features":\{[^}]*\}|"manifest_path":"[^"]*"' |
        while IFS= read -r features && IFS= read -r manifest; do
            local folder=${manifest#\"manifest_path\":\"$PWD/}
            folder=${folder%Cargo.toml\"}
            folder=${folder%/}
            [[ -z $folder || $folder == gomon-* ]] || continue
            printf '%s' "${folder:-.}"
            printf '%s' "${features#\"features\":}" | grep -oE '"[^"]+":\[' | sed 's/^"/ /; s/":\[$//' | tr -d '\n'
            printf '\n'
        done
}

# check_features FOLDER FEATURE…: each feature of a library builds alone, none and all of them too, without a warning.
# Clippy rather than check: it takes -D warnings without building the dependencies anew.
check_features() {
    local package feature
    package=$(sed -n 's/^name = "\(.*\)"$/\1/p' "$1/Cargo.toml" | head -n 1)
    shift
    clippy_of "$package" --no-default-features
    for feature in "$@"; do
        clippy_of "$package" --no-default-features --features "$feature"
    done
    clippy_of "$package" --all-features
}

clippy_of() {
    printf '%s\n' "$*"
    cargo clippy --quiet --package "$@" -- -D warnings
}
