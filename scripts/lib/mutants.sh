# Takes one call to gomon after the other out of a wrapper, and asks its kit what is missing. Sourced, not run, from the root.
# shellcheck shell=bash

# mutate FOLDER: prints a table of calls and of what was said, and fails if nothing was said about one of them.
mutate() {
    local folder=$1 file from to
    local awk=$PWD/scripts/lib/calls.awk
    mutants=0 named=0 rejected=0 missed=0
    printf '\n%-76s %s\n' "what is taken out" "what is said"
    for file in "$folder"/src/*.rs; do
        while read -r from to; do
            mutant "$folder" "$file" "$from" "$to"
        done < <(awk -f "$awk" "$folder"/src/*.rs pass=2 "$file")
    done
    printf '\n%d calls: %d named by the kit, %d rejected by the compiler, %d missed\n' \
        "$mutants" "$named" "$rejected" "$missed"
    # What makes something that is used later cannot be missed; it is to stay the exception.
    ((named > 0 && missed == 0 && rejected * 4 <= mutants))
}

# mutant FOLDER FILE FROM TO: the kit's test without these lines.
mutant() {
    local folder=$1 file=$2 from=$3 to=$4 said=$1/said verdict call binding
    call="$(basename -- "$file"):$from $(sed -n "${from}s/^ *//p" "$file")"
    binding=$(sed -nE "${from}s/^ *let (mut )?([a-z_]+).*/\2/p" "$file")
    cp -- "$file" "$folder/whole"
    sed -i "${from},${to}d" "$file"
    mutants=$((mutants + 1))
    if (cd -- "$folder" && RUST_BACKTRACE=0 timeout 120 cargo test --quiet --test kit) </dev/null >"$said" 2>&1; then
        missed=$((missed + 1))
        verdict="NOTHING"
    elif grep -q '^missing: ' "$said"; then
        named=$((named + 1))
        verdict=$(verdict_of "$folder/whole" "$from" "$to" "$said")
    elif [[ -n $binding ]] && grep -q "^error.*: cannot find value \`$binding\` in this scope" "$said"; then
        rejected=$((rejected + 1))
        verdict="rustc: cannot find value \`$binding\` in this scope"
    else
        missed=$((missed + 1))
        verdict="NOTHING OF USE: $(grep -m 1 -E 'panicked|^error' "$said" || true)"
    fi
    cp -- "$folder/whole" "$file"
    printf '%-76s %s\n' "${call:0:76}" "$verdict"
}

# What the kit says: of several lines the one that names a call which is gone, if there is one.
verdict_of() {
    local whole=$1 from=$2 to=$3 said=$4 name lines
    lines=$(grep '^missing: ' "$said" | sed 's/ (docs.*//')
    while read -r name; do
        if grep -m 1 -wF -e "$name" <<<"$lines"; then
            return
        fi
    done < <(sed -n "${from},${to}p" "$whole" | grep -oE '[a-z_]+\(' | tr -d '(')
    head -n 1 <<<"$lines"
}
