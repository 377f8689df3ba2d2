# Which heavy groups passed before on exactly the same files. Sourced, not run, from the root.
#
# The digest of a group is that of the toolchain, the manifests and all files under its folders; the one it last passed
# with is kept in the target folder. Without git, and with run_all=yes, every group counts as changed.
# shellcheck shell=bash

run_all=no

# changed GROUP FOLDER…: false when the group passed before on these files.
changed() {
    local group=$1 stamp
    shift
    [[ $run_all == no ]] && stamp=$(stamp_of "$group") && [[ -f $stamp ]] || return 0
    [[ $(digest "$@") != "$(cat "$stamp")" ]] && return 0
    printf '%s: passed before on the same files (--all runs it again)\n' "$group"
    return 1
}

# passed GROUP FOLDER…: to be called when the group has passed.
passed() {
    local group=$1 stamp
    shift
    stamp=$(stamp_of "$group") || return 0
    mkdir -p -- "${stamp%/*}"
    digest "$@" >"$stamp"
}

stamp_of() {
    git rev-parse --is-inside-work-tree >/dev/null 2>&1 || return 1
    printf '%s/gomon-passed/%s\n' "${CARGO_TARGET_DIR:-target}" "${1//[^a-z0-9-]/_}"
}

digest() {
    {
        rustc -V
        # Files that git still lists but are gone give an error line, which is part of the digest.
        git ls-files -z --cached --others --exclude-standard -- Cargo.toml Cargo.lock clippy.toml scripts "$@" |
            sort -zu | xargs -0 sha256sum 2>&1 || true
    } | sha256sum
}
