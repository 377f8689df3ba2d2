# What became of sqlx's tests: awk -v engines="sqlite …" -f sqlx-tests.awk left-out.txt all plain monitored
#
# `all` has the names of the tests that sqlx's files spell out, the next two a line a test and run: NAME HOW EVENTS
# STATEMENTS OPEN. Says what is wrong and what was counted, and fails if something is wrong.

FILENAME == ARGV[1] {
    if (NF == 0 || $1 ~ /^#/ || !of_engine($2)) next
    if ($1 !~ /^(absent|ignored|heavy|red|unseen)$/) wrong($0, "no such kind")
    if (NF < 3) wrong($2, "left out without a reason")
    if ($2 in kind) wrong($2, "left out twice")
    kind[$2] = $1
    next
}
FILENAME == ARGV[2] { written[$1]; next }
FILENAME == ARGV[3] { plain[$1] = $2; compiled[short($1)]; next }
{
    monitored[$1] = $2
    events[$1] = $3
    seen_events += $3
    seen_statements += $4
    if ($5 > 0) wrong($1, "leaves " $5 " events open")
}

END {
    for (test in plain) {
        total++
        expected = test in kind ? kind[test] : "green"
        found = became(test)
        if (found == expected) count[found]++
        else if (expected == "green") wrong(test, said[found])
        else wrong(test, "left out as " expected ", but it " said[found])
    }
    for (test in monitored) if (!(test in plain)) wrong(test, "is in the second run alone")
    for (test in written) if (!(test in compiled)) {
        total++
        if (kind[test] == "absent") count["absent"]++
        else wrong(test, "is not compiled")
    }
    for (test in kind) if (!(test in plain) && !(test in written)) wrong(test, "left out, but sqlx has no such test")

    percent = total ? int(count["green"] * 100 / total) : 0
    printf "%d of %d tests of sqlx (%d %%) pass on its types and on the monitored ones, where they send %d events, %d of them " \
        "of statements; left out: %d not compiled, %d ignored by sqlx, %d heavy, %d that fail, %d in which nothing happens\n", \
        count["green"], total, percent, seen_events, seen_statements, \
        count["absent"], count["ignored"], count["heavy"], count["red"], count["unseen"]
    if (percent < 80) wrong("all", "fewer than 80 % of them run")
    if (seen_statements < 2 * count["green"]) wrong("all", "hardly a statement is monitored")
    exit (mistakes > 0)
}

BEGIN {
    said["green"] = "passes"
    said["ignored"] = "is ignored by sqlx"
    said["heavy"] = "is not run"
    said["missing"] = "is not in the second run"
    said["unseen"] = "passes, but nothing is recorded"
}

# How a test went in both runs.
function became(test) {
    if (!(test in monitored)) return "missing"
    if (plain[test] == "ignored" || plain[test] == "heavy") return plain[test]
    if (plain[test] == "red" || monitored[test] == "red") {
        said["red"] = plain[test] == "red" ? "fails on sqlx's types" : "fails on gomon's types alone"
        return "red"
    }
    return events[test] > 0 ? "green" : "unseen"
}

# Without the modules that it is in, which the files do not spell.
function short(test, parts, last) {
    last = split(test, parts, "::")
    return parts[1] "::" parts[last]
}

function of_engine(test, names, n) {
    n = split(engines, names, " ")
    for (; n > 0; n--) if (test ~ "^" names[n] "[-:]" || test ~ "^any[^:]*@" names[n] "::") return 1
    return 0
}

function wrong(test, what) {
    printf "%s: %s\n", test, what >"/dev/stderr"
    mistakes++
}
