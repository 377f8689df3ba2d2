# Headings, times, and what had to be left out. Sourced, not run.
# shellcheck shell=bash

report_titles=()
report_seconds=()
report_left_out=()
report_notes=()
report_title=""
report_started=0

# section TITLE: ends the section before it and opens the next.
section() {
    section_end
    report_title=$1
    report_started=$SECONDS
    printf '\n==== %s\n' "$report_title"
}

section_end() {
    [[ -n $report_title ]] || return 0
    local took=$((SECONDS - report_started))
    printf -- '---- %s: %d s\n' "$report_title" "$took"
    report_titles+=("$report_title")
    report_seconds+=("$took")
    report_title=""
}

# note TEXT: a line that the summary repeats.
note() { report_notes+=("$1"); }

# left_out WHAT: something this machine cannot run; a failure at the end when CI=true.
left_out() {
    report_left_out+=("$1")
    printf 'left out: %s\n' "$1"
}

# left_out_from LOG: takes over the lines in which a test said so.
left_out_from() {
    local line
    while IFS= read -r line; do
        report_left_out+=("${line#*left out: }")
    done < <(grep -E '^[[:space:]]*left out: ' "$1" | sort -u || true)
}

# summary: the table of times, and what was left out in one line. Fails when CI=true and something was.
summary() {
    section_end
    printf '\n==== summary\n'
    local i
    for i in "${!report_titles[@]}"; do
        printf '%6d s  %s\n' "${report_seconds[$i]}" "${report_titles[$i]}"
    done
    printf '%6d s  in all\n' "$SECONDS"
    ((${#report_notes[@]} == 0)) || printf '%s\n' "${report_notes[@]}"
    if ((${#report_left_out[@]} == 0)); then
        printf 'left out: nothing\n'
        return 0
    fi
    local all
    all=$(printf '%s; ' "${report_left_out[@]}")
    printf 'left out: %s\n' "${all%; }"
    if [[ ${CI:-} == true ]]; then
        printf 'with CI=true nothing may be left out\n' >&2
        return 1
    fi
}
